package stripe

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// CreateCustomer implements sdk.CustomerCreator.
func (*Connector) CreateCustomer(ctx context.Context, req *paymentsv1.CreateCustomerRequest) (*paymentsv1.CreateCustomerResponse, error) {
	stripe := callWithoutOptions(ctx, req)
	params := profile(stripe, req.GetDetails(), req.GetBillingAddress(), req.GetShippingAddress(), req.GetMetadata())
	customer, err := write(ctx, stripe, "/v1/customers", params, customer)
	return &paymentsv1.CreateCustomerResponse{Customer: customer}, err
}

// GetCustomer implements sdk.CustomerGetter.
func (*Connector) GetCustomer(ctx context.Context, req *paymentsv1.GetCustomerRequest) (*paymentsv1.GetCustomerResponse, error) {
	stripe := callOn(ctx, req, "customer_id", req.GetCustomerId())
	customer, err := read(ctx, stripe, api.Path("customers", req.GetCustomerId()), nil, customer)
	return &paymentsv1.GetCustomerResponse{Customer: customer}, err
}

// UpdateCustomer implements sdk.CustomerUpdater. Where metadata is to be replaced
// it reads the customer first: Stripe removes only labels that are named.
// Source: https://docs.stripe.com/api/customers/update.
func (*Connector) UpdateCustomer(ctx context.Context, req *paymentsv1.UpdateCustomerRequest) (*paymentsv1.UpdateCustomerResponse, error) {
	stripe := callOn(ctx, req, "customer_id", req.GetCustomerId())
	params, path := customerChange(stripe, req), api.Path("customers", req.GetCustomerId())
	if slices.Contains(req.GetUpdateMask().GetPaths(), "metadata") {
		before, err := read[api.Customer](ctx, stripe, path, nil, itself)
		if err != nil {
			return nil, err
		}
		for name := range before.Metadata {
			if _, stays := params.Metadata[name]; !stays && name != referenceKey {
				params.Metadata[name] = ""
			}
		}
	}
	customer, err := write(ctx, stripe, path, params, customer)
	return &paymentsv1.UpdateCustomerResponse{Customer: customer}, err
}

// DeleteCustomer implements sdk.CustomerDeleter. A customer that is gone is not
// found any more, but still read as deleted: so a repeat is answered as the first.
func (*Connector) DeleteCustomer(ctx context.Context, req *paymentsv1.DeleteCustomerRequest) (*paymentsv1.DeleteCustomerResponse, error) {
	stripe := callOn(ctx, req, "customer_id", req.GetCustomerId())
	path := api.Path("customers", req.GetCustomerId())
	gone, err := api.Delete[api.Customer](ctx, stripe.Client, path)
	var refused *api.Error
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound && refused.Type != "" {
		if gone, err = api.Get[api.Customer](ctx, stripe.Client, path, nil); err == nil && !gone.Deleted {
			return nil, sdk.InvalidField("customer_id", "Stripe did not delete the customer")
		}
	}
	if err != nil {
		return nil, stripe.failure(err)
	}
	customer, err := customer(ctx, gone)
	return &paymentsv1.DeleteCustomerResponse{Customer: customer}, err
}

// customerFor makes a customer to keep an instrument for. It moves nothing, so that
// a failure leaves the payment surely undone.
func customerFor(ctx context.Context, stripe *call, who payer) string {
	billing := who.billingDetails("")
	params := api.Params{Texts: given(map[string]string{
		"name": billing.Name, "email": billing.Email, "phone": billing.Phone,
	})}
	kept, err := write[api.Customer](ctx, stripe.step("customer"), "/v1/customers", params, itself)
	if err != nil {
		stripe.note(stripe.readFailure(err))
		return ""
	}
	return kept.ID
}

// given are the texts that are not empty.
func given(texts map[string]string) map[string]string {
	maps.DeleteFunc(texts, func(_, text string) bool { return text == "" })
	return texts
}

// customerTexts are what Stripe keeps of details: one name, no birth date, no document.
func customerTexts(details *paymentsv1.CustomerDetails) map[string]string {
	return map[string]string{
		"name": sdk.FullName(details), "business_name": details.GetCompany(), "email": details.GetEmail(), "phone": details.GetPhone(),
	}
}

// profile is what is to be kept of a customer.
func profile(
	stripe *call, details *paymentsv1.CustomerDetails, billing, shipping *paymentsv1.Address, labels map[string]string,
) api.Params {
	params := api.Params{
		Texts: given(customerTexts(details)), Metadata: stripe.metadata(labels, details.GetReference()),
	}
	if billing != nil {
		params.Address = new(addressWords(billing))
	}
	if shipping != nil {
		if params.Shipping = shippingWords(&paymentsv1.Shipping{Address: shipping}); params.Shipping == nil {
			stripe.refuse("shipping_address.given_name", "Stripe wants a name with the address")
		}
	}
	return params
}

// customerChange is what an update changes: without a mask what is not empty, else
// what the mask names, removed where it is empty.
func customerChange(stripe *call, req *paymentsv1.UpdateCustomerRequest) api.Params {
	details, paths := req.GetDetails(), req.GetUpdateMask().GetPaths()
	whole := profile(stripe, details, req.GetBillingAddress(), req.GetShippingAddress(), req.GetMetadata())
	if len(paths) == 0 {
		return whole
	}
	texts, params := customerTexts(details), api.Params{Texts: map[string]string{}, Metadata: map[string]string{}}
	if slices.Contains(paths, "details.given_name") != slices.Contains(paths, "details.family_name") {
		stripe.refuse("update_mask", "must name details.given_name and details.family_name together: Stripe keeps one name")
	}
	for _, path := range paths {
		if text := words.Texts("customer.text")[path]; text != "" {
			params.Texts[text] = texts[text]
			continue
		}
		switch path {
		case "details":
			maps.Copy(params.Texts, texts)
			params.Metadata[referenceKey] = details.GetReference()
		case "details.reference":
			params.Metadata[referenceKey] = details.GetReference()
		case "billing_address":
			if params.Address = whole.Address; params.Address == nil {
				params.Texts["address"] = ""
			}
		case "shipping_address":
			if params.Shipping = whole.Shipping; params.Shipping == nil {
				params.Texts["shipping"] = ""
			}
		case "metadata":
			maps.Copy(params.Metadata, req.GetMetadata())
		default:
			stripe.refuse("update_mask", path+" can't be changed by itself at Stripe")
		}
	}
	return params
}

// customer says what Stripe keeps of a customer. The one name is given up to its
// last word, which is the family's.
func customer(_ context.Context, kept *api.Customer) (*paymentsv1.Customer, error) {
	if kept.Deleted {
		return &paymentsv1.Customer{Id: kept.ID, Status: paymentsv1.CustomerStatus_CUSTOMER_STATUS_DELETED}, nil
	}
	c := &paymentsv1.Customer{
		Id: kept.ID, Status: paymentsv1.CustomerStatus_CUSTOMER_STATUS_ACTIVE, CreateTime: sdk.UnixTime(kept.Created),
		Metadata: map[string]string{},
		Details: &paymentsv1.CustomerDetails{
			Reference: kept.Metadata[referenceKey], Email: kept.Email, Phone: kept.Phone, Company: kept.BusinessName,
		},
	}
	c.Details.GivenName, c.Details.FamilyName = sdk.SplitName(kept.Name)
	for name, value := range kept.Metadata {
		if name != referenceKey {
			c.Metadata[name] = value
		}
	}
	if kept.Address != nil {
		c.BillingAddress = addressOf(*kept.Address)
	}
	if kept.Shipping != nil {
		c.ShippingAddress = cmp.Or(addressOf(kept.Shipping.Address), &paymentsv1.Address{})
		c.ShippingAddress.GivenName, c.ShippingAddress.FamilyName = sdk.SplitName(kept.Shipping.Name)
		c.ShippingAddress.Phone = kept.Shipping.Phone
	}
	return c, nil
}

// addressWords says an address in Stripe's words, which have two lines.
func addressWords(a *paymentsv1.Address) api.Address {
	return api.Address{
		Line1: strings.TrimSpace(a.GetLine1() + " " + a.GetHouseNumber()),
		Line2: strings.TrimSpace(a.GetLine2() + " " + a.GetLine3()),
		City:  a.GetCity(), State: a.GetRegion(), PostalCode: a.GetPostalCode(), Country: a.GetCountryCode(),
	}
}

// addressOf reads an address of Stripe's; nil if it is empty.
func addressOf(a api.Address) *paymentsv1.Address {
	if a == (api.Address{}) {
		return nil
	}
	return &paymentsv1.Address{
		Line1: a.Line1, Line2: a.Line2, City: a.City, Region: a.State, PostalCode: a.PostalCode, CountryCode: a.Country,
	}
}

// shippingWords says where goods go; nil where nobody is named, which Stripe wants.
func shippingWords(s *paymentsv1.Shipping) *api.Shipping {
	name := cmp.Or(sdk.FullName(s.GetAddress()), s.GetAddress().GetCompany())
	if name == "" {
		return nil
	}
	return &api.Shipping{
		Name: name, Phone: s.GetAddress().GetPhone(), Address: addressWords(s.GetAddress()),
		Carrier: s.GetCarrier(), TrackingNumber: s.GetTrackingNumber(),
	}
}
