package sandbox

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk"
)

// Describe implements sdk.Connector.
func (c *Connector) Describe() sdk.Description {
	d := sdk.Description{
		ID:           "sandbox",
		DisplayName:  "Sandbox",
		Publisher:    "Patchbay",
		Config:       &Config{},
		Idempotency:  map[string]sdk.Idempotency{},
		Capabilities: capabilities(),
		ThreeDSModes: []connectorv1.ThreeDsMode{
			connectorv1.ThreeDsMode_THREE_DS_MODE_PSP, connectorv1.ThreeDsMode_THREE_DS_MODE_SEPARATE,
			connectorv1.ThreeDsMode_THREE_DS_MODE_EXTERNAL,
		},
		Webhooks: connectorv1.WebhookVerificationMode_WEBHOOK_VERIFICATION_MODE_SIGNATURE,
		Evidence: connectorv1.Evidence_EVIDENCE_SIMULATED,
		TestData: testData(),
	}
	for _, m := range psp.Methods() {
		d.PaymentMethodTypes = append(d.PaymentMethodTypes, m.Type)
	}
	for _, name := range writes() {
		d.Idempotency[name] = sdk.Idempotency{
			Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY, TTL: 24 * time.Hour, MaxLength: 255,
		}
	}
	return d
}

// writes names the operations that change something: every one of them is a POST
// with a key.
func writes() []string {
	return []string{
		"Authorize", "Complete", "Capture", "Void", "Reverse", "AdjustAuthorization", "ExtendAuthorization", "CreateOrder",
		"CreateRefund",
		"SetupMandate", "ChargeMandate", "RevokeMandate",
		"PreAuthenticate", "Authenticate", "PostAuthenticate",
		"Tokenize", "DeletePaymentMethod",
		"CreateCustomer", "UpdateCustomer", "DeleteCustomer",
		"CreateClientSession", "CreateServerSession", "CreateAccessToken",
		"AcceptDispute", "UploadEvidence", "SubmitEvidence", "DefendDispute",
		"CreatePayout", "StagePayout", "TransferPayout", "VoidPayout",
		"CreatePayoutLink", "CreatePayoutRecipient", "EnrollPayoutAccount",
	}
}

// capabilities says what can be asked for beyond the plain operations.
func capabilities() map[string][]*connectorv1.Capability {
	able := func(flags ...connectorv1.CapabilityFlag) []*connectorv1.Capability {
		return []*connectorv1.Capability{{Flags: flags}}
	}
	authorize := able(
		connectorv1.CapabilityFlag_CAPABILITY_FLAG_AUTOMATIC_CAPTURE,
		connectorv1.CapabilityFlag_CAPABILITY_FLAG_MANUAL_CAPTURE,
		connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_CAPTURE,
		connectorv1.CapabilityFlag_CAPABILITY_FLAG_SETUP_FUTURE_USAGE,
		connectorv1.CapabilityFlag_CAPABILITY_FLAG_MERCHANT_INITIATED,
		connectorv1.CapabilityFlag_CAPABILITY_FLAG_ASYNCHRONOUS,
	)
	authorize[0].AuthorizationLifetime = durationpb.New(psp.AuthorizationLifetime)
	return map[string][]*connectorv1.Capability{
		"Authorize": authorize,
		"Capture": able(
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_PARTIAL_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_CAPTURE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_FINAL_CAPTURE,
		),
		"CreateRefund": able(
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_PARTIAL_REFUND,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_REFUNDS,
		),
		"AdjustAuthorization": able(
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_INCREASE,
			connectorv1.CapabilityFlag_CAPABILITY_FLAG_DECREASE,
		),
	}
}
