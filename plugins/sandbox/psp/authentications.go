package psp

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
)

// threeDS is the outcome of a 3-D Secure authentication. The letters are those
// of EMV 3-D Secure's transStatus.
type threeDS struct {
	Status              string `json:"status"`
	Version             string `json:"version,omitempty"`
	DSTransactionID     string `json:"ds_transaction_id,omitempty"`
	CAVV                string `json:"cavv,omitempty"`
	ECI                 string `json:"eci,omitempty"`
	ServerTransactionID string `json:"server_transaction_id,omitempty"`
	ACSTransactionID    string `json:"acs_transaction_id,omitempty"`
	StatusReason        string `json:"status_reason,omitempty"`
	Challenged          bool   `json:"challenged,omitempty"`
	Liability           string `json:"liability,omitempty"` // "shifted" or "not_shifted"
}

const threeDSVersion = "2.2.0"

// refused tells whether the issuer would not hear of a payment.
func (t *threeDS) refused() bool { return t != nil && (t.Status == "N" || t.Status == "R") }

// challengeOutcome is the outcome of a challenge.
func challengeOutcome(passed bool) *threeDS {
	status := "N"
	if passed {
		status = "Y"
	}
	return newThreeDS(status, true)
}

// newThreeDS makes an outcome with ids of its own.
func newThreeDS(status string, challenged bool) *threeDS {
	t := &threeDS{
		Status: status, Version: threeDSVersion, Challenged: challenged, Liability: "not_shifted",
		DSTransactionID: newUUID(), ServerTransactionID: newUUID(), ACSTransactionID: newUUID(),
	}
	switch status {
	case "Y":
		t.ECI, t.Liability = "05", "shifted"
		cavv := make([]byte, 20)
		_, _ = rand.Read(cavv) // it never fails
		t.CAVV = base64.StdEncoding.EncodeToString(cavv)
	case "N":
		t.StatusReason = "01" // card authentication failed
	}
	return t
}

// authentication is a 3-D Secure authentication apart from a payment.
type authentication struct {
	ID               string         `json:"id"`
	Reference        string         `json:"reference"`
	Status           string         `json:"status"`
	SupportedVersion string         `json:"supported_version,omitempty"`
	Method           *threeDSMethod `json:"method,omitempty"`
	ChallengeURL     string         `json:"challenge_url,omitempty"`
	Outcome          *threeDS       `json:"outcome,omitempty"`

	paid      string // what was looked up, as source.identity has it
	trait     TestCard
	returnURL string
	result    string
}

// threeDSMethod is the hidden frame in which the issuer looks at the browser.
type threeDSMethod struct {
	URL                 string `json:"url"`
	Data                string `json:"data"`
	ServerTransactionID string `json:"server_transaction_id"`
}

func (s *Server) createAuthentication(r *http.Request, body []byte) (result, error) {
	var ask struct {
		amount
		Reference     string     `json:"reference"`
		PaymentMethod instrument `json:"payment_method"`
		ReturnURL     string     `json:"return_url"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if err := named(ask.Reference); err != nil {
		return result{}, err
	}
	src, err := s.cardSource(ask.PaymentMethod)
	if err != nil {
		return result{}, err
	}
	a := authentication{
		ID: newID("auth_"), Reference: ask.Reference, Status: "ready", SupportedVersion: threeDSVersion,
		paid: src.identity(), trait: src.trait, returnURL: ask.ReturnURL,
	}
	if a.trait.Method {
		id := newUUID()
		a.Status = statusRequiresAction
		a.Method = &threeDSMethod{
			URL:  challengeURL(r, a.ID),
			Data: base64.RawURLEncoding.EncodeToString([]byte(`{"threeDSServerTransID":"` + id + `"}`)), ServerTransactionID: id,
		}
	}
	return created(s.authentications.add(a.ID, a)), nil
}

// cardSource looks an instrument up in which there must be a card.
func (s *Server) cardSource(i instrument) (source, error) {
	src, err := s.source(i)
	if err == nil && !src.carded() {
		err = refuse(http.StatusBadRequest, "payment_method_not_supported", "payment_method", "this takes a card")
	}
	return src, err
}

func (s *Server) authenticate(r *http.Request, body []byte) (result, error) {
	var ask struct {
		amount
		PaymentMethod   instrument `json:"payment_method"`
		MethodCompleted bool       `json:"method_completed"`
		Challenge       string     `json:"challenge"` // "mandated": challenge in any case
		ReturnURL       string     `json:"return_url"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	src, err := s.cardSource(ask.PaymentMethod)
	if err != nil {
		return result{}, err
	}
	a, err := s.authentications.change(r.PathValue("id"), func(a *authentication) error {
		if a.Outcome != nil || a.ChallengeURL != "" {
			return refuse(http.StatusConflict, "authentication_not_ready", "", "the authentication is %s", a.Status)
		}
		if src.identity() != a.paid {
			return invalid("payment_method", "this is not the card of the authentication")
		}
		a.Method = nil
		if ask.ReturnURL != "" {
			a.returnURL = ask.ReturnURL
		}
		a.judge(r, ask.Challenge == "mandated")
		return nil
	})
	return result{status: http.StatusOK, body: a}, err
}

// judge is the issuer's decision on an authentication.
func (a *authentication) judge(r *http.Request, mandated bool) {
	switch status := a.trait.Authentication; {
	case status == "C", status == "" && mandated:
		a.Status, a.ChallengeURL = statusRequiresAction, challengeURL(r, a.ID)
	case status == "N":
		a.Status, a.Outcome = statusDeclined, newThreeDS("N", false)
	case status == "U":
		a.Status, a.Outcome = "unavailable", newThreeDS("U", false)
	default:
		a.Status, a.Outcome = "succeeded", newThreeDS("Y", false)
	}
}

// finishAuthentication answers the outcome, and verifies what the payer brought
// back.
func (s *Server) finishAuthentication(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Result string `json:"redirect_result"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	a, err := s.authentications.get(r.PathValue("id"))
	if err == nil {
		err = genuine(ask.Result, a.result)
	}
	return result{status: http.StatusOK, body: a}, err
}

func (s *Server) visitAuthentication(id string, answered, approved bool) (visit, error) {
	a, err := s.authentications.change(id, func(a *authentication) error {
		if !answered || a.ChallengeURL == "" {
			return nil
		}
		a.ChallengeURL, a.result, a.Outcome = "", newID("rr_"), challengeOutcome(approved)
		a.Status = statusDeclined
		if approved {
			a.Status = "succeeded"
		}
		return nil
	})
	return visit{
		ID: a.ID, Reference: a.Reference, Status: a.Status, Open: a.ChallengeURL != "",
		param: "authentication_id", returnURL: a.returnURL, result: a.result,
	}, err
}

// authenticated is the authentication that a payment brings, or nil.
func (s *Server) authenticated(n newPayment, src source) (*threeDS, error) {
	if n.AuthenticationID == "" {
		if n.ThreeDS != nil {
			outcome := *n.ThreeDS
			outcome.Liability = "not_shifted"
			if outcome.Status == "Y" || outcome.Status == "A" {
				outcome.Liability = "shifted"
			}
			return &outcome, nil
		}
		return nil, nil
	}
	a, err := s.authentications.get(n.AuthenticationID)
	switch {
	case err != nil:
		return nil, err
	case a.Outcome == nil:
		return nil, refuse(http.StatusConflict, "authentication_not_complete", "", "the authentication is %s", a.Status)
	case src.identity() != a.paid:
		return nil, invalid("payment_method", "this is not the card of the authentication")
	}
	return a.Outcome, nil
}

// newUUID makes a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
