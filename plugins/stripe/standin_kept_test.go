package stripe

import (
	"crypto/rand"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// keepingRoutes are those of what Stripe keeps: setups, methods, customers,
// disputes, files and payouts.
func (s *standIn) keepingRoutes() map[string]route {
	return map[string]route{
		"POST setup_intents":               func(r *http.Request, _ string) reply { return s.setUp(r.PostForm) },
		"GET setup_intents/{id}":           s.readSetup,
		"POST payment_methods":             func(r *http.Request, _ string) reply { return s.keep(s.method(r.PostForm, "")) },
		"GET payment_methods/{id}":         s.read,
		"POST payment_methods/{id}/attach": s.attach,
		"POST payment_methods/{id}/detach": s.detach,
		"POST tokens":                      func(*http.Request, string) reply { return found(s.fixture("token")) },
		"POST customers":                   func(r *http.Request, _ string) reply { return s.newCustomer(r.PostForm) },
		"GET customers/{id}":               s.read,
		"POST customers/{id}":              s.changeCustomer,
		"DELETE customers/{id}":            s.deleteCustomer,
		"GET disputes":                     s.listDisputes,
		"GET disputes/{id}":                s.readDispute,
		"POST disputes/{id}":               s.changeDispute,
		"POST disputes/{id}/close":         s.closeDispute,
		"POST files":                       s.upload,
		"POST payouts":                     func(r *http.Request, _ string) reply { return s.payOut(r.PostForm) },
		"GET payouts/{id}":                 s.read,
		"POST payouts/{id}/cancel":         s.cancelPayout,
	}
}

// method is a new PaymentMethod, kept by nobody yet unless for a customer.
func (s *standIn) method(form url.Values, customer string) object {
	m := s.fixture("payment_method")
	maps.Copy(m, object{"id": "pm_" + rand.Text(), "metadata": metadata(form), "customer": nil})
	if customer != "" {
		m["customer"] = customer
	}
	return m
}

func (s *standIn) setUp(form url.Values) reply {
	setup := s.fixture("setup_intent")
	maps.Copy(setup, object{
		"id": "seti_" + rand.Text(), "metadata": metadata(form), "customer": form.Get("customer"), "status": "requires_payment_method",
		"last_setup_error": nil, "next_action": nil, "usage": "off_session",
	})
	if form.Get("confirm") == "true" {
		kept := s.method(url.Values{}, form.Get("customer"))
		s.keep(kept)
		setup["status"], setup["payment_method"] = "succeeded", kept["id"]
	}
	s.keep(setup)
	return s.shownSetup(setup)
}

func (s *standIn) readSetup(_ *http.Request, id string) reply {
	if setup, ok := s.kept[id]; ok {
		return s.shownSetup(setup)
	}
	return missing("setup_intent")
}

// shownSetup is a setup with its method expanded.
func (s *standIn) shownSetup(setup object) reply {
	shown := maps.Clone(setup)
	if id, ok := setup["payment_method"].(string); ok {
		shown["payment_method"] = s.kept[id]
	}
	return found(shown)
}

func (s *standIn) attach(r *http.Request, id string) reply {
	m, ok := s.kept[id]
	if !ok {
		return missing("payment_method")
	}
	m = maps.Clone(m)
	m["customer"] = r.PostForm.Get("customer")
	return s.keep(m)
}

func (s *standIn) detach(_ *http.Request, id string) reply {
	m, ok := s.kept[id]
	if !ok || m["customer"] == nil {
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "", "The payment method is not attached to a customer")
	}
	m = maps.Clone(m)
	m["customer"] = nil
	return s.keep(m)
}

func (s *standIn) newCustomer(form url.Values) reply {
	c := s.fixture("customer")
	maps.Copy(c, object{"id": "cus_" + rand.Text(), "name": nil, "email": nil, "phone": nil, "address": nil, "shipping": nil, "metadata": object{}})
	setCustomer(c, form)
	return s.keep(c)
}

// setCustomer sets what a form names. An empty text removes.
func setCustomer(c object, form url.Values) {
	for _, name := range []string{"name", "email", "phone", "business_name"} {
		if form.Has(name) {
			if c[name] = form.Get(name); form.Get(name) == "" {
				delete(c, name)
			}
		}
	}
	labels := maps.Clone(c["metadata"].(object))
	for name, value := range metadata(form) {
		if labels[name] = value; value == "" {
			delete(labels, name)
		}
	}
	c["metadata"] = labels
	if address := beneath(form, "address"); len(address) > 0 {
		c["address"] = address
	}
}

func (s *standIn) changeCustomer(r *http.Request, id string) reply {
	c, ok := s.kept[id]
	if !ok || c["deleted"] == true {
		return missing("customer")
	}
	c = maps.Clone(c)
	setCustomer(c, r.PostForm)
	return s.keep(c)
}

func (s *standIn) deleteCustomer(_ *http.Request, id string) reply {
	if c, ok := s.kept[id]; !ok || c["deleted"] == true {
		return missing("customer")
	}
	return s.keep(object{"id": id, "object": "customer", "deleted": true})
}

// dispute has the payer of a payment dispute it.
func (s *standIn) dispute(p *standInPayment) {
	d := s.fixture("dispute")
	maps.Copy(d, object{
		"id": "du_" + rand.Text(), "amount": p.amount, "currency": p.currency, "charge": "ch_" + p.id, "payment_intent": p.id,
		"status": "needs_response", "reason": "fraudulent",
	})
	s.keep(d)
	s.disputes = append([]string{d["id"].(string)}, s.disputes...)
}

// shownDispute is a dispute with its payment expanded.
func (s *standIn) shownDispute(d object) object {
	shown := maps.Clone(d)
	shown["payment_intent"] = s.show(s.payments[d["payment_intent"].(string)], false)
	return shown
}

func (s *standIn) listDisputes(r *http.Request, _ string) reply {
	data := []object{}
	for _, id := range s.disputes {
		if of := r.Form.Get("payment_intent"); of == "" || s.kept[id]["payment_intent"] == of {
			data = append(data, s.shownDispute(s.kept[id]))
		}
	}
	return found(object{"object": "list", "data": data, "has_more": false, "url": r.URL.Path})
}

func (s *standIn) readDispute(_ *http.Request, id string) reply {
	if d, ok := s.kept[id]; ok {
		return found(s.shownDispute(d))
	}
	return missing("dispute")
}

// changeDispute adds evidence; submitting it can be done once.
func (s *standIn) changeDispute(r *http.Request, id string) reply {
	return s.onDispute(id, func(d object) {
		evidence := maps.Clone(d["evidence"].(object))
		maps.Copy(evidence, beneath(r.PostForm, "evidence"))
		d["evidence"] = evidence
		if r.PostForm.Get("submit") == "true" {
			d["status"] = "under_review"
		}
	})
}

func (s *standIn) closeDispute(_ *http.Request, id string) reply {
	return s.onDispute(id, func(d object) { d["status"] = "lost" })
}

func (s *standIn) onDispute(id string, change func(object)) reply {
	d, ok := s.kept[id]
	switch {
	case !ok:
		return missing("dispute")
	case d["status"] != "needs_response":
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "", "This dispute is already closed or submitted")
	}
	d = maps.Clone(d)
	change(d)
	s.keep(d)
	return found(s.shownDispute(d))
}

func (s *standIn) upload(r *http.Request, _ string) reply {
	reader, err := r.MultipartReader()
	if err != nil {
		return refusedAt("file", err.Error())
	}
	file := s.fixture("file")
	for part, err := reader.NextPart(); err == nil; part, err = reader.NextPart() {
		content, _ := io.ReadAll(part)
		if part.FormName() == "file" {
			maps.Copy(file, object{"id": "file_" + rand.Text(), "filename": part.FileName(), "size": len(content), "links": nil, "purpose": "dispute_evidence"})
		}
	}
	return s.keep(file)
}

func (s *standIn) payOut(form url.Values) reply {
	if to := form.Get("destination"); !slices.ContainsFunc([]string{"ba_", "card_"}, func(kind string) bool { return strings.HasPrefix(to, kind) }) {
		return refusedAt("destination", "No such external account")
	}
	p := s.fixture("payout")
	maps.Copy(p, object{
		"id": "po_" + rand.Text(), "amount": number(form, "amount"), "currency": form.Get("currency"), "destination": form.Get("destination"),
		"metadata": metadata(form), "status": "pending",
	})
	return s.keep(p)
}

func (s *standIn) cancelPayout(_ *http.Request, id string) reply {
	p, ok := s.kept[id]
	switch {
	case !ok:
		return missing("payout")
	case p["status"] != "pending":
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "payouts_not_allowed", "Payouts can be canceled only while they are pending")
	}
	p = maps.Clone(p)
	p["status"] = "canceled"
	return s.keep(p)
}
