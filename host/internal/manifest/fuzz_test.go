package manifest

import (
	"errors"
	"path/filepath"
	"testing"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte("name: acme\nversion: 1.4.0\ncommand: connector-acme\nsha256: " + "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9\n"))
	f.Add([]byte("name: acme\nversion: 1.4.0\nbundle: acme\ncommand: main.mjs\nruntime: node\nenv: {A: b}\nargs: [--x]\nstart: lazy\nidle_stop: 1m\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("name: [\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Parse("acme.yaml", raw)
		var located *Error
		switch {
		case err != nil && (!errors.As(err, &located) || located.File != "acme.yaml" || located.Reason == ""):
			t.Errorf("an error without file or reason: %#v", err)
		case err == nil && (m.Name == "" || m.Version == "" || m.Command == "" || m.StartTimeout <= 0 || m.DrainTimeout <= 0):
			t.Errorf("accepted: %+v", m)
		case err == nil && m.Bundle != "" && !filepath.IsLocal(m.Command):
			t.Errorf("the command leaves the bundle: %q", m.Command)
		}
	})
}
