package wire

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Validator checks messages against the rules in their .proto files, and those
// that the files state in words. It is safe for concurrent use.
type Validator struct {
	rules    protovalidate.Validator
	breaches breaches
}

// NewValidator returns a validator that prepares the rules of the given messages
// in the background, so that neither a start nor a call waits for it; others are
// prepared when first seen.
func NewValidator(messages ...proto.Message) (*Validator, error) {
	rules, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("prepare validation rules: %w", err)
	}
	go func() {
		for _, m := range messages {
			_ = rules.Validate(m) // the rules are compiled now; what they find in an empty message is nothing
		}
	}()
	return &Validator{rules: rules}, nil
}

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
		return rule != "required" && rule != "enum.defined_only" && rule != ruleOrderTotal || !newer()
	})
}

func (v *Validator) check(m proto.Message, counts func(rule string) bool) ([]*errdetails.BadRequest_FieldViolation, error) {
	broken, err := v.broken(m)
	if err != nil {
		return nil, err
	}
	var found []*errdetails.BadRequest_FieldViolation
	for _, b := range broken {
		if !counts(b.rule) {
			continue
		}
		found = append(found, &errdetails.BadRequest_FieldViolation{
			Field:       b.field,
			Description: b.description,
			Reason:      strings.ToUpper(strings.ReplaceAll(b.rule, ".", "_")),
		})
	}
	return found, nil
}

// broken lists the rules that a message breaks.
func (v *Validator) broken(m proto.Message) ([]breach, error) {
	var broken []breach
	if err := v.rules.Validate(m); err != nil {
		var invalid *protovalidate.ValidationError
		if !errors.As(err, &invalid) {
			return nil, err
		}
		for _, violation := range invalid.Violations {
			broken = append(broken, breach{
				field:       protovalidate.FieldPathString(violation.Proto.GetField()),
				rule:        violation.Proto.GetRuleId(),
				description: violation.Proto.GetMessage(),
			})
		}
	}
	return append(broken, v.breaches.in(m.ProtoReflect())...), nil
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
