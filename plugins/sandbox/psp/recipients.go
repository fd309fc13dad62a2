package psp

import (
	"net/http"
	"strings"
	"time"
)

// RejectedName is the family name or company of a recipient whom the PSP
// rejects.
const RejectedName = "Rejected"

// recipient is somebody to whom money can be sent.
type recipient struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Status    string `json:"status"` // "active" or "rejected"
}

// payee is a recipient's account.
type payee struct {
	ID     string `json:"id"`
	Status string `json:"status"` // as a recipient's

	target target
}

func (s *Server) createRecipient(_ *http.Request, body []byte) (result, error) {
	var ask struct {
		Reference string            `json:"reference"`
		Details   person            `json:"details"`
		Address   *address          `json:"address"`
		Metadata  map[string]string `json:"metadata"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if err := named(ask.Reference); err != nil {
		return result{}, err
	}
	to := recipient{ID: newID("rcp_"), Reference: ask.Reference, Status: "active"}
	if ask.Details.FamilyName == RejectedName || ask.Details.Company == RejectedName {
		to.Status = "rejected"
	}
	return created(s.recipients.add(to.ID, to)), nil
}

func (s *Server) createPayee(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Destination destination `json:"destination"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	to, err := s.recipients.get(r.PathValue("id"))
	if err != nil {
		return result{}, err
	}
	if to.Status != "active" {
		return result{}, refuse(http.StatusConflict, "recipient_rejected", "", "the recipient is %s", to.Status)
	}
	t, err := s.target(ask.Destination)
	if err != nil {
		return result{}, err
	}
	p := payee{ID: newID("pa_"), Status: "active", target: t}
	if t.ending == DecliningEnding {
		p.Status = "rejected"
	}
	return created(s.payees.add(p.ID, p)), nil
}

// payoutLink answers a request for a page on which a recipient claims money.
type payoutLink struct {
	ID      string    `json:"id"`
	URL     string    `json:"url"`
	Payout  payout    `json:"payout"`
	Expires time.Time `json:"expires"`
}

func (s *Server) createPayoutLink(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Reference string            `json:"reference"`
		Amount    int64             `json:"amount"`
		Currency  string            `json:"currency"`
		Details   *person           `json:"details"`
		ReturnURL string            `json:"return_url"`
		Metadata  map[string]string `json:"metadata"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	p, err := s.newPayout(ask.Reference, ask.Amount, ask.Currency, "")
	if err != nil {
		return result{}, err
	}
	p.Status, p.ChallengeURL, p.returnURL = statusRequiresAction, challengeURL(r, p.ID), ask.ReturnURL
	p = s.delivered(s.payouts.add(p.ID, p))
	return created(payoutLink{
		ID: "link_" + strings.TrimPrefix(p.ID, "po_"), URL: p.ChallengeURL, Payout: p, Expires: p.Created.Add(actionLifetime),
	}), nil
}

// visitPayout is the page of a link, on which a recipient claims the money or
// refuses it.
func (s *Server) visitPayout(id string, answered, approved bool) (visit, error) {
	claimed := false
	p, err := s.payouts.change(id, func(p *payout) error {
		if claimed = answered && p.ChallengeURL != ""; !claimed {
			return nil
		}
		p.send()
		if !approved {
			p.Status, p.Decline = statusDeclined, newDecline("buyer_canceled")
		}
		return nil
	})
	if err == nil && claimed {
		p = s.delivered(p)
	}
	return visit{
		ID: p.ID, Reference: p.Reference, Status: p.Status, Open: p.ChallengeURL != "",
		param: "payout_id", returnURL: p.returnURL,
	}, err
}
