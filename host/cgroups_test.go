package host

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay/patchbay/host/internal/sandbox"
)

func TestTellControllers(t *testing.T) {
	var out bytes.Buffer
	log := hclog.New(&hclog.LoggerOptions{Output: &out, DisableTime: true})
	tellControllers(nil, log)
	if out.Len() > 0 {
		t.Errorf("of nothing it says %q", &out)
	}
	tellControllers([]sandbox.Mechanism{
		{Name: "cgroup cpu", Enforced: true, Detail: "below x"}, {Name: "cgroup memory", Detail: "it is not there"}, {Name: "cgroup pids", Detail: "it is not there"},
	}, log)
	want := `with="cgroup cpu" without="cgroup memory, cgroup pids" reason="it is not there"`
	if got := strings.TrimSpace(out.String()); !strings.HasSuffix(got, want) || strings.Count(got, "\n") > 0 {
		t.Errorf("got %q, want %q", got, want)
	}
}
