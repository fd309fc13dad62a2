package connectortest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest/pspdriver"
	"github.com/patchbay/patchbay/sdk/wire"
)

// testNumber is a card number of nobody's, which passes the Luhn check.
const testNumber = "4111111111111111"

func secretScenarios() []Scenario {
	card := Needs{Operations: []string{"Authorize"}, Driver: true}
	return []Scenario{
		{
			ID: "secrets/psp-quotes-card", Needs: card, Proves: cells(Secrecy, "Authorize"), run: pspQuotesCard,
			Summary: "A card number in the PSP's error message reaches neither caller nor log",
		},
		{
			ID: "secrets/bad-config", Needs: Needs{Operations: []string{"Authorize"}}, Proves: cells(Secrecy, "Authorize"), run: badConfigTold,
			Summary: "A configuration that does not decode is told without its values",
		},
		{
			ID: "secrets/credentials-travel", Needs: card, Proves: cells(Secrecy, "Authorize"), run: credentialsTravel,
			Summary: "No secret of the account is in an address that the PSP is asked at, where proxies would log it",
		},
		{
			ID: "secrets/cards-travel", Needs: card, Proves: cells(Secrecy, "Authorize"), run: cardsTravel,
			Summary: "A card number is in no address that the PSP is asked at, and its security code goes where it goes",
		},
		// The last one looks at what all others have left.
		{
			ID: "secrets/logs", Proves: []Cell{{Aspect: Secrecy}}, run: secretsInLogs, phase: atLast,
			Summary: "No log of any instance has a card number, a token, a security code or a secret of the account",
		},
		{
			ID: "secrets/panics", Proves: []Cell{{Aspect: Lifecycle}}, run: panicsInLogs, phase: atLast,
			Summary: "No log of any instance has a panic",
		},
	}
}

func pspQuotesCard(c *Case) {
	if c.plan.PSP.ErrorBody == "" {
		c.Skipf("psp.error_body in test.yaml is missing")
	}
	for _, status := range []int{http.StatusBadRequest, http.StatusConflict, http.StatusTooManyRequests, http.StatusInternalServerError} {
		for _, written := range []string{testNumber, "4111 1111 1111 1111", "4111-1111-1111-1111"} {
			req := c.authorizeRequest(automatic)
			remove := c.fault(pspdriver.Fault{
				Kind: pspdriver.Status, Status: status, Body: c.errorBody("the card " + written + " is unknown"),
			}, req.GetReference())
			p, err := c.authorize(req)
			remove()
			if told := failureText(err) + p.String(); strings.Contains(told, written) {
				c.Fatalf("the PSP's message with a card number: expected that it is hidden, got %q", told)
			}
			if log := c.main.log.String(); strings.Contains(log, written) {
				c.Fatalf("the PSP's message with a card number: expected that it is hidden in the log, got it there")
			}
		}
	}
}

func badConfigTold(c *Case) {
	if c.description.GetConfigSchema() == nil {
		c.Skipf("the connector takes no configuration")
	}
	const value = "hunter2-of-the-account"
	for name := range c.plan.Account {
		config, err := c.plan.accountAt(c.psp.url, map[string]any{name: map[string]string{"x": value}})
		if err != nil {
			c.Fatalf("%v", err)
		}
		_, err = c.authorize(c.authorizeRequest(automatic), withAccount(config))
		if err == nil {
			c.Fatalf("Authorize with an object in the place of %s: expected an error, got an answer", name)
		}
		if strings.Contains(failureText(err), value) || strings.Contains(c.main.log.String(), value) {
			c.Fatalf("a configuration that does not decode: expected that its values are not told, got %s", failureText(err))
		}
	}
}

func credentialsTravel(c *Case) {
	p := c.paid(automatic)
	for _, r := range c.sent(p.GetReference(), p.GetId(), c.traceID) {
		for _, secret := range c.secretsOf(c.account) {
			if strings.Contains(r.Path+"?"+r.Query, secret) {
				c.Fatalf("%s %s: expected no secret of the account in the address, got one", r.Method, r.Path)
			}
		}
	}
}

// cardsTravel pays with each card of the plan's methods, if it has one.
func cardsTravel(c *Case) {
	paid := 0
	for _, kind := range slices.Sorted(maps.Keys(c.plan.Samples.Methods)) {
		req := c.authorizeSample(c.plan.Samples.Methods[kind], automatic)
		card := req.GetPaymentMethod().GetCard()
		if card == nil {
			continue
		}
		paid++
		_, err := c.authorize(req)
		c.ok("Authorize", err)
		for _, r := range c.sent(c.traceID) {
			if strings.Contains(r.Path+"?"+r.Query, card.GetNumber()) {
				c.Fatalf("%s %s: expected no card number in the address, got one", r.Method, r.Path)
			}
			if strings.Contains(r.Body, card.GetNumber()) && !strings.Contains(r.Body, card.GetSecurityCode()) {
				c.Fatalf("%s %s: expected the security code beside the card number, got none", r.Method, r.Path)
			}
		}
	}
	if paid == 0 {
		c.Skipf("samples.methods in test.yaml has no card")
	}
}

func secretsInLogs(c *Case) {
	for _, i := range c.started() {
		log := i.log.String()
		if c.codes != nil && c.codes.MatchString(log) {
			c.Fatalf("the connector's log: expected no security code, got one")
		}
		for _, secret := range c.secrets {
			before, after, found := strings.Cut(log, secret)
			if !found {
				continue
			}
			line := before[strings.LastIndexByte(before, '\n')+1:] + wire.Mask
			rest, _, _ := strings.Cut(after, "\n")
			c.Fatalf("the connector's log: expected no secret, got one of %d characters in: %s%s", len(secret), line, strings.ReplaceAll(rest, secret, wire.Mask))
		}
	}
}

func panicsInLogs(c *Case) {
	for _, i := range c.started() {
		for line := range strings.Lines(i.log.String()) {
			if strings.Contains(line, `"@message":"panic"`) || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "goroutine ") {
				c.Fatalf("the connector's log: expected no panic, got %s", line)
			}
		}
	}
}

// secretsOf are the values of an account whose fields are secret.
func (w *world) secretsOf(config []byte) []string {
	var account map[string]any
	if json.Unmarshal(config, &account) != nil {
		return nil
	}
	var found []string
	for name, property := range w.configFields() {
		if !marksSecret(property) {
			continue
		}
		switch value := account[name].(type) {
		case string:
			found = append(found, value)
		case []any:
			for _, each := range value {
				found = append(found, fmt.Sprint(each))
			}
		}
	}
	return found
}

// configFields are the fields of the configuration's schema.
func (w *world) configFields() map[string]any {
	fields, _ := w.description.GetConfigSchema().AsMap()["properties"].(map[string]any)
	return fields
}

// marksSecret says whether a field of a schema is writeOnly, or its items are.
func marksSecret(field any) bool {
	of, _ := field.(map[string]any)
	items, _ := of["items"].(map[string]any)
	return of["writeOnly"] == true || items["writeOnly"] == true
}

// shortestSecret is the length below which a text is no secret but a coincidence.
const shortestSecret = 8

// collectSecrets finds what must not show: the plan's secrets, the accounts', and
// what is marked secret in the plan's samples.
func (w *world) collectSecrets() error {
	refused, err := w.plan.accountAt(w.psp.url, w.plan.RefusedAccount)
	if err != nil {
		return err
	}
	all := slices.Concat(w.plan.Secrets, w.secretsOf(w.account), w.secretsOf(refused), []string{testNumber})
	requests := []proto.Message{}
	for _, s := range w.plan.Samples.authorizations() {
		req := &paymentsv1.AuthorizeRequest{}
		if s.sample.into(req) == nil {
			requests = append(requests, req)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.plan.Samples.Requests)) {
		if op, ok := operationNamed(name); ok {
			req := op.request()
			if w.plan.Samples.Requests[name].into(req) == nil {
				requests = append(requests, req)
			}
		}
	}
	for _, req := range requests {
		all = append(all, secretFields(req.ProtoReflect())...)
	}
	w.codes = codesPattern(all)
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < shortestSecret })
	slices.Sort(all)
	w.secrets = slices.Compact(all)
	return nil
}

// codesPattern finds those of some secrets that are security codes of cards, too
// short to be looked for without one of the names that they go by; nil without any.
func codesPattern(secrets []string) *regexp.Regexp {
	var codes []string
	for _, s := range secrets {
		if (len(s) == 3 || len(s) == 4) && strings.Trim(s, "0123456789") == "" {
			codes = append(codes, s)
		}
	}
	if len(codes) == 0 {
		return nil
	}
	return regexp.MustCompile(`(?i)(cvc|cvv|cvn|csc|cid|security_?code)2?[^a-z0-9]{1,8}(` + strings.Join(codes, "|") + `)\b`)
}

// secretFields lists the texts of a message that are marked secret.
func secretFields(m protoreflect.Message) []string {
	var found []string
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.Kind() == protoreflect.StringKind && !fd.IsList() && !fd.IsMap() && sensitivity(fd) == paymentsv1.Sensitivity_SENSITIVITY_SECRET:
			found = append(found, v.String())
		case fd.Message() != nil && !fd.IsList() && !fd.IsMap():
			found = append(found, secretFields(v.Message())...)
		}
		return true
	})
	return found
}

func sensitivity(fd protoreflect.FieldDescriptor) paymentsv1.Sensitivity {
	kind, _ := proto.GetExtension(fd.Options(), paymentsv1.E_Sensitivity).(paymentsv1.Sensitivity)
	return kind
}
