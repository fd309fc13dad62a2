package account

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBook(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ACCOUNT_TEST_KEY", "from-env")
	book, err := NewBook([]Spec{
		{Name: "eu", Connector: "acme", Config: map[string]any{"region": "eu"}, Secrets: map[string]Secret{"api_key": {Env: "ACCOUNT_TEST_KEY"}, "hmac": {File: file}}},
		{Name: "us", Connector: "acme", Default: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	eu, ok := book.Find("eu", "")
	var config map[string]string
	if err := json.Unmarshal(eu.Config, &config); err != nil || !ok || eu.Connector != "acme" {
		t.Fatalf("got %+v, %v, %v", eu, ok, err)
	}
	if config["region"] != "eu" || config["api_key"] != "from-env" || config["hmac"] != "from-file" {
		t.Errorf("config: %v", config)
	}
	if got := book.Secrets("acme"); !slices.Equal(got, []string{"from-env", "from-file"}) || book.Secrets("other") != nil {
		t.Errorf("secrets to mask: %q", got)
	}
	if def, ok := book.Find("", "acme"); !ok || def.Name != "us" || len(def.Config) > 0 {
		t.Errorf("default: %+v, %v", def, ok)
	}
	if _, ok := book.Find("", "other"); ok {
		t.Error("a connector without accounts has a default")
	}
	if _, ok := book.Find("nope", "acme"); ok {
		t.Error("an unknown name was found")
	}
}

func TestBookErrors(t *testing.T) {
	for name, test := range map[string]struct {
		specs  []Spec
		reason string
	}{
		"no name":      {[]Spec{{Connector: "a"}}, "name: is missing"},
		"no connector": {[]Spec{{Name: "a"}}, "connector: is missing"},
		"twice":        {[]Spec{{Name: "a", Connector: "a"}, {Name: "a", Connector: "a"}}, "declared twice"},
		"two defaults": {[]Spec{{Name: "a", Connector: "a", Default: true}, {Name: "b", Connector: "a", Default: true}}, `"a" is the default`},
		"in both":      {[]Spec{{Name: "a", Connector: "a", Config: map[string]any{"k": 1}, Secrets: map[string]Secret{"k": {Env: "HOME"}}}}, "in config and in secrets"},
		"no reference": {[]Spec{{Name: "a", Connector: "a", Secrets: map[string]Secret{"k": {}}}}, "exactly one of env, file"},
		"two":          {[]Spec{{Name: "a", Connector: "a", Secrets: map[string]Secret{"k": {Env: "A", File: "B"}}}}, "exactly one of env, file"},
		"no variable":  {[]Spec{{Name: "a", Connector: "a", Secrets: map[string]Secret{"k": {Env: "NOT_SET_ANYWHERE"}}}}, "NOT_SET_ANYWHERE is not set"},
		"no file":      {[]Spec{{Name: "a", Connector: "a", Secrets: map[string]Secret{"k": {File: "/nowhere"}}}}, "no such file"},
		"no JSON":      {[]Spec{{Name: "a", Connector: "a", Config: map[string]any{"k": func() {}}}}, "config"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewBook(test.specs); err == nil || !strings.Contains(err.Error(), test.reason) || !strings.Contains(err.Error(), "accounts[") {
				t.Errorf("got %v, want %q", err, test.reason)
			}
		})
	}
}
