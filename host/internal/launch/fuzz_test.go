package launch

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"
)

func FuzzOutput(f *testing.F) {
	f.Add([]byte(`{"@message":1}` + "\n" + `{"@level":[],"@message":"x"}` + "\n"))
	f.Add([]byte(`{"@level":"warn","@message":"card 4242424242424242","cvc":"123"}` + "\n"))
	f.Add([]byte("\x00\xff\x1b[31mpanic: x\r\n\n"))
	f.Add([]byte(strings.Repeat("y", maxLine+7)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		spec := Spec{Log: hclog.NewNullLogger(), Line: func(_ hclog.Level, text string) {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, " 4242424242424242 ") {
				t.Errorf("%q comes out as %q", raw, text)
			}
		}}
		if _, err := newOutput(spec).Write(raw); err != nil {
			t.Error(err)
		}
	})
}

func FuzzHandshake(f *testing.F) {
	f.Add([]byte("1|1|unix|/run/pb/plugin1/plugin2|grpc|certificate\n"))
	f.Add([]byte("1|1|tcp|127.0.0.1:1|grpc\n"))
	f.Add([]byte("1|1|unix|/run/pb/plugin1/../../x|grpc\n"))
	f.Add([]byte("hello, world\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		p := &process{socketDir: "/run/pb/plugin1", cmd: &exec.Cmd{Process: &os.Process{Pid: os.Getpid()}}}
		err := p.checkHandshake(line, nil)
		if err != nil && strings.ContainsFunc(err.Error(), unicode.IsControl) {
			t.Errorf("control characters in the error: %q", err)
		}
		parts := strings.Split(strings.TrimSpace(string(line)), "|")
		if len(parts) < 5 {
			if err == nil {
				t.Errorf("%q is a handshake", line)
			}
			return
		}
		network, address, err := p.PluginToHost(parts[2], parts[3])
		if err == nil && (network != "unix" || !strings.HasPrefix(address, p.socketDir+"/") || strings.Contains(address, "/../")) {
			t.Errorf("the host would dial %s %q", network, address)
		}
	})
}
