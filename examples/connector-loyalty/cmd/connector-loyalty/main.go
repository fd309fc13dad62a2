// Command connector-loyalty is the loyalty connector's plugin.
package main

import (
	loyalty "acme.example/connector-loyalty"

	"github.com/patchbay/patchbay/sdk"
)

func main() { sdk.Serve(loyalty.Connector{}, loyalty.Options()...) }
