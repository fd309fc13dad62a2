package api

// PaymentMethodData is a payment method given in the clear. Card data is left
// out of Stripe's public description; accounts need to be admitted to it.
// Source: https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.
type PaymentMethodData struct {
	Type           string            `form:"type"`
	Card           *Card             `form:"card"`
	BillingDetails BillingDetails    `form:"billing_details"`
	Metadata       map[string]string `form:"metadata"`
	// Details are what other types need, by type and parameter.
	Details map[string]map[string]string
}

// Card is a card given by its number, or a token of Stripe's that stands for one.
type Card struct {
	Number   string `form:"number"`
	ExpMonth int32  `form:"exp_month"`
	ExpYear  int32  `form:"exp_year"`
	CVC      string `form:"cvc"`
	Token    string `form:"token"`
}

// BillingDetails is who pays.
type BillingDetails struct {
	Name    string  `form:"name" json:"name"`
	Email   string  `form:"email" json:"email"`
	Phone   string  `form:"phone" json:"phone"`
	Address Address `form:"address" json:"address"`
}

// Address is a postal address.
type Address struct {
	Line1      string `form:"line1" json:"line1"`
	Line2      string `form:"line2" json:"line2"`
	City       string `form:"city" json:"city"`
	State      string `form:"state" json:"state"`
	PostalCode string `form:"postal_code" json:"postal_code"`
	Country    string `form:"country" json:"country"`
}

// Shipping is where goods go, and to whom.
type Shipping struct {
	Name           string  `form:"name" json:"name"`
	Phone          string  `form:"phone" json:"phone"`
	Address        Address `form:"address" json:"address"`
	Carrier        string  `form:"carrier" json:"carrier"`
	TrackingNumber string  `form:"tracking_number" json:"tracking_number"`
}

// PaymentMethodOptions are options by type of payment method.
type PaymentMethodOptions struct {
	Card CardOptions `form:"card"`
	// Others are the options of other types, by type and parameter.
	Others map[string]map[string]string
}

// CardOptions are the options of cards.
type CardOptions struct {
	Network                         string        `form:"network"`
	RequestMulticapture             string        `form:"request_multicapture"`
	RequestIncrementalAuthorization string        `form:"request_incremental_authorization"`
	RequestExtendedAuthorization    string        `form:"request_extended_authorization"`
	RequestThreeDSecure             string        `form:"request_three_d_secure"`
	ThreeDSecure                    *ThreeDSecure `form:"three_d_secure"`
	MITExemption                    MITExemption  `form:"mit_exemption"`
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

// MITExemption names the payment at which the payer agreed. It is left out of
// Stripe's public description; accounts need to be admitted to it.
type MITExemption struct {
	NetworkTransactionID string `form:"network_transaction_id"`
}

// MandateData is how a payer agreed to be debited.
type MandateData struct {
	CustomerAcceptance CustomerAcceptance `form:"customer_acceptance"`
}

// CustomerAcceptance is the proof of it.
type CustomerAcceptance struct {
	Type       string            `form:"type" json:"type"` // "online" or "offline"
	AcceptedAt int64             `form:"accepted_at" json:"accepted_at"`
	Online     *OnlineAcceptance `form:"online" json:"online"`
}

// OnlineAcceptance is the browser in which the payer agreed.
type OnlineAcceptance struct {
	IPAddress string `form:"ip_address" json:"ip_address"`
	UserAgent string `form:"user_agent" json:"user_agent"`
}
