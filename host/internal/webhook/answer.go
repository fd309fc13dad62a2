package webhook

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// outcome is what became of a webhook, in a word.
type outcome string

const (
	outcomeHeld        outcome = "held"        // a sink has its events, or it had none, and it is acknowledged
	outcomeRejected    outcome = "rejected"    // the connector does not believe it
	outcomeUnknown     outcome = "unknown"     // there is no such connector and account
	outcomeMalformed   outcome = "malformed"   // it can't be understood, or is too large
	outcomeLimited     outcome = "limited"     // there are too many
	outcomeUnavailable outcome = "unavailable" // the connector gave no answer
	outcomeUnfetched   outcome = "unfetched"   // what it is about could not be fetched from the PSP
	outcomeUnheld      outcome = "unheld"      // no sink holds its events
)

// answer is what the sender of a webhook is told.
type answer struct {
	status     int
	headers    []*paymentsv1.HttpHeader
	body       []byte
	retryAfter time.Duration
	outcome    outcome
	why        string // for the operator alone
}

// refused is the answer to what will not be better next time.
func refused(status int, o outcome, why string) answer {
	return answer{status: status, outcome: o, why: why}
}

// later is the answer to what should be sent again.
func later(status int, o outcome, why string) answer {
	return answer{status: status, outcome: o, why: why, retryAfter: time.Second}
}

// failed is the answer where the connector has not handled a webhook.
func failed(f wire.Failure) answer {
	why := fmt.Sprintf("%s %s: %s", f.Code, f.Reason, f.Message)
	switch f.Code {
	case codes.NotFound, codes.Unimplemented:
		return refused(http.StatusNotFound, outcomeUnknown, why)
	case codes.InvalidArgument:
		if f.Reason == wire.ReasonMessageTooLarge {
			return refused(http.StatusRequestEntityTooLarge, outcomeMalformed, why)
		}
		return refused(http.StatusBadRequest, outcomeMalformed, why)
	case codes.ResourceExhausted:
		a := later(http.StatusServiceUnavailable, outcomeLimited, why)
		if f.Reason == wire.ReasonRateLimited {
			a.status = http.StatusTooManyRequests
		}
		a.retryAfter = max(a.retryAfter, f.RetryAfter)
		return a
	}
	return later(http.StatusServiceUnavailable, outcomeUnavailable, why)
}

// disbelieved is the answer to a webhook that the connector does not believe: the
// one that it gives, if that is a refusal.
func disbelieved(r *paymentsv1.HandleWebhookResponse) answer {
	a := acknowledged(r.GetAcknowledgement())
	if a.status < http.StatusBadRequest || a.outcome != outcomeHeld {
		a = answer{status: http.StatusUnauthorized}
	}
	a.outcome, a.why = outcomeRejected, r.GetRejectionReason()
	return a
}

// acknowledged is the connector's answer for the PSP.
func acknowledged(r *paymentsv1.HttpResponse) answer {
	status := int(r.GetStatusCode())
	if status < http.StatusOK || status > 599 {
		return later(http.StatusServiceUnavailable, outcomeUnavailable, fmt.Sprintf("the connector says to answer with the status %d, which is none", status))
	}
	return answer{status: status, headers: r.GetHeaders(), body: r.GetBody(), outcome: outcomeHeld}
}

// ofTheConnection says whether a header is no connector's to set (RFC 9110,
// sections 7.6.1 and 8.6).
func ofTheConnection(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// send writes the answer.
func (a answer) send(w http.ResponseWriter, requestID string) {
	header := w.Header()
	for _, h := range a.headers {
		if name := http.CanonicalHeaderKey(h.GetName()); !ofTheConnection(name) {
			header.Add(name, h.GetValue())
		}
	}
	header.Set(wire.RequestIDHeader, requestID)
	header.Set("Cache-Control", "no-store")
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	header.Set("X-Content-Type-Options", "nosniff")
	if a.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(a.retryAfter.Seconds()))))
	}
	if a.status == http.StatusMethodNotAllowed {
		header.Set("Allow", "GET, POST")
	}
	body := a.body
	if len(body) == 0 && a.status >= http.StatusBadRequest {
		body = []byte(http.StatusText(a.status) + "\n")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // who does not read it gets no other
}
