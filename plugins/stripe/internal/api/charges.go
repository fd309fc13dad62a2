package api

// Charge is one attempt of a payment. Only its ID is set where Stripe did not
// expand it.
// Source: https://docs.stripe.com/api/charges/object.
type Charge struct {
	ID                   string               `json:"id"`
	Amount               int64                `json:"amount"`
	AmountCaptured       int64                `json:"amount_captured"`
	AmountRefunded       int64                `json:"amount_refunded"`
	Captured             bool                 `json:"captured"`
	Created              int64                `json:"created"`
	Currency             string               `json:"currency"`
	FailureCode          string               `json:"failure_code"`
	FailureMessage       string               `json:"failure_message"`
	Metadata             map[string]string    `json:"metadata"` // that of the PaymentIntent
	Object               string               `json:"object"`
	Paid                 bool                 `json:"paid"` // true also for an authorization
	PaymentIntent        ID                   `json:"payment_intent"`
	PaymentMethodDetails PaymentMethodDetails `json:"payment_method_details"`
	Refunded             bool                 `json:"refunded"` // all of it
	Status               string               `json:"status"`
}

func (c *Charge) valid() bool {
	return c.Object == "charge" && c.ID != "" && c.Currency != "" && c.Status != ""
}

// UnmarshalJSON reads both forms of an expandable field.
func (c *Charge) UnmarshalJSON(raw []byte) error {
	type plain Charge // without this method
	return unmarshalExpandable(raw, &c.ID, (*plain)(c))
}

// PaymentMethodDetails is what is known of the instrument of a charge, and of a
// PaymentMethod.
type PaymentMethodDetails struct {
	Type          string      `json:"type"`
	Card          CardDetails `json:"card"`
	SEPADebit     BankDetails `json:"sepa_debit"`
	USBankAccount BankDetails `json:"us_bank_account"`
	BACSDebit     BankDetails `json:"bacs_debit"`
	AUBECSDebit   BankDetails `json:"au_becs_debit"`
}

// CardDetails is what is known of a card. What only a charge has is empty for a
// PaymentMethod.
type CardDetails struct {
	AmountAuthorized     int64               `json:"amount_authorized"`
	AuthorizationCode    string              `json:"authorization_code"`
	Brand                string              `json:"brand"` // the network, in lower case
	CaptureBefore        int64               `json:"capture_before"`
	Checks               CardChecks          `json:"checks"`
	Country              string              `json:"country"`
	ExpMonth             int32               `json:"exp_month"`
	ExpYear              int32               `json:"exp_year"`
	Fingerprint          string              `json:"fingerprint"`
	Funding              string              `json:"funding"`
	Last4                string              `json:"last4"`
	Multicapture         Feature             `json:"multicapture"`
	NetworkTransactionID string              `json:"network_transaction_id"`
	ThreeDSecure         *ThreeDSecureResult `json:"three_d_secure"`
	Wallet               Wallet              `json:"wallet"`
}

// Feature says whether a card payment has a feature.
type Feature struct {
	Status string `json:"status"` // "available" or "unavailable"
}

// Wallet is the wallet that a card came from.
type Wallet struct {
	Type string `json:"type"`
}

// CardChecks is how given data compare with the issuer's.
type CardChecks struct {
	AddressLine1Check      string `json:"address_line1_check"`
	AddressPostalCodeCheck string `json:"address_postal_code_check"`
	CVCCheck               string `json:"cvc_check"`
}

// ThreeDSecureResult is what became of an authentication.
type ThreeDSecureResult struct {
	AuthenticationFlow          string `json:"authentication_flow"` // "challenge" or "frictionless"
	ElectronicCommerceIndicator string `json:"electronic_commerce_indicator"`
	ExemptionIndicator          string `json:"exemption_indicator"`
	Result                      string `json:"result"`
	TransactionID               string `json:"transaction_id"`
	Version                     string `json:"version"`
}

// BankDetails is what is known of a bank account. No type has all of it.
type BankDetails struct {
	BankName    string `json:"bank_name"`
	Country     string `json:"country"`
	Fingerprint string `json:"fingerprint"`
	Last4       string `json:"last4"`
}
