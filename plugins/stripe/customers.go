package stripe

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// CreateCustomer implements sdk.CustomerCreator.
func (*Connector) CreateCustomer(ctx context.Context, req *paymentsv1.CreateCustomerRequest) (*paymentsv1.CreateCustomerResponse, error) {
	if err := noOptions(req.GetConnectorOptions()); err != nil {
		return nil, err
	}
	params, err := profile(req.GetDetails(), req.GetBillingAddress(), req.GetShippingAddress(), req.GetMetadata())
	if err != nil {
		return nil, err
	}
	stripe, err := client(ctx)
	if err != nil {
		return nil, err
	}
	kept, err := stripe.CreateCustomer(ctx, params)
	if err != nil {
		return nil, failure(err)
	}
	return &paymentsv1.CreateCustomerResponse{Customer: customer(kept)}, nil
}

// GetCustomer implements sdk.CustomerGetter.
func (*Connector) GetCustomer(ctx context.Context, req *paymentsv1.GetCustomerRequest) (*paymentsv1.GetCustomerResponse, error) {
	stripe, err := clientFor(ctx, "customer_id", req.GetCustomerId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	kept, err := stripe.GetCustomer(ctx, req.GetCustomerId())
	if err != nil {
		return nil, readFailure(err)
	}
	return &paymentsv1.GetCustomerResponse{Customer: customer(kept)}, nil
}

// UpdateCustomer implements sdk.CustomerUpdater. Where metadata is to be replaced
// it reads the customer first: Stripe removes only labels that are named.
// Source: https://docs.stripe.com/api/customers/update.
func (*Connector) UpdateCustomer(ctx context.Context, req *paymentsv1.UpdateCustomerRequest) (*paymentsv1.UpdateCustomerResponse, error) {
	stripe, err := clientFor(ctx, "customer_id", req.GetCustomerId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	params, err := customerChange(req)
	if err != nil {
		return nil, err
	}
	if slices.Contains(req.GetUpdateMask().GetPaths(), "metadata") {
		before, err := stripe.GetCustomer(ctx, req.GetCustomerId())
		if err != nil {
			return nil, readFailure(err)
		}
		for name := range before.Metadata {
			if _, stays := params.Metadata[name]; !stays && name != referenceKey {
				params.Metadata[name] = ""
			}
		}
	}
	kept, err := stripe.UpdateCustomer(ctx, req.GetCustomerId(), params)
	if err != nil {
		return nil, failure(err)
	}
	return &paymentsv1.UpdateCustomerResponse{Customer: customer(kept)}, nil
}

// DeleteCustomer implements sdk.CustomerDeleter. A customer that is gone is not
// found any more, but still read as deleted: so a repeat is answered as the first.
func (*Connector) DeleteCustomer(ctx context.Context, req *paymentsv1.DeleteCustomerRequest) (*paymentsv1.DeleteCustomerResponse, error) {
	stripe, err := clientFor(ctx, "customer_id", req.GetCustomerId(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	gone, err := stripe.DeleteCustomer(ctx, req.GetCustomerId())
	if answeredWith(err, http.StatusNotFound) {
		if gone, err = stripe.GetCustomer(ctx, req.GetCustomerId()); err == nil && !gone.Deleted {
			return nil, invalid("customer_id", "Stripe did not delete the customer")
		}
	}
	if err != nil {
		return nil, failure(err)
	}
	return &paymentsv1.DeleteCustomerResponse{Customer: customer(gone)}, nil
}

// customerFor makes a customer to keep an instrument for. It moves nothing, so that
// a failure leaves the payment surely undone.
func customerFor(ctx context.Context, stripe *api.Client, who payer) (string, error) {
	billing := who.billingDetails("")
	params := api.CustomerParams{Email: &billing.Email, Name: &billing.Name, Phone: &billing.Phone}
	kept, err := stripe.Step("customer").CreateCustomer(ctx, dropEmpty(params))
	if err != nil {
		return "", readFailure(err)
	}
	return kept.ID, nil
}

// dropEmpty leaves out what would be removed: there is nothing yet.
func dropEmpty(params api.CustomerParams) api.CustomerParams {
	for _, text := range []**string{&params.BusinessName, &params.Email, &params.Name, &params.Phone} {
		if *text != nil && **text == "" {
			*text = nil
		}
	}
	return params
}

// profile is what is to be kept of a customer. Stripe keeps one name, no date of
// birth and no document.
func profile(details *paymentsv1.CustomerDetails, billing, shipping *paymentsv1.Address, labels map[string]string) (api.CustomerParams, error) {
	params := api.CustomerParams{Metadata: map[string]string{}}
	params = dropEmpty(withDetails(params, details))
	if details.GetReference() != "" {
		params.Metadata[referenceKey] = details.GetReference()
	}
	if billing != nil {
		address := addressWords(billing)
		params.Address = &address
	}
	if shipping != nil {
		if params.Shipping = shippingWords(&paymentsv1.Shipping{Address: shipping}); params.Shipping == nil {
			return params, invalid("shipping_address.given_name", "Stripe wants a name with the address")
		}
	}
	all, err := metadataOf(labels, "")
	delete(all, referenceKey)
	maps.Copy(params.Metadata, all)
	return params, err
}

func withDetails(params api.CustomerParams, details *paymentsv1.CustomerDetails) api.CustomerParams {
	name, company, email, phone := fullName(details), details.GetCompany(), details.GetEmail(), details.GetPhone()
	params.Name, params.BusinessName, params.Email, params.Phone = &name, &company, &email, &phone
	return params
}

// customerChange is what an update changes: without a mask what is not empty, else
// what the mask names, removed where it is empty.
func customerChange(req *paymentsv1.UpdateCustomerRequest) (api.CustomerParams, error) {
	given, err := profile(req.GetDetails(), req.GetBillingAddress(), req.GetShippingAddress(), req.GetMetadata())
	paths := req.GetUpdateMask().GetPaths()
	if err != nil || len(paths) == 0 {
		return given, err
	}
	whole := withDetails(api.CustomerParams{}, req.GetDetails())
	params := api.CustomerParams{Metadata: map[string]string{}, Removed: map[string]string{}}
	for _, path := range paths {
		switch path {
		case "details":
			params.Name, params.BusinessName, params.Email, params.Phone = whole.Name, whole.BusinessName, whole.Email, whole.Phone
			params.Metadata[referenceKey] = req.GetDetails().GetReference()
		case "details.given_name", "details.family_name":
			if !slices.Contains(paths, "details.given_name") || !slices.Contains(paths, "details.family_name") {
				return params, invalid("update_mask", "must name details.given_name and details.family_name together: Stripe keeps one name")
			}
			params.Name = whole.Name
		case "details.company":
			params.BusinessName = whole.BusinessName
		case "details.email":
			params.Email = whole.Email
		case "details.phone":
			params.Phone = whole.Phone
		case "details.reference":
			params.Metadata[referenceKey] = req.GetDetails().GetReference()
		case "billing_address":
			if params.Address = given.Address; given.Address == nil {
				params.Removed["address"] = ""
			}
		case "shipping_address":
			if params.Shipping = given.Shipping; given.Shipping == nil {
				params.Removed["shipping"] = ""
			}
		case "metadata":
			maps.Copy(params.Metadata, req.GetMetadata())
		default:
			return params, invalid("update_mask", path+" can't be changed by itself at Stripe")
		}
	}
	return params, nil
}

// customer says what Stripe keeps of a customer. The one name is given up to its
// last word, which is the family's.
func customer(kept *api.Customer) *paymentsv1.Customer {
	if kept.Deleted {
		return &paymentsv1.Customer{Id: kept.ID, Status: paymentsv1.CustomerStatus_CUSTOMER_STATUS_DELETED}
	}
	c := &paymentsv1.Customer{
		Id:         kept.ID,
		Status:     paymentsv1.CustomerStatus_CUSTOMER_STATUS_ACTIVE,
		CreateTime: timestamp(kept.Created),
		Metadata:   map[string]string{},
		Details: &paymentsv1.CustomerDetails{
			Reference: kept.Metadata[referenceKey], Email: kept.Email, Phone: kept.Phone, Company: kept.BusinessName,
		},
	}
	c.Details.GivenName, c.Details.FamilyName = splitName(kept.Name)
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
		c.ShippingAddress.GivenName, c.ShippingAddress.FamilyName = splitName(kept.Shipping.Name)
		c.ShippingAddress.Phone = kept.Shipping.Phone
	}
	return c
}

func splitName(name string) (given, family string) {
	if i := strings.LastIndexByte(name, ' '); i >= 0 {
		return name[:i], name[i+1:]
	}
	return name, ""
}
