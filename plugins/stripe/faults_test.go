package stripe

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/patchbay/patchbay/sdk/connectortest"
)

// oneOfEach is one sample of each operation that asks Stripe.
func oneOfEach(t *testing.T) map[string]sample {
	t.Helper()
	named := map[string]string{
		"Authorize": "pay with card_token", "Complete": "complete a redirect", "Capture": "capture a part", "Void": "void", "Reverse": "reverse",
		"GetPayment": "read", "FindPayment": "find in the index", "AdjustAuthorization": "raise", "CreateRefund": "refund a part", "GetRefund": "read a refund",
		"CheckAccount": "check the account", "SetupMandate": "set a card up", "ChargeMandate": "charge a setup", "GetMandate": "read a setup", "RevokeMandate": "revoke",
		"Tokenize": "keep a card", "DeletePaymentMethod": "forget a method", "CreateCustomer": "create a customer", "GetCustomer": "read a customer",
		"UpdateCustomer": "change a customer", "DeleteCustomer": "delete a customer", "CreateClientSession": "open a session",
		"ListDisputes": "list disputes", "GetDispute": "read a dispute", "AcceptDispute": "accept a dispute", "SubmitEvidence": "submit evidence",
		"DefendDispute": "defend", "UploadEvidence": "upload a file", "CreatePayout": "pay out", "GetPayout": "read a payout", "VoidPayout": "withdraw a payout",
	}
	all := map[string]sample{}
	for _, s := range samples() {
		if named[s.operation] == s.name {
			all[s.operation] = s
		}
	}
	if len(all) != len(named) {
		t.Fatalf("%d of %d operations have a sample", len(all), len(named))
	}
	return all
}

// asksOnly are the operations that only ask.
func asksOnly(operation string) bool {
	return slices.ContainsFunc([]string{"Get", "List", "Find", "Check", "Complete"}, func(prefix string) bool { return strings.HasPrefix(operation, prefix) })
}

// faulty is the stand-in with a fault in the place of its answers: to requests that
// may change something, or to all.
func faulty(t *testing.T, fault http.HandlerFunc, all bool) *connectortest.Harness {
	t.Helper()
	standIn := newStandIn(t)
	standIn.seed()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if all || r.Method != http.MethodGet {
			_, _ = io.Copy(io.Discard, r.Body)
			fault(w, r)
			return
		}
		standIn.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return start(t, server.URL)
}

// TestFaultsOfEveryOperation: whatever goes wrong on the way, an operation that only
// asks is UNAVAILABLE, and of one that may have changed something the outcome is
// UNKNOWN: as a status where the answer has one, as an error otherwise.
func TestFaultsOfEveryOperation(t *testing.T) {
	apiError := object{"type": "api_error", "message": "Something went wrong."}
	half := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"id\":\"x\","
	for name, fault := range map[string]http.HandlerFunc{
		"no answer in time": hang, "reset before the answer": reset(""), "reset amid the answer": reset(half),
		"500": failed(500, apiError), "502 of a proxy": raw(502, "<html>Bad Gateway</html>"), "503": failed(503, apiError), "504": raw(504, ""),
		"malformed": raw(200, "<html>"), "another object": answer(200, object{"id": "x", "object": "plan"}), "half a document": raw(200, `{"id":"x",`),
	} {
		t.Run(name, func(t *testing.T) {
			asking, writing := faulty(t, fault, true), faulty(t, fault, false)
			for operation, got := range sendAll(t, asking, writing) {
				switch {
				case asksOnly(operation):
					connectortest.WantError(t, got.err, codes.Unavailable, "CONNECTOR_UNAVAILABLE")
				case got.err != nil:
					connectortest.WantError(t, got.err, codes.Unknown, "OUTCOME_UNKNOWN")
				default:
					if word := statusWord(got.resp); !strings.HasSuffix(word, "_STATUS_UNKNOWN") {
						t.Errorf("%s: status is %q of %v", operation, word, got.resp)
					}
				}
			}
		})
	}
}

// callEnd is how a call ended.
type callEnd struct {
	resp proto.Message
	err  error
}

// sendAll sends one sample of each operation, all at once: some wait for their time to
// run out.
func sendAll(t *testing.T, asking, writing *connectortest.Harness) map[string]callEnd {
	t.Helper()
	var (
		mu    sync.Mutex
		calls sync.WaitGroup
		ends  = map[string]callEnd{}
	)
	for operation, s := range oneOfEach(t) {
		h := writing
		if asksOnly(operation) {
			h = asking
		}
		ctx := h.Context(testKey + operation)
		calls.Go(func() {
			var resp proto.Message
			err := connectortest.AnswerWithin(ctx, 4*time.Second, func(ctx context.Context) (err error) {
				resp, err = s.send(ctx, t, h)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			ends[operation] = callEnd{resp, err}
		})
	}
	calls.Wait()
	return ends
}

// TestRefusalsOfEveryOperation: where Stripe says that nothing was done, nothing was.
func TestRefusalsOfEveryOperation(t *testing.T) {
	request := object{"type": "invalid_request_error", "message": "No."}
	for name, tt := range map[string]struct {
		fault  http.HandlerFunc
		code   codes.Code
		reason string
	}{
		"429":                  {failed(429, object{"type": "invalid_request_error", "code": "rate_limit"}), codes.ResourceExhausted, "RATE_LIMITED"},
		"401":                  {failed(401, request), codes.FailedPrecondition, "CREDENTIALS_REJECTED"},
		"403":                  {failed(403, request), codes.FailedPrecondition, "CREDENTIALS_REJECTED"},
		"400":                  {failed(400, request), codes.InvalidArgument, "INVALID_REQUEST"},
		"400 for a state":      {failed(400, object{"type": "invalid_request_error", "code": "status_transition_invalid"}), codes.FailedPrecondition, "STATE_FORBIDS"},
		"the key is another's": {failed(400, object{"type": "idempotency_error"}), codes.FailedPrecondition, "IDEMPOTENCY_KEY_REUSED"},
	} {
		t.Run(name, func(t *testing.T) {
			asking, writing := faulty(t, tt.fault, true), faulty(t, tt.fault, false)
			for operation, s := range oneOfEach(t) {
				h := writing
				if asksOnly(operation) {
					h = asking
				}
				resp, err := s.send(h.Context(testKey+operation), t, h)
				if err == nil {
					t.Fatalf("%s: answered %v", operation, resp)
				}
				connectortest.WantError(t, err, tt.code, tt.reason)
			}
		})
	}
}

// TestNothingIsSentToADeadPort: a connection that was never made changes nothing.
func TestNothingIsSentToADeadPort(t *testing.T) {
	h := start(t, connectortest.Nowhere)
	for _, s := range oneOfEach(t) {
		_, err := s.send(h.Context(testKey), t, h)
		connectortest.WantError(t, err, codes.Unavailable, "CONNECTOR_UNAVAILABLE")
	}
}

// TestUnknownWords: a status that Stripe has not documented is UNKNOWN, wherever an
// answer has one.
func TestUnknownWords(t *testing.T) {
	standIn := newStandIn(t)
	var onTheWay atomic.Bool // a setup is read on the way to something else
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told := httptest.NewRecorder()
		standIn.ServeHTTP(told, r)
		var document object
		if json.Unmarshal(told.Body.Bytes(), &document) == nil && (!onTheWay.Load() || !strings.HasPrefix(r.URL.Path, "/v1/setup_intents/")) {
			strange(document)
		}
		answer(told.Code, document)(w, r)
	}))
	t.Cleanup(server.Close)
	h := start(t, server.URL)
	var seen []string
	for operation, s := range oneOfEach(t) {
		standIn.seed()
		onTheWay.Store(operation != "GetMandate")
		resp, err := s.send(h.Context(testKey+operation), t, h)
		if err != nil {
			continue // the stand-in refused it, or the answer has something else that does not fit
		}
		if word := statusWord(resp); word != "" && operation != "RevokeMandate" && !strings.Contains(word, "CUSTOMER") {
			seen = append(seen, operation)
			if !strings.HasSuffix(word, "_STATUS_UNKNOWN") {
				t.Errorf("%s: status is %s", operation, word)
			}
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %v had a status", seen)
	}
}

// strange puts a word that nobody knows in the place of each status that says what
// became of something.
func strange(document object) {
	if _, has := document["status"].(string); has {
		document["status"] = "quux_of_next_year"
	}
	if data, ok := document["data"].([]any); ok {
		for _, each := range data {
			if o, ok := each.(object); ok {
				strange(o)
			}
		}
	}
}

// statusWord finds the status of what an answer is about.
func statusWord(resp proto.Message) string {
	word := ""
	resp.ProtoReflect().Range(func(_ protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		about, ok := v.Interface().(protoreflect.Message)
		if list, isList := v.Interface().(protoreflect.List); isList && list.Len() > 0 {
			about, ok = list.Get(0).Interface().(protoreflect.Message)
		}
		if !ok {
			return true
		}
		if field := about.Descriptor().Fields().ByName("status"); field != nil && field.Enum() != nil {
			word = string(field.Enum().Values().ByNumber(about.Get(field).Enum()).Name())
		}
		return word == ""
	})
	return word
}
