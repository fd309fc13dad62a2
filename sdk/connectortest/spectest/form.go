package spectest

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A form can be nested: a[b][0][c]=1. tree gives it as JSON has it, with texts for
// leaves; coerce gives the texts the types that a schema has for them.
// Source: the style deepObject of OpenAPI, and what vendors do beyond it, such as
// https://docs.stripe.com/api/expanding_objects.

// tree reads a form. A name that comes several times, or ends in [], is a list.
func tree(form url.Values) (node, error) {
	root := node{}
	for name, values := range form {
		path, err := splitName(name)
		if err != nil {
			return nil, err
		}
		var value any = values[0]
		if list := path[len(path)-1] == ""; list || len(values) > 1 {
			if list {
				path = path[:len(path)-1]
			}
			all := make([]any, len(values))
			for i, v := range values {
				all[i] = v
			}
			value = all
		}
		if err := plant(root, path, value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return root, nil
}

// splitName reads a[b][c] as a, b, c.
func splitName(name string) ([]string, error) {
	first, rest, nested := strings.Cut(name, "[")
	if !nested {
		return []string{name}, nil
	}
	inner, closed := strings.CutSuffix(rest, "]")
	path := append([]string{first}, strings.Split(inner, "][")...)
	if !closed || first == "" || slices.ContainsFunc(path, func(part string) bool { return strings.ContainsAny(part, "[]") }) {
		return nil, fmt.Errorf("%q is no name of a form's field", name)
	}
	return path, nil
}

func plant(root node, path []string, value any) error {
	for _, name := range path[:len(path)-1] {
		inner, ok := root[name].(node)
		if _, taken := root[name]; taken && !ok {
			return fmt.Errorf("%q is a value and an object", name)
		}
		if !ok {
			inner = node{}
			root[name] = inner
		}
		root = inner
	}
	last := path[len(path)-1]
	if _, taken := root[last]; taken {
		return fmt.Errorf("%q comes in two ways", last)
	}
	root[last] = value
	return nil
}

// coerce gives the texts of a form the types of a schema. What does not fit stays as
// it is, for the validator to find.
func (s *Spec) coerce(value any, ref *openapi3.SchemaRef) any {
	if ref == nil || ref.Value == nil {
		return value
	}
	schema := ref.Value
	for _, branches := range []openapi3.SchemaRefs{schema.OneOf, schema.AnyOf, schema.AllOf} {
		for _, branch := range branches {
			if fits := s.coerce(value, branch); branch.Value != nil && branch.Value.VisitJSON(fits, s.visit...) == nil {
				return fits
			}
		}
	}
	switch value := value.(type) {
	case string:
		return scalar(value, schema)
	case []any:
		return s.coerceList(value, schema)
	case node:
		return s.coerceObject(value, schema)
	}
	return value
}

func (s *Spec) coerceObject(value node, schema *openapi3.Schema) any {
	if schema.Type.Includes("array") {
		if list, ok := ordered(value); ok {
			return s.coerceList(list, schema)
		}
	}
	object := node{}
	for name, inner := range value {
		property := schema.Properties[name]
		if property == nil {
			property = schema.AdditionalProperties.Schema
		}
		object[name] = s.coerce(inner, property)
	}
	return object
}

func (s *Spec) coerceList(list []any, schema *openapi3.Schema) []any {
	typed := make([]any, len(list))
	for i, item := range list {
		typed[i] = s.coerce(item, schema.Items)
	}
	return typed
}

// ordered reads an object whose names are 0, 1, 2 … as a list.
func ordered(object node) ([]any, bool) {
	list := make([]any, len(object))
	for i := range list {
		value, ok := object[strconv.Itoa(i)]
		if !ok {
			return nil, false
		}
		list[i] = value
	}
	return list, true
}

// scalar reads a text as the schema's type.
func scalar(text string, schema *openapi3.Schema) any {
	switch {
	case schema.Type.Includes("integer"):
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return float64(n)
		}
	case schema.Type.Includes("number"):
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case schema.Type.Includes("boolean") && (text == "true" || text == "false"):
		return text == "true"
	}
	return text
}
