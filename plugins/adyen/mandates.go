package adyen

import (
	"cmp"
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// A mandate is a stored instrument. Adyen finds one by its id and the shopper that
// it is stored for, so that a mandate's id holds both: "M5N7TQ4TG5PFWR50@shopper-7".
// The RECURRING_CONTRACT webhook signs the first part alone; then the shopper is
// customer_id's.
// Source: https://docs.adyen.com/online-payments/tokenization.

const mandateSeparator = "@"

// maxShopper leaves room for the instrument in a mandate's id.
const maxShopper = 190

func mandateID(stored, shopper string) string {
	if stored == "" || shopper == "" {
		return ""
	}
	return stored + mandateSeparator + shopper
}

func mandateParts(id string) (stored, shopper string, err error) {
	stored, shopper, _ = strings.Cut(id, mandateSeparator)
	return stored, shopper, sdk.CheckID("mandate_id", stored)
}

// storedID is the id of the instrument that a payment stored or used; the second
// name is that of older settings.
func storedID(data map[string]string) string {
	return cmp.Or(data["tokenization.storedPaymentMethodId"], data["recurring.recurringDetailReference"])
}

func mandateOf(data map[string]string) string {
	return mandateID(storedID(data), cmp.Or(data["tokenization.shopperReference"], data["recurring.shopperReference"]))
}

// SetupMandate implements sdk.MandateStarter: a payment of nothing, which stores the
// instrument.
func (*Connector) SetupMandate(ctx context.Context, req *paymentsv1.SetupMandateRequest) (*paymentsv1.SetupMandateResponse, error) {
	switch {
	case req.GetVerificationAmount().GetCurrencyCode() == "":
		return nil, sdk.InvalidField("verification_amount.currency_code", "is required: Adyen asks the issuer in a currency")
	case req.GetVerificationAmount().GetMinorUnits() != 0:
		return nil, sdk.InvalidField("verification_amount.minor_units", "must be 0: Adyen would capture anything else")
	}
	if err := checkShopper(req.GetCustomerId()); err != nil {
		return nil, err
	}
	p, err := pay(ctx, &paymentsv1.AuthorizeRequest{
		Reference: req.GetReference(), Amount: req.GetVerificationAmount(), PaymentMethod: req.GetPaymentMethod(),
		CaptureMethod: paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL, ReturnUrl: req.GetReturnUrl(),
		Language: req.GetLanguage(), CustomerId: req.GetCustomerId(), Customer: req.GetCustomer(),
		BillingAddress: req.GetBillingAddress(), BrowserInfo: req.GetBrowserInfo(), ThreeDs: req.GetThreeDs(),
		Metadata: req.GetMetadata(), ConnectorOptions: req.GetConnectorOptions(),
		StoredCredential: &paymentsv1.StoredCredential{
			SetupFutureUsage: paymentsv1.SetupFutureUsage_SETUP_FUTURE_USAGE_OFF_SESSION, MandateTerms: req.GetTerms(),
		},
	})
	if err != nil {
		return nil, err
	}
	return &paymentsv1.SetupMandateResponse{Mandate: mandateFrom(p, req)}, nil
}

// checkShopper holds a shopper's reference to Adyen's limits, and to those of a
// mandate's id.
func checkShopper(reference string) error {
	if len(reference) < 3 || len(reference) > maxShopper {
		return sdk.InvalidField("customer_id", "must be the shopper's reference, of 3 to 190 characters")
	}
	return nil
}

// mandateFrom says what a payment of nothing set up. Where Adyen approves and does
// not tell the instrument's id, only the RECURRING_CONTRACT webhook does.
func mandateFrom(p *paymentsv1.Payment, req *paymentsv1.SetupMandateRequest) *paymentsv1.Mandate {
	m := &paymentsv1.Mandate{
		Id:        mandateID(p.GetPaymentMethod().GetToken(), req.GetCustomerId()),
		Reference: p.GetReference(), PaymentMethod: p.GetPaymentMethod(), CustomerId: req.GetCustomerId(),
		NetworkTransactionId: p.GetNetworkTransactionId(), NextAction: p.GetNextAction(),
		Decline: p.GetDecline(), ThreeDs: p.GetThreeDs(), ConnectorData: p.GetConnectorData(),
	}
	switch p.GetStatus() {
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED:
		m.Status = paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE
		if m.GetId() == "" {
			m.Status = paymentsv1.MandateStatus_MANDATE_STATUS_UNKNOWN
		}
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION:
		m.Status, m.Id = paymentsv1.MandateStatus_MANDATE_STATUS_REQUIRES_ACTION, p.GetId()
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING:
		m.Status, m.Id = paymentsv1.MandateStatus_MANDATE_STATUS_PENDING, cmp.Or(m.GetId(), p.GetId())
	case paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED:
		m.Status = paymentsv1.MandateStatus_MANDATE_STATUS_DECLINED
	default:
		m.Status = paymentsv1.MandateStatus_MANDATE_STATUS_UNKNOWN
	}
	return m
}

// ChargeMandate implements sdk.MandateCharger.
func (*Connector) ChargeMandate(ctx context.Context, req *paymentsv1.ChargeMandateRequest) (*paymentsv1.ChargeMandateResponse, error) {
	payment, err := pay(ctx, &paymentsv1.AuthorizeRequest{
		Reference: req.GetReference(), Amount: req.GetAmount(), CaptureMethod: req.GetCaptureMethod(),
		CustomerId: req.GetCustomerId(), StatementDescriptor: req.GetStatementDescriptor(), Order: req.GetOrder(),
		Metadata: req.GetMetadata(), ConnectorOptions: req.GetConnectorOptions(),
		PaymentMethod: &paymentsv1.PaymentMethod{Method: &paymentsv1.PaymentMethod_Mandate{
			Mandate: &paymentsv1.MandateReference{MandateId: req.GetMandateId()},
		}},
		StoredCredential: &paymentsv1.StoredCredential{
			Initiator: paymentsv1.Initiator_INITIATOR_MERCHANT, Reason: req.GetReason(),
			NetworkTransactionId: req.GetNetworkTransactionId(),
		},
	})
	return &paymentsv1.ChargeMandateResponse{Payment: payment}, err
}

// GetMandate implements sdk.MandateGetter. Adyen lists what a shopper has: an
// instrument that it does not list is gone, or was never there.
func (*Connector) GetMandate(ctx context.Context, req *paymentsv1.GetMandateRequest) (*paymentsv1.GetMandateResponse, error) {
	adyen, stored, shopper := mandateCall(ctx, req.GetMandateId(), req.GetConnectorOptions())
	list, err := api.Get[api.StoredMethods](ctx, adyen.Client, adyen.CheckoutURL+"/storedPaymentMethods?"+adyen.ofShopper(shopper))
	if err != nil {
		return nil, readFailure(err)
	}
	if list.ShopperReference != shopper {
		return nil, sdk.Errorf(sdk.Unavailable, "INTEGRITY_MISMATCH", "Adyen's answer is about another shopper")
	}
	m := &paymentsv1.Mandate{Id: req.GetMandateId(), CustomerId: shopper, Status: paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED}
	for _, method := range list.Methods {
		if method.ID == stored {
			m.Status = paymentsv1.MandateStatus_MANDATE_STATUS_ACTIVE
			m.PaymentMethod, m.NetworkTransactionId = storedDetails(&method), method.NetworkTxReference
		}
	}
	return &paymentsv1.GetMandateResponse{Mandate: m}, nil
}

// RevokeMandate implements sdk.MandateRevoker.
func (*Connector) RevokeMandate(ctx context.Context, req *paymentsv1.RevokeMandateRequest) (*paymentsv1.RevokeMandateResponse, error) {
	adyen, stored, shopper := mandateCall(ctx, req.GetMandateId(), req.GetConnectorOptions())
	if err := adyen.deleteStored(ctx, stored, shopper); err != nil {
		return nil, err
	}
	return &paymentsv1.RevokeMandateResponse{Mandate: &paymentsv1.Mandate{
		Id: req.GetMandateId(), CustomerId: shopper, Status: paymentsv1.MandateStatus_MANDATE_STATUS_REVOKED,
	}}, nil
}

// mandateCall is begin for an operation on a mandate.
func mandateCall(ctx context.Context, id string, options *structpb.Struct) (adyen *account, stored, shopper string) {
	stored, shopper, err := mandateParts(id)
	if err == nil && shopper == "" {
		err = sdk.InvalidField("mandate_id", "does not name the shopper: instrument@shopper")
	}
	return begin(ctx, options, err), stored, shopper
}
