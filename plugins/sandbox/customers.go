package sandbox

import (
	"cmp"
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
	ask, err := profile(req.GetDetails(), req.GetBillingAddress(), req.GetShippingAddress(), req.GetMetadata())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	kept, err := api.Post[api.Customer](ctx, psp, ask, "customers")
	customer, err := told(ctx, kept, err, customerOf)
	return &paymentsv1.CreateCustomerResponse{Customer: customer}, err
}

// GetCustomer implements sdk.CustomerGetter.
func (c *Connector) GetCustomer(ctx context.Context, req *paymentsv1.GetCustomerRequest) (*paymentsv1.GetCustomerResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	kept, err := api.Get[api.Customer](ctx, psp, nil, "customers", req.GetCustomerId())
	customer, err := told(ctx, kept, err, customerOf)
	return &paymentsv1.GetCustomerResponse{Customer: customer}, err
}

// UpdateCustomer implements sdk.CustomerUpdater.
func (c *Connector) UpdateCustomer(ctx context.Context, req *paymentsv1.UpdateCustomerRequest) (*paymentsv1.UpdateCustomerResponse, error) {
	change, err := changeOf(req)
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	kept, err := api.Post[api.Customer](ctx, psp, change, "customers", req.GetCustomerId())
	customer, err := told(ctx, kept, err, customerOf)
	return &paymentsv1.UpdateCustomerResponse{Customer: customer}, err
}

// DeleteCustomer implements sdk.CustomerDeleter.
func (c *Connector) DeleteCustomer(ctx context.Context, req *paymentsv1.DeleteCustomerRequest) (*paymentsv1.DeleteCustomerResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	kept, err := api.Post[api.Customer](ctx, psp, api.None{}, "customers", req.GetCustomerId(), "delete")
	customer, err := told(ctx, kept, err, customerOf)
	return &paymentsv1.DeleteCustomerResponse{Customer: customer}, err
}

// profile says what is to be kept of a customer in the PSP's words.
func profile(details *paymentsv1.CustomerDetails, billing, shipping *paymentsv1.Address, labels map[string]string) (api.Customer, error) {
	ask := api.Customer{Metadata: labels}
	var errs [3]error
	ask.Details, errs[0] = documentOf(details)
	ask.Billing, errs[1] = documentOf(billing)
	ask.Shipping, errs[2] = documentOf(shipping)
	return ask, cmp.Or(errs[:]...)
}

// documentOf says a person or an address in the PSP's words, which are the contract's;
// nil if there is none.
func documentOf(m proto.Message) (json.RawMessage, error) {
	if !m.ProtoReflect().IsValid() {
		return nil, nil
	}
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return nil, sdk.Errorf(sdk.Internal, "", "encode the request: %w", err)
	}
	return raw, nil
}

// readDocument is the other direction.
func readDocument(raw json.RawMessage, into proto.Message) error {
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, into); err != nil {
		return sdk.Errorf(sdk.OutcomeUnknown, "", "the PSP's answer is malformed: %w", err)
	}
	return nil
}

// changeOf says an update in the PSP's words: what the mask names is removed and
// set anew; without a mask what is not empty is set.
func changeOf(req *paymentsv1.UpdateCustomerRequest) (api.CustomerChange, error) {
	asked, errAsked := profile(req.GetDetails(), req.GetBillingAddress(), req.GetShippingAddress(), req.GetMetadata())
	raw, errRaw := json.Marshal(asked)
	var all map[string]any
	if err := cmp.Or(errAsked, errRaw, json.Unmarshal(raw, &all)); err != nil {
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
		Id: kept.ID, Status: customerStatus.Meaning(ctx, kept.Status), Details: &paymentsv1.CustomerDetails{},
		Metadata: kept.Metadata, CreateTime: timestamppb.New(kept.Created),
	}
	var errs [3]error
	if kept.Details != nil {
		errs[0] = readDocument(kept.Details, customer.GetDetails())
	}
	if kept.Billing != nil {
		customer.BillingAddress = &paymentsv1.Address{}
		errs[1] = readDocument(kept.Billing, customer.GetBillingAddress())
	}
	if kept.Shipping != nil {
		customer.ShippingAddress = &paymentsv1.Address{}
		errs[2] = readDocument(kept.Shipping, customer.GetShippingAddress())
	}
	return customer, cmp.Or(errs[:]...)
}
