package sandbox

import (
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Tokenize implements sdk.Tokenizer.
func (c *Connector) Tokenize(ctx context.Context, req *paymentsv1.TokenizeRequest) (*paymentsv1.TokenizeResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	method, err := instrument(req.GetPaymentMethod())
	if err != nil {
		return nil, err
	}
	stored, err := psp.CreateToken(ctx, api.NewToken{
		PaymentMethod: method,
		CustomerID:    req.GetCustomerId(),
		Metadata:      req.GetMetadata(),
	})
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.TokenizeResponse{
		PaymentMethod: detailsOf(stored.Shown, stored.ID),
		CustomerId:    stored.CustomerID,
		Decline:       declineOf(ctx, stored.Decline),
	}, nil
}

// DeletePaymentMethod implements sdk.PaymentMethodDeleter.
func (c *Connector) DeletePaymentMethod(ctx context.Context, req *paymentsv1.DeletePaymentMethodRequest) (*paymentsv1.DeletePaymentMethodResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	if _, err := psp.DeleteToken(ctx, req.GetToken(), req.GetCustomerId()); err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.DeletePaymentMethodResponse{}, nil
}

// CheckEligibility implements sdk.EligibilityChecker.
func (c *Connector) CheckEligibility(ctx context.Context, req *paymentsv1.CheckEligibilityRequest) (*paymentsv1.CheckEligibilityResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	told, err := psp.Offers(ctx, api.AskOffers{
		Amount:   units,
		Currency: req.GetAmount().GetCurrencyCode(),
		Types:    req.GetPaymentMethodTypes(),
		GiftCard: req.GetPaymentMethod().GetGiftCard().GetNumber(),
	})
	if err != nil {
		return nil, translateRead(err)
	}
	resp := &paymentsv1.CheckEligibilityResponse{}
	for _, o := range told.Offers {
		eligibility, err := eligibilityOf(o)
		if err != nil {
			return nil, err
		}
		resp.PaymentMethods = append(resp.PaymentMethods, eligibility)
	}
	return resp, nil
}

func eligibilityOf(o api.Offer) (*paymentsv1.PaymentMethodEligibility, error) {
	eligibility := &paymentsv1.PaymentMethodEligibility{
		Type:              o.Type,
		Eligible:          o.Eligible,
		Reason:            o.Reason,
		DisplayName:       o.DisplayName,
		InstallmentCounts: o.Installments,
	}
	var err error
	if eligibility.MinAmount, err = moneyOf(o.Currency, o.Min); err != nil {
		return nil, err
	}
	if o.Max > 0 {
		if eligibility.MaxAmount, err = moneyOf(o.Currency, o.Max); err != nil {
			return nil, err
		}
	}
	if o.Balance != nil {
		eligibility.Balance, err = moneyOf(o.Currency, *o.Balance)
	}
	return eligibility, err
}

// CalculateSurcharge implements sdk.SurchargeCalculator.
func (c *Connector) CalculateSurcharge(ctx context.Context, req *paymentsv1.CalculateSurchargeRequest) (*paymentsv1.CalculateSurchargeResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	method, err := instrument(req.GetPaymentMethod())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	told, err := psp.Surcharge(ctx, api.AskSurcharge{
		Amount: units, Currency: req.GetAmount().GetCurrencyCode(), PaymentMethod: method,
	})
	if err != nil {
		return nil, translateRead(err)
	}
	surcharge, err := moneyOf(told.Currency, told.Surcharge)
	if err != nil {
		return nil, err
	}
	total, err := moneyOf(told.Currency, told.Total)
	resp := &paymentsv1.CalculateSurchargeResponse{SurchargeAmount: surcharge, TotalAmount: total, RatePpm: told.RatePPM}
	if told.Network != "" {
		resp.ConnectorData = &structpb.Struct{Fields: fields("card_network", structpb.NewStringValue(told.Network))}
	}
	return resp, err
}
