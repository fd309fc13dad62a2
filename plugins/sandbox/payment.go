package sandbox

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// newPayment says a request in the PSP's words.
func newPayment(req *paymentsv1.AuthorizeRequest) (api.NewPayment, error) {
	method, err := instrument(req.GetPaymentMethod())
	if err != nil {
		return api.NewPayment{}, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return api.NewPayment{}, err
	}
	n := api.NewPayment{
		Reference:           req.GetReference(),
		Amount:              units,
		Currency:            req.GetAmount().GetCurrencyCode(),
		Capture:             captureWord(req.GetCaptureMethod()),
		PaymentMethod:       method,
		Store:               storeWord(req.GetStoredCredential().GetSetupFutureUsage()),
		ThreeDS:             threeDSWords(req.GetThreeDs().GetExternal()),
		AuthenticationID:    req.GetThreeDs().GetAuthenticationId(),
		CustomerID:          req.GetCustomerId(),
		OrderID:             req.GetOrderId(),
		SessionID:           req.GetSessionId(),
		ReturnURL:           req.GetReturnUrl(),
		WebhookURL:          req.GetWebhookUrl(),
		Description:         req.GetDescription(),
		StatementDescriptor: req.GetStatementDescriptor(),
		Email:               req.GetEmail(),
		Metadata:            req.GetMetadata(),
	}
	if n.Email == "" {
		n.Email = req.GetCustomer().GetEmail()
	}
	if req.GetStoredCredential().GetInitiator() == paymentsv1.Initiator_INITIATOR_MERCHANT {
		n.Initiator = merchant
	}
	return n, nil
}

// merchant is the PSP's word for who starts a payment without the payer.
const merchant = "merchant"

func captureWord(m paymentsv1.CaptureMethod) string {
	if m == paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL {
		return "manual"
	}
	return "automatic"
}

func storeWord(usage paymentsv1.SetupFutureUsage) string {
	switch usage {
	case paymentsv1.SetupFutureUsage_SETUP_FUTURE_USAGE_ON_SESSION:
		return "on_session"
	case paymentsv1.SetupFutureUsage_SETUP_FUTURE_USAGE_OFF_SESSION:
		return "off_session"
	}
	return ""
}

// paymentOf says a payment of the PSP's in the contract's words.
func paymentOf(ctx context.Context, p api.Payment) (*paymentsv1.Payment, error) {
	payment := &paymentsv1.Payment{
		Id:                   p.ID,
		Reference:            p.Reference,
		Status:               paymentStatus(ctx, p.Status),
		Decline:              declineOf(ctx, p.Decline),
		NetworkTransactionId: p.NetworkTransactionID,
		CreateTime:           timestamppb.New(p.Created),
		ConnectorData:        connectorData(p.Shown),
		PaymentMethod:        detailsOf(p.Shown, p.Token),
		MandateId:            p.MandateID,
		ThreeDs:              threeDSOf(p.ThreeDS),
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
	for _, amount := range []struct {
		units int64
		set   **paymentsv1.Money
	}{
		{p.Amount, &payment.Amount},
		{p.Authorized, &payment.AuthorizedAmount},
		{p.Capturable, &payment.CapturableAmount},
		{p.Captured, &payment.CapturedAmount},
		{p.Refunded, &payment.RefundedAmount},
	} {
		money, err := moneyOf(p.Currency, amount.units)
		if err != nil {
			return nil, err
		}
		*amount.set = money
	}
	return payment, nil
}

// nextAction says what the payer must do. An action that is not known leaves
// nobody able to go on, so it is no answer.
func nextAction(p api.Payment) (*paymentsv1.NextAction, error) {
	if p.ChallengeURL != "" {
		return redirect(p.ChallengeURL), nil
	}
	if p.Action == nil {
		return nil, sdk.Errorf(sdk.OutcomeUnknown, "", "the PSP wants an action and does not say which")
	}
	expires := timestamppb.New(p.Action.Expires)
	switch p.Action.Type {
	case "wait":
		return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_Wait{Wait: &paymentsv1.Wait{ExpireTime: expires}}}, nil
	case "qr":
		return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_DisplayQr{
			DisplayQr: &paymentsv1.DisplayQr{Data: p.Action.Data, AppUrl: p.Action.Data, ExpireTime: expires},
		}}, nil
	case "voucher":
		return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_DisplayVoucher{
			DisplayVoucher: &paymentsv1.DisplayVoucher{PaymentCode: p.Action.Data, ExpireTime: expires},
		}}, nil
	case "otp":
		return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_Otp{
			Otp: &paymentsv1.Otp{Destination: p.Action.Data, Length: 6, ExpireTime: expires},
		}}, nil
	case "transfer":
		money, err := moneyOf(p.Currency, p.Amount)
		return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_BankTransferInstructions{
			BankTransferInstructions: &paymentsv1.BankTransferInstructions{
				Account:           &paymentsv1.BankAccount{Iban: p.Action.IBAN},
				TransferReference: p.Action.Data,
				Amount:            money,
				ExpireTime:        expires,
			},
		}}, err
	}
	return nil, sdk.Errorf(sdk.OutcomeUnknown, "", "the PSP wants an action that is not known")
}

func redirect(url string) *paymentsv1.NextAction {
	return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_Redirect{
		Redirect: &paymentsv1.Redirect{Url: url, Method: "GET"},
	}}
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
	fields := map[string]*structpb.Value{}
	for name, value := range map[string]string{"card_network": s.Network, "card_last4": s.Last4} {
		if value != "" {
			fields[name] = structpb.NewStringValue(value)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return &structpb.Struct{Fields: fields}
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

// timeOf is the time that a request names, or zero.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
