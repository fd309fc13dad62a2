package stripe

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

const (
	// mostPages bounds how much of a list FindPayment reads.
	mostPages = 20
	pageSize  = 100 // Stripe's largest
)

// FindPayment implements sdk.PaymentFinder. With created_after_time it reads the
// list of payments since then, which has all that Stripe has accepted: what is not
// there does not exist. Without it, or where the list is longer than 2,000
// payments, it asks Stripe's search, which lags by a minute or, in an outage, more:
// then no payment proves nothing yet.
// Source: https://docs.stripe.com/search#data-freshness.
func (*Connector) FindPayment(ctx context.Context, req *paymentsv1.FindPaymentRequest) (*paymentsv1.FindPaymentResponse, error) {
	if err := noOptions(req.GetConnectorOptions()); err != nil {
		return nil, err
	}
	stripe, err := client(ctx)
	if err != nil {
		return nil, err
	}
	f := &finder{stripe: stripe, reference: req.GetReference()}
	if since := req.GetCreatedAfterTime(); since != nil {
		if whole, err := f.list(ctx, since); err != nil || whole {
			return &paymentsv1.FindPaymentResponse{Payments: f.found, Conclusive: true}, err
		}
		f.found = nil
	}
	err = f.search(ctx)
	return &paymentsv1.FindPaymentResponse{Payments: f.found}, err
}

// finder collects payments of one reference.
type finder struct {
	stripe    *api.Client
	reference string
	found     []*paymentsv1.Payment
}

// list reads all payments since a time; whole says whether it came to the end.
func (f *finder) list(ctx context.Context, since *timestamppb.Timestamp) (whole bool, err error) {
	params := api.ListParams{
		Limit: pageSize, Created: &api.CreatedRange{From: since.GetSeconds()}, Expand: []string{"data." + latestCharge},
	}
	for range mostPages {
		page, err := f.stripe.ListPaymentIntents(ctx, params)
		if err != nil {
			return false, readFailure(err)
		}
		if err := f.take(ctx, page.Data); err != nil || !page.HasMore {
			return true, err
		}
		if len(page.Data) == 0 {
			return false, sdk.Errorf(sdk.Unavailable, "", "Stripe's list has more, and its page is empty")
		}
		params.StartingAfter = page.Data[len(page.Data)-1].ID
	}
	return false, nil
}

// search asks for the reference. It is compared again: the search ignores case.
func (f *finder) search(ctx context.Context) error {
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(f.reference)
	params := api.SearchParams{
		Query: "metadata['" + referenceKey + "']:'" + quoted + "'", Limit: pageSize, Expand: []string{"data." + latestCharge},
	}
	for range mostPages {
		page, err := f.stripe.SearchPaymentIntents(ctx, params)
		if err != nil {
			return readFailure(err)
		}
		if err := f.take(ctx, page.Data); err != nil || !page.HasMore || page.NextPage == "" {
			return err
		}
		params.Page = page.NextPage
	}
	return nil
}

func (f *finder) take(ctx context.Context, intents []api.PaymentIntent) error {
	for i := range intents {
		if intents[i].Metadata[referenceKey] != f.reference {
			continue
		}
		p, err := payment(ctx, &intents[i])
		if err != nil {
			return readFailure(err)
		}
		f.found = append(f.found, p)
	}
	return nil
}
