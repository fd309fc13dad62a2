package sandbox_test

import (
	"testing"

	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func giftCard(number string) *paymentsv1.PaymentMethod {
	return &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_GiftCard{GiftCard: &paymentsv1.GiftCard{Type: "gift_card", Number: number}}}
}

// Every family of payment methods has its flow, and what waits can be settled.
func TestAuthorize_families(t *testing.T) {
	h, address := start(t)
	const (
		captured = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
		waits    = paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
		pending  = paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING
		declined = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
	)
	account := &paymentsv1.BankAccount{Iban: "DE89370400440532013000"}
	redirects := func(a *paymentsv1.NextAction) bool { return a.GetRedirect().GetUrl() != "" }
	qr := func(a *paymentsv1.NextAction) bool { return a.GetDisplayQr().GetData() != "" }
	wait := func(a *paymentsv1.NextAction) bool { return a.GetWait() != nil }
	type pm = paymentsv1.PaymentMethod
	for name, c := range map[string]struct {
		method *pm
		want   paymentsv1.PaymentStatus
		action func(*paymentsv1.NextAction) bool
	}{
		"network_token": {&pm{Method: &paymentsv1.PaymentMethod_NetworkToken{NetworkToken: &paymentsv1.NetworkToken{Number: "4895370012003478", ExpiryMonth: 12, ExpiryYear: 2030}}}, captured, nil},
		"apple_pay":     {&pm{Method: &paymentsv1.PaymentMethod_Wallet{Wallet: &paymentsv1.Wallet{Type: "apple_pay", Data: &paymentsv1.Wallet_Encrypted{Encrypted: &paymentsv1.EncryptedWalletToken{Payload: "{}"}}}}}, captured, nil},
		"apple_pay no":  {&pm{Method: &paymentsv1.PaymentMethod_Wallet{Wallet: &paymentsv1.Wallet{Type: "apple_pay", Data: &paymentsv1.Wallet_Encrypted{Encrypted: &paymentsv1.EncryptedWalletToken{Payload: "tok_decline_lost_card"}}}}}, declined, nil},
		"google_pay":    {&pm{Method: &paymentsv1.PaymentMethod_Wallet{Wallet: &paymentsv1.Wallet{Type: "google_pay", Data: &paymentsv1.Wallet_Decrypted{Decrypted: &paymentsv1.DecryptedWalletToken{Number: "4242424242424242", ExpiryMonth: 12, ExpiryYear: 2030}}}}}, captured, nil},
		"paypal":        {&pm{Method: &paymentsv1.PaymentMethod_Wallet{Wallet: &paymentsv1.Wallet{Type: "paypal"}}}, waits, redirects},
		"ideal":         {&pm{Method: &paymentsv1.PaymentMethod_BankRedirect{BankRedirect: &paymentsv1.BankRedirect{Type: "ideal"}}}, waits, redirects},
		"blik":          {&pm{Method: &paymentsv1.PaymentMethod_BankRedirect{BankRedirect: &paymentsv1.BankRedirect{Type: "blik", OneTimeCode: "777123"}}}, waits, wait},
		"sepa_debit":    {&pm{Method: &paymentsv1.PaymentMethod_BankDebit{BankDebit: &paymentsv1.BankDebit{Type: "sepa_debit", Account: account}}}, pending, nil},
		"sepa_transfer": {&pm{Method: &paymentsv1.PaymentMethod_BankTransfer{BankTransfer: &paymentsv1.BankTransfer{Type: "sepa_transfer"}}}, waits, func(a *paymentsv1.NextAction) bool {
			return a.GetBankTransferInstructions().GetAccount().GetIban() != "" && a.GetBankTransferInstructions().GetAmount().GetMinorUnits() == 1000
		}},
		"upi_collect": {&pm{Method: &paymentsv1.PaymentMethod_Upi{Upi: &paymentsv1.Upi{Flow: &paymentsv1.Upi_Collect{Collect: &paymentsv1.UpiCollect{Vpa: "jo@okaxis"}}}}}, waits, wait},
		"upi_intent":  {&pm{Method: &paymentsv1.PaymentMethod_Upi{Upi: &paymentsv1.Upi{Flow: &paymentsv1.Upi_Intent{Intent: &paymentsv1.UpiIntent{}}}}}, waits, qr},
		"upi_qr":      {&pm{Method: &paymentsv1.PaymentMethod_Upi{Upi: &paymentsv1.Upi{Flow: &paymentsv1.Upi_Qr{Qr: &paymentsv1.UpiQr{}}}}}, waits, qr},
		"klarna":      {&pm{Method: &paymentsv1.PaymentMethod_PayLater{PayLater: &paymentsv1.PayLater{Type: "klarna"}}}, waits, redirects},
		"boleto":      {&pm{Method: &paymentsv1.PaymentMethod_Voucher{Voucher: &paymentsv1.Voucher{Type: "boleto"}}}, waits, func(a *paymentsv1.NextAction) bool { return a.GetDisplayVoucher().GetPaymentCode() != "" }},
		"crypto":      {&pm{Method: &paymentsv1.PaymentMethod_Crypto{Crypto: &paymentsv1.Crypto{Asset: "BTC"}}}, waits, qr},
		"gift_card":   {giftCard("6036280000000001500"), captured, nil},
		"page asks":   {giftCard(""), waits, redirects},
		"vaulted":     {&pm{Method: &paymentsv1.PaymentMethod_VaultedCard{VaultedCard: &paymentsv1.VaultedCard{NumberAlias: "4242424242424242", ExpiryMonth: 12, ExpiryYear: 2030}}}, captured, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, outcome := range []string{"succeed", "fail"} {
				ask := order("", automatic)
				ask.PaymentMethod = c.method
				if name == "gift_card" {
					ask.Amount = dollars(700)
				}
				resp, err := h.Payments.Authorize(h.Context(key(outcome+name)), ask)
				p := resp.GetPayment()
				if err != nil || p.GetStatus() != c.want || (p.GetNextAction() != nil) != (c.action != nil) || (c.action != nil && !c.action(p.GetNextAction())) {
					t.Fatalf("got %v %v, want %s", p, err, c.want)
				}
				if c.want != waits && c.want != pending {
					continue
				}
				hook(t, address, "/v1/test/payments/"+p.GetId()+"/settle", `{"outcome":"`+outcome+`"}`)
				read, err := h.Payments.GetPayment(h.Context(key("r"+name)), &paymentsv1.GetPaymentRequest{PaymentId: p.GetId()})
				want := map[string]paymentsv1.PaymentStatus{"succeed": captured, "fail": declined}[outcome]
				if err != nil || read.GetPayment().GetStatus() != want || read.GetPayment().GetNextAction() != nil {
					t.Errorf("settled: %v %v, want %s", read, err, want)
				}
			}
		})
	}
	ask := order("", automatic)
	ask.PaymentMethod = giftCard("6036280000000001500")
	if resp, err := h.Payments.Authorize(h.Context(key("spent")), ask); err != nil || resp.GetPayment().GetDecline().GetCode() != "insufficient_funds" {
		t.Errorf("a gift card that is spent: %v %v", resp, err)
	}
	for name, m := range map[string]*pm{
		"alias":        {Method: &paymentsv1.PaymentMethod_VaultedCard{VaultedCard: &paymentsv1.VaultedCard{NumberAlias: "tok_alias", ExpiryMonth: 12, ExpiryYear: 2030}}},
		"unknown type": {Method: &paymentsv1.PaymentMethod_Voucher{Voucher: &paymentsv1.Voucher{Type: "konbini"}}},
	} {
		ask.PaymentMethod = m
		_, err := h.Payments.Authorize(h.Context(key(name)), ask)
		if f := failureOf(err); f.code != codes.Unimplemented || f.sent != "NEVER" {
			t.Errorf("%s: got %+v", name, f)
		}
	}
}
