package sandbox_test

import (
	"bytes"
	"testing"

	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

const receipt = paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_RECEIPT

func disputesOf(h *connectortest.Harness) paymentsv1.DisputeServiceClient {
	return paymentsv1.NewDisputeServiceClient(h.Conn)
}

// disputed pays with the card whose payer objects, and gives the dispute.
func disputed(t *testing.T, h *connectortest.Harness, name string) *paymentsv1.Dispute {
	t.Helper()
	ask := order("", automatic)
	ask.PaymentMethod = cardNumbered("4000000000000259")
	paid, err := h.Payments.Authorize(h.Context(key("pay"+name)), ask)
	if err != nil {
		t.Fatal(err)
	}
	list, err := disputesOf(h).ListDisputes(h.Context(key("")), &paymentsv1.ListDisputesRequest{PaymentId: paid.GetPayment().GetId()})
	if err != nil || len(list.GetDisputes()) != 1 {
		t.Fatalf("got %v %v, want one dispute", list, err)
	}
	return list.GetDisputes()[0]
}

func text(words string) []*paymentsv1.DisputeEvidence {
	return []*paymentsv1.DisputeEvidence{{Type: receipt, Content: &paymentsv1.DisputeEvidence_Text{Text: words}}}
}

func TestDispute_outcomes(t *testing.T) {
	h, address := start(t)
	client := disputesOf(h)
	for words, status := range map[string]paymentsv1.DisputeStatus{
		"winning_evidence": paymentsv1.DisputeStatus_DISPUTE_STATUS_WON,
		"losing_evidence":  paymentsv1.DisputeStatus_DISPUTE_STATUS_LOST,
		"delivered":        paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW,
	} {
		d := disputed(t, h, words)
		if d.GetStatus() != paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE || d.GetAmount().GetMinorUnits() != 1000 ||
			d.GetReason() != paymentsv1.DisputeReason_DISPUTE_REASON_FRAUDULENT || d.GetStage() != paymentsv1.DisputeStage_DISPUTE_STAGE_CHARGEBACK {
			t.Errorf("got %v", d)
		}
		defend := &paymentsv1.DefendDisputeRequest{DisputeId: d.GetId()}
		_, err := client.DefendDispute(h.Context(key("early"+words)), defend)
		if f := failureOf(err); f.reason != "EVIDENCE_MISSING" {
			t.Errorf("without evidence: %+v", f)
		}
		for i, piece := range []string{"replaced", words} {
			resp, err := client.SubmitEvidence(h.Context(key(piece+string(rune('a'+i))+words)), &paymentsv1.SubmitEvidenceRequest{DisputeId: d.GetId(), Evidence: text(piece)})
			if err != nil || len(resp.GetDispute().GetEvidence()) != 1 || resp.GetDispute().GetEvidence()[0].GetText() != piece {
				t.Fatalf("got %v %v", resp, err)
			}
		}
		resp, err := client.DefendDispute(h.Context(key("defend"+words)), defend)
		if err != nil || resp.GetDispute().GetStatus() != status {
			t.Errorf("%s: got %v %v, want %s", words, resp, err, status)
		}
	}
	late := disputed(t, h, "late")
	hook(t, address, "/v1/test/disputes/"+late.GetId()+"/decide", `{"outcome":"expired"}`)
	_, err := client.SubmitEvidence(h.Context(key("late")), &paymentsv1.SubmitEvidenceRequest{DisputeId: late.GetId(), Evidence: text("x")})
	if f := failureOf(err); f.code != codes.FailedPrecondition || f.reason != "DISPUTE_NOT_OPEN" {
		t.Errorf("after the deadline: %+v", f)
	}
}

func TestDispute_accept(t *testing.T) {
	h, _ := start(t)
	client := disputesOf(h)
	d := disputed(t, h, "a")
	resp, err := client.AcceptDispute(h.Context(key("a")), &paymentsv1.AcceptDisputeRequest{DisputeId: d.GetId()})
	if err != nil || resp.GetDispute().GetStatus() != paymentsv1.DisputeStatus_DISPUTE_STATUS_ACCEPTED {
		t.Fatalf("got %v %v", resp, err)
	}
	read, err := client.GetDispute(h.Context(key("b")), &paymentsv1.GetDisputeRequest{DisputeId: d.GetId()})
	if err != nil || read.GetDispute().GetStatus() != paymentsv1.DisputeStatus_DISPUTE_STATUS_ACCEPTED {
		t.Errorf("read %v %v", read, err)
	}
	_, err = client.SubmitEvidence(h.Context(key("c")), &paymentsv1.SubmitEvidenceRequest{DisputeId: d.GetId(), Evidence: text("x")})
	if f := failureOf(err); f.reason != "DISPUTE_NOT_OPEN" {
		t.Errorf("evidence: %+v", f)
	}
}

func TestListDisputes_paging(t *testing.T) {
	h, _ := start(t)
	var want []string
	for _, name := range []string{"a", "b", "c"} {
		want = append([]string{disputed(t, h, name).GetId()}, want...)
	}
	token := ""
	for i, id := range want {
		resp, err := disputesOf(h).ListDisputes(h.Context(key("")), &paymentsv1.ListDisputesRequest{
			PageSize: 1, PageToken: token, Statuses: []paymentsv1.DisputeStatus{paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE},
		})
		if err != nil || len(resp.GetDisputes()) != 1 || resp.GetDisputes()[0].GetId() != id || (resp.GetNextPageToken() == "") != (i == len(want)-1) {
			t.Fatalf("page %d: got %v %v, want %s", i, resp, err, id)
		}
		token = resp.GetNextPageToken()
	}
	_, err := disputesOf(h).ListDisputes(h.Context(key("")), &paymentsv1.ListDisputesRequest{PageToken: "dp_x"})
	if f := failureOf(err); f.field != "page_token" {
		t.Errorf("a wrong token: %+v", f)
	}
}

func TestUploadEvidence(t *testing.T) {
	h, _ := start(t)
	d := disputed(t, h, "a")
	stream, err := disputesOf(h).UploadEvidence(h.Context(key("a")))
	if err != nil {
		t.Fatal(err)
	}
	chunk := bytes.Repeat([]byte("x"), 300<<10)
	messages := []*paymentsv1.UploadEvidenceRequest{{Part: &paymentsv1.UploadEvidenceRequest_Metadata{Metadata: &paymentsv1.EvidenceMetadata{
		DisputeId: d.GetId(), FileName: "receipt.pdf", Type: receipt, ContentType: "application/pdf",
	}}}}
	for range 4 {
		messages = append(messages, &paymentsv1.UploadEvidenceRequest{Part: &paymentsv1.UploadEvidenceRequest_Chunk{Chunk: chunk}})
	}
	for _, m := range messages {
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	file, err := stream.CloseAndRecv()
	if err != nil || file.GetSizeBytes() != int64(4*len(chunk)) {
		t.Fatalf("got %v %v", file, err)
	}
	for id, reason := range map[string]string{file.GetFileId(): "", "file_x": "FILE_NOT_FOUND"} {
		_, err := disputesOf(h).SubmitEvidence(h.Context(key(id)), &paymentsv1.SubmitEvidenceRequest{DisputeId: d.GetId(), Evidence: []*paymentsv1.DisputeEvidence{
			{Type: receipt, Content: &paymentsv1.DisputeEvidence_FileId{FileId: id}},
		}})
		if f := failureOf(err); f.reason != reason {
			t.Errorf("%s: got %+v, want %q", id, f, reason)
		}
	}
}
