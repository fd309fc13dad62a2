package spectest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// explain says in one line each what a validator found, with the place in the value.
func (s *Spec) explain(place string, err error) []string {
	if err == nil {
		return nil
	}
	if several, ok := err.(openapi3.MultiError); ok { //nolint:errorlint // the tree is walked, not searched
		var told []string
		for _, each := range several {
			told = append(told, s.explain(place, each)...)
		}
		return told
	}
	var schema *openapi3.SchemaError
	if !errors.As(err, &schema) {
		return []string{at(place) + err.Error()}
	}
	place = strings.Join(append([]string{place}, schema.JSONPointer()...), "/")
	told := at(place) + schema.Reason
	if closest := s.closest(place, schema); len(closest) > 0 {
		told += "; of the closest: " + strings.Join(closest, ", ")
	}
	return []string{told}
}

func at(place string) string {
	if place == "" {
		return "the body: "
	}
	return strings.TrimPrefix(place, "/") + ": "
}

// closest says what is wrong with a value by the alternative that has least against
// it.
func (s *Spec) closest(place string, err *openapi3.SchemaError) (least []string) {
	if err.Schema == nil || err.SchemaField != "oneOf" && err.SchemaField != "anyOf" || errors.Is(err, openapi3.ErrOneOfConflict) {
		return nil
	}
	for _, branch := range append(err.Schema.OneOf, err.Schema.AnyOf...) {
		problems := s.explain(place, branch.Value.VisitJSON(err.Value, s.visit...))
		if least == nil || len(problems) > 0 && len(problems) < len(least) {
			least = problems
		}
	}
	return least
}

// missing is the finding of something that is required.
func missing(what, name string) string {
	return fmt.Sprintf("%s %q is required and missing", what, name)
}
