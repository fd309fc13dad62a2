package stripemock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	specFile     = "spec.json"
	fixturesFile = "fixtures.json"
)

// used are the operations of the connector; no other is served.
func used() []string {
	return []string{
		"/v1/account",
		"/v1/payment_intents",
		"/v1/payment_intents/{intent}",
		"/v1/payment_intents/{intent}/cancel",
		"/v1/payment_intents/{intent}/capture",
		"/v1/refunds",
		"/v1/refunds/{refund}",
	}
}

// Members lists the members of a schema of Stripe's description, such as
// "payment_intent".
func Members(ctx context.Context, schema string) (map[string]any, error) {
	tool, err := findTool(ctx)
	if err != nil {
		return nil, err
	}
	spec, err := tool.read("spec3.json")
	if err != nil {
		return nil, err
	}
	return at(spec, "components", "schemas", schema, "properties")
}

// node is a JSON object of a document whose shape is Stripe's business.
type node = map[string]any

// derive writes the stricter description and the fixtures into a folder.
func (t tool) derive(o Options, into string) error {
	spec, err := t.read("spec3.json")
	if err != nil {
		return err
	}
	if err := tighten(spec); err != nil {
		return err
	}
	fixtures, err := t.read("fixtures3.json")
	if err != nil {
		return err
	}
	if err := setState(fixtures, o); err != nil {
		return err
	}
	for name, document := range map[string]node{specFile: spec, fixturesFile: fixtures} {
		raw, err := json.Marshal(document)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(into, name), raw, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (t tool) read(name string) (node, error) {
	raw, err := os.ReadFile(filepath.Join(t.source, "embedded", "openapi", name))
	if err != nil {
		return nil, err
	}
	var document node
	err = json.Unmarshal(raw, &document)
	return document, err
}

// tighten leaves only the operations in use, closes every object of their
// request bodies to parameters that are not described, and describes raw card
// data.
func tighten(spec node) error {
	all, err := at(spec, "paths")
	if err != nil {
		return err
	}
	paths := node{}
	for _, path := range used() {
		operations, err := at(all, path)
		if err != nil {
			return err
		}
		paths[path] = operations
		post, ok := operations["post"].(node)
		if !ok {
			continue
		}
		body, err := at(post, "requestBody", "content", "application/x-www-form-urlencoded", "schema")
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if path == "/v1/payment_intents" {
			if err := describeRawCard(body); err != nil {
				return err
			}
		}
		closeObjects(body)
	}
	spec["paths"] = paths
	return nil
}

// describeRawCard adds what Stripe documents and its public description leaves
// out: payment_method_data[card], and the type "card".
// Source: card in https://docs.stripe.com/api/payment_methods/create.
func describeRawCard(body node) error {
	data, err := at(body, "properties", "payment_method_data", "properties")
	if err != nil {
		return err
	}
	kind, err := at(data, "type")
	if err != nil {
		return err
	}
	words, ok := kind["enum"].([]any)
	if !ok {
		return errors.New("payment_method_data[type] is no enumeration")
	}
	kind["enum"] = append(words, "card")
	data["card"] = node{
		"type":     "object",
		"title":    "card_param",
		"required": []any{"number", "exp_month", "exp_year"},
		"properties": node{
			"number":    node{"type": "string", "maxLength": 5000},
			"exp_month": node{"type": "integer"},
			"exp_year":  node{"type": "integer"},
			"cvc":       node{"type": "string", "maxLength": 5000},
		},
	}
	return nil
}

// closeObjects sets additionalProperties to false wherever the properties are
// described and nothing is said of others.
func closeObjects(schema any) {
	switch s := schema.(type) {
	case node:
		_, described := s["properties"]
		if _, said := s["additionalProperties"]; described && !said {
			s["additionalProperties"] = false
		}
		if properties, ok := s["properties"].(node); ok {
			for _, property := range properties {
				closeObjects(property)
			}
		}
		closeObjects(s["items"])
		closeObjects(s["anyOf"])
	case []any:
		for _, branch := range s {
			closeObjects(branch)
		}
	}
}

// setState puts the payment and the refund into the wanted state.
func setState(fixtures node, o Options) error {
	intent, err := at(fixtures, "resources", "payment_intent")
	if err != nil {
		return err
	}
	charge, err := at(fixtures, "resources", "charge")
	if err != nil {
		return err
	}
	card, err := at(charge, "payment_method_details", "card")
	if err != nil {
		return err
	}
	refund, err := at(fixtures, "resources", "refund")
	if err != nil {
		return err
	}
	setIntent(intent, o.Intent)
	setCharge(charge, card, o.Intent)
	setRefund(refund, o)
	return nil
}

func setIntent(intent node, want Intent) {
	intent["status"] = want.Status
	intent["amount"] = want.Amount
	intent["currency"] = want.Currency
	intent["metadata"] = reference(want.Reference)
	intent["last_payment_error"] = nil
	intent["next_action"] = nil
	intent["cancellation_reason"] = nil
	intent["amount_capturable"] = 0
	intent["amount_received"] = 0
	switch want.Status {
	case "succeeded":
		intent["amount_received"] = want.Amount
	case "requires_capture":
		intent["amount_capturable"] = want.Amount
		intent["capture_method"] = "manual"
	case "requires_action":
		intent["next_action"] = node{
			"type":            "redirect_to_url",
			"redirect_to_url": node{"url": want.RedirectURL, "return_url": nil},
		}
	case "canceled":
		if want.CancellationReason != "" {
			intent["cancellation_reason"] = want.CancellationReason
		}
	}
}

func setCharge(charge, card node, want Intent) {
	reserved := want.Status == "succeeded" || want.Status == "requires_capture"
	captured := int64(0)
	if want.Status == "succeeded" {
		captured = want.Amount
	}
	charge["amount"] = want.Amount
	charge["currency"] = want.Currency
	charge["amount_captured"] = captured
	charge["amount_refunded"] = 0
	charge["captured"] = want.Status == "succeeded"
	charge["paid"] = reserved
	card["network_transaction_id"] = "MCC000000355"
	card["multicapture"] = node{"status": "unavailable"}
	if want.Multicapture {
		card["multicapture"] = node{"status": "available"}
	}
}

func setRefund(refund node, o Options) {
	refund["status"] = o.Refund.Status
	if o.Refund.Status == "" {
		refund["status"] = "succeeded"
	}
	refund["amount"] = o.Refund.Amount
	if o.Refund.Amount == 0 {
		refund["amount"] = o.Intent.Amount
	}
	refund["currency"] = o.Intent.Currency
	refund["metadata"] = reference(o.Refund.Reference)
}

func reference(r string) node {
	if r == "" {
		return node{}
	}
	return node{"patchbay_reference": r}
}

// at follows a path of names through a document.
func at(document node, path ...string) (node, error) {
	for _, name := range path {
		next, ok := document[name].(node)
		if !ok {
			return nil, fmt.Errorf("there is no object %q", name)
		}
		document = next
	}
	return document, nil
}
