package adyen

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// methodDetails says what was paid with. Most of it comes only to accounts that
// have asked for it in the Customer Area.
// Source: https://docs.adyen.com/development-resources/webhooks/additional-settings.
func methodDetails(ctx context.Context, told *api.Payment) *paymentsv1.PaymentMethodDetails {
	data := told.AdditionalData
	d := &paymentsv1.PaymentMethodDetails{Token: storedID(data)}
	if told.PaymentMethod.Type != "" {
		d.Type = ourType(told.PaymentMethod.Type)
	}
	if d.GetType() == "apple_pay" || d.GetType() == "google_pay" {
		d.Wallet = d.GetType()
	}
	card := &paymentsv1.CardDetails{
		Last4: data["cardSummary"], Bin: data["cardBin"], HolderName: data["cardHolderName"], Fingerprint: data["alias"],
		Issuer: data["cardIssuingBank"], IssuerCountryCode: data["cardIssuingCountry"],
		Funding:           funding.Meaning(ctx, data["fundingSource"]),
		SecurityCodeCheck: securityCodeCheck.Meaning(ctx, number(data["cvcResult"])),
		StreetCheck:       streetCheck.Meaning(ctx, number(data["avsResult"])),
		PostalCodeCheck:   postalCodeCheck.Meaning(ctx, number(data["avsResult"])),
	}
	card.ExpiryMonth, card.ExpiryYear = expiry(data["expiryDate"])
	if card.GetLast4() != "" || card.GetSecurityCodeCheck() != 0 {
		card.Network = networkOf(brandOf(told))
		d.Card = card
	}
	if d.GetType() == "" && d.GetToken() == "" && d.GetCard() == nil {
		return nil
	}
	return d
}

// brandOf is Adyen's word for the card's brand.
func brandOf(told *api.Payment) string {
	return cmp.Or(told.PaymentMethod.Brand, told.AdditionalData["paymentMethod"])
}

// number is that at the head of the result of a check: "1 Matches".
func number(result string) string {
	digits, _, _ := strings.Cut(result, " ")
	return digits
}

// expiry reads "03/2030" and "3/2030".
func expiry(date string) (month, year int32) {
	if _, err := fmt.Sscanf(date, "%d/%d", &month, &year); err != nil {
		return 0, 0
	}
	return month, year
}

// storedDetails shows an instrument that Adyen keeps.
func storedDetails(s *api.StoredMethod) *paymentsv1.PaymentMethodDetails {
	d := &paymentsv1.PaymentMethodDetails{Token: s.ID, Type: ourType(cmp.Or(s.Type, "scheme"))}
	if s.IBAN != "" {
		d.BankAccount = &paymentsv1.BankAccountDetails{Last4: s.IBAN[max(0, len(s.IBAN)-4):], HolderName: s.OwnerName}
		return d
	}
	month, _ := strconv.ParseInt(s.ExpiryMonth, 10, 32) // 0 where there is none
	year, _ := strconv.ParseInt(s.ExpiryYear, 10, 32)
	d.Card = &paymentsv1.CardDetails{
		Network: networkOf(s.Brand), Last4: s.LastFour, Bin: s.CardBIN, ExpiryMonth: int32(month), ExpiryYear: int32(year),
		HolderName: s.HolderName, Issuer: s.IssuerName, Fingerprint: s.Alias,
	}
	return d
}
