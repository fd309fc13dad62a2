package wire

import (
	"strings"
	"sync"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/patchbay/patchbay/sdk/wire/rules"
)

// Validator checks messages against the rules in their .proto files, and those
// that the files state in words. The zero Validator is ready, and safe for
// concurrent use.
type Validator struct{ rules rules.Checker }

// Check returns what is wrong with a message, or nothing.
func (v *Validator) Check(m proto.Message) ([]*errdetails.BadRequest_FieldViolation, error) {
	return v.check(m, func(string) bool { return true })
}

// CheckAcrossVersions is Check for a message that may have been made with a
// newer contract than this binary's: where it holds fields or enum numbers that
// are unknown here, findings that only say "something is missing", "that number is
// not defined" or "it does not add up" are left to the far side, which knows
// better.
func (v *Validator) CheckAcrossVersions(m proto.Message) ([]*errdetails.BadRequest_FieldViolation, error) {
	newer := sync.OnceValue(func() bool { return Newer(m) })
	return v.check(m, func(rule string) bool {
		return rule != "required" && rule != "enum.defined_only" && rule != rules.RuleOrderTotal || !newer()
	})
}

func (v *Validator) check(m proto.Message, counts func(rule string) bool) ([]*errdetails.BadRequest_FieldViolation, error) {
	broken, err := v.rules.Check(m)
	if err != nil {
		return nil, err
	}
	var found []*errdetails.BadRequest_FieldViolation
	for _, b := range broken {
		if !counts(b.Rule) {
			continue
		}
		found = append(found, &errdetails.BadRequest_FieldViolation{
			Field:       b.Field,
			Description: b.Message,
			Reason:      strings.ToUpper(strings.ReplaceAll(b.Rule, ".", "_")),
		})
	}
	return found, nil
}

// Newer says whether a message holds anything that this binary's contract does not
// know.
func Newer(m proto.Message) bool { return newerThanUs(m.ProtoReflect()) }

func newerThanUs(m protoreflect.Message) bool {
	if len(m.GetUnknown()) > 0 {
		return true
	}
	newer := false
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, entry protoreflect.Value) bool {
				newer = newerValue(fd.MapValue(), entry)
				return !newer
			})
		case fd.IsList():
			for i := 0; i < v.List().Len() && !newer; i++ {
				newer = newerValue(fd, v.List().Get(i))
			}
		default:
			newer = newerValue(fd, v)
		}
		return !newer
	})
	return newer
}

func newerValue(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
	switch {
	case fd.Message() != nil:
		return newerThanUs(v.Message())
	case fd.Enum() != nil:
		return fd.Enum().Values().ByNumber(v.Enum()) == nil
	}
	return false
}
