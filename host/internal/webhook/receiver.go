// Package webhook takes what PSPs send by themselves. It hands each webhook to the
// connector and account that its address names, holds the events that are believed
// in a sink, and only then has the PSP answered. What is not believed is held
// nowhere, and what can't be held is not acknowledged, so that the PSP sends it
// again.
package webhook

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/host/internal/account"
	"github.com/patchbay/patchbay/host/internal/gateway"
	"github.com/patchbay/patchbay/host/internal/telemetry"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Caller is who makes the calls that webhooks give rise to, in log and audit
// record.
const Caller = "webhook"

// Connectors carries the calls of the host's own.
type Connectors interface {
	Call(ctx context.Context, h gateway.HostCall, request, answer proto.Message) (version string, f wire.Failure)
}

// Accounts holds the accounts that webhooks can be for.
type Accounts interface {
	Find(name, connector string) (account.Account, bool)
}

// Config is what a receiver needs of the host. The Spec is complete and checked.
type Config struct {
	Spec
	Connectors Connectors
	Accounts   Accounts
	Sink       Sink
	Metrics    prometheus.Registerer
	Tracing    *telemetry.Tracing // nil: off
	Log        hclog.Logger
}

// Receiver serves PSPs. It is an http.Handler.
type Receiver struct {
	config  Config
	proxies []netip.Prefix
	rate    *rate.Limiter
	places  chan struct{} // one is taken by each webhook that is being handled
	large   chan struct{} // and by each with a large body, from its arrival on
	metrics metrics
	doubts  *doubts
}

// New prepares a receiver.
func New(config Config) (*Receiver, error) {
	proxies, err := config.proxies()
	if err != nil {
		return nil, err
	}
	limit, burst := rate.Inf, 0
	if config.PerSecond > 0 {
		limit, burst = rate.Limit(config.PerSecond), max(1, int(config.PerSecond))
	}
	return &Receiver{
		config: config, proxies: proxies, rate: rate.NewLimiter(limit, burst),
		places: make(chan struct{}, config.InFlight), large: make(chan struct{}, maxLarge),
		metrics: newMetrics(config.Metrics), doubts: newDoubts(config.Log),
	}, nil
}

// delivery is one webhook on its way.
type delivery struct {
	connector, account string // both empty until they are known to be held
	requestID          string
	remote             netip.Addr // zero: not known
	received           time.Time
	request            *paymentsv1.HttpRequest
	span               *span

	version      string
	verification paymentsv1.WebhookVerification
	events       int
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	d := &delivery{requestID: newRequestID(), remote: r.client(req), received: time.Now()}
	d.span = r.beginSpan(req, d)
	a := r.receive(w, req, d)
	a.send(w, d.requestID)
	r.account(d, a)
}

// receive takes a webhook in and says what its sender is answered.
func (r *Receiver) receive(w http.ResponseWriter, req *http.Request, d *delivery) answer {
	if req.Method != http.MethodPost && req.Method != http.MethodGet { // some PSPs ask an endpoint by GET whether it is theirs
		return refused(http.StatusMethodNotAllowed, outcomeMalformed, "the method is "+req.Method)
	}
	connector, name, ok := addressee(req.URL)
	held, found := r.config.Accounts.Find(name, connector)
	if !ok || !found || held.Connector != connector {
		return refused(http.StatusNotFound, outcomeUnknown, "no such connector and account")
	}
	d.connector, d.account = connector, name
	if !r.rate.Allow() {
		return later(http.StatusTooManyRequests, outcomeLimited, "more webhooks a second than per_second")
	}
	body, done, a, ok := r.read(w, req)
	defer done()
	if !ok {
		return a
	}
	d.request = request(req, r.config.PublicURL, body, d.remote)
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	default:
		return later(http.StatusServiceUnavailable, outcomeLimited, "more webhooks at a time than in_flight")
	}
	// A sender that goes away changes nothing: what has come is held.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), r.config.Timeout)
	defer cancel()
	return r.handle(ctx, d)
}

// addressee reads which connector and account an address is for.
func addressee(u *url.URL) (connector, name string, ok bool) {
	rest, ok := strings.CutPrefix(u.EscapedPath(), "/webhooks/")
	connector, escaped, both := strings.Cut(rest, "/")
	name, err := url.PathUnescape(escaped)
	return connector, name, ok && both && err == nil && name != "" && !strings.Contains(escaped, "/")
}

// handle has the connector verify a webhook, and the sink hold what it says.
func (r *Receiver) handle(ctx context.Context, d *delivery) answer {
	response := &paymentsv1.HandleWebhookResponse{}
	f := r.call(ctx, d, paymentsv1.WebhookService_HandleWebhook_FullMethodName, &paymentsv1.HandleWebhookRequest{Request: d.request}, response)
	if f.Code != codes.OK {
		return failed(f)
	}
	d.verification = response.GetVerification()
	var events []Event
	switch d.verification {
	case paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED:
		for _, event := range response.GetEvents() {
			events = append(events, d.event(event, false))
		}
	case paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_FETCH_BACK_REQUIRED:
		for _, hint := range response.GetEvents() {
			event, err := r.fetchBack(ctx, d, hint)
			if err != nil {
				return later(http.StatusServiceUnavailable, outcomeUnfetched, err.Error())
			}
			events = append(events, d.event(event, true))
		}
	default:
		return disbelieved(response)
	}
	d.events = len(events)
	return r.hold(ctx, events, acknowledged(response.GetAcknowledgement()))
}

// hold has the sink hold events; only then the PSP gets the acknowledgement.
func (r *Receiver) hold(ctx context.Context, events []Event, acknowledgement answer) answer {
	if acknowledgement.outcome != outcomeHeld || len(events) == 0 {
		return acknowledgement
	}
	if err := r.config.Sink.Hold(ctx, events); err != nil {
		return later(http.StatusServiceUnavailable, outcomeUnheld, err.Error())
	}
	r.metrics.held.WithLabelValues(events[0].Connector).Add(float64(len(events)))
	return acknowledgement
}

// call makes one call for a webhook.
func (r *Receiver) call(ctx context.Context, d *delivery, method string, request, answer proto.Message) wire.Failure {
	version, f := r.config.Connectors.Call(ctx, gateway.HostCall{
		As: Caller, Peer: addressOf(d.remote), Method: method, Connector: d.connector, Account: d.account,
		RequestID: d.requestID, Traceparent: d.span.traceparent(),
	}, request, answer)
	d.version = version
	return f
}
