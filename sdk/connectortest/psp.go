package connectortest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
)

// psp is the stand-in of the PSP as the suite sees it.
type psp struct {
	url string // for the connector
	// driven says whether requests to it can be made to fail.
	driven bool
	stop   func()
}

// Charge is one line of the PSP's books, GET /ledger. Amounts are in the PSP's
// units.
type Charge struct {
	ID             string `json:"id"`
	Reference      string `json:"reference"`
	IdempotencyKey string `json:"idempotency_key"`
	Amount         int64  `json:"amount"`
	Currency       string `json:"currency"`
	Captured       int64  `json:"captured"`
	Refunded       int64  `json:"refunded"`
	Voided         bool   `json:"voided"`
	Attempts       int    `json:"attempts"`
}

// startPSP brings up what the plan, or the test, names.
func startPSP(ctx context.Context, plan *Plan, handler http.Handler) (*psp, error) {
	switch {
	case handler != nil:
		return drive(ctx, handler, func() {})
	case len(plan.PSP.Command) > 0:
		program, err := plan.startProgram(ctx, plan.PSP.Command)
		if err != nil {
			return nil, err
		}
		address, err := url.Parse(program.url)
		if err != nil {
			program.stop()
			return nil, err
		}
		return drive(ctx, pspdriver.Proxy(address), program.stop)
	case len(plan.PSP.Driver) > 0:
		program, err := plan.startProgram(ctx, plan.PSP.Driver)
		if err != nil {
			return nil, err
		}
		return &psp{url: program.url, driven: true, stop: program.stop}, nil
	case plan.PSP.DriverURL != "":
		return &psp{url: strings.TrimSuffix(plan.PSP.DriverURL, "/"), driven: true, stop: func() {}}, nil
	default:
		return &psp{url: strings.TrimSuffix(plan.PSP.URL, "/"), stop: func() {}}, nil
	}
}

// drive puts the suite's own driver before a stand-in.
func drive(ctx context.Context, handler http.Handler, stop func()) (*psp, error) {
	server, err := pspdriver.Listen(ctx, handler, "127.0.0.1:0")
	if err != nil {
		stop()
		return nil, err
	}
	return &psp{url: server.URL, driven: true, stop: func() {
		_ = server.Close()
		stop()
	}}, nil
}

// RunDriver serves a driver in front of a PSP's stand-in until the context ends,
// and writes its address to ready.
func RunDriver(ctx context.Context, pspURL, listen string, ready io.Writer) error {
	address, err := url.Parse(pspURL)
	if err != nil || address.Host == "" {
		return fmt.Errorf("%q is no address of a PSP: want http://HOST:PORT", pspURL)
	}
	return pspdriver.Run(ctx, address, listen, ready)
}

// fault makes requests fail until the returned function is called.
func (p *psp) fault(ctx context.Context, f pspdriver.Fault) (remove func() error, err error) {
	var added struct{ ID string }
	if err := p.control(ctx, http.MethodPost, "/_driver/faults", f, &added); err != nil {
		return nil, err
	}
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
		defer cancel()
		return p.control(ctx, http.MethodDelete, "/_driver/faults/"+added.ID, nil, nil)
	}, nil
}

// requests returns what the PSP was sent that contains one of the texts.
func (p *psp) requests(ctx context.Context, texts ...string) ([]pspdriver.Request, error) {
	var told struct{ Requests []pspdriver.Request }
	query := url.Values{"contains": texts}.Encode()
	return told.Requests, p.control(ctx, http.MethodGet, "/_driver/requests?"+query, nil, &told)
}

// charges returns the books.
func (p *psp) charges(ctx context.Context) ([]Charge, error) {
	var told struct{ Charges []Charge }
	return told.Charges, p.control(ctx, http.MethodGet, "/ledger", nil, &told)
}

// control speaks the driver's protocol.
func (p *psp) control(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, body)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the PSP's driver: %w", err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return fmt.Errorf("the PSP's driver: %s %s: %w", method, path, err)
	case resp.StatusCode > 299:
		return fmt.Errorf("the PSP's driver: %s %s: %s: %s", method, path, resp.Status, strings.TrimSpace(string(raw)))
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("the PSP's driver: %s %s: %w", method, path, err)
	}
	return nil
}

// program is a stand-in or driver that runs as a process.
type program struct {
	url  string
	stop func()
}

var urlPattern = regexp.MustCompile(`https?://[^\s"]+`)

// startProgram starts a program of the plan and waits for the address that it
// prints.
func (p *Plan) startProgram(ctx context.Context, command []string) (*program, error) {
	argv, err := p.argv(command)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	printed := &firstURL{found: make(chan string, 1)}
	cmd.Stdout = printed
	stderr := &logBuffer{}
	cmd.Stderr = stderr
	cmd.WaitDelay = startTime
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the PSP's stand-in: %w", err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	stop := sync.OnceFunc(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-exited
	})
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	select {
	case address := <-printed.found:
		return &program{url: strings.TrimSuffix(address, "/"), stop: stop}, nil
	case <-exited:
		return nil, fmt.Errorf("%s ended before it printed its address: %s", argv[0], stderr.tail())
	case <-timer.C:
		stop()
		return nil, fmt.Errorf("%s printed no address on stdout within %s", argv[0], startTime)
	case <-ctx.Done():
		stop()
		return nil, errors.Join(ctx.Err())
	}
}

// firstURL finds the first address in what is written, on a line that is complete.
type firstURL struct {
	text  strings.Builder
	found chan string
	done  bool
}

// Write implements io.Writer.
func (f *firstURL) Write(p []byte) (int, error) {
	if f.done {
		return len(p), nil
	}
	f.text.Write(p)
	for line := range strings.Lines(f.text.String()) {
		if address := urlPattern.FindString(line); address != "" && strings.HasSuffix(line, "\n") {
			f.done = true
			f.found <- address
			break
		}
	}
	return len(p), nil
}
