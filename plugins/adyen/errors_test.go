package adyen

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// calls are one of each kind: a payment, a modification, a refund, and a read.
func calls() map[string]func(*connectortest.Harness) (status string, err error) {
	return map[string]func(*connectortest.Harness) (string, error){
		"Authorize": func(h *connectortest.Harness) (string, error) {
			r, err := h.Payments.Authorize(h.Context(testKey), authorizeRequest())
			return r.GetPayment().GetStatus().String(), err
		},
		"Capture": func(h *connectortest.Harness) (string, error) {
			r, err := h.Payments.Capture(h.Context(testKey), &paymentsv1.CaptureRequest{PaymentId: "9913140798220028", Amount: eur(400)})
			return r.GetPayment().GetStatus().String(), err
		},
		"CreateRefund": func(h *connectortest.Harness) (string, error) {
			r, err := h.Refunds.CreateRefund(h.Context(testKey), &paymentsv1.CreateRefundRequest{
				PaymentId: "9913140798220028", Reference: "refund-77", Amount: eur(400)})
			return r.GetRefund().GetStatus().String(), err
		},
		"CheckEligibility": func(h *connectortest.Harness) (string, error) {
			_, err := paymentsv1.NewPaymentMethodServiceClient(h.Conn).CheckEligibility(h.Context(testKey), &paymentsv1.CheckEligibilityRequest{Amount: eur(1050)})
			return "", err
		},
	}
}

// TestFailures: what each answer of failure means, for what may have happened and for
// what only reads. None becomes a success or a decline.
func TestFailures(t *testing.T) {
	in := func(code, kind string) object {
		return object{"status": 422, "errorCode": code, "errorType": kind, "message": "why", "pspReference": "8816118280275544"}
	}
	type outcome struct {
		code   codes.Code
		reason string
	}
	unknown := outcome{} // the answer is UNKNOWN, and the read UNAVAILABLE
	for name, tt := range map[string]struct {
		status int
		header http.Header
		body   any
		want   outcome
	}{
		"credentials":          {401, nil, in("000", "security"), outcome{codes.FailedPrecondition, "CREDENTIALS_REJECTED"}},
		"merchant account":     {403, nil, in("901", "security"), outcome{codes.FailedPrecondition, "CREDENTIALS_REJECTED"}},
		"merchant account 422": {422, nil, in("901", "security"), outcome{codes.FailedPrecondition, "CREDENTIALS_REJECTED"}},
		"validation":           {422, nil, in("702", "validation"), outcome{codes.InvalidArgument, "INVALID_REQUEST"}},
		"malformed request":    {400, nil, in("702", "validation"), outcome{codes.InvalidArgument, "INVALID_REQUEST"}},
		"not set up":           {500, nil, in("905", "configuration"), outcome{codes.Unimplemented, "OPERATION_UNSUPPORTED"}},
		"too many":             {429, http.Header{"Retry-After": {"7"}}, object{}, outcome{codes.ResourceExhausted, "RATE_LIMITED"}},
		"in progress":          {422, nil, in("704", "validation"), unknown},
		"in progress 409":      {409, nil, in("704", "validation"), unknown},
		"no store of keys":     {503, http.Header{"Transient-Error": {"true"}}, in("703", "internal"), outcome{codes.Unavailable, "CONNECTOR_UNAVAILABLE"}},
		"transient":            {422, http.Header{"Transient-Error": {"true"}}, in("702", "validation"), unknown},
		"internal":             {500, nil, in("903", "internal"), unknown},
		"500 of a proxy":       {500, nil, []byte("<html>"), unknown},
		"502":                  {502, nil, object{}, unknown},
		"503":                  {503, nil, object{}, unknown},
		"422 of a proxy":       {422, nil, object{}, unknown},
		"404 of a proxy":       {404, nil, []byte("not found"), unknown},
		"redirect":             {302, http.Header{"Location": {"https://example.com"}}, object{}, unknown},
		"no JSON":              {200, nil, []byte("<html>"), unknown},
		"another object":       {200, nil, object{"colour": "blue"}, unknown},
		"cut off":              {200, nil, []byte(`{"resultCode":"Authorised","pspRef`), unknown},
	} {
		for operation, call := range calls() {
			t.Run(name+"/"+operation, func(t *testing.T) {
				status, err := call(start(t, answering(t, tt.status, tt.header, tt.body).URL))
				switch {
				case tt.want != unknown:
					connectortest.WantError(t, err, tt.want.code, tt.want.reason)
				case operation == "CheckEligibility":
					connectortest.WantError(t, err, codes.Unavailable, "CONNECTOR_UNAVAILABLE")
				case err != nil || status != "PAYMENT_STATUS_UNKNOWN" && status != "REFUND_STATUS_UNKNOWN":
					t.Errorf("status %s, error %v; want UNKNOWN", status, err)
				}
			})
		}
	}
}

// TestFieldsOfErrorCodes: the field that a code finds fault with is one of ours.
func TestFieldsOfErrorCodes(t *testing.T) {
	for code, want := range map[string]string{
		"101": "payment_method.card.number", "103": "payment_method.card.security_code", "129": "payment_method.card.expiry_month",
		"131": "billing_address.city", "137": "amount", "138": "amount.currency_code", "167": "payment_id", "14_030": "return_url",
		"130": "reference", "800": "payment_method.card_token.token", "177": "metadata", "999": "",
	} {
		h := start(t, answering(t, http.StatusUnprocessableEntity, nil, object{"errorCode": code, "errorType": "validation", "message": "why"}).URL)
		_, err := h.Payments.Authorize(h.Context(testKey), authorizeRequest())
		fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST")
		if want == "" && len(fields) > 0 || want != "" && (len(fields) != 1 || fields[0] != want) {
			t.Errorf("%s: fields are %v, want %q", code, fields, want)
		}
	}
}

// TestRefusedBeforeAnythingIsSent: what can't be Adyen's, or what Adyen would take
// for something else, does not leave.
func TestRefusedBeforeAnythingIsSent(t *testing.T) {
	psp := answering(t, http.StatusOK, nil, object{})
	h := start(t, psp.URL)
	mandates, disputes := paymentsv1.NewMandateServiceClient(h.Conn), paymentsv1.NewDisputeServiceClient(h.Conn)
	ctx := h.Context(testKey)
	change := func(edit func(*paymentsv1.AuthorizeRequest)) func() error {
		req := authorizeRequest()
		edit(req)
		return func() error { _, err := h.Payments.Authorize(ctx, req); return err }
	}
	for field, call := range map[string]func() error{
		"payment_id": func() error {
			_, err := h.Payments.Void(ctx, &paymentsv1.VoidRequest{PaymentId: "../payments"})
			return err
		},
		"amount": func() error {
			_, err := h.Payments.Capture(ctx, &paymentsv1.CaptureRequest{PaymentId: "9913140798220028"})
			return err
		},
		"dispute_id": func() error {
			_, err := disputes.AcceptDispute(ctx, &paymentsv1.AcceptDisputeRequest{DisputeId: "a/b"})
			return err
		},
		"mandate_id": func() error {
			_, err := mandates.RevokeMandate(ctx, &paymentsv1.RevokeMandateRequest{MandateId: "M5N7TQ4TG5PFWR50"})
			return err
		},
		"verification_amount.minor_units": func() error {
			_, err := mandates.SetupMandate(ctx, &paymentsv1.SetupMandateRequest{
				Reference: "mandate-12", CustomerId: storedShopper, PaymentMethod: testCard(), VerificationAmount: eur(100)})
			return err
		},
		"amount.minor_units": change(func(r *paymentsv1.AuthorizeRequest) {
			r.Amount = &paymentsv1.Money{CurrencyCode: "IDR", MinorUnits: 1050}
		}),
		"connector_options.stroe": change(func(r *paymentsv1.AuthorizeRequest) { r.ConnectorOptions = texts("stroe", "north") }),
		"metadata.a_name_of_more_than_twenty": change(func(r *paymentsv1.AuthorizeRequest) {
			r.Metadata = map[string]string{"a_name_of_more_than_twenty": "x"}
		}),
		"customer_id": change(func(r *paymentsv1.AuthorizeRequest) {
			r.StoredCredential = &paymentsv1.StoredCredential{SetupFutureUsage: paymentsv1.SetupFutureUsage_SETUP_FUTURE_USAGE_ON_SESSION}
		}),
		"payment_method.wallet.encrypted": change(func(r *paymentsv1.AuthorizeRequest) {
			r.PaymentMethod = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Wallet{Wallet: &paymentsv1.Wallet{Type: "apple_pay"}}}
		}),
		"payment_method.bank_redirect.bank": change(func(r *paymentsv1.AuthorizeRequest) {
			r.PaymentMethod = &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_BankRedirect{BankRedirect: &paymentsv1.BankRedirect{Type: "eps"}}}
		}),
		"three_ds.exemption": change(func(r *paymentsv1.AuthorizeRequest) {
			r.ThreeDs = &paymentsv1.ThreeDs{Exemption: paymentsv1.ScaExemption_SCA_EXEMPTION_RECURRING}
		}),
	} {
		if fields := connectortest.WantError(t, call(), codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != field {
			t.Errorf("%s: fields are %v", field, fields)
		}
	}
	if _, path := psp.sent(); path != "" {
		t.Errorf("sent to %s", path)
	}
}
