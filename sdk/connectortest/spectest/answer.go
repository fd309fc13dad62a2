package spectest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// CheckAnswer holds an answer to a request of the method and path against the
// description and returns what is wrong with it.
func (s *Spec) CheckAnswer(method, path string, status int, header http.Header, body []byte) []string {
	address, err := url.Parse(path)
	if err != nil {
		return []string{err.Error()}
	}
	op, _, err := s.find(method, s.base, address)
	if err != nil {
		return []string{err.Error()}
	}
	return s.answer(op, status, header, body, nil)
}

// answer checks an answer's status, content type and body. A status that is among
// the undescribed ones is let pass, whatever its body, if the description says
// nothing of it.
func (s *Spec) answer(op *operation, status int, header http.Header, body []byte, undescribed []int) []string {
	described := op.Responses.Status(status)
	if described == nil && slices.Contains(undescribed, status) {
		return nil
	}
	if described == nil {
		described = op.Responses.Default()
	}
	switch {
	case described == nil:
		return []string{fmt.Sprintf("the status %d is not described", status)}
	case len(described.Value.Content) == 0 && len(body) > 0:
		return []string{fmt.Sprintf("the description has no body for an answer of status %d", status)}
	case len(described.Value.Content) == 0:
		return nil
	}
	value, schema, err := s.decode(described.Value.Content, header.Get("Content-Type"), body)
	if err != nil {
		return []string{err.Error()}
	}
	return s.problems(schema, value, openapi3.VisitAsResponse())
}
