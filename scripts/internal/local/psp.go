package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// PSP is the sandbox's PSP, running apart from its connector, so that payments
// survive when the connector is replaced or crashes.
type PSP struct {
	*Process

	URL string
}

// StartPSP starts the PSP of the programs in bin and returns when it listens.
func StartPSP(ctx context.Context, bin, listen string) (*PSP, error) {
	url := make(chan string, 1)
	var first sync.Once
	stdout := ByLine(func(line []byte) {
		first.Do(func() {
			_, after, _ := strings.Cut(string(line), " listening on ")
			url <- after
		})
	})
	p, err := Start(stdout, os.Stderr, filepath.Join(bin, "connector-sandbox"), "psp", "--listen", listen)
	if err != nil {
		return nil, err
	}
	select {
	case u := <-url:
		return &PSP{p, u}, nil
	case <-p.Exited():
		return nil, p.Ended()
	case <-ctx.Done():
		p.Kill()
		return nil, fmt.Errorf("the PSP does not listen yet: %w", context.Cause(ctx))
	}
}
