package description

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	schemaURL  = "config.json"
	maxChecked = 4096 // configurations that are known to be right; accounts are few
)

func compileSchema(schema *structpb.Struct) (*jsonschema.Schema, error) {
	if schema == nil {
		return nil, nil
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(nowhere{}) // a guest's schema makes the host read nothing
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource(schemaURL, schema.AsMap()); err != nil {
		return nil, err
	}
	return compiler.Compile(schemaURL)
}

type nowhere struct{}

func (nowhere) Load(url string) (any, error) {
	return nil, fmt.Errorf("refers to %s, but must be whole in itself", url)
}

// CheckConfig holds an account's configuration, a JSON object or nothing, against
// the connector's schema. It returns what is wrong, field by field; never a
// value, since values may be secret.
func (d *Description) CheckConfig(config []byte) []*errdetails.BadRequest_FieldViolation {
	if d.schema == nil {
		if len(config) > 0 {
			return violation("", "this connector takes no configuration")
		}
		return nil
	}
	if len(config) == 0 {
		config = []byte("{}")
	}
	id := sha256.Sum256(config)
	if _, good := d.checked.Load(id); good {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(config))
	if err != nil {
		return violation("", "is not JSON")
	}
	var invalid *jsonschema.ValidationError
	if err := d.schema.Validate(value); errors.As(err, &invalid) {
		return leaves(invalid, nil)
	}
	if d.checks.Add(1) <= maxChecked {
		d.checked.Store(id, struct{}{})
	}
	return nil
}

// leaves collects the innermost findings: those that name a field.
func leaves(e *jsonschema.ValidationError, found []*errdetails.BadRequest_FieldViolation) []*errdetails.BadRequest_FieldViolation {
	for _, cause := range e.Causes {
		found = leaves(cause, found)
	}
	if len(e.Causes) > 0 {
		return found
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			found = append(found, violation(path(e, name), "is missing")...)
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			found = append(found, violation(path(e, name), "is not a field of this connector's configuration")...)
		}
	case *kind.Type:
		found = append(found, violation(path(e), "must be "+strings.Join(k.Want, " or "))...)
	default: // its own text may quote the value
		found = append(found, violation(path(e), "breaks the rule "+strings.Join(k.KeywordPath(), "/")+" of the connector's schema")...)
	}
	return found
}

func path(e *jsonschema.ValidationError, more ...string) string {
	return strings.Join(append(slices.Clone(e.InstanceLocation), more...), ".")
}

func violation(field, what string) []*errdetails.BadRequest_FieldViolation {
	return []*errdetails.BadRequest_FieldViolation{{Field: field, Description: what}}
}

// Secrets lists the values of a configuration that the schema marks writeOnly.
func (d *Description) Secrets(config []byte) []string {
	var values map[string]any
	if d == nil || json.Unmarshal(config, &values) != nil {
		return nil
	}
	properties, _ := d.Wired.GetConfigSchema().AsMap()["properties"].(map[string]any)
	var secrets []string
	for field, value := range values {
		property, _ := properties[field].(map[string]any)
		items, _ := property["items"].(map[string]any)
		if property["writeOnly"] != true && items["writeOnly"] != true {
			continue
		}
		secrets = append(secrets, texts(value)...)
	}
	return secrets
}

// texts are the strings in a value of JSON.
func texts(value any) []string {
	var found []string
	switch v := value.(type) {
	case string:
		found = append(found, v)
	case []any:
		for _, item := range v {
			found = append(found, texts(item)...)
		}
	case map[string]any:
		for _, item := range v {
			found = append(found, texts(item)...)
		}
	}
	return found
}
