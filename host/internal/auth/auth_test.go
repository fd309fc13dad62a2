package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"
)

func hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func TestKeys(t *testing.T) {
	keys, err := NewKeys([]KeySpec{
		{Name: "shop", KeySHA256: []string{hash("old"), hash("new")}, Connectors: []string{"acme-*"}, Methods: []string{"pay.v1.*"}},
		{Name: "other", KeySHA256: []string{hash("third")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		headers []string
		caller  string
	}{
		"none":            {nil, ""},
		"wrong":           {[]string{"x-api-key", "wrong"}, ""},
		"the hash itself": {[]string{"x-api-key", hash("new")}, ""},
		"empty":           {[]string{"x-api-key", ""}, ""},
		"basic":           {[]string{"authorization", "Basic new"}, ""},
		"two":             {[]string{"x-api-key", "new", "authorization", "Bearer new"}, ""},
		"rotated":         {[]string{"x-api-key", "old"}, "shop"},
		"new":             {[]string{"x-api-key", "new"}, "shop"},
		"bearer":          {[]string{"authorization", "bearer third"}, "other"},
	} {
		t.Run(name, func(t *testing.T) {
			caller, err := keys.Authenticate(t.Context(), metadata.Pairs(test.headers...))
			if caller.Name != test.caller || (err == nil) != (test.caller != "") {
				t.Errorf("got %q, %v", caller.Name, err)
			}
		})
	}
}

func TestAllowed(t *testing.T) {
	shop := Caller{Name: "shop", connectors: []string{"acme-*", "one"}, accounts: []string{"eu-*"}, methods: []string{"pay.v1.PaymentService/*", "x.Y/Z"}}
	for _, test := range []struct {
		caller                     Caller
		connector, account, method string
		ok                         bool
	}{
		{shop, "acme-eu", "", "/pay.v1.PaymentService/Authorize", true},
		{shop, "one", "", "/x.Y/Z", true},
		{shop, "one", "eu-1", "/x.Y/Z", true},
		{shop, "one", "us-1", "/x.Y/Z", false},
		{shop, "two", "", "/x.Y/Z", false},
		{shop, "one", "", "/x.Y/ZZ", false},
		{shop, "acme", "", "/x.Y/Z", false},
		{Caller{Name: "nobody"}, "one", "", "/x.Y/Z", false},
		{Caller{Name: "all", connectors: []string{"*"}, methods: []string{"*"}}, "one", "", "/x.Y/Z", true},
	} {
		if err := test.caller.Allowed(test.connector, test.account, test.method); (err == nil) != test.ok {
			t.Errorf("%s %s %s: %v", test.caller.Name, test.connector, test.method, err)
		}
	}
	dev, err := Anybody{}.Authenticate(t.Context(), nil)
	if err != nil || dev.Allowed("x", "y", "/z") != nil {
		t.Errorf("anybody: %v", err)
	}
}

func TestNewKeysErrors(t *testing.T) {
	for _, test := range []struct {
		spec   KeySpec
		reason string
	}{
		{KeySpec{KeySHA256: []string{hash("x")}}, "name and key_sha256"},
		{KeySpec{Name: "x"}, "name and key_sha256"},
		{KeySpec{Name: "x", KeySHA256: []string{"secret"}}, "64 hexadecimal"},
		{KeySpec{Name: "x", KeySHA256: []string{hash("x")}, Methods: []string{"["}}, "not a pattern"},
	} {
		if _, err := NewKeys([]KeySpec{test.spec}); err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%+v: %v", test.spec, err)
		}
	}
}
