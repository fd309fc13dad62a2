package psp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// result is what an operation says when it was done.
type result struct {
	status int
	body   any
	charge string // the id of the payment that the request created, if it did
}

// answer is one HTTP answer, kept for replays where it is final.
type answer struct {
	status     int
	body       []byte
	retryAfter string
	charge     string
	final      bool // a repeat with the same key gets this answer again
}

// apiError is a refusal or failure, told in the body as {"error": {…}}.
type apiError struct {
	status     int
	retryAfter string

	Code    string `json:"code"`
	Message string `json:"message"`
	// Param is the field at fault. Example: "payment_method.card.number".
	Param string `json:"param,omitempty"`
	// NothingDone is true if a server error surely had no effect.
	NothingDone bool `json:"nothing_done,omitempty"`
}

// Error implements error.
func (e *apiError) Error() string { return e.Code + ": " + e.Message }

func refuse(status int, code, param, format string, args ...any) *apiError {
	return &apiError{status: status, Code: code, Param: param, Message: fmt.Sprintf(format, args...)}
}

func success(r result) answer {
	return answer{status: r.status, body: encode(r.body), charge: r.charge, final: true}
}

// failure makes the answer of an error. A refusal that depends on state is
// final; one of form is not, nor is a failure of the PSP's own.
func failure(err error) answer {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{status: http.StatusInternalServerError, Code: "internal_error", Message: err.Error()}
	}
	return answer{
		status:     e.status,
		body:       encode(map[string]*apiError{"error": e}),
		retryAfter: e.retryAfter,
		final:      e.status == http.StatusConflict || e.status == http.StatusNotFound,
	}
}

func (a answer) send(w http.ResponseWriter, replayed bool) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if a.retryAfter != "" {
		h.Set("Retry-After", a.retryAfter)
	}
	if replayed {
		h.Set(ReplayedHeader, "true")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may be gone; what was done stays done
}

// encode writes one of the package's own types as JSON.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("psp: encode %T: %v", v, err))
	}
	return b.Bytes()
}

// decode reads a request body strictly; an empty body is an empty object.
func decode(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		_, err = dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("there is more than one JSON value")
	}
	var typ *json.UnmarshalTypeError
	param := ""
	if errors.As(err, &typ) {
		param = typ.Field
	}
	return refuse(http.StatusBadRequest, "invalid_request", param, "the body can't be read: %v", err)
}
