package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

const preface = `# Capabilities

What each first-party connector does, and what proves it. This page is generated
(` + "`go run ./scripts/capabilities`" + `) from the results of the
[conformance suite](conformance.md); a test fails if it is out of date. An
operation is here only if its happy path and its faults passed. What is not here
answers ` + "`UNIMPLEMENTED`" + `.

| evidence | against what |
|---|---|
| SIMULATED | a simulation that the connector's author wrote |
| CONTRACT_TESTED | the vendor's own description, mock or SDK |
| SANDBOX_TESTED | the vendor's sandbox |
| LIVE | production |

`

// render makes the document.
func render(proofs []proof) string {
	var out strings.Builder
	out.WriteString(preface)
	out.WriteString("## Operations\n\n")
	header := []string{"service", "operation"}
	for _, p := range proofs {
		header = append(header, p.Connector)
	}
	rows := [][]string{}
	for _, m := range methods() {
		row := []string{string(m.Parent().Name()), string(m.Name())}
		for _, p := range proofs {
			cell := ""
			if op := p.named(string(m.Name())); op != nil {
				cell = op.Evidence
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	table(&out, header, rows)
	for _, p := range proofs {
		details(&out, p)
	}
	return out.String()
}

// details is a table of what was shown of one connector.
func details(out *strings.Builder, p proof) {
	fmt.Fprintf(out, "\n## %s\n\nHow many scenarios passed, by operation and aspect.\n\n", p.Connector)
	var aspects []string
	for _, aspect := range aspectsInOrder() {
		used := p.Scenarios[aspect] > 0
		for _, op := range p.Operations {
			used = used || op.Scenarios[aspect] > 0
		}
		if used {
			aspects = append(aspects, aspect)
		}
	}
	counts := func(name string, of map[string]int) []string {
		row := []string{name}
		for _, aspect := range aspects {
			cell := ""
			if of[aspect] > 0 {
				cell = fmt.Sprint(of[aspect])
			}
			row = append(row, cell)
		}
		return row
	}
	rows := [][]string{}
	for _, op := range p.Operations {
		rows = append(rows, counts(op.Operation, op.Scenarios))
	}
	rows = append(rows, counts("the connector as a whole", p.Scenarios))
	table(out, append([]string{"operation"}, aspects...), rows)
}

// aspectsInOrder is the order of the columns.
func aspectsInOrder() []string {
	return []string{"happy", "state", "amounts", "declines", "validation", "idempotency", "faults", "integrity", "secrecy", "lifecycle", "described"}
}

func table(out *strings.Builder, header []string, rows [][]string) {
	rule := slices.Repeat([]string{"---"}, len(header))
	fmt.Fprintf(out, "| %s |\n|%s|\n", strings.Join(header, " | "), strings.Join(rule, "|"))
	for _, row := range rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
	}
}

// methods lists the operations of the contract, payments first.
func methods() []protoreflect.MethodDescriptor {
	var all []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage("patchbay.payments.v1", func(fd protoreflect.FileDescriptor) bool {
		for i := range fd.Services().Len() {
			service := fd.Services().Get(i)
			for j := range service.Methods().Len() {
				all = append(all, service.Methods().Get(j))
			}
		}
		return true
	})
	first := paymentsv1.File_patchbay_payments_v1_payment_service_proto.Services().Get(0).FullName()
	slices.SortStableFunc(all, func(a, b protoreflect.MethodDescriptor) int {
		at := func(m protoreflect.MethodDescriptor) string {
			if m.Parent().FullName() == first {
				return ""
			}
			return string(m.Parent().FullName())
		}
		return strings.Compare(at(a), at(b))
	})
	return all
}
