package adyen

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

const testKey = "key_0123456789012345678901234567890123456789"

// start serves the connector with the tests' account at an address.
func start(t *testing.T, baseURL string, changes ...object) *connectortest.Harness {
	t.Helper()
	config := object{
		"base_url": baseURL, "api_key": "AQE_tests", "merchant_account": merchantAccount,
		"return_url": "https://shop.example/return", "webhook_secrets": []string{webhookKey},
	}
	for _, change := range changes {
		maps.Copy(config, change)
	}
	return connectortest.Start(t, New(), config)
}

// canned is an HTTP server on the loopback interface that gives every request the
// same answer and keeps the last body.
type canned struct {
	URL string

	mu   sync.Mutex
	last object
	path string
}

func answering(t *testing.T, code int, header http.Header, document any) *canned {
	t.Helper()
	raw, isRaw := document.([]byte)
	if !isRaw {
		var err error
		if raw, err = json.Marshal(document); err != nil {
			t.Fatal(err)
		}
	}
	c := &canned{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		c.last, c.path = object{}, r.URL.RequestURI()
		_ = json.Unmarshal(body, &c.last) // a GET has none
		c.mu.Unlock()
		maps.Copy(w.Header(), header)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write(raw)
	}))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// sent is the body of the last request, and its path.
func (c *canned) sent() (object, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last, c.path
}

func eur(minorUnits int64) *paymentsv1.Money {
	return &paymentsv1.Money{CurrencyCode: "EUR", MinorUnits: minorUnits}
}

func testCard() *paymentsv1.PaymentMethod {
	return &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Card{Card: &paymentsv1.Card{
		Number: "4111111111111111", ExpiryMonth: 3, ExpiryYear: 2030, SecurityCode: "737", HolderName: "Test Card",
	}}}
}

func authorizeRequest() *paymentsv1.AuthorizeRequest {
	return &paymentsv1.AuthorizeRequest{Reference: "order-1001", Amount: eur(1050), PaymentMethod: testCard()}
}
