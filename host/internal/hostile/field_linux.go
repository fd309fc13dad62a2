package hostile

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// patience bounds every wait for what comes in a fraction of it.
const patience = 10 * time.Second

// field is what is attacked: files, listeners and a process of the host's user.
type field struct {
	plugin   string
	dir      string // the plugin would like to write here
	marker   string
	memory   []byte // the marker in the host's memory
	secret   string
	key      string
	ipc      int
	tcp, udp *listener
	abstract *listener
	sibling  *listener
	victim   *victim
}

// newField makes one in an empty directory, which has to have a short path. The
// victim is the plugin, which does nothing then.
func newField(dir, plugin string) (_ *field, err error) {
	f := &field{plugin: plugin, dir: filepath.Join(dir, "out"), marker: "marker-" + rand.Text(), key: "hostile-" + rand.Text()}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	f.ipc = 0x0b000000 | os.Getpid()
	f.memory = []byte(f.marker)
	f.secret = filepath.Join(f.dir, "secret-"+f.marker)
	if err := errors.Join(os.Mkdir(f.dir, 0o777), os.WriteFile(f.secret, []byte(f.marker), 0o644)); err != nil {
		return nil, err
	}
	for _, l := range []struct {
		to               **listener
		network, address string
	}{
		{&f.tcp, "tcp", "127.0.0.1:0"}, {&f.udp, "udp", "127.0.0.1:0"},
		{&f.abstract, "unix", "@" + f.key}, {&f.sibling, "unix", filepath.Join(dir, "sibling")},
	} {
		if *l.to, err = listen(l.network, l.address); err != nil {
			return nil, err
		}
	}
	f.victim, err = newVictim(plugin)
	return f, err
}

func (f *field) close() {
	for _, l := range []*listener{f.tcp, f.udp, f.abstract, f.sibling} {
		if l != nil {
			l.close()
		}
	}
	if f.victim != nil {
		f.victim.end()
	}
}

// ready puts everything in order for the next attack.
func (f *field) ready() (err error) {
	if f.victim.ended() || f.victim.traced() {
		f.victim.end()
		if f.victim, err = newVictim(f.plugin); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(f.dir, "deletable"), nil, 0o600)
}

func (f *field) has(name string) bool {
	_, err := os.Stat(filepath.Join(f.dir, name))
	return err == nil
}

// changed says whether a verified copy is not what it was.
func (f *field) changed(path string) bool {
	raw, err := os.ReadFile(path)
	return err != nil || !strings.HasPrefix(string(raw[:min(4, len(raw))]), "\x7fELF")
}

// used is how much the files take on the host's disks whose names begin so.
func (f *field) used(name, socketDirs string) (bytes int64) {
	f.each(name, socketDirs, func(size int64) { bytes += size })
	return bytes
}

// largest is the size of the largest of these.
func (f *field) largest(name, socketDirs string) (bytes int64) {
	f.each(name, socketDirs, func(size int64) { bytes = max(bytes, size) })
	return bytes
}

func (f *field) each(name, socketDirs string, found func(size int64)) {
	for _, dir := range []string{f.dir, socketDirs, os.TempDir()} {
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && strings.HasPrefix(entry.Name(), name) {
				if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
					found(info.Size())
				}
			}
			return nil
		})
	}
}

// clear removes what an attack has written.
func (f *field) clear(name string) {
	for _, dir := range []string{f.dir, os.TempDir()} {
		found, _ := filepath.Glob(filepath.Join(dir, name+"*"))
		for _, path := range found {
			_ = os.Remove(path)
		}
	}
}

// lives says whether a process runs with an argument, and ends it.
func (f *field) lives(argument, key string) bool {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range found {
		raw, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(raw), argument+"\x00"+key) {
			continue
		}
		if pid := pidOf(path); pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			return true
		}
	}
	return false
}

// listener counts who was heard.
type listener struct {
	network, address string
	own              string // datagram of ours, which is answered and not counted
	stream           net.Listener
	packets          net.PacketConn
	count            atomic.Int64
}

func listen(network, address string) (l *listener, err error) {
	l = &listener{network: network, own: rand.Text()}
	if network == "udp" {
		if l.packets, err = net.ListenPacket(network, address); err != nil {
			return nil, err
		}
		l.address = l.packets.LocalAddr().String()
		go l.receive()
		return l, nil
	}
	if l.stream, err = net.Listen(network, address); err != nil {
		return nil, err
	}
	l.address = l.stream.Addr().String()
	go l.accept()
	return l, nil
}

func (l *listener) accept() {
	for {
		conn, err := l.stream.Accept()
		if err != nil {
			return
		}
		l.count.Add(1)
		_ = conn.Close()
	}
}

func (l *listener) receive() {
	buffer := make([]byte, 2048)
	for {
		n, from, err := l.packets.ReadFrom(buffer)
		if err != nil {
			return
		}
		if string(buffer[:n]) == l.own {
			_, _ = l.packets.WriteTo(buffer[:n], from)
			continue
		}
		l.count.Add(1)
	}
}

func (l *listener) close() {
	if l.stream != nil {
		_ = l.stream.Close()
	}
	if l.packets != nil {
		_ = l.packets.Close()
	}
}

// heard says whether anybody was heard since the last time. What comes in keeps
// its order, so that everybody was heard when we hear ourselves.
func (l *listener) heard() bool {
	conn, err := net.Dial(l.network, l.address)
	if err != nil {
		return l.count.Swap(0) > 0
	}
	defer conn.Close()
	end := time.Now().Add(patience)
	if l.packets != nil {
		for answered := false; !answered && time.Now().Before(end); { // datagrams may be lost
			_, _ = conn.Write([]byte(l.own))
			_ = conn.SetReadDeadline(time.Now().Add(reach))
			_, err := conn.Read(make([]byte, len(l.own)))
			answered = err == nil
		}
		return l.count.Swap(0) > 0
	}
	_ = conn.SetReadDeadline(end)
	_, _ = io.Copy(io.Discard, conn) // it ends when it was counted
	return l.count.Swap(0) > 1
}

// victim is a process of the same user that does nothing.
type victim struct {
	cmd  *exec.Cmd
	over chan struct{}
}

func newVictim(plugin string) (*victim, error) {
	cmd := exec.Command(plugin, childArgument, "victim")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	v := &victim{cmd: cmd, over: make(chan struct{})}
	go func() {
		defer close(v.over)
		_ = cmd.Wait()
	}()
	return v, nil
}

func (v *victim) ended() bool {
	select {
	case <-v.over:
		return true
	default:
		return doomed(v.cmd.Process.Pid) || !alive(v.cmd.Process.Pid)
	}
}

func (v *victim) traced() bool { return statusNumber(v.cmd.Process.Pid, "TracerPid") > 0 }

func (v *victim) end() {
	_ = v.cmd.Process.Kill()
	<-v.over
}
