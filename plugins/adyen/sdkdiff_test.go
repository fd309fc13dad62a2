package adyen

import (
	"context"
	"net/http"
	"os"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
	"github.com/patchbay/patchbay/sdk/connectortest/sdkdiff"
	"github.com/patchbay/patchbay/sdk/connectortest/vectors"
)

const recordings = "testdata/sdk"

// differences are those from Adyen's SDK that have a reason.
func differences(name string) []sdkdiff.Explained {
	all := []sdkdiff.Explained{sdkdiff.Missing("headers.accept-charset", "JSON is UTF-8 (RFC 8259, section 8.1)")}
	switch name {
	case "get_mandate", "revoke_mandate":
		return append(all, sdkdiff.Missing("headers.content-type", "there is no content"))
	}
	return append(all, sdkdiff.Differs("headers.idempotency-key", "the key is the gateway's"))
}

// recorded are the inputs of testdata/sdk/record.mjs, in the contract's words.
func recorded() map[string]func(*connectortest.Harness) error {
	const psp, stored = "9913140798220028", "M5N7TQ4TG5PFWR50"
	return map[string]func(*connectortest.Harness) error{
		"authorize_card": func(h *connectortest.Harness) error { return authorize(h, recordedCard()) },
		"authorize_stored": func(h *connectortest.Harness) error {
			req := authorizeRequest()
			req.CustomerId = storedShopper
			req.PaymentMethod = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_CardToken{CardToken: &paymentsv1.CardToken{Token: stored, SecurityCode: "737"}}}
			return authorize(h, req)
		},
		"authorize_ideal": func(h *connectortest.Harness) error {
			req := authorizeRequest()
			req.PaymentMethod = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_BankRedirect{BankRedirect: &paymentsv1.BankRedirect{Type: "ideal"}}}
			return authorize(h, req)
		},
		"authorize_external_3ds": func(h *connectortest.Harness) error {
			req := authorizeRequest()
			req.ThreeDs = &paymentsv1.ThreeDs{Source: &paymentsv1.ThreeDs_External{External: &paymentsv1.ThreeDsAuthentication{
				Status: paymentsv1.ThreeDsStatus_THREE_DS_STATUS_AUTHENTICATED, Version: "2.2.0", Challenged: true, Eci: "05",
				DsTransactionId: "c4e59ceb-a382-4d6a-bc87-385d591fa09d", Cavv: "AAABBEg0VhI0VniQEjRWAAAAAAA=",
			}}}
			return authorize(h, req)
		},
		"complete": on(paymentsv1.PaymentServiceClient.Complete, &paymentsv1.CompleteRequest{PaymentId: psp, Result: &paymentsv1.CompleteRequest_Redirect{
			Redirect: &paymentsv1.RedirectResult{Query: map[string]string{"redirectResult": "X6XtfGC3!Y", "cart": "42"}},
		}}),
		"capture":           on(paymentsv1.PaymentServiceClient.Capture, &paymentsv1.CaptureRequest{PaymentId: psp, Amount: eur(400), Reference: "capture-5"}),
		"void":              on(paymentsv1.PaymentServiceClient.Void, &paymentsv1.VoidRequest{PaymentId: psp, Reference: "void-9"}),
		"void_by_reference": on(paymentsv1.PaymentServiceClient.Void, &paymentsv1.VoidRequest{PaymentId: "reference:order-1001", Reference: "void-9"}),
		"reverse":           on(paymentsv1.PaymentServiceClient.Reverse, &paymentsv1.ReverseRequest{PaymentId: psp, Reference: "reverse-3"}),
		"adjust": on(paymentsv1.PaymentServiceClient.AdjustAuthorization, &paymentsv1.AdjustAuthorizationRequest{
			PaymentId: psp, Amount: eur(1050), Reference: "adjust-2", ConnectorOptions: texts("industry_usage", "delayedCharge"),
		}),
		"create_refund": func(h *connectortest.Harness) error {
			_, err := h.Refunds.CreateRefund(h.Context(testKey), &paymentsv1.CreateRefundRequest{
				PaymentId: psp, Amount: eur(400), Reference: "refund-77", Reason: "requested_by_customer"})
			return err
		},
		"setup_mandate": func(h *connectortest.Harness) error {
			_, err := paymentsv1.NewMandateServiceClient(h.Conn).SetupMandate(h.Context(testKey), &paymentsv1.SetupMandateRequest{
				Reference: "mandate-12", CustomerId: storedShopper, PaymentMethod: testCard(), VerificationAmount: eur(0),
				Terms: &paymentsv1.MandateTerms{IntervalUnit: paymentsv1.MandateIntervalUnit_MANDATE_INTERVAL_UNIT_MONTH, IntervalCount: 1}})
			return err
		},
		"charge_mandate": func(h *connectortest.Harness) error {
			_, err := paymentsv1.NewMandateServiceClient(h.Conn).ChargeMandate(h.Context(testKey), &paymentsv1.ChargeMandateRequest{
				Reference: "order-1001", MandateId: stored + "@" + storedShopper, Amount: eur(1050),
				Reason: paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_RECURRING})
			return err
		},
		"get_mandate": func(h *connectortest.Harness) error {
			_, err := paymentsv1.NewMandateServiceClient(h.Conn).GetMandate(h.Context(testKey), &paymentsv1.GetMandateRequest{MandateId: stored + "@" + storedShopper})
			return err
		},
		"revoke_mandate": func(h *connectortest.Harness) error {
			_, err := paymentsv1.NewMandateServiceClient(h.Conn).RevokeMandate(h.Context(testKey), &paymentsv1.RevokeMandateRequest{MandateId: stored + "@" + storedShopper})
			return err
		},
		"tokenize": func(h *connectortest.Harness) error {
			_, err := paymentsv1.NewPaymentMethodServiceClient(h.Conn).Tokenize(h.Context(testKey), &paymentsv1.TokenizeRequest{PaymentMethod: testCard(), CustomerId: storedShopper})
			return err
		},
		"check_eligibility": func(h *connectortest.Harness) error {
			_, err := paymentsv1.NewPaymentMethodServiceClient(h.Conn).CheckEligibility(h.Context(testKey), &paymentsv1.CheckEligibilityRequest{
				Amount: eur(1050), CountryCode: "NL", PaymentMethodTypes: []string{"card", "ideal"}})
			return err
		},
		"create_client_session": func(h *connectortest.Harness) error {
			_, err := paymentsv1.NewSessionServiceClient(h.Conn).CreateClientSession(h.Context(testKey), &paymentsv1.CreateClientSessionRequest{
				Reference: "order-1001", Amount: eur(1050), CountryCode: "NL"})
			return err
		},
		"accept_dispute": func(h *connectortest.Harness) error {
			_, err := paymentsv1.NewDisputeServiceClient(h.Conn).AcceptDispute(h.Context(testKey), &paymentsv1.AcceptDisputeRequest{DisputeId: disputeID})
			return err
		},
		"defend_dispute": func(h *connectortest.Harness) error {
			_, err := paymentsv1.NewDisputeServiceClient(h.Conn).DefendDispute(h.Context(testKey), &paymentsv1.DefendDisputeRequest{
				DisputeId: disputeID, DefenseReason: "SupplyDefenseMaterial"})
			return err
		},
		"upload_evidence": func(h *connectortest.Harness) error {
			_, err := upload(h, "abc")
			return err
		},
	}
}

const disputeID = "DZ4DPSHB4WD2WN82"

func authorize(h *connectortest.Harness, req *paymentsv1.AuthorizeRequest) error {
	_, err := h.Payments.Authorize(h.Context(testKey), req)
	return err
}

// on is a call of the PaymentService's.
func on[Req, Resp any](
	method func(paymentsv1.PaymentServiceClient, context.Context, *Req, ...grpc.CallOption) (*Resp, error), req *Req,
) func(*connectortest.Harness) error {
	return func(h *connectortest.Harness) error {
		_, err := method(h.Payments, h.Context(testKey), req)
		return err
	}
}

func texts(pairs ...string) *structpb.Struct {
	s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for i := 0; i < len(pairs); i += 2 {
		s.Fields[pairs[i]] = structpb.NewStringValue(pairs[i+1])
	}
	return s
}

func upload(h *connectortest.Harness, chunks ...string) (*paymentsv1.UploadEvidenceResponse, error) {
	stream, err := paymentsv1.NewDisputeServiceClient(h.Conn).UploadEvidence(h.Context(testKey))
	if err != nil {
		return nil, err
	}
	parts := []*paymentsv1.UploadEvidenceRequest{{Part: &paymentsv1.UploadEvidenceRequest_Metadata{Metadata: &paymentsv1.EvidenceMetadata{
		DisputeId: disputeID, FileName: "receipt.pdf", ContentType: "application/pdf", Type: paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_RECEIPT,
	}}}}
	for _, chunk := range chunks {
		parts = append(parts, &paymentsv1.UploadEvidenceRequest{Part: &paymentsv1.UploadEvidenceRequest_Chunk{Chunk: []byte(chunk)}})
	}
	for _, part := range parts {
		if stream.Send(part) != nil {
			break // the answer says why
		}
	}
	return stream.CloseAndRecv()
}

func recordedCard() *paymentsv1.AuthorizeRequest {
	req := authorizeRequest()
	req.CaptureMethod = paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL
	req.Email, req.Language, req.StatementDescriptor = "jo@example.com", "en-GB", "TICKETS"
	req.Customer = &paymentsv1.CustomerDetails{GivenName: "Jo", FamilyName: "Doe"}
	req.Metadata = map[string]string{"seat": "A 12"}
	req.BillingAddress = &paymentsv1.Address{Line1: "Simon Carmiggeltstraat", HouseNumber: "6", City: "Amsterdam", PostalCode: "1011DJ", CountryCode: "NL"}
	req.BrowserInfo = &paymentsv1.BrowserInfo{
		IpAddress: "203.0.113.7", UserAgent: "Mozilla/5.0", AcceptHeader: "text/html", Language: "en-GB", ColorDepth: 24,
		ScreenHeight: 800, ScreenWidth: 1280, TimeZoneOffsetMinutes: -60, JavascriptEnabled: true,
	}
	return req
}

// TestRequestsEqualThoseOfAdyensSDK compares what the connector sends with what Adyen's
// own SDK sent for the same inputs, field by field.
func TestRequestsEqualThoseOfAdyensSDK(t *testing.T) {
	mistakes := 0
	for name, send := range recorded() {
		t.Run(name, func(t *testing.T) {
			recorder := sdkdiff.Record(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusTooManyRequests) // what is sent counts
			}))
			if err := send(start(t, recorder.URL)); err == nil {
				t.Fatal("a refusal is taken for an answer")
			}
			sdkdiff.Compare(t, recordings, name, recorder.Only(t), differences(name)...)
			mistakes += sdkdiff.MustNotice(t, recordings, name, differences(name)...)
		})
	}
	t.Logf("figure: %d requests equal those of Adyen's SDK, %d seeded mistakes are noticed", len(recorded()), mistakes)
}

// TestWebhookThatAdyensSDKSigns: the reference holds what the scheme does not escape.
func TestWebhookThatAdyensSDKSigns(t *testing.T) {
	body, err := os.ReadFile(recordings + "/webhook.json")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := handle(t.Context(), vectors.Webhook{Request: hook(body), Secrets: []string{webhookKey}})
	if err != nil || resp.GetVerification() != paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED {
		t.Fatalf("%v, %v", resp, err)
	}
	if got := resp.GetEvents()[0].GetPayment().GetReference(); got != `order:1001\2` {
		t.Errorf("reference is %q", got)
	}
}
