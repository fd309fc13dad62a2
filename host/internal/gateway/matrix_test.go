package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/patchbay/patchbay/host/internal/auth"
	"github.com/patchbay/patchbay/sdk/wire"
)

func sum(key string) string {
	hash := sha256.Sum256([]byte(key))
	return hex.EncodeToString(hash[:])
}

func declared(t *testing.T, specs ...auth.CallerSpec) func(*Config) {
	t.Helper()
	callers, err := auth.New(specs, nil, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Auth = callers }
}

// everyMethod lists the methods of every service that callers can reach, from the
// contract's descriptors and the server itself, so that none is forgotten.
func everyMethod(t *testing.T, h *harness) []string {
	t.Helper()
	var all []string
	wire.Files().RangeFilesByPackage(wire.PaymentsPackage, func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				all = append(all, "/"+string(file.Services().Get(i).FullName())+"/"+string(methods.Get(j).Name()))
			}
		}
		return true
	})
	contract := len(all)
	for service, info := range h.gateway.server.GetServiceInfo() {
		for _, method := range info.Methods {
			all = append(all, "/"+service+"/"+method.Name)
		}
	}
	if contract < 40 || len(all) < contract+6 {
		t.Fatalf("found %d methods of the contract and %d in all; there are more", contract, len(all))
	}
	slices.Sort(all)
	return append(all, "/acme.v1.EchoService/Unary", "/patchbay.admin.v1.PluginService/DrainPlugin", "/plugin.GRPCController/Shutdown")
}

// invoke makes a call of any kind with an empty message and half-closes.
func (h *harness) invoke(method string, headers ...string) error {
	desc := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	stream, err := h.conn.NewStream(metadata.AppendToOutgoingContext(h.t.Context(), headers...), desc, method)
	if err != nil {
		return err
	}
	_ = stream.SendMsg(&emptypb.Empty{})
	_ = stream.CloseSend()
	for err == nil {
		err = stream.RecvMsg(&emptypb.Empty{})
	}
	return err
}

// TestAuthorizationMatrix holds every method of every service against who calls.
func TestAuthorizationMatrix(t *testing.T) {
	all := auth.PolicySpec{Connectors: []string{"*"}, Accounts: []string{"*"}, Methods: []string{"*"}}
	scoped := func(edit func(*auth.PolicySpec)) auth.PolicySpec {
		policy := all
		edit(&policy)
		return policy
	}
	h := newHarness(t, declared(t,
		auth.CallerSpec{Name: "right", KeySHA256: []string{sum("right")}, PolicySpec: all, Keys: []auth.KeySpec{{SHA256: sum("expired"), NotAfter: time.Now().Add(-time.Second)}}},
		auth.CallerSpec{Name: "methods", KeySHA256: []string{sum("methods")}, PolicySpec: scoped(func(p *auth.PolicySpec) { p.Methods = []string{"none.v1.Service/*"} })},
		auth.CallerSpec{Name: "connectors", KeySHA256: []string{sum("connectors")}, PolicySpec: scoped(func(p *auth.PolicySpec) { p.Connectors = []string{"other"} })},
		auth.CallerSpec{Name: "accounts", KeySHA256: []string{sum("accounts")}, PolicySpec: scoped(func(p *auth.PolicySpec) { p.Accounts = []string{"other"} })},
	))
	methods := everyMethod(t, h)
	for _, method := range methods {
		service := service(method)
		health := service == "grpc.health.v1.Health"
		own := h.gateway.reflect.own[service].Methods != nil
		closed := strings.HasPrefix(service, "patchbay.admin.") || strings.HasPrefix(service, "plugin.")
		for who, test := range map[string]struct {
			headers []string
			code    codes.Code
		}{
			"no credentials":   {nil, codes.Unauthenticated},
			"wrong key":        {[]string{"x-api-key", "wrong"}, codes.Unauthenticated},
			"expired key":      {[]string{"x-api-key", "expired"}, codes.Unauthenticated},
			"wrong bearer":     {[]string{"authorization", "Bearer a.b.c"}, codes.Unauthenticated},
			"wrong methods":    {[]string{"x-api-key", "methods"}, codes.PermissionDenied},
			"wrong connectors": {[]string{"x-api-key", "connectors"}, codes.PermissionDenied},
			"wrong accounts":   {[]string{"x-api-key", "accounts"}, codes.PermissionDenied},
			"right":            {[]string{"x-api-key", "right"}, codes.OK},
		} {
			if health && method == "/grpc.health.v1.Health/Watch" {
				continue // streams without end; Check stands for both
			}
			want := test.code
			switch {
			case health:
				want = codes.OK
			case closed && want != codes.Unauthenticated:
				want = codes.Unimplemented // to whoever is somebody, these do not exist
			case own && who == "wrong accounts":
				want = codes.OK // the gateway's own services use none
			}
			t.Run(method[1:]+"/"+who, func(t *testing.T) {
				err := h.invoke(method, append(test.headers, "x-connector", "acme")...)
				f := wire.ParseFailure(status.Convert(err))
				switch want {
				case codes.OK:
					if f.Code == codes.Unauthenticated || f.Code == codes.PermissionDenied {
						t.Errorf("refused: %v", err)
					}
				default:
					if f.Code != want || f.Sent != wire.SentNever || f.Reason == "" {
						t.Errorf("got %s %s sent %s (%v), want %s", f.Code, f.Reason, f.Sent, err, want)
					}
				}
				if who == "expired key" && strings.Contains(fmt.Sprint(err), "expired") {
					t.Errorf("the caller is told too much: %v", err)
				}
			})
		}
	}
	t.Logf("figure: %d methods, 8 callers each", len(methods))
}

// A caller that may not use something does not learn what there is.
func TestNothingIsToldOfWhatIsForbidden(t *testing.T) {
	h := newHarness(t, declared(t, auth.CallerSpec{Name: "shop", KeySHA256: []string{sum("key")}, PolicySpec: auth.PolicySpec{
		Connectors: []string{"beta"}, Accounts: []string{"beta-*"}, Methods: []string{"*"},
	}}))
	for name, headers := range map[string][]string{
		"account that exists": {"x-account", "acme-eu"}, "account that does not": {"x-account", "nope"},
		"connector that exists": {"x-connector", "acme"}, "connector that does not": {"x-connector", "nope"},
	} {
		_, err := h.payments.Authorize(h.ctx(append(headers, "x-api-key", "key")...), valid())
		f := expect(t, err, codes.PermissionDenied, wire.ReasonPermissionDenied, wire.SentNever)
		if strings.Contains(f.Message, "there are") || f.Metadata[wire.AvailableKey] != "" {
			t.Errorf("%s: %s", name, f.Message)
		}
	}
	_, err := h.payments.Authorize(h.ctx("x-api-key", "key"), valid())
	if f := expect(t, err, codes.InvalidArgument, wire.ReasonConnectorRequired, wire.SentNever); strings.Contains(f.Message, "acme") {
		t.Errorf("it learns of acme: %s", f.Message)
	}
}

// Configuration from callers needs the host's leave and the caller's own.
func TestInlineConfigIsAPermission(t *testing.T) {
	policy := auth.PolicySpec{Connectors: []string{"*"}, Accounts: []string{"*"}, Methods: []string{"*"}}
	with := policy
	with.InlineConfig = true
	callers := declared(t, auth.CallerSpec{Name: "with", KeySHA256: []string{sum("with")}, PolicySpec: with}, auth.CallerSpec{Name: "without", KeySHA256: []string{sum("without")}, PolicySpec: policy})
	h := newHarness(t, callers)
	pay := func(h *harness, key string) error {
		_, err := h.payments.Authorize(h.ctx("x-api-key", key, "x-connector", "acme", "x-connector-config", `{"api_key":"x"}`), valid())
		return err
	}
	if err := pay(h, "with"); err != nil {
		t.Error(err)
	}
	expect(t, pay(h, "without"), codes.PermissionDenied, wire.ReasonConfigForbidden, wire.SentNever)
	closed := newHarness(t, callers, func(c *Config) { c.InlineConfig = false })
	expect(t, pay(closed, "with"), codes.PermissionDenied, wire.ReasonConfigForbidden, wire.SentNever)
}
