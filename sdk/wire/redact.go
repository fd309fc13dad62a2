package wire

import (
	"regexp"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Mask stands in place of a hidden value.
const Mask = "[redacted]"

// Redact formats a message as JSON for logs, traces, audit records and errors.
// Fields marked sensitive, free-form structs and fields that this binary does
// not know are hidden.
func Redact(m proto.Message) string {
	if m == nil {
		return "null"
	}
	masked := proto.Clone(m)
	maskMessage(masked.ProtoReflect())
	out, err := protojson.Marshal(masked)
	if err != nil {
		return Mask
	}
	return string(out)
}

func maskMessage(m protoreflect.Message) {
	m.SetUnknown(nil)
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case Sensitive(fd):
			maskField(m, fd)
		case fd.IsMap():
			maskMap(v.Map(), fd.MapValue())
		case fd.Message() == nil:
		case fd.IsList():
			for i := range v.List().Len() {
				maskValue(v.List().Get(i).Message())
			}
		default:
			maskValue(v.Message())
		}
		return true
	})
}

// maskValue hides a free-form message as a whole, since nobody can know what a
// caller or a PSP put into it, and looks into every other.
func maskValue(m protoreflect.Message) {
	switch m.Descriptor().FullName() {
	case "google.protobuf.Struct":
		hide := structpb.NewStringValue(Mask).ProtoReflect()
		fields := m.Mutable(m.Descriptor().Fields().ByName("fields")).Map()
		fields.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
			fields.Set(k, protoreflect.ValueOfMessage(hide))
			return true
		})
	case "google.protobuf.Any", "google.protobuf.Value", "google.protobuf.ListValue":
		proto.Reset(m.Interface())
	default:
		maskMessage(m)
	}
}

func maskMap(entries protoreflect.Map, value protoreflect.FieldDescriptor) {
	if value.Message() == nil {
		return
	}
	entries.Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
		maskValue(v.Message())
		return true
	})
}

func maskField(m protoreflect.Message, fd protoreflect.FieldDescriptor) {
	singular := !fd.IsList() && !fd.IsMap()
	switch {
	case singular && fd.Kind() == protoreflect.StringKind:
		m.Set(fd, protoreflect.ValueOfString(Mask))
	case singular && fd.Kind() == protoreflect.BytesKind:
		m.Set(fd, protoreflect.ValueOfBytes([]byte(Mask)))
	default:
		m.Clear(fd)
	}
}

// Sensitive says whether a field's value must not be shown.
func Sensitive(fd protoreflect.FieldDescriptor) bool {
	kind, ok := proto.GetExtension(fd.Options(), paymentsv1.E_Sensitivity).(paymentsv1.Sensitivity)
	return ok && kind != paymentsv1.Sensitivity_SENSITIVITY_UNSPECIFIED
}

// cardNumber finds 13 to 19 digits, possibly parted by single spaces or dashes.
var cardNumber = regexp.MustCompile(`\b[0-9](?:[ -]?[0-9]){12,18}\b`)

// RedactText hides what is surely a card number in text that others wrote: a
// PSP's message, a line of a plugin's log.
func RedactText(s string) string {
	return cardNumber.ReplaceAllStringFunc(s, func(match string) string {
		if Luhn(match) {
			return Mask
		}
		return match
	})
}

// Luhn says whether the digits of s, spaces and dashes aside, carry a valid
// check digit (ISO/IEC 7812-1, annex B).
func Luhn(s string) bool {
	sum, digits := 0, 0
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ' ' || s[i] == '-' {
			continue
		}
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		d := int(s[i] - '0')
		if digits%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		digits++
	}
	return digits > 0 && sum%10 == 0
}
