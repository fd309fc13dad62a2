package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/scripts/internal/local"
	"github.com/patchbay/patchbay/sdk"
)

// serveDirect serves the sandbox's connector as its plugin does, but on TCP and
// without TLS: what callers would have without a gateway.
func serveDirect(ctx context.Context) error {
	server, err := sdk.NewServer(sandbox.New())
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := grpc.NewServer(server.InterceptorOptions()...)
	server.Register(served)
	stop := context.AfterFunc(ctx, served.Stop)
	defer stop()
	fmt.Printf("listening on %s\n", listener.Addr())
	if err := served.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// startDirect starts this program as serveDirect.
func startDirect(ctx context.Context) (_ *way, stop func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	address := make(chan string, 1)
	stdout := local.ByLine(func(line []byte) {
		if after, ok := strings.CutPrefix(string(line), "listening on "); ok {
			address <- after
		}
	})
	process, err := local.Start(stdout, os.Stderr, self, "-serve")
	if err != nil {
		return nil, nil, err
	}
	select {
	case a := <-address:
		w, err := newWay(a, []int{process.PID()})
		if err != nil {
			return nil, nil, errors.Join(err, process.Stop(time.Second))
		}
		return w, func() error { return errors.Join(w.conn.Close(), process.Stop(time.Second)) }, nil
	case <-process.Exited():
		return nil, nil, process.Ended()
	case <-ctx.Done():
		process.Kill()
		return nil, nil, context.Cause(ctx)
	}
}
