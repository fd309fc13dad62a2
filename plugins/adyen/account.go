package adyen

import (
	"context"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// CheckAccount implements sdk.AccountChecker. It asks for the merchant account's
// payment methods, which needs the key, its role and the merchant account, and
// changes nothing. Whether money is real is the endpoint's to say.
func (*Connector) CheckAccount(ctx context.Context, _ *connectorv1.CheckAccountRequest) (*connectorv1.CheckAccountResponse, error) {
	adyen, err := accountOf(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := adyen.PaymentMethods(ctx, api.MethodsRequest{MerchantAccount: adyen.MerchantAccount}); err != nil {
		return nil, readFailure(err)
	}
	return &connectorv1.CheckAccountResponse{AccountId: adyen.MerchantAccount, Live: adyen.LivePrefix != ""}, nil
}
