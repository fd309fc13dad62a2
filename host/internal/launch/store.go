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

// Store keeps verified copies of plugins under the names of their digests. What
// was hashed is what runs: the copy is hashed while it is written, and a binary is
// executed through a descriptor that was opened then. A store belongs to one host.
type Store struct {
	dir string

	mu   sync.Mutex
	held map[string]*Binary     // by digest
	seen map[Fingerprint]string // digest of a source that has not changed since
}

// Binary is a verified copy of a binary, open for execution, or of a bundle.
type Binary struct {
	Digest string // SHA-256 in hexadecimal

	bundle bool
	file   *os.File // nil for a bundle
	store  *Store
	users  int

	incoming string // where the copy is until it has its name
}

// NewStore returns a store in a directory that exists and is empty.
func NewStore(dir string) *Store {
	return &Store{dir: dir, held: map[string]*Binary{}, seen: map[Fingerprint]string{}}
}

// Put copies a binary, or a bundle if source is a directory, into the store and
// returns it, to be closed by the caller. If want is not empty and not the digest,
// nothing is kept. A source that has not changed is not read again.
func (s *Store) Put(source, want string) (*Binary, error) {
	before := Look(source)
	if before.err != "" {
		return nil, errors.New(before.err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.held[s.seen[before]]; b != nil {
		return b.use(want)
	}
	b, err := s.copy(source, before.bundle)
	if err != nil {
		return nil, err
	}
	if Look(source) != before {
		b.discard()
		return nil, errors.New("it changed while it was read")
	}
	s.seen[before] = b.Digest
	if held := s.held[b.Digest]; held != nil {
		b.discard()
		return held.use(want)
	}
	if err := os.Rename(b.incoming, b.path()); err != nil {
		b.discard()
		return nil, err
	}
	b.incoming = ""
	s.held[b.Digest] = b
	return b.use(want)
}

// copy copies and hashes a source; the copy waits to be given its name.
func (s *Store) copy(source string, bundle bool) (*Binary, error) {
	if bundle {
		return s.copyBundle(source)
	}
	in, err := openExecutable(source)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return s.copyFile(in)
}

// openExecutable opens a binary, or says why it can't be a plugin.
func openExecutable(source string) (*os.File, error) {
	in, err := os.Open(source)
	if err != nil {
		return nil, errors.Unwrap(err) // the caller names the file
	}
	info, err := in.Stat()
	if err == nil {
		err = executable(in, info)
	}
	if err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
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

// Digest hashes a source as Put would, and keeps nothing.
func Digest(source, want string) (string, error) {
	look := Look(source)
	if look.err != "" {
		return "", errors.New(look.err)
	}
	if look.bundle {
		digest, err := hashBundle(source, "")
		return digest, errors.Join(err, mustBe(digest, want))
	}
	in, err := openExecutable(source)
	if err != nil {
		return "", err
	}
	defer in.Close()
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

// copyFile writes a binary into the store while hashing it, and opens the copy.
func (s *Store) copyFile(in io.Reader) (_ *Binary, err error) {
	out, err := os.CreateTemp(s.dir, "incoming-*")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(out.Name())
		}
	}()
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, hash), in)
	err = errors.Join(err, out.Chmod(0o500), out.Close()) // an open writer would be ETXTBSY
	if err != nil {
		return nil, fmt.Errorf("copy it into the store: %w", err)
	}
	file, err := os.Open(out.Name())
	if err != nil {
		return nil, err
	}
	return &Binary{Digest: hex.EncodeToString(hash.Sum(nil)), file: file, store: s, incoming: out.Name()}, nil
}

func (s *Store) path(digest string) string { return filepath.Join(s.dir, "sha256-"+digest) }

// Path is where the copy is. Running it is for Launch alone.
func (b *Binary) Path() string { return b.path() }

func (b *Binary) path() string { return b.store.path(b.Digest) }

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
	b.discard()
}

// discard removes the copy, wherever it is.
func (b *Binary) discard() {
	if b.file != nil {
		b.file.Close()
	}
	path := b.path()
	if b.incoming != "" {
		path = b.incoming
	}
	_ = os.RemoveAll(path)
}

// Fingerprint tells whether a source may have changed between two looks.
type Fingerprint struct {
	bundle bool
	id     sourceID
	tree   string // of a bundle
	err    string // why it can't be looked at
}

// Look takes the fingerprint of a binary or a bundle; a source that can't be
// looked at has one too.
func Look(path string) Fingerprint {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Fingerprint{err: errors.Unwrap(err).Error()}
	case info.IsDir():
		return lookBundle(path)
	}
	return Fingerprint{id: identify(path, info)}
}
