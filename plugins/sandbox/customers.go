package sandbox

import (
	"context"
	"encoding/json"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// CreateCustomer implements sdk.CustomerCreator.
func (c *Connector) CreateCustomer(ctx context.Context, req *paymentsv1.CreateCustomerRequest) (*paymentsv1.CreateCustomerResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	ask, err := profile(req.GetDetails(), req.GetBillingAddress(), req.GetShippingAddress(), req.GetMetadata())
	if err != nil {
		return nil, err
	}
	kept, err := psp.CreateCustomer(ctx, ask)
	customer, err := told(ctx, kept, err, customerOf)
	return &paymentsv1.CreateCustomerResponse{Customer: customer}, err
}

// GetCustomer implements sdk.CustomerGetter.
func (c *Connector) GetCustomer(ctx context.Context, req *paymentsv1.GetCustomerRequest) (*paymentsv1.GetCustomerResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	kept, err := psp.Customer(ctx, req.GetCustomerId())
	customer, err := told(ctx, kept, err, customerOf)
	return &paymentsv1.GetCustomerResponse{Customer: customer}, err
}

// UpdateCustomer implements sdk.CustomerUpdater.
func (c *Connector) UpdateCustomer(ctx context.Context, req *paymentsv1.UpdateCustomerRequest) (*paymentsv1.UpdateCustomerResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	change, err := changeOf(req)
	if err != nil {
		return nil, err
	}
	kept, err := psp.UpdateCustomer(ctx, req.GetCustomerId(), change)
	customer, err := told(ctx, kept, err, customerOf)
	return &paymentsv1.UpdateCustomerResponse{Customer: customer}, err
}

// DeleteCustomer implements sdk.CustomerDeleter.
func (c *Connector) DeleteCustomer(ctx context.Context, req *paymentsv1.DeleteCustomerRequest) (*paymentsv1.DeleteCustomerResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	kept, err := psp.DeleteCustomer(ctx, req.GetCustomerId())
	customer, err := told(ctx, kept, err, customerOf)
	return &paymentsv1.DeleteCustomerResponse{Customer: customer}, err
}

// profile says what is to be kept of a customer in the PSP's words.
func profile(details *paymentsv1.CustomerDetails, billing, shipping *paymentsv1.Address, labels map[string]string) (api.Customer, error) {
	ask := api.Customer{Metadata: labels}
	for _, part := range []struct {
		message proto.Message
		is      bool
		set     *json.RawMessage
	}{
		{details, details != nil, &ask.Details},
		{billing, billing != nil, &ask.Billing},
		{shipping, shipping != nil, &ask.Shipping},
	} {
		if !part.is {
			continue
		}
		raw, err := words(part.message)
		if err != nil {
			return ask, err
		}
		*part.set = raw
	}
	return ask, nil
}

// words says a person or an address in the PSP's words, which are the contract's.
func words(m proto.Message) (json.RawMessage, error) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return nil, sdk.Errorf(sdk.Internal, "", "encode the request: %w", err)
	}
	return raw, nil
}

// changeOf says an update in the PSP's words: what the mask names is removed and
// set anew; without a mask what is not empty is set.
func changeOf(req *paymentsv1.UpdateCustomerRequest) (api.CustomerChange, error) {
	asked, err := profile(req.GetDetails(), req.GetBillingAddress(), req.GetShippingAddress(), req.GetMetadata())
	if err != nil {
		return api.CustomerChange{}, err
	}
	raw, err := json.Marshal(asked)
	if err != nil {
		return api.CustomerChange{}, sdk.Errorf(sdk.Internal, "", "encode the request: %w", err)
	}
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return api.CustomerChange{}, sdk.Errorf(sdk.Internal, "", "encode the request: %w", err)
	}
	change := api.CustomerChange{Clear: req.GetUpdateMask().GetPaths(), Set: all}
	if len(change.Clear) > 0 {
		change.Set = map[string]any{}
	}
	for _, path := range change.Clear {
		put(change.Set, all, strings.Split(path, "."))
	}
	return change, nil
}

// put copies what a path leads to, if there is something.
func put(into, from map[string]any, path []string) {
	value, ok := from[path[0]]
	switch {
	case !ok:
	case len(path) == 1:
		into[path[0]] = value
	default:
		inner, ok := into[path[0]].(map[string]any)
		if !ok {
			inner = map[string]any{}
			into[path[0]] = inner
		}
		below, _ := value.(map[string]any)
		put(inner, below, path[1:])
	}
}

// customerOf says a customer of the PSP's in the contract's words.
func customerOf(ctx context.Context, kept api.Customer) (*paymentsv1.Customer, error) {
	customer := &paymentsv1.Customer{
		Id:         kept.ID,
		Status:     customerStatus(ctx, kept.Status),
		Details:    &paymentsv1.CustomerDetails{},
		Metadata:   kept.Metadata,
		CreateTime: timestamppb.New(kept.Created),
	}
	if kept.Billing != nil {
		customer.BillingAddress = &paymentsv1.Address{}
	}
	if kept.Shipping != nil {
		customer.ShippingAddress = &paymentsv1.Address{}
	}
	for _, part := range []struct {
		raw  json.RawMessage
		into proto.Message
	}{
		{kept.Details, customer.GetDetails()},
		{kept.Billing, customer.GetBillingAddress()},
		{kept.Shipping, customer.GetShippingAddress()},
	} {
		if part.raw == nil {
			continue
		}
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(part.raw, part.into); err != nil {
			return nil, sdk.Errorf(sdk.OutcomeUnknown, "", "the PSP's answer is malformed: %w", err)
		}
	}
	return customer, nil
}
