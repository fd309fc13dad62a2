package stripe

import (
	"context"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Tokenize implements sdk.Tokenizer. Stripe keeps an instrument for more than one
// payment where it is a customer's; without customer_id one is made of customer,
// and without that too the token works once.
// Source: https://docs.stripe.com/api/payment_methods/attach.
func (*Connector) Tokenize(ctx context.Context, req *paymentsv1.TokenizeRequest) (*paymentsv1.TokenizeResponse, error) {
	if err := noOptions(req.GetConnectorOptions()); err != nil {
		return nil, err
	}
	labels, err := metadataOf(req.GetMetadata(), "")
	if err != nil {
		return nil, err
	}
	delete(labels, referenceKey)
	stripe, err := client(ctx)
	if err != nil {
		return nil, err
	}
	from := payer{method: req.GetPaymentMethod(), customer: req.GetCustomer(), billing: req.GetBillingAddress()}
	with, err := from.instrument(ctx, stripe)
	if err != nil {
		return nil, readFailure(err)
	}
	id := with.id
	if with.data != nil {
		with.data.Metadata = labels
		kept, err := stripe.CreatePaymentMethod(ctx, with.data)
		if err != nil {
			return tokenizeRefused(ctx, err, with.secret)
		}
		if id = kept.ID; req.GetCustomerId() == "" && req.GetCustomer() == nil {
			return &paymentsv1.TokenizeResponse{PaymentMethod: methodDetails(ctx, kept), SingleUse: true}, nil
		}
	}
	owner := req.GetCustomerId()
	if owner == "" {
		if owner, err = customerFor(ctx, stripe, from); err != nil {
			return nil, err
		}
	}
	kept, err := stripe.Step("attach").AttachPaymentMethod(ctx, id, owner)
	if err != nil {
		return tokenizeRefused(ctx, err, with.secret)
	}
	return &paymentsv1.TokenizeResponse{PaymentMethod: methodDetails(ctx, kept), CustomerId: string(kept.Customer)}, nil
}

func tokenizeRefused(ctx context.Context, err error, secret string) (*paymentsv1.TokenizeResponse, error) {
	if refused, ok := refusal(err); ok {
		return &paymentsv1.TokenizeResponse{Decline: decline(ctx, &refused.Failure)}, nil
	}
	return nil, withoutSecret(failure(err), secret)
}

// DeletePaymentMethod implements sdk.PaymentMethodDeleter. A detached instrument
// can't be used again.
// Source: https://docs.stripe.com/api/payment_methods/detach.
func (*Connector) DeletePaymentMethod(ctx context.Context, req *paymentsv1.DeletePaymentMethodRequest) (*paymentsv1.DeletePaymentMethodResponse, error) {
	stripe, err := clientFor(ctx, "token", req.GetToken(), req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	if _, err := stripe.DetachPaymentMethod(ctx, req.GetToken()); err != nil {
		return nil, withoutSecret(failure(err), req.GetToken())
	}
	return &paymentsv1.DeletePaymentMethodResponse{}, nil
}
