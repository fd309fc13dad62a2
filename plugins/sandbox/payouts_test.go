package sandbox_test

import (
	"testing"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func toAccount(number string) *paymentsv1.PayoutDestination {
	return &paymentsv1.PayoutDestination{Destination: &paymentsv1.PayoutDestination_BankAccount{
		BankAccount: &paymentsv1.BankAccount{AccountNumber: number, RoutingNumber: "110000000", HolderName: "Jo Doe"},
	}}
}

func payoutTo(number string) *paymentsv1.CreatePayoutRequest {
	return &paymentsv1.CreatePayoutRequest{Reference: "payout-31", Amount: dollars(5000), Destination: toAccount(number)}
}

func TestCreatePayout_outcomes(t *testing.T) {
	h, address := start(t)
	client := paymentsv1.NewPayoutServiceClient(h.Conn)
	for number, c := range map[string]struct{ first, then paymentsv1.PayoutStatus }{
		"000123456789": {paymentsv1.PayoutStatus_PAYOUT_STATUS_PENDING, paymentsv1.PayoutStatus_PAYOUT_STATUS_PENDING},
		"000123450002": {paymentsv1.PayoutStatus_PAYOUT_STATUS_DECLINED, paymentsv1.PayoutStatus_PAYOUT_STATUS_DECLINED},
		"000123450003": {paymentsv1.PayoutStatus_PAYOUT_STATUS_SUCCEEDED, paymentsv1.PayoutStatus_PAYOUT_STATUS_RETURNED},
	} {
		made, err := client.CreatePayout(h.Context(key(number)), payoutTo(number))
		if err != nil || made.GetPayout().GetStatus() != c.first || made.GetPayout().GetDestination().GetBankAccount().GetLast4() != number[8:] {
			t.Fatalf("%s: got %v %v, want %s", number, made, err, c.first)
		}
		read, err := client.GetPayout(h.Context(key("")), &paymentsv1.GetPayoutRequest{PayoutId: made.GetPayout().GetId()})
		if err != nil || read.GetPayout().GetStatus() != c.then {
			t.Errorf("%s: then %v %v, want %s", number, read, err, c.then)
		}
		if c.then != paymentsv1.PayoutStatus_PAYOUT_STATUS_PENDING {
			continue
		}
		hook(t, address, "/v1/test/payouts/"+made.GetPayout().GetId()+"/settle", `{"outcome":"succeed"}`)
		_, err = client.VoidPayout(h.Context(key("void")), &paymentsv1.VoidPayoutRequest{PayoutId: made.GetPayout().GetId()})
		if f := failureOf(err); f.reason != "PAYOUT_NOT_VOIDABLE" {
			t.Errorf("void after arrival: %+v", f)
		}
	}
}

func TestStagePayout(t *testing.T) {
	h, _ := start(t)
	client := paymentsv1.NewPayoutServiceClient(h.Conn)
	ask := payoutTo("000123456789")
	ask.Speed = paymentsv1.PayoutSpeed_PAYOUT_SPEED_INSTANT
	staged, err := client.StagePayout(h.Context(key("a")), &paymentsv1.StagePayoutRequest{Payout: ask})
	p := staged.GetPayout()
	if err != nil || p.GetStatus() != paymentsv1.PayoutStatus_PAYOUT_STATUS_STAGED || p.GetFeeAmount().GetMinorUnits() != 50 || p.GetSourceAmount().GetMinorUnits() != 5050 {
		t.Fatalf("got %v %v", p, err)
	}
	sent, err := client.TransferPayout(h.Context(key("b")), &paymentsv1.TransferPayoutRequest{PayoutId: p.GetId()})
	if err != nil || sent.GetPayout().GetStatus() != paymentsv1.PayoutStatus_PAYOUT_STATUS_SUCCEEDED {
		t.Errorf("got %v %v", sent, err)
	}
	_, err = client.TransferPayout(h.Context(key("c")), &paymentsv1.TransferPayoutRequest{PayoutId: p.GetId()})
	if f := failureOf(err); f.reason != "PAYOUT_NOT_STAGED" {
		t.Errorf("again: %+v", f)
	}
	other, err := client.StagePayout(h.Context(key("d")), &paymentsv1.StagePayoutRequest{Payout: ask})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := client.VoidPayout(h.Context(key("e")), &paymentsv1.VoidPayoutRequest{PayoutId: other.GetPayout().GetId()})
	if err != nil || gone.GetPayout().GetStatus() != paymentsv1.PayoutStatus_PAYOUT_STATUS_VOIDED {
		t.Errorf("got %v %v", gone, err)
	}
}

func TestPayoutRecipient(t *testing.T) {
	h, _ := start(t)
	client := paymentsv1.NewPayoutServiceClient(h.Conn)
	recipient := func(name string) *paymentsv1.PayoutRecipient {
		resp, err := client.CreatePayoutRecipient(h.Context(key(name)), &paymentsv1.CreatePayoutRecipientRequest{
			Reference: "seller-8", Recipient: &paymentsv1.CustomerDetails{FamilyName: name},
		})
		if err != nil {
			t.Fatal(err)
		}
		return resp.GetRecipient()
	}
	if r := recipient("Rejected"); r.GetStatus() != paymentsv1.PayoutRecipientStatus_PAYOUT_RECIPIENT_STATUS_REJECTED {
		t.Errorf("got %v", r)
	}
	r := recipient("Doe")
	for number, status := range map[string]paymentsv1.PayoutRecipientStatus{
		"000123456789": paymentsv1.PayoutRecipientStatus_PAYOUT_RECIPIENT_STATUS_ACTIVE,
		"000123450002": paymentsv1.PayoutRecipientStatus_PAYOUT_RECIPIENT_STATUS_REJECTED,
	} {
		resp, err := client.EnrollPayoutAccount(h.Context(key(number)), &paymentsv1.EnrollPayoutAccountRequest{RecipientId: r.GetId(), Destination: toAccount(number)})
		if err != nil || resp.GetStatus() != status {
			t.Fatalf("%s: got %v %v, want %s", number, resp, err, status)
		}
		ask := payoutTo("")
		ask.RecipientId = r.GetId()
		ask.Destination = &paymentsv1.PayoutDestination{Destination: &paymentsv1.PayoutDestination_PayoutAccountId{PayoutAccountId: resp.GetPayoutAccountId()}}
		paid, err := client.CreatePayout(h.Context(key("p"+number)), ask)
		if err != nil || (paid.GetPayout().GetDecline() == nil) != (status == paymentsv1.PayoutRecipientStatus_PAYOUT_RECIPIENT_STATUS_ACTIVE) {
			t.Errorf("%s: got %v %v", number, paid, err)
		}
	}
}

func TestCreatePayoutLink(t *testing.T) {
	h, _ := start(t)
	client := paymentsv1.NewPayoutServiceClient(h.Conn)
	link, err := client.CreatePayoutLink(h.Context(key("a")), &paymentsv1.CreatePayoutLinkRequest{
		Reference: "payout-31", Amount: dollars(5000), Recipient: &paymentsv1.CustomerDetails{GivenName: "Jo"}, ReturnUrl: "https://shop.example/return",
	})
	if err != nil || link.GetUrl() != link.GetPayout().GetNextAction().GetRedirect().GetUrl() {
		t.Fatalf("got %v %v", link, err)
	}
	query := visit(t, link.GetPayout().GetNextAction(), "approve")
	read, err := client.GetPayout(h.Context(key("b")), &paymentsv1.GetPayoutRequest{PayoutId: link.GetPayout().GetId()})
	if err != nil || read.GetPayout().GetStatus() != paymentsv1.PayoutStatus_PAYOUT_STATUS_PENDING || query["payout_id"] != link.GetPayout().GetId() {
		t.Errorf("claimed: %v %v, back with %v", read, err, query)
	}
}
