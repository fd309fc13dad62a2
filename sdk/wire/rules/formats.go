package rules

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// format is a form that a text has to have.
type format struct {
	stated bool
	rule   string
	name   string
	is     func(text string) bool
}

func (f format) check() check {
	return all(
		unless("string."+f.rule+"_empty", "value is empty, which is not a valid "+f.name, func(v protoreflect.Value) bool { return v.String() == "" }),
		unless("string."+f.rule, "must be a valid "+f.name, func(v protoreflect.Value) bool { return v.String() != "" && !f.is(v.String()) }),
	)
}

// email is what a browser takes for one: the HTML standard, "valid email address".
var email = regexp.MustCompile("^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@" + label + `(\.` + label + ")*$")

const label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"

func isEmail(text string) bool { return email.MatchString(text) }

// uuid is RFC 9562, section 4.
var uuid = regexp.MustCompile("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")

func isIP(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// uri is RFC 3986, section 3, but for what is in the brackets of a host.
var uri = regexp.MustCompile("^[a-zA-Z][a-zA-Z0-9+.-]*:" +
	"(?://" + user + host + port + segments + "|/?(?:" + char(":@") + "+" + segments + ")?)" +
	`(?:\?` + char(":@/?") + "*)?(?:#" + char(":@/?") + "*)?$")

var (
	user     = "(?:" + char(":") + "*@)?"
	host     = `(?:(\[[^\]]*\])|(` + char("") + "*))"
	port     = "(?::[0-9]*)?"
	segments = "(?:/" + char(":@") + "*)*"
)

// char is one character of a part of an address: unreserved, a sub-delimiter, one of
// those that the part has beside them, or any behind a percent sign.
func char(more string) string {
	return "(?:[a-zA-Z0-9._~!$&'()*+,;=" + more + "-]|%[0-9a-fA-F]{2})"
}

func isURI(text string) bool {
	parts := uri.FindStringSubmatch(text)
	if parts == nil {
		return false
	}
	if address := parts[1]; address != "" {
		return isIPLiteral(address[1 : len(address)-1])
	}
	name, err := url.PathUnescape(parts[2])
	return err == nil && utf8.ValidString(name)
}

// later is an address of a version to come: RFC 3986, section 3.2.2, IPvFuture.
var later = regexp.MustCompile("^[vV][0-9a-fA-F]+[.][a-zA-Z0-9._~!$&'()*+,;=:-]+$")

// zone is RFC 6874, ZoneID.
var zone = regexp.MustCompile("^([a-zA-Z0-9._~-]|%[0-9a-fA-F]{2})+$")

func isIPLiteral(text string) bool {
	if later.MatchString(text) {
		return true
	}
	address, name, zoned := strings.Cut(text, "%25")
	if unescaped, err := url.PathUnescape(name); zoned && (err != nil || !zone.MatchString(name) || !utf8.ValidString(unescaped)) {
		return false
	}
	addr, err := netip.ParseAddr(address)
	return err == nil && addr.Is6() && addr.Zone() == ""
}
