// Package loyalty is a third party's connector: it has no part in
// patchbay.payments.v1 and brings a service of its own, with every kind of
// stream. Points live in memory and end with the process.
package loyalty

import (
	_ "embed"

	loyaltyv1 "acme.example/connector-loyalty/proto/acme/loyalty/v1"

	"github.com/patchbay/patchbay/sdk"
)

// descriptors is written by ./generate. It has the comments of the .proto file,
// which generated Go does not have.
//
//go:embed descriptors.binpb
var descriptors []byte

// Connector is the loyalty connector.
type Connector struct{}

// Describe implements sdk.Connector.
func (Connector) Describe() sdk.Description {
	return sdk.Description{
		ID:          "loyalty",
		DisplayName: "Acme Loyalty",
		Publisher:   "Acme",
	}
}

// Options serve LoyaltyService beside what Connector implements.
func Options() []sdk.Option {
	return []sdk.Option{
		sdk.WithService(&loyaltyv1.LoyaltyService_ServiceDesc, newService()),
		sdk.WithDescriptors(descriptors),
	}
}
