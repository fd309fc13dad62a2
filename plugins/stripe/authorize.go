package stripe

import (
	"cmp"
	"context"
	"slices"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// authorizeOptions are the connector_options of Authorize, under Stripe's own
// names.
// Source: https://docs.stripe.com/api/payment_intents/create.
type authorizeOptions struct {
	SetupFutureUsage    string `json:"setup_future_usage" oneof:"on_session,off_session"`
	OnBehalfOf          string `json:"on_behalf_of"`
	TransferGroup       string `json:"transfer_group"`
	RequestMulticapture string `json:"request_multicapture" oneof:"if_available,never"`
	RequestIncremental  string `json:"request_incremental_authorization" oneof:"if_available,never"`
	RequestExtended     string `json:"request_extended_authorization" oneof:"if_available,never"`
}

// expect asks for multicapture where more than one capture is expected. Stripe
// takes up to 50 captures of a payment.
// Source: https://docs.stripe.com/payments/multicapture.
func (o *authorizeOptions) expect(captures int32) error {
	const most = 50
	switch {
	case captures > most:
		return sdk.InvalidField("expected_captures", "must be at most 50")
	case captures > 1 && o.RequestMulticapture == "never":
		return sdk.InvalidField("connector_options.request_multicapture", "must not be never where expected_captures is more than one")
	case captures > 1:
		o.RequestMulticapture = "if_available"
	}
	return nil
}

// Authorize implements sdk.Authorizer. The payment is created and confirmed in one
// request. What that needs is made or read before: a customer to store an
// instrument for, Apple Pay's token, the instrument of a mandate.
func (*Connector) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	stripe := newCall(ctx)
	params := authorizeParams(stripe, req)
	if id := req.GetPaymentMethod().GetMandate().GetMandateId(); id != "" {
		kept, err := stripe.mandate(ctx, "payment_method.mandate.mandate_id", id)
		if err != nil {
			return nil, err
		}
		payWith(stripe, &params, kept)
	} else {
		from := payer{
			method: req.GetPaymentMethod(), customer: req.GetCustomer(), billing: req.GetBillingAddress(), email: req.GetEmail(),
		}
		with := from.instrument(ctx, stripe)
		params.PaymentMethodTypes, params.Options = []string{with.stripe}, with.options
		params.PaymentMethod, params.PaymentMethodData = with.id, with.data
		agreed := cmp.Or(req.GetPaymentMethod().GetBankDebit().GetAcceptance(), req.GetStoredCredential().GetMandateAcceptance())
		params.MandateData = acceptance(stripe, with, agreed, req.GetBrowserInfo())
		if params.SetupFutureUsage != "" && params.Customer == "" && req.GetStoredCredential() != nil {
			params.Customer = customerFor(ctx, stripe, from)
		}
	}
	payment, err := pay(ctx, stripe, params, &paymentsv1.Payment{Reference: req.GetReference(), Amount: req.GetAmount()})
	return &paymentsv1.AuthorizeResponse{Payment: payment}, err
}

// authorizeParams are the parameters but for the instrument.
func authorizeParams(stripe *call, req *paymentsv1.AuthorizeRequest) api.Params {
	options, err := sdk.Options[authorizeOptions](req.GetConnectorOptions())
	stripe.note(err)
	stripe.note(options.expect(req.GetExpectedCaptures()))
	params := api.Params{
		Amount: stripe.units(req.GetAmount()), Currency: currency(req.GetAmount()), Confirm: true,
		CaptureMethod: captureMethod(req.GetCaptureMethod()), ReturnURL: req.GetReturnUrl(),
		Customer: req.GetCustomerId(), ReceiptEmail: cmp.Or(req.GetEmail(), req.GetCustomer().GetEmail()),
		Shipping:    shippingWords(req.GetShipping()),
		Description: req.GetDescription(), StatementDescriptorSuffix: req.GetStatementDescriptor(),
		Metadata: stripe.metadata(req.GetMetadata(), req.GetReference()), SetupFutureUsage: options.SetupFutureUsage,
		OnBehalfOf: options.OnBehalfOf, TransferGroup: options.TransferGroup, Expand: []string{latestCharge},
	}
	params.Card = api.CardOptions{
		Network:                         req.GetPaymentMethod().GetCard().GetNetwork(),
		RequestMulticapture:             options.RequestMulticapture,
		RequestIncrementalAuthorization: options.RequestIncremental,
		RequestExtendedAuthorization:    options.RequestExtended,
	}
	setStoredCredential(&params, req.GetStoredCredential())
	setThreeDS(stripe, &params.Card, req.GetThreeDs())
	return params
}

func captureMethod(m paymentsv1.CaptureMethod) string {
	return cmp.Or(captureMethods.Word(m), "automatic")
}

// setStoredCredential says how a stored instrument is used, or one is stored.
// Source: https://docs.stripe.com/payments/save-and-reuse and off_session in
// https://docs.stripe.com/api/payment_intents/create.
func setStoredCredential(params *api.Params, s *paymentsv1.StoredCredential) {
	params.SetupFutureUsage = cmp.Or(setupUsages.Word(s.GetSetupFutureUsage()), params.SetupFutureUsage)
	switch {
	case s.GetInitiator() == paymentsv1.Initiator_INITIATOR_MERCHANT:
		params.OffSession = offSession(s.GetReason())
	case s.GetOffSession():
		params.OffSession = "true"
	}
	params.Card.NetworkTransactionID = s.GetNetworkTransactionId()
}

func offSession(reason paymentsv1.MerchantInitiatedReason) string {
	switch reason {
	case paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_RECURRING,
		paymentsv1.MerchantInitiatedReason_MERCHANT_INITIATED_REASON_INSTALLMENT:
		return "recurring"
	}
	return "one_off"
}

// pay creates a payment. Stripe refuses some card data before it makes a
// PaymentIntent; then there is no id, and what was refused is what was asked for. A
// state that speaks of money that is reserved or taken counts, whatever was refused.
func pay(ctx context.Context, stripe *call, params api.Params, asked *paymentsv1.Payment) (*paymentsv1.Payment, error) {
	return attempt(ctx, stripe, "/v1/payment_intents", params, payment,
		func(ctx context.Context, refused *api.Error) (p *paymentsv1.Payment, err error) {
			p = asked
			if intent := refused.PaymentIntent; intent != nil {
				p, err = payment(ctx, intent)
				if err != nil || intent.Status != "requires_payment_method" && intent.Status != "canceled" {
					return p, err
				}
			}
			p.Status, p.NextAction = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED, nil
			p.Decline = decline(ctx, &refused.Failure)
			return p, nil
		})
}

const (
	riskAnalysis = paymentsv1.ScaExemption_SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS
	lowRisk      = "low_risk" // is what Stripe calls it
)

// setThreeDS says how the payer is authenticated: by Stripe, with the caller's
// wish, or by somebody else, with this result.
// Sources: https://docs.stripe.com/payments/3d-secure/authentication-flow#manual-three-ds
// and https://docs.stripe.com/payments/payment-intents/three-d-secure-import.
func setThreeDS(stripe *call, options *api.CardOptions, t *paymentsv1.ThreeDs) {
	external := t.GetExternal()
	switch {
	case t.GetAuthenticationId() != "":
		stripe.refuse("three_ds.authentication_id", "is not taken: this connector has no AuthenticationService")
	case t.GetExemption() == paymentsv1.ScaExemption_SCA_EXEMPTION_UNSPECIFIED:
	case external == nil:
		stripe.refuse("three_ds.exemption", "is taken with three_ds.external alone; otherwise Stripe claims exemptions by itself")
	case t.GetExemption() != riskAnalysis:
		stripe.refuse("three_ds.exemption", "must be SCA_EXEMPTION_TRANSACTION_RISK_ANALYSIS")
	}
	if external != nil {
		options.ThreeDSecure = importThreeDS(stripe, external)
		if t.GetExemption() == riskAnalysis {
			options.ThreeDSecure.ExemptionIndicator = lowRisk
		}
	}
	switch t.GetChallengePreference() {
	case paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE,
		paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_CHALLENGE_MANDATED:
		options.RequestThreeDSecure = "challenge"
	case paymentsv1.ChallengePreference_CHALLENGE_PREFERENCE_DATA_ONLY:
		stripe.refuse("three_ds.challenge_preference", "data only is not Stripe's to do")
	default: // Stripe decides
	}
}

func importThreeDS(stripe *call, from *paymentsv1.ThreeDsAuthentication) *api.ThreeDSecure {
	if !slices.Contains([]string{"2.1.0", "2.2.0", "2.3.0", "2.3.1"}, from.GetVersion()) {
		stripe.refuse("three_ds.external.version", "must be 2.1.0, 2.2.0, 2.3.0 or 2.3.1")
	}
	status := aresStatuses.Word(from.GetStatus())
	if status == "" {
		stripe.refuse("three_ds.external.status", "must be an outcome; a challenge that is required is none")
	}
	if from.GetCavv() == "" {
		stripe.refuse("three_ds.external.cavv", "Stripe needs it")
	}
	return &api.ThreeDSecure{
		ARESTransStatus: status, Version: from.GetVersion(), TransactionID: from.GetDsTransactionId(),
		Cryptogram: from.GetCavv(), ElectronicCommerceIndicator: from.GetEci(),
	}
}

// threeDSResult says what became of an authentication; nil if there was none.
// Source: three_d_secure in https://docs.stripe.com/api/charges/object.
func threeDSResult(ctx context.Context, r *api.ThreeDSecureResult) *paymentsv1.ThreeDsResult {
	if r == nil {
		return nil
	}
	result := &paymentsv1.ThreeDsResult{Authentication: &paymentsv1.ThreeDsAuthentication{
		Version: r.Version, DsTransactionId: r.TransactionID, Eci: r.ElectronicCommerceIndicator,
		Challenged: r.AuthenticationFlow == "challenge", Status: threeDSResults.Meaning(ctx, r.Result),
	}}
	if r.ExemptionIndicator == lowRisk {
		result.Exemption = riskAnalysis
	}
	return result
}
