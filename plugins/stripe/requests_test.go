package stripe

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// sample is one request to the connector, as JSON. The ids in it are those of
// startMock's and startBare's fixtures.
type sample struct{ name, operation, request string }

// send makes the call. UploadEvidence, the one stream, sends a file of five bytes.
func (s sample) send(ctx context.Context, t *testing.T, h *connectortest.Harness) (proto.Message, error) {
	t.Helper()
	service, method := operationOf(t, s.operation)
	req := newMessage(t, method.Input())
	if err := protojson.Unmarshal([]byte(s.request), req); err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	if method.IsStreamingClient() {
		return upload(ctx, h, req.(*paymentsv1.UploadEvidenceRequest).GetMetadata(), "%PDF-")
	}
	resp := newMessage(t, method.Output())
	return resp, h.Conn.Invoke(ctx, "/"+string(service.FullName())+"/"+s.operation, req, resp)
}

// operationOf finds an operation in the contract by its name, which is unique.
func operationOf(t *testing.T, name string) (service protoreflect.ServiceDescriptor, method protoreflect.MethodDescriptor) {
	t.Helper()
	for _, pkg := range []protoreflect.FullName{"patchbay.payments.v1", "patchbay.connector.v1"} {
		protoregistry.GlobalFiles.RangeFilesByPackage(pkg, func(file protoreflect.FileDescriptor) bool {
			for i := range file.Services().Len() {
				if found := file.Services().Get(i).Methods().ByName(protoreflect.Name(name)); found != nil {
					service, method = file.Services().Get(i), found
				}
			}
			return method == nil
		})
	}
	if method == nil {
		t.Fatalf("the contract has no %s", name)
	}
	return service, method
}

func newMessage(t *testing.T, of protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(of.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return kind.New().Interface()
}

// upload sends a file in one chunk.
func upload(ctx context.Context, h *connectortest.Harness, metadata *paymentsv1.EvidenceMetadata, content string) (*paymentsv1.UploadEvidenceResponse, error) {
	stream, err := paymentsv1.NewDisputeServiceClient(h.Conn).UploadEvidence(ctx)
	if err != nil {
		return nil, err
	}
	for _, part := range []*paymentsv1.UploadEvidenceRequest{
		{Part: &paymentsv1.UploadEvidenceRequest_Metadata{Metadata: metadata}},
		{Part: &paymentsv1.UploadEvidenceRequest_Chunk{Chunk: []byte(content)}},
	} {
		if err := stream.Send(part); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	return stream.CloseAndRecv()
}

// samples lists every operation in each of its variants.
func samples() []sample {
	return slices.Concat(authorizeSamples(), followUpSamples(), mandateSamples(), customerSamples(), disputeSamples(), payoutSamples())
}

const (
	joInJSON      = `"email":"jo@example.com","customer":{"givenName":"Jo","familyName":"Doe","phone":"+14155550100","document":{"type":"cpf","number":"00000000000"}}`
	addressInJSON = `"billingAddress":{"givenName":"Jo","familyName":"Doe","line1":"1 Main Street","line2":"Flat 2","city":"Berlin","region":"BE","postalCode":"10115","countryCode":"DE"}`
	browserInJSON = `"browserInfo":{"ipAddress":"203.0.113.7","userAgent":"Mozilla/5.0"}`
	orderInJSON   = `"reference":"order-1001","amount":{"currencyCode":"EUR","minorUnits":"1050"}`
)

// instruments are those of all types, as JSON.
func instruments() map[string]string {
	all := map[string]string{
		"card":       `{"card":{"number":"4242424242424242","expiryMonth":12,"expiryYear":2030,"securityCode":"123","holderName":"Test Card","network":"visa"}}`,
		"card_token": `{"cardToken":{"token":"pm_card_visa"}}`,
		"token":      `{"cardToken":{"token":"tok_visa"}}`,
		"apple_pay":  `{"wallet":{"type":"apple_pay","encrypted":{"payload":"{\"version\":\"EC_v1\"}","network":"visa","displayName":"Visa 4242","transactionId":"31323334"}}}`,
		"google_pay": `{"wallet":{"type":"google_pay","encrypted":{"payload":"{\"id\":\"tok_visa\",\"object\":\"token\"}"}}}`,
		"mandate":    `{"mandate":{"mandateId":"seti_1"}}`,
		"blik":       `{"bankRedirect":{"type":"blik","oneTimeCode":"777123"}}`,
		"eps":        `{"bankRedirect":{"type":"eps","bank":"erste_bank_und_sparkassen","holderName":"Jo Doe"}}`,
		"fpx":        `{"bankRedirect":{"type":"fpx","bank":"maybank2u"}}`,
		"ideal":      `{"bankRedirect":{"type":"ideal","bank":"ing"}}`,
		"sepa_debit": `{"bankDebit":{"type":"sepa_debit","account":{"iban":"DE89370400440532013000","holderName":"Jo Doe"}}}`,
		"ach_debit":  `{"bankDebit":{"type":"ach_debit","account":{"accountNumber":"000123456789","routingNumber":"110000000","holderName":"Jo Doe","ownerKind":"BANK_ACCOUNT_OWNER_KIND_COMPANY","kind":"BANK_ACCOUNT_KIND_SAVINGS"}}}`,
		"bacs_debit": `{"bankDebit":{"type":"bacs_debit","account":{"accountNumber":"00012345","sortCode":"108800"}}}`,
		"becs_debit": `{"bankDebit":{"type":"becs_debit","account":{"accountNumber":"000123456","bsb":"000000"}}}`,
	}
	for family, types := range map[string][]string{
		"bankRedirect": {"bancontact", "przelewy24"},
		"bankTransfer": {"multibanco", "paynow", "pix", "promptpay"},
		"payLater":     {"affirm", "afterpay", "alma", "billie", "klarna", "scalapay", "zip"},
		"voucher":      {"boleto", "konbini", "oxxo"},
		"wallet": {
			"alipay", "amazon_pay", "cash_app", "grabpay", "kakao_pay", "mobilepay", "paypal", "revolut_pay", "satispay", "swish", "twint", "wechat_pay",
		},
	} {
		for _, kind := range types {
			all[kind] = `{"` + family + `":{"type":"` + kind + `"}}`
		}
	}
	return all
}

// authorizeSamples pay in every way.
func authorizeSamples() []sample {
	pay := func(name, method, more string) sample {
		return sample{name, "Authorize", `{` + orderInJSON + `,"returnUrl":"https://shop.example/return","paymentMethod":` + method + more + `}`}
	}
	var all []sample
	for _, kind := range slices.Sorted(maps.Keys(instruments())) {
		all = append(all, pay("pay with "+kind, instruments()[kind], ","+joInJSON+","+addressInJSON+","+browserInJSON))
	}
	token := instruments()["card_token"]
	for name, more := range map[string]string{
		"capture later, several captures": `,"captureMethod":"CAPTURE_METHOD_MANUAL","expectedCaptures":3`,
		"every option":                    `,"connectorOptions":{"setup_future_usage":"on_session","on_behalf_of":"acct_2","transfer_group":"g","request_multicapture":"if_available","request_incremental_authorization":"if_available","request_extended_authorization":"if_available"}`,
		"texts and shipping":              `,"description":"Two tickets","statementDescriptor":"TICKETS","metadata":{"seat":"A 12"},"shipping":{"address":{"givenName":"Sam","line1":"2 Main Street","houseNumber":"12a","countryCode":"US","phone":"+14155550101"},"carrier":"UPS","trackingNumber":"1Z"}`,
		"store for a new customer":        `,"storedCredential":{"setupFutureUsage":"SETUP_FUTURE_USAGE_OFF_SESSION"},` + joInJSON,
		"store for a customer":            `,"customerId":"cus_1","storedCredential":{"setupFutureUsage":"SETUP_FUTURE_USAGE_ON_SESSION"}`,
		"the merchant starts it":          `,"customerId":"cus_1","storedCredential":{"initiator":"INITIATOR_MERCHANT","reason":"MERCHANT_INITIATED_REASON_RECURRING"}`,
		"with the network's id":           `,"storedCredential":{"initiator":"INITIATOR_MERCHANT","reason":"MERCHANT_INITIATED_REASON_UNSCHEDULED","networkTransactionId":"MCC1"}`,
		"the payer is away":               `,"customerId":"cus_1","storedCredential":{"offSession":true}`,
		"rather with a challenge":         `,"threeDs":{"challengePreference":"CHALLENGE_PREFERENCE_CHALLENGE_MANDATED"}`,
		"authenticated elsewhere":         `,"threeDs":{"external":{"status":"THREE_DS_STATUS_AUTHENTICATED","version":"2.2.0","dsTransactionId":"c4e59ceb-a382-4d6a-bc87-385d591fa09d","cavv":"AAABBEg0VhI0VniQEjRWAAAAAAA=","eci":"05"},"exemption":"SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS"}`,
	} {
		all = append(all, pay(name, token, more))
	}
	return all
}

// followUpSamples go on with payments and refunds.
func followUpSamples() []sample {
	return []sample{
		{"complete a redirect", "Complete", `{"paymentId":"pi_1","redirect":{"query":{"payment_intent":"pi_1"}}}`},
		{"capture all", "Capture", `{"paymentId":"pi_1"}`},
		{"capture a part", "Capture", `{"paymentId":"pi_1","amount":{"currencyCode":"EUR","minorUnits":"400"}}`},
		{"capture a part, more to come", "Capture", `{"paymentId":"pi_1","amount":{"currencyCode":"EUR","minorUnits":"400"},"moreToCome":true}`},
		{"void", "Void", `{"paymentId":"pi_1","reason":"abandoned"}`},
		{"reverse", "Reverse", `{"paymentId":"pi_1","reference":"reverse-3","reason":"duplicate"}`},
		{"read", "GetPayment", `{"paymentId":"pi_1"}`},
		{"find in the index", "FindPayment", `{"reference":"order-1001"}`},
		{"find in the list", "FindPayment", `{"reference":"order-1001","createdAfterTime":"2026-01-01T00:00:00Z"}`},
		{"raise", "AdjustAuthorization", `{"paymentId":"pi_1","amount":{"currencyCode":"EUR","minorUnits":"1550"}}`},
		{"refund all", "CreateRefund", `{"paymentId":"pi_1","reference":"refund-77"}`},
		{"refund a part", "CreateRefund", `{"paymentId":"pi_1","reference":"refund-77","amount":{"currencyCode":"EUR","minorUnits":"500"},"reason":"duplicate"}`},
		{"read a refund", "GetRefund", `{"refundId":"re_1"}`},
		{"check the account", "CheckAccount", `{}`},
	}
}

// mandateSamples set instruments up and charge them.
func mandateSamples() []sample {
	const charged = orderInJSON + `,"reason":"MERCHANT_INITIATED_REASON_RECURRING"`
	return []sample{
		{"set a card up", "SetupMandate", `{"reference":"mandate-12","paymentMethod":` + instruments()["card"] + `,"customerId":"cus_1","returnUrl":"https://shop.example/return","terms":{"description":"Monthly plan"},"metadata":{"plan":"gold"},"threeDs":{"challengePreference":"CHALLENGE_PREFERENCE_CHALLENGE"}}`},
		{"set a debit up", "SetupMandate", `{"reference":"mandate-12","paymentMethod":` + instruments()["sepa_debit"] + `,"customer":{"email":"jo@example.com","givenName":"Jo"},"acceptance":{"kind":"MANDATE_ACCEPTANCE_KIND_ONLINE","acceptTime":"2026-11-01T00:00:00Z","ipAddress":"203.0.113.7","userAgent":"Mozilla/5.0"}}`},
		{"set a debit up on paper", "SetupMandate", `{"reference":"mandate-12","paymentMethod":` + instruments()["bacs_debit"] + `,"customer":{"email":"jo@example.com"},` + addressInJSON + `,"acceptance":{"kind":"MANDATE_ACCEPTANCE_KIND_PAPER"}}`},
		{"charge a setup", "ChargeMandate", `{"mandateId":"seti_1","description":"February","statementDescriptor":"MONTHLY","metadata":{"n":"2"},` + charged + `}`},
		{"charge a payment's instrument", "ChargeMandate", `{"mandateId":"pm_1","captureMethod":"CAPTURE_METHOD_MANUAL",` + charged + `}`},
		{"read a setup", "GetMandate", `{"mandateId":"seti_1"}`},
		{"read a payment's instrument", "GetMandate", `{"mandateId":"pm_1"}`},
		{"revoke", "RevokeMandate", `{"mandateId":"seti_1"}`},
	}
}

// customerSamples keep customers and their instruments, and open sessions.
func customerSamples() []sample {
	return []sample{
		{"keep a card", "Tokenize", `{"paymentMethod":` + instruments()["card"] + `,"metadata":{"label":"7"},` + addressInJSON + `}`},
		{"keep what is there", "Tokenize", `{"paymentMethod":{"cardToken":{"token":"pm_1"}},"customerId":"cus_1"}`},
		{"keep a debit for a customer", "Tokenize", `{"paymentMethod":` + instruments()["sepa_debit"] + `,"customerId":"cus_1","customer":{"email":"jo@example.com"}}`},
		{"forget a method", "DeletePaymentMethod", `{"token":"pm_1"}`},
		{"create a customer", "CreateCustomer", `{"details":{"reference":"customer-42","givenName":"Jo","familyName":"Doe","email":"jo@example.com","phone":"+14155550100","company":"Acme Ltd"},` + addressInJSON + `,"shippingAddress":{"givenName":"Sam","line1":"2 Main Street","countryCode":"US"},"metadata":{"tier":"gold"}}`},
		{"read a customer", "GetCustomer", `{"customerId":"cus_1"}`},
		{"change a customer", "UpdateCustomer", `{"customerId":"cus_1","details":{"email":"new@example.com"}}`},
		{"remove from a customer", "UpdateCustomer", `{"customerId":"cus_1","updateMask":"details,billingAddress,shippingAddress,metadata","metadata":{"tier":"gold"}}`},
		{"delete a customer", "DeleteCustomer", `{"customerId":"cus_1"}`},
		{"open a session", "CreateClientSession", `{"reference":"order-1001","amount":{"currencyCode":"EUR","minorUnits":"1050"},"customer":{"email":"jo@example.com"}}`},
		{"open a session for some types", "CreateClientSession", `{"reference":"order-1001","amount":{"currencyCode":"EUR","minorUnits":"1050"},"paymentMethodTypes":["card","apple_pay","ideal"],"customerId":"cus_1","setupFutureUsage":"SETUP_FUTURE_USAGE_OFF_SESSION"}`},
		{"open a session to store", "CreateClientSession", `{"reference":"order-1001","amount":{"currencyCode":"EUR"},"customerId":"cus_1","setupFutureUsage":"SETUP_FUTURE_USAGE_OFF_SESSION"}`},
	}
}

// disputeSamples answer disputes.
func disputeSamples() []sample {
	return []sample{
		{"list disputes", "ListDisputes", `{}`},
		{"list some disputes", "ListDisputes", `{"paymentId":"pi_1","pageSize":50,"pageToken":"du_1","createdAfterTime":"2026-01-01T00:00:00Z","createdBeforeTime":"2026-02-01T00:00:00Z"}`},
		{"read a dispute", "GetDispute", `{"disputeId":"du_1"}`},
		{"accept a dispute", "AcceptDispute", `{"disputeId":"du_1"}`},
		{"submit evidence", "SubmitEvidence", `{"disputeId":"du_1","evidence":[{"type":"DISPUTE_EVIDENCE_TYPE_RECEIPT","fileId":"file_1"},{"type":"DISPUTE_EVIDENCE_TYPE_PRODUCT_DESCRIPTION","text":"Tickets"}]}`},
		{"defend", "DefendDispute", `{"disputeId":"du_1"}`},
		{"upload a file", "UploadEvidence", `{"metadata":{"disputeId":"du_1","fileName":"receipt.pdf","contentType":"application/pdf","type":"DISPUTE_EVIDENCE_TYPE_RECEIPT"}}`},
	}
}

// payoutSamples pay out.
func payoutSamples() []sample {
	const payout = `"reference":"payout-31","amount":{"currencyCode":"EUR","minorUnits":"1050"}`
	return []sample{
		{"pay out", "CreatePayout", `{` + payout + `,"destination":{"payoutAccountId":"ba_1"},"statementDescriptor":"ACME PAYOUT","metadata":{"week":"7"}}`},
		{"pay out at once to a card", "CreatePayout", `{` + payout + `,"destination":{"cardToken":{"token":"card_1"}},"speed":"PAYOUT_SPEED_INSTANT"}`},
		{"read a payout", "GetPayout", `{"payoutId":"po_1"}`},
		{"withdraw a payout", "VoidPayout", `{"payoutId":"po_1"}`},
	}
}
