package sandbox

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// testData is a request for each card with an outcome of its own, and for each
// thing that can be made to go wrong.
func testData() []*connectorv1.TestData {
	var all []*connectorv1.TestData
	for _, card := range psp.TestCards() {
		all = append(all, trial(card.Summary, card, "", nil))
	}
	approved := psp.TestCards()[0]
	all = append(all, trial("slow: the PSP waits 1.5 seconds", approved, "delay_ms", structpb.NewNumberValue(1500)))
	for _, sim := range []struct{ summary, outcome string }{
		{"outcome unknown: the PSP does it, then cuts the connection", psp.OutcomeUnknown},
		{"outcome unknown: the PSP answers 500", psp.OutcomeError500},
		{"rate limited: nothing is done", psp.OutcomeRateLimited},
		{"the PSP does it, then the connector is killed", outcomeCrash},
		{"the PSP does it, then the connector is killed, but not on a repeat", outcomeCrashOnce},
		{"the connector is killed before it asks the PSP", outcomeCrashBefore},
		{"the PSP does it, and the connector never answers", outcomeHang},
	} {
		all = append(all, trial(sim.summary, approved, "outcome", structpb.NewStringValue(sim.outcome)))
	}
	return all
}

// trial is one request to Authorize, with a field of the simulation if it is named.
func trial(summary string, card psp.TestCard, field string, value *structpb.Value) *connectorv1.TestData {
	request := &paymentsv1.AuthorizeRequest{
		Reference: "order-1001", PaymentMethod: methodFor(card),
		Amount: &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1050},
	}
	if field != "" {
		simulate := structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{field: value}})
		request.ConnectorOptions = &structpb.Struct{Fields: map[string]*structpb.Value{"simulate": simulate}}
	}
	return sdk.Example(summary, "PaymentService/Authorize", request)
}

func methodFor(card psp.TestCard) *paymentsv1.PaymentMethod {
	if card.Token != "" {
		return &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_CardToken{
			CardToken: &paymentsv1.CardToken{Token: card.Token},
		}}
	}
	return &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
		Number: card.Number, ExpiryMonth: 12, ExpiryYear: 2030, SecurityCode: "123", HolderName: "Test Card",
	}}}
}
