package connectortest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// scenarioTime is how long one scenario may take.
const scenarioTime = 45 * time.Second

// Suite is one run of the scenarios against one connector.
type Suite struct {
	Plan *Plan
	// Target is the connector; the plan's command if nil.
	Target Target
	// PSP is a stand-in in this process; the suite puts its driver before it. The
	// plan's if nil.
	PSP http.Handler
	// Only chooses scenarios by id; all if nil.
	Only *regexp.Regexp
	// Progress is told each result as it comes, one at a time; nil for nobody.
	Progress func(Result)
}

// Run runs the scenarios. The error is about what is needed to run them at all;
// what they found is in the report. When the context ends, the scenarios under way
// are broken off, and the report has those that were over.
func (s Suite) Run(ctx context.Context) (*Report, error) {
	began := time.Now()
	w, stop, err := s.world(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	report := &Report{Connector: w.description.GetId(), Driven: w.psp.driven, Declared: w.operations()}
	var mu sync.Mutex
	record := func(r Result) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return // it was broken off: what it found says nothing
		}
		report.Results = append(report.Results, r)
		if s.Progress != nil {
			s.Progress(r)
		}
	}
	scenarios := slices.DeleteFunc(s.chosen(), func(sc Scenario) bool { return !sc.Needs.applies(w) })
	for when, run := range []lanes{atFirst: {12, time.Nanosecond}, waiting: {48, 40 * time.Millisecond}, atLast: {1, time.Nanosecond}} {
		run.all(ctx, scenarios, phase(when), func(sc Scenario) { record(runScenario(ctx, w, sc)) })
	}
	report.sort(scenarios)
	report.Took = time.Since(began)
	return report, ctx.Err()
}

// lanes says how scenarios run beside each other.
type lanes struct {
	beside int           // how many at a time
	apart  time.Duration // between the begin of two: calls that wait end when they began, and not all at once
}

// all runs the scenarios of a phase, and begins no more once the context ends.
func (l lanes) all(ctx context.Context, scenarios []Scenario, when phase, run func(Scenario)) {
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, l.beside)
	next := time.NewTicker(l.apart)
	defer next.Stop()
	for _, sc := range scenarios {
		if sc.phase != when {
			continue
		}
		free <- struct{}{}
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		running.Go(func() {
			defer func() { <-free }()
			run(sc)
		})
	}
}

func (s Suite) chosen() []Scenario {
	return slices.DeleteFunc(Scenarios(s.Plan), func(sc Scenario) bool { return s.Only != nil && !s.Only.MatchString(sc.ID) })
}

// world brings up the PSP and the connector.
func (s Suite) world(ctx context.Context) (w *world, stop func(), err error) {
	target := s.Target
	if target == nil {
		if len(s.Plan.Command) == 0 {
			return nil, nil, fmt.Errorf("%s: command is missing: the program that is the connector", s.Plan.file)
		}
		argv, err := s.Plan.argv(s.Plan.Command)
		if err != nil {
			return nil, nil, err
		}
		target = &command{argv: argv, env: s.Plan.Env, dir: s.Plan.dir}
	}
	stand, err := startPSP(ctx, s.Plan, s.PSP)
	if err != nil {
		return nil, nil, err
	}
	w = &world{
		plan: s.Plan, target: target, psp: stand, nonce: rand.Text(), declared: map[string]*connectorv1.Operation{},
		turns: make(chan struct{}, runtime.NumCPU()),
	}
	w.second = sync.OnceValues(func() (*instance, error) { return w.start(ctx) })
	stop = func() {
		for _, i := range w.started() {
			i.stop()
		}
		stand.stop()
		w.closeReceivers()
	}
	if err := w.open(ctx); err != nil {
		stop()
		return nil, nil, err
	}
	return w, stop, nil
}

// open starts the first instance and asks what it is.
func (w *world) open(ctx context.Context) (err error) {
	if w.account, err = w.plan.accountAt(w.psp.url, nil); err != nil {
		return err
	}
	if w.main, err = w.start(ctx); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if w.description, err = describeOnce(limited, w.main); err != nil {
		return fmt.Errorf("ask the connector for its description: %w; it wrote: %s", err, w.main.log.tail())
	}
	for _, service := range w.description.GetServices() {
		for _, op := range service.GetOperations() {
			w.declared[op.GetName()] = op
		}
	}
	return w.collectSecrets()
}

// operations lists what the connector declares, in the contract's order.
func (w *world) operations() []Declaration {
	var all []Declaration
	for _, op := range operations() {
		if d := w.declared[op.name()]; d != nil {
			all = append(all, Declaration{
				Operation: op.name(),
				Service:   op.service()[strings.LastIndexByte(op.service(), '.')+1:],
				Evidence:  strings.TrimPrefix(d.GetEvidence().String(), "EVIDENCE_"),
			})
		}
	}
	return all
}

func runScenario(ctx context.Context, w *world, s Scenario) Result {
	began := time.Now()
	result := Result{Scenario: s.ID, Summary: s.Summary, Proves: s.Proves}
	missing := s.Needs.missing(w)
	if w.plan != nil && missing == "" {
		missing = w.plan.Skip[s.ID]
	}
	if missing != "" {
		result.Status, result.Reason = Skipped, missing
		return result
	}
	c := newCase(ctx, w, s.ID)
	if c.run(s.run, scenarioTime); c.late {
		c = newCase(ctx, w, s.ID)
		c.again = true
		c.run(s.run, scenarioTime)
	}
	result.Took = time.Since(began)
	switch {
	case c.failure != "":
		result.Status, result.Reason, result.Trace = Failed, c.failure, c.traced()
	case c.skipped != "":
		result.Status, result.Reason = Skipped, c.skipped
	default:
		result.Status = Passed
	}
	return result
}
