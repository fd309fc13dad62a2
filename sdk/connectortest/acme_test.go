package connectortest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// acmePSP is a PSP that takes payments and shows them.
type acmePSP struct {
	mux   *http.ServeMux
	mu    sync.Mutex
	byKey map[string]*acmePayment
	all   []*acmePayment
}

type acmePayment struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Token     string `json:"token,omitempty"`
	State     string `json:"state"`
	key       string
	attempts  int
}

func newAcmePSP() *acmePSP {
	p := &acmePSP{mux: http.NewServeMux(), byKey: map[string]*acmePayment{}}
	p.mux.HandleFunc("POST /payments", p.pay)
	p.mux.HandleFunc("GET /payments/{id}", p.show)
	p.mux.HandleFunc("GET /ledger", p.ledger)
	return p
}

func (p *acmePSP) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

func (p *acmePSP) pay(w http.ResponseWriter, r *http.Request) {
	asked := &acmePayment{}
	if json.NewDecoder(r.Body).Decode(asked) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	asked.key = r.Header.Get("Acme-Key")
	made := p.byKey[asked.key]
	switch {
	case made == nil || asked.key == "":
		asked.ID, asked.State = "p_"+rand.Text(), "paid"
		if asked.Token == "tok_declined" {
			asked.State = "no_funds"
		}
		p.byKey[asked.key], made = asked, asked
		p.all = append(p.all, asked)
	case made.Reference != asked.Reference || made.Amount != asked.Amount:
		w.WriteHeader(http.StatusConflict)
		return
	}
	made.attempts++
	_ = json.NewEncoder(w).Encode(made.shown())
}

func (p *acmePayment) shown() acmePayment {
	shown := *p
	shown.Token = ""
	return shown
}

func (p *acmePSP) show(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, made := range p.all {
		if made.ID == r.PathValue("id") {
			_ = json.NewEncoder(w).Encode(made.shown())
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
}

func (p *acmePSP) ledger(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	charges := []Charge{}
	for _, made := range p.all {
		if made.State == "paid" {
			charges = append(charges, Charge{
				ID: made.ID, Reference: made.Reference, IdempotencyKey: made.key, Amount: made.Amount, Currency: made.Currency,
				Captured: made.Amount, Attempts: made.attempts,
			})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"charges": charges})
}

// acme is a connector that is right, but for what it is told to do wrong.
type acme struct{ mutant string }

type acmeConfig struct {
	BaseURL string     `json:"base_url"`
	APIKey  sdk.Secret `json:"api_key"`
}

func (a acme) Describe() sdk.Description {
	evidence := connectorv1.Evidence_EVIDENCE_SIMULATED
	if a.mutant == "boasts" {
		evidence = connectorv1.Evidence_EVIDENCE_LIVE
	}
	return sdk.Description{
		ID: "acme", Config: &acmeConfig{}, PaymentMethodTypes: []string{"card_token"}, Evidence: evidence,
		Idempotency: map[string]sdk.Idempotency{"Authorize": {Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY}},
	}
}

func (a acme) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	token := req.GetPaymentMethod().GetCardToken().GetToken()
	if a.mutant == "logs the token" {
		sdk.Logger(ctx).Info("paying", "with", token)
	}
	if req.GetCaptureMethod() == manual {
		return nil, sdk.Errorf(sdk.Unsupported, "", "acme captures at once")
	}
	body, err := json.Marshal(acmePayment{
		Reference: req.GetReference(), Amount: req.GetAmount().GetMinorUnits(), Currency: req.GetAmount().GetCurrencyCode(), Token: token,
	})
	if err != nil {
		return nil, err
	}
	p, err := a.ask(ctx, http.MethodPost, "/payments", body)
	if a.mutant == "lost is failed" && err != nil {
		return nil, sdk.Errorf(sdk.Precondition, "", "the payment failed")
	}
	return &paymentsv1.AuthorizeResponse{Payment: p}, err
}

func (a acme) GetPayment(ctx context.Context, req *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	p, err := a.ask(ctx, http.MethodGet, "/payments/"+url.PathEscape(req.GetPaymentId()), nil)
	return &paymentsv1.GetPaymentResponse{Payment: p}, err
}

func (a acme) ask(ctx context.Context, method, path string, body []byte) (*paymentsv1.Payment, error) {
	config, err := sdk.Config[acmeConfig](ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, config.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if a.mutant != "no key" {
		req.Header.Set("Acme-Key", sdk.IdempotencyKey(ctx))
	}
	resp, err := sdk.HTTPClient(ctx).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return a.read(method, resp.StatusCode, raw)
}

// read translates what the PSP answered.
func (a acme) read(method string, status int, raw []byte) (*paymentsv1.Payment, error) {
	lost := sdk.OutcomeUnknown
	if method == http.MethodGet || a.mutant == "500 is harmless" {
		lost = sdk.Unavailable
	}
	switch {
	case status == http.StatusTooManyRequests:
		return nil, sdk.Errorf(sdk.RateLimited, "", "acme is busy")
	case status == http.StatusUnauthorized:
		return nil, sdk.Errorf(sdk.Misconfigured, "", "acme does not know the key")
	case status == http.StatusConflict:
		return nil, sdk.Errorf(sdk.Precondition, "IDEMPOTENCY_KEY_REUSED", "the key was used for another request")
	case status == http.StatusNotFound:
		return nil, sdk.Errorf(sdk.InvalidRequest, "", "there is no such payment")
	case status != http.StatusOK:
		return nil, sdk.Errorf(lost, "", "acme answered %d", status)
	}
	var told *acmePayment
	if err := json.Unmarshal(raw, &told); err != nil || a.mutant != "trusts answers" && (told == nil || told.ID == "") {
		return nil, sdk.Errorf(lost, "", "acme's answer can't be read")
	}
	amount := &paymentsv1.Money{CurrencyCode: told.Currency, MinorUnits: told.Amount}
	p := &paymentsv1.Payment{Id: told.ID, Reference: told.Reference, Amount: amount, Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN}
	switch {
	case told.State == "paid" || a.mutant == "optimist":
		p.Status, p.CapturedAmount = captured, amount
	case told.State == "no_funds":
		p.Status, p.Decline = declined, sdk.NewDecline("insufficient_funds")
		p.Decline.ConnectorCode = told.State
	}
	return p, nil
}
