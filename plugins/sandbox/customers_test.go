package sandbox_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func TestCustomer(t *testing.T) {
	h, _ := start(t)
	client := paymentsv1.NewCustomerServiceClient(h.Conn)
	details := &paymentsv1.CustomerDetails{
		Reference: "customer-42", Email: "jo@example.com", GivenName: "Jo", FamilyName: "Doe",
		Document: &paymentsv1.IdentityDocument{Type: "cpf", Number: "123.456.789-09", CountryCode: "BR"},
	}
	made, err := client.CreateCustomer(h.Context(key("a")), &paymentsv1.CreateCustomerRequest{
		Details: details, BillingAddress: &paymentsv1.Address{City: "Springfield", PostalCode: "94103"}, Metadata: map[string]string{"tier": "gold"},
	})
	if err != nil || !proto.Equal(made.GetCustomer().GetDetails(), details) {
		t.Fatalf("got %v %v", made, err)
	}
	id := made.GetCustomer().GetId()
	updated, err := client.UpdateCustomer(h.Context(key("b")), &paymentsv1.UpdateCustomerRequest{
		CustomerId: id, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"details.email", "details.given_name", "billing_address"}},
		Details: &paymentsv1.CustomerDetails{Email: "new@example.com", FamilyName: "Ignored"},
	})
	c := updated.GetCustomer()
	if err != nil || c.GetDetails().GetEmail() != "new@example.com" || c.GetDetails().GetGivenName() != "" ||
		c.GetDetails().GetFamilyName() != "Doe" || c.GetBillingAddress() != nil || c.GetMetadata()["tier"] != "gold" {
		t.Errorf("with a mask: %v %v", c, err)
	}
	updated, err = client.UpdateCustomer(h.Context(key("c")), &paymentsv1.UpdateCustomerRequest{
		CustomerId: id, Details: &paymentsv1.CustomerDetails{GivenName: "Joan"},
	})
	if c = updated.GetCustomer(); err != nil || c.GetDetails().GetGivenName() != "Joan" || c.GetDetails().GetEmail() != "new@example.com" {
		t.Errorf("without a mask: %v %v", c, err)
	}
	updated, err = client.UpdateCustomer(h.Context(key("whole")), &paymentsv1.UpdateCustomerRequest{
		CustomerId: id, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"details", "metadata"}},
		Details: &paymentsv1.CustomerDetails{Email: "new@example.com"}, Metadata: map[string]string{"cart": "7"},
	})
	if c = updated.GetCustomer(); err != nil || len(c.GetMetadata()) != 1 || !proto.Equal(c.GetDetails(), &paymentsv1.CustomerDetails{Email: "new@example.com"}) {
		t.Errorf("a whole object: %v %v", c, err)
	}
	read, err := client.GetCustomer(h.Context(key("d")), &paymentsv1.GetCustomerRequest{CustomerId: id})
	if err != nil || !proto.Equal(read.GetCustomer(), c) {
		t.Errorf("read %v %v, want %v", read, err, c)
	}

	tokens := paymentsv1.NewPaymentMethodServiceClient(h.Conn)
	stored, err := tokens.Tokenize(h.Context(key("e")), &paymentsv1.TokenizeRequest{PaymentMethod: cardNumbered("4242424242424242"), CustomerId: id})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := client.DeleteCustomer(h.Context(key("f")), &paymentsv1.DeleteCustomerRequest{CustomerId: id})
	if err != nil || gone.GetCustomer().GetStatus() != paymentsv1.CustomerStatus_CUSTOMER_STATUS_DELETED || gone.GetCustomer().GetDetails().GetEmail() != "" {
		t.Errorf("deleted: %v %v", gone, err)
	}
	_, err = h.Payments.Authorize(h.Context(key("g")), order(stored.GetPaymentMethod().GetToken(), automatic))
	if f := failureOf(err); f.reason != "INVALID_TOKEN" {
		t.Errorf("a token of a deleted customer: %+v", f)
	}
	_, err = client.UpdateCustomer(h.Context(key("h")), &paymentsv1.UpdateCustomerRequest{CustomerId: id, Details: details})
	if f := failureOf(err); f.reason != "CUSTOMER_DELETED" {
		t.Errorf("an update of a deleted customer: %+v", f)
	}
}

func TestTokenize(t *testing.T) {
	h, _ := start(t)
	client := paymentsv1.NewPaymentMethodServiceClient(h.Conn)
	stored, err := client.Tokenize(h.Context(key("a")), &paymentsv1.TokenizeRequest{PaymentMethod: cardNumbered("4242424242424242")})
	if err != nil || stored.GetPaymentMethod().GetCard().GetLast4() != "4242" || stored.GetDecline() != nil {
		t.Fatalf("got %v %v", stored, err)
	}
	token := stored.GetPaymentMethod().GetToken()
	if _, err := h.Payments.Authorize(h.Context(key("b")), order(token, automatic)); err != nil {
		t.Error(err)
	}
	if _, err := client.DeletePaymentMethod(h.Context(key("c")), &paymentsv1.DeletePaymentMethodRequest{Token: token}); err != nil {
		t.Error(err)
	}
	_, err = client.DeletePaymentMethod(h.Context(key("d")), &paymentsv1.DeletePaymentMethodRequest{Token: token})
	if f := failureOf(err); f.reason != "TOKEN_NOT_FOUND" || f.field != "token" {
		t.Errorf("again: %+v", f)
	}
	refused, err := client.Tokenize(h.Context(key("e")), &paymentsv1.TokenizeRequest{PaymentMethod: cardNumbered("4000000000000002")})
	if err != nil || refused.GetDecline().GetCode() != "generic_decline" || refused.GetPaymentMethod().GetToken() != "" {
		t.Errorf("declined: %v %v", refused, err)
	}
}

func TestCheckEligibility(t *testing.T) {
	h, _ := start(t)
	resp, err := paymentsv1.NewPaymentMethodServiceClient(h.Conn).CheckEligibility(h.Context(key("a")), &paymentsv1.CheckEligibilityRequest{
		Amount: dollars(600), PaymentMethodTypes: []string{"klarna", "gift_card", "ideal"},
		PaymentMethod: giftCard("6036280000000000500"),
	})
	if err != nil || len(resp.GetPaymentMethods()) != 3 {
		t.Fatalf("got %v %v", resp, err)
	}
	for _, m := range resp.GetPaymentMethods() {
		if m.GetEligible() != (m.GetType() == "ideal") || (m.GetReason() == "") != m.GetEligible() {
			t.Errorf("got %v", m)
		}
		if m.GetType() == "gift_card" && m.GetBalance().GetMinorUnits() != 500 {
			t.Errorf("balance %v", m.GetBalance())
		}
	}
}

func TestCalculateSurcharge(t *testing.T) {
	h, _ := start(t)
	for number, want := range map[string]int64{"4242424242424242": 105, "378282246310005": 315, "30569309025904": 0} {
		resp, err := paymentsv1.NewSurchargeServiceClient(h.Conn).CalculateSurcharge(h.Context(key("a")), &paymentsv1.CalculateSurchargeRequest{
			Amount: dollars(10_500), PaymentMethod: cardNumbered(number),
		})
		if err != nil || resp.GetSurchargeAmount().GetMinorUnits() != want || resp.GetTotalAmount().GetMinorUnits() != 10_500+want {
			t.Errorf("%s: got %v %v, want %d", number, resp, err, want)
		}
	}
}

func TestSessions(t *testing.T) {
	h, _ := start(t)
	client := paymentsv1.NewSessionServiceClient(h.Conn)
	forSDK, err := client.CreateClientSession(h.Context(key("a")), &paymentsv1.CreateClientSessionRequest{
		Reference: "order-1001", Amount: dollars(1000), PaymentMethodTypes: []string{"card"},
	})
	types := forSDK.GetSession().GetParameters().AsMap()["payment_method_types"]
	if err != nil || forSDK.GetSession().GetClientSecret() == "" || !slices.Equal(types.([]any), []any{"card"}) {
		t.Errorf("got %v %v", forSDK, err)
	}
	forServer, err := client.CreateServerSession(h.Context(key("b")), &paymentsv1.CreateServerSessionRequest{Reference: "order-1001"})
	if err != nil || forServer.GetSession().GetClientSecret() != "" {
		t.Fatalf("got %v %v", forServer, err)
	}
	for id, reason := range map[string]string{forServer.GetSession().GetId(): "", "sess_x": "SESSION_NOT_FOUND"} {
		ask := order("tok_approve", automatic)
		ask.SessionId = id
		_, err := h.Payments.Authorize(h.Context(key("c"+id)), ask)
		if f := failureOf(err); f.reason != reason {
			t.Errorf("%q: got %+v, want %q", id, f, reason)
		}
	}
	token, err := client.CreateAccessToken(h.Context(key("d")), &paymentsv1.CreateAccessTokenRequest{Scopes: []string{"payments"}})
	if err != nil || token.GetTokenType() != "Bearer" || token.GetAccessToken() == "" || !slices.Equal(token.GetScopes(), []string{"payments"}) {
		t.Errorf("got %v %v", token, err)
	}
}
