package gateway

import (
	"strings"
	"testing"
	"unicode"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func FuzzMetadata(f *testing.F) {
	f.Add("acme@1.0.0", "", `{"api_key":"x"}`, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b", "req-1", "key-1")
	f.Add("", "acme-eu", "", "", "", "", "")
	f.Add("acme", "other", "{", "00-", "\xff", "\x00", strings.Repeat("k", 300))
	h := newHarness(f)
	f.Fuzz(func(t *testing.T, connector, account, config, parent, state, requestID, key string) {
		md := metadata.MD{}
		for header, value := range map[string]string{
			wire.ConnectorHeader: connector, wire.AccountHeader: account, wire.ConfigHeader: config,
			wire.TraceParentHeader: parent, wire.TraceStateHeader: state,
			wire.RequestIDHeader: requestID, wire.IdempotencyKeyHeader: key,
		} {
			if value != "" {
				md.Set(header, value)
			}
		}
		c, err := h.gateway.newCall(t.Context(), paymentsv1.PaymentService_Authorize_FullMethodName, md)
		for header, values := range c.header() {
			if strings.ContainsFunc(values[0], func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) }) {
				t.Errorf("%s is answered as %q", header, values[0])
			}
		}
		if err != nil {
			return
		}
		if raw, err := proto.Marshal(c.context([]byte("secret"))); err != nil || len(raw) > 2*maxConfig {
			t.Errorf("the call context can't be sent: %d bytes, %v", len(raw), err)
		}
		if c.pick.connector == "" || len(c.config) > maxConfig {
			t.Errorf("picked %+v", c.pick)
		}
	})
}
