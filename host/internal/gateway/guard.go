package gateway

import (
	"fmt"
	"runtime/debug"

	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/sdk/wire"
)

// guard, which is deferred, ends one call where the gateway's own code panics: a
// mistake of ours must not cost what all other calls know. Who panics while a
// message may be on its way is told that nobody knows.
func (g *Gateway) guard(c *call, err *error) {
	p := recover()
	if p == nil {
		return
	}
	g.config.Log.Error("the gateway's own code has panicked; please report it", "method", c.method, "connector", c.pick.connector,
		"request_id", c.requestID, "panic", wire.RedactText(fmt.Sprint(p)), "stack", string(debug.Stack()))
	f := refusal(codes.Internal, wire.ReasonInternal, "the gateway has failed at this call; its log has more")
	if c.envelope != nil {
		f.Sent = wire.SentMaybe
	}
	*err = c.with(f)
}
