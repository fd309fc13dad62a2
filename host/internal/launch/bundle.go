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
)

// maxBundle bounds how many files a bundle may have.
const maxBundle = 50_000

// copyBundle copies a bundle into the store while hashing it.
func (s *Store) copyBundle(source string) (*Binary, error) {
	target, err := os.MkdirTemp(s.dir, "incoming-*")
	if err != nil {
		return nil, err
	}
	digest, err := hashBundle(source, target)
	if err != nil {
		_ = os.RemoveAll(target)
		return nil, err
	}
	return &Binary{Digest: digest, bundle: true, store: s, incoming: target}, nil
}

// hashBundle hashes a tree of files: for each one in order of its path, the path,
// whether it is executable, and the SHA-256 of its content. Links are refused,
// since what they lead to would not be part of the digest. If target is not empty
// the tree is copied there, read-only.
func hashBundle(source, target string) (string, error) {
	tree := sha256.New()
	files := 0
	err := filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		to := ""
		if target != "" {
			to = filepath.Join(target, inside)
		}
		switch {
		case entry.IsDir() && to != "" && inside != ".":
			return os.Mkdir(to, 0o700)
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s is no regular file, and a bundle has nothing else", inside)
		}
		if files++; files > maxBundle {
			return fmt.Errorf("has more than %d files", maxBundle)
		}
		sum, executable, err := hashFile(path, to)
		if err != nil {
			return fmt.Errorf("%s: %w", inside, err)
		}
		fmt.Fprintf(tree, "%x %t %q\n", sum, executable, filepath.ToSlash(inside))
		return nil
	})
	if err == nil && files == 0 {
		err = errors.New("is empty")
	}
	return hex.EncodeToString(tree.Sum(nil)), err
}

// hashFile hashes a file, and copies it if to is not empty.
func hashFile(path, to string) (sum []byte, executable bool, err error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, false, err
	}
	executable = info.Mode().Perm()&0o111 != 0
	hash := sha256.New()
	if to == "" {
		_, err = io.Copy(hash, in)
		return hash.Sum(nil), executable, err
	}
	mode := os.FileMode(0o400)
	if executable {
		mode = 0o500
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return nil, false, err
	}
	_, err = io.Copy(io.MultiWriter(out, hash), in)
	return hash.Sum(nil), executable, errors.Join(err, out.Close())
}

// lookBundle takes a bundle's fingerprint: that of each of its files.
func lookBundle(dir string) Fingerprint {
	tree := sha256.New()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(tree, "%q %v\n", path, identify(path, info))
		return nil
	})
	if err != nil {
		return Fingerprint{bundle: true, err: err.Error()}
	}
	return Fingerprint{bundle: true, tree: string(tree.Sum(nil))}
}
