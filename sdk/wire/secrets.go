package wire

import (
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
)

// Texts shorter than wholeWord are hidden only where they stand alone: a security
// code must not make "[redacted]" of every number that has its digits. Those
// shorter than leastSecret are too common to be looked for.
const (
	leastSecret = 3
	wholeWord   = 8
)

// Secrets lists the texts that a message holds in fields marked sensitive, for
// Hide.
func Secrets(m proto.Message) []string {
	var found []string
	if m != nil && m.ProtoReflect().IsValid() {
		collect(m.ProtoReflect(), false, &found)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func collect(m protoreflect.Message, secret bool, found *[]string) {
	if v, ok := m.Interface().(*structpb.Value); ok && secret {
		if s, ok := v.GetKind().(*structpb.Value_StringValue); ok {
			*found = append(*found, s.StringValue)
		}
	}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		secret := secret || Sensitive(fd)
		each := func(fd protoreflect.FieldDescriptor, v protoreflect.Value) {
			switch {
			case fd.Message() != nil:
				collect(v.Message(), secret, found)
			case secret && fd.Kind() == protoreflect.StringKind:
				*found = append(*found, v.String())
			case secret && fd.Kind() == protoreflect.BytesKind:
				*found = append(*found, string(v.Bytes()))
			}
		}
		switch {
		case fd.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool { each(fd.MapValue(), v); return true })
		case fd.IsList():
			for i := range v.List().Len() {
				each(fd, v.List().Get(i))
			}
		default:
			each(fd, v)
		}
		return true
	})
}

// Hide masks secrets in text that others wrote, and what is surely a card number.
func Hide(text string, secrets []string) string {
	longest := slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return len(b) - len(a) })
	for _, secret := range longest {
		switch {
		case len(secret) < leastSecret || !strings.Contains(text, secret):
		case len(secret) >= wholeWord:
			text = strings.ReplaceAll(text, secret, Mask)
		default:
			alone := regexp.MustCompile(`(^|[^\pL\pN])` + regexp.QuoteMeta(secret) + `($|[^\pL\pN])`)
			for alone.MatchString(text) {
				text = alone.ReplaceAllString(text, "${1}"+Mask+"${2}")
			}
		}
	}
	return RedactText(text)
}
