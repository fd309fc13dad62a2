package psp

import (
	"net/http"
	"time"
)

// sessionLifetime is how long sessions and access tokens live.
const sessionLifetime = time.Hour

// session is a session for an SDK, or for a run of server calls.
type session struct {
	ID             string    `json:"id"`
	ClientSecret   string    `json:"client_secret,omitempty"`
	PublishableKey string    `json:"publishable_key,omitempty"`
	Types          []string  `json:"types,omitempty"`
	Expires        time.Time `json:"expires"`
}

// newSession is the body of both POST /v1/client_sessions and
// POST /v1/server_sessions.
type newSession struct {
	Reference  string            `json:"reference"`
	Amount     int64             `json:"amount"`
	Currency   string            `json:"currency"`
	Types      []string          `json:"types"`
	CustomerID string            `json:"customer_id"`
	ReturnURL  string            `json:"return_url"`
	Metadata   map[string]string `json:"metadata"`
}

func (s *Server) createClientSession(_ *http.Request, body []byte) (result, error) {
	return s.createSession(body, func(open *session, asked newSession) {
		open.ClientSecret = newID(open.ID + "_secret_")
		open.PublishableKey = "pk_sandbox"
		open.Types = asked.Types
		if len(open.Types) == 0 {
			for _, m := range Methods() {
				open.Types = append(open.Types, m.Type)
			}
		}
	})
}

func (s *Server) createServerSession(_ *http.Request, body []byte) (result, error) {
	return s.createSession(body, func(*session, newSession) {})
}

func (s *Server) createSession(body []byte, fill func(*session, newSession)) (result, error) {
	var ask newSession
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if err := named(ask.Reference); err != nil {
		return result{}, err
	}
	if err := s.activeCustomer(ask.CustomerID); err != nil {
		return result{}, err
	}
	open := session{ID: newID("sess_"), Expires: time.Now().UTC().Add(sessionLifetime)}
	fill(&open, ask)
	return created(s.sessions.add(open.ID, open)), nil
}

// createAccessToken answers a token. It opens nothing: any text is an API key.
func (s *Server) createAccessToken(_ *http.Request, body []byte) (result, error) {
	var ask struct {
		Scopes []string `json:"scopes"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if len(ask.Scopes) == 0 {
		ask.Scopes = []string{"payments", "payouts"}
	}
	return created(map[string]any{
		"access_token": newID("at_sandbox_"), "token_type": "Bearer", "scopes": ask.Scopes,
		"expires": time.Now().UTC().Add(sessionLifetime),
	}), nil
}
