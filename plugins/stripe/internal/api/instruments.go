package api

// PaymentMethod is an instrument that Stripe keeps.
type PaymentMethod struct {
	ID             string         `json:"id"`
	Object         string         `json:"object"`
	BillingDetails BillingDetails `json:"billing_details"`
	Created        int64          `json:"created"`
	Customer       ID             `json:"customer"`
	PaymentMethodDetails
}

func (p *PaymentMethod) valid() bool { return is("payment_method", p.Object, p.ID, p.Type) }

// UnmarshalJSON reads both forms of an expandable field.
func (p *PaymentMethod) UnmarshalJSON(raw []byte) error {
	type plain PaymentMethod // without this method
	return unmarshalExpandable(raw, &p.ID, (*plain)(p))
}

// PaymentMethodDetails is what is known of an instrument, of a charge's too.
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
	AmountAuthorized  int64  `json:"amount_authorized"`
	AuthorizationCode string `json:"authorization_code"`
	Brand             string `json:"brand"` // the network, in lower case
	CaptureBefore     int64  `json:"capture_before"`
	Checks            struct {
		AddressLine1Check      string `json:"address_line1_check"`
		AddressPostalCodeCheck string `json:"address_postal_code_check"`
		CVCCheck               string `json:"cvc_check"`
	} `json:"checks"`
	Country      string `json:"country"`
	ExpMonth     int32  `json:"exp_month"`
	ExpYear      int32  `json:"exp_year"`
	Fingerprint  string `json:"fingerprint"`
	Funding      string `json:"funding"`
	Last4        string `json:"last4"`
	Multicapture struct {
		Status string `json:"status"` // "available" or "unavailable"
	} `json:"multicapture"`
	NetworkTransactionID string              `json:"network_transaction_id"`
	ThreeDSecure         *ThreeDSecureResult `json:"three_d_secure"`
	Wallet               struct {
		Type string `json:"type"`
	} `json:"wallet"`
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

// PaymentMethodData is a payment method given in the clear. Card data is left
// out of Stripe's public description; accounts need to be admitted to it.
// Source: https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.
type PaymentMethodData struct {
	Type           string            `form:"type"`
	Card           Card              `form:"card"`
	BillingDetails BillingDetails    `form:"billing_details"`
	Metadata       map[string]string `form:"metadata"`
	Details        Details
}

// Details are what other types than cards need, by type and parameter.
type Details map[string]map[string]string

// Card is a card given by its number, or a token of Stripe's that stands for one.
type Card struct {
	Number   string `form:"number"`
	ExpMonth int32  `form:"exp_month"`
	ExpYear  int32  `form:"exp_year"`
	CVC      string `form:"cvc"`
	Token    string `form:"token"`
}

// CardOptions are the options of cards. NetworkTransactionID names the payment at which
// the payer agreed; it is left out of Stripe's public description, and accounts need to be
// admitted to it.
type CardOptions struct {
	Network                         string        `form:"network"`
	RequestMulticapture             string        `form:"request_multicapture"`
	RequestIncrementalAuthorization string        `form:"request_incremental_authorization"`
	RequestExtendedAuthorization    string        `form:"request_extended_authorization"`
	RequestThreeDSecure             string        `form:"request_three_d_secure"`
	ThreeDSecure                    *ThreeDSecure `form:"three_d_secure"`
	NetworkTransactionID            string        `form:"mit_exemption[network_transaction_id]"`
}

// ThreeDSecure is an authentication that somebody else has made.
// Source: https://docs.stripe.com/payments/payment-intents/three-d-secure-import.
type ThreeDSecure struct {
	ARESTransStatus             string `form:"ares_trans_status"`
	Cryptogram                  string `form:"cryptogram"`
	ElectronicCommerceIndicator string `form:"electronic_commerce_indicator"`
	ExemptionIndicator          string `form:"exemption_indicator"`
	TransactionID               string `form:"transaction_id"`
	Version                     string `form:"version"`
}

// CustomerAcceptance is the proof that a payer agreed to be debited.
type CustomerAcceptance struct {
	Type       string `form:"type"` // "online" or "offline"
	AcceptedAt int64  `form:"accepted_at"`
	IPAddress  string `form:"online[ip_address]"`
	UserAgent  string `form:"online[user_agent]"`
}

// SetupIntent is the setting up of an instrument for later payments.
type SetupIntent struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	ClientSecret   string            `json:"client_secret"`
	Created        int64             `json:"created"`
	Customer       ID                `json:"customer"`
	LastSetupError *Failure          `json:"last_setup_error"`
	Mandate        *Mandate          `json:"mandate"`
	Metadata       map[string]string `json:"metadata"`
	NextAction     *NextAction       `json:"next_action"`
	PaymentMethod  *PaymentMethod    `json:"payment_method"`
	Status         string            `json:"status"`
}

func (s *SetupIntent) valid() bool { return is("setup_intent", s.Object, s.ID, s.Status) }

// Mandate is the permission to debit.
type Mandate struct {
	ID            string `json:"id"`
	Object        string `json:"object"`
	PaymentMethod ID     `json:"payment_method"`
	Status        string `json:"status"`
}

func (m *Mandate) valid() bool { return is("mandate", m.Object, m.ID, m.Status) }

// UnmarshalJSON reads both forms of an expandable field.
func (m *Mandate) UnmarshalJSON(raw []byte) error {
	type plain Mandate // without this method
	return unmarshalExpandable(raw, &m.ID, (*plain)(m))
}
