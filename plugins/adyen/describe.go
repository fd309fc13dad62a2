package adyen

import (
	"maps"
	"slices"
	"time"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Describe implements sdk.Connector.
func (*Connector) Describe() sdk.Description {
	// Keys are kept for at least 7 days, and have at most 64 characters.
	// Source: https://docs.adyen.com/development-resources/api-idempotency.
	key := sdk.Idempotency{
		Kind:      connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY,
		TTL:       7 * 24 * time.Hour,
		MaxLength: 64,
	}
	return sdk.Description{
		ID:                 "adyen",
		DisplayName:        "Adyen",
		Publisher:          "Patchbay",
		DocumentationURL:   "https://docs.adyen.com/api-explorer/Checkout/71/overview",
		Config:             &Config{},
		PaymentMethodTypes: slices.Sorted(maps.Keys(methodTypes())),
		EgressHosts: []string{
			"checkout-test.adyen.com:443", "ca-test.adyen.com:443",
			"*.adyenpayments.com:443", "ca-live.adyen.com:443",
		},
		// The deletion of a stored instrument is no POST, and takes no key.
		Idempotency: map[string]sdk.Idempotency{
			"Authorize": key, "Complete": key, "Capture": key, "Void": key, "Reverse": key, "AdjustAuthorization": key,
			"CreateRefund": key, "SetupMandate": key, "ChargeMandate": key, "Tokenize": key, "CreateClientSession": key,
		},
		Capabilities: capabilities(),
		ThreeDSModes: []connectorv1.ThreeDsMode{
			connectorv1.ThreeDsMode_THREE_DS_MODE_PSP, connectorv1.ThreeDsMode_THREE_DS_MODE_EXTERNAL,
		},
		Webhooks: connectorv1.WebhookVerificationMode_WEBHOOK_VERIFICATION_MODE_SIGNATURE,
		Evidence: connectorv1.Evidence_EVIDENCE_CONTRACT_TESTED,
		TestData: testData(),
	}
}

// capabilities says what can be asked for beyond the plain operations, and what
// Adyen needs though the contract calls it optional. Several captures of a payment
// are a setting of the merchant account, for which a request has no word.
// Source: https://docs.adyen.com/online-payments/capture.
func capabilities() map[string][]*connectorv1.Capability {
	const asynchronous = connectorv1.CapabilityFlag_CAPABILITY_FLAG_ASYNCHRONOUS
	able := func(required []string, flags ...connectorv1.CapabilityFlag) []*connectorv1.Capability {
		return []*connectorv1.Capability{{Flags: flags, RequiredFields: required}}
	}
	amount := []string{"amount"}
	return map[string][]*connectorv1.Capability{
		"Authorize": able(nil,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_AUTOMATIC_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MANUAL_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_SETUP_FUTURE_USAGE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MERCHANT_INITIATED,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_INSTALLMENTS,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MAIL_AND_TELEPHONE_ORDER,
			asynchronous,
		),
		"Capture": able(amount,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_PARTIAL_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_FINAL_CAPTURE,
			asynchronous,
		),
		"Void":    able(nil, asynchronous),
		"Reverse": able(nil, asynchronous),
		"AdjustAuthorization": able(nil,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_INCREASE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_DECREASE,
			asynchronous,
		),
		"CreateRefund": able(amount,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_PARTIAL_REFUND,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_REFUNDS,
			asynchronous,
		),
		"SetupMandate":        able([]string{"customer_id", "verification_amount.currency_code"}),
		"Tokenize":            able([]string{"customer_id"}),
		"DeletePaymentMethod": able([]string{"customer_id"}),
		"DefendDispute":       able([]string{"defense_reason"}),
	}
}

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
	return sdk.Example(summary, "PaymentService/Authorize", &paymentsv1.AuthorizeRequest{
		Reference: "order-1001", ReturnUrl: "https://shop.example/return",
		Amount: &paymentsv1.Money{CurrencyCode: "EUR", MinorUnits: 1050},
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
			Number: number, ExpiryMonth: 3, ExpiryYear: 2030, SecurityCode: "737", HolderName: holder,
		}}},
	})
}
