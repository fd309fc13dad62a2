package adyen

import (
	"cmp"
	"context"
	"time"
	"unicode/utf8"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Adyen's limits of a payment's fields.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/post/payments.
const (
	maxReference     = 80
	maxMetadataName  = 20
	maxMetadataValue = 80
)

// Adyen's words for who starts a payment and what a stored instrument is used for.
// Source: https://docs.adyen.com/online-payments/tokenization.
const (
	ecommerce   = "Ecommerce"
	moto        = "Moto"
	contAuth    = "ContAuth"
	cardOnFile  = "CardOnFile"
	subscribed  = "Subscription"
	unscheduled = "UnscheduledCardOnFile"
)

// authorizeOptions are the connector_options of Authorize.
type authorizeOptions struct {
	Store      string `json:"store"`       // Adyen's store of the merchant account
	Issuer     string `json:"issuer"`      // the shopper's bank, where its id has capitals or dashes
	StoredType string `json:"stored_type"` // Adyen's type of a stored instrument that is no card
	Native3DS  bool   `json:"native_3ds"`  // 3-D Secure within Adyen's SDK in place of a redirect
	Channel    string `json:"channel"`     // Web, iOS or Android, where Adyen's SDK goes on
	Origin     string `json:"origin"`      // the page's origin, for native 3-D Secure on the web
}

// Authorize implements sdk.Authorizer.
func (*Connector) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	payment, err := pay(ctx, req)
	return &paymentsv1.AuthorizeResponse{Payment: payment}, err
}

// pay asks for a payment. Mandates are set up and charged in the same way.
func pay(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.Payment, error) {
	adyen := accountOf(ctx)
	asked, err := adyen.paymentRequest(req)
	if err = cmp.Or(adyen.Fault, err); err != nil {
		return nil, err
	}
	told, err := api.Post[api.Payment](ctx, adyen.Client, adyen.CheckoutURL+"/payments", asked)
	if err != nil {
		return nil, failure(err)
	}
	return paymentOf(ctx, told, expectation{
		reference: req.GetReference(), amount: req.GetAmount(),
		automatic: req.GetCaptureMethod() != paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL,
	})
}

func (a *account) paymentRequest(req *paymentsv1.AuthorizeRequest) (api.PaymentRequest, error) {
	options, errOptions := sdk.Options[authorizeOptions](req.GetConnectorOptions())
	basics, errBasics := a.basics(req.GetReference(), req.GetAmount(), req.GetReturnUrl(), req.GetMetadata())
	asked := api.PaymentRequest{
		Basics: basics, Store: options.Store, Origin: options.Origin, Channel: options.Channel,
		ShopperStatement: req.GetStatementDescriptor(), DeliveryAddress: deliveryAddress(req.GetShipping().GetAddress()),
	}
	asked.ShopperReference, asked.ShopperLocale = req.GetCustomerId(), req.GetLanguage()
	if asked.Amount.Value > 0 {
		asked.CaptureDelayHours, asked.AdditionalData = capture(req.GetCaptureMethod())
	}
	if n := req.GetInstallmentCount(); n > 1 {
		asked.Installments = map[string]int32{"value": n}
	}
	if at := req.GetExpireTime(); at != nil {
		asked.SessionValidity = at.AsTime().UTC().Format(time.RFC3339)
	}
	setShopper(&asked, req.GetCustomer(), req.GetBillingAddress(), req.GetBrowserInfo())
	asked.ShopperEmail = cmp.Or(req.GetEmail(), asked.ShopperEmail)
	var errLines error
	asked.LineItems, errLines = lineItems(req.GetOrder().GetLineItems(), req.GetOrder().GetTaxIncluded())
	err := cmp.Or(errOptions, errBasics, notTaken(req), errLines,
		setMethod(&asked, req.GetPaymentMethod(), options), setUse(&asked, req),
		setThreeDS(&asked, req.GetThreeDs(), options.Native3DS))
	return asked, err
}

// notTaken refuses what a payment at Adyen can't begin with.
func notTaken(req *paymentsv1.AuthorizeRequest) error {
	switch {
	case req.GetOrderId() != "":
		return sdk.InvalidField("order_id", "is not taken: Adyen's orders are for its gift cards")
	case req.GetSessionId() != "":
		return sdk.InvalidField("session_id", "is not taken: Adyen's SDK pays within a session itself")
	}
	return nil
}

// basics are what every payment and session has.
func (a *account) basics(reference string, m *paymentsv1.Money, returnURL string, labels map[string]string) (api.Basics, error) {
	if returnURL = cmp.Or(returnURL, a.ReturnURL); returnURL == "" {
		return api.Basics{}, sdk.InvalidField("return_url",
			"is required unless the account's configuration has one: Adyen wants it with every payment")
	}
	units, err := amount(m)
	return api.Basics{
		MerchantAccount: a.MerchantAccount, Amount: units, Reference: reference, ReturnURL: returnURL, Metadata: labels,
	}, cmp.Or(checkReference(reference), checkMetadata(labels), err)
}

func checkReference(reference string) error {
	if len(reference) > maxReference {
		return sdk.InvalidField("reference", "must have at most 80 characters")
	}
	return nil
}

func checkMetadata(labels map[string]string) error {
	for name, value := range labels {
		if utf8.RuneCountInString(name) > maxMetadataName || utf8.RuneCountInString(value) > maxMetadataValue {
			return sdk.InvalidField("metadata."+name, "must have at most 20 characters in its name and 80 in its value")
		}
	}
	return nil
}

// capture says when Adyen is to capture, whatever the merchant account's own
// setting is: without a delay, or when asked to.
// Source: https://docs.adyen.com/online-payments/capture.
func capture(method paymentsv1.CaptureMethod) (delayHours *int, additionalData map[string]string) {
	if method == paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL {
		return nil, map[string]string{"manualCapture": "true"}
	}
	return new(int), nil
}

// setUse says who starts the payment and what becomes of the instrument.
func setUse(asked *api.PaymentRequest, req *paymentsv1.AuthorizeRequest) error {
	use, method := req.GetStoredCredential(), &asked.PaymentMethod
	if method.Number != "" || method.StoredPaymentMethodID != "" { // others have no room for it
		method.NetworkPaymentReference = use.GetNetworkTransactionId()
	}
	asked.ShopperInteraction = ecommerce
	switch req.GetChannel() {
	case paymentsv1.PaymentChannel_PAYMENT_CHANNEL_MAIL_ORDER, paymentsv1.PaymentChannel_PAYMENT_CHANNEL_TELEPHONE_ORDER:
		asked.ShopperInteraction = moto
	}
	switch {
	case use.GetInitiator() == paymentsv1.Initiator_INITIATOR_MERCHANT:
		asked.ShopperInteraction, asked.RecurringProcessingModel = contAuth, unscheduled
		asked.IndustryUsage = industryUsage.Word(use.GetReason())
		if use.GetReason() == paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_RECURRING {
			asked.RecurringProcessingModel = subscribed
		}
	case method.StoredPaymentMethodID != "":
		asked.ShopperInteraction, asked.RecurringProcessingModel = contAuth, cardOnFile
	}
	return setStoring(&asked.Basics, use.GetSetupFutureUsage(), use.GetMandateTerms())
}

// setStoring says whether the instrument is stored, and what for.
func setStoring(asked *api.Basics, usage paymentsv1.SetupFutureUsage, terms *paymentsv1.MandateTerms) error {
	switch {
	case usage == paymentsv1.SetupFutureUsage_SETUP_FUTURE_USAGE_UNSPECIFIED:
		return nil
	case asked.ShopperReference == "":
		return sdk.InvalidField("customer_id", "is required: Adyen stores an instrument for a shopper")
	}
	asked.StorePaymentMethod, asked.RecurringProcessingModel = true, processingModel(usage, terms)
	return nil
}

// processingModel says what an instrument is stored for.
func processingModel(usage paymentsv1.SetupFutureUsage, terms *paymentsv1.MandateTerms) string {
	switch {
	case usage != paymentsv1.SetupFutureUsage_SETUP_FUTURE_USAGE_OFF_SESSION:
		return cardOnFile
	case terms.GetIntervalCount() > 0:
		return subscribed
	}
	return unscheduled
}
