package api

import "testing"

func TestEncode(t *testing.T) {
	no := false
	for name, tt := range map[string]struct {
		params any
		want   string
	}{
		"nothing":             {nil, ""},
		"zero values":         {CreatePaymentIntentParams{}, ""},
		"pointer to false":    {CapturePaymentIntentParams{FinalCapture: &no}, "final_capture=false"},
		"pointer to a struct": {CreatePaymentIntentParams{PaymentMethodData: &PaymentMethodData{Card: &Card{ExpMonth: 7}}}, "payment_method_data%5Bcard%5D%5Bexp_month%5D=7"},
		"struct":              {PaymentMethodOptions{Card: CardOptions{Network: "visa"}}, "card%5Bnetwork%5D=visa"},
		"list":                {expandParams{[]string{"a", "b"}}, "expand%5B0%5D=a&expand%5B1%5D=b"},
		"map":                 {CreateRefundParams{Metadata: map[string]string{"k": "", "l": "a&b=c"}}, "metadata%5Bk%5D=&metadata%5Bl%5D=a%26b%3Dc"},
		"text that is not ASCII": {CreatePaymentIntentParams{Description: "Zwölf + 1", Confirm: true, Amount: 5},
			"amount=5&confirm=true&description=Zw%C3%B6lf+%2B+1"},
	} {
		if got := encode(tt.params).Encode(); got != tt.want {
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
	encode(struct {
		Rate float64 `form:"rate"`
	}{1.5})
}
