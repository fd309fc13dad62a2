package egress

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/patchbay/patchbay/host/internal/manifest"
)

func endpoint(t *testing.T, text string) manifest.Endpoint {
	t.Helper()
	e, err := manifest.ParseEndpoint(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

func networks(texts ...string) (found []netip.Prefix) {
	for _, text := range texts {
		found = append(found, netip.MustParsePrefix(text))
	}
	return found
}

// What a manifest may name, by what the operator allows.
func TestPolicyCheck(t *testing.T) {
	for _, test := range []struct {
		endpoint, want string // part of the error; empty if there is none
		private        []netip.Prefix
	}{
		{"api.stripe.com:443", "", nil},
		{"*.adyenpayments.com:443", "", nil},
		{"8.8.8.8:443", "", nil},
		{"[2606:4700::1]:443", "", nil},
		{"*.co.uk:443", "anybody", nil},
		{"*.github.io:443", "anybody", nil},
		{"10.0.0.1:443", "allow_private", nil},
		{"10.0.0.1:443", "", networks("10.0.0.0/8")},
		{"10.0.0.0/8:443", "", networks("10.0.0.0/8")},
		{"10.0.0.0/8:443", "allow_private", networks("10.0.0.0/16")},
		{"localhost:443", "allow_private", nil},
		{"localhost:443", "", DevPrivate()},
		{"127.0.0.1:443", "", DevPrivate()},
		{"[::1]:443", "", DevPrivate()},
		{"[fd00::/8]:443", "", DevPrivate()},
		{"169.254.169.254:80", "allow_private", DevPrivate()},
		{"169.254.169.254:80", "", networks("169.254.169.254/32")},
		{"[fe80::1]:80", "allow_private", DevPrivate()},
		{"[64:ff9b::1]:80", "allow_private", DevPrivate()},
		{"100.64.0.1:80", "allow_private", DevPrivate()},
		{"0.0.0.0:80", "no single host", networks("0.0.0.0/0")},
		{"224.0.0.1:80", "no single host", networks("0.0.0.0/0")},
		{"255.255.255.255:80", "no single host", networks("0.0.0.0/0")},
		{"[ff02::1]:80", "no single host", networks("::/0")},
	} {
		err := Policy{Private: test.private}.Check(endpoint(t, test.endpoint))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s with %v: got %v, want %q", test.endpoint, test.private, err, test.want)
		}
	}
}

// Where a name may lead.
func TestPolicyPermits(t *testing.T) {
	for _, test := range []struct {
		addr    string
		listed  string // in the manifest beside the name; may be empty
		private []netip.Prefix
		want    bool
	}{
		{"8.8.8.8", "", nil, true},
		{"2606:4700::1", "", nil, true},
		{"::ffff:8.8.8.8", "", nil, true},
		{"10.0.0.1", "", nil, false},
		{"10.0.0.1", "", DevPrivate(), false},
		{"10.0.0.1", "10.0.0.1:443", nil, false},
		{"10.0.0.1", "10.0.0.1:443", DevPrivate(), true},
		{"10.0.0.1", "10.0.0.1:444", DevPrivate(), false},
		{"10.0.0.1", "10.0.0.0/24:443", DevPrivate(), true},
		{"10.0.1.1", "10.0.0.0/24:443", DevPrivate(), false},
		{"::ffff:10.0.0.1", "", DevPrivate(), false},
		{"::ffff:10.0.0.1", "10.0.0.1:443", DevPrivate(), true},
		{"127.0.0.1", "localhost:443", DevPrivate(), true},
		{"::1", "localhost:443", DevPrivate(), true},
		{"10.0.0.1", "localhost:443", DevPrivate(), false},
		{"127.0.0.1", "localhost:443", nil, false},
		{"169.254.169.254", "", DevPrivate(), false},
		{"fd00:ec2::254", "", DevPrivate(), false},
		{"100.100.100.200", "", nil, false},
		{"fe80::1", "", nil, false},
		{"fe80::1%lo", "", nil, false},
		{"::", "", networks("::/0"), false},
		{"0.0.0.0", "", networks("0.0.0.0/0"), false},
		{"224.0.0.1", "", networks("0.0.0.0/0"), false},
		{"255.255.255.255", "", networks("0.0.0.0/0"), false},
		{"2002:7f00:1::", "", nil, false},
		{"2001:0:7f00:1::", "", nil, false},
		{"64:ff9b::808:808", "", nil, false},
		{"64:ff9b::808:808", "", networks("64:ff9b::/96"), true},
		{"64:ff9b::a00:1", "", networks("64:ff9b::/96"), false},
		{"64:ff9b::a9fe:a9fe", "", networks("64:ff9b::/96", "10.0.0.0/8"), false},
		{"64:ff9b:1::808:808", "", nil, false},
	} {
		declared := []manifest.Endpoint{endpoint(t, "psp.example:443")}
		if test.listed != "" {
			declared = append(declared, endpoint(t, test.listed))
		}
		err := Policy{Private: test.private}.permits(declared, netip.MustParseAddr(test.addr), 443)
		if (err == nil) != test.want {
			t.Errorf("%s with %q and %v: got %v", test.addr, test.listed, test.private, err)
		}
	}
}

// The address that is dialled is the one that was checked: a name that leads
// elsewhere at the next look is not looked up again.
func TestRebinding(t *testing.T) {
	first, second := newSilent(t), newSilent(t)
	config := Config{Policy: Policy{Private: networks("127.0.0.1/32")}}
	// The first answer may be dialled; all others lead to another loopback address,
	// which may not, and where second would listen if it could.
	rebinding := resolving("psp.example=127.0.0.1", "psp.example=127.0.0.2")
	config.Resolver = rebinding
	f := newFixture(t, config, "psp.example:"+first.port(), "psp.example:"+second.port(), first.address())
	if _, err := f.connect("psp.example:" + first.port()); err != nil {
		t.Fatal(err)
	}
	wait(t, "the first address is reached", func() bool { return first.heard() == 1 })
	for range 3 {
		if status, message := f.refused("psp.example:" + first.port()); status != http.StatusForbidden {
			t.Errorf("got %d %s", status, message)
		}
	}
	if first.heard() != 1 || second.heard() != 0 {
		t.Errorf("%d and %d connections arrived", first.heard(), second.heard())
	}
	if len(rebinding.asked) != 4 {
		t.Errorf("%d look-ups for 4 connections: %v", len(rebinding.asked), rebinding.asked)
	}
	if rebinding.asked[0] != "psp.example." {
		t.Errorf("looked up %q, which a search list could change", rebinding.asked[0])
	}
}

// Of several addresses only those are dialled that may be.
func TestMixedAddresses(t *testing.T) {
	psp := newSilent(t)
	config := Config{
		Policy:   Policy{Private: networks("127.0.0.1/32")},
		Resolver: resolving("psp.example=169.254.169.254,::1,127.0.0.1", "bad.example=169.254.169.254,10.0.0.1,::ffff:127.0.0.1"),
	}
	port := psp.port()
	f := newFixture(t, config, "psp.example:"+port, "bad.example:"+port, "127.0.0.1:"+port)
	for _, name := range []string{"psp.example", "bad.example"} {
		if _, err := f.connect(name + ":" + port); err != nil {
			t.Errorf("%s has one address that is declared: %v", name, err)
		}
	}
	wait(t, "it is reached by both names", func() bool { return psp.heard() == 2 })
}

func TestParseProxy(t *testing.T) {
	for text, want := range map[string]bool{
		"http://proxy.example:3128": true, "http://10.0.0.1:3128/": true, "http://[::1]:3128": true,
		"proxy.example:3128": false, "https://proxy.example:3128": false, "http://proxy.example": false,
		"http://user:secret@proxy.example:3128": false, "http://proxy.example:3128/path": false, "": false,
	} {
		_, err := ParseProxy(text)
		if (err == nil) != want || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}
