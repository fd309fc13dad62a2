package archive

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write writes the package. Equal parts make equal bytes: there are no times,
// owners or other traces of the machine in it.
func (p *Package) Write(out io.Writer) error {
	compressed, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	files := tar.NewWriter(compressed)
	names := []string{p.Stem() + ".yaml"}
	if p.Signature != nil {
		names = append(names, p.Stem()+".sig")
	}
	for _, name := range append(names, p.Stem()) {
		if err := p.writeTree(files, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return errors.Join(files.Close(), compressed.Close())
}

func (p *Package) writeTree(files *tar.Writer, name string) error {
	return filepath.WalkDir(filepath.Join(p.Dir, name), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(p.Dir, path)
		if err != nil {
			return err
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		info, err := in.Stat()
		if err != nil {
			return err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: filepath.ToSlash(name), Mode: int64(mode(info.Mode())), Size: info.Size()}
		if err := files.WriteHeader(header); err != nil {
			return err
		}
		_, err = io.Copy(files, in)
		return err
	})
}

// mode is what is kept of a file's permissions.
func mode(of fs.FileMode) fs.FileMode {
	if of.Perm()&0o111 != 0 {
		return 0o755
	}
	return 0o644
}

// copyTree copies regular files; a link or a device is an error.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, inside)
		switch {
		case entry.IsDir():
			return os.Mkdir(target, 0o755)
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s is no regular file, and a package has nothing else", inside)
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	return create(os.OpenFile, to, mode(info.Mode()), in)
}

// create writes a file that must not be there, and has the disk hold it.
func create(open func(string, int, fs.FileMode) (*os.File, error), name string, mode fs.FileMode, content io.Reader) error {
	out, err := open(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Chmod(mode), out.Sync(), out.Close())
}
