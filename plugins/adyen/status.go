package adyen

import (
	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// paymentStatus says what happened to the money of a payment. An Authorised payment
// that Adyen captures by itself at once is CAPTURED: Adyen calls it final and the
// sign to deliver, sends it for settlement without a further request, and tells by
// webhook (CAPTURE_FAILED) where that fails.
//
// Sources: https://docs.adyen.com/online-payments/build-your-integration/payment-result-codes
// and https://docs.adyen.com/online-payments/capture.
func paymentStatus(p *api.Payment, automatic bool) paymentsv1.PaymentStatus {
	switch p.ResultCode {
	case "Authorised", "PartiallyAuthorised":
		if automatic {
			return paymentsv1.PaymentStatus_PAYMENT_STATUS_CAPTURED
		}
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_AUTHORIZED
	case "Refused", "Cancelled", "Error":
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_DECLINED
	case "RedirectShopper", "IdentifyShopper", "ChallengeShopper", "PresentToShopper":
		if p.Action == nil {
			return paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN
		}
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
	case "Pending", "Received":
		if p.Action != nil {
			return paymentsv1.PaymentStatus_PAYMENT_STATUS_REQUIRES_ACTION
		}
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_PENDING
	default:
		return paymentsv1.PaymentStatus_PAYMENT_STATUS_UNKNOWN
	}
}

// received is the only status of a modification: Adyen has the request.
// Source: status in https://docs.adyen.com/api-explorer/Checkout/71/post/payments/(paymentPspReference)/captures.
const received = "received"
