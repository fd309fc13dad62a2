package spectest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// node is a JSON object of a description.
type node = map[string]any

// preparation makes a description strict. It works on the JSON, where a schema that
// is referred to is one object and no graph.
type preparation struct {
	open       []string
	patterns   map[string]string
	amendments []func(node) error

	document node
	modern   bool // it has words that OpenAPI 3.0 has not
	faults   []error
}

// prepare gives the strict description as JSON.
func (p *preparation) prepare(raw []byte) ([]byte, error) {
	if first := bytes.TrimSpace(raw); len(first) == 0 || first[0] != '{' {
		converted, err := yaml.YAMLToJSON(raw)
		if err != nil {
			return nil, fmt.Errorf("read the description: %w", err)
		}
		raw = converted
	}
	if err := json.Unmarshal(raw, &p.document); err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	if version, _ := p.document["openapi"].(string); !strings.HasPrefix(version, "3.") {
		return nil, errors.New("read the description: it is not of OpenAPI 3")
	}
	for _, amend := range p.amendments {
		if err := amend(p.document); err != nil {
			return nil, fmt.Errorf("amend the description: %w", err)
		}
	}
	for _, name := range p.open {
		if _, ok := p.component(name); !ok {
			p.faults = append(p.faults, fmt.Errorf("there is no schema %s to leave open", name))
		}
	}
	p.look("", p.document, p.flatten)
	p.look("", p.document, p.strict)
	if err := errors.Join(p.faults...); err != nil {
		return nil, err
	}
	return json.Marshal(p.document)
}

// component is the schema of that name.
func (p *preparation) component(name string) (node, bool) {
	components, _ := p.document["components"].(node)
	schemas, _ := components["schemas"].(node)
	schema, ok := schemas[name].(node)
	return schema, ok
}

// visitor is called for each schema, the inner ones first. keep says that the schema
// is a part of another, which says what further properties there are, or is to be
// left open.
type visitor func(place string, schema node, keep bool)

// look finds the schemas beneath a part of a description that is no schema itself.
func (p *preparation) look(place string, part any, visit visitor) {
	switch part := part.(type) {
	case node:
		for _, name := range slices.Sorted(maps.Keys(part)) {
			value, place := part[name], place+"/"+name
			switch {
			case name == "schema":
				p.schema(place, value, false, visit)
			case name == "schemas" && place == "/components/schemas":
				schemas, _ := value.(node)
				for _, name := range slices.Sorted(maps.Keys(schemas)) {
					p.schema(place+"/"+name, schemas[name], slices.Contains(p.open, name), visit)
				}
			case name == "example" || name == "examples" || strings.HasPrefix(name, "x-"):
			default:
				p.look(place, value, visit)
			}
		}
	case []any:
		for i, value := range part {
			p.look(fmt.Sprintf("%s/%d", place, i), value, visit)
		}
	}
}

// schema visits a schema and those in it.
func (p *preparation) schema(place string, value any, keep bool, visit visitor) {
	schema, ok := value.(node)
	if _, refers := schema["$ref"]; !ok || refers {
		return
	}
	for _, word := range []string{"properties", "patternProperties", "$defs"} {
		named, _ := schema[word].(node)
		for _, name := range slices.Sorted(maps.Keys(named)) {
			p.schema(place+"/"+name, named[name], false, visit)
		}
	}
	for _, word := range []string{"items", "additionalProperties"} {
		p.schema(place+"/"+word, schema[word], false, visit)
	}
	_, has := schema["properties"]
	for _, word := range alternatives() {
		branches, _ := schema[word].([]any)
		for i, branch := range branches {
			p.schema(fmt.Sprintf("%s/%s/%d", place, word, i), branch, has || word == "allOf", visit)
		}
	}
	visit(place, schema, keep)
}

func alternatives() []string { return []string{"allOf", "anyOf", "oneOf"} }

// flatten puts the properties of all parts of an allOf into one object, which can be
// closed. An allOf of one part is that part.
func (p *preparation) flatten(_ string, schema node, _ bool) {
	parts, ok := schema["allOf"].([]any)
	if !ok {
		return
	}
	if _, has := schema["properties"]; !has && len(parts) == 1 {
		part, _ := parts[0].(node)
		delete(schema, "allOf")
		maps.Copy(schema, part)
		if _, refers := part["$ref"]; refers {
			maps.DeleteFunc(schema, func(name string, _ any) bool { return name != "$ref" && name != "description" })
		}
		return
	}
	whole := node{}
	if !p.gather(schema, whole, 0) {
		return
	}
	delete(schema, "allOf")
	maps.Copy(schema, whole)
}

// maxDepth of parts within parts.
const maxDepth = 16

// gather adds an object's properties and those of its parts to the whole. It is
// false if a part says more than that.
func (p *preparation) gather(part, whole node, depth int) bool {
	if ref, refers := part["$ref"].(string); refers {
		name, local := strings.CutPrefix(ref, "#/components/schemas/")
		target, known := p.component(name)
		return local && known && depth < maxDepth && p.gather(target, whole, depth+1)
	}
	for word, value := range part {
		switch word {
		case "properties":
			into(whole, word)
			maps.Copy(whole[word].(node), value.(node))
		case "required":
			known, _ := whole[word].([]any)
			whole[word] = append(slices.Clone(known), value.([]any)...)
		case "allOf":
			for _, inner := range value.([]any) {
				if inner, ok := inner.(node); !ok || !p.gather(inner, whole, depth+1) {
					return false
				}
			}
		case "type":
			if value != "object" {
				return false
			}
			whole[word] = value
		case "title", "description", "example", "examples", "externalDocs", "deprecated", "additionalProperties":
		default:
			if !strings.HasPrefix(word, "x-") {
				return false
			}
		}
	}
	return true
}

func into(whole node, word string) {
	if _, ok := whole[word]; !ok {
		whole[word] = node{}
	}
}

// strict closes an object whose properties are described to all others, and finds
// patterns that can't be checked.
func (p *preparation) strict(place string, schema node, keep bool) {
	p.pattern(place, schema)
	p.modern = p.modern || isModern(schema)
	properties, described := schema["properties"].(node)
	_, said := schema["additionalProperties"]
	if !described || said || keep {
		return
	}
	for _, word := range alternatives() {
		branches, _ := schema[word].([]any)
		for _, branch := range branches {
			if !p.within(branch, properties) {
				return
			}
		}
	}
	schema["additionalProperties"] = false
}

// within says that a branch describes no properties but these.
func (p *preparation) within(branch any, properties node) bool {
	schema, _ := branch.(node)
	if ref, refers := schema["$ref"].(string); refers {
		schema, _ = p.component(strings.TrimPrefix(ref, "#/components/schemas/"))
	}
	own, _ := schema["properties"].(node)
	for name := range own {
		if _, ok := properties[name]; !ok {
			return false
		}
	}
	return true
}

// pattern makes sure that a pattern can be checked.
func (p *preparation) pattern(place string, schema node) {
	pattern, ok := schema["pattern"].(string)
	if !ok {
		return
	}
	if equivalent, ok := p.patterns[pattern]; ok {
		pattern, schema["pattern"] = equivalent, equivalent
	}
	if _, err := regexp.Compile(codePoint().ReplaceAllString(pattern, `\x{$1}`)); err != nil {
		p.faults = append(p.faults, fmt.Errorf("%s: the pattern can't be checked (see spectest.Pattern): %w", place, err))
	}
}

// codePoint is how JavaScript's patterns name a character; the validator knows it.
func codePoint() *regexp.Regexp { return regexp.MustCompile(`\\u([0-9A-F]{4})`) }

// isModern says whether a schema has words that JSON Schema 2020-12 brought to
// OpenAPI 3.1.
func isModern(schema node) bool {
	for _, word := range []string{
		"$defs", "$dynamicRef", "const", "contains", "dependentRequired", "dependentSchemas", "else", "if", "patternProperties",
		"prefixItems", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
	} {
		if _, has := schema[word]; has {
			return true
		}
	}
	_, several := schema["type"].([]any)
	_, number := schema["exclusiveMinimum"].(float64)
	_, other := schema["exclusiveMaximum"].(float64)
	return several || number || other
}
