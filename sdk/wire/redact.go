package wire

import (
	"regexp"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire/rules"
)

// Mask stands in place of a hidden value.
const Mask = "[redacted]"

// Redact formats a message as JSON for logs, traces, audit records and errors.
// Fields marked sensitive, free-form structs and fields that this binary does
// not know are hidden.
func Redact(m proto.Message) string {
	if m == nil || !m.ProtoReflect().IsValid() {
		return "null"
	}
	masked := proto.Clone(m)
	maskValue(masked.ProtoReflect())
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

// digitGroups finds groups of digits parted by single spaces or dashes.
var digitGroups = regexp.MustCompile(`\b[0-9]+(?:[ -][0-9]+)*\b`)

// RedactText hides what is surely a card number in text that others wrote: a
// PSP's message, a line of a plugin's log. That is 13 to 19 digits, possibly
// parted by single spaces or dashes, with a valid check digit, that are no part
// of a longer word or number. Other groups of digits may stand beside it, such as
// an expiry date.
func RedactText(s string) string {
	return digitGroups.ReplaceAllStringFunc(s, redactGroups)
}

// redactGroups hides all that may belong to a card number which begins and ends
// with a group.
func redactGroups(s string) string {
	var out strings.Builder
	hidden := 0 // up to where s is hidden
	for start := 0; start < len(s); {
		group := len(s)
		if n := strings.IndexAny(s[start:], " -"); n >= 0 {
			group = start + n
		}
		switch n := cardNumberLength(s[start:]); {
		case n > 0 && start >= hidden:
			out.WriteString(Mask)
			hidden = start + n
		case n > 0:
			hidden = max(hidden, start+n)
		case start >= hidden:
			out.WriteString(s[start:group])
		}
		if group < len(s) && group >= hidden {
			out.WriteByte(s[group])
		}
		start = group + 1
	}
	return out.String()
}

// cardNumberLength returns the length of the longest card number that s begins
// with, or 0.
func cardNumberLength(s string) (length int) {
	digits := 0
	for i := 0; i < len(s) && digits < 19; i++ {
		if s[i] != ' ' && s[i] != '-' {
			digits++
		}
		if i+1 < len(s) && s[i+1] != ' ' && s[i+1] != '-' {
			continue
		}
		if digits >= 13 && rules.Luhn(s[:i+1]) {
			length = i + 1
		}
	}
	return length
}
