package psp

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// customer is a customer. What is kept of it is what a request may set.
type customer struct {
	ID     string `json:"id"`
	Status string `json:"status"` // "active" or "deleted"
	profile
	Created time.Time `json:"created"`
}

// profile is what is kept of a customer.
type profile struct {
	Details  person            `json:"details"`
	Billing  *address          `json:"billing_address,omitempty"`
	Shipping *address          `json:"shipping_address,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

type person struct {
	Reference  string    `json:"reference,omitempty"`
	Email      string    `json:"email,omitempty"`
	GivenName  string    `json:"given_name,omitempty"`
	FamilyName string    `json:"family_name,omitempty"`
	Company    string    `json:"company,omitempty"`
	Phone      string    `json:"phone,omitempty"`
	BirthDate  string    `json:"birth_date,omitempty"`
	Document   *document `json:"document,omitempty"`
}

type document struct {
	Type        string `json:"type,omitempty"`
	Number      string `json:"number,omitempty"`
	CountryCode string `json:"country_code,omitempty"`
}

type address struct {
	GivenName   string `json:"given_name,omitempty"`
	FamilyName  string `json:"family_name,omitempty"`
	Company     string `json:"company,omitempty"`
	Line1       string `json:"line1,omitempty"`
	Line2       string `json:"line2,omitempty"`
	Line3       string `json:"line3,omitempty"`
	HouseNumber string `json:"house_number,omitempty"`
	City        string `json:"city,omitempty"`
	Region      string `json:"region,omitempty"`
	PostalCode  string `json:"postal_code,omitempty"`
	CountryCode string `json:"country_code,omitempty"`
	Phone       string `json:"phone,omitempty"`
}

func (s *Server) createCustomer(_ *http.Request, body []byte) (result, error) {
	c := customer{ID: newID("cus_"), Status: "active", Created: time.Now().UTC()}
	if err := decode(body, &c.profile); err != nil {
		return result{}, err
	}
	return created(s.customers.add(c.ID, c)), nil
}

// updateCustomer first removes what "clear" names, such as "details.email", then
// applies "set" as a JSON merge patch (RFC 7396).
func (s *Server) updateCustomer(r *http.Request, body []byte) (result, error) {
	var ask struct {
		Clear []string       `json:"clear"`
		Set   map[string]any `json:"set"`
	}
	if err := decode(body, &ask); err != nil {
		return result{}, err
	}
	c, err := s.customers.change(r.PathValue("id"), func(c *customer) error {
		if c.Status != "active" {
			return refuse(http.StatusConflict, "customer_deleted", "", "the customer is deleted")
		}
		var kept map[string]any
		if err := json.Unmarshal(encode(c.profile), &kept); err != nil {
			return err
		}
		for _, path := range ask.Clear {
			remove(kept, strings.Split(path, "."))
		}
		var next profile
		if err := decode(encode(merged(kept, ask.Set)), &next); err != nil {
			return err
		}
		c.profile = next
		return nil
	})
	return result{status: http.StatusOK, body: c}, err
}

// remove removes what a path leads to, if there is something.
func remove(from map[string]any, path []string) {
	if len(path) == 1 {
		delete(from, path[0])
		return
	}
	if inner, ok := from[path[0]].(map[string]any); ok {
		remove(inner, path[1:])
	}
}

// merged applies a JSON merge patch.
func merged(target, patch map[string]any) map[string]any {
	if target == nil {
		target = map[string]any{}
	}
	for name, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(target, name)
		case map[string]any:
			inner, _ := target[name].(map[string]any)
			target[name] = merged(inner, value)
		default:
			target[name] = value
		}
	}
	return target
}

// deleteCustomer forgets a customer and the instruments stored for it. A second
// deletion finds it deleted.
func (s *Server) deleteCustomer(r *http.Request, body []byte) (result, error) {
	if err := decode(body, new(struct{})); err != nil {
		return result{}, err
	}
	id := r.PathValue("id")
	c, err := s.customers.change(id, func(c *customer) error {
		c.Status, c.profile = "deleted", profile{}
		return nil
	})
	if err != nil {
		return result{}, err
	}
	s.tokens.each(func(t *token) { t.deleted = t.deleted || t.CustomerID == id })
	return result{status: http.StatusOK, body: c}, nil
}

// activeCustomer wants the customer that a request names, if it names one.
func (s *Server) activeCustomer(id string) error {
	if id == "" {
		return nil
	}
	c, err := s.customers.get(id)
	if err == nil && c.Status != "active" {
		err = refuse(http.StatusConflict, "customer_deleted", "customer_id", "the customer is deleted")
	}
	return err
}
