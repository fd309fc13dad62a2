package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/patchbay/patchbay/host/internal/linefile"
)

const patience = 20 * time.Second

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func opened(t *testing.T, s Spec) *Log {
	t.Helper()
	l, err := Open(s, hclog.NewNullLogger(), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// records reads the files of a log in their order; each line has to be a record.
func records(t *testing.T, path string) (all []Record) {
	t.Helper()
	files, err := filepath.Glob(strings.TrimSuffix(path, ".log") + "-*.log") // in order of time
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, path) {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(raw))
		for lines.Scan() {
			var r Record
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatalf("%s: %v: %q", name, err, lines.Text())
			}
			all = append(all, r)
		}
	}
	return all
}

// TestCallersAtATime has 16 callers write at a time, through rotations: no line
// tears another, none is lost, none is there twice.
func TestCallersAtATime(t *testing.T) {
	for _, flush := range []string{"sync", "async"} {
		t.Run(flush, func(t *testing.T) {
			const callers, each = 16, 100
			path := filepath.Join(t.TempDir(), "audit.log")
			l := opened(t, Spec{File: path, Flush: flush, MaxSize: 16 << 10, Keep: 1000})
			var work sync.WaitGroup
			for caller := range callers {
				work.Go(func() {
					for i := range each {
						if err := l.Write(Record{Kind: KindCall, RequestID: fmt.Sprintf("%d-%d", caller, i), Method: strings.Repeat("m", i)}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			work.Wait()
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			seen := map[string]int{}
			for _, r := range records(t, path) {
				seen[r.RequestID]++
			}
			for id, n := range seen {
				if n != 1 {
					t.Errorf("%s is there %d times", id, n)
				}
			}
			files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "audit*.log"))
			if len(seen) != callers*each || len(files) < 5 {
				t.Errorf("%d records in %d files, want %d in at least 5", len(seen), len(files), callers*each)
			}
			for _, name := range files {
				if info, err := os.Stat(name); err != nil || info.Size() > 32<<10 || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v", name, info, err)
				}
			}
			t.Logf("figure: %d callers, %d records in %d files", callers, len(seen), len(files))
		})
	}
}

func TestKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	other := filepath.Join(filepath.Dir(path), "audit-notes.log")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := opened(t, Spec{File: path, Flush: "sync", MaxSize: linefile.MinSize, Keep: 2})
	for i := range 200 {
		if err := l.Write(Record{RequestID: fmt.Sprint(i), Method: strings.Repeat("m", 100)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "audit-2*.log"))
	if len(files) != 2 {
		t.Errorf("%d full files are kept, want 2: %v", len(files), files)
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("a file that is none of ours: %v", err)
	}
}

// In sync mode a record is in the file when Write returns.
func TestSync(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := opened(t, Spec{File: path, Flush: "sync"})
	defer l.Close()
	for i := range 20 {
		if err := l.Write(Record{RequestID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
		if all := records(t, path); len(all) != i+1 || all[i].RequestID != fmt.Sprint(i) {
			t.Fatalf("%d records after %d", len(all), i+1)
		}
	}
}

// A sink that is full says so, and what it could not take is written when it can.
func TestFullSink(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("SKIPPED: there is no /dev/full, the disk that is always full")
	}
	dir := t.TempDir()
	path, real := filepath.Join(dir, "audit"), filepath.Join(dir, "real.log")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	l := opened(t, Spec{File: path, Flush: "sync"})
	if err := l.Ready(); err != nil {
		t.Fatalf("before the first record: %v", err)
	}
	for i := range 3 {
		if err := l.Write(Record{RequestID: fmt.Sprint(i)}); err == nil {
			t.Fatal("a full disk took a record")
		}
		if l.Ready() == nil {
			t.Fatal("it is ready with a full disk")
		}
	}
	if err := os.Symlink(real, path+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	wait(t, "it recovers by itself", func() bool { return l.Ready() == nil })
	if err := l.Write(Record{RequestID: "3"}); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range records(t, real) {
		ids = append(ids, r.RequestID)
	}
	if strings.Join(ids, " ") != "0 1 2 3" {
		t.Errorf("got %v", ids)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A gateway ends although its records can't be written.
func TestCloseWithFullSink(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("SKIPPED: there is no /dev/full, the disk that is always full")
	}
	var said bytes.Buffer
	l, err := Open(Spec{File: "/dev/full"}, hclog.New(&hclog.LoggerOptions{Output: &said}), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 * maxBatch {
		if err := l.Write(Record{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), fmt.Sprintf("records=%d", 3*maxBatch)) {
		t.Errorf("the log does not say how many are lost:\n%s", said.String())
	}
}

// What is too much is lost, and the log says how much.
func TestGap(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("SKIPPED: there is no /dev/full, the disk that is always full")
	}
	dir := t.TempDir()
	path, real := filepath.Join(dir, "audit"), filepath.Join(dir, "real.log")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	l := opened(t, Spec{File: path})
	lost := uint64(0)
	for i := 0; lost < 10 && i < 8*maxWaiting; i++ {
		if l.Write(Record{RequestID: fmt.Sprint(i)}) != nil {
			lost++
		}
		if err := l.Ready(); err != nil {
			t.Fatalf("calls would be refused: %v", err)
		}
	}
	if err := os.Symlink(real, path+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	told := uint64(0)
	for _, r := range records(t, real) {
		if r.Kind == KindGap {
			told += r.Lost
		}
	}
	if lost == 0 || told != lost {
		t.Errorf("%d records are lost, and the log says %d", lost, told)
	}
}

// A line that a dying gateway has left unfinished does not spoil the next.
func TestUnfinishedLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(`{"kind":"call","request_`), 0o600); err != nil {
		t.Fatal(err)
	}
	l := opened(t, Spec{File: path})
	if _, err := Open(Spec{File: path}, hclog.NewNullLogger(), prometheus.NewRegistry()); err == nil || !strings.Contains(err.Error(), "another gateway") {
		t.Errorf("two gateways write one file: %v", err)
	}
	if err := l.Write(Record{RequestID: "next"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if lines := strings.Split(string(raw), "\n"); err != nil || len(lines) != 3 || !strings.Contains(lines[1], `"request_id":"next"`) {
		t.Errorf("got %q, %v", raw, err)
	}
}

// Texts that callers and guests invent stay within a line, and card numbers out.
func TestTexts(t *testing.T) {
	line, err := Record{Method: strings.Repeat("é", 1000), RequestID: "pay 4242424242424242 now\n{", Connector: "\xff\x00"}.line()
	if err != nil || bytes.Count(line, []byte("\n")) != 1 || len(line) > 600 {
		t.Errorf("%d bytes, %v: %q", len(line), err, line)
	}
	if bytes.Contains(line, []byte("4242424242424242")) || !bytes.Contains(line, []byte("pay ")) {
		t.Errorf("got %s", line)
	}
	if HashKey("") != "" || len(HashKey("k")) != 64 {
		t.Error("the hash of a key")
	}
}

func TestSpec(t *testing.T) {
	for reason, s := range map[string]Spec{
		"file is missing":         {Flush: "sync"},
		"neither sync nor async":  {File: "x", Flush: "soon"},
		"at least 4096 bytes":     {File: "x", MaxSize: 1},
		"can't be negative":       {File: "x", Keep: -1},
		"no such file or directo": {File: "/nowhere/audit.log"},
	} {
		if _, err := Open(s, hclog.NewNullLogger(), prometheus.NewRegistry()); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("got %v, want %q", err, reason)
		}
	}
	for text, want := range map[string]linefile.Size{"100MB": 100 << 20, "4096": 4096, "'2 KB'": 2 << 10, "1GB": 1 << 30, "x": -1, "-1": -1} {
		var got linefile.Size
		if err := got.UnmarshalYAML([]byte(text)); (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	var none *Log
	if none.Ready() != nil || none.Write(Record{}) != nil || none.Close() != nil {
		t.Error("no log is one that fails")
	}
}
