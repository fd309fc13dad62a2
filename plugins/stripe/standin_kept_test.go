package stripe

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/patchbay/patchbay/sdk/connectortest/standin"
)

// keepingRoutes are those of what Stripe keeps: setups, methods, customers,
// disputes, files and payouts.
func (s *standIn) keepingRoutes() map[string]does {
	return map[string]does{
		"POST /v1/setup_intents":               s.setUp,
		"GET /v1/setup_intents/{id}":           s.readSetup,
		"POST /v1/payment_methods":             func(r *standin.Request) standin.Answer { return s.keep(s.method(r.PostForm, "")) },
		"GET /v1/payment_methods/{id}":         s.read,
		"POST /v1/payment_methods/{id}/attach": s.attach,
		"POST /v1/payment_methods/{id}/detach": s.detach,
		"POST /v1/tokens":                      func(*standin.Request) standin.Answer { return found(s.fixture("token")) },
		"POST /v1/customers":                   s.newCustomer,
		"GET /v1/customers/{id}":               s.read,
		"POST /v1/customers/{id}":              s.changeCustomer,
		"DELETE /v1/customers/{id}":            s.deleteCustomer,
		"GET /v1/disputes":                     s.listDisputes,
		"GET /v1/disputes/{id}":                s.readDispute,
		"POST /v1/disputes/{id}":               s.changeDispute,
		"POST /v1/disputes/{id}/close": func(r *standin.Request) standin.Answer {
			return s.onDispute(r, func(d object) { d["status"] = "lost" })
		},
		"POST /v1/files":               s.upload,
		"POST /v1/payouts":             s.payOut,
		"GET /v1/payouts/{id}":         s.read,
		"POST /v1/payouts/{id}/cancel": s.cancelPayout,
	}
}

// method is a new PaymentMethod, kept by nobody yet unless for a customer.
func (s *standIn) method(form url.Values, customer string) object {
	m := s.fixture("payment_method")
	maps.Copy(m, object{"id": standin.NewID("pm_"), "metadata": metadata(form), "customer": nil})
	if customer != "" {
		m["customer"] = customer
	}
	return m
}

func (s *standIn) setUp(r *standin.Request) standin.Answer {
	form := r.PostForm
	setup := s.fixture("setup_intent")
	maps.Copy(setup, object{
		"id": standin.NewID("seti_"), "metadata": metadata(form), "customer": form.Get("customer"), "status": "requires_payment_method",
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

func (s *standIn) readSetup(r *standin.Request) standin.Answer {
	id := r.PathValue("id")
	if setup, ok := s.kept[id]; ok {
		return s.shownSetup(setup)
	}
	return missing("setup_intent")
}

// shownSetup is a setup with its method expanded.
func (s *standIn) shownSetup(setup object) standin.Answer {
	shown := maps.Clone(setup)
	if id, ok := setup["payment_method"].(string); ok {
		shown["payment_method"] = s.kept[id]
	}
	return found(shown)
}

func (s *standIn) attach(r *standin.Request) standin.Answer {
	id := r.PathValue("id")
	m, ok := s.kept[id]
	if !ok {
		return missing("payment_method")
	}
	m = maps.Clone(m)
	m["customer"] = r.PostForm.Get("customer")
	return s.keep(m)
}

func (s *standIn) detach(r *standin.Request) standin.Answer {
	id := r.PathValue("id")
	m, ok := s.kept[id]
	if !ok || m["customer"] == nil {
		return refusedBy(http.StatusBadRequest, "invalid_request_error", "", "The payment method is not attached to a customer")
	}
	m = maps.Clone(m)
	m["customer"] = nil
	return s.keep(m)
}

func (s *standIn) newCustomer(r *standin.Request) standin.Answer {
	form := r.PostForm
	c := s.fixture("customer")
	maps.Copy(c, object{"id": standin.NewID("cus_"), "name": nil, "email": nil, "phone": nil, "address": nil, "shipping": nil, "metadata": object{}})
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

func (s *standIn) changeCustomer(r *standin.Request) standin.Answer {
	id := r.PathValue("id")
	c, ok := s.kept[id]
	if !ok || c["deleted"] == true {
		return missing("customer")
	}
	c = maps.Clone(c)
	setCustomer(c, r.PostForm)
	return s.keep(c)
}

func (s *standIn) deleteCustomer(r *standin.Request) standin.Answer {
	id := r.PathValue("id")
	if c, ok := s.kept[id]; !ok || c["deleted"] == true {
		return missing("customer")
	}
	return s.keep(object{"id": id, "object": "customer", "deleted": true})
}

// dispute has the payer of a payment dispute it.
func (s *standIn) dispute(p standin.Payment) {
	d := s.fixture("dispute")
	maps.Copy(d, object{
		"id": standin.NewID("du_"), "amount": p.Amount, "currency": strings.ToLower(p.Currency), "charge": "ch_" + p.ID, "payment_intent": p.ID,
		"status": "needs_response", "reason": "fraudulent",
	})
	s.keep(d)
	s.disputes = append([]string{d["id"].(string)}, s.disputes...)
}

// shownDispute is a dispute with its payment expanded.
func (s *standIn) shownDispute(d object) object {
	shown := maps.Clone(d)
	p, err := s.Payment(d["payment_intent"].(string))
	if err != nil {
		panic(err)
	}
	shown["payment_intent"] = s.show(p, false)
	return shown
}

func (s *standIn) listDisputes(r *standin.Request) standin.Answer {
	data := []object{}
	for _, id := range s.disputes {
		if of := r.Request.Form.Get("payment_intent"); of == "" || s.kept[id]["payment_intent"] == of {
			data = append(data, s.shownDispute(s.kept[id]))
		}
	}
	return found(object{"object": "list", "data": data, "has_more": false, "url": r.URL.Path})
}

func (s *standIn) readDispute(r *standin.Request) standin.Answer {
	id := r.PathValue("id")
	if d, ok := s.kept[id]; ok {
		return found(s.shownDispute(d))
	}
	return missing("dispute")
}

// changeDispute adds evidence; submitting it can be done once.
func (s *standIn) changeDispute(r *standin.Request) standin.Answer {
	return s.onDispute(r, func(d object) {
		evidence := maps.Clone(d["evidence"].(object))
		maps.Copy(evidence, beneath(r.PostForm, "evidence"))
		d["evidence"] = evidence
		if r.PostForm.Get("submit") == "true" {
			d["status"] = "under_review"
		}
	})
}

func (s *standIn) onDispute(r *standin.Request, change func(object)) standin.Answer {
	d, ok := s.kept[r.PathValue("id")]
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

func (s *standIn) upload(r *standin.Request) standin.Answer {
	reader, err := r.MultipartReader()
	if err != nil {
		return refusedAt("file", err.Error())
	}
	file := s.fixture("file")
	for part, err := reader.NextPart(); err == nil; part, err = reader.NextPart() {
		content, _ := io.ReadAll(part)
		if part.FormName() == "file" {
			maps.Copy(file, object{"id": standin.NewID("file_"), "filename": part.FileName(), "size": len(content), "links": nil, "purpose": "dispute_evidence"})
		}
	}
	return s.keep(file)
}

func (s *standIn) payOut(r *standin.Request) standin.Answer {
	form := r.PostForm
	if to := form.Get("destination"); !slices.ContainsFunc([]string{"ba_", "card_"}, func(kind string) bool { return strings.HasPrefix(to, kind) }) {
		return refusedAt("destination", "No such external account")
	}
	p := s.fixture("payout")
	maps.Copy(p, object{
		"id": standin.NewID("po_"), "amount": number(form, "amount"), "currency": form.Get("currency"), "destination": form.Get("destination"),
		"metadata": metadata(form), "status": "pending",
	})
	return s.keep(p)
}

func (s *standIn) cancelPayout(r *standin.Request) standin.Answer {
	id := r.PathValue("id")
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
