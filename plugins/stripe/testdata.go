package stripe

import (
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// testData are requests for a test mode account; they move no money.
// Source: https://docs.stripe.com/testing.
func testData() []*connectorv1.TestData {
	return []*connectorv1.TestData{
		authorizeExample("pm_card_visa", "approved"),
		authorizeExample("pm_card_visa_chargeDeclined", "declined: generic_decline"),
		authorizeExample("pm_card_visa_chargeDeclinedInsufficientFunds", "declined: insufficient_funds"),
		authorizeExample("pm_card_chargeDeclinedExpiredCard", "declined: expired_card"),
		authorizeExample("pm_card_authenticationRequired", "requires a redirect to the issuer"),
	}
}

func authorizeExample(token, summary string) *connectorv1.TestData {
	text := structpb.NewStringValue
	return &connectorv1.TestData{
		Summary: summary,
		Method:  "patchbay.payments.v1.PaymentService/Authorize",
		Request: &structpb.Struct{Fields: map[string]*structpb.Value{
			"reference":      text("order-1001"),
			"amount":         members{"currency_code": text("USD"), "minor_units": text("1050")}.value(),
			"return_url":     text("https://shop.example/return"),
			"payment_method": members{"card_token": members{"token": text(token)}.value()}.value(),
		}},
	}
}

// members are those of a JSON object.
type members map[string]*structpb.Value

func (m members) value() *structpb.Value {
	return structpb.NewStructValue(&structpb.Struct{Fields: m})
}
