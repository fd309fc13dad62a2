package stripemock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
		"/v1/customers",
		"/v1/customers/{customer}",
		"/v1/disputes",
		"/v1/disputes/{dispute}",
		"/v1/disputes/{dispute}/close",
		"/v1/files",
		"/v1/payment_intents",
		"/v1/payment_intents/search",
		"/v1/payment_intents/{intent}",
		"/v1/payment_intents/{intent}/cancel",
		"/v1/payment_intents/{intent}/capture",
		"/v1/payment_intents/{intent}/increment_authorization",
		"/v1/payment_methods",
		"/v1/payment_methods/{payment_method}",
		"/v1/payment_methods/{payment_method}/attach",
		"/v1/payment_methods/{payment_method}/detach",
		"/v1/payouts",
		"/v1/payouts/{payout}",
		"/v1/payouts/{payout}/cancel",
		"/v1/refunds",
		"/v1/refunds/{refund}",
		"/v1/setup_intents",
		"/v1/setup_intents/{intent}",
		"/v1/tokens",
	}
}

// Description is Stripe's description as it comes.
func Description(ctx context.Context) ([]byte, error) {
	tool, err := findTool(ctx)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(tool.file("spec3.json"))
}

// Fixtures are Stripe's fixtures as they come, by the name of the object.
func Fixtures(ctx context.Context) (map[string]any, error) {
	tool, err := findTool(ctx)
	if err != nil {
		return nil, err
	}
	fixtures, err := tool.read("fixtures3.json")
	if err != nil {
		return nil, err
	}
	return at(fixtures, "resources")
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

func (t tool) file(name string) string {
	return filepath.Join(t.source, "embedded", "openapi", name)
}

func (t tool) read(name string) (node, error) {
	raw, err := os.ReadFile(t.file(name))
	if err != nil {
		return nil, err
	}
	var document node
	err = json.Unmarshal(raw, &document)
	return document, err
}

// tighten leaves only the operations in use, closes every object of their
// request bodies to parameters that are not described, and describes what the
// public description leaves out.
func tighten(spec node) error {
	if err := Undescribed(spec); err != nil {
		return err
	}
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
		content, err := at(post, "requestBody", "content")
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for kind := range content {
			body, err := at(content, kind, "schema")
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			closeObjects(body)
		}
	}
	spec["paths"] = paths
	return nil
}

// Undescribed adds to a description what Stripe takes from accounts that it has
// admitted, or from its own SDKs, and leaves out of its public description: raw
// card data, the network's transaction id of an agreement, Apple Pay's token.
func Undescribed(spec map[string]any) error {
	for _, path := range []string{"/v1/payment_intents", "/v1/setup_intents"} {
		body, err := formOf(spec, path)
		if err != nil {
			return err
		}
		if err := describeCard(body); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if path == "/v1/setup_intents" {
			continue
		}
		if err := describeExemption(body); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	tokens, err := formOf(spec, "/v1/tokens")
	if err != nil {
		return err
	}
	// Source: STPAPIClient+ApplePay.swift in https://github.com/stripe/stripe-ios.
	return describe(tokens, node{
		"pk_token": text(16384), "pk_token_instrument_name": text(5000), "pk_token_payment_network": text(5000), "pk_token_transaction_id": text(5000),
	})
}

func formOf(spec node, path string) (node, error) {
	body, err := at(spec, "paths", path, "post", "requestBody", "content", "application/x-www-form-urlencoded", "schema")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return body, nil
}

// describe adds properties to a schema.
func describe(schema, properties node) error {
	described, err := at(schema, "properties")
	if err != nil {
		return err
	}
	maps.Copy(described, properties)
	return nil
}

func text(most int) node { return node{"type": "string", "maxLength": most} }

// describeCard adds payment_method_data[card], by its number or by a token of
// Stripe's, and the type "card".
// Source: card in https://docs.stripe.com/api/payment_methods/create.
func describeCard(body node) error {
	data, err := at(body, "properties", "payment_method_data")
	if err != nil {
		return err
	}
	kind, err := at(data, "properties", "type")
	if err != nil {
		return err
	}
	words, ok := kind["enum"].([]any)
	if !ok {
		return errors.New("payment_method_data[type] is no enumeration")
	}
	kind["enum"] = append(words, "card")
	number := node{
		"type": "object", "title": "card_param", "required": []any{"number", "exp_month", "exp_year"},
		"properties": node{"number": text(5000), "exp_month": node{"type": "integer"}, "exp_year": node{"type": "integer"}, "cvc": text(5000)},
	}
	token := node{"type": "object", "title": "card_token_param", "required": []any{"token"}, "properties": node{"token": text(5000)}}
	return describe(data, node{"card": node{"anyOf": []any{number, token}}})
}

// describeExemption adds payment_method_options[card][mit_exemption].
func describeExemption(body node) error {
	options, err := at(body, "properties", "payment_method_options", "properties", "card")
	if err != nil {
		return err
	}
	branches, ok := options["anyOf"].([]any)
	if !ok || len(branches) == 0 {
		return errors.New("payment_method_options[card] has no alternatives")
	}
	card, ok := branches[0].(node)
	if !ok {
		return errors.New("payment_method_options[card] is no object")
	}
	return describe(card, node{"mit_exemption": node{
		"type": "object", "title": "mit_exemption_param", "properties": node{"network_transaction_id": text(64)},
	}})
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
	return setStored(fixtures)
}

// setStored has an instrument set up and kept for a customer.
func setStored(fixtures node) error {
	setup, err := at(fixtures, "resources", "setup_intent")
	if err != nil {
		return err
	}
	method, err := at(fixtures, "resources", "payment_method")
	if err != nil {
		return err
	}
	method["customer"] = "cus_1"
	maps.Copy(setup, node{
		"status": "succeeded", "customer": "cus_1", "payment_method": method["id"], "last_setup_error": nil, "next_action": nil,
	})
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
