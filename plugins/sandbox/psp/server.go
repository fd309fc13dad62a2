package psp

import (
	"context"
	"net/http"
	"strings"
	"sync"
)

// WrongKey is the one API key that the PSP refuses.
const WrongKey = "sk_sandbox_wrong"

// maxBody is the largest request body that is read.
const maxBody = 64 << 10

// maxFile is the largest file of evidence.
const maxFile = 25 << 20

// Server is the PSP as an http.Handler. It is safe for concurrent use. Like a
// real PSP it finishes what it has begun when the client goes away.
type Server struct {
	mux     *http.ServeMux
	keys    *keys
	closing chan struct{}
	close   func()
	postman *postman

	ledger          *ledger
	mandates        *table[mandate]
	authentications *table[authentication]
	tokens          *table[token]
	customers       *table[customer]
	sessions        *table[session]
	orders          *table[order]
	disputes        *table[dispute]
	payouts         *table[payout]
	recipients      *table[recipient]
	payees          *table[payee]
	endpoints       *table[endpoint]
}

// New returns a PSP without payments, which delivers no webhooks.
func New() *Server { return NewWithWebhooks(Webhooks{}) }

// NewWithWebhooks returns a PSP without payments.
func NewWithWebhooks(w Webhooks) *Server {
	closing := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		mux:     http.NewServeMux(),
		keys:    newKeys(),
		closing: closing,
		close:   sync.OnceFunc(func() { close(closing); cancel() }),
		postman: &postman{webhooks: w, ctx: ctx},

		ledger:          newLedger(),
		mandates:        newTable[mandate]("mandate"),
		authentications: newTable[authentication]("authentication"),
		tokens:          newTable[token]("token"),
		customers:       newTable[customer]("customer"),
		sessions:        newTable[session]("session"),
		orders:          newTable[order]("order"),
		disputes:        newTable[dispute]("dispute"),
		payouts:         newTable[payout]("payout"),
		recipients:      newTable[recipient]("recipient"),
		payees:          newTable[payee]("payout_account"),
		endpoints:       newTable[endpoint]("webhook_endpoint"),
	}
	s.route()
	return s
}

// route gives every request its operation.
func (s *Server) route() {
	for pattern, op := range map[string]operation{
		"/v1/account":        account,
		"/v1/payments":       s.findPayments,
		"/v1/payments/{id}":  s.getPayment,
		"/v1/refunds/{id}":   s.getRefund,
		"/v1/mandates/{id}":  reading(s.mandates),
		"/v1/customers/{id}": reading(s.customers),
		"/v1/disputes":       s.listDisputes,
		"/v1/disputes/{id}":  reading(s.disputes),
		"/v1/payouts/{id}":   reading(s.payouts),
	} {
		s.mux.HandleFunc("GET "+pattern, s.read(op))
	}
	for pattern, op := range map[string]operation{
		"/v1/payments":                          s.createPayment,
		"/v1/payments/{id}/complete":            s.completePayment,
		"/v1/payments/{id}/capture":             s.capturePayment,
		"/v1/payments/{id}/void":                s.voidPayment,
		"/v1/payments/{id}/reverse":             s.reversePayment,
		"/v1/payments/{id}/adjust":              s.adjustPayment,
		"/v1/payments/{id}/extend":              s.extendPayment,
		"/v1/payments/{id}/refunds":             s.createRefund,
		"/v1/orders":                            s.createOrder,
		"/v1/mandates":                          s.createMandate,
		"/v1/mandates/{id}/revoke":              s.revokeMandate,
		"/v1/authentications":                   s.createAuthentication,
		"/v1/authentications/{id}/authenticate": s.authenticate,
		"/v1/authentications/{id}/finish":       s.finishAuthentication,
		"/v1/tokens":                            s.createToken,
		"/v1/tokens/{id}/delete":                s.deleteToken,
		"/v1/customers":                         s.createCustomer,
		"/v1/customers/{id}":                    s.updateCustomer,
		"/v1/customers/{id}/delete":             s.deleteCustomer,
		"/v1/client_sessions":                   s.createClientSession,
		"/v1/server_sessions":                   s.createServerSession,
		"/v1/access_tokens":                     s.createAccessToken,
		"/v1/disputes/{id}/accept":              s.acceptDispute,
		"/v1/disputes/{id}/files":               s.uploadFile,
		"/v1/disputes/{id}/evidence":            s.submitEvidence,
		"/v1/disputes/{id}/defend":              s.defendDispute,
		"/v1/payouts":                           s.createPayout,
		"/v1/payouts/{id}/transfer":             s.transferPayout,
		"/v1/payouts/{id}/void":                 s.voidPayout,
		"/v1/payout_links":                      s.createPayoutLink,
		"/v1/recipients":                        s.createRecipient,
		"/v1/recipients/{id}/accounts":          s.createPayee,
		"/v1/webhook_endpoints":                 s.createEndpoint,
		"/v1/test/payments/{id}/settle":         s.settlePayment,
		"/v1/test/disputes/{id}/decide":         s.decideDispute,
		"/v1/test/payouts/{id}/settle":          s.settlePayout,
	} {
		s.mux.HandleFunc("POST "+pattern, s.write(op))
	}
	s.mux.HandleFunc("POST /v1/offers", s.read(s.listOffers))
	s.mux.HandleFunc("POST /v1/surcharges", s.read(s.calculateSurcharge))
	s.mux.HandleFunc("GET /challenge/{id}", s.challenge)
	s.mux.HandleFunc("GET /ledger", s.showLedger)
	s.mux.HandleFunc("GET /healthz", healthy)
	s.mux.HandleFunc("/", noRoute)
}

// reading is the operation that reads one object.
func reading[T any](t *table[T]) operation {
	return func(r *http.Request, _ []byte) (result, error) {
		v, err := t.get(r.PathValue("id"))
		return result{status: http.StatusOK, body: v}, err
	}
}

// created answers a new object.
func created(body any) result { return result{status: http.StatusCreated, body: body} }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mux.ServeHTTP(w, r)
}

// Close ends simulated delays and deliveries: what was still delayed is refused,
// and so is every later request that asks for a delay. It can be called more
// than once.
func (s *Server) Close() { s.close() }

// operation does one request of the API. What it returns is either what the
// PSP says or an *apiError.
type operation func(r *http.Request, body []byte) (result, error)

// read serves an operation that changes nothing; a key is not looked at.
func (s *Server) read(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sim, err := admit(r)
		if err != nil {
			failure(err).send(w, false)
			return
		}
		_, body, err := readBody(w, r)
		if err != nil {
			failure(err).send(w, false)
			return
		}
		a := s.execute(sim, func() (result, error) { return op(r, body) })
		sim.cut(a)
		a.send(w, false)
	}
}

// write serves an operation that changes something, once for each idempotency
// key.
func (s *Server) write(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sim, err := admit(r)
		if err != nil {
			failure(err).send(w, false)
			return
		}
		key, body, err := readBody(w, r)
		if err != nil {
			failure(err).send(w, false)
			return
		}
		a, replayed, err := s.keys.once(r.Context(), key, fingerprint(r.URL.RequestURI(), body), func() answer {
			return s.execute(sim, func() (result, error) { return op(r, body) })
		})
		if err != nil {
			failure(err).send(w, false)
			return
		}
		if replayed {
			s.ledger.attempted(a.charge)
		} else {
			sim.cut(a)
		}
		a.send(w, replayed)
	}
}

// execute runs an operation as the simulation wants it.
func (s *Server) execute(sim Simulation, op func() (result, error)) answer {
	if err := sim.before(s.closing); err != nil {
		return failure(err)
	}
	res, err := op()
	if err != nil {
		return failure(err)
	}
	return success(res)
}

// admit checks the API key and reads what is to be simulated.
func admit(r *http.Request) (Simulation, error) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || key == "" || key == WrongKey {
		return Simulation{}, refuse(http.StatusUnauthorized, "invalid_api_key", "", "the API key is missing or wrong")
	}
	return readSimulation(r.Header.Get(SimulateHeader))
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	success(result{status: http.StatusOK, body: map[string]string{"status": "ok"}}).send(w, false)
}

func noRoute(w http.ResponseWriter, r *http.Request) {
	failure(refuse(http.StatusNotFound, "route_not_found", "", "there is no %s %s", r.Method, r.URL.Path)).send(w, false)
}
