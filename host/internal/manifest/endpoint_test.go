package manifest

import (
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]string{ // as it is written again
		"api.stripe.com:443":        "",
		"API.Stripe.com:443":        "api.stripe.com:443",
		"*.adyenpayments.com:443":   "",
		"localhost:8701":            "",
		"psp:80":                    "",
		"xn--bcher-kva.example:443": "",
		"_srv.example:1":            "",
		"127.0.0.1:8701":            "",
		"10.0.0.0/8:443":            "",
		"10.1.2.3/32:443":           "10.1.2.3:443",
		"[::1]:8701":                "",
		"[fd00::/8]:443":            "",
		"[2606:4700::/32]:65535":    "",
		"[FD00:0:0::1]:443":         "[fd00::1]:443",
	} {
		if want == "" {
			want = text
		}
		if e, err := ParseEndpoint(text); err != nil || e.String() != want {
			t.Errorf("%s: got %s, %v", text, e, err)
		}
	}
}

func TestParseEndpointErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "no port",
		"api.stripe.com":                    "no port",
		"[::1]":                             "no port",
		"a.example:":                        "no port from",
		"a.example:0":                       "no port from",
		"a.example:0443":                    "no port from",
		"a.example:65536":                   "no port from",
		"a.example:https":                   "no port from",
		"a.example:-1":                      "no port from",
		":443":                              "not a host name",
		"*:443":                             "wildcard",
		"*.com:443":                         "too much",
		"*.:443":                            "too much",
		"a.*.example:443":                   "wildcard",
		"*a.example.com:443":                "wildcard",
		"*.*.example.com:443":               "wildcard",
		"a..example:443":                    "not a host name",
		"a.example.:443":                    "not a host name",
		"-a.example:443":                    "not a host name",
		"a example:443":                     "not a host name",
		"bücher.example:443":                "Punycode",
		"https://a.example:443":             "IPv6",
		"a.example/v1:443":                  "neither an address",
		"user@a.example:443":                "not a host name",
		"127.1:80":                          "whole address",
		"2130706433:80":                     "whole address",
		"0x7f.1:80":                         "whole address",
		"0x7f000001:80":                     "whole address",
		"0177.0.0.1:80":                     "whole address",
		"1.2.3.4.5:80":                      "whole address",
		"::1:80":                            "brackets",
		"[127.0.0.1]:80":                    "brackets",
		"[a.example]:80":                    "brackets",
		"[::1:80":                           "brackets",
		"[fe80::1%eth0]:80":                 "zone",
		"[::ffff:127.0.0.1]:80":             "write 127.0.0.1",
		"[::ffff:10.0.0.0/104]:1":           "disguise",
		"10.0.0.1/8:80":                     "write 10.0.0.0/8",
		"0.0.0.0/0:80":                      "too large",
		"[::/0]:443":                        "too large",
		"[2000::/16]:443":                   "too large",
		strings.Repeat("a.", 127) + "aa:80": "longer",
	} {
		if _, err := ParseEndpoint(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestCovers(t *testing.T) {
	for _, test := range []struct {
		have, want string
		covers     bool
	}{
		{"a.example:443", "a.example:443", true},
		{"a.example:443", "A.EXAMPLE:443", true},
		{"a.example:443", "a.example:80", false},
		{"a.example:443", "b.a.example:443", false},
		{"*.a.example:443", "b.a.example:443", true},
		{"*.a.example:443", "c.b.a.example:443", true},
		{"*.a.example:443", "a.example:443", false},
		{"*.a.example:443", "ba.example:443", false},
		{"*.a.example:443", "*.a.example:443", true},
		{"*.a.example:443", "*.b.a.example:443", true},
		{"*.a.example:443", "b.a.example:444", false},
		{"b.a.example:443", "*.a.example:443", false},
		{"10.0.0.0/8:443", "10.1.2.3:443", true},
		{"10.0.0.0/8:443", "10.1.0.0/16:443", true},
		{"10.1.0.0/16:443", "10.0.0.0/8:443", false},
		{"10.0.0.0/8:443", "11.0.0.1:443", false},
		{"10.0.0.1:443", "10.0.0.2:443", false},
		{"[fd00::/8]:443", "[fd00::1]:443", true},
		{"[fd00::/8]:443", "10.0.0.1:443", false},
		{"10.0.0.1:443", "a.example:443", false},
		{"localhost:443", "127.0.0.1:443", false},
	} {
		have, err := ParseEndpoint(test.have)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ParseEndpoint(test.want)
		if err != nil {
			t.Fatal(err)
		}
		if have.Covers(want) != test.covers {
			t.Errorf("%s covers %s: got %v", test.have, test.want, !test.covers)
		}
	}
}
