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
	adyen, err := accountOf(ctx)
	if err != nil {
		return nil, err
	}
	asked, err := adyen.paymentRequest(req)
	if err != nil {
		return nil, err
	}
	told, err := adyen.CreatePayment(ctx, asked)
	if err != nil {
		return nil, failure(err)
	}
	return paymentOf(ctx, told, expectation{
		reference: req.GetReference(), amount: req.GetAmount(),
		automatic: req.GetCaptureMethod() != paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL,
	})
}

func (a *account) paymentRequest(req *paymentsv1.AuthorizeRequest) (api.PaymentRequest, error) {
	none := api.PaymentRequest{}
	options, err := sdk.Options[authorizeOptions](req.GetConnectorOptions())
	if err != nil {
		return none, err
	}
	basics, err := a.basics(req.GetReference(), req.GetAmount(), req.GetReturnUrl(), req.GetMetadata())
	if err != nil {
		return none, err
	}
	asked := api.PaymentRequest{Basics: basics}
	switch {
	case req.GetOrderId() != "":
		return none, sdk.InvalidField("order_id", "is not taken: Adyen's orders are for its gift cards")
	case req.GetSessionId() != "":
		return none, sdk.InvalidField("session_id", "is not taken: Adyen's SDK pays within a session itself")
	}
	asked.Store, asked.Origin, asked.Channel = options.Store, options.Origin, options.Channel
	if asked.Amount.Value > 0 {
		asked.CaptureDelayHours, asked.AdditionalData = capture(req.GetCaptureMethod())
	}
	asked.ShopperReference = req.GetCustomerId()
	asked.ShopperLocale = req.GetLanguage()
	asked.ShopperStatement = req.GetStatementDescriptor()
	if n := req.GetInstallmentCount(); n > 1 {
		asked.Installments = &api.Installments{Value: n}
	}
	if at := req.GetExpireTime(); at != nil {
		asked.SessionValidity = at.AsTime().UTC().Format(time.RFC3339)
	}
	setShopper(&asked, req.GetCustomer(), req.GetBillingAddress(), req.GetBrowserInfo())
	asked.ShopperEmail = cmp.Or(req.GetEmail(), asked.ShopperEmail)
	asked.DeliveryAddress = deliveryAddress(req.GetShipping().GetAddress())
	if asked.LineItems, err = lineItems(req.GetOrder().GetLineItems(), req.GetOrder().GetTaxIncluded()); err != nil {
		return none, err
	}
	if err := setMethod(&asked, req.GetPaymentMethod(), options); err != nil {
		return none, err
	}
	if err := setUse(&asked, req); err != nil {
		return none, err
	}
	return asked, setThreeDS(&asked, req.GetThreeDs(), options.Native3DS)
}

// basics are what every payment and session has.
func (a *account) basics(reference string, m *paymentsv1.Money, returnURL string, labels map[string]string) (api.Basics, error) {
	if returnURL = cmp.Or(returnURL, a.ReturnURL); returnURL == "" {
		return api.Basics{}, sdk.InvalidField("return_url", "is required unless the account's configuration has one: Adyen wants it with every payment")
	}
	if err := cmp.Or(checkReference(reference), checkMetadata(labels)); err != nil {
		return api.Basics{}, err
	}
	units, err := amount(m)
	return api.Basics{MerchantAccount: a.MerchantAccount, Amount: units, Reference: reference, ReturnURL: returnURL, Metadata: labels}, err
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
	use := req.GetStoredCredential()
	asked.ShopperInteraction = ecommerce
	switch req.GetChannel() {
	case paymentsv1.PaymentChannel_PAYMENT_CHANNEL_MAIL_ORDER, paymentsv1.PaymentChannel_PAYMENT_CHANNEL_TELEPHONE_ORDER:
		asked.ShopperInteraction = moto
	}
	if method := &asked.PaymentMethod; method.Number != "" || method.StoredPaymentMethodID != "" { // others have no room for it
		method.NetworkPaymentReference = use.GetNetworkTransactionId()
	}
	switch {
	case use.GetInitiator() == paymentsv1.Initiator_INITIATOR_MERCHANT:
		setMerchantInitiated(asked, use.GetReason())
	case asked.PaymentMethod.StoredPaymentMethodID != "":
		asked.ShopperInteraction, asked.RecurringProcessingModel = contAuth, cardOnFile
	}
	if use.GetSetupFutureUsage() == paymentsv1.SetupFutureUsage_SETUP_FUTURE_USAGE_UNSPECIFIED {
		return nil
	}
	if asked.ShopperReference == "" {
		return sdk.InvalidField("customer_id", "is required: Adyen stores an instrument for a shopper")
	}
	asked.StorePaymentMethod = true
	asked.RecurringProcessingModel = processingModel(use.GetSetupFutureUsage(), use.GetMandateTerms())
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

// setMerchantInitiated says why the merchant starts the payment.
func setMerchantInitiated(asked *api.PaymentRequest, reason paymentsv1.MerchantInitiatedReason) {
	asked.ShopperInteraction, asked.RecurringProcessingModel = contAuth, unscheduled
	switch reason {
	case paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_RECURRING:
		asked.RecurringProcessingModel = subscribed
	case paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_INSTALLMENT:
		asked.IndustryUsage = "installment"
	case paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_NO_SHOW:
		asked.IndustryUsage = "noShow"
	case paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_DELAYED_CHARGE:
		asked.IndustryUsage = "delayedCharge"
	}
}
