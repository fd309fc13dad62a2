package adyen

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/patchbay/patchbay/plugins/adyen/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// completeOptions are the connector_options of Complete.
type completeOptions struct {
	// CaptureMethod is Authorize's. Adyen does not repeat it, and without it an
	// authorized payment is only said to be authorized.
	CaptureMethod string `json:"capture_method" oneof:"manual,automatic"`
	// PaymentData is that of the action, for actions that have one.
	PaymentData string `json:"payment_data"`
}

// Complete implements sdk.Completer.
func (*Connector) Complete(ctx context.Context, req *paymentsv1.CompleteRequest) (*paymentsv1.CompleteResponse, error) {
	options, errOptions := sdk.Options[completeOptions](req.GetConnectorOptions())
	details, errDetails := detailsRequest(req, options)
	reference, provisional := sdk.ProvisionalReference(req.GetPaymentId())
	var errID error
	if !provisional {
		errID = sdk.CheckID("payment_id", req.GetPaymentId())
	}
	adyen := accountOf(ctx, errOptions, errID, errDetails)
	if adyen.Fault != nil {
		return nil, adyen.Fault
	}
	told, err := api.Post[api.Payment](ctx, adyen.Client, adyen.CheckoutURL+"/payments/details", details)
	if err != nil {
		return nil, completeFailure(err)
	}
	payment, err := paymentOf(ctx, told, expectation{
		reference: reference, amount: req.GetAmount(), automatic: options.CaptureMethod == "automatic",
	})
	if err == nil && told.PSPReference == "" {
		payment.Id = req.GetPaymentId() // another action, or a decline, of the same payment
	}
	return &paymentsv1.CompleteResponse{Payment: payment}, err
}

// completeFailure is failure, but that details which Adyen can't take are a state:
// the shopper was not where they were sent, or was there before.
func completeFailure(err error) *sdk.Error {
	failed := failure(err)
	if failed.Kind == sdk.InvalidRequest {
		failed.Kind, failed.Fields = sdk.Precondition, nil
	}
	return failed
}

// detailsRequest takes what came back: from a redirect the parameters that Adyen
// names, from its SDK the object that it gives.
// Source: PaymentCompletionDetails in https://docs.adyen.com/api-explorer/Checkout/71/post/payments/details.
func detailsRequest(req *paymentsv1.CompleteRequest, o completeOptions) (details api.PaymentDetailsRequest, err error) {
	details = api.PaymentDetailsRequest{Details: map[string]string{}, PaymentData: o.PaymentData}
	switch result := req.GetResult().(type) {
	case *paymentsv1.CompleteRequest_Redirect:
		for _, came := range []map[string]string{result.Redirect.GetQuery(), result.Redirect.GetFormFields()} {
			for _, name := range []string{"redirectResult", "payload", "MD", "PaRes"} {
				if value := came[name]; value != "" {
					details.Details[name] = value
				}
			}
		}
		if len(details.Details) == 0 {
			return details, sdk.Errorf(sdk.Precondition, "REDIRECT_RESULT_MISSING",
				"the shopper's browser brought none of redirectResult, payload and PaRes back: the payment still waits")
		}
	case *paymentsv1.CompleteRequest_ClientSdk:
		err = fromSDK(&details, result.ClientSdk.GetData())
	case *paymentsv1.CompleteRequest_OneTimePassword:
		details.Details["oneTimePasscode"] = result.OneTimePassword
	default:
		return details, sdk.InvalidField("three_ds_method", "is not taken: native 3-D Secure goes through Adyen's SDK")
	}
	return details, err
}

// fromSDK reads state.data of onAdditionalDetails: details, and paymentData where
// there is one.
func fromSDK(into *api.PaymentDetailsRequest, data *structpb.Struct) error {
	given := data.GetFields()["details"].GetStructValue().GetFields()
	for name, value := range given {
		text, ok := value.GetKind().(*structpb.Value_StringValue)
		if !ok {
			return sdk.InvalidField("client_sdk.data", "must have texts alone in details")
		}
		into.Details[name] = text.StringValue
	}
	if len(given) == 0 {
		return sdk.InvalidField("client_sdk.data", "must be what Adyen's SDK gives to onAdditionalDetails, with details")
	}
	into.PaymentData = cmp.Or(data.GetFields()["paymentData"].GetStringValue(), into.PaymentData)
	return nil
}
