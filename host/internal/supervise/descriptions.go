package supervise

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/renameio/v2"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/host/internal/description"
	"github.com/patchbay/patchbay/host/internal/reconcile"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// Descriptions keeps what connectors say of themselves, on disk, so that those
// that rest can be listed, and calls to them refused, without waking them. What
// is kept belongs to the very bytes, arguments and environment that said it.
type Descriptions struct {
	dir string

	mu    sync.Mutex
	known map[string]*description.Description
}

// NewDescriptions keeps descriptions in a directory, which is made when there is
// one to keep.
func NewDescriptions(dir string) *Descriptions {
	return &Descriptions{dir: dir, known: map[string]*description.Description{}}
}

// find returns a description that was kept, or nil.
func (s *Descriptions) find(of reconcile.Declaration) *description.Description {
	key := descriptionKey(of)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.known[key]; d != nil {
		return d
	}
	raw, err := os.ReadFile(filepath.Join(s.dir, key))
	wired := &connectorv1.Description{}
	if err != nil || proto.Unmarshal(raw, wired) != nil {
		return nil
	}
	d, err := description.Parse(of.Manifest.Name, of.Manifest.Version, wired)
	if err != nil {
		return nil // another version of the host wrote it; the connector is asked again
	}
	s.known[key] = d
	return d
}

// keep keeps a description of a lazy connector.
func (s *Descriptions) keep(of reconcile.Declaration, d *description.Description) error {
	if !of.Manifest.Lazy() {
		return nil
	}
	key := descriptionKey(of)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[key] = d
	path := filepath.Join(s.dir, key)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	raw, err := proto.Marshal(d.Wired)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	return renameio.WriteFile(path, raw, 0o600)
}

// descriptionKey names what a description depends on.
func descriptionKey(of reconcile.Declaration) string {
	m := of.Manifest
	raw, err := json.Marshal([]any{of.Digest, m.Name, m.Version, m.Command, m.Runtime, m.Args, m.Env})
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
