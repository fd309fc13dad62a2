package launch

import (
	"errors"
	"os"
)

// pipe has an end for reading and one for writing.
type pipe struct{ r, w *os.File }

func (p *pipe) open() (err error) {
	p.r, p.w, err = os.Pipe()
	return err
}

// pipes connect host and plugin beside the socket.
type pipes struct{ stdout, stderr, certs pipe }

// open makes the pipes and fills the one with the certificates, which fit into
// the kernel's buffer.
func (p *pipes) open(certs []byte) error {
	if err := errors.Join(p.stdout.open(), p.stderr.open(), p.certs.open()); err != nil {
		return err
	}
	_, err := p.certs.w.Write(certs)
	return errors.Join(err, p.certs.w.Close())
}

// closeChild closes what only the child is to hold.
func (p *pipes) closeChild() {
	for _, f := range []*os.File{p.stdout.w, p.stderr.w, p.certs.r} {
		f.Close() // a nil file only answers an error
	}
}

// closeHost closes what the host would read.
func (p *pipes) closeHost() {
	for _, f := range []*os.File{p.stdout.r, p.stderr.r, p.certs.w} {
		f.Close()
	}
}
