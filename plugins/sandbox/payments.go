package sandbox

import (
	"context"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Authorize implements sdk.Authorizer.
func (c *Connector) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	ask, err := newPayment(req)
	if err != nil {
		return nil, err
	}
	p, err := psp.CreatePayment(ctx, ask)
	if err != nil {
		return nil, translate(err)
	}
	payment, err := paymentOf(ctx, p)
	return &paymentsv1.AuthorizeResponse{Payment: payment}, err
}

// Capture implements sdk.Capturer.
func (c *Connector) Capture(ctx context.Context, req *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	done, err := psp.Capture(ctx, req.GetPaymentId(), api.NewCapture{
		Amount:     units,
		Currency:   req.GetAmount().GetCurrencyCode(),
		MoreToCome: req.GetMoreToCome(),
	})
	if err != nil {
		return nil, translate(err)
	}
	payment, err := paymentOf(ctx, done.Payment)
	if err != nil {
		return nil, err
	}
	taken, err := moneyOf(done.Currency, done.Amount)
	return &paymentsv1.CaptureResponse{Payment: payment, Amount: taken, CaptureId: done.ID}, err
}

// Void implements sdk.Voider.
func (c *Connector) Void(ctx context.Context, req *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	p, err := psp.Void(ctx, req.GetPaymentId(), api.NewVoid{Reason: req.GetReason()})
	if err != nil {
		return nil, translate(err)
	}
	payment, err := paymentOf(ctx, p)
	return &paymentsv1.VoidResponse{Payment: payment}, err
}

// GetPayment implements sdk.PaymentGetter.
func (c *Connector) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	p, err := psp.Payment(ctx, req.GetPaymentId())
	if err != nil {
		return nil, translate(err)
	}
	payment, err := paymentOf(ctx, p)
	return &paymentsv1.GetPaymentResponse{Payment: payment}, err
}

// newPayment says a request in the PSP's words.
func newPayment(req *paymentsv1.AuthorizeRequest) (api.NewPayment, error) {
	method, err := paymentMethod(req.GetPaymentMethod())
	if err != nil {
		return api.NewPayment{}, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return api.NewPayment{}, err
	}
	capture := "automatic"
	if req.GetCaptureMethod() == paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL {
		capture = "manual"
	}
	return api.NewPayment{
		Reference:           req.GetReference(),
		Amount:              units,
		Currency:            req.GetAmount().GetCurrencyCode(),
		Capture:             capture,
		PaymentMethod:       method,
		ReturnURL:           req.GetReturnUrl(),
		Description:         req.GetDescription(),
		StatementDescriptor: req.GetStatementDescriptor(),
		Email:               req.GetEmail(),
		Metadata:            req.GetMetadata(),
	}, nil
}

func paymentMethod(m *paymentsv1.PaymentMethod) (api.PaymentMethod, error) {
	switch m := m.GetMethod().(type) {
	case *paymentsv1.PaymentMethod_Card:
		return api.PaymentMethod{Card: &api.Card{
			Number:     m.Card.GetNumber(),
			ExpMonth:   m.Card.GetExpiryMonth(),
			ExpYear:    m.Card.GetExpiryYear(),
			CVC:        m.Card.GetSecurityCode(),
			HolderName: m.Card.GetHolderName(),
			Network:    m.Card.GetNetwork(),
		}}, nil
	case *paymentsv1.PaymentMethod_CardToken:
		return api.PaymentMethod{Token: m.CardToken.GetToken()}, nil
	default:
		return api.PaymentMethod{}, sdk.Errorf(sdk.Unsupported, "", "the sandbox takes card and card_token")
	}
}

// paymentOf says a payment of the PSP's in the contract's words.
func paymentOf(ctx context.Context, p api.Payment) (*paymentsv1.Payment, error) {
	status := paymentStatus(ctx, p.Status)
	payment := &paymentsv1.Payment{
		Id:                   p.ID,
		Reference:            p.Reference,
		Status:               status,
		Decline:              declineOf(ctx, p.Decline),
		NetworkTransactionId: p.NetworkTransactionID,
		CreateTime:           timestamppb.New(p.Created),
		ConnectorData:        connectorData(p),
	}
	if status == paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION {
		payment.NextAction = redirect(p.ChallengeURL)
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

func redirect(url string) *paymentsv1.NextAction {
	return &paymentsv1.NextAction{Action: &paymentsv1.NextAction_Redirect{
		Redirect: &paymentsv1.Redirect{Url: url, Method: "GET"},
	}}
}

// connectorData is what the PSP says beyond the contract: the card's network and
// last four digits.
func connectorData(p api.Payment) *structpb.Struct {
	fields := map[string]*structpb.Value{}
	for name, value := range map[string]string{"card_network": p.CardNetwork, "card_last4": p.CardLast4} {
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
