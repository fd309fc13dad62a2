package stripe

import (
	"net/http/httptest"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/patchbay/patchbay/plugins/stripe/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

func TestDisputeWords(t *testing.T) {
	const inquiry, chargeback = paymentsv1.DisputeStage_DISPUTE_STAGE_INQUIRY, paymentsv1.DisputeStage_DISPUTE_STAGE_CHARGEBACK
	for word, want := range map[string]struct {
		stage  paymentsv1.DisputeStage
		status paymentsv1.DisputeStatus
	}{
		"warning_needs_response": {inquiry, paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE},
		"warning_under_review":   {inquiry, paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW},
		"warning_closed":         {inquiry, paymentsv1.DisputeStatus_DISPUTE_STATUS_WITHDRAWN},
		"prevented":              {inquiry, paymentsv1.DisputeStatus_DISPUTE_STATUS_ACCEPTED},
		"needs_response":         {chargeback, paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE},
		"under_review":           {chargeback, paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW},
		"won":                    {chargeback, paymentsv1.DisputeStatus_DISPUTE_STATUS_WON},
		"lost":                   {chargeback, paymentsv1.DisputeStatus_DISPUTE_STATUS_LOST},
		"appealed":               {0, paymentsv1.DisputeStatus_DISPUTE_STATUS_UNKNOWN},
	} {
		if stage, status := disputeStages.Meaning(t.Context(), word), disputeStatuses.Meaning(t.Context(), word); stage != want.stage || status != want.status {
			t.Errorf("%s is %s %s", word, stage, status)
		}
	}
	for word, want := range map[string]paymentsv1.DisputeReason{
		"fraudulent": paymentsv1.DisputeReason_DISPUTE_REASON_FRAUDULENT, "product_not_received": paymentsv1.DisputeReason_DISPUTE_REASON_NOT_RECEIVED,
		"product_unacceptable": paymentsv1.DisputeReason_DISPUTE_REASON_NOT_AS_DESCRIBED, "duplicate": paymentsv1.DisputeReason_DISPUTE_REASON_DUPLICATE,
		"subscription_canceled": paymentsv1.DisputeReason_DISPUTE_REASON_SUBSCRIPTION_CANCELED, "credit_not_processed": paymentsv1.DisputeReason_DISPUTE_REASON_CREDIT_NOT_PROCESSED,
		"unrecognized": paymentsv1.DisputeReason_DISPUTE_REASON_UNRECOGNIZED, "incorrect_account_details": paymentsv1.DisputeReason_DISPUTE_REASON_PROCESSING_ERROR,
		"debit_not_authorized": paymentsv1.DisputeReason_DISPUTE_REASON_BANK_RETURN, "insufficient_funds": paymentsv1.DisputeReason_DISPUTE_REASON_BANK_RETURN,
		"general": 0, "noncompliant": 0, "something_new": 0,
	} {
		if got := disputeReasons.Meaning(t.Context(), word); got != want {
			t.Errorf("%s is %s, want %s", word, got, want)
		}
	}
}

func TestDisputeIsTold(t *testing.T) {
	h, s, recorder := seeded(t)
	evidence := s.kept["du_1"]["evidence"].(object)
	evidence["receipt"], evidence["uncategorized_text"] = "file_1", "The parcel was delivered."
	disputes := paymentsv1.NewDisputeServiceClient(h.Conn)
	resp, err := disputes.GetDispute(h.Context(""), &paymentsv1.GetDisputeRequest{DisputeId: "du_1"})
	if err != nil {
		t.Fatal(err)
	}
	d := resp.GetDispute()
	if d.GetPaymentId() != "pi_1" || d.GetReference() != "order-1001" || d.GetNetwork() != "visa" || d.GetNetworkReasonCode() != "10.4" || d.GetConnectorReason() != "general" ||
		d.GetAmount().GetMinorUnits() != 1000 || d.GetResponseDueTime() == nil || d.GetCreateTime() == nil {
		t.Errorf("dispute is %v", d)
	}
	if e := d.GetEvidence(); len(e) != 2 || e[0].GetFileId() != "file_1" || e[0].GetType() != paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_RECEIPT || e[1].GetText() != "The parcel was delivered." {
		t.Errorf("evidence is %v", e)
	}
	// Stripe does not choose by status.
	for status, want := range map[paymentsv1.DisputeStatus]int{
		paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE: 1, paymentsv1.DisputeStatus_DISPUTE_STATUS_WON: 0,
	} {
		list, err := disputes.ListDisputes(h.Context(""), &paymentsv1.ListDisputesRequest{Statuses: []paymentsv1.DisputeStatus{status}, PageSize: 1000})
		if err != nil || len(list.GetDisputes()) != want {
			t.Errorf("%s: %v, %v", status, list, err)
		}
	}
	for _, r := range recorder.Requests() {
		if r.Path == "/v1/disputes" && r.Query["limit"][0] != "100" {
			t.Errorf("the limit is %v, and Stripe's largest is 100", r.Query["limit"])
		}
	}
}

// TestEvidence: each piece goes to the field that Stripe has for it.
func TestEvidence(t *testing.T) {
	file := func(kind paymentsv1.DisputeEvidenceType) *paymentsv1.DisputeEvidence {
		return &paymentsv1.DisputeEvidence{Type: kind, Content: &paymentsv1.DisputeEvidence_FileId{FileId: "file_1"}}
	}
	text := func(kind paymentsv1.DisputeEvidenceType) *paymentsv1.DisputeEvidence {
		return &paymentsv1.DisputeEvidence{Type: kind, Content: &paymentsv1.DisputeEvidence_Text{Text: "words"}}
	}
	const delivery, prior = paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_PROOF_OF_DELIVERY, paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_PRIOR_TRANSACTIONS
	for want, piece := range map[string]*paymentsv1.DisputeEvidence{
		"shipping_documentation": file(delivery), "uncategorized_text": text(delivery), "uncategorized_file": file(prior),
		"refund_policy":            file(paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_REFUND_POLICY),
		"refund_policy_disclosure": text(paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_REFUND_POLICY),
		"product_description":      text(paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_PRODUCT_DESCRIPTION),
	} {
		stripe := &call{Client: &api.Client{}}
		got := evidenceWords(stripe, []*paymentsv1.DisputeEvidence{piece})
		if stripe.Fault != nil || len(got) != 1 || got[want] == "" {
			t.Errorf("%s: %v, %v", want, got, stripe.Fault)
		}
	}
	stripe := &call{Client: &api.Client{}}
	if evidenceWords(stripe, []*paymentsv1.DisputeEvidence{text(delivery), text(prior)}); stripe.Fault == nil {
		t.Error("two pieces went to one field")
	}
	h, _, recorder := seeded(t)
	_, err := sample{"", "DefendDispute", `{"disputeId":"du_1","defenseReason":"SupplyDefenseMaterial"}`}.send(h.Context(testKey), t, h)
	if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != "defense_reason" {
		t.Errorf("fields are %v", fields)
	}
	for _, s := range disputeSamples() {
		if s.operation == "SubmitEvidence" || s.operation == "UploadEvidence" {
			if _, err := s.send(h.Context(testKey+s.operation), t, h); err != nil {
				t.Error(err)
			}
		}
	}
	if submit := form(sent(t, recorder, "POST", "/v1/disputes/du_1"), "submit"); submit != "false" {
		t.Errorf("evidence went to the bank at once: submit is %q", submit)
	}
}

func TestPayouts(t *testing.T) {
	for word, want := range map[string]paymentsv1.PayoutStatus{
		"pending": paymentsv1.PayoutStatus_PAYOUT_STATUS_PENDING, "in_transit": paymentsv1.PayoutStatus_PAYOUT_STATUS_PENDING,
		"paid": paymentsv1.PayoutStatus_PAYOUT_STATUS_SUCCEEDED, "failed": paymentsv1.PayoutStatus_PAYOUT_STATUS_RETURNED,
		"canceled": paymentsv1.PayoutStatus_PAYOUT_STATUS_VOIDED, "lost": paymentsv1.PayoutStatus_PAYOUT_STATUS_UNKNOWN,
	} {
		if got := payoutStatuses.Meaning(t.Context(), word); got != want {
			t.Errorf("%s is %s, want %s", word, got, want)
		}
	}
	h, s, recorder := seeded(t)
	s.kept["po_1"]["status"], s.kept["po_1"]["failure_code"], s.kept["po_1"]["failure_message"] = "failed", "account_closed", "The bank account has been closed"
	got, err := sample{"", "GetPayout", `{"payoutId":"po_1"}`}.send(h.Context(""), t, h)
	if err != nil {
		t.Fatal(err)
	}
	if p := got.(*paymentsv1.GetPayoutResponse).GetPayout(); p.GetStatus() != paymentsv1.PayoutStatus_PAYOUT_STATUS_RETURNED || p.GetDecline().GetCode() != "closed_account" || p.GetArrivalTime() == nil {
		t.Errorf("payout is %v", p)
	}
	const payout = `"reference":"payout-31","amount":{"currencyCode":"EUR","minorUnits":"1050"}`
	for request, field := range map[string]string{
		`{` + payout + `,"destination":{"bankAccount":{"iban":"DE89370400440532013000"}}}`:                                         "destination",
		`{` + payout + `,"destination":{"payoutAccountId":"ba_1"},"recipientId":"acct_2"}`:                                         "recipient_id",
		`{` + payout + `,"destination":{"payoutAccountId":"ba_1"},"sourceCurrencyCode":"USD"}`:                                     "source_currency_code",
		`{"reference":"payout-31","amount":{"currencyCode":"HUF","minorUnits":"1050"},"destination":{"payoutAccountId":"ba_1"}}`:   "amount.minor_units",
		`{"reference":"payout-31","amount":{"currencyCode":"EUR","minorUnits":"1050"},"destination":{"payoutAccountId":"acct_2"}}`: "destination",
	} {
		_, err := sample{"", "CreatePayout", request}.send(h.Context(testKey+field), t, h)
		if fields := connectortest.WantError(t, err, codes.InvalidArgument, "INVALID_REQUEST"); len(fields) != 1 || fields[0] != field {
			t.Errorf("%s: fields are %v, want %s", request, fields, field)
		}
	}
	_, err = sample{"", "VoidPayout", `{"payoutId":"po_1"}`}.send(h.Context(testKey), t, h)
	connectortest.WantError(t, err, codes.FailedPrecondition, "STATE_FORBIDS")
	if len(recorder.Requests()) == 0 {
		t.Error("nothing was sent")
	}
}

// TestUploadThatIsRefusedEarly: Stripe may answer before it has read the file.
func TestUploadThatIsRefusedEarly(t *testing.T) {
	p := startPSP(t, nil)
	server := httptest.NewServer(failed(400, object{"type": "invalid_request_error", "param": "file", "message": "Too large."}))
	t.Cleanup(server.Close)
	h := connectortest.Start(t, New(), map[string]any{"api_key": "sk_test_1", "base_url": p.URL, "files_url": server.URL})
	stream, err := paymentsv1.NewDisputeServiceClient(h.Conn).UploadEvidence(h.Context(testKey))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&paymentsv1.UploadEvidenceRequest{Part: &paymentsv1.UploadEvidenceRequest_Metadata{Metadata: &paymentsv1.EvidenceMetadata{
		DisputeId: "du_1", FileName: "a.pdf", ContentType: "application/pdf", Type: paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_OTHER,
	}}}); err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 1<<20)
	for range 24 {
		if err := stream.Send(&paymentsv1.UploadEvidenceRequest{Part: &paymentsv1.UploadEvidenceRequest_Chunk{Chunk: chunk}}); err != nil {
			break // the answer says why
		}
	}
	_, err = stream.CloseAndRecv()
	switch code := status.Code(err); code {
	case codes.InvalidArgument, codes.Unknown: // the answer was read, or lost with the connection; never a success
	default:
		t.Errorf("answered %v", err)
	}
	if len(p.requests()) > 0 {
		t.Errorf("the file went elsewhere: %v", p.requests())
	}
}
