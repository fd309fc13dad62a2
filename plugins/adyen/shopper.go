package adyen

import (
	"cmp"
	"strings"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// setShopper says who pays, and with what device.
func setShopper(asked *api.PaymentRequest, c *paymentsv1.CustomerDetails, billing *paymentsv1.Address, browser *paymentsv1.BrowserInfo) {
	asked.ShopperEmail = c.GetEmail()
	asked.ShopperName = shopperName(c)
	asked.TelephoneNumber = c.GetPhone()
	asked.DateOfBirth = c.GetBirthDate()
	asked.SocialSecurityNumber = c.GetDocument().GetNumber()
	asked.BillingAddress = address(billing)
	asked.CountryCode = billing.GetCountryCode()
	asked.ShopperIP = browser.GetIpAddress()
	asked.DeviceFingerprint = browser.GetDeviceSessionId()
	asked.BrowserInfo = browserInfo(browser)
}

// shopperName is nothing without both names, which Adyen wants together.
func shopperName(c *paymentsv1.CustomerDetails) *api.ShopperName {
	if c.GetGivenName() == "" || c.GetFamilyName() == "" {
		return nil
	}
	return &api.ShopperName{FirstName: c.GetGivenName(), LastName: c.GetFamilyName()}
}

// unknownPart and unknownCountry stand for parts of an address that nobody knows.
// Source: BillingAddress in https://docs.adyen.com/api-explorer/Checkout/71/post/payments.
const (
	unknownPart    = "N/A"
	unknownCountry = "ZZ"
)

func address(a *paymentsv1.Address) *api.Address {
	if a == nil {
		return nil
	}
	street := strings.Join(strings.Fields(strings.Join([]string{a.GetLine1(), a.GetLine2(), a.GetLine3()}, " ")), " ")
	return &api.Address{
		Street:            cmp.Or(street, unknownPart),
		HouseNumberOrName: cmp.Or(a.GetHouseNumber(), unknownPart),
		PostalCode:        cmp.Or(a.GetPostalCode(), unknownPart),
		City:              cmp.Or(a.GetCity(), unknownPart),
		StateOrProvince:   a.GetRegion(),
		Country:           cmp.Or(a.GetCountryCode(), unknownCountry),
	}
}

func deliveryAddress(a *paymentsv1.Address) *api.Address {
	delivery := address(a)
	if delivery != nil {
		delivery.FirstName, delivery.LastName = a.GetGivenName(), a.GetFamilyName()
	}
	return delivery
}

// browserInfo is nothing unless the headers are known: Adyen wants all or none.
func browserInfo(b *paymentsv1.BrowserInfo) *api.BrowserInfo {
	if b.GetUserAgent() == "" || b.GetAcceptHeader() == "" {
		return nil
	}
	return &api.BrowserInfo{
		AcceptHeader: b.GetAcceptHeader(), UserAgent: b.GetUserAgent(), Language: cmp.Or(b.GetLanguage(), "en"),
		JavaEnabled: b.GetJavaEnabled(), JavaScriptEnabled: b.GetJavascriptEnabled(), ColorDepth: b.GetColorDepth(),
		ScreenWidth: b.GetScreenWidth(), ScreenHeight: b.GetScreenHeight(), TimeZoneOffset: b.GetTimeZoneOffsetMinutes(),
	}
}

// lineItems says what is bought. Adyen's amounts are those of one piece, with tax
// and without; a line that does not part evenly, for a discount or its tax, counts as
// one piece.
// Source: https://docs.adyen.com/payment-methods/klarna/api-only, line items.
func lineItems(items []*paymentsv1.LineItem, taxIncluded bool) ([]api.LineItem, error) {
	var lines []api.LineItem
	for _, item := range items {
		total, err := amount(item.GetTotalAmount())
		if err != nil {
			return nil, err
		}
		unit, errUnit := amount(item.GetUnitAmount())
		tax, errTax := amount(item.GetTaxAmount())
		if err := cmp.Or(errUnit, errTax); err != nil {
			return nil, err
		}
		pieces := max(1, item.GetQuantity())
		net, gross, taxed := unit.Value, unit.Value, tax.Value/pieces
		if taxIncluded {
			net -= taxed
		} else {
			gross += taxed
		}
		if gross*pieces != total.Value {
			pieces, net, gross, taxed = 1, total.Value-tax.Value, total.Value, tax.Value
		}
		lines = append(lines, api.LineItem{
			ID: item.GetSku(), SKU: item.GetSku(), Description: item.GetName(), Quantity: pieces,
			AmountIncludingTax: gross, AmountExcludingTax: net, TaxAmount: taxed, TaxPercentage: int64(item.GetTaxRatePpm() / 100),
			ItemCategory: item.GetCategory(), ProductURL: item.GetProductUrl(), ImageURL: item.GetImageUrl(),
		})
	}
	return lines, nil
}
