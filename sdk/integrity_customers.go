package sdk

import (
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func tokenizeDiffers(_ *paymentsv1.TokenizeRequest, resp *paymentsv1.TokenizeResponse) string {
	if resp.GetDecline() != nil {
		return ""
	}
	return told("payment_method", resp.GetPaymentMethod() != nil)
}

func createCustomerDiffers(_ *paymentsv1.CreateCustomerRequest, resp *paymentsv1.CreateCustomerResponse) string {
	c := resp.GetCustomer()
	return first(
		told("customer.id", c.GetId() != "" || c.GetStatus() == paymentsv1.CustomerStatus_CUSTOMER_STATUS_UNKNOWN),
		told("customer.status", c.GetStatus() != 0),
	)
}

func getCustomerDiffers(req *paymentsv1.GetCustomerRequest, resp *paymentsv1.GetCustomerResponse) string {
	return sameCustomer(resp.GetCustomer(), req.GetCustomerId())
}

func updateCustomerDiffers(req *paymentsv1.UpdateCustomerRequest, resp *paymentsv1.UpdateCustomerResponse) string {
	return sameCustomer(resp.GetCustomer(), req.GetCustomerId())
}

func deleteCustomerDiffers(req *paymentsv1.DeleteCustomerRequest, resp *paymentsv1.DeleteCustomerResponse) string {
	return sameCustomer(resp.GetCustomer(), req.GetCustomerId())
}

func sameCustomer(c *paymentsv1.Customer, id string) string {
	return first(same("customer.id", c.GetId(), id), told("customer.status", c.GetStatus() != 0))
}

func clientSessionDiffers(_ *paymentsv1.CreateClientSessionRequest, resp *paymentsv1.CreateClientSessionResponse) string {
	return told("session", resp.GetSession() != nil)
}

func serverSessionDiffers(_ *paymentsv1.CreateServerSessionRequest, resp *paymentsv1.CreateServerSessionResponse) string {
	return told("session", resp.GetSession() != nil)
}

func accessTokenDiffers(_ *paymentsv1.CreateAccessTokenRequest, resp *paymentsv1.CreateAccessTokenResponse) string {
	return told("access_token", resp.GetAccessToken() != "")
}

// handleWebhookDiffers holds the rule that content is only told when it is
// believed: the PSP has signed it, or the connector has fetched it itself.
func handleWebhookDiffers(_ *paymentsv1.HandleWebhookRequest, resp *paymentsv1.HandleWebhookResponse) string {
	switch resp.GetVerification() {
	case paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_VERIFIED:
		return ""
	case paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_UNSPECIFIED:
		return "verification"
	}
	for _, event := range resp.GetEvents() {
		if event.GetSubject() != nil {
			return "events.subject"
		}
	}
	return ""
}
