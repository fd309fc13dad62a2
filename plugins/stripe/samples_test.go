package stripe

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay/patchbay/plugins/stripe/stripemock"
)

// witness stands before a mock and keeps what it was asked, and what it refused.
type witness struct {
	proxy *httputil.ReverseProxy

	mu      sync.Mutex
	asked   map[string]seen // by shape: method, path and names of fields
	refused []string
}

// seen is one request.
type seen struct{ method, path, contentType, body string }

func startWitness(t *testing.T, mock string) (*witness, string) {
	t.Helper()
	target, err := url.Parse(mock)
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{proxy: httputil.NewSingleHostReverseProxy(target), asked: map[string]seen{}}
	w.proxy.ModifyResponse = w.note
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return w, server.URL
}

// ServeHTTP implements http.Handler.
func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	form, _ := url.ParseQuery(string(body))
	shape := strings.Join(append([]string{r.Method, r.URL.Path}, slices.Sorted(maps.Keys(form))...), " ") + "?" +
		strings.Join(slices.Sorted(maps.Keys(r.URL.Query())), " ")
	w.mu.Lock()
	w.asked[shape] = seen{r.Method, r.URL.Path, r.Header.Get("Content-Type"), string(body)}
	w.mu.Unlock()
	w.proxy.ServeHTTP(rw, r)
}

func (w *witness) note(resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(strings.NewReader(string(body)))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = append(w.refused, fmt.Sprintf("%s %s: %d %s", resp.Request.Method, resp.Request.URL.Path, resp.StatusCode, body))
	return nil
}

func (w *witness) seen() (asked map[string]seen, refused []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.asked), slices.Clone(w.refused)
}

// leastRequests is how many distinct requests a proof has.
const leastRequests = 40

// TestSamplesAgainstStripeMock sends every operation in every variant through
// stripe-mock, made strict and as it comes: none is refused. What Stripe takes and
// leaves out of its public description the mock as it comes does not know.
func TestSamplesAgainstStripeMock(t *testing.T) {
	undescribed := []string{"pay with card", "pay with token", "pay with apple_pay", "pay with google_pay", "set a card up"}
	for name, tt := range map[string]struct {
		options stripemock.Options
		without []string
	}{
		"strict": {stripemock.Options{
			Intent: stripemock.Intent{Status: "requires_capture", Amount: 1050, Currency: "eur", Reference: "order-1001", Multicapture: true},
			Refund: stripemock.Refund{Reference: "refund-77", Amount: 500},
		}, nil},
		"stock": {stripemock.Options{Stock: true}, undescribed},
	} {
		t.Run(name, func(t *testing.T) {
			w, address := startWitness(t, startMock(t, tt.options).URL)
			h := start(t, address)
			for _, s := range samples() {
				if !slices.Contains(tt.without, s.name) {
					_, _ = s.send(h.Context(testKey), t, h) // the mock has no state; what it answers is no matter here
				}
			}
			asked, refused := w.seen()
			if len(refused) > 0 {
				t.Errorf("%d requests were refused: %s", len(refused), strings.Join(refused, "\n"))
			}
			t.Logf("%d distinct requests, %d refused", len(asked), len(refused))
			if len(asked) < leastRequests {
				t.Errorf("%d distinct requests were sent, want %d at least", len(asked), leastRequests)
			}
			if !tt.options.Stock {
				mistakesAreSeen(t, address, asked)
			}
		})
	}
}

// mistakesAreSeen seeds one mistake each into the requests and wants them refused.
func mistakesAreSeen(t *testing.T, address string, asked map[string]seen) {
	t.Helper()
	tried := 0
	for shape, r := range asked {
		if r.method != http.MethodPost || strings.HasPrefix(r.contentType, "multipart/") {
			continue // stripe-mock does not look at the parameters of others
		}
		form, _ := url.ParseQuery(r.body)
		places := map[string]bool{"patchbay_mistake": true}
		for field := range form {
			if outer, _, nested := strings.Cut(field, "["); nested && outer != "metadata" && outer != "expand" && outer != "payment_method_types" {
				places[outer+"[patchbay_mistake]"] = true
			}
		}
		for place := range places {
			tried++
			wrong := maps.Clone(form)
			wrong.Set(place, "1")
			if code := post(t, address+r.path, wrong.Encode(), ""); code != http.StatusBadRequest {
				t.Errorf("%s with %s: HTTP status is %d, want 400", shape, place, code)
			}
		}
	}
	t.Logf("%d mistakes were tried", tried)
	if tried < leastRequests {
		t.Errorf("%d mistakes were tried, want %d at least", tried, leastRequests)
	}
}

// TestSamplesAgainstTheDescription sends the same to the stand-in, where Stripe's own
// description checks requests, answers, and that a mistake in each is seen.
func TestSamplesAgainstTheDescription(t *testing.T) {
	standIn := newStandIn(t)
	standIn.seed()
	server := httptest.NewServer(standIn)
	t.Cleanup(server.Close)
	h := start(t, server.URL)
	for _, s := range samples() {
		_, _ = s.send(h.Context(testKey+s.name), t, h)
	}
	standIn.checked.Prove(t, leastRequests)
	t.Logf("%d distinct requests, %d mistakes were seen", len(standIn.checked.Requests()), standIn.checked.MustReject(t, "metadata"))
}

// seed puts one thing of each kind into the stand-in, with the ids of the samples.
func (s *standIn) seed() {
	s.put("pi_1", "requires_capture", 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, name := range map[string]string{"re_1": "refund", "pm_1": "payment_method", "cus_1": "customer", "du_1": "dispute", "po_1": "payout", "seti_1": "setup_intent"} {
		o := s.fixture(name)
		o["id"] = id
		switch name {
		case "payout":
			o["status"] = "pending"
		case "payment_method":
			o["customer"] = "cus_1"
		case "dispute":
			o["payment_intent"], o["status"] = "pi_1", "needs_response"
			s.disputes = []string{id}
		case "setup_intent":
			maps.Copy(o, object{"status": "succeeded", "customer": "cus_1", "payment_method": "pm_1", "last_setup_error": nil, "next_action": nil})
		}
		s.keep(o)
	}
}
