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
	request, err := structpb.NewStruct(map[string]any{
		"reference":  "order-1001",
		"amount":     map[string]any{"currency_code": "EUR", "minor_units": "1050"},
		"return_url": "https://shop.example/return",
		"payment_method": map[string]any{"card": map[string]any{
			"number": number, "expiry_month": 3, "expiry_year": 2030, "security_code": "737", "holder_name": holder,
		}},
	})
	if err != nil {
		panic(err) // texts and numbers always are a Struct
	}
	return &connectorv1.TestData{Summary: summary, Method: "patchbay.payments.v1.PaymentService/Authorize", Request: request}
}
