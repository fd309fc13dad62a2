package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// child names the variable that makes the test binary a program to start.
const child = "PATCHBAY_LOCAL_TEST_CHILD"

func TestMain(m *testing.M) {
	switch behaviour := os.Getenv(child); behaviour {
	case "":
		os.Exit(m.Run())
	case "fails":
		os.Exit(3)
	default:
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		fmt.Println("up")
		<-asked
		if behaviour == "stubborn" {
			select {}
		}
	}
}

// start starts the test binary with a behaviour and waits until it is up.
func start(t *testing.T, behaviour string) *Process {
	t.Helper()
	t.Setenv(child, behaviour)
	up := make(chan struct{})
	p, err := Start(ByLine(func([]byte) { close(up) }), os.Stderr, os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	select {
	case <-up:
	case <-p.Exited():
	}
	return p
}

func TestStop(t *testing.T) {
	p := start(t, "obedient")
	if err := p.Stop(time.Minute); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(p.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the process is still there: %v", err)
	}
	if err := p.Stop(time.Minute); err != nil {
		t.Errorf("stopped again: %v", err)
	}
}

func TestStopKills(t *testing.T) {
	p := start(t, "stubborn")
	if err := p.Stop(10 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("got %v", err)
	}
	if err := syscall.Kill(p.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the process is still there: %v", err)
	}
}

func TestEnded(t *testing.T) {
	p := start(t, "fails")
	if err := p.Ended(); !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v", err)
	}
	if err := p.Stop(time.Minute); err != nil {
		t.Errorf("what ended by itself was stopped with %v", err)
	}
}

func TestStartNothing(t *testing.T) {
	if _, err := Start(nil, nil, "no/such/program"); err == nil {
		t.Error("it started")
	}
}

func TestByLine(t *testing.T) {
	var lines []string
	w := ByLine(func(line []byte) { lines = append(lines, string(line)) })
	for _, part := range []string{"on", "e\ntwo\n\nthr", "ee\nrest"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if want := []string{"one", "two", "", "three"}; !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}

func TestLog(t *testing.T) {
	path := t.TempDir() + "/gateway.log"
	log, err := NewLog(path)
	if err != nil {
		t.Fatal(err)
	}
	found := make(chan Event)
	go func() { // it waits for what is yet to come
		e, _ := log.Find(t.Context(), func(e Event) bool { return e.Generation == 2 })
		found <- e
	}()
	const text = `{"@message":"serving","connector":"sandbox","generation":1,"pid":7}
no JSON
{"@message":"swapped","connector":"sandbox","generation":2,"pid":8}
`
	if _, err := log.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if e := <-found; e.Message != "swapped" || e.PID != 8 || e.At.IsZero() {
		t.Errorf("got %+v", e)
	}
	if n := len(log.Events()); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := log.Find(ctx, func(Event) bool { return false }); err == nil || err.Error() != "enough" {
		t.Errorf("got %v", err)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if kept, err := os.ReadFile(path); err != nil || string(kept) != text {
		t.Errorf("the file has %q (%v)", kept, err)
	}
}
