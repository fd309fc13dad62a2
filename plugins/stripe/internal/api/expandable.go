package api

import "encoding/json"

// unmarshalExpandable reads both forms of an expandable field: the id alone, and
// the whole object.
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

// List is one page of a list or a search.
// Source: https://docs.stripe.com/api/pagination.
type List[T any] struct {
	Object   string `json:"object"`
	Data     []T    `json:"data"`
	HasMore  bool   `json:"has_more"`
	NextPage string `json:"next_page"` // of a search
}

func (l *List[T]) valid() bool {
	return l.Object == "list" && l.Data != nil || l.Object == "search_result" && l.Data != nil
}

// ListParams choose a page of a list.
type ListParams struct {
	Limit         int           `form:"limit"`
	StartingAfter string        `form:"starting_after"`
	Created       *CreatedRange `form:"created"`
	Expand        []string      `form:"expand"`
}

// CreatedRange chooses by the time of creation, in Unix seconds.
type CreatedRange struct {
	From   int64 `form:"gte"`
	Before int64 `form:"lt"`
}

type expandParams struct {
	Expand []string `form:"expand"`
}
