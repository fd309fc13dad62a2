package egress

import (
	"fmt"
	"net/http"
)

// result is how a request for a connection ended: a label of the metric.
type result string

const (
	opened       result = "opened"
	denied       result = "denied"
	limited      result = "limited"
	unresolvable result = "unresolvable"
	unreachable  result = "unreachable"
)

// refusal is why there is no connection.
type refusal struct {
	result
	message string // for the guest, and so for callers
	detail  string // for the operator alone; may be empty
}

func refuse(r result, format string, args ...any) *refusal {
	return &refusal{result: r, message: fmt.Sprintf(format, args...)}
}

// answers say how each refusal travels: an HTTP status, and the error type of
// Proxy-Status (RFC 9209, section 2.3).
var answers = map[result]struct {
	status    int
	errorType string
}{
	denied:       {http.StatusForbidden, "http_request_denied"},
	limited:      {http.StatusServiceUnavailable, "connection_limit_reached"},
	unresolvable: {http.StatusBadGateway, "dns_error"},
	unreachable:  {http.StatusBadGateway, "destination_unavailable"},
}

// write answers the guest.
func (r *refusal) write(w http.ResponseWriter) {
	answer := answers[r.result]
	w.Header().Set("Proxy-Status", "patchbay; error="+answer.errorType)
	w.Header().Set("Connection", "close")
	http.Error(w, r.message, answer.status)
}

// forOperators is the whole reason.
func (r *refusal) forOperators() string {
	if r.detail == "" {
		return r.message
	}
	return r.message + ": " + r.detail
}
