package sandbox_test

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// What the connector offers: a method of another shape would not be served.
var (
	_ sdk.AccountChecker         = (*sandbox.Connector)(nil)
	_ sdk.Authorizer             = (*sandbox.Connector)(nil)
	_ sdk.Completer              = (*sandbox.Connector)(nil)
	_ sdk.Capturer               = (*sandbox.Connector)(nil)
	_ sdk.Voider                 = (*sandbox.Connector)(nil)
	_ sdk.Reverser               = (*sandbox.Connector)(nil)
	_ sdk.PaymentGetter          = (*sandbox.Connector)(nil)
	_ sdk.PaymentFinder          = (*sandbox.Connector)(nil)
	_ sdk.AuthorizationAdjuster  = (*sandbox.Connector)(nil)
	_ sdk.AuthorizationExtender  = (*sandbox.Connector)(nil)
	_ sdk.OrderCreator           = (*sandbox.Connector)(nil)
	_ sdk.RefundCreator          = (*sandbox.Connector)(nil)
	_ sdk.RefundGetter           = (*sandbox.Connector)(nil)
	_ sdk.MandateStarter         = (*sandbox.Connector)(nil)
	_ sdk.MandateCharger         = (*sandbox.Connector)(nil)
	_ sdk.MandateGetter          = (*sandbox.Connector)(nil)
	_ sdk.MandateRevoker         = (*sandbox.Connector)(nil)
	_ sdk.PreAuthenticator       = (*sandbox.Connector)(nil)
	_ sdk.Authenticator          = (*sandbox.Connector)(nil)
	_ sdk.PostAuthenticator      = (*sandbox.Connector)(nil)
	_ sdk.Tokenizer              = (*sandbox.Connector)(nil)
	_ sdk.PaymentMethodDeleter   = (*sandbox.Connector)(nil)
	_ sdk.EligibilityChecker     = (*sandbox.Connector)(nil)
	_ sdk.CustomerCreator        = (*sandbox.Connector)(nil)
	_ sdk.CustomerGetter         = (*sandbox.Connector)(nil)
	_ sdk.CustomerUpdater        = (*sandbox.Connector)(nil)
	_ sdk.CustomerDeleter        = (*sandbox.Connector)(nil)
	_ sdk.ClientSessionCreator   = (*sandbox.Connector)(nil)
	_ sdk.ServerSessionCreator   = (*sandbox.Connector)(nil)
	_ sdk.AccessTokenCreator     = (*sandbox.Connector)(nil)
	_ sdk.DisputeGetter          = (*sandbox.Connector)(nil)
	_ sdk.DisputeLister          = (*sandbox.Connector)(nil)
	_ sdk.DisputeAccepter        = (*sandbox.Connector)(nil)
	_ sdk.EvidenceUploader       = (*sandbox.Connector)(nil)
	_ sdk.EvidenceSubmitter      = (*sandbox.Connector)(nil)
	_ sdk.DisputeDefender        = (*sandbox.Connector)(nil)
	_ sdk.PayoutCreator          = (*sandbox.Connector)(nil)
	_ sdk.PayoutStager           = (*sandbox.Connector)(nil)
	_ sdk.PayoutTransferrer      = (*sandbox.Connector)(nil)
	_ sdk.PayoutGetter           = (*sandbox.Connector)(nil)
	_ sdk.PayoutVoider           = (*sandbox.Connector)(nil)
	_ sdk.PayoutLinkCreator      = (*sandbox.Connector)(nil)
	_ sdk.PayoutRecipientCreator = (*sandbox.Connector)(nil)
	_ sdk.PayoutAccountEnroller  = (*sandbox.Connector)(nil)
	_ sdk.SurchargeCalculator    = (*sandbox.Connector)(nil)
	_ sdk.WebhookParser          = (*sandbox.Connector)(nil)
	_ sdk.WebhookHandler         = (*sandbox.Connector)(nil)
)

func describe(t *testing.T, h *connectortest.Harness) *connectorv1.Description {
	t.Helper()
	resp, err := h.Connector.Describe(h.Context(key("d")), &connectorv1.DescribeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetDescription()
}

func TestDescribe(t *testing.T) {
	h, _ := start(t)
	d := describe(t, h)
	if d.GetId() != "sandbox" || d.GetVersion() != "" || len(d.GetEgressHosts()) != 0 {
		t.Errorf("id %q, version %q, egress %v", d.GetId(), d.GetVersion(), d.GetEgressHosts())
	}
	native, reads := connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY, connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY
	readOnly := []string{"GetPayment", "FindPayment", "GetRefund", "GetMandate", "CheckEligibility", "GetCustomer", "GetDispute",
		"ListDisputes", "GetPayout", "CalculateSurcharge", "ParseWebhook", "HandleWebhook"}
	operations := 0
	for _, service := range d.GetServices() {
		for _, op := range service.GetOperations() {
			operations++
			want := native
			if slices.Contains(readOnly, op.GetName()) {
				want = reads
			}
			if op.GetIdempotency().GetKind() != want || op.GetEvidence() != connectorv1.Evidence_EVIDENCE_SIMULATED {
				t.Errorf("%s: %v", op.GetName(), op)
			}
		}
	}
	contract := 0
	for _, name := range []string{"Payment", "Refund", "Mandate", "Authentication", "PaymentMethod", "Customer", "Session", "Dispute", "Payout", "Surcharge", "Webhook"} {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("patchbay.payments.v1." + name + "Service"))
		if err != nil {
			t.Fatal(err)
		}
		contract += found.(protoreflect.ServiceDescriptor).Methods().Len()
	}
	if operations != contract {
		t.Errorf("%d of the contract's %d operations are described", operations, contract)
	}
	properties := d.GetConfigSchema().AsMap()["properties"].(map[string]any)
	if secret := properties["api_key"].(map[string]any)["writeOnly"]; secret != true || properties["base_url"] == nil {
		t.Errorf("configuration %v", properties)
	}
}

// What the description offers for trying out does what it says.
func TestDescribe_testData(t *testing.T) {
	h, _ := start(t)
	cards := map[string]psp.TestCard{}
	for _, c := range psp.TestCards() {
		cards[c.Summary] = c
	}
	tried := 0
	for _, data := range describe(t, h).GetTestData() {
		t.Run(data.GetSummary(), func(t *testing.T) {
			raw, err := data.GetRequest().MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			req := &paymentsv1.AuthorizeRequest{}
			if err := protojson.Unmarshal(raw, req); err != nil {
				t.Fatal(err)
			}
			if req.GetConnectorOptions() != nil {
				if req.GetConnectorOptions().GetFields()["simulate"].GetStructValue() == nil {
					t.Errorf("options %v", req.GetConnectorOptions())
				}
				return // simulate_test.go has them
			}
			card, known := cards[data.GetSummary()]
			if !known {
				t.Fatal("no card of the PSP's")
			}
			tried++
			want := paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
			switch {
			case card.Decline != "":
				want = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
			case card.Challenge, card.OTP:
				want = paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
			}
			resp, err := h.Payments.Authorize(h.Context(key(card.Number+card.Token)), req)
			if err != nil || resp.GetPayment().GetStatus() != want {
				t.Fatalf("got %v %v, want %s", resp, err, want)
			}
			if got := resp.GetPayment().GetDecline().GetConnectorCode(); got != card.Decline {
				t.Errorf("declined with %q, want %q", got, card.Decline)
			}
		})
	}
	if tried != len(cards) {
		t.Errorf("%d of %d cards are described", tried, len(cards))
	}
}

func TestCheckAccount(t *testing.T) {
	both(t, func(t *testing.T, h *connectortest.Harness) {
		resp, err := h.Connector.CheckAccount(h.Context(key("a")), &connectorv1.CheckAccountRequest{})
		if err != nil || resp.GetAccountId() != "acct_sandbox" || resp.GetLive() {
			t.Errorf("got %v %v", resp, err)
		}
	})
}

func TestConfig_isChecked(t *testing.T) {
	for name, c := range map[string]struct {
		config map[string]any
		reason string
	}{
		"refused key":   {map[string]any{"api_key": psp.WrongKey}, "CREDENTIALS_REJECTED"},
		"unknown field": {map[string]any{"key": "x"}, "CONFIG_INVALID"},
		"wrong type":    {map[string]any{"api_key": 7}, "CONFIG_INVALID"},
		"no scheme":     {map[string]any{"base_url": "127.0.0.1:4242"}, "CONFIG_INVALID"},
		"other scheme":  {map[string]any{"base_url": "file:///etc"}, "CONFIG_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			h := connectortest.Start(t, sandbox.New(), c.config)
			for _, call := range []func() error{
				func() error {
					_, err := h.Connector.CheckAccount(h.Context(key("a")), &connectorv1.CheckAccountRequest{})
					return err
				},
				func() error {
					_, err := h.Payments.Authorize(h.Context(key("b")), order("tok_approve", automatic))
					return err
				},
			} {
				if f := failureOf(call()); f.code != codes.FailedPrecondition || f.reason != c.reason {
					t.Errorf("got %+v, want FAILED_PRECONDITION %s", f, c.reason)
				}
			}
		})
	}
}
