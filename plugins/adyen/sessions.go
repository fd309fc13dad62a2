package adyen

import (
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
	adyen, _, err := begin[sdk.NoOptions](ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	asked, err := adyen.sessionRequest(req)
	if err != nil {
		return nil, err
	}
	told, err := adyen.CreateSession(ctx, asked)
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

func (a *account) sessionRequest(req *paymentsv1.CreateClientSessionRequest) (asked api.SessionRequest, err error) {
	if asked.Basics, err = a.basics(req.GetReference(), req.GetAmount(), req.GetReturnUrl(), req.GetMetadata()); err != nil {
		return asked, err
	}
	asked.CountryCode, asked.ShopperLocale, asked.ShopperReference = req.GetCountryCode(), req.GetLanguage(), req.GetCustomerId()
	asked.ShopperEmail, asked.ShopperName = req.GetCustomer().GetEmail(), shopperName(req.GetCustomer())
	asked.CaptureDelayHours, asked.AdditionalData = capture(req.GetCaptureMethod())
	if asked.AllowedPaymentMethods, err = adyenTypes(req.GetPaymentMethodTypes()); err != nil {
		return asked, err
	}
	if asked.LineItems, err = lineItems(req.GetOrder().GetLineItems(), req.GetOrder().GetTaxIncluded()); err != nil {
		return asked, err
	}
	if req.GetSetupFutureUsage() != paymentsv1.SetupFutureUsage_SETUP_FUTURE_USAGE_UNSPECIFIED {
		if req.GetCustomerId() == "" {
			return asked, sdk.InvalidField("customer_id", "is required: Adyen stores an instrument for a shopper")
		}
		asked.StorePaymentMethod = true
		asked.RecurringProcessingModel = processingModel(req.GetSetupFutureUsage(), nil)
	}
	return asked, nil
}
