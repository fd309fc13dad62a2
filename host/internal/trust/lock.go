package trust

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/renameio/v2"
	"golang.org/x/mod/semver"
)

// Lock is what an operator has approved: exact bytes, by name and version.
type Lock struct {
	Approved []Approval `yaml:"approved"`
}

// Approval is an operator's word for a plugin's bytes.
type Approval struct {
	Name    string `yaml:"name"`
	Version string `yaml:"version"`
	SHA256  string `yaml:"sha256"`
	// Older lets it run though a higher version was accepted before.
	Older bool      `yaml:"allow_older,omitempty"`
	By    string    `yaml:"by"`
	At    time.Time `yaml:"at"`
}

const lockHeader = "# The bytes that may run as connectors; written by patchbay plugins approve.\n"

// ReadLock reads a lock file; one that is not there approves nothing.
func ReadLock(path string) (Lock, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Lock{}, nil
	}
	if err != nil {
		return Lock{}, err
	}
	return parseLock(path, raw)
}

func parseLock(path string, raw []byte) (Lock, error) {
	var lock Lock
	err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&lock)
	if err != nil && !errors.Is(err, io.EOF) {
		return Lock{}, fmt.Errorf("%s: %w", path, err)
	}
	return lock, nil
}

// Approve adds approvals to a lock file. Each takes the place of what was approved
// for its name and version.
func Approve(path string, approvals ...Approval) error {
	lock, err := ReadLock(path)
	if err != nil {
		return err
	}
	for _, a := range approvals {
		lock.Approved = slices.DeleteFunc(lock.Approved, func(old Approval) bool { return old.Name == a.Name && old.Version == a.Version })
		lock.Approved = append(lock.Approved, a)
	}
	slices.SortFunc(lock.Approved, func(a, b Approval) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), semver.Compare("v"+a.Version, "v"+b.Version), cmp.Compare(a.Version, b.Version))
	})
	raw, err := yaml.Marshal(lock)
	if err != nil {
		return err
	}
	return replaceFile(path, append([]byte(lockHeader), raw...), 0o644)
}

// find returns the approval of a candidate's bytes, or nil.
func (l Lock) find(c Candidate) *Approval {
	for i, a := range l.Approved {
		if a.Name == c.Name && a.Version == c.Version && a.SHA256 == c.Digest {
			return &l.Approved[i]
		}
	}
	return nil
}

// replaceFile writes a file so that readers, and a machine that loses power, see
// the old content or the new.
func replaceFile(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return renameio.WriteFile(path, content, mode)
}
