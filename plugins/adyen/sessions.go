package adyen

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// CreateClientSession implements sdk.ClientSessionCreator: a session for Adyen's
// SDK, which pays within it by itself; the outcome comes by webhook.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/post/sessions.
func (*Connector) CreateClientSession(ctx context.Context, req *paymentsv1.CreateClientSessionRequest) (*paymentsv1.CreateClientSessionResponse, error) {
	adyen := begin(ctx, req.GetConnectorOptions())
	asked, err := adyen.sessionRequest(req)
	if err = cmp.Or(adyen.Fault, err); err != nil {
		return nil, err
	}
	told, err := api.Post[api.Session](ctx, adyen.Client, adyen.CheckoutURL+"/sessions", asked)
	if err != nil {
		return nil, failure(err)
	}
	if told.Reference != asked.Reference || told.Amount != asked.Amount {
		return nil, sdk.Errorf(sdk.OutcomeUnknown, "INTEGRITY_MISMATCH", "Adyen's answer speaks of another session than the request")
	}
	session := &paymentsv1.Session{Id: told.ID, ClientSecret: told.SessionData, ExpireTime: timeOf(told.ExpiresAt)}
	if told.URL != "" {
		session.Parameters = &structpb.Struct{Fields: map[string]*structpb.Value{"url": structpb.NewStringValue(told.URL)}}
	}
	return &paymentsv1.CreateClientSessionResponse{Session: session}, nil
}

func (a *account) sessionRequest(req *paymentsv1.CreateClientSessionRequest) (api.SessionRequest, error) {
	basics, errBasics := a.basics(req.GetReference(), req.GetAmount(), req.GetReturnUrl(), req.GetMetadata())
	types, errTypes := adyenTypes(req.GetPaymentMethodTypes())
	lines, errLines := lineItems(req.GetOrder().GetLineItems(), req.GetOrder().GetTaxIncluded())
	basics.CountryCode, basics.ShopperLocale, basics.ShopperReference = req.GetCountryCode(), req.GetLanguage(), req.GetCustomerId()
	basics.ShopperEmail, basics.ShopperName = req.GetCustomer().GetEmail(), shopperName(req.GetCustomer())
	basics.CaptureDelayHours, basics.AdditionalData = capture(req.GetCaptureMethod())
	basics.LineItems = lines
	err := cmp.Or(errBasics, errTypes, errLines, setStoring(&basics, req.GetSetupFutureUsage(), nil))
	return api.SessionRequest{Basics: basics, AllowedPaymentMethods: types}, err
}
