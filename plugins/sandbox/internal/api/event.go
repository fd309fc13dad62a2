package api

import (
	"encoding/json"
	"time"
)

// Event is what a webhook says.
type Event struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Account  string          `json:"account"`
	Object   string          `json:"object"` // what Data is. Example: "payment"
	ObjectID string          `json:"object_id"`
	Created  time.Time       `json:"created"`
	Data     json.RawMessage `json:"data"`
}

// Read reads the data of an event as strictly as an answer.
func Read[A any, P pointer[A]](data json.RawMessage) (a A, err error) {
	if err := json.Unmarshal(data, &a); err != nil {
		return a, &MalformedError{Cause: err}
	}
	if !P(&a).complete() {
		return a, &MalformedError{}
	}
	return a, nil
}
