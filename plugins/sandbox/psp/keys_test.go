package psp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestKeys_replay(t *testing.T) {
	h := start(t)
	body := payment1000("tok_approve", "automatic")
	first := h.post("/v1/payments", body, KeyHeader, "k1")
	second := h.post("/v1/payments", body, KeyHeader, "k1")
	if first.header.Get(ReplayedHeader) != "" || second.header.Get(ReplayedHeader) != "true" {
		t.Errorf("replayed: %q, then %q", first.header.Get(ReplayedHeader), second.header.Get(ReplayedHeader))
	}
	if first.status != second.status || !reflect.DeepEqual(first.body, second.body) {
		t.Errorf("got %v, then %v", first.body, second.body)
	}
	got := h.charges()
	if len(got) != 1 || got[0].Attempts != 2 || got[0].IdempotencyKey != "k1" {
		t.Errorf("charges %+v, want one with 2 attempts", got)
	}
	h.post("/v1/payments", body, KeyHeader, "k2")
	h.post("/v1/payments", body)
	h.post("/v1/payments", body)
	if n := len(h.charges()); n != 4 {
		t.Errorf("%d charges, want 4: another key and no key are other payments", n)
	}
}

func TestKeys_everyWriteIsReplayed(t *testing.T) {
	h := start(t)
	path := h.pay("manual")
	for _, c := range []struct{ path, body string }{
		{path + "/capture", `{"amount":300,"currency":"USD","more_to_come":true}`},
		{path + "/refunds", `{"reference":"r","amount":100,"currency":"USD"}`},
		{h.pay("manual") + "/void", `{}`},
	} {
		first := h.post(c.path, c.body, KeyHeader, c.path)
		second := h.post(c.path, c.body, KeyHeader, c.path)
		if first.status > 201 || second.header.Get(ReplayedHeader) != "true" || !reflect.DeepEqual(first.body, second.body) {
			t.Errorf("%s: got %v, then %v", c.path, first.body, second.body)
		}
	}
	if got := h.charges()[0]; got.Captured != 300 || got.Refunded != 100 || got.Attempts != 1 {
		t.Errorf("charge %+v, want 300 captured, 100 refunded, 1 attempt", got)
	}
}

func TestKeys_reused(t *testing.T) {
	h := start(t)
	path := h.pay("manual")
	h.post("/v1/payments", payment1000("tok_approve", "automatic"), KeyHeader, "k")
	for _, c := range []struct{ path, body string }{
		{"/v1/payments", payment1000("tok_approve", "manual")},
		{path + "/capture", `{}`},
	} {
		if r := h.post(c.path, c.body, KeyHeader, "k"); r.status != http.StatusConflict || r.code() != "idempotency_key_reused" {
			t.Errorf("%s: got %d %v", c.path, r.status, r.body)
		}
	}
	for _, c := range h.charges() {
		if c.Attempts != 1 {
			t.Errorf("%+v: a refused request counts as an attempt", c)
		}
	}
}

func TestKeys_refusals(t *testing.T) {
	h := start(t)
	path := h.pay("automatic")
	t.Run("of state are final", func(t *testing.T) {
		first := h.post(path+"/void", `{}`, KeyHeader, "k1")
		second := h.post(path+"/void", `{}`, KeyHeader, "k1")
		if first.status != http.StatusConflict || second.header.Get(ReplayedHeader) != "true" {
			t.Errorf("got %d %v, then %v", first.status, first.body, second.header)
		}
	})
	t.Run("of form leave the key free", func(t *testing.T) {
		h.post("/v1/payments", `{}`, KeyHeader, "k2")
		if r := h.post("/v1/payments", payment1000("tok_approve", "automatic"), KeyHeader, "k2"); r.status != http.StatusCreated {
			t.Errorf("got %d %v", r.status, r.body)
		}
	})
	t.Run("a long key", func(t *testing.T) {
		if r := h.post("/v1/payments", `{}`, KeyHeader, strings.Repeat("k", 256)); r.status != http.StatusBadRequest {
			t.Errorf("got %d %v", r.status, r.body)
		}
	})
}

func TestKeys_concurrentRequestsWait(t *testing.T) {
	h := start(t)
	const n = 8
	var replayed atomic.Int32
	ids := make([]any, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			r, err := h.request(t.Context(), http.MethodPost, "/v1/payments", payment1000("tok_approve", "automatic"),
				KeyHeader, "k", SimulateHeader, `{"delay_ms":200}`)
			if err != nil {
				t.Error(err)
				return
			}
			if r.header.Get(ReplayedHeader) == "true" {
				replayed.Add(1)
			}
			ids[i] = r.body["id"]
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id == nil || id != ids[0] {
			t.Errorf("ids %v, want all the same", ids)
		}
	}
	if got := h.charges(); len(got) != 1 || got[0].Attempts != n || replayed.Load() != n-1 {
		t.Errorf("charges %+v and %d replays, want one with %d attempts", got, replayed.Load(), n)
	}
}

func TestKeys_aFailureLetsTheNextTry(t *testing.T) {
	k := newKeys()
	asked := fingerprint("/p", nil)
	started, fail := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _, _ = k.once(t.Context(), "k", asked, func() answer {
			close(started)
			<-fail
			return answer{status: 500}
		})
	})
	<-started

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := k.once(gone, "k", asked, func() answer { return answer{} }); err == nil {
		t.Error("a client that is gone was answered while the first request was under way")
	}
	wg.Go(func() {
		a, replayed, err := k.once(t.Context(), "k", asked, func() answer { return answer{status: 200, final: true} })
		if err != nil || replayed || a.status != 200 {
			t.Errorf("got %+v %v %v, want its own 200", a, replayed, err)
		}
	})
	close(fail)
	wg.Wait()
	if a, replayed, _ := k.once(t.Context(), "k", asked, func() answer { return answer{} }); !replayed || a.status != 200 {
		t.Errorf("got %+v %v, want the 200 again", a, replayed)
	}
}

func TestSimulate_unknownCommitsThenCuts(t *testing.T) {
	h := start(t)
	cut := func(path, body string) {
		t.Helper()
		r, err := h.request(t.Context(), http.MethodPost, path, body, KeyHeader, path, SimulateHeader, `{"outcome":"unknown"}`)
		if err == nil {
			t.Fatalf("%s: got an answer: %d %v", path, r.status, r.body)
		}
	}
	again := func(path, body string, header ...string) reply {
		t.Helper()
		r := h.post(path, body, append(header, KeyHeader, path)...)
		if r.header.Get(ReplayedHeader) != "true" {
			t.Fatalf("%s: got %d %v, want a replay", path, r.status, r.body)
		}
		return r
	}

	body := payment1000("tok_approve", "manual")
	cut("/v1/payments", body)
	if n := len(h.charges()); n != 1 {
		t.Fatalf("%d charges after the cut, want 1", n)
	}
	paid := again("/v1/payments", body)
	again("/v1/payments", body, SimulateHeader, `{"outcome":"unknown"}`)
	path := "/v1/payments/" + paid.body["id"].(string)

	cut(path+"/capture", `{}`)
	if r := again(path+"/capture", `{}`); r.body["amount"] != 1000.0 {
		t.Errorf("capture: got %v", r.body)
	}
	cut(path+"/refunds", `{"reference":"r"}`)
	if r := again(path+"/refunds", `{"reference":"r"}`); r.body["amount"] != 1000.0 {
		t.Errorf("refund: got %v", r.body)
	}
	if got := h.charges(); len(got) != 1 || got[0].Captured != 1000 || got[0].Refunded != 1000 || got[0].Attempts != 3 {
		t.Errorf("charges %+v", got)
	}
	if _, err := h.request(t.Context(), http.MethodGet, path, "", SimulateHeader, `{"outcome":"unknown"}`); err == nil {
		t.Error("a read was answered")
	}
}

func TestSimulate_failuresDoNothing(t *testing.T) {
	h := start(t)
	body := payment1000("tok_approve", "automatic")
	r := h.post("/v1/payments", body, KeyHeader, "k", SimulateHeader, `{"outcome":"error_500"}`)
	if e := r.body["error"].(map[string]any); r.status != http.StatusInternalServerError || e["nothing_done"] != nil {
		t.Errorf("got %d %v, want a 500 that does not say that nothing was done", r.status, r.body)
	}
	r = h.post("/v1/payments", body, KeyHeader, "k", SimulateHeader, `{"outcome":"rate_limited"}`)
	if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") != "1" {
		t.Errorf("got %d %v", r.status, r.header)
	}
	if n := len(h.charges()); n != 0 {
		t.Errorf("%d charges, want none", n)
	}
	r = h.post("/v1/payments", body, KeyHeader, "k")
	if r.status != http.StatusCreated || r.header.Get(ReplayedHeader) != "" {
		t.Errorf("the repeat: got %d %v", r.status, r.header)
	}
}

func TestSimulate_refusesWhatItDoesNotKnow(t *testing.T) {
	h := start(t)
	for _, header := range []string{`{`, `{"outcome":"explode"}`, `{"speed":1}`, `{"delay_ms":-1}`, `{"delay_ms":600001}`} {
		for _, r := range []reply{
			h.post("/v1/payments", payment1000("tok_approve", "automatic"), SimulateHeader, header),
			h.get("/v1/account", SimulateHeader, header),
		} {
			if r.status != http.StatusBadRequest || r.code() != "invalid_request" {
				t.Errorf("%s: got %d %v", header, r.status, r.body)
			}
		}
	}
	if n := len(h.charges()); n != 0 {
		t.Errorf("%d charges, want none", n)
	}
}

func TestSimulate_delayOutlivesTheClient(t *testing.T) {
	h := start(t)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	const delay = 100 * time.Millisecond
	took := make(chan time.Duration, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		leave()
		<-r.Context().Done()
		began := time.Now()
		h.psp.ServeHTTP(w, r)
		took <- time.Since(began)
	}))
	defer server.Close()
	left := harness{t: t, psp: h.psp, url: server.URL}
	_, err := left.request(ctx, http.MethodPost, "/v1/payments", payment1000("tok_approve", "automatic"),
		SimulateHeader, fmt.Sprintf(`{"delay_ms":%d}`, delay.Milliseconds()))
	if err == nil {
		t.Fatal("the PSP answered a client that had left")
	}
	if got := <-took; got < delay {
		t.Errorf("it took %v, want the whole delay of %v", got, delay)
	}
	if n := len(h.charges()); n != 1 {
		t.Errorf("%d charges, want 1", n)
	}
}

func TestServer_closeEndsDelays(t *testing.T) {
	h := start(t)
	h.psp.Close()
	r := h.post("/v1/payments", payment1000("tok_approve", "automatic"), SimulateHeader, `{"delay_ms":600000}`)
	if e := r.body["error"].(map[string]any); r.status != http.StatusServiceUnavailable || e["nothing_done"] != true {
		t.Errorf("got %d %v", r.status, r.body)
	}
	if n := len(h.charges()); n != 0 {
		t.Errorf("%d charges, want none", n)
	}
}
