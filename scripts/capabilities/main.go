// Command capabilities writes docs/capabilities.md from what the conformance suite
// has proven of each first-party connector (plugins/*/testdata/conformance.json).
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const document = "docs/capabilities.md"

func main() {
	text, err := build(".")
	if err == nil {
		err = os.WriteFile(filepath.FromSlash(document), []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "capabilities:", err)
		os.Exit(1)
	}
}

// build makes the document of the tree at root.
func build(root string) (string, error) {
	proofs, err := readProofs(root)
	if err != nil {
		return "", err
	}
	return render(proofs), nil
}
