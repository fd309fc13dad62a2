package gateway

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// BenchmarkEdge is what the edge spends on an ordinary Authorize before it hands
// it over: decoding, the contract's rules, the connector's capabilities.
// docs/performance.md has the figure.
func BenchmarkEdge(b *testing.B) {
	request := valid()
	request.Email = "jo@example.com"
	request.Metadata = map[string]string{"cart": "17", "channel": "web"}
	request.BillingAddress = &paymentsv1.Address{CountryCode: "DE", City: "Berlin", PostalCode: "10115"}
	raw, err := proto.Marshal(request)
	if err != nil {
		b.Fatal(err)
	}
	g := &Gateway{config: Config{MaxMessage: 1 << 20}}
	inst := (&harness{t: b}).instance(&plugin{}, 1)
	m := inst.Description.Methods[paymentsv1.PaymentService_Authorize_FullMethodName]
	for b.Loop() {
		f := &frame{data: mem.BufferSlice{mem.SliceBuffer(raw)}}
		if refused := g.validate(f, inst.Description, m); refused.Code != codes.OK {
			b.Fatal(refused.Message)
		}
	}
	b.ReportMetric(float64(len(raw)), "bytes")
}
