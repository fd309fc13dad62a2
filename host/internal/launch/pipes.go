package launch

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
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

// pipeSize is what the kernel keeps of a pipe until it is read (pipe(7)).
const pipeSize = 64 << 10

// stream is what a process writes. When its read deadline is over it waits for
// nothing more, and still gives what is there: a reader that comes late reads a
// process's last words.
type stream struct {
	*os.File
	over bool // the deadline is
	late int  // bytes read since
}

// Read implements io.Reader.
func (s *stream) Read(b []byte) (int, error) {
	if !s.over {
		n, err := s.File.Read(b)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		s.over = true
		_ = s.SetReadDeadline(time.Time{}) // or nothing could be read at all
	}
	if s.late >= pipeSize { // more has come since, and could go on coming
		return 0, io.EOF
	}
	n, err := s.readNow(b)
	if err != nil || n <= 0 {
		return 0, io.EOF
	}
	s.late += n
	return n, nil
}

// readNow reads what is there.
func (s *stream) readNow(b []byte) (n int, err error) {
	conn, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = conn.Read(func(fd uintptr) (done bool) {
		n, failed = syscall.Read(int(fd), b)
		return true
	})
	return n, errors.Join(err, failed)
}
