package adyen

import (
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// testData are requests for a test account; they move no money. The holder's name
// asks the test platform for a result.
// Source: https://docs.adyen.com/development-resources/testing/result-codes.
func testData() []*connectorv1.TestData {
	return []*connectorv1.TestData{
		authorizeExample("4111111111111111", "", "approved"),
		authorizeExample("4111111111111111", "DECLINED", "declined: generic_decline"),
		authorizeExample("4111111111111111", "NOT_ENOUGH_BALANCE", "declined: insufficient_funds"),
		authorizeExample("4111111111111111", "BLOCK_CARD", "declined: blocked_account"),
		authorizeExample("4212345678910006", "", "requires a redirect to the issuer"),
	}
}

func authorizeExample(number, holder, summary string) *connectorv1.TestData {
	text := structpb.NewStringValue
	card := members{
		"number": text(number), "expiry_month": structpb.NewNumberValue(3), "expiry_year": structpb.NewNumberValue(2030), "security_code": text("737"),
	}
	if holder != "" {
		card["holder_name"] = text(holder)
	}
	return &connectorv1.TestData{
		Summary: summary,
		Method:  "patchbay.payments.v1.PaymentService/Authorize",
		Request: &structpb.Struct{Fields: map[string]*structpb.Value{
			"reference":      text("order-1001"),
			"amount":         members{"currency_code": text("EUR"), "minor_units": text("1050")}.value(),
			"return_url":     text("https://shop.example/return"),
			"payment_method": members{"card": card.value()}.value(),
		}},
	}
}

// members are those of a JSON object.
type members map[string]*structpb.Value

func (m members) value() *structpb.Value {
	return structpb.NewStructValue(&structpb.Struct{Fields: m})
}
