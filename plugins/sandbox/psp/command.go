package psp

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// shutdownTime is how long requests under way may take once the process is
// asked to end.
const shutdownTime = 3 * time.Second

// Main serves a PSP until SIGTERM or SIGINT if the process was started with the
// argument psp, and tells whether it was. If the PSP can't be served, it ends the
// process with 1.
func Main() (asked bool) {
	if len(os.Args) < 2 || os.Args[1] != "psp" {
		return false
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := run(ctx, os.Args[2:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "psp:", err)
		os.Exit(1)
	}
	return true
}

// run serves a PSP until the context ends. Once it listens it writes one line
// with its address.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("psp", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:4242", "`address` to listen on; port 0 takes a free one")
	var webhooks Webhooks
	flags.StringVar(&webhooks.URL, "webhook-url", "", "`address` that gets a webhook of every event")
	flags.StringVar(&webhooks.Secret, "webhook-secret", "whsec_sandbox_default", "`secret` that signs webhooks")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	webhooks.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	psp := NewWithWebhooks(webhooks)
	server := &http.Server{Handler: psp, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	_, _ = fmt.Fprintf(stdout, "sandbox PSP listening on http://%s\n", ln.Addr())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	psp.Close()
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		return server.Close()
	}
	return nil
}
