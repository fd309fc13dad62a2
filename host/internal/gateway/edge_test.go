package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/patchbay/patchbay/host/internal/auth"
	gatewayv1 "github.com/patchbay/patchbay/proto/patchbay/gateway/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func TestOnlyTheCallContextReachesTheConnector(t *testing.T) {
	h := newHarness(t)
	forged, err := wire.OutgoingContext(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	md, _ := metadata.FromOutgoingContext(forged)
	md.Set(wire.CallContextHeader, "\x0a\x06forged")
	ctx := metadata.NewOutgoingContext(t.Context(), metadata.Join(md, metadata.Pairs(
		"x-connector", "acme", "authorization", "Bearer token", "x-api-key", "key", "cookie", "c=1", "x-other", "o",
		"x-connector-config", `{"api_key":"sk_inline"}`, "idempotency-key", "key-1", "x-request-id", "req-1",
		"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	)))
	var header metadata.MD
	if _, err := h.payments.Authorize(ctx, valid(), grpc.Header(&header)); err != nil {
		t.Fatal(err)
	}
	headers, call := h.plugin.seen()
	for key := range headers {
		switch key {
		case wire.CallContextHeader, ":authority", "content-type", "user-agent", "grpc-accept-encoding":
		default:
			t.Errorf("the header %q reached the connector", key)
		}
	}
	if values := headers.Get(wire.CallContextHeader); len(values) != 1 {
		t.Errorf("%d call contexts", len(values))
	}
	if call.GetRequestId() != "req-1" || string(call.GetConfig()) != `{"api_key":"sk_inline"}` || !strings.HasPrefix(call.GetTraceparent(), "00-0af7") {
		t.Errorf("call context: %v", call)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(call.GetIdempotencyKey()) || strings.Contains(call.GetIdempotencyKey(), "key-1") {
		t.Errorf("derived key %q", call.GetIdempotencyKey())
	}
	for key, want := range map[string]string{"x-connector": "acme@1.0.0", "idempotency-key": "key-1", "x-request-id": "req-1"} {
		if got := header.Get(key); len(got) != 1 || got[0] != want {
			t.Errorf("answered header %s: %q, want %q", key, got, want)
		}
	}
}

func TestDerivedKeys(t *testing.T) {
	h := newHarness(t)
	key := func(headers ...string) string {
		t.Helper()
		if _, err := h.payments.Authorize(h.ctx(headers...), valid()); err != nil {
			t.Fatal(err)
		}
		_, call := h.plugin.seen()
		return call.GetIdempotencyKey()
	}
	one := key("x-connector", "acme", "idempotency-key", "k")
	if again := key("x-connector", "acme", "idempotency-key", "k"); again != one {
		t.Error("the same call has two keys")
	}
	seen := map[string]bool{one: true}
	for _, other := range []string{
		key("x-connector", "acme", "idempotency-key", "k2"),
		key("x-account", "acme-eu", "idempotency-key", "k"),
		key("x-connector", "acme"), key("x-connector", "acme"),
	} {
		if seen[other] {
			t.Error("two different calls share a key")
		}
		seen[other] = true
	}
	c := &call{method: "/a/B", callerKey: "k", pick: pick{connector: "acme"}}
	d := &call{method: "/a/B", callerKey: "k", pick: pick{connector: "acme"}, caller: auth.Caller{Name: "x"}}
	if c.derivedKey([]byte("s")) == d.derivedKey([]byte("s")) || c.derivedKey([]byte("s")) == c.derivedKey([]byte("t")) {
		t.Error("caller or secret does not matter")
	}
}

func TestRefusals(t *testing.T) {
	with := func(edit func(*paymentsv1.AuthorizeRequest)) *paymentsv1.AuthorizeRequest {
		req := valid()
		edit(req)
		return req
	}
	for name, test := range map[string]struct {
		headers []string
		request *paymentsv1.AuthorizeRequest
		code    codes.Code
		reason  string
		field   string
	}{
		"no connector":       {nil, valid(), codes.InvalidArgument, wire.ReasonConnectorRequired, ""},
		"unknown connector":  {[]string{"x-connector", "nope"}, valid(), codes.NotFound, wire.ReasonConnectorUnknown, ""},
		"unknown version":    {[]string{"x-connector", "acme@9.9.9"}, valid(), codes.NotFound, wire.ReasonConnectorUnknown, ""},
		"unknown account":    {[]string{"x-account", "nope"}, valid(), codes.NotFound, wire.ReasonAccountUnknown, ""},
		"they disagree":      {[]string{"x-account", "other", "x-connector", "acme"}, valid(), codes.InvalidArgument, wire.ReasonConnectorConflict, ""},
		"account and config": {[]string{"x-account", "acme-eu", "x-connector-config", "{}"}, valid(), codes.InvalidArgument, wire.ReasonConnectorConflict, ""},
		"config is no JSON":  {[]string{"x-connector", "acme", "x-connector-config", "{"}, valid(), codes.InvalidArgument, wire.ReasonConfigInvalid, ""},
		"config is large":    {[]string{"x-connector", "acme", "x-connector-config", `{"api_key":"` + strings.Repeat("x", maxConfig) + `"}`}, valid(), codes.InvalidArgument, wire.ReasonConfigInvalid, ""},
		"config lacks a key": {[]string{"x-connector", "acme", "x-connector-config", "{}"}, valid(), codes.FailedPrecondition, wire.ReasonConfigInvalid, "api_key"},
		"config is misspelt": {[]string{"x-connector", "acme", "x-connector-config", `{"api_key":"x","apikey":"y"}`}, valid(), codes.FailedPrecondition, wire.ReasonConfigInvalid, "apikey"},
		"config type":        {[]string{"x-connector", "acme", "x-connector-config", `{"api_key":7}`}, valid(), codes.FailedPrecondition, wire.ReasonConfigInvalid, "api_key"},
		"long key":           {[]string{"x-connector", "acme", "idempotency-key", strings.Repeat("k", 256)}, valid(), codes.InvalidArgument, wire.ReasonInvalidRequest, ""},
		"no amount":          {[]string{"x-connector", "acme"}, with(func(r *paymentsv1.AuthorizeRequest) { r.Amount = nil }), codes.InvalidArgument, wire.ReasonInvalidRequest, "amount"},
		"zero amount":        {[]string{"x-connector", "acme"}, with(func(r *paymentsv1.AuthorizeRequest) { r.Amount.MinorUnits = 0 }), codes.InvalidArgument, wire.ReasonInvalidRequest, "amount"},
		"negative amount":    {[]string{"x-connector", "acme"}, with(func(r *paymentsv1.AuthorizeRequest) { r.Amount.MinorUnits = -1 }), codes.InvalidArgument, wire.ReasonInvalidRequest, "amount.minor_units"},
		"currency ZZZ":       {[]string{"x-connector", "acme"}, with(func(r *paymentsv1.AuthorizeRequest) { r.Amount.CurrencyCode = "ZZZ" }), codes.InvalidArgument, wire.ReasonInvalidRequest, "amount.currency_code"},
		"letters in a card":  {[]string{"x-connector", "acme"}, with(func(r *paymentsv1.AuthorizeRequest) { r.GetPaymentMethod().GetCard().Number = "4242x24242424242" }), codes.InvalidArgument, wire.ReasonInvalidRequest, "payment_method.card.number"},
		"check digit":        {[]string{"x-connector", "acme"}, with(func(r *paymentsv1.AuthorizeRequest) { r.GetPaymentMethod().GetCard().Number = "4242424242424241" }), codes.InvalidArgument, wire.ReasonInvalidRequest, "payment_method.card.number"},
		"order's lines": {[]string{"x-connector", "acme"}, with(func(r *paymentsv1.AuthorizeRequest) {
			r.Order = &paymentsv1.OrderDetails{LineItems: []*paymentsv1.LineItem{{Name: "Ticket", Quantity: 1, UnitAmount: r.GetAmount(), TotalAmount: r.GetAmount()}}}
			r.Amount = &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1051}
		}), codes.InvalidArgument, wire.ReasonInvalidRequest, "order"},
		"undefined enum":  {[]string{"x-connector", "acme"}, with(func(r *paymentsv1.AuthorizeRequest) { r.CaptureMethod = 99; r.Amount.MinorUnits = -1 }), codes.InvalidArgument, wire.ReasonInvalidRequest, "amount.minor_units"},
		"message of 5 MB": {[]string{"x-connector", "acme"}, with(func(r *paymentsv1.AuthorizeRequest) { r.Description = strings.Repeat("x", 5<<20) }), codes.InvalidArgument, wire.ReasonMessageTooLarge, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			_, err := h.payments.Authorize(h.ctx(test.headers...), test.request)
			f := expect(t, err, test.code, test.reason, wire.SentNever)
			if f.Metadata[wire.RequestIDKey] == "" {
				t.Error("no request id in the error")
			}
			if test.field != "" && (len(f.Fields) != 1 || f.Fields[0].GetField() != test.field) {
				t.Errorf("fields: %v, want %s", f.Fields, test.field)
			}
			if n := h.plugin.calls.Load(); n != 0 {
				t.Errorf("%d calls reached the connector", n)
			}
			if strings.Contains(h.log.String(), "4242") {
				t.Errorf("card data in the log: %s", h.log)
			}
		})
	}
}

func TestInlineConfigPolicy(t *testing.T) {
	for name, test := range map[string]struct {
		edit   func(*Config)
		config string
	}{
		"no configuration": {func(c *Config) { c.InlineConfig = false }, `{"api_key":"x"}`},
		"no base URL":      {func(c *Config) { c.InlineBaseURL = false }, `{"api_key":"x","base_url":"http://127.0.0.1:1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, test.edit)
			_, err := h.payments.Authorize(h.ctx("x-connector", "acme", "x-connector-config", test.config), valid())
			expect(t, err, codes.PermissionDenied, wire.ReasonConfigForbidden, wire.SentNever)
		})
	}
}

func TestGarbageIsNoMessage(t *testing.T) {
	h := newHarness(t)
	good, err := proto.Marshal(valid())
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{
		"truncated":     good[:len(good)-3],
		"invalid UTF-8": append(good, 0x32, 2, 0xff, 0xfe), // description, field 6
	} {
		t.Run(name, func(t *testing.T) {
			request := &frame{data: mem.BufferSlice{mem.SliceBuffer(raw)}}
			err := h.conn.Invoke(h.ctx("x-connector", "acme"), paymentsv1.PaymentService_Authorize_FullMethodName, request, &frame{}, grpc.ForceCodecV2(newCodec()))
			expect(t, err, codes.InvalidArgument, wire.ReasonInvalidRequest, wire.SentNever)
		})
	}
	if n := h.plugin.calls.Load(); n != 0 {
		t.Errorf("%d calls reached the connector", n)
	}
}

// TestUnknownFieldsSurvive sends what a caller with a newer contract would.
func TestUnknownFieldsSurvive(t *testing.T) {
	h := newHarness(t)
	var got []byte
	h.plugin.authorize = func(_ context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
		got = req.ProtoReflect().GetUnknown()
		return &paymentsv1.AuthorizeResponse{}, nil
	}
	req := valid()
	req.PaymentMethod = &paymentsv1.PaymentMethod{} // "required" is for whoever knows the new method
	newer := []byte{0xf8, 0x06, 0x01}               // field 111
	req.GetPaymentMethod().ProtoReflect().SetUnknown(newer)
	req.ProtoReflect().SetUnknown(newer)
	if _, err := h.payments.Authorize(h.ctx("x-connector", "acme"), req); err != nil {
		t.Fatal(err)
	}
	if string(got) != string(newer) {
		t.Errorf("unknown fields: %x", got)
	}
	if _, call := h.plugin.seen(); len(call.GetCheckedContract()) > 0 {
		t.Error("the gateway says that it has checked what it does not know")
	}
	if _, err := h.payments.Authorize(h.ctx("x-connector", "acme"), valid()); err != nil {
		t.Fatal(err)
	}
	if _, call := h.plugin.seen(); !bytes.Equal(call.GetCheckedContract(), wire.Contract()) {
		t.Errorf("the gateway says that it has checked by %x, want %x", call.GetCheckedContract(), wire.Contract())
	}
}

func TestUndeclaredNeverReachesTheGuest(t *testing.T) {
	h := newHarness(t)
	for _, method := range []string{
		"/plugin.GRPCController/Shutdown", "/plugin.GRPCBroker/StartStream", "/plugin.GRPCStdio/StreamStdio",
		"/patchbay.connector.v1.ConnectorService/Describe", "/patchbay.admin.v1.PluginService/Reload",
		"/grpc.testing.TestService/EmptyCall", "/google.longrunning.Operations/Get",
		"/patchbay.payments.v1.RefundService/CreateRefund", "/patchbay.payments.v1.PaymentService/Void",
		"/patchbay.payments.v1.PaymentService/Nonsense", "/acme.v1.OtherService/Unary", "/acme.v1.EchoService/Nonsense",
	} {
		err := h.conn.Invoke(h.ctx("x-connector", "acme"), method, &paymentsv1.VoidRequest{}, &paymentsv1.VoidResponse{})
		expect(t, err, codes.Unimplemented, wire.ReasonOperationUnsupported, wire.SentNever)
	}
	if n := h.plugin.calls.Load(); n != 0 {
		t.Errorf("%d calls reached the guest", n)
	}
}

func TestUnsupportedNamesWhatThereIs(t *testing.T) {
	h := newHarness(t)
	_, err := h.payments.Void(h.ctx("x-connector", "acme"), &paymentsv1.VoidRequest{PaymentId: "x"})
	f := expect(t, err, codes.Unimplemented, wire.ReasonOperationUnsupported, wire.SentNever)
	if got := f.Metadata[wire.AvailableKey]; got != "patchbay.payments.v1.PaymentService/Authorize,patchbay.payments.v1.PaymentService/GetPayment" {
		t.Errorf("available: %q", got)
	}
}

func TestCallersWithKeys(t *testing.T) {
	hash := sha256.Sum256([]byte("right"))
	keys, err := auth.New([]auth.CallerSpec{{
		Name: "shop", KeySHA256: []string{hex.EncodeToString(hash[:])},
		PolicySpec: auth.PolicySpec{
			Connectors: []string{"acme"}, Accounts: []string{"acme-default"},
			Methods: []string{"patchbay.payments.v1.PaymentService/*", "patchbay.gateway.v1.ConnectorService/ListConnectors"},
		},
	}}, nil, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	h := newHarness(t, func(c *Config) { c.Auth = keys })
	_, err = h.payments.Authorize(h.ctx("x-connector", "acme"), valid())
	expect(t, err, codes.Unauthenticated, wire.ReasonUnauthenticated, wire.SentNever)
	_, err = h.payments.Authorize(h.ctx("x-connector", "acme", "x-api-key", "wrong"), valid())
	expect(t, err, codes.Unauthenticated, wire.ReasonUnauthenticated, wire.SentNever)
	_, err = h.refunds.GetRefund(h.ctx("x-connector", "acme", "x-api-key", "right"), &paymentsv1.GetRefundRequest{RefundId: "x"})
	expect(t, err, codes.PermissionDenied, wire.ReasonPermissionDenied, wire.SentNever)
	for _, account := range []string{"other", "acme-eu"} {
		_, err = h.payments.Authorize(h.ctx("x-account", account, "x-api-key", "right"), valid())
		expect(t, err, codes.PermissionDenied, wire.ReasonPermissionDenied, wire.SentNever)
	}
	if n := h.plugin.calls.Load(); n != 0 {
		t.Errorf("%d calls reached the connector", n)
	}
	for _, headers := range [][]string{{"x-api-key", "right"}, {"authorization", "Bearer right"}} {
		if _, err = h.payments.Authorize(h.ctx(append(headers, "x-connector", "acme")...), valid()); err != nil {
			t.Errorf("%v: %v", headers, err)
		}
	}
	list := gatewayv1.NewConnectorServiceClient(h.conn)
	_, err = list.ListConnectors(h.ctx(), &gatewayv1.ListConnectorsRequest{})
	expect(t, err, codes.Unauthenticated, wire.ReasonUnauthenticated, wire.SentNever)
	if _, err = list.ListConnectors(h.ctx("x-api-key", "right"), &gatewayv1.ListConnectorsRequest{}); err != nil {
		t.Errorf("ListConnectors: %v", err)
	}
	if _, err := healthv1.NewHealthClient(h.conn).Check(h.ctx(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Errorf("health needs credentials: %v", err)
	}
}

func TestGetConnector(t *testing.T) {
	h := newHarness(t)
	client := gatewayv1.NewConnectorServiceClient(h.conn)
	if got, err := client.GetConnector(h.ctx(), &gatewayv1.GetConnectorRequest{Name: "acme"}); err != nil || got.GetConnector().GetName() != "acme" {
		t.Errorf("got %v, %v", got, err)
	}
	_, err := client.GetConnector(h.ctx(), &gatewayv1.GetConnectorRequest{Name: "nope"})
	expect(t, err, codes.NotFound, wire.ReasonConnectorUnknown, wire.SentNever)
	_, err = client.GetConnector(h.ctx(), &gatewayv1.GetConnectorRequest{})
	expect(t, err, codes.InvalidArgument, wire.ReasonInvalidRequest, wire.SentNever)
}
