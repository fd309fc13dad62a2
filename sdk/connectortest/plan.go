package connectortest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// PSPURL stands in a plan for the address of the PSP, or of the driver before it.
const PSPURL = "${PSP_URL}"

// Plan is a test.yaml: what the suite has to know of one connector.
// docs/conformance.md explains the fields.
type Plan struct {
	Connector string            `yaml:"connector"`
	Command   []string          `yaml:"command,omitempty"`
	Env       map[string]string `yaml:"env,omitempty"`

	Account        map[string]any `yaml:"account,omitempty"`
	RefusedAccount map[string]any `yaml:"refused_account,omitempty"`

	PSP PSPPlan `yaml:"psp,omitempty"`

	Currency   string         `yaml:"currency,omitempty"`
	Currencies []string       `yaml:"currencies,omitempty"`
	Exponents  map[string]int `yaml:"exponents,omitempty"`

	// Steps are the amounts, in minor units, of which amounts must be multiples.
	Steps map[string]int64 `yaml:"steps,omitempty"`

	Samples Samples `yaml:"samples"`

	// Skip says of scenarios why they can't hold for this connector.
	Skip map[string]string `yaml:"skip,omitempty"`

	Secrets []string `yaml:"secrets,omitempty"`

	file string
	dir  string
}

// PSPPlan says how to reach a stand-in of the PSP.
type PSPPlan struct {
	Command   []string `yaml:"command,omitempty"` // a stand-in; the suite puts its driver before it
	Driver    []string `yaml:"driver,omitempty"`  // a stand-in that is its own driver
	URL       string   `yaml:"url,omitempty"`     // a stand-in that runs already
	DriverURL string   `yaml:"driver_url,omitempty"`
	ErrorBody string   `yaml:"error_body,omitempty"`
	Webhooks  bool     `yaml:"webhooks,omitempty"` // the stand-in sends webhooks of a payment to its webhook_url
	// WebhookEndpoints says that the stand-in takes POST /webhook_endpoints and sends the
	// webhooks of all payments there.
	WebhookEndpoints bool `yaml:"webhook_endpoints,omitempty"`
	// WebhookKinds are those that the stand-in shows at GET /webhooks/{kind}.
	WebhookKinds []string `yaml:"webhook_kinds,omitempty"`
	// SignedBody is where webhooks are signed, if not in a header.
	SignedBody SignedBody `yaml:"signed_body,omitempty"`
	// OtherWebhookSecret is one of nobody's, in the PSP's form.
	OtherWebhookSecret string `yaml:"other_webhook_secret,omitempty"`
	// Asynchronous are the operations that the PSP accepts first and carries out later.
	Asynchronous []string `yaml:"asynchronous,omitempty"`
	// AmountsRequired are the operations that the PSP wants the amount for, whatever it is.
	AmountsRequired []string `yaml:"amounts_required,omitempty"`
	// Payer says that the stand-in takes POST /payer, for what the payer does elsewhere.
	Payer bool `yaml:"payer,omitempty"`
	// Answers says where things stand in the PSP's answers, by operation.
	Answers map[string]Answers `yaml:"answers,omitempty"`
	// OtherAmount and OtherCurrency are, as the PSP writes them, none that is asked
	// for.
	OtherAmount   any    `yaml:"other_amount,omitempty"`
	OtherCurrency string `yaml:"other_currency,omitempty"`
}

// SignedBody says of a PSP that signs its webhooks within the body where the signature
// stands and what is signed, as paths of names parted by dots.
type SignedBody struct {
	Signature string   `yaml:"signature,omitempty"`
	Fields    []string `yaml:"fields,omitempty"`
}

// sendsWebhooks says whether the stand-in sends webhooks of payments.
func (p PSPPlan) sendsWebhooks() bool { return p.Webhooks || p.WebhookEndpoints }

// Answers names the fields of the PSP's answer to one operation, as paths of names
// parted by dots.
type Answers struct {
	Status    string `yaml:"status,omitempty"`
	Amount    string `yaml:"amount,omitempty"`
	Currency  string `yaml:"currency,omitempty"`
	Reference string `yaml:"reference,omitempty"`
	ID        string `yaml:"id,omitempty"`
}

// Samples are parts of requests, as JSON would say them, by what they lead to.
type Samples struct {
	Approve   sample `yaml:"approve"`
	Challenge sample `yaml:"challenge,omitempty"`
	// ChallengeApproved and ChallengeDeclined are what the payer adds to the query of
	// the challenge's page.
	ChallengeApproved string `yaml:"challenge_approved,omitempty"`
	ChallengeDeclined string `yaml:"challenge_declined,omitempty"`
	// Disputed is a payment that its payer disputes.
	Disputed sample `yaml:"disputed,omitempty"`
	// DisputeID begins the ids of disputes that the stand-in of a PSP knows which lists
	// none.
	DisputeID string `yaml:"dispute_id,omitempty"`
	// OldWebhook is a request (HttpRequest) that a secret of the account signed long
	// ago.
	OldWebhook sample            `yaml:"old_webhook,omitempty"`
	Methods    map[string]sample `yaml:"methods,omitempty"`  // approved, by payment method type
	Declines   map[string]sample `yaml:"declines,omitempty"` // by unified code
	// NetworkCodes are the network's codes of some of the declines, by unified code.
	NetworkCodes map[string]string `yaml:"network_codes,omitempty"`
	Requests     map[string]sample `yaml:"requests,omitempty"` // by operation
}

// sample is a part of a request.
type sample map[string]any

// into merges the sample into a request.
func (s sample) into(req proto.Message) error {
	if len(s) == 0 {
		return nil
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	part := req.ProtoReflect().New().Interface()
	if err := protojson.Unmarshal(raw, part); err != nil {
		return errors.New(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\u00a0", " "), "proto: "))
	}
	proto.Merge(req, part)
	return nil
}

// ReadPlan reads a test.yaml. Paths in it are relative to its directory.
func ReadPlan(file string) (*Plan, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parsePlan(file, raw)
}

func parsePlan(file string, raw []byte) (*Plan, error) {
	tree, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, planError(file, err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return nil, fmt.Errorf("%s:1: want one YAML document", file)
	}
	p := &Plan{file: file, dir: filepath.Dir(file)}
	if err := yaml.NodeToValue(tree.Docs[0].Body, p, yaml.Strict()); err != nil {
		return nil, planError(file, err)
	}
	if p.Currency == "" {
		p.Currency = "USD"
	}
	return p, p.check(tree.Docs[0].Body)
}

// planError keeps what the YAML library says and where.
func planError(file string, err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return fmt.Errorf("%s:%d: %s", file, at.GetToken().Position.Line, at.GetMessage())
	}
	return fmt.Errorf("%s: %w", file, err)
}

// check names the first field that is wrong, with its line.
func (p *Plan) check(root ast.Node) error {
	for _, rule := range []func() (field, why string){p.checkConnector, p.checkPSP, p.checkSamples, p.checkCurrencies, p.checkSkip} {
		field, why := rule()
		if why == "" {
			continue
		}
		line := 1
		if path, err := yaml.PathString("$." + field); err == nil {
			if node, err := path.FilterNode(root); err == nil && node != nil {
				line = node.GetToken().Position.Line
			}
		}
		return fmt.Errorf("%s:%d: %s: %s", p.file, line, field, why)
	}
	return nil
}

func (p *Plan) checkConnector() (field, why string) {
	if p.Connector == "" {
		return "connector", "is missing: the id that the connector's description has"
	}
	return "", ""
}

func (p *Plan) checkPSP() (field, why string) {
	given := 0
	for _, ok := range []bool{len(p.PSP.Command) > 0, len(p.PSP.Driver) > 0, p.PSP.URL != "", p.PSP.DriverURL != ""} {
		if ok {
			given++
		}
	}
	if given > 1 {
		return "psp", "give one of command, driver, url and driver_url"
	}
	for name := range p.PSP.Answers {
		if _, ok := operationNamed(name); !ok {
			return "psp.answers." + name, "there is no such operation"
		}
	}
	for i, name := range p.PSP.AmountsRequired {
		if name != "Capture" && name != "CreateRefund" {
			return fmt.Sprintf("psp.amounts_required[%d]", i), fmt.Sprintf("%q is neither Capture nor CreateRefund", name)
		}
	}
	for i, name := range p.PSP.Asynchronous {
		if !slices.Contains(mayBeAsynchronous(), name) {
			return fmt.Sprintf("psp.asynchronous[%d]", i), fmt.Sprintf("%q is none of %s", name, strings.Join(mayBeAsynchronous(), ", "))
		}
	}
	return "", ""
}

func (p *Plan) checkSamples() (field, why string) {
	for _, s := range p.Samples.authorizations() {
		if err := s.sample.into(&paymentsv1.AuthorizeRequest{}); err != nil {
			return "samples." + s.field, fmt.Sprintf("is no part of an AuthorizeRequest: %v", err)
		}
	}
	if err := p.Samples.OldWebhook.into(&paymentsv1.HttpRequest{}); err != nil {
		return "samples.old_webhook", fmt.Sprintf("is no HttpRequest: %v", err)
	}
	for code := range p.Samples.NetworkCodes {
		if p.Samples.Declines[code] == nil {
			return "samples.network_codes." + code, "there is no such sample among samples.declines"
		}
	}
	for name, s := range p.Samples.Requests {
		op, ok := operationNamed(name)
		if !ok {
			return "samples.requests." + name, "there is no such operation"
		}
		if err := s.into(op.request()); err != nil {
			return "samples.requests." + name, fmt.Sprintf("is no part of the request: %v", err)
		}
	}
	return "", ""
}

func (p *Plan) checkCurrencies() (field, why string) {
	for _, code := range append([]string{p.Currency}, p.Currencies...) {
		if !currencyPattern.MatchString(code) {
			return "currencies", fmt.Sprintf("%q is no currency code", code)
		}
	}
	return "", ""
}

func (p *Plan) checkSkip() (field, why string) {
	for id := range p.Skip {
		if !slices.ContainsFunc(Scenarios(p), func(s Scenario) bool { return s.ID == id }) {
			return "skip", "there is no scenario " + id
		}
	}
	return "", ""
}

var currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)

type namedSample struct {
	field  string
	sample sample
}

// authorizations lists all samples for Authorize.
func (s Samples) authorizations() []namedSample {
	all := []namedSample{{"approve", s.Approve}, {"challenge", s.Challenge}, {"disputed", s.Disputed}}
	for name, m := range s.Methods {
		all = append(all, namedSample{"methods." + name, m})
	}
	for name, d := range s.Declines {
		all = append(all, namedSample{"declines." + name, d})
	}
	return all
}

// accountAt is the account's configuration with the PSP's address in place, and
// with the given members laid over it.
func (p *Plan) accountAt(psp string, over map[string]any) ([]byte, error) {
	merged := map[string]any{}
	maps.Copy(merged, p.Account)
	maps.Copy(merged, over)
	if len(merged) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(merged)
	if err != nil {
		return nil, fmt.Errorf("%s: account: %w", p.file, err)
	}
	quoted := strconv.Quote(psp)
	return []byte(strings.ReplaceAll(string(raw), PSPURL, quoted[1:len(quoted)-1])), nil
}

// argv resolves the program of a command that is given by a path. Its arguments are
// left as they are, since the command is started in the plan's directory.
func (p *Plan) argv(command []string) ([]string, error) {
	resolved := slices.Clone(command)
	if !strings.ContainsRune(resolved[0], filepath.Separator) || filepath.IsAbs(resolved[0]) {
		return resolved, nil
	}
	var err error
	resolved[0], err = filepath.Abs(filepath.Join(p.dir, resolved[0]))
	return resolved, err
}

// replaceText puts a text into a body of JSON in the place of ${TEXT}.
func replaceText(body, text string) string {
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(body, "${TEXT}", quoted[1:len(quoted)-1])
}
