package api

import "encoding/json"

// Event is what a webhook brings. Data.Object is what it is about, as it was when
// the event was made, and nothing in it is expanded.
// Source: https://docs.stripe.com/api/events/object.
type Event struct {
	ID         string    `json:"id"`
	Object     string    `json:"object"`
	Account    string    `json:"account"` // the connected account, if it is one's
	APIVersion string    `json:"api_version"`
	Created    int64     `json:"created"`
	Data       EventData `json:"data"`
	Type       string    `json:"type"`
}

// EventData holds the object of an event.
type EventData struct {
	Object json.RawMessage `json:"object"`
}

// Named is what every object of Stripe's says of itself.
type Named struct {
	ID     string `json:"id"`
	Object string `json:"object"`
}

// ReadEvent reads the body of a webhook.
func ReadEvent(body []byte) (event *Event, about Named, err error) {
	event = &Event{}
	if err := json.Unmarshal(body, event); err != nil {
		return nil, about, err
	}
	if event.Object != "event" || event.ID == "" || event.Type == "" {
		return nil, about, errNotAsked
	}
	if event.Data.Object != nil {
		err = json.Unmarshal(event.Data.Object, &about)
	}
	return event, about, err
}

// Read reads the object of an event.
func Read[T any, P shape[T]](raw []byte) (P, error) {
	into := P(new(T))
	err := json.Unmarshal(raw, into)
	if err == nil && !into.valid() {
		err = errNotAsked
	}
	return into, err
}
