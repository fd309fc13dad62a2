package sdk

import (
	"testing"

	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

func TestReadCapabilities(t *testing.T) {
	got := ReadCapabilities(`operation,payment_method_types,currencies,required_fields,flags
# Source: a test.
Authorize,card card_token,,,AUTOMATIC_CAPTURE MANUAL_CAPTURE
Authorize,ideal,EUR,billing_address.country_code,AUTOMATIC_CAPTURE
Capture,,,,PARTIAL_CAPTURE
`)
	want := map[string][]*connectorv1.Capability{
		"Authorize": {
			{PaymentMethodTypes: []string{"card", "card_token"}, Flags: []connectorv1.CapabilityFlag{
				connectorv1.CapabilityFlag_CAPABILITY_FLAG_AUTOMATIC_CAPTURE, connectorv1.CapabilityFlag_CAPABILITY_FLAG_MANUAL_CAPTURE,
			}},
			{
				PaymentMethodTypes: []string{"ideal"}, Currencies: []string{"EUR"}, RequiredFields: []string{"billing_address.country_code"},
				Flags: []connectorv1.CapabilityFlag{connectorv1.CapabilityFlag_CAPABILITY_FLAG_AUTOMATIC_CAPTURE},
			},
		},
		"Capture": {{Flags: []connectorv1.CapabilityFlag{connectorv1.CapabilityFlag_CAPABILITY_FLAG_PARTIAL_CAPTURE}}},
	}
	if len(got) != len(want) {
		t.Errorf("operations are %v", got)
	}
	for operation, capabilities := range want {
		if len(got[operation]) != len(capabilities) {
			t.Fatalf("%s: %v", operation, got[operation])
		}
		for i, capability := range capabilities {
			if !proto.Equal(got[operation][i], capability) {
				t.Errorf("%s: %v, want %v", operation, got[operation][i], capability)
			}
		}
	}
}

// A file that can't be read stops the program.
func TestReadCapabilities_broken(t *testing.T) {
	for name, file := range map[string]string{
		"nothing":         "",
		"no operation":    "payment_method_types\ncard\n",
		"unknown column":  "operation,planets\nAuthorize,mars\n",
		"no list":         "operation,authorization_lifetime\nAuthorize,7\n",
		"list of amounts": "operation,amount_limits\nAuthorize,EUR\n",
		"unknown flag":    "operation,flags\nAuthorize,TIME_TRAVEL\n",
		"short line":      "operation,flags\nAuthorize\n",
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was read")
				}
			}()
			ReadCapabilities(file)
		})
	}
}
