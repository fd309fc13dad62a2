package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
	_ "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// TestReferee holds every type of message of the contract, with hundreds of values
// each, against protovalidate's own evaluator: both find the same, in the same words.
// Every rule that a .proto file states is broken at least once.
func TestReferee(t *testing.T) {
	referee, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	var checker Checker
	const enough, most = 200, 20_000 // messages of a type; more than enough until every rule was broken
	messages := 0
	for _, d := range contract(t) {
		t.Run(string(d.FullName()), func(t *testing.T) {
			stated := statedRules(d)
			source := values{rand.New(rand.NewPCG(1, uint64(len(d.FullName()))))}
			for made := 0; made < enough || len(stated) > 0 && made < most; made++ {
				m := source.message(d, 3)
				messages++
				want := refereed(t, referee, m)
				got, err := checker.Check(m.Interface())
				if err != nil {
					t.Fatal(err)
				}
				got = slices.DeleteFunc(got, func(v Violation) bool { return v.Rule == RuleLuhn || v.Rule == RuleOrderTotal })
				if !slices.Equal(inOrder(got), inOrder(want)) {
					t.Fatalf("%v\ngot  %v\nwant %v", m.Interface(), inOrder(got), inOrder(want))
				}
				for _, v := range want {
					delete(stated, whole(v))
				}
			}
			for rule := range stated {
				t.Errorf("%s was never broken", rule)
			}
		})
	}
	t.Logf("%d messages", messages)
}

// contract lists the types of messages of all packages of the contract.
func contract(t *testing.T) []protoreflect.MessageDescriptor {
	var all []protoreflect.MessageDescriptor
	var add func(protoreflect.MessageDescriptors)
	add = func(some protoreflect.MessageDescriptors) {
		for i := range some.Len() {
			if d := some.Get(i); !d.IsMapEntry() {
				all = append(all, d)
				add(d.Messages())
			}
		}
	}
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(f.Package()), "patchbay.") {
			add(f.Messages())
		}
		return true
	})
	if len(all) < 200 {
		t.Fatalf("the contract has only %d messages", len(all))
	}
	slices.SortFunc(all, func(a, b protoreflect.MessageDescriptor) int {
		return strings.Compare(string(a.FullName()), string(b.FullName()))
	})
	return all
}

func refereed(t *testing.T, referee protovalidate.Validator, m protoreflect.Message) []Violation {
	t.Helper()
	err := referee.Validate(m.Interface())
	if err == nil {
		return nil
	}
	invalid, ok := err.(*protovalidate.ValidationError) //nolint:errorlint // it is never wrapped
	if !ok {
		t.Fatal(err)
	}
	var found []Violation
	for _, v := range invalid.Violations {
		found = append(found, Violation{protovalidate.FieldPathString(v.Proto.GetField()), v.Proto.GetRuleId(), v.Proto.GetMessage()})
	}
	return found
}

func inOrder(found []Violation) []Violation {
	return slices.SortedFunc(slices.Values(found), func(a, b Violation) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
}

// whole names a broken rule without the index or key of what broke it.
func whole(v Violation) string {
	field, rest, indexed := strings.Cut(v.Field, "[")
	if indexed {
		_, rest, _ = strings.Cut(rest, "]")
		field += "[]" + rest
	}
	return field + " " + v.Rule
}

// statedRules names the rules of a message's own that can be broken, as whole does.
func statedRules(d protoreflect.MessageDescriptor) map[string]bool {
	stated := map[string]bool{}
	own, _ := proto.GetExtension(d.Options(), validate.E_Message).(*validate.MessageRules)
	for _, rule := range own.GetCel() {
		stated[" "+rule.GetId()] = true
	}
	for i := range d.Oneofs().Len() {
		oneof, _ := proto.GetExtension(d.Oneofs().Get(i).Options(), validate.E_Oneof).(*validate.OneofRules)
		if oneof.GetRequired() {
			stated[string(d.Oneofs().Get(i).Name())+" required"] = true
		}
	}
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		of, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
		stateField(stated, string(fd.Name()), of)
	}
	return stated
}

func stateField(stated map[string]bool, name string, of *validate.FieldRules) {
	if of.GetRequired() {
		stated[name+" required"] = true
	}
	for _, rule := range of.GetCel() {
		stated[name+" "+rule.GetId()] = true
	}
	kind := of.ProtoReflect().WhichOneof(of.ProtoReflect().Descriptor().Oneofs().ByName("type"))
	if kind == nil {
		return
	}
	of.ProtoReflect().Get(kind).Message().Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch fd.Name() {
		case "items", "keys", "values":
			stateField(stated, name+"[]", v.Message().Interface().(*validate.FieldRules))
		case "gte", "lte":
			if r := of.ProtoReflect().Get(kind).Message(); r.Has(r.Descriptor().Fields().ByName("gte")) && r.Has(r.Descriptor().Fields().ByName("lte")) {
				stated[fmt.Sprintf("%s %s.gte_lte", name, kind.Name())] = true
				break
			}
			stated[fmt.Sprintf("%s %s.%s", name, kind.Name(), fd.Name())] = true
		case "min_len":
			if v.Uint() == 1 && of.GetRequired() {
				break // what is empty is missing
			}
			stated[fmt.Sprintf("%s %s.%s", name, kind.Name(), fd.Name())] = true
		case "iso_currency":
			stated[name+" currency.iso4217"] = true
		default:
			stated[fmt.Sprintf("%s %s.%s", name, kind.Name(), fd.Name())] = true
		}
		return true
	})
}
