package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"

	"golang.org/x/mod/semver"
)

// history remembers, in a file, the highest version of each connector that was
// accepted, and the versions that stand.
type history struct {
	path  string
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

func (h *history) highest(name string) string { return h.names[name].Highest }

func (h *history) stands(c Candidate) bool {
	digest, stands := h.names[c.Name].Standing[c.Version]
	return stands && digest == c.Digest
}

func (h *history) settle(accepted, serving []Candidate) error {
	next := map[string]versions{}
	for name, v := range h.names {
		next[name] = versions{Highest: v.Highest, Standing: map[string]string{}}
	}
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
	for _, c := range serving {
		// What serves unsigned, or has its place taken by other bytes, has no standing.
		if _, taken := next[c.Name].Standing[c.Version]; !taken && h.stands(c) {
			next[c.Name].Standing[c.Version] = c.Digest
		}
	}
	if reflect.DeepEqual(next, h.names) {
		return nil
	}
	raw, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(h.path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("the highest versions can't be kept: %w", err)
	}
	h.names = maps.Clone(next)
	return nil
}
