package stripe

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

// TestUpdateCustomer: what the mask names is changed, or removed where it is empty;
// nothing else is sent.
func TestUpdateCustomer(t *testing.T) {
	for request, want := range map[string]map[string]string{
		`{"details":{"email":"new@example.com"}}`:                                                        {"email": "new@example.com"},
		`{"updateMask":"details.email","details":{"email":"new@example.com","phone":"+14155550100"}}`:    {"email": "new@example.com"},
		`{"updateMask":"details.email,details.phone"}`:                                                   {"email": "", "phone": ""},
		`{"updateMask":"details.givenName,details.familyName","details":{"givenName":"Jo"}}`:             {"name": "Jo"},
		`{"updateMask":"details.company,details.reference","details":{"company":"A","reference":"c-7"}}`: {"business_name": "A", "metadata[patchbay_reference]": "c-7"},
		`{"updateMask":"billingAddress,shippingAddress"}`:                                                {"address": "", "shipping": ""},
		`{"updateMask":"shippingAddress","shippingAddress":{"givenName":"Sam","city":"Berlin"}}`:         {"shipping[name]": "Sam", "shipping[address][city]": "Berlin"},
		`{"updateMask":"metadata","metadata":{"tier":"gold"}}`:                                           {"metadata[tier]": "gold", "metadata[old]": ""},
	} {
		h, s, recorder := seeded(t)
		s.kept["cus_1"]["metadata"] = object{"old": "x", referenceKey: "customer-42"}
		req := &paymentsv1.UpdateCustomerRequest{}
		if err := protojson.Unmarshal([]byte(request), req); err != nil {
			t.Fatal(err)
		}
		req.CustomerId = "cus_1"
		if _, err := paymentsv1.NewCustomerServiceClient(h.Conn).UpdateCustomer(h.Context(testKey), req); err != nil {
			t.Fatalf("%s: %v", request, err)
		}
		got := sent(t, recorder, "POST", "/v1/customers/cus_1")
		if len(got.Form) != len(want) {
			t.Errorf("%s: sent %v, want %v", request, got.Form, want)
		}
		for name, value := range want {
			if _, has := got.Form[name]; !has || form(got, name) != value {
				t.Errorf("%s: %s is %v, want %q", request, name, got.Form[name], value)
			}
		}
	}
}

func TestCustomersThatAreRefused(t *testing.T) {
	h, _, recorder := seeded(t)
	customers := paymentsv1.NewCustomerServiceClient(h.Conn)
	for mask, field := range map[string]string{
		"details.given_name": "update_mask", "details.birth_date": "update_mask", "billing_address.city": "update_mask",
	} {
		req := &paymentsv1.UpdateCustomerRequest{CustomerId: "cus_1"}
		if err := protojson.Unmarshal([]byte(`{"customerId":"cus_1","updateMask":"`+lowerCamel(mask)+`"}`), req); err != nil {
			t.Fatal(err)
		}
		_, err := customers.UpdateCustomer(h.Context(testKey), req)
		if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != field {
			t.Errorf("%s: fields are %v", mask, fields)
		}
	}
	_, err := customers.CreateCustomer(h.Context(testKey), &paymentsv1.CreateCustomerRequest{
		Details: &paymentsv1.CustomerDetails{Email: "jo@example.com"}, ShippingAddress: &paymentsv1.Address{City: "Berlin"},
	})
	if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != "shipping_address.given_name" {
		t.Errorf("fields are %v", fields)
	}
	if len(recorder.Requests()) > 0 {
		t.Errorf("sent %v", recorder.Requests())
	}
}

// lowerCamel is how a field mask is written in JSON.
func lowerCamel(path string) string {
	out, up := []byte{}, false
	for i := range len(path) {
		switch c := path[i]; {
		case c == '_':
			up = true
		case up:
			out, up = append(out, c-'a'+'A'), false
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

func TestCustomerIsReadBack(t *testing.T) {
	h, _, _ := seeded(t)
	customers := paymentsv1.NewCustomerServiceClient(h.Conn)
	asked := &paymentsv1.CreateCustomerRequest{
		Details: &paymentsv1.CustomerDetails{
			Reference: "customer-42", GivenName: "Jo Ann", FamilyName: "Doe", Email: "jo@example.com", Phone: "+14155550100", Company: "Acme Ltd",
		},
		BillingAddress: &paymentsv1.Address{Line1: "1 Main Street", City: "Berlin", CountryCode: "DE"},
		Metadata:       map[string]string{"tier": "gold"},
	}
	made, err := customers.CreateCustomer(h.Context(testKey), asked)
	if err != nil {
		t.Fatal(err)
	}
	got := made.GetCustomer()
	d := got.GetDetails()
	if d.GetReference() != "customer-42" || d.GetGivenName() != "Jo Ann" || d.GetFamilyName() != "Doe" || d.GetEmail() != "jo@example.com" || d.GetPhone() != "+14155550100" || d.GetCompany() != "Acme Ltd" {
		t.Errorf("details are %v", d)
	}
	if got.GetBillingAddress().GetCity() != "Berlin" || got.GetMetadata()["tier"] != "gold" || len(got.GetMetadata()) != 1 {
		t.Errorf("customer is %v", got)
	}
	for range 2 { // a repeat finds it deleted
		gone, err := customers.DeleteCustomer(h.Context(testKey), &paymentsv1.DeleteCustomerRequest{CustomerId: got.GetId()})
		if err != nil || gone.GetCustomer().GetStatus() != paymentsv1.CustomerStatus_CUSTOMER_STATUS_DELETED {
			t.Errorf("deleted: %v, %v", gone, err)
		}
	}
	_, err = customers.DeleteCustomer(h.Context(testKey), &paymentsv1.DeleteCustomerRequest{CustomerId: "cus_unknown"})
	if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) > 1 {
		t.Errorf("fields are %v", fields)
	}
}

// TestTokenize: an instrument is kept for a customer, or works once.
func TestTokenize(t *testing.T) {
	for name, tt := range map[string]struct {
		request, owner string
		once           bool
	}{
		"of nobody":         {`{"paymentMethod":` + instruments()["card"] + `}`, "", true},
		"of a customer":     {`{"paymentMethod":` + instruments()["card"] + `,"customerId":"cus_1"}`, "cus_1", false},
		"of a new customer": {`{"paymentMethod":` + instruments()["card"] + `,"customer":{"email":"jo@example.com"}}`, "cus_", false},
		"of one at Stripe":  {`{"paymentMethod":{"cardToken":{"token":"pm_1"}},"customerId":"cus_1"}`, "cus_1", false},
	} {
		h, _, _ := seeded(t)
		got, err := sample{name, "Tokenize", tt.request}.send(h.Context(testKey), t, h)
		if err != nil {
			t.Fatal(err)
		}
		resp := got.(*paymentsv1.TokenizeResponse)
		if resp.GetSingleUse() != tt.once || resp.GetPaymentMethod().GetToken() == "" || resp.GetPaymentMethod().GetCard().GetLast4() != "4242" {
			t.Errorf("%s: %v", name, resp)
		}
		if id := resp.GetCustomerId(); (id == "") != (tt.owner == "") || len(id) < len(tt.owner) || id[:len(tt.owner)] != tt.owner {
			t.Errorf("%s: customer is %q", name, id)
		}
	}
}

// TestTokenizeDeclined: an issuer that refuses to verify the card is a decline.
func TestTokenizeDeclined(t *testing.T) {
	h := faulty(t, failed(402, object{"type": "card_error", "code": "incorrect_cvc"}), false)
	got, err := sample{"", "Tokenize", `{"paymentMethod":` + instruments()["card"] + `}`}.send(h.Context(testKey), t, h)
	if err != nil {
		t.Fatal(err)
	}
	if d := got.(*paymentsv1.TokenizeResponse).GetDecline(); d.GetCode() != "incorrect_cvv" {
		t.Errorf("decline is %v", d)
	}
}
