// Package rules holds messages against the rules that the contract's .proto files
// give them, in the words of protovalidate (https://protovalidate.com).
//
// It knows the kinds of rules that the contract has, and says of any other that it
// does not. Protovalidate's own evaluator is the referee in its tests: both find the
// same in every message. It is not in every connector's process, since it brings an
// interpreter of CEL along (docs/adr/0011-the-contracts-rules-without-cel.md).
package rules

import (
	"fmt"
	"maps"
	"strings"
	"sync"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Violation is a rule that a message breaks. Field is a path such as
// "line_items[0].name"; it is empty where the rule is the whole message's.
type Violation struct{ Field, Rule, Message string }

// Checker holds messages against their rules. A message's rules are read when it is
// first seen. The zero Checker is ready, and safe for concurrent use.
type Checker struct {
	checked sync.Map // protoreflect.FullName → *message, of those that were checked

	reading sync.Mutex
	read    reader // those and the messages below them
}

// Check returns the rules that a message breaks, or an error for a rule of a kind
// that this package does not know.
func (c *Checker) Check(m proto.Message) ([]Violation, error) {
	of, err := c.of(m.ProtoReflect().Descriptor())
	if err != nil {
		return nil, err
	}
	return of.check(m.ProtoReflect()), nil
}

func (c *Checker) of(d protoreflect.MessageDescriptor) (*message, error) {
	if known, ok := c.checked.Load(d.FullName()); ok {
		return known.(*message), nil
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	more := reader{}
	maps.Copy(more, c.read)
	of, err := more.message(d)
	if err != nil {
		return nil, err // with messages that were read in part
	}
	c.read = more
	c.checked.Store(d.FullName(), of)
	return of, nil
}

// message is what there is to check in one type of message. One with nothing to
// check, nor below it, has neither expressions nor oneofs nor fields.
type message struct {
	expressions []expression
	oneofs      []protoreflect.OneofDescriptor // one member of each has to be set
	fields      []field
}

// field is what there is to check in one field.
type field struct {
	protoreflect.FieldDescriptor
	required bool
	zeroToo  bool // its zero value is held against the rules
	check    check
}

// check finds the rules that a value breaks; the paths of what it finds begin at
// the value.
type check func(v protoreflect.Value) []Violation

func (of *message) check(m protoreflect.Message) []Violation {
	var found []Violation
	for _, e := range of.expressions {
		if !e.holds(m.Interface()) {
			found = append(found, e.breach)
		}
	}
	for _, oneof := range of.oneofs {
		if m.WhichOneof(oneof) == nil {
			found = append(found, Violation{string(oneof.Name()), "required", "exactly one field is required in oneof"})
		}
	}
	for i := range of.fields {
		f := &of.fields[i]
		switch has := m.Has(f.FieldDescriptor); {
		case f.required && !has:
			found = append(found, Violation{string(f.Name()), "required", "value is required"})
		case f.check != nil && (has || f.zeroToo):
			found = append(found, below(string(f.Name()), f.check(m.Get(f.FieldDescriptor)))...)
		}
	}
	return found
}

// below puts a step before the paths of what was found.
func below(step string, found []Violation) []Violation {
	for i, v := range found {
		switch {
		case v.Field == "":
			found[i].Field = step
		case strings.HasPrefix(v.Field, "["):
			found[i].Field = step + v.Field
		default:
			found[i].Field = step + "." + v.Field
		}
	}
	return found
}

// reader reads the rules of a message and of those below it. Messages may hold
// themselves, so that one is known before it is read whole.
type reader map[protoreflect.FullName]*message

func (r reader) message(d protoreflect.MessageDescriptor) (*message, error) {
	if known := r[d.FullName()]; known != nil {
		return known, nil
	}
	of := &message{}
	r[d.FullName()] = of
	stated, _ := proto.GetExtension(d.Options(), validate.E_Message).(*validate.MessageRules)
	if err := only(stated.ProtoReflect(), "cel"); err != nil {
		return nil, fmt.Errorf("%s: %w", d.FullName(), err)
	}
	var err error
	if of.expressions, err = expressionsOf(stated.GetCel()); err != nil {
		return nil, fmt.Errorf("%s: %w", d.FullName(), err)
	}
	of.expressions = append(of.expressions, unsaid(d)...)
	for i := range d.Oneofs().Len() {
		oneof := d.Oneofs().Get(i)
		stated, _ := proto.GetExtension(oneof.Options(), validate.E_Oneof).(*validate.OneofRules)
		if stated.GetRequired() {
			of.oneofs = append(of.oneofs, oneof)
		}
	}
	for i := range d.Fields().Len() {
		f, err := r.field(d.Fields().Get(i))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Fields().Get(i).FullName(), err)
		}
		if f.required || f.check != nil {
			of.fields = append(of.fields, f)
		}
	}
	return of, nil
}

func (r reader) field(fd protoreflect.FieldDescriptor) (field, error) {
	stated, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
	f := field{FieldDescriptor: fd, required: stated.GetRequired()}
	f.zeroToo = !fd.HasPresence() && stated.GetIgnore() != validate.Ignore_IGNORE_IF_ZERO_VALUE
	own, err := valueCheck(stated, fd)
	if err != nil {
		return f, err
	}
	deeper, err := r.deeper(fd)
	f.check = all(own, deeper)
	return f, err
}

// deeper checks the messages in a field; nil where there are none with rules.
func (r reader) deeper(fd protoreflect.FieldDescriptor) (check, error) {
	d := fd.Message()
	if fd.IsMap() {
		d = fd.MapValue().Message()
	}
	if d == nil || !leadsToRules(d, map[protoreflect.FullName]bool{}) {
		return nil, nil
	}
	of, err := r.message(d)
	if err != nil {
		return nil, err
	}
	each := func(v protoreflect.Value) []Violation { return of.check(v.Message()) }
	switch {
	case fd.IsMap():
		return entries(nil, each), nil
	case fd.IsList():
		return items(each), nil
	}
	return each, nil
}

// leadsToRules says whether there is anything to check in a message or below it.
func leadsToRules(d protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if seen[d.FullName()] {
		return false
	}
	seen[d.FullName()] = true
	if proto.HasExtension(d.Options(), validate.E_Message) || len(unsaid(d)) > 0 {
		return true
	}
	for i := range d.Oneofs().Len() {
		if proto.HasExtension(d.Oneofs().Get(i).Options(), validate.E_Oneof) {
			return true
		}
	}
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		if proto.HasExtension(fd.Options(), validate.E_Field) || fd.Message() != nil && leadsToRules(fd.Message(), seen) {
			return true
		}
	}
	return false
}

// only returns an error if rules are stated other than the named ones.
func only(stated protoreflect.Message, known ...protoreflect.Name) error {
	var other error
	stated.Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		for _, name := range known {
			if fd.Name() == name {
				return true
			}
		}
		other = fmt.Errorf("the rule %s is of a kind that is not known here", fd.FullName())
		return false
	})
	return other
}

// all joins checks, of which any may be nil.
func all(checks ...check) check {
	var some []check
	for _, c := range checks {
		if c != nil {
			some = append(some, c)
		}
	}
	switch len(some) {
	case 0:
		return nil
	case 1:
		return some[0]
	}
	return func(v protoreflect.Value) []Violation {
		var found []Violation
		for _, c := range some {
			found = append(found, c(v)...)
		}
		return found
	}
}

// items checks each item of a list.
func items(each check) check {
	return func(v protoreflect.Value) []Violation {
		var found []Violation
		for i := range v.List().Len() {
			if here := each(v.List().Get(i)); len(here) > 0 {
				found = append(found, below(fmt.Sprintf("[%d]", i), here)...)
			}
		}
		return found
	}
}

// entries checks the keys and values of a map, of which either may be nil.
func entries(key, value check) check {
	return func(v protoreflect.Value) []Violation {
		var found []Violation
		v.Map().Range(func(k protoreflect.MapKey, entry protoreflect.Value) bool {
			var here []Violation
			if key != nil {
				here = key(k.Value())
			}
			if value != nil {
				here = append(here, value(entry)...)
			}
			if len(here) > 0 {
				found = append(found, below(fmt.Sprintf("[%q]", k.String()), here)...)
			}
			return true
		})
		return found
	}
}
