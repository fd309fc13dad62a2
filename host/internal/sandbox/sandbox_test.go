package sandbox

import (
	"testing"
)

func TestInspect(t *testing.T) {
	m := Inspect(t.Context(), t.TempDir())
	t.Logf("%+v", m)
}
