package api

import "encoding/json"

// PaymentIntent is Stripe's payment.
type PaymentIntent struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	Amount             int64             `json:"amount"`
	AmountCapturable   int64             `json:"amount_capturable"`
	AmountReceived     int64             `json:"amount_received"`
	CancellationReason string            `json:"cancellation_reason"`
	ClientSecret       string            `json:"client_secret"`
	Created            int64             `json:"created"`
	Currency           string            `json:"currency"`
	Customer           ID                `json:"customer"`
	LastPaymentError   *Failure          `json:"last_payment_error"`
	LatestCharge       *Charge           `json:"latest_charge"`
	Metadata           map[string]string `json:"metadata"`
	NextAction         *NextAction       `json:"next_action"`
	PaymentMethod      ID                `json:"payment_method"`
	SetupFutureUsage   string            `json:"setup_future_usage"`
	Status             string            `json:"status"`
}

func (p *PaymentIntent) valid() bool {
	return is("payment_intent", p.Object, p.ID, p.Currency, p.Status)
}

// UnmarshalJSON reads both forms of an expandable field.
func (p *PaymentIntent) UnmarshalJSON(raw []byte) error {
	type plain PaymentIntent // without this method
	return unmarshalExpandable(raw, &p.ID, (*plain)(p))
}

// Params are the parameters of requests that change something. Each has its own and
// many in common with others.
type Params struct {
	Amount                    int64               `form:"amount"`
	Currency                  string              `form:"currency"`
	Confirm                   bool                `form:"confirm"`
	CaptureMethod             string              `form:"capture_method"`
	PaymentMethodTypes        []string            `form:"payment_method_types"`
	AutomaticPaymentMethods   bool                `form:"automatic_payment_methods[enabled]"`
	PaymentMethod             string              `form:"payment_method"`
	PaymentMethodData         *PaymentMethodData  `form:"payment_method_data"`
	Card                      CardOptions         `form:"payment_method_options[card]"`
	Options                   Details             `form:"payment_method_options"` // of other types
	Customer                  string              `form:"customer"`
	Mandate                   string              `form:"mandate"`
	MandateData               *CustomerAcceptance `form:"mandate_data[customer_acceptance]"`
	OffSession                string              `form:"off_session"` // "true", "one_off" or "recurring"
	Shipping                  *Shipping           `form:"shipping"`
	ReturnURL                 string              `form:"return_url"`
	Description               string              `form:"description"`
	StatementDescriptorSuffix string              `form:"statement_descriptor_suffix"`
	ReceiptEmail              string              `form:"receipt_email"`
	Metadata                  map[string]string   `form:"metadata"`
	SetupFutureUsage          string              `form:"setup_future_usage"`
	Usage                     string              `form:"usage"` // of a setup
	OnBehalfOf                string              `form:"on_behalf_of"`
	TransferGroup             string              `form:"transfer_group"`
	AmountToCapture           int64               `form:"amount_to_capture"`
	FinalCapture              *bool               `form:"final_capture"`
	CancellationReason        string              `form:"cancellation_reason"`
	PaymentIntent             string              `form:"payment_intent"` // of a refund
	Reason                    string              `form:"reason"`
	Destination               string              `form:"destination"` // of a payout
	Method                    string              `form:"method"`
	StatementDescriptor       string              `form:"statement_descriptor"`
	Evidence                  map[string]string   `form:"evidence"` // of a dispute
	Submit                    *bool               `form:"submit"`   // to the bank; true if absent
	Address                   *Address            `form:"address"`  // of a customer
	// Texts are those of a customer, by the parameters' names. An empty one removes what is
	// there, an address too.
	Texts  map[string]string
	Expand []string `form:"expand"`
}

// Charge is one attempt of a payment.
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

func (c *Charge) valid() bool { return is("charge", c.Object, c.ID, c.Currency, c.Status) }

// UnmarshalJSON reads both forms of an expandable field.
func (c *Charge) UnmarshalJSON(raw []byte) error {
	type plain Charge // without this method
	return unmarshalExpandable(raw, &c.ID, (*plain)(c))
}

// NextAction is what has to happen before a payment or a setup can go on. Details
// are the members that types have in common, of the one that Type names; Raw is
// the whole of it.
// Source: https://docs.stripe.com/api/payment_intents/object#payment_intent_object-next_action.
type NextAction struct {
	Type    string
	Details ActionDetails
	Raw     json.RawMessage
}

// ActionDetails is what an action shows. No type has all of it.
type ActionDetails struct {
	URL                   string `json:"url"`
	HostedInstructionsURL string `json:"hosted_instructions_url"`
	HostedVerificationURL string `json:"hosted_verification_url"`
	HostedVoucherURL      string `json:"hosted_voucher_url"`
	MobileAuthURL         string `json:"mobile_auth_url"`
	PDF                   string `json:"pdf"`
	Number                string `json:"number"`
	Entity                string `json:"entity"`
	Reference             string `json:"reference"`
	Data                  string `json:"data"`
	ImageURLPNG           string `json:"image_url_png"`
	ExpiresAt             int64  `json:"expires_at"`
	ExpiresAfter          int64  `json:"expires_after"`
	QRCode                struct {
		Data        string `json:"data"`
		ImageURLPNG string `json:"image_url_png"`
		ExpiresAt   int64  `json:"expires_at"`
	} `json:"qr_code"` // of wallets that have both a code and a page
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *NextAction) UnmarshalJSON(raw []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	*a = NextAction{Raw: append(json.RawMessage(nil), raw...)}
	if members["type"] == nil {
		return nil
	}
	if err := json.Unmarshal(members["type"], &a.Type); err != nil {
		return err
	}
	details := members[a.Type]
	if a.Type == "use_stripe_sdk" || len(details) == 0 || details[0] != '{' {
		return nil // what is in it is the SDK's
	}
	return json.Unmarshal(details, &a.Details)
}

// Refund is money on its way back.
type Refund struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	Amount        int64             `json:"amount"`
	Charge        string            `json:"charge"`
	Created       int64             `json:"created"`
	Currency      string            `json:"currency"`
	FailureReason string            `json:"failure_reason"`
	Metadata      map[string]string `json:"metadata"`
	PaymentIntent string            `json:"payment_intent"`
	PendingReason string            `json:"pending_reason"`
	Reason        string            `json:"reason"`
	Status        string            `json:"status"`
}

func (r *Refund) valid() bool { return is("refund", r.Object, r.ID, r.Currency) }
