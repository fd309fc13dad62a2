package rules

import (
	"math"
	"math/rand/v2"
	"regexp/syntax"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// values makes values that keep and break rules about as often, at their bounds
// above all.
type values struct{ *rand.Rand }

func (r values) one(of ...string) string { return of[r.IntN(len(of))] }

func (r values) message(d protoreflect.MessageDescriptor, depth int) protoreflect.Message {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic(err)
	}
	m := t.New()
	if depth == 0 {
		return m
	}
	sparse := r.IntN(3) == 0
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		if r.IntN(4) == 0 || sparse && r.IntN(4) > 0 {
			continue
		}
		stated, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
		switch {
		case fd.IsMap():
			r.fillMap(m.Mutable(fd).Map(), fd, stated.GetMap(), depth)
		case fd.IsList():
			r.fillList(m.Mutable(fd).List(), fd, stated.GetRepeated(), depth)
		default:
			m.Set(fd, r.value(fd, stated, depth))
		}
	}
	return m
}

func (r values) fillList(list protoreflect.List, fd protoreflect.FieldDescriptor, stated *validate.RepeatedRules, depth int) {
	n := r.IntN(3)
	if most := int(stated.GetMaxItems()); most > 0 && r.IntN(10) == 0 {
		n = most + r.IntN(2)
		depth = 1 // of many, each is empty
	}
	for range n {
		list.Append(r.value(fd, stated.GetItems(), depth))
	}
	if n > 0 && r.IntN(3) == 0 {
		list.Append(list.Get(0))
	}
}

func (r values) fillMap(into protoreflect.Map, fd protoreflect.FieldDescriptor, stated *validate.MapRules, depth int) {
	n := r.IntN(3)
	if most := int(stated.GetMaxPairs()); most > 0 && r.IntN(10) == 0 {
		for i := range most + r.IntN(2) {
			into.Set(protoreflect.ValueOfString(strconv.Itoa(i)).MapKey(), protoreflect.ValueOfString(""))
		}
		return
	}
	for range n {
		into.Set(r.value(fd.MapKey(), stated.GetKeys(), depth).MapKey(), r.value(fd.MapValue(), stated.GetValues(), depth))
	}
}

func (r values) value(fd protoreflect.FieldDescriptor, stated *validate.FieldRules, depth int) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		return protoreflect.ValueOfMessage(r.message(fd.Message(), depth-1))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(r.text(stated.GetString()))
	case protoreflect.BytesKind:
		bounds := stated.GetBytes()
		return protoreflect.ValueOfBytes(make([]byte, r.size(bounds.GetMinLen(), bounds.GetMaxLen())))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(r.IntN(fd.Enum().Values().Len() + 2)))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(r.IntN(2) == 0)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(r.number(int64(stated.GetInt32().GetGte()), int64(stated.GetInt32().GetLte()), math.MinInt32, math.MaxInt32)))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(r.number(stated.GetInt64().GetGte(), stated.GetInt64().GetLte(), math.MinInt64, math.MaxInt64))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(r.number(1, int64(stated.GetUint32().GetLte()), 0, math.MaxUint32)))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(r.Uint64())
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(r.Float64())
	default:
		panic("no values of kind " + fd.Kind().String())
	}
}

// number is near one of the bounds, small, or very large.
func (r values) number(low, high, least, most int64) int64 {
	near := []int64{low - 1, low, low + 1, high - 1, high, high + 1, 0, 1, 2, 3, 1050, least, most}
	return min(max(near[r.IntN(len(near))], least), most)
}

// size is near one of the bounds, or small.
func (r values) size(low, high uint64) int {
	if high > 0 && r.IntN(10) == 0 {
		return int(high) + r.IntN(2)
	}
	return max(0, int(low)-1+r.IntN(3))
}

func (r values) text(stated *validate.StringRules) string {
	if stated == nil || r.IntN(4) == 0 {
		return r.one("", "a", "é", "1", "x y", "ends in a line\n", "EUR", "USD", "US", "4242424242424242", "2030-01-31", "pay/later")
	}
	var text string
	switch {
	case stated.GetEmail():
		text = r.one("jo@example.com", "jo@example", "jo@-example.com", "jo.@example.com", "jo@example..com", "jo@example.com ", "@", "jö@example.com", "jo@"+strings.Repeat("a", 64)+".com")
	case stated.GetIp():
		text = r.one("203.0.113.7", "203.0.113.07", "203.0.113", "2001:db8::1", "2001:db8::1%eth0", "::ffff:1.2.3.4", "1::2::3", "fe80::1%", "[::1]", "256.1.1.1")
	case stated.GetUuid():
		text = r.one("123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-42661417400F", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g")
	case stated.GetUri():
		text = r.address()
	case stated.HasPattern():
		text = r.matching(stated.GetPattern())
	case r.IntN(3) == 0:
		text = r.one("DE", "ZZ", "GBP", "ZZZ", "de")
	default:
		text = strings.Repeat("a", r.size(stated.GetMinLen(), stated.GetMaxLen()))
	}
	if r.IntN(4) == 0 { // a character more, less or another
		all := []rune(text + " ")
		i := r.IntN(len(all))
		other := string(all[:i]) + r.one("", "%", " ", "é", "0", "-", "/", "\n") + string(all[min(i+r.IntN(2), len(all)-1):len(all)-1])
		// Of addresses with a zone the referee takes some that are none: "1::2:%zone".
		if !stated.GetIp() || !strings.Contains(other, "%") {
			text = other
		}
	}
	if r.IntN(10) == 0 && stated.GetMaxLen() > 0 {
		text += strings.Repeat("0", int(stated.GetMaxLen()))
	}
	return text
}

// address is put together of parts that are right, and some that are not.
func (r values) address() string {
	return r.one("https:", "http:", "HTTP:", "x+a.1-b:", "1x:", "", ":", "ht tp:") +
		r.one("//", "//", "//", "/", "", "///") +
		r.one("", "", "jo@", "jo:secret@", "j%6f@", "j%zz@", "a@b@") +
		r.one("shop.example", "203.0.113.7", "[2001:db8::1]", "[::1", "[v1.x:y]", "[v.x]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[1.2.3.4]", "[]", "", "a%20b", "a%ff", "a b", "é.example", "a\\b", "[::1]x") +
		r.one("", "", ":443", ":", ":x", ":99999") +
		r.one("", "/", "/pay", "/a/b;c=d", "//x", "/%20", "/%2", "/a b", "/é", "/a|b", "/[x]", "a:b") +
		r.one("", "", "?a=b&c[]=d", "?a=b", "?/?", "? ", "?%") +
		r.one("", "", "#top", "#a#b", "#%41", "#^")
}

// matching makes a text that a pattern matches.
func (r values) matching(pattern string) string {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic(err)
	}
	var text strings.Builder
	r.match(&text, parsed.Simplify())
	return text.String()
}

func (r values) match(into *strings.Builder, re *syntax.Regexp) {
	repeat := func(least, most int) {
		for range least + r.IntN(most-least+1) {
			r.match(into, re.Sub[0])
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		into.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		i := 2 * r.IntN(len(re.Rune)/2)
		into.WriteRune(re.Rune[i] + r.Int32N(re.Rune[i+1]-re.Rune[i]+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		into.WriteString(r.one("a", "é", " "))
	case syntax.OpCapture:
		r.match(into, re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			r.match(into, sub)
		}
	case syntax.OpAlternate:
		r.match(into, re.Sub[r.IntN(len(re.Sub))])
	case syntax.OpStar:
		repeat(0, 3)
	case syntax.OpPlus:
		repeat(1, 4)
	case syntax.OpQuest:
		repeat(0, 1)
	}
}
