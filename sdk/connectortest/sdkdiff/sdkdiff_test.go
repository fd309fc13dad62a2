package sdkdiff_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/sdk/connectortest/sdkdiff"
)

const recorded = `{
  "method": "POST",
  "path": "/v1/payments",
  "headers": {"authorization": "Bearer key", "content-type": "application/json", "acme-key": "recorder-key"},
  "query": {"expand": ["a", "b"]},
  "json": {"amount": {"value": 1050, "currency": "EUR"}, "lines": [{"sku": "x"}, {"sku": "y"}], "empty": {}, "none": null}
}`

// folder has the recording "pay".
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pay.json"), []byte(recorded), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestDifferences(t *testing.T) {
	key := sdkdiff.Differs("headers.acme-key", "the key is the gateway's")
	for name, c := range map[string]struct {
		change    func(*sdkdiff.Request)
		explained []sdkdiff.Explained
		want      string // "" if there are none
	}{
		"the same":         {},
		"method":           {change: func(r *sdkdiff.Request) { r.Method = "PUT" }, want: `method: the connector sends "PUT"; the vendor's SDK "POST"`},
		"path":             {change: func(r *sdkdiff.Request) { r.Path += "/" }, want: "path: "},
		"header less":      {change: func(r *sdkdiff.Request) { delete(r.Headers, "authorization") }, want: "headers.authorization: the connector does not send it"},
		"header more":      {change: func(r *sdkdiff.Request) { r.Headers["x-more"] = []string{"1"} }, want: "headers.x-more: the connector sends"},
		"query order":      {change: func(r *sdkdiff.Request) { r.Query["expand"] = []string{"b", "a"} }, want: `query.expand: the connector sends ["b","a"]`},
		"query once":       {change: func(r *sdkdiff.Request) { r.Query["expand"] = []string{"a"} }, want: "query.expand: "},
		"inner value":      {change: inner("amount", "value", 1051.0), want: "json.amount.value: the connector sends 1051; the vendor's SDK 1050"},
		"another type":     {change: inner("amount", "value", "1050"), want: `json.amount.value: the connector sends "1050"`},
		"inner more":       {change: inner("amount", "scale", 2.0), want: "json.amount.scale: the connector sends 2; the vendor's SDK does not send it"},
		"null for nothing": {change: inner("amount", "scale", nil), want: "json.amount.scale"},
		"list longer":      {change: func(r *sdkdiff.Request) { r.JSON.(map[string]any)["lines"] = []any{} }, want: "json.lines[0].sku"},
		"empty for none":   {change: func(r *sdkdiff.Request) { delete(r.JSON.(map[string]any), "empty") }, want: "json.empty: "},
		"another body":     {change: func(r *sdkdiff.Request) { r.JSON, r.Body = nil, "amount=1050" }, want: "body: "},

		"explained":        {change: func(r *sdkdiff.Request) { r.Headers["acme-key"] = []string{"k"} }, explained: []sdkdiff.Explained{key}},
		"explained wrong":  {change: func(r *sdkdiff.Request) { delete(r.Headers, "acme-key") }, explained: []sdkdiff.Explained{key}, want: "headers.acme-key: the connector does not send it"},
		"stale":            {explained: []sdkdiff.Explained{key}, want: "is the same"},
		"not concerned":    {explained: []sdkdiff.Explained{sdkdiff.Missing("form.x", "elsewhere")}},
		"without a reason": {change: func(r *sdkdiff.Request) { r.Method = "PUT" }, explained: []sdkdiff.Explained{sdkdiff.Differs("method", "")}, want: "without a reason"},
		"any":              {change: func(r *sdkdiff.Request) { r.Headers["x-a"], r.Headers["x-b"] = []string{"1"}, []string{"2"} }, explained: []sdkdiff.Explained{sdkdiff.Added("headers.x-*", "telemetry")}},
		"missing":          {change: func(r *sdkdiff.Request) { delete(r.Query, "expand") }, explained: []sdkdiff.Explained{sdkdiff.Missing("query.expand", "not wanted")}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t)
			got := sdkdiff.Load(t, dir, "pay")
			if c.change != nil {
				c.change(&got)
			}
			found := strings.Join(sdkdiff.Differences(got, sdkdiff.Load(t, dir, "pay"), c.explained...), "\n")
			if (found == "") != (c.want == "") || !strings.Contains(found, c.want) {
				t.Errorf("got %q, want %q", found, c.want)
			}
		})
	}
}

func inner(object, field string, value any) func(*sdkdiff.Request) {
	return func(r *sdkdiff.Request) { r.JSON.(map[string]any)[object].(map[string]any)[field] = value }
}

// failures counts what a test would have failed with.
type failures struct {
	testing.TB
	told []string
}

func (f *failures) Helper() {}
func (f *failures) Errorf(s string, args ...any) {
	f.told = append(f.told, fmt.Sprintf(s, args...))
}

func TestMustNotice(t *testing.T) {
	dir := folder(t)
	all := sdkdiff.MustNotice(t, dir, "pay")
	if all < 25 {
		t.Errorf("%d mistakes, want more", all)
	}
	// What is explained away is not tried.
	if some := sdkdiff.MustNotice(t, dir, "pay", sdkdiff.Differs("json.*", "all of it")); some >= all {
		t.Errorf("%d mistakes, want fewer than %d", some, all)
	}
	f := &failures{TB: t}
	got := sdkdiff.Load(t, dir, "pay")
	got.Method = "PUT"
	sdkdiff.Compare(f, dir, "pay", got)
	if len(f.told) != 1 || !strings.Contains(f.told[0], "pay: method") {
		t.Errorf("compare told %q", f.told)
	}
}

// What a recorder sees of a connector's request is what a recording has of the SDK's.
func TestRecord(t *testing.T) {
	dir := folder(t)
	answered := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Form.Get("expand") == "" {
			t.Errorf("the stand-in got %v %v", r.Form, err)
		}
		w.WriteHeader(http.StatusTeapot)
	})
	recorder := sdkdiff.Record(t, answered)
	body := `{"none":null,"empty":{},"lines":[{"sku":"x"},{"sku":"y"}],"amount":{"currency":"EUR","value":1050}}`
	send := func(contentType, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, recorder.URL+"/v1/payments?expand=a&expand=b", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer key")
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Acme-Key", "recorder-key")
		resp, err := http.DefaultClient.Do(r)
		if err != nil || resp.StatusCode != http.StatusTeapot {
			t.Fatalf("got %v %v", resp, err)
		}
		_ = resp.Body.Close()
	}
	send("application/json", body)
	sdkdiff.Compare(t, dir, "pay", recorder.Only(t))
	send("application/x-www-form-urlencoded", "a%5Bb%5D=1&a%5Bb%5D=2")
	send("text/xml", "<a/>")
	all := recorder.Requests()
	if len(all) != 3 || !slices.Equal(all[1].Form["a[b]"], []string{"1", "2"}) || all[2].Body != "<a/>" {
		t.Errorf("recorded %+v", all)
	}
}

// node runs a script in a folder, or skips the test.
func node(t *testing.T, dir, script string) {
	t.Helper()
	tool, err := exec.LookPath("node")
	if err != nil {
		if slices.Contains(strings.Fields(os.Getenv("PATCHBAY_REQUIRED_TOOLS")), "node") {
			t.Fatal("PATCHBAY_REQUIRED_TOOLS has node, which is not installed")
		}
		t.Skip("SKIPPED for want of node, 20 or later")
	}
	cmd := exec.CommandContext(t.Context(), tool, script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
}

// The recorder's script records an SDK with an option for its host and one without.
func TestRecorderScript(t *testing.T) {
	shared, err := filepath.Abs("recorder.mjs")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"node_modules/acme/index.js": `
const https = require('https'), http = require('http');
const send = (lib, options, body) => new Promise((done, fail) => {
  const req = lib.request(options, (res) => { res.resume(); res.on('end', done); });
  req.on('error', fail);
  req.end(body);
});
const headers = { 'Content-Type': 'application/json', 'X-Key': 'k', 'X-Telemetry': 'noise' };
exports.plain = (port) => send(http, { host: '127.0.0.1', port, path: '/v1/pay?a=1&a=2', method: 'POST', headers }, '{"amount":5}');
exports.fixed = () => send(https, { hostname: 'api.acme.invalid', port: 443, protocol: 'https:', path: '/v2/refund', method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, agent: new https.Agent() }, 'a%5Bb%5D=1');
exports.url = () => send(https, new URL('https://api.acme.invalid/v3/get?x=1'));
`,
		"record.mjs": `import { record } from '` + shared + `';
await record(import.meta.dirname, { drop: ['x-telemetry'], redirect: true }, ({ port, load }) => {
  const acme = load('acme');
  return { plain: () => acme.plain(port), fixed: () => acme.fixed(), url: () => acme.url() };
});`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	node(t, dir, "record.mjs")
	for name, want := range map[string]sdkdiff.Request{
		"plain": {Method: "POST", Path: "/v1/pay", Headers: sdkdiff.Values{"content-type": {"application/json"}, "x-key": {"k"}},
			Query: sdkdiff.Values{"a": {"1", "2"}}, JSON: map[string]any{"amount": 5.0}},
		"fixed": {Method: "POST", Path: "/v2/refund", Headers: sdkdiff.Values{"content-type": {"application/x-www-form-urlencoded"}},
			Form: sdkdiff.Values{"a[b]": {"1"}}},
		"url": {Method: "GET", Path: "/v3/get", Query: sdkdiff.Values{"x": {"1"}}},
	} {
		sdkdiff.Compare(t, dir, name, want)
	}
}
