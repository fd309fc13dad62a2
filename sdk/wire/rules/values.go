package rules

import (
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
)

// valueCheck reads what is stated of a field's value itself; nil where nothing is.
func valueCheck(stated *validate.FieldRules, fd protoreflect.FieldDescriptor) (check, error) {
	if stated == nil {
		return nil, nil
	}
	if stated.GetIgnore() == validate.Ignore_IGNORE_ALWAYS {
		return nil, fmt.Errorf("ignore = IGNORE_ALWAYS is not known here")
	}
	expressions, err := expressionsOf(stated.GetCel())
	if err != nil {
		return nil, err
	}
	var checks []check
	for _, e := range expressions {
		checks = append(checks, unless(e.breach.Rule, e.breach.Message, func(v protoreflect.Value) bool { return !e.holds(v.Message().Interface()) }))
	}
	typed, err := typedCheck(stated, fd)
	return all(append(checks, typed)...), err
}

func typedCheck(stated *validate.FieldRules, fd protoreflect.FieldDescriptor) (check, error) {
	if err := only(stated.ProtoReflect(), "required", "ignore", "cel", "string", "bytes", "int32", "int64", "uint32",
		"enum", "duration", "repeated", "map"); err != nil {
		return nil, err
	}
	switch {
	case stated.HasString():
		return stringCheck(stated.GetString())
	case stated.HasBytes():
		return bytesCheck(stated.GetBytes())
	case stated.HasInt32():
		r := stated.GetInt32()
		return rangeCheck("int32", r.ProtoReflect(), r.HasGte(), int64(r.GetGte()), r.HasLte(), int64(r.GetLte()))
	case stated.HasInt64():
		r := stated.GetInt64()
		return rangeCheck("int64", r.ProtoReflect(), r.HasGte(), r.GetGte(), r.HasLte(), r.GetLte())
	case stated.HasUint32():
		r := stated.GetUint32()
		return rangeCheck("uint32", r.ProtoReflect(), r.HasGte(), int64(r.GetGte()), r.HasLte(), int64(r.GetLte()))
	case stated.HasEnum():
		return enumCheck(stated.GetEnum(), fd)
	case stated.HasDuration():
		return durationCheck(stated.GetDuration())
	case stated.HasRepeated():
		return listCheck(stated.GetRepeated(), fd)
	case stated.HasMap():
		return mapCheck(stated.GetMap(), fd)
	}
	return nil, nil
}

// unless makes a check of what must not be; the message says what must.
func unless(rule, message string, wrong func(v protoreflect.Value) bool) check {
	return func(v protoreflect.Value) []Violation {
		if !wrong(v) {
			return nil
		}
		return []Violation{{"", rule, message}}
	}
}

// measure is the size of a value.
type measure func(v protoreflect.Value) uint64

// atLeast and atMost check a size, if a bound is stated. The message is formatted
// with it.
func atLeast(stated bool, least uint64, size measure, rule, message string) check {
	if !stated {
		return nil
	}
	return unless(rule, fmt.Sprintf(message, least), func(v protoreflect.Value) bool { return size(v) < least })
}

func atMost(stated bool, most uint64, size measure, rule, message string) check {
	if !stated {
		return nil
	}
	return unless(rule, fmt.Sprintf(message, most), func(v protoreflect.Value) bool { return size(v) > most })
}

func stringCheck(r *validate.StringRules) (check, error) {
	if err := only(r.ProtoReflect(), "min_len", "max_len", "pattern", "email", "ip", "uri", "uuid", "iso_country", "iso_currency"); err != nil {
		return nil, err
	}
	characters := func(v protoreflect.Value) uint64 { return uint64(utf8.RuneCountInString(v.String())) }
	checks := []check{
		atLeast(r.HasMinLen(), r.GetMinLen(), characters, "string.min_len", "must be at least %d characters"),
		atMost(r.HasMaxLen(), r.GetMaxLen(), characters, "string.max_len", "must be at most %d characters"),
	}
	if r.HasPattern() {
		pattern, err := regexp.Compile(r.GetPattern())
		if err != nil {
			return nil, err
		}
		checks = append(checks, unless("string.pattern", fmt.Sprintf("does not match regex pattern `%s`", pattern),
			func(v protoreflect.Value) bool { return !pattern.MatchString(v.String()) }))
	}
	for _, f := range []format{
		{r.GetEmail(), "email", "email address", isEmail}, {r.GetIp(), "ip", "IP address", isIP},
		{r.GetUri(), "uri", "URI", isURI}, {r.GetUuid(), "uuid", "UUID", uuid.MatchString},
	} {
		if f.stated {
			checks = append(checks, f.check())
		}
	}
	predefined, err := codeChecks(r)
	return all(append(checks, predefined...)...), err
}

func bytesCheck(r *validate.BytesRules) (check, error) {
	if err := only(r.ProtoReflect(), "min_len", "max_len"); err != nil {
		return nil, err
	}
	size := func(v protoreflect.Value) uint64 { return uint64(len(v.Bytes())) }
	return all(
		atLeast(r.HasMinLen(), r.GetMinLen(), size, "bytes.min_len", "must be at least %d bytes"),
		atMost(r.HasMaxLen(), r.GetMaxLen(), size, "bytes.max_len", "must be at most %d bytes"),
	), nil
}

// rangeCheck bounds a number, none of which is above the largest int64.
func rangeCheck(kind string, stated protoreflect.Message, hasGTE bool, gte int64, hasLTE bool, lte int64) (check, error) {
	if err := only(stated, "gte", "lte"); err != nil {
		return nil, err
	}
	rule, message := kind+".gte_lte", fmt.Sprintf("must be greater than or equal to %d and less than or equal to %d", gte, lte)
	switch {
	case !hasLTE:
		rule, message = kind+".gte", fmt.Sprintf("must be greater than or equal to %d", gte)
	case !hasGTE:
		rule, message = kind+".lte", fmt.Sprintf("must be less than or equal to %d", lte)
	case gte > lte:
		return nil, fmt.Errorf("no %s is both at least %d and at most %d", kind, gte, lte)
	}
	number := protoreflect.Value.Int
	if kind == "uint32" {
		number = func(v protoreflect.Value) int64 { return int64(v.Uint()) }
	}
	return unless(rule, message, func(v protoreflect.Value) bool { return hasGTE && number(v) < gte || hasLTE && number(v) > lte }), nil
}

func enumCheck(r *validate.EnumRules, fd protoreflect.FieldDescriptor) (check, error) {
	if err := only(r.ProtoReflect(), "defined_only"); err != nil {
		return nil, err
	}
	return unless("enum.defined_only", "value must be one of the defined enum values", func(v protoreflect.Value) bool {
		return r.GetDefinedOnly() && fd.Enum().Values().ByNumber(v.Enum()) == nil
	}), nil
}

func durationCheck(r *validate.DurationRules) (check, error) {
	if err := only(r.ProtoReflect(), "gt"); err != nil {
		return nil, err
	}
	above := r.GetGt().AsDuration()
	return unless("duration.gt", fmt.Sprintf("must be greater than %ds", int(above/time.Second)), func(v protoreflect.Value) bool {
		return v.Message().Interface().(*durationpb.Duration).AsDuration() <= above
	}), nil
}

func listCheck(r *validate.RepeatedRules, fd protoreflect.FieldDescriptor) (check, error) {
	if err := only(r.ProtoReflect(), "min_items", "max_items", "unique", "items"); err != nil {
		return nil, err
	}
	size := func(v protoreflect.Value) uint64 { return uint64(v.List().Len()) }
	checks := []check{
		atLeast(r.HasMinItems(), r.GetMinItems(), size, "repeated.min_items", "must contain at least %d item(s)"),
		atMost(r.HasMaxItems(), r.GetMaxItems(), size, "repeated.max_items", "must contain no more than %d item(s)"),
	}
	if r.GetUnique() {
		checks = append(checks, unless("repeated.unique", "repeated value must contain unique items", func(v protoreflect.Value) bool { return repeats(v.List()) }))
	}
	each, err := valueCheck(r.GetItems(), fd)
	if each != nil {
		checks = append(checks, items(each))
	}
	return all(checks...), err
}

func repeats(list protoreflect.List) bool {
	seen := map[any]bool{}
	for i := range list.Len() {
		item := list.Get(i).Interface()
		if seen[item] {
			return true
		}
		seen[item] = true
	}
	return false
}

func mapCheck(r *validate.MapRules, fd protoreflect.FieldDescriptor) (check, error) {
	if err := only(r.ProtoReflect(), "max_pairs", "keys", "values"); err != nil {
		return nil, err
	}
	pairs := func(v protoreflect.Value) uint64 { return uint64(v.Map().Len()) }
	size := atMost(r.HasMaxPairs(), r.GetMaxPairs(), pairs, "map.max_pairs", "map must be at most %d entries")
	key, err := valueCheck(r.GetKeys(), fd.MapKey())
	if err != nil {
		return nil, err
	}
	value, err := valueCheck(r.GetValues(), fd.MapValue())
	if key == nil && value == nil {
		return size, err
	}
	return all(size, entries(key, value)), err
}

// codeChecks are the rules of the contract's own that strings may have, such as
// iso_country: the codes are those that the rule's expression lists.
func codeChecks(r *validate.StringRules) (checks []check, err error) {
	r.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if !fd.IsExtension() || !v.Bool() {
			return true
		}
		stated, _ := proto.GetExtension(fd.Options(), validate.E_Predefined).(*validate.PredefinedRules)
		if len(stated.GetCel()) != 1 {
			err = fmt.Errorf("the rule %s has no expression", fd.FullName())
			return false
		}
		rule := stated.GetCel()[0]
		var codes []string
		for _, code := range quoted.FindAllStringSubmatch(rule.GetExpression(), -1) {
			codes = append(codes, code[1])
		}
		slices.Sort(codes)
		checks = append(checks, unless(rule.GetId(), rule.GetMessage(), func(v protoreflect.Value) bool {
			_, known := slices.BinarySearch(codes, v.String())
			return !known && v.String() != ""
		}))
		return true
	})
	return checks, err
}

var quoted = regexp.MustCompile(`'([A-Z]+)'`)
