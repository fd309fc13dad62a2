package connectortest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// world is what all scenarios of a run share.
type world struct {
	plan        *Plan
	target      Target
	psp         *psp
	description *connectorv1.Description
	declared    map[string]*connectorv1.Operation // by name
	main        *instance
	account     []byte // the configuration of an account that works
	nonce       string
	secrets     []string       // what must not show anywhere
	codes       *regexp.Regexp // security codes of cards where they must not show
	// second gives a second instance, started when it is first asked for.
	second func() (*instance, error)

	// turns bounds how many connectors start at a time; see turn.
	turns chan struct{}

	mu        sync.Mutex
	instances []*instance
	receivers []io.Closer
}

// turn waits until a connector may start: as many at a time as there are processors,
// since each has startTime for itself. The returned function gives the turn back.
func (w *world) turn(ctx context.Context) (over func(), err error) {
	select {
	case w.turns <- struct{}{}:
		return func() { <-w.turns }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("it was never its turn: %w", ctx.Err())
	}
}

// start serves one more instance, which ends with the run at the latest.
func (w *world) start(ctx context.Context) (*instance, error) {
	over, err := w.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer over()
	i, err := w.target.start(ctx)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.instances = append(w.instances, i)
	return i, nil
}

func (w *world) started() []*instance {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*instance{}, w.instances...)
}

// Case is one run of one scenario: what it calls, and how it ends. The first
// assertion that does not hold ends it.
type Case struct {
	*world
	ctx      context.Context
	scenario string
	// ref is part of every reference of this case and of nothing else.
	ref string
	// traceID is that of every call of this case; connectors pass it on to the PSP.
	traceID string
	// again is true where the case is run once more because an answer was late.
	again bool

	mu       sync.Mutex
	count    int
	trace    []string // the calls so far, for who reads a failure
	failure  string
	skipped  string
	late     bool // it failed since an answer was late
	cleanups []func()
}

func newCase(ctx context.Context, w *world, id string) *Case {
	ref := strings.ToLower(rand.Text()[:12])
	return &Case{world: w, ctx: ctx, scenario: id, ref: "ct" + ref, traceID: fmt.Sprintf("%024x%08x", ref, len(id))}
}

// run runs a scenario in a goroutine of its own, as package testing does.
func (c *Case) run(scenario func(*Case), limit time.Duration) {
	ctx, cancel := context.WithTimeout(c.ctx, limit)
	defer cancel()
	c.ctx = ctx
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer c.cleanUp()
		defer func() {
			if p := recover(); p != nil {
				c.note(fmt.Sprintf("the scenario panicked: %v", p))
			}
		}()
		scenario(c)
	}()
	<-done
}

func (c *Case) cleanUp() {
	for _, f := range slices.Backward(c.cleanups) {
		f()
	}
}

// Cleanup has f called when the case is over; later ones first.
func (c *Case) Cleanup(f func()) { c.cleanups = append(c.cleanups, f) }

// Fatalf ends the case as failed. Only the scenario's own goroutine may call it.
func (c *Case) Fatalf(format string, args ...any) {
	c.note(fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// Skipf ends the case as skipped.
func (c *Case) Skipf(format string, args ...any) {
	c.mu.Lock()
	c.skipped = fmt.Sprintf(format, args...)
	c.mu.Unlock()
	runtime.Goexit()
}

func (c *Case) note(failure string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failure == "" {
		c.failure = failure
	}
}

func (c *Case) tracef(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trace = append(c.trace, fmt.Sprintf(format, args...))
}

// traced is what tracef was told; calls in the background may still add to it.
func (c *Case) traced() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.trace)
}

// reference makes a reference that no other call has.
func (c *Case) reference(kind string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	return fmt.Sprintf("%s-%s-%03d", c.ref, kind, c.count) // none begins another
}

// newKey makes an idempotency key as a host derives it: 43 characters, base64url.
func (c *Case) newKey() string {
	sum := sha256.Sum256([]byte(c.nonce + c.reference("key")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// elsewhere is an instance beside the main one. All cases share it, so they must
// leave it running.
func (c *Case) elsewhere() *instance {
	i, err := c.second()
	if err != nil {
		c.Fatalf("start another instance: %v", err)
	}
	return i
}

// another starts one more instance of the connector, which ends with the case.
func (c *Case) another() *instance {
	i, err := c.start(c.ctx)
	if err != nil {
		c.Fatalf("start another instance: %v", err)
	}
	c.Cleanup(i.stop)
	return i
}
