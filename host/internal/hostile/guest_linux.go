package hostile

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/launch"
	"github.com/patchbay/patchbay/host/internal/sandbox"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// guest is one run of the plugin.
type guest struct {
	attack  attack
	tier    sandbox.Tier
	binary  string // the verified copy
	job     string // the directory of its socket directory
	log     *text
	pid     int
	err     error // of the launch
	process *launch.Process
}

// said says whether a text came out in the plugin's log, as the host writes it.
func (g *guest) said(what string) bool { return strings.Contains(g.log.String(), what) }

// path is where the host finds a file of the plugin's working directory.
func (g *guest) path(name string) string {
	if g.tier >= sandbox.T3 {
		return sandbox.HostPath(g.tier, g.pid, filepath.Join(sandbox.SocketDir(g.tier, ""), name))
	}
	found, _ := filepath.Glob(filepath.Join(g.job, "*", name))
	if len(found) == 0 {
		return ""
	}
	return found[0]
}

// answers says whether a port that the plugin says to listen on is reached.
func (g *guest) answers() bool {
	said := regexp.MustCompile(`listens (\S+)`)
	found := said.FindStringSubmatch(g.log.String())
	for end := time.Now().Add(patience); found == nil && g.err == nil && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
		found = said.FindStringSubmatch(g.log.String())
	}
	if found == nil {
		return false
	}
	conn, err := net.DialTimeout("tcp", found[1], reach)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// answersHugely says whether an answer above the limit reaches the host.
func (g *guest) answersHugely() bool {
	if g.process == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := paymentsv1.NewPaymentServiceClient(g.process.Conn).Authorize(ctx, &paymentsv1.AuthorizeRequest{Reference: "huge"})
	return err == nil && len(got.GetPayment().GetId()) > maxAnswer
}

// processes counts the processes of the plugin's session.
func (g *guest) processes() (count int) {
	found, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range found {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(raw), ") ")
		if fields := strings.Fields(rest); len(fields) > 3 && fields[3] == strconv.Itoa(g.pid) {
			count++
		}
	}
	return count
}

func (g *guest) threads() int  { return statusNumber(g.pid, "Threads") }
func (g *guest) memory() int64 { return int64(statusNumber(g.pid, "VmRSS")) << 10 }

func (g *guest) files() int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", g.pid))
	return len(entries)
}

// coreLimit is the size of core dumps that the plugin may write.
func (g *guest) coreLimit() int {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/limits", g.pid))
	found := regexp.MustCompile(`Max core file size +(\S+)`).FindSubmatch(raw)
	if found == nil {
		return 0
	}
	size, err := strconv.Atoi(string(found[1]))
	if err != nil {
		return 1 // "unlimited"
	}
	return size
}

func alive(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(raw), ") ")
	return err == nil && !strings.HasPrefix(state, "Z") && syscall.Kill(pid, 0) == nil
}

// statusNumber is a number in a process's status, or 0.
func statusNumber(pid int, name string) int {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	found := regexp.MustCompile(name + `:\s+(\d+)`).FindSubmatch(raw)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(found[1]))
	return n
}

// doomed says whether a process has been killed and has yet to notice
// (proc_pid_status(5), SigPnd and ShdPnd).
func doomed(pid int) bool {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for _, found := range regexp.MustCompile(`(?:SigPnd|ShdPnd):\s+([0-9a-f]+)`).FindAllSubmatch(raw, -1) {
		pending, err := strconv.ParseUint(string(found[1]), 16, 64)
		if err == nil && pending&(1<<(syscall.SIGKILL-1)) != 0 {
			return true
		}
	}
	return false
}

func pidOf(path string) int {
	pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
	return pid
}

// text collects what is logged.
type text struct {
	mu      sync.Mutex
	written strings.Builder
}

// Write implements io.Writer.
func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.written.Write(p)
}

// String implements fmt.Stringer.
func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.written.String()
}

func (t *text) size() int { return len(t.String()) }

func (t *text) logger() hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: t, TimeFn: time.Now})
}
