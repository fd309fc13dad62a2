package launchtest

import (
	"context"
	"net/http"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// SignsNothing is the behaviour of a connector whose PSP signs no webhooks.
const SignsNothing = "signs nothing"

// webhooks takes each body for the id of a payment.
type webhooks struct {
	paymentsv1.UnimplementedWebhookServiceServer
}

// HandleWebhook implements paymentsv1.WebhookServiceServer.
func (webhooks) HandleWebhook(ctx context.Context, req *paymentsv1.HandleWebhookRequest) (*paymentsv1.HandleWebhookResponse, error) {
	id := string(req.GetRequest().GetBody())
	return &paymentsv1.HandleWebhookResponse{
		Verification:    paymentsv1.WebhookVerification_WEBHOOK_VERIFICATION_FETCH_BACK_REQUIRED,
		Events:          []*paymentsv1.WebhookEvent{{Id: id, Type: "payment", ObjectId: id, ConnectorData: received(ctx)}},
		Acknowledgement: &paymentsv1.HttpResponse{StatusCode: http.StatusOK},
	}, nil
}
