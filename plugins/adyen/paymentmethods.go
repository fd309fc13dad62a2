package adyen

import (
	"cmp"
	"context"
	"net/url"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Tokenize implements sdk.Tokenizer. Adyen stores cards so, without asking the
// issuer.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/post/storedPaymentMethods.
func (*Connector) Tokenize(ctx context.Context, req *paymentsv1.TokenizeRequest) (*paymentsv1.TokenizeResponse, error) {
	c := req.GetPaymentMethod().GetCard()
	if c == nil {
		return nil, sdk.Errorf(sdk.Unsupported, "", "Adyen stores only cards without a payment; SetupMandate stores the rest")
	}
	adyen := begin(ctx, req.GetConnectorOptions(), checkShopper(req.GetCustomerId()))
	stored, err := api.Post[api.StoredMethod](ctx, adyen.Client, adyen.CheckoutURL+"/storedPaymentMethods", api.StoreRequest{
		MerchantAccount: adyen.MerchantAccount, PaymentMethod: card(c), ShopperReference: req.GetCustomerId(),
		ShopperEmail: req.GetCustomer().GetEmail(), RecurringProcessingModel: processingModel(req.GetUsage(), nil),
	})
	if err != nil {
		return nil, failure(err)
	}
	if stored.ShopperReference != "" && stored.ShopperReference != req.GetCustomerId() {
		return nil, sdk.Errorf(sdk.OutcomeUnknown, "INTEGRITY_MISMATCH", "Adyen's answer is about another shopper")
	}
	return &paymentsv1.TokenizeResponse{PaymentMethod: storedDetails(stored), CustomerId: req.GetCustomerId()}, nil
}

// DeletePaymentMethod implements sdk.PaymentMethodDeleter.
func (*Connector) DeletePaymentMethod(ctx context.Context, req *paymentsv1.DeletePaymentMethodRequest) (*paymentsv1.DeletePaymentMethodResponse, error) {
	adyen := begin(ctx, req.GetConnectorOptions(), sdk.CheckID("token", req.GetToken()), checkShopper(req.GetCustomerId()))
	return &paymentsv1.DeletePaymentMethodResponse{}, adyen.deleteStored(ctx, req.GetToken(), req.GetCustomerId())
}

// deleteStored deletes an instrument.
func (a *account) deleteStored(ctx context.Context, id, shopper string) error {
	address := a.CheckoutURL + api.Path("storedPaymentMethods", id) + "?" + a.ofShopper(shopper)
	if err := api.Delete(ctx, a.Client, address); err != nil {
		return failure(err)
	}
	return nil
}

// ofShopper is the query for what a shopper has.
func (a *account) ofShopper(shopper string) string {
	return url.Values{"merchantAccount": {a.MerchantAccount}, "shopperReference": {shopper}}.Encode()
}

// CheckEligibility implements sdk.EligibilityChecker. Adyen lists what can be used
// and tells no reason of what it leaves out.
func (*Connector) CheckEligibility(ctx context.Context, req *paymentsv1.CheckEligibilityRequest) (*paymentsv1.CheckEligibilityResponse, error) {
	if req.GetPaymentMethod() != nil {
		return nil, sdk.InvalidField("payment_method", "is not taken: this connector asks about types, not instruments")
	}
	units, errAmount := amount(req.GetAmount())
	wanted, errTypes := adyenTypes(req.GetPaymentMethodTypes())
	adyen := begin(ctx, req.GetConnectorOptions(), errAmount, errTypes)
	told, err := adyen.methods(ctx, api.MethodsRequest{
		Amount: &units, AllowedPaymentMethods: wanted,
		CountryCode:      cmp.Or(req.GetCountryCode(), req.GetBillingAddress().GetCountryCode()),
		ShopperReference: req.GetCustomerId(), ShopperEmail: req.GetCustomer().GetEmail(),
	})
	if err != nil {
		return nil, err
	}
	resp := &paymentsv1.CheckEligibilityResponse{}
	for _, method := range told.PaymentMethods {
		resp.PaymentMethods = append(resp.PaymentMethods, &paymentsv1.PaymentMethodEligibility{
			Type: ourType(method.Type), Eligible: true, DisplayName: method.Name,
		})
	}
	return resp, nil
}

// methods asks which payment methods there are. It changes nothing.
func (a *account) methods(ctx context.Context, asked api.MethodsRequest) (*api.Methods, error) {
	asked.MerchantAccount = a.MerchantAccount
	told, err := api.Post[api.Methods](ctx, a.Client, a.CheckoutURL+"/paymentMethods", asked)
	if err != nil {
		return nil, readFailure(err)
	}
	return told, nil
}
