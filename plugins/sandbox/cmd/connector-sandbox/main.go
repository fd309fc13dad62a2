// Command connector-sandbox is the sandbox connector; "connector-sandbox psp" is its PSP alone.
package main

import (
	"github.com/patchbay/patchbay/plugins/sandbox"
	"github.com/patchbay/patchbay/plugins/sandbox/psp"
	"github.com/patchbay/patchbay/sdk"
)

func main() {
	if !psp.Main() {
		sdk.Serve(sandbox.New())
	}
}
