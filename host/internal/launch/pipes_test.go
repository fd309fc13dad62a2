package launch

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestStreamGivesLastWords reads after the deadline, as a reader does that had no
// time before, while somebody holds the pipe open.
func TestStreamGivesLastWords(t *testing.T) {
	r, w := openPipe(t)
	words := strings.Repeat("panic: it is over\n", 1000)
	if _, err := w.WriteString(words); err != nil {
		t.Fatal(err)
	}
	if err := r.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(&stream{File: r}); string(got) != words || err != nil {
		t.Errorf("%d of %d bytes, %v", len(got), len(words), err)
	}
}

// TestStreamEnds reads after the deadline what somebody writes on and on.
func TestStreamEnds(t *testing.T) {
	r, w := openPipe(t)
	go func() {
		for line := []byte(strings.Repeat("x", 1<<10)); ; {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	}()
	if err := r.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(&stream{File: r}); len(got) == 0 || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func openPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Close()
		_ = w.Close()
	})
	return r, w
}
