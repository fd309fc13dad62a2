package account

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// patience bounds every wait for a condition.
const patience = 20 * time.Second

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// replace writes a file as one should: aside, then renamed.
func replace(t *testing.T, path, content string) {
	t.Helper()
	if err := os.Rename(write(t, path+".tmp", content), path); err != nil {
		t.Fatal(err)
	}
}

func sh(script string) []string { return []string{"sh", "-c", script} }

func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ACCOUNT_TEST_KEY", "from-env")
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	identities, err := ReadIdentities(write(t, filepath.Join(dir, "identity"), "# a comment\n"+identity.String()+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	secrets := NewSecrets(identities)
	for name, test := range map[string]struct {
		secret       Secret
		want, reason string
	}{
		"variable":          {Secret{Env: "ACCOUNT_TEST_KEY"}, "from-env", ""},
		"no variable":       {Secret{Env: "ACCOUNT_TEST_NONE"}, "", "ACCOUNT_TEST_NONE is not set"},
		"file":              {Secret{File: write(t, filepath.Join(dir, "a"), "from-file\n")}, "from-file", ""},
		"empty file":        {Secret{File: write(t, filepath.Join(dir, "b"), "\n")}, "", "is empty"},
		"no file":           {Secret{File: filepath.Join(dir, "none")}, "", "no such file"},
		"large file":        {Secret{File: write(t, filepath.Join(dir, "c"), strings.Repeat("x", maxSecret+1))}, "", "is larger"},
		"command":           {Secret{Command: sh("cat; echo from-$ACCOUNT_TEST_KEY")}, "from-from-env", ""},
		"failing command":   {Secret{Command: sh("echo sk_secret; echo sk_secret >&2; exit 7")}, "", "exit status 7"},
		"no such command":   {Secret{Command: []string{"/nowhere/command"}}, "", "can't be started"},
		"silent command":    {Secret{Command: sh(":")}, "", "printed nothing"},
		"talkative command": {Secret{Command: sh("yes")}, "", "more than 65536 bytes"},
		"age":               {Secret{Age: encrypt(t, identity.Recipient(), "from-age\n")}, "from-age", ""},
		"age, another's":    {Secret{Age: encrypt(t, stranger(t), "x")}, "", "can't be decrypted"},
		"two":               {Secret{Env: "A", File: "B"}, "", "exactly one"},
		"refresh of a file": {Secret{File: "B", Refresh: time.Minute}, "", "go with command"},
		"hasty refresh":     {Secret{Command: sh(":"), Refresh: time.Millisecond}, "", "at least 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := secrets.Read(test.secret)
			if got != test.want || (err == nil) != (test.reason == "") || err != nil && !strings.Contains(err.Error(), test.reason) {
				t.Errorf("got %q, %v; want %q, %q", got, err, test.want, test.reason)
			}
			if err != nil && strings.Contains(err.Error(), "sk_secret") {
				t.Errorf("the error repeats what the command wrote: %v", err)
			}
		})
	}
}

func encrypt(t *testing.T, to age.Recipient, text string) string {
	t.Helper()
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	in, err := age.Encrypt(armored, to)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = in.Write([]byte(text))
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := armored.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func stranger(t *testing.T) age.Recipient {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity.Recipient()
}

// A command that hangs is over at its timeout, with what it has started.
func TestCommandThatHangs(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	pid := 0
	for timeout := 300 * time.Millisecond; pid == 0; timeout *= 2 { // until it has time to say what it has started
		began := time.Now()
		_, err := NewSecrets(nil).Read(Secret{Command: sh("sleep 600 & echo $! > " + pids + "; wait"), Timeout: timeout})
		if err == nil || !strings.Contains(err.Error(), "did not end within "+timeout.String()) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > timeout+patience/2 {
			t.Errorf("took %s, want little more than %s", took, timeout)
		}
		raw, _ := os.ReadFile(pids)
		if pid, err = strconv.Atoi(strings.TrimSpace(string(raw))); err != nil && timeout > patience {
			t.Fatal(err)
		}
	}
	wait(t, "what the command has started is gone", func() bool { return gone(pid) })
}

// gone says whether a process is no more, or only waits to be reaped.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}

// A command runs once until it is due, and a failure is not repeated at once.
func TestCommandRunsWhenDue(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	secrets, now := NewSecrets(nil), time.Now()
	secrets.now = func() time.Time { return now }
	script := "echo >> " + runs + "; wc -l < " + runs
	read := func(secret Secret) string {
		t.Helper()
		value, err := secrets.Read(secret)
		if err != nil {
			return "failed"
		}
		return strings.TrimSpace(value)
	}
	refreshed := Secret{Command: sh(script), Refresh: time.Minute}
	first, again := read(refreshed), read(refreshed)
	now = now.Add(time.Minute)
	if due := read(refreshed); first != "1" || again != "1" || due != "2" {
		t.Errorf("got %s, %s, and when due %s; want 1, 1, 2", first, again, due)
	}
	failing := Secret{Command: sh(script + "; exit 1"), Timeout: 10 * time.Second}
	for range 2 {
		if read(failing) != "failed" {
			t.Error("a failing command gave a secret")
		}
	}
	if raw, _ := os.ReadFile(runs); len(raw) != 3 {
		t.Errorf("the commands ran %d times, want 3", len(raw))
	}
}
