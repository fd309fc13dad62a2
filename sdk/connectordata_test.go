package sdk

import (
	"maps"
	"slices"
	"testing"
)

func TestConnectorData(t *testing.T) {
	got := ConnectorData(map[string]any{
		"status": "canceled", "reason": "", "count": 0, "disputed": false, "charge": nil, "nested": map[string]any{"id": "1"}, "broken": "\xff", "odd": t,
	})
	if want := []string{"charge", "count", "disputed", "nested", "status"}; !slices.Equal(slices.Sorted(maps.Keys(got.GetFields())), want) {
		t.Errorf("got %v, want the fields %v", got, want)
	}
	if got.GetFields()["status"].GetStringValue() != "canceled" || got.GetFields()["nested"].GetStructValue().GetFields()["id"].GetStringValue() != "1" {
		t.Errorf("got %v", got)
	}
	if got := ConnectorData(map[string]any{"reason": ""}); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}
