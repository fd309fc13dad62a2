package controller

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/renameio/v2"
)

// Pins remembers which versions operators have pinned, in a file.
type Pins struct {
	path string

	mu   sync.Mutex
	pins map[string]string // connector → version
}

// OpenPins reads the file, if it is there. A nil Pins remembers nothing.
func OpenPins(path string) (*Pins, error) {
	p := &Pins{path: path, pins: map[string]string{}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &p.pins)
	}
	if p.pins == nil { // the file says null
		p.pins = map[string]string{}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; mend it, or remove it to take all pins back", path, err)
	}
	return p, nil
}

func (p *Pins) all() map[string]string {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.pins)
}

// of is the version of a connector that is pinned, or empty.
func (p *Pins) of(name string) string { return p.all()[name] }

// set pins a version of a connector, or none.
func (p *Pins) set(name, version string) error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	next := maps.Clone(p.pins)
	if next[name] = version; version == "" {
		delete(next, name)
	}
	raw, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(p.path), 0o700); err != nil {
		return err
	}
	if err := renameio.WriteFile(p.path, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	p.pins = next
	return nil
}
