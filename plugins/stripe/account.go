package stripe

import (
	"context"
	"strings"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// CheckAccount implements sdk.AccountChecker.
func (*Connector) CheckAccount(ctx context.Context, _ *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error) {
	stripe, err := client(ctx)
	if err != nil {
		return nil, err
	}
	account, err := stripe.GetAccount(ctx)
	if err != nil {
		return nil, readFailure(err)
	}
	return &connectorv1.CheckAccountResponse{AccountId: account.ID, Live: liveKey(stripe.Key)}, nil
}

// liveKey says whether a key moves real money. The account object does not tell,
// the key's prefix does: sk_live_, rk_live_.
// Source: https://docs.stripe.com/keys.
func liveKey(key string) bool { return strings.Contains(key, "_live_") }
