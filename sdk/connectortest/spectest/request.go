package spectest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// CheckRequest holds a request against the description and returns what is wrong with
// it. The request's body can be read again.
func (s *Spec) CheckRequest(r *http.Request) []string {
	_, problems := s.request(r, s.base)
	return problems
}

// request checks a request whose path begins with base.
func (s *Spec) request(r *http.Request, base string) (*operation, []string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, []string{"the body can't be read: " + err.Error()}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	op, path, err := s.find(r.Method, base, r.URL)
	if err != nil {
		return nil, []string{err.Error()}
	}
	problems := s.parameters(op, r, path)
	problems = append(problems, s.query(op, r.URL.RawQuery)...)
	problems = append(problems, s.credentials(op, r)...)
	return op, append(problems, s.requestBody(op, r.Header.Get("Content-Type"), body)...)
}

// parameters checks what is in the path and in headers.
func (s *Spec) parameters(op *operation, r *http.Request, path map[string]string) (problems []string) {
	for _, ref := range op.parameters {
		p := ref.Value
		var value string
		var present bool
		switch {
		case p.In == openapi3.ParameterInPath:
			value, present = path[p.Name]
		case p.In == openapi3.ParameterInHeader && !slices.Contains([]string{"Accept", "Authorization", "Content-Type"}, http.CanonicalHeaderKey(p.Name)):
			value, present = r.Header.Get(p.Name), len(r.Header.Values(p.Name)) > 0
		default:
			continue
		}
		if !present {
			if p.Required {
				problems = append(problems, missing(p.In, p.Name))
			}
			continue
		}
		for _, problem := range s.problems(p.Schema, s.coerce(value, p.Schema)) {
			problems = append(problems, p.In+" "+p.Name+": "+problem)
		}
	}
	return problems
}

// query checks the query. What the description does not have is a finding.
func (s *Spec) query(op *operation, raw string) (problems []string) {
	form, err := url.ParseQuery(raw)
	if err != nil {
		return []string{"the query: " + err.Error()}
	}
	literal := map[string]any{} // names that are described with their brackets
	for _, ref := range op.parameters {
		if name := ref.Value.Name; ref.Value.In == openapi3.ParameterInQuery && strings.Contains(name, "[") && form.Has(name) {
			literal[name] = listOf(form[name])
			delete(form, name)
		}
	}
	given, err := tree(form)
	if err != nil {
		return []string{"the query: " + err.Error()}
	}
	maps.Copy(given, literal)
	for _, ref := range op.parameters {
		p := ref.Value
		if p.In != openapi3.ParameterInQuery {
			continue
		}
		value, present := given[p.Name]
		delete(given, p.Name)
		switch {
		case present:
			for _, problem := range s.problems(p.Schema, s.coerce(asList(value, p), p.Schema)) {
				problems = append(problems, "query "+p.Name+": "+problem)
			}
		case p.Required:
			problems = append(problems, missing("query", p.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		problems = append(problems, fmt.Sprintf("query %q is not described", name))
	}
	return problems
}

func listOf(texts []string) any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}

// asList reads the one value of a parameter that is a list: a=1, or a=1,2.
func asList(value any, p *openapi3.Parameter) any {
	text, single := value.(string)
	if !single || p.Schema == nil || !p.Schema.Value.Type.Includes("array") || p.Style == openapi3.SerializationDeepObject {
		return value
	}
	if p.Explode != nil && !*p.Explode {
		return listOf(strings.Split(text, ","))
	}
	return []any{text}
}

// credentials makes sure that a request bears those that the description demands, in
// one of its ways. Whether they are right is the PSP's matter.
func (s *Spec) credentials(op *operation, r *http.Request) []string {
	if len(op.security) == 0 || s.doc.Components == nil {
		return nil
	}
	for _, way := range op.security {
		complete := true
		for name := range way {
			ref := s.doc.Components.SecuritySchemes[name]
			complete = complete && ref != nil && bears(r, ref.Value)
		}
		if complete {
			return nil
		}
	}
	return []string{"the request bears none of the credentials that are described"}
}

func bears(r *http.Request, scheme *openapi3.SecurityScheme) bool {
	switch {
	case scheme.Type == "apiKey" && scheme.In == "header":
		return r.Header.Get(scheme.Name) != ""
	case scheme.Type == "apiKey" && scheme.In == "query":
		return r.URL.Query().Get(scheme.Name) != ""
	case scheme.Type == "http":
		kind, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		return strings.EqualFold(kind, scheme.Scheme) && value != ""
	case scheme.Type == "oauth2", scheme.Type == "openIdConnect":
		kind, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		return strings.EqualFold(kind, "Bearer") && value != ""
	}
	return false
}

// requestBody checks the body of a request.
func (s *Spec) requestBody(op *operation, contentType string, body []byte) []string {
	described := op.RequestBody
	switch {
	case described == nil && len(body) > 0:
		return []string{"the description has no body for this operation"}
	case described == nil:
		return nil
	case len(body) == 0 && described.Value.Required:
		return []string{"the body is required and missing"}
	case len(body) == 0 && contentType == "":
		return nil
	}
	value, schema, err := s.decode(described.Value.Content, contentType, body)
	if err != nil {
		return []string{err.Error()}
	}
	return s.problems(schema, value, openapi3.VisitAsRequest())
}

// decode reads a body by its content type, into the types of the description's
// schema for it.
func (s *Spec) decode(content openapi3.Content, contentType string, body []byte) (any, *openapi3.SchemaRef, error) {
	kind, words, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, nil, fmt.Errorf("the content type %q can't be read", contentType)
	}
	described := content.Get(kind)
	if described == nil {
		return nil, nil, fmt.Errorf("the content type %q is not described, only %s", kind, strings.Join(slices.Sorted(maps.Keys(content)), ", "))
	}
	var value any
	switch {
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		value, err = decodeJSON(body)
	case kind == "application/x-www-form-urlencoded":
		var form url.Values
		if form, err = url.ParseQuery(string(body)); err == nil {
			value, err = tree(form)
		}
		value = s.coerce(value, described.Schema)
	case kind == "multipart/form-data":
		var form url.Values
		if form, err = parts(body, words["boundary"]); err == nil {
			value, err = tree(form)
		}
		value = s.coerce(value, described.Schema)
	default:
		err = fmt.Errorf("a body of type %s can't be checked", kind)
	}
	return value, described.Schema, err
}

func decodeJSON(body []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("the body is no JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the body goes on after its JSON")
	}
	return value, nil
}

// parts reads a multipart form; a file is its content as text.
func parts(body []byte, boundary string) (url.Values, error) {
	form := url.Values{}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return form, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the multipart body: %w", err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, fmt.Errorf("the multipart body: %w", err)
		}
		form.Add(part.FormName(), string(content))
	}
}
