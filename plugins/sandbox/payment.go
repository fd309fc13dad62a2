package sandbox

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// newPayment says a request in the PSP's words.
func newPayment(req *paymentsv1.AuthorizeRequest) (api.NewPayment, error) {
	method, errMethod := instrument(req.GetPaymentMethod())
	units, errAmount := unitsOf(req.GetAmount())
	n := api.NewPayment{
		Reference:           req.GetReference(),
		Amount:              units,
		Currency:            req.GetAmount().GetCurrencyCode(),
		Capture:             captureWord(req.GetCaptureMethod()),
		PaymentMethod:       method,
		Store:               storeUsage.Word(req.GetStoredCredential().GetSetupFutureUsage()),
		ThreeDS:             threeDSWords(req.GetThreeDs().GetExternal()),
		AuthenticationID:    req.GetThreeDs().GetAuthenticationId(),
		CustomerID:          req.GetCustomerId(),
		OrderID:             req.GetOrderId(),
		SessionID:           req.GetSessionId(),
		ReturnURL:           req.GetReturnUrl(),
		WebhookURL:          req.GetWebhookUrl(),
		Description:         req.GetDescription(),
		StatementDescriptor: req.GetStatementDescriptor(),
		Email:               cmp.Or(req.GetEmail(), req.GetCustomer().GetEmail()),
		Metadata:            req.GetMetadata(),
	}
	if req.GetStoredCredential().GetInitiator() == paymentsv1.Initiator_INITIATOR_MERCHANT {
		n.Initiator = merchant
	}
	return n, cmp.Or(errMethod, errAmount)
}

// merchant is the PSP's word for who starts a payment without the payer.
const merchant = "merchant"

func captureWord(m paymentsv1.CaptureMethod) string {
	if m == paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL {
		return "manual"
	}
	return "automatic"
}

// paymentOf says a payment of the PSP's in the contract's words.
func paymentOf(ctx context.Context, p api.Payment) (*paymentsv1.Payment, error) {
	payment := &paymentsv1.Payment{
		Id:                   p.ID,
		Reference:            p.Reference,
		Status:               paymentStatus.Meaning(ctx, p.Status),
		Decline:              declineOf(ctx, p.Decline),
		NetworkTransactionId: p.NetworkTransactionID,
		CreateTime:           timestamppb.New(p.Created),
		ConnectorData:        connectorData(p.Shown),
		PaymentMethod:        detailsOf(p.Shown, p.Token),
		MandateId:            p.MandateID,
		ThreeDs:              threeDSOf(ctx, p.ThreeDS),
		ApprovalCode:         p.ApprovalCode,
		CustomerId:           p.CustomerID,
		OrderId:              p.OrderID,
	}
	if p.Expires != nil {
		payment.AuthorizationExpireTime = timestamppb.New(*p.Expires)
	}
	if payment.GetStatus() == paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION {
		var err error
		if payment.NextAction, err = nextAction(p); err != nil {
			return nil, err
		}
	}
	return payment, setMoney(p.Currency, map[**paymentsv1.Money]int64{
		&payment.Amount:           p.Amount,
		&payment.AuthorizedAmount: p.Authorized,
		&payment.CapturableAmount: p.Capturable,
		&payment.CapturedAmount:   p.Captured,
		&payment.RefundedAmount:   p.Refunded,
	})
}

// nextAction says what the payer must do. An action that is not known leaves
// nobody able to go on, so it is no answer.
func nextAction(p api.Payment) (*paymentsv1.NextAction, error) {
	if p.ChallengeURL != "" {
		return sdk.RedirectTo(p.ChallengeURL), nil
	}
	if p.Action == nil {
		return nil, sdk.Errorf(sdk.OutcomeUnknown, "", "the PSP wants an action and does not say which")
	}
	data, expires := p.Action.Data, timestamppb.New(p.Action.Expires)
	switch p.Action.Type {
	case "wait":
		return sdk.NextAction(&paymentsv1.Wait{ExpireTime: expires}), nil
	case "qr":
		return sdk.NextAction(&paymentsv1.DisplayQr{Data: data, AppUrl: data, ExpireTime: expires}), nil
	case "voucher":
		return sdk.NextAction(&paymentsv1.DisplayVoucher{PaymentCode: data, ExpireTime: expires}), nil
	case "otp":
		return sdk.NextAction(&paymentsv1.Otp{Destination: data, Length: 6, ExpireTime: expires}), nil
	case "transfer":
		money, err := moneyOf(p.Currency, p.Amount)
		return sdk.NextAction(&paymentsv1.BankTransferInstructions{
			Account: &paymentsv1.BankAccount{Iban: p.Action.IBAN}, TransferReference: data, Amount: money, ExpireTime: expires,
		}), err
	}
	return nil, sdk.Errorf(sdk.OutcomeUnknown, "", "the PSP wants an action that is not known")
}

// detailsOf says what may be shown of an instrument, with the PSP's token where
// it was stored.
func detailsOf(s api.Shown, token string) *paymentsv1.PaymentMethodDetails {
	details := &paymentsv1.PaymentMethodDetails{Type: s.MethodType, Token: token}
	if s.Last4 != "" && s.Network != "" {
		details.Card = &paymentsv1.CardDetails{Network: s.Network, Last4: s.Last4, ExpiryMonth: s.ExpMonth, ExpiryYear: s.ExpYear}
	}
	return details
}

// connectorData is what the PSP says beyond the contract: the card's network and
// last four digits.
func connectorData(s api.Shown) *structpb.Struct {
	return sdk.ConnectorData(map[string]any{"card_network": s.Network, "card_last4": s.Last4})
}

// exponents are the PSP's exceptions from ISO 4217: none.
func exponents() sdk.Exponents { return nil }

// unitsOf says an amount in the PSP's units; none is 0.
func unitsOf(m *paymentsv1.Money) (int64, error) {
	if m == nil {
		return 0, nil
	}
	return exponents().FromMinor(m)
}

func moneyOf(currency string, units int64) (*paymentsv1.Money, error) {
	return exponents().ToMinor(currency, units)
}

// setMoney sets amounts of one currency, each to the PSP's units.
func setMoney(currency string, amounts map[**paymentsv1.Money]int64) error {
	for set, units := range amounts {
		money, err := moneyOf(currency, units)
		if err != nil {
			return err
		}
		*set = money
	}
	return nil
}
