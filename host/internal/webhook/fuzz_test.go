package webhook

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// FuzzReceiver sends requests as they come from a wire: none is acknowledged but
// those that the connector believes, which get there as they came.
func FuzzReceiver(f *testing.F) {
	f.Add("POST /webhooks/acme/acme-eu?a=%20 HTTP/1.1\r\nHost: x\r\nX-Sig: genuine\r\nContent-Length: 2\r\n\r\n{}")
	f.Add("POST /webhooks/acme/acme-eu HTTP/1.1\r\nHost: x\r\nX-Sig: forged\r\n\r\n")
	f.Add("GET /webhooks/acme/a%2Fb%20c?\xff HTTP/1.1\r\nHost: \xe9\r\nX-Forwarded-For: 1.2.3.4, ::1,\r\nX-Sig: genuine\r\n\r\n")
	f.Add("POST http://other/webhooks/acme/acme-eu HTTP/1.0\r\nTransfer-Encoding: chunked\r\nX-Sig: genuine\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
	f.Add("POST //webhooks/../acme HTTP/1.1\r\nHost: x\r\n\r\n")
	h := newHarness(f, func(s *Spec) { s.TrustedProxies = []string{"192.0.2.0/24"} })
	h.plugin.handle = func(_ context.Context, r *paymentsv1.HttpRequest) (*paymentsv1.HandleWebhookResponse, error) {
		for _, header := range r.GetHeaders() {
			if header.GetName() == "X-Sig" && header.GetValue() == "genuine" {
				return verified(), nil
			}
		}
		return answered(isRejected, 200), nil
	}
	f.Fuzz(func(t *testing.T, wire string) {
		req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire)))
		if err != nil {
			return
		}
		req.RemoteAddr = "192.0.2.1:1234"
		recorder := httptest.NewRecorder()
		h.receiver.ServeHTTP(recorder, req)
		acknowledged := recorder.Code >= 200 && recorder.Code < 300
		genuine := false
		for _, value := range req.Header["X-Sig"] {
			genuine = genuine || value == "genuine"
		}
		if acknowledged && !genuine {
			t.Errorf("%d for %q", recorder.Code, wire)
		}
		if recorder.Code < 200 || recorder.Code == http.StatusUnauthorized && genuine || recorder.Header().Get("X-Request-Id") == "" {
			t.Errorf("%d %v for %q", recorder.Code, recorder.Header(), wire)
		}
		if !acknowledged {
			return
		}
		if _, got := h.plugin.seen(); got.GetMethod() != req.Method || !strings.HasPrefix(got.GetUrl(), "https://hooks.example/in/webhooks/") {
			t.Errorf("the connector got %s %s of %q", got.GetMethod(), got.GetUrl(), wire)
		}
	})
}
