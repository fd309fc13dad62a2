package launch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Store keeps verified copies of plugins' binaries under the names of their
// digests. What was hashed is what runs: the copy is hashed while it is written,
// and executed through a descriptor that was opened then.
type Store struct {
	dir string

	mu   sync.Mutex
	held map[string]*Binary  // by digest
	seen map[sourceID]string // digest of a source that has not changed since
}

// Binary is a verified copy, open for execution.
type Binary struct {
	Digest string // SHA-256 in hexadecimal

	file  *os.File
	store *Store
	users int
}

// NewStore opens or makes a store.
func NewStore(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the store of plugins: %w", err)
	}
	return &Store{dir: dir, held: map[string]*Binary{}, seen: map[sourceID]string{}}, nil
}

// Put copies a binary into the store and returns it, to be closed by the caller.
// If want is not empty and not the digest, nothing is kept. A source whose file
// has not changed is not read again.
func (s *Store) Put(source, want string) (*Binary, error) {
	in, err := os.Open(source)
	if err != nil {
		return nil, errors.Unwrap(err) // the caller names the file
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if err := executable(in, info); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := identify(source, info)
	if b := s.held[s.seen[id]]; b != nil {
		return b.use(want)
	}
	digest, file, err := s.copy(in)
	if err != nil {
		return nil, err
	}
	if after, err := in.Stat(); err != nil || identify(source, after) != id {
		file.Close()
		return nil, errors.New("it changed while it was read")
	}
	s.seen[id] = digest
	b := s.held[digest]
	if b == nil {
		b = &Binary{Digest: digest, file: file, store: s}
		s.held[digest] = b
	} else {
		file.Close()
	}
	return b.use(want)
}

// executable says why a file can't be a plugin.
func executable(file io.ReaderAt, info fs.FileInfo) error {
	var magic [2]byte
	_, _ = file.ReadAt(magic[:], 0)
	switch {
	case !info.Mode().IsRegular():
		return errors.New("is not a regular file")
	case info.Size() == 0:
		return errors.New("is empty")
	case info.Mode().Perm()&0o111 == 0:
		return errors.New("is not executable; run chmod +x on it")
	case string(magic[:]) == "#!":
		return errors.New("is a script, whose interpreter can't read the verified copy; a plugin is one executable")
	}
	return nil
}

// Digest hashes a binary as Put would, and keeps nothing.
func Digest(source, want string) (string, error) {
	in, err := os.Open(source)
	if err != nil {
		return "", errors.Unwrap(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return "", err
	}
	if err := executable(in, info); err != nil {
		return "", err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, in); err != nil {
		return "", err
	}
	digest := hex.EncodeToString(hash.Sum(nil))
	return digest, mustBe(digest, want)
}

func mustBe(digest, want string) error {
	if want != "" && want != digest {
		return fmt.Errorf("its SHA-256 is %s, the manifest says %s", digest, want)
	}
	return nil
}

// copy writes the binary into the store while hashing it, and opens the result.
func (s *Store) copy(in io.Reader) (digest string, file *os.File, err error) {
	out, err := os.CreateTemp(s.dir, "incoming-*")
	if err != nil {
		return "", nil, err
	}
	defer os.Remove(out.Name()) // fails once it is renamed
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, hash), in)
	err = errors.Join(err, out.Chmod(0o500), out.Close()) // an open writer would be ETXTBSY
	if err != nil {
		return "", nil, fmt.Errorf("copy it into the store: %w", err)
	}
	digest = hex.EncodeToString(hash.Sum(nil))
	if err := os.Rename(out.Name(), s.path(digest)); err != nil {
		return "", nil, err
	}
	file, err = os.Open(s.path(digest))
	return digest, file, err
}

func (s *Store) path(digest string) string { return filepath.Join(s.dir, "sha256-"+digest) }

// use counts one user; the store's lock is held.
func (b *Binary) use(want string) (*Binary, error) {
	b.users++
	if err := mustBe(b.Digest, want); err != nil {
		b.release()
		return nil, err
	}
	return b, nil
}

// Hold returns the binary once more, to be closed once more.
func (b *Binary) Hold() *Binary {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	b.users++
	return b
}

// Close lets go of the binary; the last user's Close removes the copy.
func (b *Binary) Close() {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	b.release()
}

func (b *Binary) release() {
	if b.users--; b.users > 0 {
		return
	}
	delete(b.store.held, b.Digest)
	b.file.Close()
	_ = os.Remove(b.store.path(b.Digest))
}

// Fingerprint tells whether a file may have changed between two looks.
type Fingerprint struct {
	id  sourceID
	err string
}

// Look takes a file's fingerprint; a file that can't be looked at has one too.
func Look(path string) Fingerprint {
	info, err := os.Stat(path)
	if err != nil {
		return Fingerprint{err: err.Error()}
	}
	return Fingerprint{id: identify(path, info)}
}
