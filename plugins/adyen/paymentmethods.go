package adyen

import (
	"cmp"
	"context"
	"strconv"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Tokenize implements sdk.Tokenizer. Adyen stores cards so, without asking the
// issuer.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/post/storedPaymentMethods.
func (*Connector) Tokenize(ctx context.Context, req *paymentsv1.TokenizeRequest) (*paymentsv1.TokenizeResponse, error) {
	adyen, _, err := begin[sdk.NoOptions](ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	c := req.GetPaymentMethod().GetCard()
	if c == nil {
		return nil, sdk.Errorf(sdk.Unsupported, "", "Adyen stores only cards without a payment; SetupMandate stores the rest")
	}
	if err := checkShopper(req.GetCustomerId()); err != nil {
		return nil, err
	}
	stored, err := adyen.Store(ctx, api.StoreRequest{
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

// storedDetails shows an instrument that Adyen keeps.
func storedDetails(s *api.StoredMethod) *paymentsv1.PaymentMethodDetails {
	d := &paymentsv1.PaymentMethodDetails{Token: s.ID, Type: ourType(cmp.Or(s.Type, "scheme"))}
	if s.IBAN != "" {
		d.BankAccount = &paymentsv1.BankAccountDetails{Last4: s.IBAN[max(0, len(s.IBAN)-4):], HolderName: s.OwnerName}
		return d
	}
	month, _ := strconv.ParseInt(s.ExpiryMonth, 10, 32) // 0 where there is none
	year, _ := strconv.ParseInt(s.ExpiryYear, 10, 32)
	d.Card = &paymentsv1.CardDetails{
		Network: networkOf(s.Brand), Last4: s.LastFour, Bin: s.CardBIN, ExpiryMonth: int32(month), ExpiryYear: int32(year),
		HolderName: s.HolderName, Issuer: s.IssuerName, Fingerprint: s.Alias,
	}
	return d
}

// DeletePaymentMethod implements sdk.PaymentMethodDeleter.
func (*Connector) DeletePaymentMethod(ctx context.Context, req *paymentsv1.DeletePaymentMethodRequest) (*paymentsv1.DeletePaymentMethodResponse, error) {
	adyen, _, err := begin[sdk.NoOptions](ctx, req.GetConnectorOptions())
	if err = cmp.Or(err, pspReference("token", req.GetToken()), checkShopper(req.GetCustomerId())); err != nil {
		return nil, err
	}
	if err := adyen.DeleteStored(ctx, adyen.MerchantAccount, req.GetCustomerId(), req.GetToken()); err != nil {
		return nil, failure(err)
	}
	return &paymentsv1.DeletePaymentMethodResponse{}, nil
}

// CheckEligibility implements sdk.EligibilityChecker. Adyen lists what can be used
// and tells no reason of what it leaves out.
func (*Connector) CheckEligibility(ctx context.Context, req *paymentsv1.CheckEligibilityRequest) (*paymentsv1.CheckEligibilityResponse, error) {
	adyen, _, err := begin[sdk.NoOptions](ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	if req.GetPaymentMethod() != nil {
		return nil, sdk.InvalidField("payment_method", "is not taken: this connector asks about types, not instruments")
	}
	units, err := amount(req.GetAmount())
	if err != nil {
		return nil, err
	}
	wanted, err := adyenTypes(req.GetPaymentMethodTypes())
	if err != nil {
		return nil, err
	}
	told, err := adyen.PaymentMethods(ctx, api.MethodsRequest{
		MerchantAccount: adyen.MerchantAccount, Amount: &units, AllowedPaymentMethods: wanted,
		CountryCode:      cmp.Or(req.GetCountryCode(), req.GetBillingAddress().GetCountryCode()),
		ShopperReference: req.GetCustomerId(), ShopperEmail: req.GetCustomer().GetEmail(),
	})
	if err != nil {
		return nil, readFailure(err)
	}
	resp := &paymentsv1.CheckEligibilityResponse{}
	for _, method := range told.PaymentMethods {
		resp.PaymentMethods = append(resp.PaymentMethods, &paymentsv1.PaymentMethodEligibility{
			Type: ourType(method.Type), Eligible: true, DisplayName: method.Name,
		})
	}
	return resp, nil
}

// adyenTypes translates types that are asked about.
func adyenTypes(ours []string) ([]string, error) {
	var theirs []string
	for _, name := range ours {
		word, ok := adyenType(name)
		if !ok {
			return nil, sdk.InvalidField("payment_method_types", name+" is none that this connector takes")
		}
		theirs = append(theirs, word)
	}
	return theirs, nil
}
