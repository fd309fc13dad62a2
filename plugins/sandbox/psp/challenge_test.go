package psp

import (
	"net/http"
	"strings"
	"testing"
)

// challenged makes a payment that waits for its challenge and gives the paths of
// the payment and of the page.
func challenged(h harness, returnURL string) (path, page string) {
	h.t.Helper()
	r := h.post("/v1/payments", `{"reference":"<order>","amount":1000,"currency":"USD","return_url":"`+returnURL+`","payment_method":{"token":"tok_challenge"}}`)
	address, _ := r.body["challenge_url"].(string)
	page, found := strings.CutPrefix(address, h.url)
	if !found || r.body["status"] != "requires_action" {
		h.t.Fatalf("got %v, want a page at %s", r.body, h.url)
	}
	return "/v1/payments/" + r.body["id"].(string), page
}

func TestChallenge_approve(t *testing.T) {
	h := start(t)
	path, page := challenged(h, "https://shop.example/return?cart=7")
	if n := len(h.charges()); n != 0 {
		t.Errorf("%d charges before the challenge", n)
	}
	if r := h.post(path+"/capture", `{}`); r.code() != "payment_not_capturable" {
		t.Errorf("capture: got %v", r.body)
	}
	if text := h.get(page, "Authorization", "").body["text"].(string); !strings.Contains(text, "?outcome=approve") || strings.Contains(text, "<order>") {
		t.Errorf("the page: %s", text)
	}
	r := h.get(page+"?outcome=approve", "Authorization", "")
	want := "https://shop.example/return?cart=7&payment_id=" + strings.TrimPrefix(path, "/v1/payments/") + "&redirect_result=rr_"
	if r.status != http.StatusSeeOther || !strings.HasPrefix(r.header.Get("Location"), want) {
		t.Errorf("got %d to %q, want %q", r.status, r.header.Get("Location"), want)
	}
	h.get(page + "?outcome=decline") // too late
	got := h.get(path).body
	if got["status"] != "captured" || got["challenge_url"] != nil || len(h.charges()) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestChallenge_decline(t *testing.T) {
	h := start(t)
	path, page := challenged(h, "")
	if r := h.get(page + "?outcome=maybe"); r.status != http.StatusBadRequest {
		t.Errorf("an unknown outcome: got %d", r.status)
	}
	if r := h.get(page + "?outcome=decline"); !strings.Contains(r.body["text"].(string), "is declined") {
		t.Errorf("the page: %v", r.body)
	}
	got := h.get(path).body
	if d := got["decline"].(map[string]any); got["status"] != "declined" || d["code"] != "authentication_failed" {
		t.Errorf("got %v", got)
	}
	if n := len(h.charges()); n != 0 {
		t.Errorf("%d charges, want none", n)
	}
}

func TestChallenge_givenUp(t *testing.T) {
	h := start(t)
	path, page := challenged(h, "")
	if r := h.post(path+"/void", `{}`); r.body["status"] != "voided" {
		t.Fatalf("void: got %v", r.body)
	}
	h.get(page + "?outcome=approve")
	if got := h.get(path).body; got["status"] != "voided" || len(h.charges()) != 0 {
		t.Errorf("got %v", got)
	}
}
