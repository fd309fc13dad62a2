// Package stripemock starts stripe-mock, the stand-in for Stripe's API that
// Stripe itself publishes, in the version that scripts/tools/stripe-mock pins.
//
// As it comes, stripe-mock takes any nested parameter, knows no raw card data,
// and answers every payment with the same untouched PaymentIntent. Start
// therefore derives from its own description and fixtures a stricter description
// and the fixtures of one state (see derive.go).
package stripemock

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Options says which stripe-mock is wanted.
type Options struct {
	// Intent is the one payment that the mock answers with.
	Intent Intent
	// Refund is the one refund that it answers with.
	Refund Refund
	// Stock starts stripe-mock as it comes; Intent and Refund do not count.
	Stock bool
}

// Intent is the state of the PaymentIntent.
type Intent struct {
	Status    string // Stripe's word, such as "succeeded"; required
	Amount    int64  // as Stripe counts it; required
	Currency  string // in lower case; required
	Reference string // metadata[patchbay_reference]
	// RedirectURL is where the payer has to go, with the status requires_action.
	RedirectURL string
	// CancellationReason is Stripe's word, with the status canceled.
	CancellationReason string
	// Multicapture is true for a payment that can be captured more than once.
	Multicapture bool
}

// Refund is the state of the refund.
type Refund struct {
	Status    string // Stripe's word; "succeeded" if empty
	Amount    int64  // the intent's if 0
	Reference string // metadata[patchbay_reference]
}

// Server is a running stripe-mock.
type Server struct {
	// URL is where it listens, on the loopback interface. It has no path and no
	// trailing slash.
	URL string

	process *exec.Cmd
	drained chan struct{} // closed once its output has ended
	files   string
}

// Start builds stripe-mock if need be, starts it and returns once it listens. It
// runs until Close or until the context ends. It must be called from within the
// repository; it needs Go, and nothing else.
//
// The mock has no state: what it answers does not change with what is asked of
// it, but for amounts and ids that it repeats from a request.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	tool, err := findTool(ctx)
	if err != nil {
		return nil, err
	}
	binary, err := tool.build(ctx)
	if err != nil {
		return nil, err
	}
	files, err := os.MkdirTemp("", "stripe-mock-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(files))
		}
	}()
	// With one address alone it would open the other on all interfaces.
	args := []string{"-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0", "-strict-version-check"}
	if !o.Stock {
		if err := tool.derive(o, files); err != nil {
			return nil, fmt.Errorf("derive from %s: %w", tool.source, err)
		}
		args = append(args, "-spec", filepath.Join(files, specFile), "-fixtures", filepath.Join(files, fixturesFile))
	}
	process := exec.CommandContext(ctx, binary, args...)
	output, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var complaints strings.Builder
	process.Stderr = &complaints
	if err := process.Start(); err != nil {
		return nil, err
	}
	s := &Server{process: process, drained: make(chan struct{}), files: files}
	if s.URL, err = s.listening(output); err != nil {
		<-s.drained
		return nil, errors.Join(err, process.Wait(), errors.New(complaints.String()))
	}
	return s, nil
}

// Resource returns one of the objects that a mock with these options answers
// with, such as "payment_intent" or "charge": Stripe's own fixture in the wanted
// state. The caller owns it.
func Resource(ctx context.Context, name string, o Options) (map[string]any, error) {
	tool, err := findTool(ctx)
	if err != nil {
		return nil, err
	}
	fixtures, err := tool.read("fixtures3.json")
	if err != nil {
		return nil, err
	}
	if !o.Stock {
		if err := setState(fixtures, o); err != nil {
			return nil, err
		}
	}
	return at(fixtures, "resources", name)
}

// Close stops the mock and removes its files.
func (s *Server) Close() error {
	err := s.process.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-s.drained
	_ = s.process.Wait() // killed, as it says itself
	return errors.Join(err, os.RemoveAll(s.files))
}

// listening reads the mock's output until it listens, and what follows until the
// output ends.
func (s *Server) listening(output io.Reader) (url string, err error) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "Listening for HTTP at address: "); ok {
			url = "http://" + address
		}
		if strings.HasPrefix(lines.Text(), "Listening for HTTPS") {
			break
		}
	}
	go func() {
		defer close(s.drained)
		_, _ = io.Copy(io.Discard, output)
	}()
	if url == "" {
		return "", errors.New("stripe-mock ended before it listened")
	}
	return url, nil
}

// tool is the pinned stripe-mock.
type tool struct {
	dir    string // of the go.mod that pins it
	source string // the folder of its source
}

func findTool(ctx context.Context) (tool, error) {
	gomod, err := goCommand(ctx, "", "env", "GOMOD")
	if err != nil {
		return tool{}, err
	}
	dir := filepath.Join(filepath.Dir(gomod), "scripts", "tools", "stripe-mock")
	source, err := goCommand(ctx, dir, "list", "-m", "-f", "{{.Dir}}", "github.com/stripe/stripe-mock")
	return tool{dir, source}, err
}

// build compiles the tool into Go's cache and returns where it is.
func (t tool) build(ctx context.Context) (string, error) {
	return goCommand(ctx, t.dir, "tool", "-n", "stripe-mock")
}

func goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
