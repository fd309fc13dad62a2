package psp

import (
	"net/http"
	"strings"
	"sync"
)

// WrongKey is the one API key that the PSP refuses.
const WrongKey = "sk_sandbox_wrong"

// maxBody is the largest request body that is read.
const maxBody = 64 << 10

// Server is the PSP as an http.Handler. It is safe for concurrent use. Like a
// real PSP it finishes what it has begun when the client goes away.
type Server struct {
	mux     *http.ServeMux
	ledger  *ledger
	keys    *keys
	closing chan struct{}
	close   func()
}

// New returns a PSP without payments.
func New() *Server {
	closing := make(chan struct{})
	s := &Server{
		mux:     http.NewServeMux(),
		ledger:  newLedger(),
		keys:    newKeys(),
		closing: closing,
		close:   sync.OnceFunc(func() { close(closing) }),
	}
	s.mux.HandleFunc("GET /v1/account", s.read(account))
	s.mux.HandleFunc("POST /v1/payments", s.write(s.createPayment))
	s.mux.HandleFunc("GET /v1/payments/{id}", s.read(s.getPayment))
	s.mux.HandleFunc("POST /v1/payments/{id}/capture", s.write(s.capturePayment))
	s.mux.HandleFunc("POST /v1/payments/{id}/void", s.write(s.voidPayment))
	s.mux.HandleFunc("POST /v1/payments/{id}/refunds", s.write(s.createRefund))
	s.mux.HandleFunc("GET /v1/refunds/{id}", s.read(s.getRefund))
	s.mux.HandleFunc("GET /challenge/{id}", s.challenge)
	s.mux.HandleFunc("GET /ledger", s.showLedger)
	s.mux.HandleFunc("GET /healthz", healthy)
	s.mux.HandleFunc("/", noRoute)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mux.ServeHTTP(w, r)
}

// Close ends simulated delays: what was still delayed is refused, and so is
// every later request that asks for a delay. It can be called more than once.
func (s *Server) Close() { s.close() }

// operation does one request of the API. What it returns is either what the
// PSP says or an *apiError.
type operation func(r *http.Request, body []byte) (result, error)

// read serves an operation that changes nothing.
func (s *Server) read(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sim, err := admit(r)
		if err != nil {
			failure(err).send(w, false)
			return
		}
		a := s.execute(sim, func() (result, error) { return op(r, nil) })
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
		a, replayed, err := s.keys.once(r.Context(), key, fingerprint(r.URL.Path, body), func() answer {
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
