package wire

import (
	"slices"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func good() *paymentsv1.AuthorizeRequest {
	return &paymentsv1.AuthorizeRequest{
		Reference: "order-1", Amount: &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: 1050},
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
			Number: "4242424242424242", ExpiryMonth: 12, ExpiryYear: 2030, SecurityCode: "123",
		}}},
	}
}

// newerField is a field that no contract of today has, as it arrives.
func newerField() []byte {
	return protowire.AppendString(protowire.AppendTag(nil, 4000, protowire.BytesType), "from the future")
}

// arrived returns the message as it arrives with further raw fields behind it.
func arrived[M proto.Message](t *testing.T, m M, further ...[]byte) M {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range further {
		raw = append(raw, f...)
	}
	got := m.ProtoReflect().New().Interface()
	if err := proto.Unmarshal(raw, got); err != nil {
		t.Fatal(err)
	}
	return got.(M)
}

// newerMethod is a payment method of a family that this binary does not know.
func newerMethod() []byte {
	const paymentMethodField = 4
	return protowire.AppendBytes(protowire.AppendTag(nil, paymentMethodField, protowire.BytesType), newerField())
}

// newerEnum is a capture method with a number that is not defined here.
func newerEnum() []byte {
	const captureMethodField = 3
	return protowire.AppendVarint(protowire.AppendTag(nil, captureMethodField, protowire.VarintType), 77)
}

func without(change func(*paymentsv1.AuthorizeRequest)) *paymentsv1.AuthorizeRequest {
	req := good()
	change(req)
	return req
}

// check is what Check and CheckAcrossVersions find: "field RULE" each.
func check(t *testing.T, v *Validator, m proto.Message, across bool) []string {
	t.Helper()
	do := v.Check
	if across {
		do = v.CheckAcrossVersions
	}
	violations, err := do(m)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, violation := range violations {
		if violation.GetDescription() == "" {
			t.Errorf("%s has no description", violation.GetField())
		}
		found = append(found, violation.GetField()+" "+violation.GetReason())
	}
	slices.Sort(found)
	return found
}

func TestValidator(t *testing.T) {
	v := &Validator{}
	noMethod := without(func(r *paymentsv1.AuthorizeRequest) { r.PaymentMethod = nil })
	badCard := without(func(r *paymentsv1.AuthorizeRequest) {
		r.GetPaymentMethod().GetCard().Number = "4242"
		r.GetPaymentMethod().GetCard().ExpiryMonth = 13
	})
	badMoney := without(func(r *paymentsv1.AuthorizeRequest) {
		r.Amount = &paymentsv1.Money{CurrencyCode: "XXX"}
		r.Reference = ""
	})
	newerBelow := good()
	newerBelow.GetPaymentMethod().GetCard().ProtoReflect().SetUnknown(newerField())
	newerBelow.Reference = ""
	for name, test := range map[string]struct {
		m      proto.Message
		want   []string // of Check
		across []string // of CheckAcrossVersions
	}{
		"good":                  {good(), nil, nil},
		"good, further field":   {arrived(t, good(), newerField()), nil, nil},
		"no method":             {noMethod, []string{"payment_method REQUIRED"}, []string{"payment_method REQUIRED"}},
		"newer method":          {arrived(t, noMethod, newerMethod()), []string{"payment_method.method REQUIRED"}, nil},
		"no method, newer":      {arrived(t, noMethod, newerField()), []string{"payment_method REQUIRED"}, nil},
		"newer enum":            {arrived(t, good(), newerEnum()), []string{"capture_method ENUM_DEFINED_ONLY"}, nil},
		"newer below":           {newerBelow, []string{"reference REQUIRED"}, nil},
		"bad card":              {badCard, []string{"payment_method.card.expiry_month INT32_GTE_LTE", "payment_method.card.number STRING_PATTERN"}, []string{"payment_method.card.expiry_month INT32_GTE_LTE", "payment_method.card.number STRING_PATTERN"}},
		"bad card, newer field": {arrived(t, badCard, newerField()), []string{"payment_method.card.expiry_month INT32_GTE_LTE", "payment_method.card.number STRING_PATTERN"}, []string{"payment_method.card.expiry_month INT32_GTE_LTE", "payment_method.card.number STRING_PATTERN"}},
		"bad card, newer enum":  {arrived(t, badCard, newerEnum()), []string{"capture_method ENUM_DEFINED_ONLY", "payment_method.card.expiry_month INT32_GTE_LTE", "payment_method.card.number STRING_PATTERN"}, []string{"payment_method.card.expiry_month INT32_GTE_LTE", "payment_method.card.number STRING_PATTERN"}},
		"bad money":             {badMoney, []string{"amount AMOUNT_POSITIVE", "amount.currency_code CURRENCY_ISO4217", "reference REQUIRED"}, []string{"amount AMOUNT_POSITIVE", "amount.currency_code CURRENCY_ISO4217", "reference REQUIRED"}},
		"bad money, newer":      {arrived(t, badMoney, newerField()), []string{"amount AMOUNT_POSITIVE", "amount.currency_code CURRENCY_ISO4217", "reference REQUIRED"}, []string{"amount AMOUNT_POSITIVE", "amount.currency_code CURRENCY_ISO4217"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := check(t, v, test.m, false); !slices.Equal(got, test.want) {
				t.Errorf("Check: got %q, want %q", got, test.want)
			}
			if got := check(t, v, test.m, true); !slices.Equal(got, test.across) {
				t.Errorf("CheckAcrossVersions: got %q, want %q", got, test.across)
			}
		})
	}
}

// Newer content is found wherever a message may have it, and nowhere else.
func TestNewerThanUs(t *testing.T) {
	card := func() *paymentsv1.Card { return &paymentsv1.Card{Network: "visa"} }
	newerCard := card()
	newerCard.ProtoReflect().SetUnknown(newerField())
	full := good()
	full.Metadata = map[string]string{"a": "b"}
	full.ConnectorOptions = &structpb.Struct{Fields: map[string]*structpb.Value{
		"list": structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{structpb.NewNullValue(), structpb.NewNumberValue(1)}}),
	}}
	deep := proto.CloneOf(full)
	deep.GetConnectorOptions().GetFields()["list"].GetListValue().GetValues()[1].ProtoReflect().SetUnknown(newerField())
	shapes := newerShapes(t)
	for name, test := range map[string]struct {
		m    proto.Message
		want bool
	}{
		"empty":                    {&paymentsv1.AuthorizeRequest{}, false},
		"full":                     {full, false},
		"unknown field":            {newerCard, true},
		"in a oneof":               {&paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: newerCard}}, true},
		"in a map, in a list":      {deep, true},
		"enum":                     {&paymentsv1.AuthorizeRequest{CaptureMethod: 77}, true},
		"defined enum":             {&paymentsv1.AuthorizeRequest{CaptureMethod: 2}, false},
		"enum list":                {shapes(`list: [SENSITIVITY_SECRET, 77]`), true},
		"defined enum list":        {shapes(`list: [SENSITIVITY_SECRET]`), false},
		"enum map":                 {shapes(`map { key: "a" value: 77 }`), true},
		"defined enum map":         {shapes(`map { key: "a" value: SENSITIVITY_SECRET }`), false},
		"map without more to find": {&paymentsv1.Redirect{FormFields: map[string]string{"a": "b"}}, false},
	} {
		if got := newerThanUs(test.m.ProtoReflect()); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// The rules of a message are read when it is first seen, by many at once.
func TestValidator_concurrent(t *testing.T) {
	var v Validator
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, m := range []proto.Message{good(), &paymentsv1.CaptureRequest{}, &paymentsv1.VoidRequest{PaymentId: "p"}} {
				found, err := v.Check(m)
				_, isCapture := m.(*paymentsv1.CaptureRequest)
				if err != nil || (len(found) > 0) != isCapture {
					t.Errorf("%T: got %v %v", m, found, err)
				}
			}
		})
	}
	group.Wait()
}
