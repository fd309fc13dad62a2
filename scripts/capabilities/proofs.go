package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// proof is what the conformance suite has proven of one connector, as
// connectortest.Proof writes it.
type proof struct {
	Connector  string         `json:"connector"`
	Driven     bool           `json:"driven"`
	Scenarios  map[string]int `json:"scenarios"`
	Operations []operation    `json:"operations"`
}

type operation struct {
	Service   string         `json:"service"`
	Operation string         `json:"operation"`
	Evidence  string         `json:"evidence"`
	Scenarios map[string]int `json:"scenarios"`
}

// readProofs reads the proofs of all connectors, in the order of their names.
func readProofs(root string) ([]proof, error) {
	files, err := filepath.Glob(filepath.Join(root, "plugins", "*", "testdata", "conformance.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no connector beneath %s has a testdata/conformance.json", root)
	}
	var all []proof
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var p proof
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// named finds an operation; nil if it is not proven.
func (p proof) named(name string) *operation {
	for i := range p.Operations {
		if p.Operations[i].Operation == name {
			return &p.Operations[i]
		}
	}
	return nil
}
