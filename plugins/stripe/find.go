package stripe

import (
	"context"
	"strings"

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
	stripe := callWithoutOptions(ctx, req)
	params := api.ListParams{Limit: pageSize, Expand: []string{"data." + latestCharge}}
	if since := req.GetCreatedAfterTime(); since != nil {
		params.CreatedFrom = since.GetSeconds()
		if found, whole, err := find(ctx, stripe, "/v1/payment_intents", params, req.GetReference()); err != nil || whole {
			return &paymentsv1.FindPaymentResponse{Payments: found, Conclusive: true}, err
		}
		params.CreatedFrom = 0
	}
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(req.GetReference())
	params.Query = "metadata['" + referenceKey + "']:'" + quoted + "'"
	found, _, err := find(ctx, stripe, "/v1/payment_intents/search", params, req.GetReference())
	return &paymentsv1.FindPaymentResponse{Payments: found}, err
}

// find collects the payments of one reference from a list, or from a search, which
// ignores case. It says whether it came to the end.
func find(
	ctx context.Context, stripe *call, path string, params api.ListParams, reference string,
) (found []*paymentsv1.Payment, whole bool, err error) {
	for range mostPages {
		page, err := read[api.List[api.PaymentIntent]](ctx, stripe, path, params, itself)
		if err != nil {
			return nil, false, err
		}
		for i := range page.Data {
			if page.Data[i].Metadata[referenceKey] != reference {
				continue
			}
			p, err := payment(ctx, &page.Data[i])
			if err != nil {
				return nil, false, stripe.readFailure(err)
			}
			found = append(found, p)
		}
		switch isSearch := params.Query != ""; {
		case !page.HasMore, isSearch && page.NextPage == "":
			return found, true, nil
		case isSearch:
			params.Page = page.NextPage
		case len(page.Data) == 0:
			return nil, false, sdk.Errorf(sdk.Unavailable, "", "Stripe's list has more, and its page is empty")
		default:
			params.StartingAfter = page.Data[len(page.Data)-1].ID
		}
	}
	return found, false, nil
}
