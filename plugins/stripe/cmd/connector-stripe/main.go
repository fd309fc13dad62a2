// Command connector-stripe is the Stripe connector's plugin.
package main

import (
	"github.com/patchbay/patchbay/plugins/stripe"
	"github.com/patchbay/patchbay/sdk"
)

func main() { sdk.Serve(stripe.New()) }
