package controller

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPinsOutliveTheHost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "pins.json")
	for _, test := range []struct {
		name, version string
		want          map[string]string
	}{
		{"stripe", "1.4.0", map[string]string{"stripe": "1.4.0"}},
		{"adyen", "2.0.0", map[string]string{"stripe": "1.4.0", "adyen": "2.0.0"}},
		{"stripe", "1.5.0", map[string]string{"stripe": "1.5.0", "adyen": "2.0.0"}},
		{"stripe", "", map[string]string{"adyen": "2.0.0"}},
		{"unknown", "", map[string]string{"adyen": "2.0.0"}},
	} {
		pins, err := OpenPins(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := pins.set(test.name, test.version); err != nil {
			t.Fatal(err)
		}
		again, err := OpenPins(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := again.all(); !maps.Equal(got, test.want) || !maps.Equal(pins.all(), got) {
			t.Errorf("%s@%s: kept %v, want %v", test.name, test.version, got, test.want)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
}

// TestCorruptPins: a pin that is lost without a word would let another version
// serve, so the file has to be mended.
func TestCorruptPins(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "cut off": `{"stripe": "1.4`, "a list": `["stripe"]`, "a number": `{"stripe": 1}`,
	} {
		path := filepath.Join(t.TempDir(), "pins.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenPins(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "mend it, or remove it") {
			t.Errorf("%s: %v", name, err)
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != content {
			t.Errorf("%s: left as %q, %v", name, kept, err)
		}
	}
}

func TestPinsThatSayNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pins.json")
	if err := os.WriteFile(path, []byte("null"), 0o600); err != nil {
		t.Fatal(err)
	}
	pins, err := OpenPins(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := pins.set("stripe", "1.4.0"); err != nil || pins.of("stripe") != "1.4.0" {
		t.Errorf("pinned %v, %v", pins.all(), err)
	}
	var none *Pins
	if err := none.set("stripe", "1.4.0"); err != nil || none.of("stripe") != "" {
		t.Errorf("a nil Pins remembers %v, %v", none.all(), err)
	}
}

// TestPinThatCantBeKept changes nothing.
func TestPinThatCantBeKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pins.json")
	pins, err := OpenPins(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := pins.set("stripe", "1.4.0"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "in the way"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := pins.set("stripe", "1.5.0"); err == nil || pins.of("stripe") != "1.4.0" {
		t.Errorf("pinned %v, %v", pins.all(), err)
	}
}
