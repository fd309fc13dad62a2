package sdk

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
)

func TestOptions(t *testing.T) {
	type options struct {
		Store string `json:"store"`
		Count int    `json:"count,omitempty"`
		When  string `json:"when" oneof:"always,never"`
	}
	given := func(members map[string]any) *structpb.Struct {
		s, err := structpb.NewStruct(members)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	got, err := Options[options](given(map[string]any{"store": "north", "count": 3, "when": "never"}))
	if err != nil || got != (options{"north", 3, "never"}) {
		t.Errorf("options are %+v, %v", got, err)
	}
	if got, err := Options[options](nil); err != nil || got != (options{}) {
		t.Errorf("no options are %+v, %v", got, err)
	}
	for want, members := range map[string]map[string]any{
		"connector_options.stroe": {"stroe": "hidden-value", "store": "north"},
		"connector_options.store": {"store": map[string]any{"x": "hidden-value"}},
		"connector_options.count": {"count": "hidden-value"},
		"connector_options.when":  {"when": "hidden-value"},
	} {
		_, err := Options[options](given(members))
		var refused *Error
		if !errors.As(err, &refused) || refused.Kind != InvalidRequest || len(refused.Fields) != 1 || refused.Fields[0].Field != want {
			t.Errorf("%v: error is %v, want an InvalidRequest at %s", members, err, want)
			continue
		}
		if strings.Contains(err.Error(), "hidden-value") {
			t.Errorf("%v is quoted: %v", members, err)
		}
	}
	if _, err := Options[NoOptions](given(map[string]any{"store": "north"})); err == nil {
		t.Error("an operation without options took one")
	}
}
