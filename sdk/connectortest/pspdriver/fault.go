package pspdriver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Kind is a way in which a request fails.
type Kind string

// The kinds. Those named "after", and all that change an answer, let the PSP do
// what it was asked; the others keep the request from it.
const (
	TimeoutBefore Kind = "timeout_before" // never reaches the PSP, and is never answered
	TimeoutAfter  Kind = "timeout_after"  // the PSP answers, and the answer is withheld
	ResetBefore   Kind = "reset_before"   // never reaches the PSP; the connection is reset
	ResetAfter    Kind = "reset_after"    // the PSP answers; the connection is reset instead
	Status        Kind = "status"         // never reaches the PSP; answered with Status, Header and Body
	Answer        Kind = "answer"         // the PSP answers; its body is replaced with Body, its status with Status if that is given
	Malformed     Kind = "malformed"      // the PSP answers; its body is replaced with a page of HTML
	Truncated     Kind = "truncated"      // the PSP answers; the connection ends within the body
	Huge          Kind = "huge"           // the PSP answers; its body is blown up to 8 MiB and stays well-formed JSON
	Slow          Kind = "slow"           // the PSP answers; the answer begins after DelayMS
	UnknownWord   Kind = "unknown_word"   // the PSP answers; the value at Path of its JSON is replaced with Value
)

// HugeBody is how many bytes the body of an answer has that is blown up.
const HugeBody = 8 << 20

// Fault is one way in which requests fail, as POST /_driver/faults takes it.
type Fault struct {
	Kind Kind `json:"kind"`
	// Times is how many requests fail; 0: all until the fault is removed.
	Times int `json:"times,omitempty"`
	// Match chooses the requests; an empty one chooses all.
	Match Match `json:"match,omitzero"`

	Status  int               `json:"status,omitempty"`   // status, answer
	Header  map[string]string `json:"header,omitempty"`   // status, answer
	Body    string            `json:"body,omitempty"`     // status, answer
	DelayMS int               `json:"delay_ms,omitempty"` // slow
	Path    string            `json:"path,omitempty"`     // unknown_word: names parted by dots, such as "payment.status"
	Value   json.RawMessage   `json:"value,omitempty"`    // unknown_word
}

// Match chooses requests; all that is given must fit.
type Match struct {
	Method     string `json:"method,omitempty"`
	PathPrefix string `json:"path_prefix,omitempty"`
	// Writes chooses methods other than GET and HEAD.
	Writes bool `json:"writes,omitempty"`
	// Contains lists texts of which one must be in the request's path, query,
	// headers or body.
	Contains []string `json:"contains,omitempty"`
}

// check says what is wrong with a fault.
func (f Fault) check() error {
	switch f.Kind {
	case TimeoutBefore, TimeoutAfter, ResetBefore, ResetAfter, Answer, Malformed, Truncated, Huge:
	case Status:
		if f.Status < 200 || f.Status > 599 {
			return errors.New("status: must be 200 to 599")
		}
	case Slow:
		if f.DelayMS <= 0 || f.DelayMS > 600_000 {
			return errors.New("delay_ms: must be 1 to 600000")
		}
	case UnknownWord:
		if f.Path == "" || len(f.Value) == 0 {
			return errors.New("unknown_word wants path and value")
		}
	default:
		return fmt.Errorf("kind: there is no %q", f.Kind)
	}
	if f.Times < 0 {
		return errors.New("times: must not be negative")
	}
	return nil
}

// fits says whether a request is chosen.
func (m Match) fits(r Request) bool {
	if m.Method != "" && m.Method != r.Method || !strings.HasPrefix(r.Path, m.PathPrefix) {
		return false
	}
	if m.Writes && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return false
	}
	return len(m.Contains) == 0 || r.Contains(m.Contains...)
}

// replace puts a value into a JSON document at a path of names. The path must be
// there: a fault that changes nothing would prove nothing.
func replace(document []byte, path string, value json.RawMessage) ([]byte, error) {
	name, rest, deeper := strings.Cut(path, ".")
	var object map[string]json.RawMessage
	if err := json.Unmarshal(document, &object); err != nil {
		return nil, fmt.Errorf("the answer is no JSON object at %q: %w", path, err)
	}
	old, ok := object[name]
	if !ok {
		return nil, fmt.Errorf("the answer has no field %q", name)
	}
	if deeper {
		inner, err := replace(old, rest, value)
		if err != nil {
			return nil, err
		}
		value = inner
	}
	object[name] = value
	return json.Marshal(object)
}
