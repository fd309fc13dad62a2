package adyen

import (
	"cmp"
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// expectation is what a payment was asked for with.
type expectation struct {
	reference string
	amount    *paymentsv1.Money // nil: not known
	automatic bool              // Adyen captures by itself, at once
}

// paymentOf says what Adyen said of a payment. Where it repeats neither amount nor
// reference, as in answers with an action, those that were asked for stand in their
// place; what it does say is never overruled.
func paymentOf(ctx context.Context, told *api.Payment, asked expectation) (*paymentsv1.Payment, error) {
	status := paymentStatus(told, asked.automatic)
	reference := cmp.Or(told.MerchantReference, asked.reference)
	data := map[string]any{"resultCode": told.ResultCode}
	for _, name := range []string{"acquirerReference", "authorisationMid", "fraudResultType", "refusalReasonRaw", "paymentAccountReference"} {
		if value := told.AdditionalData[name]; value != "" {
			data[name] = value
		}
	}
	p := &paymentsv1.Payment{
		Id:                   told.PSPReference,
		Reference:            reference,
		Status:               status,
		Amount:               asked.amount,
		NetworkTransactionId: told.AdditionalData["networkTxReference"],
		ApprovalCode:         told.AdditionalData["authCode"],
		PaymentMethod:        methodDetails(told),
		MandateId:            mandateOf(told.AdditionalData),
		CustomerId:           told.AdditionalData["tokenization.shopperReference"],
		ThreeDs:              threeDSResult(told.AdditionalData),
	}
	if err := setAmounts(p, told, asked); err != nil {
		return nil, err
	}
	switch status {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN:
		sdk.Unmapped(ctx, "payment.status", told.ResultCode)
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
		p.Decline = decline(ctx, told)
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION:
		p.NextAction = nextAction(told.Action)
	}
	if p.GetId() == "" && status != paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED {
		p.Id = sdk.ProvisionalID(reference)
	}
	var err error
	p.ConnectorData, err = structpb.NewStruct(data)
	return p, err
}

// setAmounts: Adyen's amount is what was authorized. An amount other than the one
// that was asked for is handed on as the payment's, where the SDK holds it against
// the request, unless Adyen says that only a part was authorized.
func setAmounts(p *paymentsv1.Payment, told *api.Payment, asked expectation) error {
	authorized, err := money(told.Amount)
	if err != nil {
		return err
	}
	if authorized != nil && (told.ResultCode != "PartiallyAuthorised" || p.GetAmount() == nil) {
		p.Amount = authorized
	}
	switch p.GetStatus() {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED:
	default:
		return nil
	}
	if authorized == nil && told.ResultCode == "Authorised" {
		authorized = asked.amount
	}
	if authorized == nil {
		return nil
	}
	zero := &paymentsv1.Money{CurrencyCode: authorized.GetCurrencyCode()}
	p.AuthorizedAmount, p.CapturableAmount, p.CapturedAmount = authorized, authorized, zero
	if asked.automatic {
		p.CapturableAmount, p.CapturedAmount = zero, authorized
	}
	return nil
}

// brandOf is Adyen's word for the card's brand.
func brandOf(told *api.Payment) string {
	if told.PaymentMethod != nil && told.PaymentMethod.Brand != "" {
		return told.PaymentMethod.Brand
	}
	return told.AdditionalData["paymentMethod"]
}

// methodDetails says what was paid with. Most of it comes only to accounts that
// have asked for it in the Customer Area.
// Source: https://docs.adyen.com/development-resources/webhooks/additional-settings.
func methodDetails(told *api.Payment) *paymentsv1.PaymentMethodDetails {
	data := told.AdditionalData
	d := &paymentsv1.PaymentMethodDetails{Token: storedID(data)}
	if told.PaymentMethod != nil && told.PaymentMethod.Type != "" {
		d.Type = ourType(told.PaymentMethod.Type)
	}
	if d.GetType() == "apple_pay" || d.GetType() == "google_pay" {
		d.Wallet = d.GetType()
	}
	card := &paymentsv1.CardDetails{
		Last4: data["cardSummary"], Bin: data["cardBin"], HolderName: data["cardHolderName"], Fingerprint: data["alias"],
		Issuer: data["cardIssuingBank"], IssuerCountryCode: data["cardIssuingCountry"], Funding: funding(data["fundingSource"]),
		SecurityCodeCheck: checkSecurityCode(data["cvcResult"]),
	}
	card.StreetCheck, card.PostalCodeCheck = checkAddress(data["avsResult"])
	if month, year, ok := expiry(data["expiryDate"]); ok {
		card.ExpiryMonth, card.ExpiryYear = month, year
	}
	if card.GetLast4() != "" || card.GetSecurityCodeCheck() != 0 {
		card.Network = networkOf(brandOf(told))
		d.Card = card
	}
	if d.GetType() == "" && d.GetToken() == "" && d.GetCard() == nil {
		return nil
	}
	return d
}

// expiry reads "03/2030" and "3/2030".
func expiry(date string) (month, year int32, ok bool) {
	n, err := fmt.Sscanf(date, "%d/%d", &month, &year)
	return month, year, n == 2 && err == nil
}

func funding(word string) paymentsv1.CardFunding {
	return map[string]paymentsv1.CardFunding{
		"CREDIT":  paymentsv1.CardFunding_CARD_FUNDING_CREDIT,
		"DEBIT":   paymentsv1.CardFunding_CARD_FUNDING_DEBIT,
		"PREPAID": paymentsv1.CardFunding_CARD_FUNDING_PREPAID,
	}[word]
}

// threeDSResult is what Adyen tells of the authentication.
// Source: ResponseAdditionalDataCommon in Checkout v71.
func threeDSResult(data map[string]string) *paymentsv1.ThreeDsResult {
	shift := map[string]paymentsv1.LiabilityShift{
		"true":  paymentsv1.LiabilityShift_LIABILITY_SHIFT_SHIFTED,
		"false": paymentsv1.LiabilityShift_LIABILITY_SHIFT_NOT_SHIFTED,
	}[data["liabilityShift"]]
	if shift == 0 {
		return nil
	}
	return &paymentsv1.ThreeDsResult{LiabilityShift: shift}
}
