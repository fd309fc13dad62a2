package archive

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/patchbay/patchbay/host/internal/manifest"
	"github.com/patchbay/patchbay/host/internal/trust"
)

// limits of what a package may unpack to.
type limits struct {
	files int
	bytes int64
}

func defaultLimits() limits { return limits{files: 20_000, bytes: 512 << 20} }

const (
	maxName   = 512
	perHeader = 4 << 10 // bytes of a tar file that a file may take besides its own
)

// Open unpacks a package's file into a directory that exists and is empty. If it
// fails, what the directory has is of no use. The error names what is wrong with
// the package.
func Open(file, dir string) (*Package, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	p, err := read(in, dir, defaultLimits())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	return p, nil
}

// read is Open for a stream.
func read(in io.Reader, dir string, limits limits) (*Package, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	buffered := bufio.NewReader(in)
	compressed, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("is no package: %w", err)
	}
	compressed.Multistream(false)
	u := unpacker{root: root, limits: limits, left: limits.bytes, seen: map[string]bool{}}
	if err := u.unpack(compressed); err != nil {
		return nil, err
	}
	if _, err := buffered.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, errors.New("has something after its end")
	}
	return load(dir)
}

// unpacker writes the files of a package beneath a root, which no name can leave.
type unpacker struct {
	root   *os.Root
	limits limits
	left   int64 // bytes that may still come
	seen   map[string]bool
}

func (u *unpacker) unpack(compressed io.Reader) error {
	// A tar file ends in empty blocks, and a stream of them need not end.
	limited := &io.LimitedReader{R: compressed, N: u.limits.bytes + int64(u.limits.files)*perHeader}
	files := tar.NewReader(limited)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return u.drained(limited)
		}
		if err != nil {
			return fmt.Errorf("can't be read: %w", err)
		}
		if err := u.check(header); err != nil {
			return err
		}
		if err := u.write(header, files); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

// drained reads what follows the last file, where only zeros may be.
func (u *unpacker) drained(in *io.LimitedReader) error {
	buffer := make([]byte, 4096)
	for {
		n, err := in.Read(buffer)
		if strings.Trim(string(buffer[:n]), "\x00") != "" {
			return errors.New("has something after its last file")
		}
		switch {
		case errors.Is(err, io.EOF) && in.N > 0:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("is larger than %d bytes", u.limits.bytes)
		case err != nil:
			return fmt.Errorf("can't be read: %w", err)
		}
	}
}

// check refuses an entry by its header.
func (u *unpacker) check(h *tar.Header) error {
	name := h.Name
	limit := u.left
	switch {
	case strings.Contains(name, "/"):
	case strings.HasSuffix(name, ".yaml"):
		limit = manifest.MaxSize
	default:
		limit = trust.MaxSignature
	}
	switch {
	case h.Typeflag != tar.TypeReg:
		return fmt.Errorf("%q is no regular file, and a package has nothing else", name)
	case !filepath.IsLocal(name) || path.Clean(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r == '\\' || !unicode.IsPrint(r) }) || len(name) > maxName:
		return fmt.Errorf("%q can't be the name of a file", name)
	case u.seen[strings.ToLower(name)]:
		return fmt.Errorf("%q is there twice", name)
	case len(u.seen) >= u.limits.files:
		return fmt.Errorf("has more than %d files", u.limits.files)
	case h.Size < 0 || h.Size > limit:
		return fmt.Errorf("%q is larger than %d bytes, which are left to it", name, limit)
	}
	u.seen[strings.ToLower(name)] = true
	u.left -= h.Size
	return nil
}

func (u *unpacker) write(h *tar.Header, content io.Reader) error {
	if dir := path.Dir(h.Name); dir != "." {
		if err := u.root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return create(u.root.OpenFile, h.Name, mode(fs.FileMode(h.Mode)), io.LimitReader(content, h.Size))
}
