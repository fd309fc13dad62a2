package docs_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// others calls the sandbox connector for one object that is no payment.
type others struct {
	*testing.T
	conn  *grpc.ClientConn
	calls int
	told  []protoreflect.Enum
}

// toldOfOthers drives the sandbox connector, and holds what it tells of mandates,
// disputes, payouts and so on against statuses.md. The cards and accounts are in
// the sandbox's README.
func toldOfOthers(t *testing.T, conn *grpc.ClientConn) {
	all := lifecycles(t)
	for name, test := range map[string]struct {
		live func(*others)
		want string
	}{
		"mandate":            {func(o *others) { o.revoke(o.mandate("4242424242424242")) }, "ACTIVE ACTIVE REVOKED REVOKED"},
		"mandate challenged": {func(o *others) { o.mandate("4000002500003155") }, "REQUIRES_ACTION ACTIVE"},
		"mandate declined":   {func(o *others) { o.mandate("4000000000009995") }, "DECLINED"},
		"customer":           {(*others).customer, "ACTIVE ACTIVE DELETED"},
		"dispute accepted":   {(*others).accept, "NEEDS_RESPONSE ACCEPTED ACCEPTED"},
		"dispute defended":   {(*others).defend, "NEEDS_RESPONSE NEEDS_RESPONSE UNDER_REVIEW"},
		"payout sent":        {func(o *others) { o.transfer(o.stage("DE89370400440532013000")) }, "STAGED PENDING PENDING"},
		"payout withdrawn":   {func(o *others) { o.withdraw(o.stage("DE89370400440532013000")) }, "STAGED VOIDED VOIDED"},
		"payout returned":    {func(o *others) { o.transfer(o.stage("DE89370400440532010003")) }, "STAGED SUCCEEDED RETURNED"},
		"payout declined":    {func(o *others) { o.transfer(o.stage("DE89370400440532010002")) }, "STAGED DECLINED DECLINED"},
		"frictionless":       {func(o *others) { o.authenticate("4242424242424242") }, "READY SUCCEEDED"},
		"challenge":          {func(o *others) { o.authenticate("4000002500003155") }, "READY REQUIRES_ACTION SUCCEEDED"},
		"not authenticated":  {func(o *others) { o.authenticate("4000000000003113") }, "READY DECLINED"},
		"unavailable":        {func(o *others) { o.authenticate("4000000000003121") }, "READY UNAVAILABLE"},
		"order":              {(*others).order, "OPEN"},
		"recipient":          {(*others).recipient, "ACTIVE"},
	} {
		t.Run(name, func(t *testing.T) {
			o := &others{T: t, conn: conn}
			test.live(o)
			var words []string
			enum := string(o.told[0].Descriptor().Name())
			told := observer{lifecycle: all[enum]}
			for _, status := range o.told {
				words = append(words, word(status))
				if !told.observe(word(status)) {
					t.Errorf("statuses.md: %s has no %s where the sandbox tells %q", enum, word(status), words)
				}
			}
			if got := strings.Join(words, " "); got != test.want {
				t.Errorf("told %s, want %s", got, test.want)
			}
		})
	}
}

// word is a status without its prefix.
func word(status protoreflect.Enum) string {
	values := status.Descriptor().Values()
	return strings.TrimPrefix(string(values.ByNumber(status.Number()).Name()),
		strings.TrimSuffix(string(values.ByNumber(0).Name()), "UNSPECIFIED"))
}

// call makes a call, each with a key of its own.
func call[Req, Resp any](o *others, rpc func(context.Context, Req, ...grpc.CallOption) (Resp, error), req Req) Resp {
	o.Helper()
	o.calls++
	ctx, cancel := context.WithTimeout(o.Context(), patience)
	defer cancel()
	resp, err := rpc(metadata.AppendToOutgoingContext(ctx, "x-connector", "sandbox"), req)
	if err != nil {
		o.Fatalf("call %d: %v", o.calls, err)
	}
	return resp
}

func (o *others) see(status protoreflect.Enum) { o.told = append(o.told, status) }

// visit answers a page as the payer's browser does.
func (o *others) visit(action *paymentsv1.NextAction) {
	o.Helper()
	resp, err := http.Get(action.GetRedirect().GetUrl() + "?outcome=approve")
	if err != nil {
		o.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		o.Fatalf("the page: %s, %v", resp.Status, err)
	}
}

func card(number string) *paymentsv1.PaymentMethod {
	return &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{Number: number, ExpiryMonth: 12, ExpiryYear: 2030}}}
}

// mandate sets a mandate up, and reads it where it did not end there.
func (o *others) mandate(number string) *paymentsv1.Mandate {
	mandates := paymentsv1.NewMandateServiceClient(o.conn)
	m := call(o, mandates.SetupMandate, &paymentsv1.SetupMandateRequest{
		Reference: "mandate-1", PaymentMethod: card(number), VerificationAmount: dollars(0),
	}).GetMandate()
	o.see(m.GetStatus())
	if m.GetStatus() == paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED {
		return m
	}
	if m.GetNextAction() != nil {
		o.visit(m.GetNextAction())
	}
	o.see(call(o, mandates.GetMandate, &paymentsv1.GetMandateRequest{MandateId: m.GetId()}).GetMandate().GetStatus())
	return m
}

func (o *others) revoke(m *paymentsv1.Mandate) {
	mandates := paymentsv1.NewMandateServiceClient(o.conn)
	o.see(call(o, mandates.RevokeMandate, &paymentsv1.RevokeMandateRequest{MandateId: m.GetId()}).GetMandate().GetStatus())
	o.see(call(o, mandates.GetMandate, &paymentsv1.GetMandateRequest{MandateId: m.GetId()}).GetMandate().GetStatus())
}

func (o *others) customer() {
	customers := paymentsv1.NewCustomerServiceClient(o.conn)
	c := call(o, customers.CreateCustomer, &paymentsv1.CreateCustomerRequest{Details: &paymentsv1.CustomerDetails{Reference: "customer-1"}}).GetCustomer()
	o.see(c.GetStatus())
	o.see(call(o, customers.GetCustomer, &paymentsv1.GetCustomerRequest{CustomerId: c.GetId()}).GetCustomer().GetStatus())
	o.see(call(o, customers.DeleteCustomer, &paymentsv1.DeleteCustomerRequest{CustomerId: c.GetId()}).GetCustomer().GetStatus())
}

// disputed makes a payment to which the payer objects.
func (o *others) disputed() *paymentsv1.Dispute {
	paid := call(o, paymentsv1.NewPaymentServiceClient(o.conn).Authorize, &paymentsv1.AuthorizeRequest{
		Reference: "order-1001", Amount: dollars(1000), PaymentMethod: card("4000000000000259"),
	}).GetPayment()
	found := call(o, paymentsv1.NewDisputeServiceClient(o.conn).ListDisputes, &paymentsv1.ListDisputesRequest{PaymentId: paid.GetId()}).GetDisputes()
	if len(found) != 1 {
		o.Fatalf("the payment has %d disputes, want 1", len(found))
	}
	o.see(found[0].GetStatus())
	return found[0]
}

func (o *others) accept() {
	d, disputes := o.disputed(), paymentsv1.NewDisputeServiceClient(o.conn)
	o.see(call(o, disputes.AcceptDispute, &paymentsv1.AcceptDisputeRequest{DisputeId: d.GetId()}).GetDispute().GetStatus())
	o.see(call(o, disputes.GetDispute, &paymentsv1.GetDisputeRequest{DisputeId: d.GetId()}).GetDispute().GetStatus())
}

func (o *others) defend() {
	d, disputes := o.disputed(), paymentsv1.NewDisputeServiceClient(o.conn)
	o.see(call(o, disputes.SubmitEvidence, &paymentsv1.SubmitEvidenceRequest{DisputeId: d.GetId(), Evidence: []*paymentsv1.DisputeEvidence{{
		Type:    paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_PROOF_OF_DELIVERY,
		Content: &paymentsv1.DisputeEvidence_Text{Text: "The parcel was delivered."},
	}}}).GetDispute().GetStatus())
	o.see(call(o, disputes.DefendDispute, &paymentsv1.DefendDisputeRequest{DisputeId: d.GetId()}).GetDispute().GetStatus())
}

func (o *others) stage(iban string) *paymentsv1.Payout {
	p := call(o, paymentsv1.NewPayoutServiceClient(o.conn).StagePayout, &paymentsv1.StagePayoutRequest{Payout: &paymentsv1.CreatePayoutRequest{
		Reference: "payout-1", Amount: dollars(1000),
		Destination: &paymentsv1.PayoutDestination{Destination: &paymentsv1.PayoutDestination_BankAccount{
			BankAccount: &paymentsv1.BankAccount{Iban: iban, HolderName: "Jo Doe"},
		}},
	}}).GetPayout()
	o.see(p.GetStatus())
	return p
}

func (o *others) transfer(p *paymentsv1.Payout) {
	payouts := paymentsv1.NewPayoutServiceClient(o.conn)
	o.see(call(o, payouts.TransferPayout, &paymentsv1.TransferPayoutRequest{PayoutId: p.GetId()}).GetPayout().GetStatus())
	o.see(call(o, payouts.GetPayout, &paymentsv1.GetPayoutRequest{PayoutId: p.GetId()}).GetPayout().GetStatus())
}

func (o *others) withdraw(p *paymentsv1.Payout) {
	payouts := paymentsv1.NewPayoutServiceClient(o.conn)
	o.see(call(o, payouts.VoidPayout, &paymentsv1.VoidPayoutRequest{PayoutId: p.GetId()}).GetPayout().GetStatus())
	o.see(call(o, payouts.GetPayout, &paymentsv1.GetPayoutRequest{PayoutId: p.GetId()}).GetPayout().GetStatus())
}

func (o *others) authenticate(number string) {
	authentications := paymentsv1.NewAuthenticationServiceClient(o.conn)
	a := call(o, authentications.PreAuthenticate, &paymentsv1.PreAuthenticateRequest{Reference: "order-1001", PaymentMethod: card(number)}).GetAuthentication()
	o.see(a.GetStatus())
	a = call(o, authentications.Authenticate, &paymentsv1.AuthenticateRequest{
		AuthenticationId: a.GetId(), PaymentMethod: card(number), Amount: dollars(1000),
		BrowserInfo: &paymentsv1.BrowserInfo{UserAgent: "Mozilla/5.0", AcceptHeader: "*/*", Language: "en-GB"},
	}).GetAuthentication()
	o.see(a.GetStatus())
	if a.GetNextAction() != nil {
		o.visit(a.GetNextAction())
		o.see(call(o, authentications.PostAuthenticate, &paymentsv1.PostAuthenticateRequest{AuthenticationId: a.GetId()}).GetAuthentication().GetStatus())
	}
}

func (o *others) order() {
	o.see(call(o, paymentsv1.NewPaymentServiceClient(o.conn).CreateOrder, &paymentsv1.CreateOrderRequest{
		Reference: "order-1001", Amount: dollars(1000),
	}).GetOrder().GetStatus())
}

func (o *others) recipient() {
	o.see(call(o, paymentsv1.NewPayoutServiceClient(o.conn).CreatePayoutRecipient, &paymentsv1.CreatePayoutRecipientRequest{
		Reference: "seller-1", Recipient: &paymentsv1.CustomerDetails{GivenName: "Jo", FamilyName: "Doe"},
	}).GetRecipient().GetStatus())
}
