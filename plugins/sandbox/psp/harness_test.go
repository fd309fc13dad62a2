package psp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// TestMain lets the test binary be the psp command.
func TestMain(m *testing.M) {
	if Main() {
		return
	}
	os.Exit(m.Run())
}

// harness is a PSP on loopback and what a merchant does with it.
type harness struct {
	t   *testing.T
	psp *Server
	url string
}

func start(t *testing.T) harness {
	t.Helper()
	psp := New()
	server := httptest.NewServer(psp)
	t.Cleanup(func() {
		psp.Close()
		server.Close()
	})
	return harness{t: t, psp: psp, url: server.URL}
}

// reply is one answer of the PSP.
type reply struct {
	status int
	header http.Header
	body   map[string]any
}

// code is the code of an error.
func (r reply) code() any {
	e, _ := r.body["error"].(map[string]any)
	return e["code"]
}

func (h harness) request(ctx context.Context, method, path, body string, header ...string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, h.url+path, bytes.NewBufferString(body))
	if err != nil {
		return reply{}, err
	}
	req.GetBody = nil // net/http would repeat a keyed request by itself
	req.Header.Set("Authorization", "Bearer sk_test")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, err
	}
	r := reply{status: res.StatusCode, header: res.Header}
	if res.Header.Get("Content-Type") == "application/json" {
		err = json.Unmarshal(raw, &r.body)
	} else {
		r.body = map[string]any{"text": string(raw)}
	}
	return r, err
}

func (h harness) do(method, path, body string, header ...string) reply {
	h.t.Helper()
	r, err := h.request(h.t.Context(), method, path, body, header...)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

func (h harness) post(path, body string, header ...string) reply {
	h.t.Helper()
	return h.do(http.MethodPost, path, body, header...)
}

func (h harness) get(path string, header ...string) reply {
	h.t.Helper()
	return h.do(http.MethodGet, path, "", header...)
}

// pay makes an approved payment of 1000 USD and gives its path.
func (h harness) pay(capture string) string {
	h.t.Helper()
	r := h.post("/v1/payments", payment1000("tok_approve", capture))
	if r.status != http.StatusCreated {
		h.t.Fatalf("pay: %d %v", r.status, r.body)
	}
	return "/v1/payments/" + r.body["id"].(string)
}

func payment1000(token, capture string) string {
	return fmt.Sprintf(`{"reference":"order-1","amount":1000,"currency":"USD","capture":%q,"payment_method":{"token":%q}}`, capture, token)
}

func (h harness) charges() []charge {
	h.t.Helper()
	res, err := http.Get(h.url + "/ledger")
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	var told struct {
		Charges []charge `json:"charges"`
	}
	if err := json.NewDecoder(res.Body).Decode(&told); err != nil {
		h.t.Fatal(err)
	}
	return told.Charges
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("never: %s", what)
		}
	}
}
