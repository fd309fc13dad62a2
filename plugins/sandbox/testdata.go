package sandbox

import (
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// testData is a request for each card with an outcome of its own, and for each
// thing that can be made to go wrong.
func testData() []*connectorv1.TestData {
	var all []*connectorv1.TestData
	for _, card := range psp.TestCards() {
		all = append(all, trial(card.Summary, card, nil))
	}
	approved := psp.TestCards()[0]
	for _, sim := range []struct {
		summary string
		fields  map[string]*structpb.Value
	}{
		{"slow: the PSP waits 1.5 seconds", fields("delay_ms", structpb.NewNumberValue(1500))},
		{"outcome unknown: the PSP does it, then cuts the connection", outcome(psp.OutcomeUnknown)},
		{"outcome unknown: the PSP answers 500", outcome(psp.OutcomeError500)},
		{"rate limited: nothing is done", outcome(psp.OutcomeRateLimited)},
		{"the PSP does it, then the connector is killed", outcome(outcomeCrash)},
		{"the PSP does it, then the connector is killed, but not on a repeat", outcome(outcomeCrashOnce)},
		{"the connector is killed before it asks the PSP", outcome(outcomeCrashBefore)},
		{"the PSP does it, and the connector never answers", outcome(outcomeHang)},
	} {
		all = append(all, trial(sim.summary, approved, sim.fields))
	}
	return all
}

// trial is one request to Authorize.
func trial(summary string, card psp.TestCard, simulate map[string]*structpb.Value) *connectorv1.TestData {
	request := map[string]*structpb.Value{
		"reference": structpb.NewStringValue("order-1001"),
		"amount": object(map[string]*structpb.Value{
			"currency_code": structpb.NewStringValue("USD"),
			"minor_units":   structpb.NewNumberValue(1050),
		}),
		"payment_method": object(paymentMethodOf(card)),
	}
	if simulate != nil {
		request[optionsField] = object(fields("simulate", object(simulate)))
	}
	return &connectorv1.TestData{
		Summary: summary,
		Request: &structpb.Struct{Fields: request},
		Method:  "patchbay.payments.v1.PaymentService/Authorize",
	}
}

func paymentMethodOf(card psp.TestCard) map[string]*structpb.Value {
	if card.Token != "" {
		return fields("card_token", object(fields("token", structpb.NewStringValue(card.Token))))
	}
	return fields("card", object(map[string]*structpb.Value{
		"number":        structpb.NewStringValue(card.Number),
		"expiry_month":  structpb.NewNumberValue(12),
		"expiry_year":   structpb.NewNumberValue(2030),
		"security_code": structpb.NewStringValue("123"),
		"holder_name":   structpb.NewStringValue("Test Card"),
	}))
}

func outcome(name string) map[string]*structpb.Value {
	return fields("outcome", structpb.NewStringValue(name))
}

func fields(name string, value *structpb.Value) map[string]*structpb.Value {
	return map[string]*structpb.Value{name: value}
}

func object(fields map[string]*structpb.Value) *structpb.Value {
	return structpb.NewStructValue(&structpb.Struct{Fields: fields})
}
