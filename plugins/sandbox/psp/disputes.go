package psp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The states of a dispute.
const (
	disputeNeedsResponse = "needs_response"
	disputeUnderReview   = "under_review"
	disputeAccepted      = "accepted"
	disputeWon           = "won"
	disputeLost          = "lost"
	disputeWithdrawn     = "withdrawn"
	disputeExpired       = "expired"
)

// The texts of evidence that decide a dispute as soon as it is defended, which
// Stripe's users know (https://docs.stripe.com/testing#disputes).
const (
	WinningEvidence = "winning_evidence"
	LosingEvidence  = "losing_evidence"
)

// responseTime is how long a merchant may take to answer a dispute.
const responseTime = 7 * 24 * time.Hour

// evidence is one piece of evidence: a file or a text.
type evidence struct {
	Type   string `json:"type"`
	FileID string `json:"file_id,omitempty"`
	Text   string `json:"text,omitempty"`
}

// dispute is a payer's objection.
type dispute struct {
	ID        string     `json:"id"`
	PaymentID string     `json:"payment_id"`
	Reference string     `json:"reference"`
	Stage     string     `json:"stage"`
	Status    string     `json:"status"`
	Amount    int64      `json:"amount"`
	Currency  string     `json:"currency"`
	Reason    string     `json:"reason"`
	Code      string     `json:"network_reason_code"`
	Network   string     `json:"network"`
	Evidence  []evidence `json:"evidence,omitempty"`
	Due       time.Time  `json:"due"`
	Created   time.Time  `json:"created"`
	Updated   time.Time  `json:"updated"`

	files []string
}

// object opens a dispute of all that a payment took.
func (s *Server) object(p payment) {
	now := time.Now().UTC()
	d := dispute{
		ID: newID("dp_"), PaymentID: p.ID, Reference: p.Reference, Stage: "chargeback", Status: disputeNeedsResponse,
		Amount: p.Captured, Currency: p.Currency, Reason: "fraudulent", Code: "10.4", Network: p.Network,
		Due: now.Add(responseTime), Created: now, Updated: now,
	}
	s.disputes.add(d.ID, d)
	s.announce("dispute", d.Status, d.ID, d, p.webhookURL)
}

// The sizes of a page of disputes.
const (
	defaultPage = 10
	maxPage     = 100
)

// disputePage is one page of disputes.
type disputePage struct {
	Disputes []dispute `json:"disputes"`
	Next     string    `json:"next,omitempty"` // what ?after= takes to go on
}

// period reads between which times a dispute must have been opened; a zero time is
// no limit.
func period(q url.Values) (between [2]time.Time, err error) {
	for i, name := range []string{"created_after", "created_before"} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		if between[i], err = time.Parse(time.RFC3339Nano, text); err != nil {
			return between, invalid(name, "the time must be as RFC 3339 has it")
		}
	}
	return between, nil
}

// listDisputes answers GET /v1/disputes, the newest first.
func (s *Server) listDisputes(r *http.Request, _ []byte) (result, error) {
	q := r.URL.Query()
	size := defaultPage
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return result{}, invalid("limit", "the limit must be a number of at least 1")
		}
		size = min(n, maxPage)
	}
	between, err := period(q)
	if err != nil {
		return result{}, err
	}
	after := q.Get("after")
	if after != "" {
		if _, err := s.disputes.get(after); err != nil {
			return result{}, invalid("after", "there is no such page")
		}
	}
	skip := after != ""
	found := s.disputes.newest(func(d dispute) bool {
		if skip {
			skip = d.ID != after
			return false
		}
		return (q.Get("payment_id") == "" || d.PaymentID == q.Get("payment_id")) &&
			(q.Get("status") == "" || slices.Contains(strings.Split(q.Get("status"), ","), d.Status)) &&
			!d.Created.Before(between[0]) && (between[1].IsZero() || d.Created.Before(between[1]))
	})
	page := disputePage{Disputes: found}
	if len(found) > size {
		page.Disputes, page.Next = found[:size], found[size-1].ID
	}
	return result{status: http.StatusOK, body: page}, nil
}

// answering applies a rule to a dispute that waits for the merchant's answer.
func (s *Server) answering(id string, rule func(*dispute) error) (result, error) {
	d, err := s.disputes.change(id, func(d *dispute) error {
		if d.Status != disputeNeedsResponse {
			return refuse(http.StatusConflict, "dispute_not_open", "", "the dispute is %s", d.Status)
		}
		if !time.Now().Before(d.Due) {
			return refuse(http.StatusConflict, "dispute_too_late", "", "the time to answer ran out at %s", d.Due.Format(time.RFC3339))
		}
		d.Updated = time.Now().UTC()
		return rule(d)
	})
	if err != nil {
		return result{}, err
	}
	s.announce("dispute", d.Status, d.ID, d, "")
	return result{status: http.StatusOK, body: d}, nil
}

func (s *Server) acceptDispute(r *http.Request, body []byte) (result, error) {
	if err := decode(body, new(struct{})); err != nil {
		return result{}, err
	}
	return s.answering(r.PathValue("id"), func(d *dispute) error {
		d.Status = disputeAccepted
		return nil
	})
}

// uploadFile takes a file as it is, with its name and what it shows in the
// query.
func (s *Server) uploadFile(r *http.Request, body []byte) (result, error) {
	if r.URL.Query().Get("name") == "" {
		return result{}, invalid("name", "the file's name is missing")
	}
	id := newID("file_")
	if _, err := s.answering(r.PathValue("id"), func(d *dispute) error {
		d.files = append(slices.Clone(d.files), id)
		return nil
	}); err != nil {
		return result{}, err
	}
	return created(map[string]any{"id": id, "size": len(body)}), nil
}

// submitEvidence adds pieces; one of a type that is there already takes its
// place.
func (s *Server) submitEvidence(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Evidence []evidence `json:"evidence"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	return s.answering(r.PathValue("id"), func(d *dispute) error {
		next := slices.Clone(d.Evidence)
		for _, piece := range ask.Evidence {
			if piece.FileID != "" && !slices.Contains(d.files, piece.FileID) {
				return refuse(http.StatusBadRequest, "file_not_found", "evidence", "there is no file %q", piece.FileID)
			}
			next = slices.DeleteFunc(next, func(e evidence) bool { return e.Type == piece.Type })
			next = append(next, piece)
		}
		d.Evidence = next
		return nil
	})
}

// defendDispute sends the evidence to the bank, which decides at once where the
// evidence is one of the texts that say how.
func (s *Server) defendDispute(r *http.Request, body []byte) (result, error) {
	if err := decode(body, new(why)); err != nil {
		return result{}, err
	}
	return s.answering(r.PathValue("id"), func(d *dispute) error {
		if len(d.Evidence) == 0 {
			return refuse(http.StatusConflict, "evidence_missing", "", "there is no evidence to defend with")
		}
		d.Status = disputeUnderReview
		for _, piece := range d.Evidence {
			switch piece.Text {
			case WinningEvidence:
				d.Status = disputeWon
			case LosingEvidence:
				d.Status = disputeLost
			}
		}
		return nil
	})
}

// decideDispute answers POST /v1/test/disputes/{id}/decide, by which a test is
// the bank.
func (s *Server) decideDispute(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Outcome string `json:"outcome"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	if !slices.Contains([]string{disputeWon, disputeLost, disputeWithdrawn, disputeExpired}, ask.Outcome) {
		return result{}, invalid("outcome", "the outcome must be won, lost, withdrawn or expired")
	}
	d, err := s.disputes.change(r.PathValue("id"), func(d *dispute) error {
		d.Status, d.Updated = ask.Outcome, time.Now().UTC()
		return nil
	})
	if err != nil {
		return result{}, err
	}
	s.announce("dispute", d.Status, d.ID, d, "")
	return result{status: http.StatusOK, body: d}, nil
}
