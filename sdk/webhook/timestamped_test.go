package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/webhook"
)

func TestTimestamped(t *testing.T) {
	scheme := webhook.Timestamped{Header: "Acme-Signature", Tolerance: time.Minute}
	now := time.Unix(1_893_456_000, 0)
	mac := func(key, at, body string) string {
		h := hmac.New(sha256.New, []byte(key))
		h.Write([]byte(at + "." + body))
		return hex.EncodeToString(h.Sum(nil))
	}
	good := mac("new", "1893456000", "body")
	for name, test := range map[string]struct {
		headers []string
		want    string // in the error; empty: it is believed
	}{
		"good":                {[]string{"t=1893456000,v1=" + good}, ""},
		"the older secret":    {[]string{"t=1893456000,v1=" + mac("old", "1893456000", "body")}, ""},
		"one of several":      {[]string{"t=1893456000, v0=00, v1=00, v1=" + good}, ""},
		"at the tolerance":    {[]string{"t=1893456060,v1=" + mac("new", "1893456060", "body")}, ""},
		"another secret":      {[]string{"t=1893456000,v1=" + mac("x", "1893456000", "body")}, "the signature is wrong"},
		"another body":        {[]string{"t=1893456000,v1=" + mac("new", "1893456000", "bodY")}, "the signature is wrong"},
		"another time":        {[]string{"t=1893456001,v1=" + good}, "the signature is wrong"},
		"another scheme":      {[]string{"t=1893456000,v0=" + good}, "no signature"},
		"no digits":           {[]string{"t=1893456000,v1=x" + good}, "no signature"},
		"too old":             {[]string{"t=1893455939,v1=" + mac("new", "1893455939", "body")}, "old"},
		"too early":           {[]string{"t=1893456061,v1=" + mac("new", "1893456061", "body")}, "ahead"},
		"no time":             {[]string{"v1=" + good}, "no time"},
		"an empty time":       {[]string{"t=,v1=" + good}, "can't be read"},
		"two times":           {[]string{"t=1893456000,t=1893456000,v1=" + good}, "can't be read"},
		"a time that is none": {[]string{"t=now,v1=" + mac("new", "now", "body")}, "can't be read"},
		"no header":           {nil, "0 headers"},
		"two headers":         {[]string{"t=1893456000,v1=" + good, "t=1893456000,v1=" + good}, "2 headers"},
	} {
		r := &paymentsv1.HttpRequest{Body: []byte("body")}
		for _, value := range test.headers {
			r.Headers = append(r.Headers, &paymentsv1.HttpHeader{Name: "acme-signature", Value: value})
		}
		err := scheme.Verify(r, []sdk.Secret{"old", "new"}, now)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
		if err := scheme.Verify(r, nil, now); err == nil {
			t.Errorf("%s is believed without a secret", name)
		}
	}
}
