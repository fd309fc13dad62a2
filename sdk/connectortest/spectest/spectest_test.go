package spectest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay/patchbay/sdk/connectortest/spectest"
)

func parse(t *testing.T, opts ...spectest.Option) *spectest.Spec {
	t.Helper()
	spec, err := spectest.Parse([]byte(acme), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// ask is a request as a connector makes it.
type ask struct{ method, path, kind, body string }

func (a ask) request(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), a.method, "http://127.0.0.1"+a.path, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Key", "secret")
	r.Header.Set("Acme-Key", "key-1")
	if a.kind != "" {
		r.Header.Set("Content-Type", a.kind)
	}
	return r
}

const (
	asJSON = "application/json; charset=utf-8"
	asForm = "application/x-www-form-urlencoded"
	card   = `{"amount":{"value":1050,"currency":"EUR"},"method":{"type":"card","number":"4242"},"shopper":{"name":"Jo","email":"jo@example.com"},"metadata":{"any":"thing"}}`
	refund = "payment=pay_1&amount=500&full=false&items[0][sku]=a&items[0][count]=2&items[1][sku]=b&expand[]=x&expand[]=y&reason[code]=3&metadata[any]=thing"
)

func upload(purpose string) ask {
	body := "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n" + purpose +
		"\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF\r\n--b--\r\n"
	return ask{"POST", "/v1/files", "multipart/form-data; boundary=b", body}
}

func TestCheckRequest(t *testing.T) {
	spec := parse(t)
	for name, c := range map[string]struct {
		ask   ask
		wrong string // "" if it is the vendor's
	}{
		"json":             {ask{"POST", "/v1/payments", asJSON, card}, ""},
		"form":             {ask{"POST", "/v1/refunds", asForm, refund}, ""},
		"empty form value": {ask{"POST", "/v1/refunds", asForm, "payment=pay_1&reason="}, ""},
		"upload":           {upload("evidence"), ""},
		"query":            {ask{"GET", "/v1/payments?limit=100&expand[0]=a&expand[1]=b", "", ""}, ""},
		"path":             {ask{"GET", "/v1/payments/pay_1", "", ""}, ""},

		"unknown path":      {ask{"GET", "/v1/payouts", "", ""}, "no such operation"},
		"other base":        {ask{"GET", "/v2/payments", "", ""}, "not beneath"},
		"unknown method":    {ask{"PUT", "/v1/payments", asJSON, card}, "no PUT for this path, only GET, POST"},
		"bad path":          {ask{"GET", "/v1/payments/x", "", ""}, "path id"},
		"bad query":         {ask{"GET", "/v1/payments?limit=101", "", ""}, "query limit"},
		"query of words":    {ask{"GET", "/v1/payments?limit=ten", "", ""}, "query limit"},
		"unknown query":     {ask{"GET", "/v1/payments?page=2", "", ""}, `query "page" is not described`},
		"no body":           {ask{"POST", "/v1/payments", asJSON, ""}, "the body is required"},
		"body of a GET":     {ask{"GET", "/v1/payments", asJSON, "{}"}, "has no body"},
		"other type":        {ask{"POST", "/v1/payments", asForm, "amount=1"}, "is not described, only application/json"},
		"no type":           {ask{"POST", "/v1/payments", "", card}, "can't be read"},
		"no json":           {ask{"POST", "/v1/payments", asJSON, card[:9]}, "no JSON"},
		"twice":             {ask{"POST", "/v1/payments", asJSON, card + card}, "goes on"},
		"unknown field":     {ask{"POST", "/v1/payments", asJSON, strings.Replace(card, `"amount":`, `"amuont":1,"amount":`, 1)}, "amuont"},
		"unknown inner":     {ask{"POST", "/v1/payments", asJSON, strings.Replace(card, `"value":`, `"valeu":1,"value":`, 1)}, "valeu"},
		"unknown in parts":  {ask{"POST", "/v1/payments", asJSON, strings.Replace(card, `"email":`, `"emial":1,"email":`, 1)}, "emial"},
		"missing":           {ask{"POST", "/v1/payments", asJSON, strings.Replace(card, `"value":1050,`, "", 1)}, "amount/value: "},
		"missing in parts":  {ask{"POST", "/v1/payments", asJSON, strings.Replace(card, `"name":"Jo",`, "", 1)}, "shopper/name: "},
		"wrong type":        {ask{"POST", "/v1/payments", asJSON, strings.Replace(card, "1050", `"10.50"`, 1)}, "amount/value: "},
		"wrong word":        {ask{"POST", "/v1/payments", asJSON, strings.Replace(card, "EUR", "eur", 1)}, "amount/currency: "},
		"wrong metadata":    {ask{"POST", "/v1/payments", asJSON, strings.Replace(card, `"thing"`, "1", 1)}, "metadata/any: "},
		"no alternative":    {ask{"POST", "/v1/payments", asJSON, strings.Replace(card, `"number":"4242"`, `"nubmer":"4242"`, 1)}, "of the closest"},
		"form: unknown":     {ask{"POST", "/v1/refunds", asForm, refund + "&amuont=1"}, "amuont"},
		"form: inner":       {ask{"POST", "/v1/refunds", asForm, refund + "&items[1][suk]=1"}, "suk"},
		"form: type":        {ask{"POST", "/v1/refunds", asForm, "payment=pay_1&amount=5.00"}, "amount: "},
		"form: no list":     {ask{"POST", "/v1/refunds", asForm, "payment=pay_1&expand=x"}, "expand: "},
		"form: gap":         {ask{"POST", "/v1/refunds", asForm, "payment=pay_1&items[0][sku]=a&items[2][sku]=b"}, "items: "},
		"form: missing":     {ask{"POST", "/v1/refunds", asForm, "amount=5"}, "payment"},
		"form: twice":       {ask{"POST", "/v1/refunds", asForm, "payment=pay_1&payment=pay_2"}, "payment: "},
		"form: both":        {ask{"POST", "/v1/refunds", asForm, "payment=pay_1&reason=x&reason[code]=1"}, "reason"},
		"form: name":        {ask{"POST", "/v1/refunds", asForm, "payment=pay_1&items[0]sku=a"}, "no name"},
		"upload: wrong":     {upload("fun"), "purpose: "},
		"upload: truncated": {ask{"POST", "/v1/files", "multipart/form-data; boundary=b", "--b\r\nContent-"}, "multipart"},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.ask.request(t)
			problems := strings.Join(spec.CheckRequest(r), "; ")
			if c.wrong == "" && problems != "" || !strings.Contains(problems, c.wrong) || c.wrong != "" && problems == "" {
				t.Errorf("got %q, want %q", problems, c.wrong)
			}
			if body, _ := io.ReadAll(r.Body); string(body) != c.ask.body {
				t.Errorf("the body is used up: %q", body)
			}
		})
	}
}

// A file in a text is held against its encoding, and a large one costs no seconds.
func TestCheckRequest_base64(t *testing.T) {
	spec, err := spectest.Parse([]byte(`openapi: 3.0.0
info: {title: a, version: "1"}
paths:
  /files:
    post:
      requestBody: {content: {application/json: {schema: {type: object, properties: {file: {type: string, format: byte}}}}}}
      responses: {"200": {description: ok}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file  string
		wrong bool
	}{
		"a file":              {"JVBERi0=", false},
		"nothing":             {"", false},
		"a large file":        {strings.Repeat("eHh4", 1<<20), false},
		"no base64":           {"%PDF", true},
		"cut":                 {"JVBER", true},
		"of another alphabet": {"_-8=", true},
	} {
		r := ask{"POST", "/files", asJSON, `{"file":"` + c.file + `"}`}.request(t)
		if problems := spec.CheckRequest(r); (len(problems) > 0) != c.wrong {
			t.Errorf("%s: %.200v", name, problems)
		}
	}
}

func TestCheckRequest_headers(t *testing.T) {
	spec := parse(t)
	for name, c := range map[string]struct {
		change func(http.Header)
		wrong  string
	}{
		"another way":    {func(h http.Header) { h.Del("X-Key"); h.Set("Authorization", "Basic eA==") }, ""},
		"no key":         {func(h http.Header) { h.Del("X-Key") }, "none of the credentials"},
		"empty basic":    {func(h http.Header) { h.Del("X-Key"); h.Set("Authorization", "Basic ") }, "none of the credentials"},
		"another scheme": {func(h http.Header) { h.Del("X-Key"); h.Set("Authorization", "Bearer x") }, "none of the credentials"},
		"no header":      {func(h http.Header) { h.Del("Acme-Key") }, `header "Acme-Key" is required`},
		"long header":    {func(h http.Header) { h.Set("Acme-Key", "123456789") }, "header Acme-Key"},
	} {
		r := ask{"POST", "/v1/payments", asJSON, card}.request(t)
		c.change(r.Header)
		if problems := strings.Join(spec.CheckRequest(r), "; "); (problems == "") != (c.wrong == "") || !strings.Contains(problems, c.wrong) {
			t.Errorf("%s: got %q, want %q", name, problems, c.wrong)
		}
	}
}

func TestCheckAnswer(t *testing.T) {
	spec := parse(t)
	for name, c := range map[string]struct {
		method, path string
		status       int
		kind, body   string
		wrong        string
	}{
		"right":            {"POST", "/v1/payments", 201, asJSON, `{"id":"pay_1","status":"done"}`, ""},
		"by default":       {"POST", "/v1/payments", 422, asJSON, `{"error":"no"}`, ""},
		"without a body":   {"DELETE", "/v1/payments/pay_1", 204, "", "", ""},
		"invented field":   {"POST", "/v1/payments", 201, asJSON, `{"id":"pay_1","state":"done"}`, "state"},
		"invented word":    {"POST", "/v1/payments", 201, asJSON, `{"id":"pay_1","status":"finished"}`, "status: "},
		"missing":          {"POST", "/v1/payments", 201, asJSON, `{}`, "id"},
		"invented status":  {"GET", "/v1/payments/pay_1", 404, asJSON, `{}`, "the status 404 is not described"},
		"another type":     {"POST", "/v1/payments", 201, "text/html", `{"id":"pay_1"}`, "not described"},
		"a body too many":  {"DELETE", "/v1/payments/pay_1", 204, asJSON, "{}", "has no body"},
		"another error":    {"POST", "/v1/payments", 422, asJSON, `{"message":"no"}`, "message"},
		"of no operation":  {"GET", "/v1/nothing", 200, asJSON, `{}`, "no such operation"},
		"a list's element": {"GET", "/v1/payments", 200, asJSON, `[{"id":"pay_1"},{"di":"pay_2"}]`, "1"},
	} {
		problems := strings.Join(spec.CheckAnswer(c.method, c.path, c.status, http.Header{"Content-Type": {c.kind}}, []byte(c.body)), "; ")
		if (problems == "") != (c.wrong == "") || !strings.Contains(problems, c.wrong) {
			t.Errorf("%s: got %q, want %q", name, problems, c.wrong)
		}
	}
}

func TestCheckSchema(t *testing.T) {
	spec := parse(t)
	for schema, c := range map[string]struct{ body, wrong string }{
		"Made":    {`{"id":"pay_1"}`, ""},
		"Card":    {`{"type":"bank","number":"1"}`, "type"},
		"Nothing": {`{}`, "no schema"},
		"Name":    {`{`, "no JSON"},
	} {
		problems := strings.Join(spec.CheckSchema(schema, []byte(c.body)), "; ")
		if (problems == "") != (c.wrong == "") || !strings.Contains(problems, c.wrong) {
			t.Errorf("%s: got %q, want %q", schema, problems, c.wrong)
		}
	}
}

func TestOptions(t *testing.T) {
	more := ask{"POST", "/v1/payments", asJSON, strings.Replace(card, `"number":`, `"cvc":"123","number":`, 1)}
	if got := parse(t).CheckRequest(more.request(t)); len(got) == 0 {
		t.Error("a field more is taken")
	}
	if got := parse(t, spectest.Open("Card")).CheckRequest(more.request(t)); len(got) != 0 {
		t.Errorf("left open: %q", got)
	}
	described := spectest.Amend(func(document map[string]any) error {
		schemas := document["components"].(map[string]any)["schemas"].(map[string]any)
		schemas["Card"].(map[string]any)["properties"].(map[string]any)["cvc"] = map[string]any{"type": "string"}
		return nil
	})
	if got := parse(t, described).CheckRequest(more.request(t)); len(got) != 0 {
		t.Errorf("amended: %q", got)
	}
}

func TestParse_refused(t *testing.T) {
	lookahead := strings.Replace(acme, `pattern: "^pay_"`, `pattern: "^(?!x)pay_"`, 1)
	_, err := spectest.Parse([]byte(lookahead))
	if err == nil || !strings.Contains(err.Error(), "/paths//payments/{id}/parameters/0/schema") || !strings.Contains(err.Error(), "?!") {
		t.Errorf("a pattern that can't be checked: %v", err)
	}
	spec, err := spectest.Parse([]byte(lookahead), spectest.Pattern("^(?!x)pay_", "^pay_"))
	if err != nil {
		t.Fatal(err)
	}
	if got := spec.CheckRequest(ask{"GET", "/v1/payments/x", "", ""}.request(t)); len(got) == 0 {
		t.Error("the equivalent pattern is not applied")
	}
	if _, err := spectest.Parse([]byte(acme), spectest.Open("Nothing")); err == nil || !strings.Contains(err.Error(), "Nothing") {
		t.Errorf("a schema that is not there: %v", err)
	}
	for _, raw := range []string{"", "{", "[]", "{}", `{"swagger":"2.0"}`, `{"openapi":"3.0.3","paths":{"/a":{"get":{"responses":{"200":{"$ref":"#/components/responses/X"}}}}}}`} {
		if _, err := spectest.Parse([]byte(raw)); err == nil {
			t.Errorf("%q was read", raw)
		}
	}
	failing := spectest.Amend(func(map[string]any) error { return fmt.Errorf("not here") })
	if _, err := spectest.Parse([]byte(acme), failing); err == nil || !strings.Contains(err.Error(), "not here") {
		t.Errorf("an amendment that fails: %v", err)
	}
}

// standIn answers as Acme's description says, but for what it is told to spoil.
func standIn(spoil string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/payments" {
			w.WriteHeader(http.StatusCreated)
		}
		fmt.Fprintf(w, `{"id":"pay_1"%s}`, spoil)
	})
}

func send(t *testing.T, base string, a ask) (int, string) {
	t.Helper()
	r := a.request(t)
	target, err := http.NewRequestWithContext(t.Context(), r.Method, base+r.URL.RequestURI(), strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	target.Header = r.Header
	resp, err := http.DefaultClient.Do(target)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestChecker(t *testing.T) {
	checked := parse(t).Check(standIn(""))
	server := httptest.NewServer(checked)
	t.Cleanup(server.Close)
	paid := ask{"POST", "/v1/payments", asJSON, card}
	for _, a := range []ask{
		paid,
		{"POST", "/v1/payments", asJSON, strings.Replace(card, "1050", "99", 1)}, // alike
		{"POST", "/v1/payments", asJSON, `{"amount":{"value":1},"method":{"type":"bank"}}`},
		{"POST", "/v1/refunds", asForm, refund},
		{"GET", "/v1/payments/pay_1", "", ""},
	} {
		if status, body := send(t, server.URL, a); status >= 400 {
			t.Errorf("%+v: %d %s", a, status, body)
		}
	}
	if got := len(checked.Requests()); got != 4 {
		t.Errorf("%d distinct requests, want 4", got)
	}
	if got := fmt.Sprint(checked.Operations()); got != "[GET /payments/{id} POST /payments POST /refunds]" {
		t.Errorf("operations %s", got)
	}
	if n := checked.MustReject(t, "metadata"); n < 40 {
		t.Errorf("%d mistakes were seeded, want more", n)
	}
	checked.Prove(t, 4)
	status, body := send(t, server.URL, ask{"POST", "/v1/payments", asJSON, "{}"})
	if status != spectest.StatusFinding || !strings.Contains(body, "spectest: POST /v1/payments") || len(checked.Findings()) != 1 {
		t.Errorf("a bad request: %d %s, findings %q", status, body, checked.Findings())
	}
}

// Many requests at once are each checked and kept.
func TestChecker_atOnce(t *testing.T) {
	checked := parse(t).Check(standIn(""))
	server := httptest.NewServer(checked)
	t.Cleanup(server.Close)
	words := []string{"one", "two", "three", "four", "five", "six", "seven", "eight"}
	var calls sync.WaitGroup
	for _, word := range words {
		calls.Go(func() {
			send(t, server.URL, ask{"POST", "/v1/payments", asJSON, strings.Replace(card, "thing", word, 1)})
			send(t, server.URL, ask{"POST", "/v1/payments", asJSON, `{"` + word + `":1}`})
		})
	}
	calls.Wait()
	if taken, found := len(checked.Requests()), len(checked.Findings()); taken != len(words) || found != len(words) {
		t.Errorf("%d requests and %d findings, want %d of each", taken, found, len(words))
	}
}

// An answer that is not the vendor's never reaches the connector, unless its status is
// documented elsewhere.
func TestChecker_answers(t *testing.T) {
	spec := parse(t)
	get := ask{"GET", "/v1/payments/pay_1", "", ""}
	invented := spec.Check(standIn(`,"colour":"red"`))
	server := httptest.NewServer(invented)
	t.Cleanup(server.Close)
	if status, body := send(t, server.URL, get); status != spectest.StatusFinding || !strings.Contains(body, "colour") {
		t.Errorf("got %d %s", status, body)
	}
	limited := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "slow down", http.StatusTooManyRequests) })
	for _, c := range []struct {
		checked *spectest.Checker
		want    int
	}{{spec.Check(limited), spectest.StatusFinding}, {spec.Check(limited, spectest.Undescribed(http.StatusTooManyRequests)), http.StatusTooManyRequests}} {
		server := httptest.NewServer(c.checked)
		t.Cleanup(server.Close)
		if status, body := send(t, server.URL, get); status != c.want {
			t.Errorf("got %d %s, want %d", status, body, c.want)
		}
	}
}

// Two descriptions before one stand-in.
func TestChecker_under(t *testing.T) {
	spec := parse(t)
	mux := http.NewServeMux()
	mux.Handle("/v1/", spec.Check(standIn("")))
	other := spec.Check(standIn(""), spectest.Under("/other/v3/"))
	mux.Handle("/other/v3/", other)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	if status, body := send(t, server.URL, ask{"GET", "/other/v3/payments/pay_1", "", ""}); status != 200 {
		t.Errorf("got %d %s", status, body)
	}
	other.Prove(t, 1)
}

// failures counts what a test would have failed with.
type failures struct {
	testing.TB
	told []string
}

func (f *failures) Helper()             {}
func (f *failures) Logf(string, ...any) {}
func (f *failures) Error(args ...any)   { f.told = append(f.told, fmt.Sprint(args...)) }
func (f *failures) Errorf(s string, args ...any) {
	f.told = append(f.told, fmt.Sprintf(s, args...))
}

// The proof fails where it should.
func TestChecker_canFail(t *testing.T) {
	open := parse(t, spectest.Amend(func(document map[string]any) error {
		schemas := document["components"].(map[string]any)["schemas"].(map[string]any)
		schemas["Payment"] = map[string]any{"type": "object"}
		return nil
	}))
	checked := open.Check(standIn(""))
	server := httptest.NewServer(checked)
	t.Cleanup(server.Close)
	send(t, server.URL, ask{"POST", "/v1/payments", asJSON, card})
	f := &failures{TB: t}
	checked.MustReject(f)
	if len(f.told) == 0 {
		t.Error("a description that takes anything was not noticed")
	}
	f = &failures{TB: t}
	open.Check(standIn("")).MustReject(f)
	if len(f.told) != 1 {
		t.Errorf("no request at all: %q", f.told)
	}
	f = &failures{TB: t}
	checked.Prove(f, 2)
	if len(f.told) != 1 || !strings.Contains(f.told[0], "at least 2") {
		t.Errorf("too few requests: %q", f.told)
	}
	send(t, server.URL, ask{"GET", "/v1/nothing", "", ""})
	f = &failures{TB: t}
	checked.Prove(f, 1)
	if len(f.told) != 1 || !strings.Contains(f.told[0], "no such operation") {
		t.Errorf("a finding: %q", f.told)
	}
}
