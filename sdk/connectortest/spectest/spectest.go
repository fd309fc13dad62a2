// Package spectest holds what a connector sends, and what its PSP's stand-in
// answers, against the vendor's own API description (OpenAPI 3).
//
// A vendor's description is made strict first: an object whose properties are
// described takes no others. So a field that the vendor does not know is a finding,
// in a request as in an answer, and nobody invents the shape of either.
//
//	spec := spectest.Load(t, "acme.json")
//	checked := spec.Check(standIn)
//	server := httptest.NewServer(checked)
//	// … the connector talks to the server …
//	checked.Prove(t, 40)
//
// It fails closed: what it can't check is a finding, not a pass.
package spectest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers/legacy/pathpattern"

	"github.com/patchbay/patchbay/sdk/connectortest/internal/shared"
)

// Spec is a vendor's description, made strict. It is safe for concurrent use.
type Spec struct {
	base   string // the path of the description's first server
	doc    *openapi3.T
	routes *pathpattern.Node
	visit  []openapi3.SchemaValidationOption
}

// Option changes a description before it is read.
type Option func(*preparation)

// Open leaves schemas of the description open to properties that it does not have,
// where the vendor's documentation says so. The name is that under
// components/schemas.
func Open(schemas ...string) Option {
	return func(p *preparation) { p.open = append(p.open, schemas...) }
}

// Pattern puts an equivalent that Go's regexp takes in the place of a pattern that
// it refuses.
func Pattern(refused, equivalent string) Option {
	return func(p *preparation) { p.patterns[refused] = equivalent }
}

// Amend changes the description itself, as JSON, for what the vendor documents
// elsewhere. The source stands beside the call.
func Amend(change func(document map[string]any) error) Option {
	return func(p *preparation) { p.amendments = append(p.amendments, change) }
}

// Load reads ../shared/specs/<name> beside the module, or beneath the folder that
// PATCHBAY_SHARED names. The test skips where the file is absent.
func Load(t testing.TB, name string, opts ...Option) *Spec {
	t.Helper()
	spec, err := Parse(shared.Read(t, "specs/"+name), opts...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return spec
}

// Parse reads a description in JSON or YAML. A large one takes a second: keep it.
func Parse(raw []byte, opts ...Option) (*Spec, error) {
	p := &preparation{patterns: map[string]string{}}
	for _, opt := range opts {
		opt(p)
	}
	prepared, err := p.prepare(raw)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(prepared)
	if err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	s := &Spec{doc: doc, routes: &pathpattern.Node{}, visit: []openapi3.SchemaValidationOption{
		openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails(),
	}}
	if p.modern { // the plain validator knows the words of OpenAPI 3.0, is quicker and names the place better
		s.visit = []openapi3.SchemaValidationOption{openapi3.MultiErrors(), openapi3.EnableJSONSchema2020()}
	}
	s.visit = append(s.visit, openapi3.WithStringFormatValidator("byte", openapi3.NewCallbackValidator(isBase64)))
	if len(doc.Servers) > 0 {
		address, err := url.Parse(doc.Servers[0].URL)
		if err != nil {
			return nil, fmt.Errorf("the first server of the description: %w", err)
		}
		s.base = strings.TrimSuffix(address.Path, "/")
	}
	return s, s.route()
}

// isBase64 says what is wrong with a file in a text. The validator's own regular
// expression takes seconds for a large one, and lets texts pass that decode to nothing.
func isBase64(text string) error {
	_, err := base64.StdEncoding.DecodeString(text)
	return err
}

// operation is one of the description's.
type operation struct {
	*openapi3.Operation
	name       string // method and path, as described
	parameters openapi3.Parameters
	security   openapi3.SecurityRequirements
}

// route makes the table of operations.
func (s *Spec) route() error {
	for path, item := range s.doc.Paths.Map() {
		for method, described := range item.Operations() {
			op := &operation{Operation: described, name: method + " " + path, security: s.doc.Security}
			op.parameters = slices.Concat(described.Parameters, item.Parameters)
			if described.Security != nil {
				op.security = *described.Security
			}
			if err := s.routes.Add(op.name, op, nil); err != nil {
				return fmt.Errorf("%s: %w", op.name, err)
			}
		}
	}
	return nil
}

// find gives the operation that a request is for, and what its path names.
func (s *Spec) find(method, base string, address *url.URL) (*operation, map[string]string, error) {
	path, beneath := strings.CutPrefix(address.EscapedPath(), base)
	if !beneath {
		return nil, nil, fmt.Errorf("the path is not beneath %q", base)
	}
	node, values := s.routes.Match(method + " " + path)
	if node == nil {
		return nil, nil, s.unknown(method, path)
	}
	op, ok := node.Value.(*operation)
	if !ok {
		return nil, nil, s.unknown(method, path)
	}
	named := map[string]string{}
	for i, name := range node.VariableNames {
		value, err := url.PathUnescape(values[i])
		if err != nil {
			return nil, nil, err
		}
		named[name] = value
	}
	return op, named, nil
}

func (s *Spec) unknown(method, path string) error {
	var others []string
	for _, other := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} {
		if node, _ := s.routes.Match(other + " " + path); node != nil {
			others = append(others, other)
		}
	}
	if len(others) > 0 {
		return fmt.Errorf("the description has no %s for this path, only %s", method, strings.Join(others, ", "))
	}
	return fmt.Errorf("the description has no such operation")
}

// CheckSchema holds a JSON document, such as a webhook's body, against a schema under
// components/schemas, and returns what is wrong with it.
func (s *Spec) CheckSchema(schema string, document []byte) []string {
	ref := s.doc.Components.Schemas[schema]
	if ref == nil {
		return []string{"the description has no schema " + schema}
	}
	var value any
	if err := json.Unmarshal(document, &value); err != nil {
		return []string{"the document is no JSON: " + err.Error()}
	}
	return s.problems(ref, value)
}

// problems holds a decoded value against a schema.
func (s *Spec) problems(schema *openapi3.SchemaRef, value any, as ...openapi3.SchemaValidationOption) []string {
	if schema == nil || schema.Value == nil {
		return nil
	}
	return s.explain("", schema.Value.VisitJSON(value, append(as, s.visit...)...))
}
