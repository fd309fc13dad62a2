package form

import (
	"testing"
)

type card struct {
	Number   string `form:"number"`
	ExpMonth int32  `form:"exp_month"`
}

type page struct {
	Limit int `form:"limit"`
}

type params struct {
	page
	Amount      int64             `form:"amount"`
	Description string            `form:"description"`
	Confirm     bool              `form:"confirm"`
	Final       *bool             `form:"final"`
	Email       *string           `form:"email"`
	Card        *card             `form:"card"`
	Options     card              `form:"options"`
	Expand      []string          `form:"expand"`
	Lines       []card            `form:"lines"`
	Labels      map[string]string `form:"labels"`
	Named       map[string]map[string]string
}

func TestEncode(t *testing.T) {
	no, empty := false, ""
	for name, tt := range map[string]struct {
		params any
		want   string
	}{
		"nothing":             {nil, ""},
		"a nil pointer":       {(*params)(nil), ""},
		"zero values":         {params{}, ""},
		"pointers to zero":    {params{Final: &no, Email: &empty}, "email=&final=false"},
		"pointer to a struct": {&params{Card: &card{ExpMonth: 7}}, "card%5Bexp_month%5D=7"},
		"struct":              {params{Options: card{Number: "42"}}, "options%5Bnumber%5D=42"},
		"a member's member": {struct {
			Online struct {
				IP string `form:"device[ip]"`
			} `form:"online"`
		}{struct {
			IP string `form:"device[ip]"`
		}{"::1"}}, "online%5Bdevice%5D%5Bip%5D=%3A%3A1"},
		"embedded struct":        {params{page: page{Limit: 5}}, "limit=5"},
		"list":                   {params{Expand: []string{"a", "b"}}, "expand%5B0%5D=a&expand%5B1%5D=b"},
		"list of structs":        {params{Lines: []card{{Number: "1"}, {Number: "2"}}}, "lines%5B0%5D%5Bnumber%5D=1&lines%5B1%5D%5Bnumber%5D=2"},
		"map with an empty text": {params{Labels: map[string]string{"k": "", "l": "a&b=c"}}, "labels%5Bk%5D=&labels%5Bl%5D=a%26b%3Dc"},
		"map without a tag":      {params{Named: map[string]map[string]string{"ideal": {"bank": "ing"}}}, "ideal%5Bbank%5D=ing"},
		"text that is not ASCII": {params{Description: "Zwölf + 1", Confirm: true, Amount: 5}, "amount=5&confirm=true&description=Zw%C3%B6lf+%2B+1"},
	} {
		if got := Encode(tt.params).Encode(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestEncodeRefusesOtherKinds(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a float was encoded")
		}
	}()
	Encode(struct {
		Rate float64 `form:"rate"`
	}{1.5})
}
