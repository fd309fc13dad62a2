package sandbox

import (
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Tokenize implements sdk.Tokenizer.
func (c *Connector) Tokenize(ctx context.Context, req *paymentsv1.TokenizeRequest) (*paymentsv1.TokenizeResponse, error) {
	method, err := instrument(req.GetPaymentMethod())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	stored, err := api.Post[api.Token](ctx, psp, api.NewToken{
		PaymentMethod: method, CustomerID: req.GetCustomerId(), Metadata: req.GetMetadata(),
	}, "tokens")
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.TokenizeResponse{
		PaymentMethod: detailsOf(stored.Shown, stored.ID), CustomerId: stored.CustomerID,
		Decline: declineOf(ctx, stored.Decline),
	}, nil
}

// DeletePaymentMethod implements sdk.PaymentMethodDeleter.
func (c *Connector) DeletePaymentMethod(ctx context.Context, req *paymentsv1.DeletePaymentMethodRequest) (*paymentsv1.DeletePaymentMethodResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	whose := api.OfCustomer{CustomerID: req.GetCustomerId()}
	if _, err := api.Post[api.Token](ctx, psp, whose, "tokens", req.GetToken(), "delete"); err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.DeletePaymentMethodResponse{}, nil
}

// CheckEligibility implements sdk.EligibilityChecker.
func (c *Connector) CheckEligibility(ctx context.Context, req *paymentsv1.CheckEligibilityRequest) (*paymentsv1.CheckEligibilityResponse, error) {
	units, err := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	told, err := api.Post[api.Offers](ctx, psp, api.AskOffers{
		Amount: units, Currency: req.GetAmount().GetCurrencyCode(), Types: req.GetPaymentMethodTypes(),
		GiftCard: req.GetPaymentMethod().GetGiftCard().GetNumber(),
	}, "offers")
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
		Type: o.Type, Eligible: o.Eligible, Reason: o.Reason, DisplayName: o.DisplayName, InstallmentCounts: o.Installments,
	}
	amounts := map[**paymentsv1.Money]int64{&eligibility.MinAmount: o.Min}
	if o.Max > 0 {
		amounts[&eligibility.MaxAmount] = o.Max
	}
	if o.Balance != nil {
		amounts[&eligibility.Balance] = *o.Balance
	}
	return eligibility, setMoney(o.Currency, amounts)
}

// CalculateSurcharge implements sdk.SurchargeCalculator.
func (c *Connector) CalculateSurcharge(ctx context.Context, req *paymentsv1.CalculateSurchargeRequest) (*paymentsv1.CalculateSurchargeResponse, error) {
	method, errMethod := instrument(req.GetPaymentMethod())
	units, errAmount := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), errMethod, errAmount)
	told, err := api.Post[api.Surcharge](ctx, psp, api.AskSurcharge{
		Amount: units, Currency: req.GetAmount().GetCurrencyCode(), PaymentMethod: method,
	}, "surcharges")
	if err != nil {
		return nil, translateRead(err)
	}
	resp := &paymentsv1.CalculateSurchargeResponse{RatePpm: told.RatePPM}
	if told.Network != "" {
		resp.ConnectorData = &structpb.Struct{Fields: map[string]*structpb.Value{
			"card_network": structpb.NewStringValue(told.Network),
		}}
	}
	return resp, setMoney(told.Currency, map[**paymentsv1.Money]int64{
		&resp.SurchargeAmount: told.Surcharge, &resp.TotalAmount: told.Total,
	})
}
