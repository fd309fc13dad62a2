package api

import (
	"encoding/json"
	"slices"
)

// unmarshalExpandable reads both forms of an expandable field: the whole object, and the
// id alone. Of one that Stripe did not expand only the ID is set.
// Source: https://docs.stripe.com/api/expanding_objects.
func unmarshalExpandable(raw []byte, id *string, whole any) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, id)
	}
	return json.Unmarshal(raw, whole)
}

// ID is the id of an object, whether it was expanded or not.
type ID string

// UnmarshalJSON implements json.Unmarshaler.
func (i *ID) UnmarshalJSON(raw []byte) error {
	var object struct {
		ID string `json:"id"`
	}
	err := unmarshalExpandable(raw, &object.ID, &object)
	*i = ID(object.ID)
	return err
}

// Expand asks for what the answer is to hold whole.
func Expand(names ...string) any {
	return struct {
		Expand []string `form:"expand"`
	}{names}
}

// List is one page of a list or a search.
// Source: https://docs.stripe.com/api/pagination.
type List[T any] struct {
	Object   string `json:"object"`
	Data     []T    `json:"data"`
	HasMore  bool   `json:"has_more"`
	NextPage string `json:"next_page"` // of a search
}

func (l *List[T]) valid() bool {
	return (l.Object == "list" || l.Object == "search_result") && l.Data != nil
}

// ListParams choose a page of a list or a search. Times are Unix seconds.
// Sources: https://docs.stripe.com/api/pagination, https://docs.stripe.com/search.
type ListParams struct {
	Limit         int      `form:"limit"`
	StartingAfter string   `form:"starting_after"`
	CreatedFrom   int64    `form:"created[gte]"`
	CreatedBefore int64    `form:"created[lt]"`
	PaymentIntent string   `form:"payment_intent"` // of disputes
	Query         string   `form:"query"`          // of a search
	Page          string   `form:"page"`           // of a search
	Expand        []string `form:"expand"`
}

// Named is an object of which the id is enough, or nearly: an account, a token, a file.
type Named struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	Size   int64  `json:"size"` // of a file
}

func (n *Named) valid() bool {
	return slices.Contains([]string{"account", "file", "token"}, n.Object) && n.ID != ""
}

// Customer is who pays, as Stripe keeps them.
type Customer struct {
	ID           string            `json:"id"`
	Object       string            `json:"object"`
	Address      *Address          `json:"address"`
	BusinessName string            `json:"business_name"`
	Created      int64             `json:"created"`
	Deleted      bool              `json:"deleted"` // then there is nothing but the id
	Email        string            `json:"email"`
	Metadata     map[string]string `json:"metadata"`
	Name         string            `json:"name"`
	Phone        string            `json:"phone"`
	Shipping     *Shipping         `json:"shipping"`
}

func (c *Customer) valid() bool { return is("customer", c.Object, c.ID) }

// BillingDetails is who pays.
type BillingDetails struct {
	Name    string  `form:"name" json:"name"`
	Email   string  `form:"email" json:"email"`
	Phone   string  `form:"phone" json:"phone"`
	Address Address `form:"address" json:"address"`
}

// Address is a postal address.
type Address struct {
	Line1      string `form:"line1" json:"line1"`
	Line2      string `form:"line2" json:"line2"`
	City       string `form:"city" json:"city"`
	State      string `form:"state" json:"state"`
	PostalCode string `form:"postal_code" json:"postal_code"`
	Country    string `form:"country" json:"country"`
}

// Shipping is where goods go, and to whom.
type Shipping struct {
	Name           string  `form:"name" json:"name"`
	Phone          string  `form:"phone" json:"phone"`
	Address        Address `form:"address" json:"address"`
	Carrier        string  `form:"carrier" json:"carrier"`
	TrackingNumber string  `form:"tracking_number" json:"tracking_number"`
}

// Payout is money on its way from Stripe's balance to the merchant's account.
type Payout struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	Amount         int64             `json:"amount"`
	ArrivalDate    int64             `json:"arrival_date"`
	Created        int64             `json:"created"`
	Currency       string            `json:"currency"`
	Destination    ID                `json:"destination"`
	FailureCode    string            `json:"failure_code"`
	FailureMessage string            `json:"failure_message"`
	Metadata       map[string]string `json:"metadata"`
	Method         string            `json:"method"`
	Status         string            `json:"status"`
	Type           string            `json:"type"`
}

func (p *Payout) valid() bool { return is("payout", p.Object, p.ID, p.Currency, p.Status) }

// Event is what a webhook brings.
type Event struct {
	ID         string `json:"id"`
	Object     string `json:"object"`
	Account    string `json:"account"` // the connected account, if it is one's
	APIVersion string `json:"api_version"`
	Created    int64  `json:"created"`
	Data       struct {
		Object EventObject `json:"object"`
	} `json:"data"`
	Type string `json:"type"`
}

func (e *Event) valid() bool { return is("event", e.Object, e.ID, e.Type) }

// EventObject is what an event is about, as it was when the event was made: what
// every object says of itself, and the whole of it, in which nothing is expanded.
type EventObject struct {
	ID     string          `json:"id"`
	Object string          `json:"object"`
	Raw    json.RawMessage `json:"-"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *EventObject) UnmarshalJSON(raw []byte) error {
	type plain EventObject // without this method
	o.Raw = append(json.RawMessage(nil), raw...)
	return json.Unmarshal(raw, (*plain)(o))
}
