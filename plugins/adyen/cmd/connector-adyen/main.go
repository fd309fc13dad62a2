// Command connector-adyen is the Adyen connector's plugin.
package main

import (
	"github.com/patchbay/patchbay/plugins/adyen"
	"github.com/patchbay/patchbay/sdk"
)

func main() { sdk.Serve(adyen.New()) }
