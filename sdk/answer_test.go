package sdk

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestAnswered(t *testing.T) {
	for want, got := range map[string]*Error{
		"Acme: no such card (status 422, code c_7)": Answered(InvalidRequest, "", "Acme", "no such card", Part{"status", "422"}, Part{"code", "c_7"}, Part{"request", ""}),
		"Acme: no reason is given":                  Answered(InvalidRequest, "", "Acme", "", Part{"code", ""}),
	} {
		if got.Message != want || got.Kind != InvalidRequest {
			t.Errorf("got %v %q, want %q", got.Kind, got.Message, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "Mon, 02 Jan 2006 15:04:05 GMT": 0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {value}}); got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
	later := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	if got := RetryAfter(http.Header{"Retry-After": {later}}); got < 59*time.Minute || got > time.Hour {
		t.Errorf("%s: got %s, want an hour", later, got)
	}
}

func TestExchange(t *testing.T) {
	psp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("short and stout"))
		if r.URL.Path == "/cut" {
			panic(http.ErrAbortHandler)
		}
	}))
	defer psp.Close()
	get := func(ctx context.Context, path string) (int, string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, psp.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := Exchange(psp.Client(), req)
		if err != nil {
			return 0, "", err
		}
		return answer.Status, string(answer.Body), nil
	}
	if status, body, err := get(t.Context(), "/"); status != http.StatusTeapot || body != "short and stout" || err != nil {
		t.Errorf("got %d %q %v", status, body, err)
	}
	if _, _, err := get(t.Context(), "/cut"); err == nil {
		t.Error("a body that was cut off is none")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := get(gone, "/"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestUnixTime(t *testing.T) {
	if got := UnixTime(0); got != nil {
		t.Errorf("no time is %v", got)
	}
	if got := UnixTime(1893456000); got.GetSeconds() != 1893456000 || got.GetNanos() != 0 {
		t.Errorf("got %v", got)
	}
}
