package api

import (
	"context"
	"encoding/json"
)

// PaymentIntent is Stripe's payment.
// Source: https://docs.stripe.com/api/payment_intents/object.
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
	LastPaymentError   *Failure          `json:"last_payment_error"`
	LatestCharge       *Charge           `json:"latest_charge"`
	Metadata           map[string]string `json:"metadata"`
	NextAction         *NextAction       `json:"next_action"`
	Status             string            `json:"status"`
}

func (p *PaymentIntent) valid() bool {
	return p.Object == "payment_intent" && p.ID != "" && p.Currency != "" && p.Status != ""
}

// NextAction is what has to happen before the payment can go on. Raw is the
// whole of it; its further members depend on the type.
type NextAction struct {
	Type          string
	RedirectToURL *RedirectToURL
	Raw           json.RawMessage
}

// RedirectToURL is the page that the payer has to visit.
type RedirectToURL struct {
	URL       string `json:"url"`
	ReturnURL string `json:"return_url"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *NextAction) UnmarshalJSON(raw []byte) error {
	var known struct {
		Type          string         `json:"type"`
		RedirectToURL *RedirectToURL `json:"redirect_to_url"`
	}
	if err := json.Unmarshal(raw, &known); err != nil {
		return err
	}
	*a = NextAction{known.Type, known.RedirectToURL, append(json.RawMessage(nil), raw...)}
	return nil
}

// Charge is one attempt of a payment. Only its ID is set where Stripe did not
// expand it.
// Source: https://docs.stripe.com/api/charges/object.
type Charge struct {
	ID                   string `json:"id"`
	Amount               int64  `json:"amount"`
	AmountCaptured       int64  `json:"amount_captured"`
	AmountRefunded       int64  `json:"amount_refunded"`
	Paid                 bool   `json:"paid"` // true also for an authorization
	PaymentMethodDetails struct {
		Card ChargeCard `json:"card"`
	} `json:"payment_method_details"`
}

// ChargeCard is what is known of the card of a charge.
type ChargeCard struct {
	AmountAuthorized int64 `json:"amount_authorized"`
	Multicapture     struct {
		Status string `json:"status"` // "available" or "unavailable"
	} `json:"multicapture"`
	NetworkTransactionID string `json:"network_transaction_id"`
}

// UnmarshalJSON reads both forms of an expandable field.
// Source: https://docs.stripe.com/api/expanding_objects.
func (c *Charge) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &c.ID)
	}
	type plain Charge // without this method
	return json.Unmarshal(raw, (*plain)(c))
}

// CreatePaymentIntentParams are the parameters of CreatePaymentIntent.
type CreatePaymentIntentParams struct {
	Amount                    int64                 `form:"amount"`
	Currency                  string                `form:"currency"`
	Confirm                   bool                  `form:"confirm"`
	CaptureMethod             string                `form:"capture_method"`
	PaymentMethodTypes        []string              `form:"payment_method_types"`
	PaymentMethod             string                `form:"payment_method"`
	PaymentMethodData         *PaymentMethodData    `form:"payment_method_data"`
	PaymentMethodOptions      *PaymentMethodOptions `form:"payment_method_options"`
	ReturnURL                 string                `form:"return_url"`
	Description               string                `form:"description"`
	StatementDescriptorSuffix string                `form:"statement_descriptor_suffix"`
	ReceiptEmail              string                `form:"receipt_email"`
	Metadata                  map[string]string     `form:"metadata"`
	SetupFutureUsage          string                `form:"setup_future_usage"`
	OnBehalfOf                string                `form:"on_behalf_of"`
	TransferGroup             string                `form:"transfer_group"`
	Expand                    []string              `form:"expand"`
}

// PaymentMethodData is a payment method given in the clear. Card data is left
// out of Stripe's public description; accounts need to be admitted to it.
// Source: https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.
type PaymentMethodData struct {
	Type           string          `form:"type"`
	Card           *Card           `form:"card"`
	BillingDetails *BillingDetails `form:"billing_details"`
}

// Card is a card given by its number.
type Card struct {
	Number   string `form:"number"`
	ExpMonth int32  `form:"exp_month"`
	ExpYear  int32  `form:"exp_year"`
	CVC      string `form:"cvc"`
}

// BillingDetails is who pays.
type BillingDetails struct {
	Name string `form:"name"`
}

// PaymentMethodOptions are options by type of payment method.
type PaymentMethodOptions struct {
	Card CardOptions `form:"card"`
}

// CardOptions are the options of cards.
type CardOptions struct {
	Network             string `form:"network"`
	RequestMulticapture string `form:"request_multicapture"`
}

// CapturePaymentIntentParams are the parameters of CapturePaymentIntent.
type CapturePaymentIntentParams struct {
	AmountToCapture int64    `form:"amount_to_capture"`
	FinalCapture    *bool    `form:"final_capture"`
	Expand          []string `form:"expand"`
}

// CancelPaymentIntentParams are the parameters of CancelPaymentIntent.
type CancelPaymentIntentParams struct {
	CancellationReason string   `form:"cancellation_reason"`
	Expand             []string `form:"expand"`
}

type expandParams struct {
	Expand []string `form:"expand"`
}

// CreatePaymentIntent creates a payment, and confirms it if the parameters say so.
func (c *Client) CreatePaymentIntent(ctx context.Context, params CreatePaymentIntentParams) (*PaymentIntent, error) {
	intent := &PaymentIntent{}
	_, err := c.post(ctx, "/v1/payment_intents", params, intent)
	return intent, err
}

// GetPaymentIntent reads a payment.
func (c *Client) GetPaymentIntent(ctx context.Context, id string, expand ...string) (*PaymentIntent, error) {
	intent := &PaymentIntent{}
	return intent, c.get(ctx, resource("payment_intents", id), expandParams{expand}, intent)
}

// CapturePaymentIntent captures an authorized payment.
func (c *Client) CapturePaymentIntent(ctx context.Context, id string, params CapturePaymentIntentParams) (*PaymentIntent, Answer, error) {
	intent := &PaymentIntent{}
	answer, err := c.post(ctx, resource("payment_intents", id, "capture"), params, intent)
	return intent, answer, err
}

// CancelPaymentIntent releases what is authorized and not captured.
func (c *Client) CancelPaymentIntent(ctx context.Context, id string, params CancelPaymentIntentParams) (*PaymentIntent, error) {
	intent := &PaymentIntent{}
	_, err := c.post(ctx, resource("payment_intents", id, "cancel"), params, intent)
	return intent, err
}
