package api

import (
	"fmt"
	"time"
)

// Types of a Failure.
// Source: https://docs.stripe.com/api/errors.
const (
	TypeCardError        = "card_error"
	TypeIdempotencyError = "idempotency_error"
)

// Failure is Stripe's description of what went wrong, as error answers and
// last_payment_error hold it.
type Failure struct {
	Type               string         `json:"type"`
	Code               string         `json:"code"`
	DeclineCode        string         `json:"decline_code"`
	Message            string         `json:"message"`
	Param              string         `json:"param"`
	AdviceCode         string         `json:"advice_code"`
	NetworkAdviceCode  string         `json:"network_advice_code"`
	NetworkDeclineCode string         `json:"network_decline_code"`
	PaymentIntent      *PaymentIntent `json:"payment_intent"`
	SetupIntent        *SetupIntent   `json:"setup_intent"`
	PaymentMethod      PaymentMethod  `json:"payment_method"`
}

// Error is an answer with any other HTTP status than 200. Its Failure is empty
// if the answer did not come in Stripe's form.
type Error struct {
	Status     int
	Path       string // of the request
	RequestID  string
	RetryAfter time.Duration // 0 if Stripe does not say
	Failure
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("stripe answered %d %s %s (request %s)", e.Status, e.Type, e.Code, e.RequestID)
}
