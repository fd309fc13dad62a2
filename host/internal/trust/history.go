package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"

	"golang.org/x/mod/semver"
)

// history remembers, in a file, the highest version of each connector that was
// accepted, and the versions that stand.
type history struct {
	path string

	mu    sync.Mutex
	names map[string]versions
}

// versions are those of one connector.
type versions struct {
	Highest  string            `json:"highest"`
	Standing map[string]string `json:"standing,omitempty"` // version → digest
}

func openHistory(path string) (*history, error) {
	h := &history{path: path, names: map[string]versions{}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &h.names)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; mend it, or remove it to forget which versions were the highest", path, err)
	}
	return h, nil
}

func (h *history) highest(name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.names[name].Highest
}

func (h *history) stands(c Candidate) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	digest, stands := h.names[c.Name].Standing[c.Version]
	return stands && digest == c.Digest
}

// settle raises the highest versions to what is accepted, which stands from now on.
func (h *history) settle(accepted []Candidate) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.clone()
	for _, c := range accepted {
		v := next[c.Name]
		if v.Highest == "" || semver.Compare("v"+c.Version, "v"+v.Highest) > 0 {
			v.Highest = c.Version
		}
		if v.Standing == nil {
			v.Standing = map[string]string{}
		}
		v.Standing[c.Version] = c.Digest
		next[c.Name] = v
	}
	return h.replace(next)
}

// keep has only those versions stand on that run.
func (h *history) keep(running []Candidate) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.clone()
	for name, v := range next {
		maps.DeleteFunc(v.Standing, func(version, digest string) bool {
			return !slices.ContainsFunc(running, func(c Candidate) bool {
				return c.Name == name && c.Version == version && c.Digest == digest
			})
		})
	}
	return h.replace(next)
}

func (h *history) clone() map[string]versions {
	next := map[string]versions{}
	for name, v := range h.names {
		next[name] = versions{Highest: v.Highest, Standing: maps.Clone(v.Standing)}
	}
	return next
}

// replace writes what has changed.
func (h *history) replace(next map[string]versions) error {
	same := func(a, b versions) bool { return a.Highest == b.Highest && maps.Equal(a.Standing, b.Standing) }
	if maps.EqualFunc(next, h.names, same) {
		return nil
	}
	raw, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(h.path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("the highest versions can't be kept: %w", err)
	}
	h.names = next
	return nil
}
