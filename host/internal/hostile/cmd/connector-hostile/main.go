// Command connector-hostile is a plugin that misbehaves in every way that
// patchbay doctor --hostile knows of. It is nothing to serve payments with.
package main

import "github.com/patchbay/patchbay/host/internal/hostile"

func main() {
	hostile.Child()
	hostile.Main()
}
