package gateway

import (
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/host/internal/telemetry"
	"github.com/patchbay/patchbay/sdk/wire"
)

// account records and counts a call that has ended, ends its span, and logs it if
// it failed. Of what callers send, only words that the host knows become labels.
func (g *Gateway) account(c *call, err error) {
	st := status.Convert(err)
	ended := telemetry.Call{Code: st.Code().String(), Fault: c.fault(st.Code()), Took: time.Since(c.started)}
	if st.Code() != codes.OK {
		ended.Sent = string(wire.ParseFailure(st).Sent)
	}
	if c.version != "" { // it came as far as an instance
		ended.Connector, ended.Version, ended.Method = c.pick.connector, c.version, c.method
		if c.reason == wire.ReasonOperationUnsupported {
			ended.Method = "undeclared"
		}
	}
	g.record(c, err)
	g.config.Metrics.Observe(ended)
	c.endSpan(st, ended)
	log := g.config.Log.Debug
	switch st.Code() {
	case codes.OK:
		return
	case codes.Unknown, codes.Internal:
		log = g.config.Log.Error
	case codes.Unavailable, codes.ResourceExhausted:
		log = g.config.Log.Warn
	}
	log("call failed", "connector", c.pick.connector, "version", c.version, "generation", c.generation, "method", c.method,
		"caller", c.caller.Name, "request_id", c.requestID, "code", st.Code(), "reason", c.reason, "detail", c.detail, "error", st.Message())
}
