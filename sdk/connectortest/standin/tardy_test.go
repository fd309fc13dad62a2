package standin_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
	"github.com/patchbay/patchbay/sdk/connectortest/standin"
	"github.com/patchbay/patchbay/sdk/webhook"
)

// tardy is the connector of a PSP that carries changes out later. It is right, but for
// what it is told to do wrong.
type tardy struct{ wrong string }

type tardyConfig struct {
	BaseURL        string       `json:"base_url"`
	APIKey         sdk.Secret   `json:"api_key"`
	WebhookSecrets []sdk.Secret `json:"webhook_secrets"`
}

func (tardy) Describe() sdk.Description {
	key := sdk.Idempotency{Kind: connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY}
	return sdk.Description{
		ID: "tardy", Config: &tardyConfig{}, PaymentMethodTypes: []string{"card_token", "ideal", "oxxo"},
		Evidence: connectorv1.Evidence_EVIDENCE_SIMULATED, Webhooks: connectorv1.WebhookVerificationMode_WEBHOOK_VERIFICATION_MODE_SIGNATURE,
		Idempotency: map[string]sdk.Idempotency{"Authorize": key, "Capture": key, "Void": key, "CreateRefund": key},
	}
}

// tardyAnswer is all that the PSP answers.
type tardyAnswer struct {
	ID, State, Currency, Reference, Page, Payment, Code string
	Amount                                              int64
}

func (tardy) ask(ctx context.Context, path string, body map[string]any) (*tardyAnswer, error) {
	config, err := sdk.Config[tardyConfig](ctx)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, config.BaseURL+path, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	req.Header.Set(tardyKey, sdk.IdempotencyKey(ctx))
	req.Header.Set("Authorization", config.APIKey.Reveal())
	resp, err := sdk.HTTPClient(ctx).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if raw, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20)); err != nil {
		return nil, err
	}
	var told tardyAnswer
	readable := json.Unmarshal(raw, &told) == nil
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests:
		return nil, sdk.Errorf(sdk.RateLimited, "", "the PSP is busy")
	case status == http.StatusUnauthorized:
		return nil, sdk.Errorf(sdk.Misconfigured, "", "the PSP does not know the key")
	case told.Code == "key_reused":
		return nil, sdk.Errorf(sdk.Precondition, "IDEMPOTENCY_KEY_REUSED", "the key was used for another request")
	case status >= 400 && status < 500:
		return nil, sdk.Errorf(sdk.InvalidRequest, "", "the PSP refuses it: %s", told.Code)
	case status >= 500, !readable, told.ID == "", len(raw) == 1<<20:
		return nil, sdk.Errorf(sdk.OutcomeUnknown, "", "the PSP answered %d", status)
	}
	return &told, nil
}

func (c tardy) Authorize(ctx context.Context, req *paymentsv1.AuthorizeRequest) (*paymentsv1.AuthorizeResponse, error) {
	method := req.GetPaymentMethod().GetCardToken().GetToken()
	if req.GetPaymentMethod().GetBankRedirect() != nil {
		method = "bank"
	}
	if req.GetPaymentMethod().GetVoucher() != nil {
		method = "voucher"
	}
	told, err := c.ask(ctx, "/payments", map[string]any{
		"amount": req.GetAmount().GetMinorUnits(), "currency": req.GetAmount().GetCurrencyCode(), "reference": req.GetReference(),
		"method": method, "manual": req.GetCaptureMethod() == paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL, "return_url": req.GetReturnUrl(),
	})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.AuthorizeResponse{Payment: paymentOf(told)}, nil
}

func paymentOf(told *tardyAnswer) *paymentsv1.Payment {
	p := &paymentsv1.Payment{
		Id: told.ID, Reference: told.Reference, Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN,
		Amount: &paymentsv1.Money{CurrencyCode: told.Currency, MinorUnits: told.Amount},
	}
	switch standin.Status(told.State) {
	case standin.Authorized:
		p.Status, p.AuthorizedAmount, p.CapturableAmount = paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED, p.GetAmount(), p.GetAmount()
	case standin.Captured:
		p.Status, p.AuthorizedAmount, p.CapturedAmount = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, p.GetAmount(), p.GetAmount()
	case standin.Declined:
		p.Status, p.Decline = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED, sdk.NewDecline("generic_decline")
		p.Decline.ConnectorCode = told.State
	case standin.RequiresAction:
		p.Status = paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
		p.NextAction = &paymentsv1.NextAction{Action: &paymentsv1.NextAction_DisplayVoucher{DisplayVoucher: &paymentsv1.DisplayVoucher{PaymentCode: "93000262281234567"}}}
		if told.Page != "" {
			p.NextAction.Action = &paymentsv1.NextAction_Redirect{Redirect: &paymentsv1.Redirect{Url: told.Page, Method: "GET"}}
		}
	}
	return p
}

func (c tardy) Complete(ctx context.Context, req *paymentsv1.CompleteRequest) (*paymentsv1.CompleteResponse, error) {
	told, err := c.ask(ctx, "/payments/"+url.PathEscape(req.GetPaymentId())+"/complete", map[string]any{})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.CompleteResponse{Payment: paymentOf(told)}, nil
}

// modify asks for a change, which the PSP accepts.
func (c tardy) modify(ctx context.Context, id, change string, amount *paymentsv1.Money, more map[string]any) (*tardyAnswer, *paymentsv1.Payment, error) {
	body := map[string]any{"amount": amount.GetMinorUnits(), "currency": amount.GetCurrencyCode()}
	maps.Copy(body, more)
	told, err := c.ask(ctx, "/payments/"+url.PathEscape(id)+"/"+change, body)
	if err != nil {
		return nil, nil, err
	}
	p := &paymentsv1.Payment{Id: told.Payment, Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN}
	if told.State == "received" {
		p.Status = paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING
	}
	if c.wrong == "says it is done" {
		p.Status = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
	}
	if c.wrong == "counts what is accepted" {
		p.CapturedAmount = &paymentsv1.Money{CurrencyCode: "USD", MinorUnits: max(1, amount.GetMinorUnits())}
	}
	return told, p, nil
}

func (c tardy) Capture(ctx context.Context, req *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	told, p, err := c.modify(ctx, req.GetPaymentId(), "captures", req.GetAmount(), map[string]any{"more": req.GetMoreToCome()})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.CaptureResponse{Payment: p, Amount: req.GetAmount(), CaptureId: told.ID}, nil
}

func (c tardy) Void(ctx context.Context, req *paymentsv1.VoidRequest) (*paymentsv1.VoidResponse, error) {
	_, p, err := c.modify(ctx, req.GetPaymentId(), "cancels", nil, map[string]any{"reason": req.GetReason()})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.VoidResponse{Payment: p}, nil
}

func (c tardy) CreateRefund(ctx context.Context, req *paymentsv1.CreateRefundRequest) (*paymentsv1.CreateRefundResponse, error) {
	told, _, err := c.modify(ctx, req.GetPaymentId(), "refunds", req.GetAmount(), map[string]any{"reference": req.GetReference()})
	if err != nil {
		return nil, err
	}
	r := &paymentsv1.Refund{Id: told.ID, PaymentId: told.Payment, Reference: req.GetReference(), Amount: req.GetAmount()}
	r.Status = paymentsv1.RefundStatus_REFUND_STATUS_UNKNOWN
	if told.State == "received" {
		r.Status = paymentsv1.RefundStatus_REFUND_STATUS_PENDING
	}
	if c.wrong == "says it is done" {
		r.Status = paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED
	}
	return &paymentsv1.CreateRefundResponse{Refund: r}, nil
}

func (tardy) events(body []byte) (hook tardyWebhook, err error) {
	if err := json.Unmarshal(body, &hook); err != nil || len(hook.Events) == 0 {
		return hook, errors.New("the body is no webhook of the PSP's")
	}
	return hook, nil
}

func (c tardy) ParseWebhook(_ context.Context, req *paymentsv1.ParseWebhookRequest) (*paymentsv1.ParseWebhookResponse, error) {
	hook, err := c.events(req.GetRequest().GetBody())
	if err != nil {
		return nil, sdk.Errorf(sdk.InvalidRequest, "", "%w", err)
	}
	resp := &paymentsv1.ParseWebhookResponse{}
	for _, e := range hook.Events {
		resp.Events = append(resp.Events, &paymentsv1.WebhookEvent{Id: e.ID, Type: e.Type, ObjectId: e.Payment})
	}
	return resp, nil
}

func (c tardy) HandleWebhook(ctx context.Context, req *paymentsv1.HandleWebhookRequest) (*paymentsv1.HandleWebhookResponse, error) {
	config, err := sdk.Config[tardyConfig](ctx)
	if err != nil {
		return nil, err
	}
	keys, err := webhook.Keys(config.WebhookSecrets, nil)
	if err != nil {
		return webhook.Rejected(http.StatusUnauthorized, err.Error()), nil
	}
	hook, err := c.events(req.GetRequest().GetBody())
	if err != nil {
		return webhook.Rejected(http.StatusUnauthorized, err.Error()), nil
	}
	var told []*paymentsv1.WebhookEvent
	for _, e := range hook.Events {
		switch {
		case c.wrong == "believes what is unsigned" && e.Signature == "":
		case e.Signature == "":
			return webhook.Unsigned(http.StatusUnauthorized, "an event has no signature"), nil
		case !c.genuine(e, keys):
			return webhook.Rejected(http.StatusUnauthorized, "the signature is wrong"), nil
		}
		told = append(told, c.told(e))
	}
	if c.wrong == "tells the first event" {
		told = told[:1]
	}
	return webhook.Verified(&paymentsv1.HttpResponse{StatusCode: http.StatusOK}, told...), nil
}

func (c tardy) genuine(e tardyEvent, keys [][]byte) bool {
	genuine := false
	for _, key := range keys {
		genuine = hmac.Equal([]byte(e.signature(string(key))), []byte(e.Signature)) || genuine
		if c.wrong == "leaves the amount out" {
			for e.Amount = range int64(2 * 1050) {
				genuine = hmac.Equal([]byte(e.signature(string(key))), []byte(e.Signature)) || genuine
			}
		}
	}
	return genuine
}

// told says a verified event in the contract's words.
func (c tardy) told(e tardyEvent) *paymentsv1.WebhookEvent {
	event := &paymentsv1.WebhookEvent{Id: e.ID, Type: e.Type, ObjectId: e.Payment}
	if c.wrong == "has another id each time" {
		event.Id = time.Now().String()
	}
	amount := &paymentsv1.Money{CurrencyCode: e.Currency, MinorUnits: e.Amount}
	payment := &paymentsv1.Payment{Id: e.Payment, Status: paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED}
	switch success := e.Success == "true"; e.Type {
	case "authorised", "paid":
		payment.Reference, payment.Amount = e.Reference, amount
		if e.Type == "paid" {
			payment.Status = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
		}
		if !success {
			payment.Status = paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
		}
		event.Subject = &paymentsv1.WebhookEvent_Payment{Payment: payment}
	case "capture":
		if success || c.wrong == "takes failures for success" {
			payment.Status, payment.CapturedAmount = paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED, amount
		}
		event.Subject = &paymentsv1.WebhookEvent_Payment{Payment: payment}
	case "cancellation":
		if success {
			payment.Status = paymentsv1.PaymentStatus_PAYMENT_STATUS_VOIDED
		}
		event.Subject = &paymentsv1.WebhookEvent_Payment{Payment: payment}
	case "refund":
		refund := &paymentsv1.Refund{Id: e.ID, PaymentId: e.Payment, Reference: e.Reference, Amount: amount, Status: paymentsv1.RefundStatus_REFUND_STATUS_SUCCEEDED}
		if !success {
			refund.Status = paymentsv1.RefundStatus_REFUND_STATUS_FAILED
		}
		event.Subject = &paymentsv1.WebhookEvent_Refund{Refund: refund}
	default:
		if c.wrong == "guesses" {
			event.Subject = &paymentsv1.WebhookEvent_Payment{Payment: payment}
		}
	}
	return event
}
