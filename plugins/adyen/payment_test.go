package adyen

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

const (
	pspID   = "993617895204576J"
	unknown = paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN

	match    = paymentsv1.CheckResult_CHECK_RESULT_MATCH
	mismatch = paymentsv1.CheckResult_CHECK_RESULT_MISMATCH
)

func authorised1050(more object) object {
	answer := object{"resultCode": "Authorised", "pspReference": pspID, "merchantReference": "order-1001", "amount": object{"currency": "EUR", "value": 1050}}
	maps.Copy(answer, more)
	return answer
}

// TestResultCodes: each of Adyen's words, and what must not become of it.
func TestResultCodes(t *testing.T) {
	redirect := object{"type": "redirect", "method": "GET", "url": "https://checkoutshopper-test.adyen.com/issuer"}
	for name, tt := range map[string]struct {
		answer  object
		manual  bool
		want    paymentsv1.PaymentStatus
		capture int64 // captured
	}{
		"Authorised, captured at once": {authorised1050(nil), false, paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, 1050},
		"Authorised, captured later":   {authorised1050(nil), true, paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED, 0},
		"Authorised without an amount": {object{"resultCode": "Authorised", "pspReference": pspID}, true, paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED, 0},
		"Refused":                      {object{"resultCode": "Refused", "pspReference": pspID, "refusalReasonCode": "2"}, false, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED, 0},
		"Cancelled":                    {object{"resultCode": "Cancelled", "pspReference": pspID}, false, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED, 0},
		"Error":                        {object{"resultCode": "Error", "pspReference": pspID, "refusalReasonCode": "4"}, false, paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED, 0},
		"Pending":                      {object{"resultCode": "Pending", "pspReference": pspID}, false, paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING, 0},
		"Received":                     {object{"resultCode": "Received", "pspReference": pspID}, false, paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING, 0},
		"RedirectShopper":              {object{"resultCode": "RedirectShopper", "action": redirect}, false, paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION, 0},
		"RedirectShopper to nowhere":   {object{"resultCode": "RedirectShopper"}, false, unknown, 0},
		"a word of next year":          {object{"resultCode": "Quux", "pspReference": pspID}, false, unknown, 0},
		"AuthenticationFinished":       {object{"resultCode": "AuthenticationFinished", "pspReference": pspID}, false, unknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, answering(t, 200, nil, tt.answer).URL)
			req := authorizeRequest()
			if tt.manual {
				req.CaptureMethod = paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL
			}
			resp, err := h.Payments.Authorize(h.Context(testKey), req)
			if err != nil {
				t.Fatal(err)
			}
			p := resp.GetPayment()
			if p.GetStatus() != tt.want || p.GetCapturedAmount().GetMinorUnits() != tt.capture {
				t.Errorf("payment is %v, want %s and %d captured", p, tt.want, tt.capture)
			}
			if (p.GetDecline() != nil) != (tt.want == paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED) {
				t.Errorf("decline is %v", p.GetDecline())
			}
			if (p.GetNextAction() != nil) != (tt.want == paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION) {
				t.Errorf("next_action is %v", p.GetNextAction())
			}
		})
	}
}

func TestAnswersThatContradict(t *testing.T) {
	for name, change := range map[string]object{
		"another amount":    {"amount": object{"currency": "EUR", "value": 1}},
		"another currency":  {"amount": object{"currency": "USD", "value": 1050}},
		"another reference": {"merchantReference": "order-1002"},
	} {
		h := start(t, answering(t, 200, nil, authorised1050(change)).URL)
		_, err := h.Payments.Authorize(h.Context(testKey), authorizeRequest())
		if err == nil {
			t.Errorf("%s passes", name)
			continue
		}
		connectortest.WantError(t, err, codes.Unknown, "INTEGRITY_MISMATCH")
	}
}

func TestPartialAuthorization(t *testing.T) {
	h := start(t, answering(t, 200, nil, authorised1050(object{"resultCode": "PartiallyAuthorised", "amount": object{"currency": "EUR", "value": 700}})).URL)
	req := authorizeRequest()
	req.CaptureMethod = paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL
	resp, err := h.Payments.Authorize(h.Context(testKey), req)
	if err != nil {
		t.Fatal(err)
	}
	if p := resp.GetPayment(); p.GetAmount().GetMinorUnits() != 1050 || p.GetAuthorizedAmount().GetMinorUnits() != 700 || p.GetCapturableAmount().GetMinorUnits() != 700 {
		t.Errorf("payment is %v", p)
	}
}

func TestDetailsOfThePayment(t *testing.T) {
	h := start(t, answering(t, 200, nil, authorised1050(object{
		"paymentMethod": object{"type": "scheme", "brand": "mc"},
		"additionalData": object{
			"cardSummary": "5454", "cardBin": "545454", "expiryDate": "3/2030", "fundingSource": "DEBIT", "cvcResult": "1 Matches", "avsResult": "6 Postal code matches, but the address does not match",
			"authCode": "044925", "networkTxReference": "MCC000000355", "liabilityShift": "true", "cardIssuingCountry": "PL",
			"tokenization.storedPaymentMethodId": storedCard, "tokenization.shopperReference": storedShopper,
		},
	})).URL)
	resp, err := h.Payments.Authorize(h.Context(testKey), authorizeRequest())
	if err != nil {
		t.Fatal(err)
	}
	p, card := resp.GetPayment(), resp.GetPayment().GetPaymentMethod().GetCard()
	for what, ok := range map[string]bool{
		"network":         card.GetNetwork() == "mastercard",
		"last4":           card.GetLast4() == "5454",
		"expiry":          card.GetExpiryMonth() == 3 && card.GetExpiryYear() == 2030,
		"funding":         card.GetFunding() == paymentsv1.CardFunding_CARD_FUNDING_DEBIT,
		"checks":          card.GetSecurityCodeCheck() == match && card.GetStreetCheck() == mismatch && card.GetPostalCodeCheck() == match,
		"token":           p.GetPaymentMethod().GetToken() == storedCard,
		"mandate":         p.GetMandateId() == storedCard+"@"+storedShopper,
		"approval code":   p.GetApprovalCode() == "044925",
		"transaction id":  p.GetNetworkTransactionId() == "MCC000000355",
		"liability shift": p.GetThreeDs().GetLiabilityShift() == paymentsv1.LiabilityShift_LIABILITY_SHIFT_SHIFTED,
	} {
		if !ok {
			t.Errorf("%s is wrong: %v", what, p)
		}
	}
}

// TestActions: what somebody must do, in the contract's words where it has them, and
// whole for Adyen's SDK otherwise.
func TestActions(t *testing.T) {
	for name, tt := range map[string]struct {
		action object
		ok     func(*paymentsv1.NextAction) bool
	}{
		"form": {object{"type": "redirect", "method": "POST", "url": "https://acs.example", "data": object{"MD": "m", "PaReq": "p"}}, func(a *paymentsv1.NextAction) bool {
			return a.GetRedirect().GetMethod() == "POST" && a.GetRedirect().GetFormFields()["PaReq"] == "p"
		}},
		"QR code": {object{"type": "qrCode", "qrCodeData": "00020126", "expiresAt": "2030-01-31T12:00:00Z"}, func(a *paymentsv1.NextAction) bool {
			return a.GetDisplayQr().GetData() == "00020126" && a.GetDisplayQr().GetExpireTime().AsTime().Year() == 2030
		}},
		"voucher": {object{"type": "voucher", "reference": "501 422 944", "entity": "12101", "expiresAt": "2030-01-31T12:00:00"}, func(a *paymentsv1.NextAction) bool {
			return a.GetDisplayVoucher().GetPaymentCode() == "501 422 944" && a.GetDisplayVoucher().GetEntity() == "12101" && a.GetDisplayVoucher().GetExpireTime() != nil
		}},
		"await": {object{"type": "await", "paymentData": "Ab02"}, func(a *paymentsv1.NextAction) bool { return a.GetWait() != nil }},
		"native 3-D Secure": {object{"type": "threeDS2", "subtype": "fingerprint", "token": "eyJ0aHJl"}, func(a *paymentsv1.NextAction) bool {
			return a.GetClientSdk().GetSdk() == sdkName && a.GetClientSdk().GetParameters().GetFields()["token"].GetStringValue() == "eyJ0aHJl"
		}},
	} {
		h := start(t, answering(t, 200, nil, object{"resultCode": "Pending", "action": tt.action}).URL)
		resp, err := h.Payments.Authorize(h.Context(testKey), authorizeRequest())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p := resp.GetPayment()
		if p.GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION || p.GetId() != "reference:order-1001" || !tt.ok(p.GetNextAction()) {
			t.Errorf("%s: payment is %v", name, p)
		}
	}
}

// TestCompleteOfAPaymentWithoutAnID: Adyen names the payment only now.
func TestCompleteOfAPaymentWithoutAnID(t *testing.T) {
	back := &paymentsv1.CompleteRequest{PaymentId: "reference:order-1001", Amount: eur(1050), Result: &paymentsv1.CompleteRequest_Redirect{
		Redirect: &paymentsv1.RedirectResult{Query: map[string]string{"redirectResult": "X6XtfGC3!Y"}},
	}}
	h := start(t, answering(t, 200, nil, authorised1050(nil)).URL)
	resp, err := h.Payments.Complete(h.Context(testKey), back)
	if err != nil || resp.GetPayment().GetId() != pspID || resp.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED {
		t.Errorf("payment is %v, %v; nobody said that it is captured by itself", resp.GetPayment(), err)
	}
	back.ConnectorOptions = texts("capture_method", "automatic")
	if resp, err = h.Payments.Complete(h.Context(testKey), back); err != nil || resp.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED {
		t.Errorf("payment is %v, %v", resp.GetPayment(), err)
	}
	// The result of another payment's redirect is not this payment's.
	h = start(t, answering(t, 200, nil, authorised1050(object{"merchantReference": "order-1002"})).URL)
	_, err = h.Payments.Complete(h.Context(testKey), back)
	connectortest.WantError(t, err, codes.Unknown, "INTEGRITY_MISMATCH")
}

func TestCompleteWithAdyensSDK(t *testing.T) {
	psp := answering(t, 200, nil, authorised1050(nil))
	h := start(t, psp.URL)
	data, err := structpb.NewStruct(object{"details": object{"threeDSResult": "eyJ0cmFuc1N0YXR1cyI6IlkifQ=="}, "paymentData": "Ab02b4c0"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Payments.Complete(h.Context(testKey), &paymentsv1.CompleteRequest{
		PaymentId: "reference:order-1001", Result: &paymentsv1.CompleteRequest_ClientSdk{ClientSdk: &paymentsv1.ClientSdkResult{Data: data}}})
	if err != nil {
		t.Fatal(err)
	}
	sent, path := psp.sent()
	if details, _ := sent["details"].(object); path != "/v71/payments/details" || sent["paymentData"] != "Ab02b4c0" || details["threeDSResult"] == nil {
		t.Errorf("sent %v to %s", sent, path)
	}
}

func TestVoidByReference(t *testing.T) {
	psp := answering(t, 201, nil, object{"merchantAccount": merchantAccount, "paymentReference": "order-1001", "pspReference": pspID, "status": "received"})
	h := start(t, psp.URL)
	resp, err := h.Payments.Void(h.Context(testKey), &paymentsv1.VoidRequest{PaymentId: "reference:order-1001"})
	if err != nil || resp.GetPayment().GetStatus() != paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING || resp.GetPayment().GetReference() != "order-1001" {
		t.Fatalf("payment is %v, %v", resp.GetPayment(), err)
	}
	if sent, path := psp.sent(); path != "/v71/cancels" || sent["paymentReference"] != "order-1001" {
		t.Errorf("sent %v to %s", sent, path)
	}
}

// TestLineItems: Adyen counts by the piece; the lines add up to the same.
func TestLineItems(t *testing.T) {
	item := func(quantity, unit, tax, discount, total int64) *paymentsv1.LineItem {
		return &paymentsv1.LineItem{Name: "Ticket", Quantity: quantity, UnitAmount: eur(unit), TaxAmount: eur(tax), DiscountAmount: eur(discount), TotalAmount: eur(total)}
	}
	for name, tt := range map[string]struct {
		item     *paymentsv1.LineItem
		included bool
	}{
		"tax on top":             {item(2, 500, 210, 0, 1210), false},
		"tax included":           {item(2, 605, 210, 0, 1210), true},
		"a discount":             {item(3, 500, 0, 100, 1400), true},
		"tax that does not part": {item(3, 500, 100, 0, 1600), false},
	} {
		lines, err := lineItems([]*paymentsv1.LineItem{tt.item}, tt.included)
		if err != nil || len(lines) != 1 {
			t.Fatalf("%s: %v, %v", name, lines, err)
		}
		line := lines[0]
		if sum := line.AmountIncludingTax * line.Quantity; sum != tt.item.GetTotalAmount().GetMinorUnits() || line.AmountExcludingTax+line.TaxAmount != line.AmountIncludingTax {
			t.Errorf("%s: %+v adds up to %d", name, line, sum)
		}
	}
}

// TestLargeEvidence: 25 MiB travel as they are read, and arrive whole.
func TestLargeEvidence(t *testing.T) {
	psp := answering(t, 200, nil, object{"disputeServiceResult": object{"success": true}})
	chunk := strings.Repeat("x", 1<<20)
	chunks := make([]string, 25)
	for i := range chunks {
		chunks[i] = chunk
	}
	resp, err := upload(start(t, psp.URL), chunks...)
	if err != nil || resp.GetSizeBytes() != 25<<20 || resp.GetFileId() != defenseMaterial {
		t.Fatalf("%v, %v", resp, err)
	}
	sent, _ := psp.sent()
	document := sent["defenseDocuments"].([]any)[0].(object)
	content, err := base64.StdEncoding.DecodeString(document["content"].(string))
	if err != nil || len(content) != 25<<20 || strings.Trim(string(content), "x") != "" {
		t.Errorf("%d bytes arrived (%v)", len(content), err)
	}
}

func TestDisputesThatAdyenRefuses(t *testing.T) {
	h := start(t, answering(t, 200, nil, object{
		"disputeServiceResult": object{"success": false, "errorMessage": "Dispute is not defendable"},
		"defenseReasons":       []object{{"defenseReasonCode": "SupplyDefenseMaterial", "satisfied": true}},
	}).URL)
	disputes := paymentsv1.NewDisputeServiceClient(h.Conn)
	_, err := disputes.AcceptDispute(h.Context(testKey), &paymentsv1.AcceptDisputeRequest{DisputeId: disputeID})
	connectortest.WantError(t, err, codes.FailedPrecondition, refused)
	_, err = upload(h, "abc")
	connectortest.WantError(t, err, codes.FailedPrecondition, refused)
	_, err = disputes.DefendDispute(h.Context(testKey), &paymentsv1.DefendDisputeRequest{DisputeId: disputeID})
	connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	if !strings.Contains(err.Error(), "SupplyDefenseMaterial") {
		t.Errorf("%v does not name the reasons", err)
	}
}
