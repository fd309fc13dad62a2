package sdk

import (
	"net/http"
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
