package webhook

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.38.0"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

type metrics struct {
	webhooks *prometheus.CounterVec
	held     *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(registry prometheus.Registerer) metrics {
	m := metrics{
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_webhooks_total",
			Help: "Webhooks that were answered, by connector, how far it believed them, and what became of them.",
		}, []string{"connector", "verification", "outcome"}),
		held: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_webhook_events_total",
			Help: "Events that a sink holds, by connector.",
		}, []string{"connector"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "patchbay_webhook_duration_seconds",
			Help:    "How long webhooks took, from their headers to their answer.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 11), // 1 ms to 9.5 s
		}, []string{"connector"}),
	}
	registry.MustRegister(m.webhooks, m.held, m.duration)
	return m
}

// believed is how far a webhook is believed, as labels and logs have it.
func believed(v paymentsv1.WebhookVerification) string {
	switch v {
	case paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED:
		return "verified"
	case paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_FETCH_BACK_REQUIRED:
		return "fetch_back_required"
	case paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_UNSIGNED:
		return "unsigned"
	case paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_REJECTED:
		return "rejected"
	}
	return ""
}

// account counts and logs a webhook that has been answered, and ends its span. Of
// what strangers send nothing becomes a label.
func (r *Receiver) account(d *delivery, a answer) {
	took := time.Since(d.received)
	r.metrics.webhooks.WithLabelValues(d.connector, believed(d.verification), string(a.outcome)).Inc()
	r.metrics.duration.WithLabelValues(d.connector).Observe(took.Seconds())
	d.span.end(d, a)
	fields := []any{
		"connector", d.connector, "account", d.account, "request_id", d.requestID, "from", addressOf(d.remote),
		"verification", believed(d.verification), "outcome", string(a.outcome), "status", a.status,
	}
	why := wire.RedactText(strings.ToValidUTF8(a.why[:min(len(a.why), maxWhy)], "?"))
	switch a.outcome {
	case outcomeHeld:
		r.config.Log.Debug("webhook", append(fields, "events", d.events, "took", took.Round(time.Microsecond).String())...)
	case outcomeUnheld:
		r.config.Log.Error("the events of a webhook are not held; it is not acknowledged", append(fields, "reason", why)...)
	case outcomeUnavailable, outcomeUnfetched:
		r.config.Log.Warn("a webhook can't be handled; it is not acknowledged", append(fields, "reason", why)...)
	default:
		r.doubts.log("a webhook is refused", append(fields, "reason", why)...)
	}
}

// maxWhy is how many bytes of a reason are logged: connectors and strangers have a
// say in it.
const maxWhy = 512

// doubts logs what strangers can cause, and no more of it than a log can bear.
type doubts struct {
	out    hclog.Logger
	rate   *rate.Limiter
	missed atomic.Int64
}

func newDoubts(out hclog.Logger) *doubts {
	return &doubts{out: out, rate: rate.NewLimiter(1, 10)}
}

func (d *doubts) log(line string, fields ...any) {
	if !d.rate.Allow() {
		d.missed.Add(1)
		return
	}
	d.out.Warn(line, append(fields, "not_logged_before", d.missed.Swap(0))...)
}

// span is that of a webhook; a nil one is none.
type span struct{ trace.Span }

// beginSpan begins the span of a webhook. What the sender says of a trace is not
// believed: it begins one.
func (r *Receiver) beginSpan(req *http.Request, d *delivery) *span {
	if r.config.Tracing == nil {
		return nil
	}
	_, s := r.config.Tracing.Start(context.Background(), "/webhooks/{connector}/{account}", trace.SpanKindServer,
		semconv.HTTPRequestMethodKey.String(method(req)), semconv.HTTPRoute("/webhooks/{connector}/{account}"),
		attribute.String(wire.SpanRequestID, d.requestID))
	return &span{s}
}

// method keeps what strangers invent out of attributes (OpenTelemetry semantic
// conventions, "HTTP spans").
func method(req *http.Request) string {
	if req.Method == http.MethodPost || req.Method == http.MethodGet {
		return req.Method
	}
	return "_OTHER"
}

// traceparent names the span to the calls that the webhook gives rise to.
func (s *span) traceparent() string {
	if s == nil {
		return ""
	}
	parent, _ := wire.TraceContext(s.SpanContext())
	return parent
}

func (s *span) end(d *delivery, a answer) {
	if s == nil {
		return
	}
	defer s.End()
	s.SetAttributes(semconv.HTTPResponseStatusCode(a.status), attribute.String(wire.SpanConnector, d.connector))
	if a.status >= http.StatusInternalServerError {
		s.SetStatus(otelcodes.Error, "")
	}
}
