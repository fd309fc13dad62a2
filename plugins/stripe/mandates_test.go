package stripe

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

func TestMandateStatus(t *testing.T) {
	attached, detached := &api.PaymentMethod{ID: "pm_1", Customer: "cus_1"}, &api.PaymentMethod{ID: "pm_1"}
	attached.Type, detached.Type = "card", "card"
	for name, tt := range map[string]struct {
		setup api.SetupIntent
		want  paymentsv1.MandateStatus
	}{
		"untouched":           {api.SetupIntent{Status: "requires_payment_method"}, paymentsv1.MandateStatus_MANDATE_STATUS_REQUIRES_ACTION},
		"refused":             {api.SetupIntent{Status: "requires_payment_method", LastSetupError: &api.Failure{Type: "card_error"}}, paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED},
		"to be confirmed":     {api.SetupIntent{Status: "requires_confirmation"}, paymentsv1.MandateStatus_MANDATE_STATUS_REQUIRES_ACTION},
		"challenge":           {api.SetupIntent{Status: "requires_action"}, paymentsv1.MandateStatus_MANDATE_STATUS_REQUIRES_ACTION},
		"on its way":          {api.SetupIntent{Status: "processing"}, paymentsv1.MandateStatus_MANDATE_STATUS_PENDING},
		"given up":            {api.SetupIntent{Status: "canceled"}, paymentsv1.MandateStatus_MANDATE_STATUS_FAILED},
		"set up":              {api.SetupIntent{Status: "succeeded", PaymentMethod: attached}, paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE},
		"set up, not told":    {api.SetupIntent{Status: "succeeded", PaymentMethod: &api.PaymentMethod{ID: "pm_1"}}, paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE},
		"detached":            {api.SetupIntent{Status: "succeeded", PaymentMethod: detached}, paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED},
		"debit, active":       {api.SetupIntent{Status: "succeeded", PaymentMethod: attached, Mandate: &api.Mandate{Status: "active"}}, paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE},
		"debit, to be active": {api.SetupIntent{Status: "succeeded", PaymentMethod: attached, Mandate: &api.Mandate{Status: "pending"}}, paymentsv1.MandateStatus_MANDATE_STATUS_PENDING},
		"debit, ended":        {api.SetupIntent{Status: "succeeded", PaymentMethod: attached, Mandate: &api.Mandate{Status: "inactive"}}, paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED},
		"debit, unheard of":   {api.SetupIntent{Status: "succeeded", PaymentMethod: attached, Mandate: &api.Mandate{Status: "paused"}}, paymentsv1.MandateStatus_MANDATE_STATUS_UNKNOWN},
		"unheard of":          {api.SetupIntent{Status: "requires_patience"}, paymentsv1.MandateStatus_MANDATE_STATUS_UNKNOWN},
	} {
		if got := mandateStatus(t.Context(), &tt.setup); got != tt.want {
			t.Errorf("%s is %s, want %s", name, got, tt.want)
		}
	}
}

// TestMandatesOfBothKinds: a setup, and the instrument that a payment stored, are
// charged, read and revoked alike.
func TestMandatesOfBothKinds(t *testing.T) {
	for _, id := range []string{"seti_1", "pm_1"} {
		h, _, recorder := seeded(t)
		mandates := paymentsv1.NewMandateServiceClient(h.Conn)
		charge := &paymentsv1.ChargeMandateRequest{
			MandateId: id, Reference: "order-1001", Amount: eur(1050), CustomerId: "cus_1",
			Reason: paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_UNSCHEDULED,
		}
		charged, err := mandates.ChargeMandate(h.Context(testKey), charge)
		if err != nil || charged.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
			t.Fatalf("%s: %v, %v", id, charged, err)
		}
		r := sent(t, recorder, "POST", "/v1/payment_intents")
		if form(r, "payment_method") != "pm_1" || form(r, "customer") != "cus_1" || form(r, "off_session") != "one_off" || form(r, "payment_method_types[0]") != "card" {
			t.Errorf("%s: sent %v", id, r.Form)
		}
		revoked, err := mandates.RevokeMandate(h.Context(testKey+"r"), &paymentsv1.RevokeMandateRequest{MandateId: id})
		if err != nil || revoked.GetMandate().GetId() != id || revoked.GetMandate().GetStatus() != paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED {
			t.Errorf("%s: %v, %v", id, revoked, err)
		}
		read, err := mandates.GetMandate(h.Context(""), &paymentsv1.GetMandateRequest{MandateId: id})
		if err != nil || read.GetMandate().GetStatus() != paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED {
			t.Errorf("%s: %v, %v", id, read, err)
		}
		charge.CustomerId = ""
		_, err = mandates.ChargeMandate(h.Context(testKey+"c"), charge)
		connectortest.WantError(t, err, codes.FailedPrecondition, "STATE_FORBIDS")
	}
}

func TestMandatesThatAreRefused(t *testing.T) {
	h, s, recorder := seeded(t)
	setup := s.fixture("setup_intent")
	setup["id"], setup["last_setup_error"], setup["next_action"] = "seti_empty", nil, nil
	s.keep(setup)
	const charged = `"reference":"order-1001","amount":{"currencyCode":"EUR","minorUnits":"1050"},"reason":"MERCHANT_INITIATED_REASON_RECURRING"`
	for request, field := range map[sample]string{
		{"", "SetupMandate", `{"reference":"m","paymentMethod":` + instruments()["card_token"] + `,"verificationAmount":{"currencyCode":"EUR","minorUnits":"1"}}`}: "verification_amount",
		{"", "SetupMandate", `{"reference":"m","paymentMethod":` + instruments()["sepa_debit"] + `,"customerId":"cus_1"}`}:                                         "payment_method.bank_debit.acceptance",
		{"", "ChargeMandate", `{"mandateId":"seti_1","chargeDate":"2030-02-28",` + charged + `}`}:                                                                  "charge_date",
		{"", "ChargeMandate", `{"mandateId":"seti_1","customerId":"cus_2",` + charged + `}`}:                                                                       "customer_id",
		{"", "ChargeMandate", `{"mandateId":"seti_unknown",` + charged + `}`}:                                                                                      "",
		{"", "GetMandate", `{"mandateId":"pm_un/known"}`}:                                                                                                          "mandate_id",
	} {
		_, err := request.send(h.Context(testKey), t, h)
		fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST")
		if field != "" && (len(fields) != 1 || fields[0] != field) {
			t.Errorf("%s: fields are %v, want %s", request.request, fields, field)
		}
	}
	_, err := sample{"", "SetupMandate", `{"reference":"m","paymentMethod":` + instruments()["ideal"] + `}`}.send(h.Context(testKey), t, h)
	connectortest.WantError(t, err, codes.Unimplemented, "OPERATION_UNSUPPORTED")
	_, err = sample{"", "RevokeMandate", `{"mandateId":"seti_empty"}`}.send(h.Context(testKey), t, h)
	connectortest.WantError(t, err, codes.FailedPrecondition, "STATE_FORBIDS")
	for _, r := range recorder.Requests() {
		if r.Method != http.MethodGet {
			t.Errorf("sent %v", r)
		}
	}
}

// TestSetupDeclined: a refusal is an answer, with the setup or before there is one.
func TestSetupDeclined(t *testing.T) {
	s := newStandIn(t)
	setup := s.fixture("setup_intent")
	setup["metadata"], setup["next_action"] = object{referenceKey: "mandate-12"}, nil
	for name, failure := range map[string]object{
		"before a setup": {"type": "card_error", "code": "card_declined", "decline_code": "lost_card"},
		"with a setup":   {"type": "card_error", "code": "card_declined", "decline_code": "lost_card", "setup_intent": setup},
	} {
		h := faulty(t, failed(402, failure), false)
		got, err := sample{"", "SetupMandate", `{"reference":"mandate-12","customerId":"cus_1","paymentMethod":` + instruments()["card_token"] + `}`}.send(h.Context(testKey), t, h)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m := got.(*paymentsv1.SetupMandateResponse).GetMandate()
		if m.GetStatus() != paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED || m.GetDecline().GetCode() != "lost_card" || m.GetNextAction() != nil {
			t.Errorf("%s: %v", name, m)
		}
	}
}
