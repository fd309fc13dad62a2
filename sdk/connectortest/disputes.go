package connectortest

import (
	"bytes"
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

func disputeRows() []row {
	return []row{
		{operation: "ListDisputes", needs: []string{"Authorize"}, begin: beginListDisputes},
		{operation: "GetDispute", begin: beginGetDispute},
		{operation: "AcceptDispute", begin: beginAcceptDispute},
		{operation: "SubmitEvidence", begin: beginSubmitEvidence},
		{operation: "DefendDispute", begin: beginDefendDispute},
	}
}

// disputedPayment makes a payment that its payer disputes.
func (c *Case) disputedPayment() *paymentsv1.Payment {
	if len(c.plan.Samples.Disputed) == 0 {
		c.Skipf("samples.disputed in test.yaml is missing")
	}
	p, err := c.authorize(c.authorizeSample(c.plan.Samples.Disputed, automatic))
	c.ok("Authorize", err)
	equal(c, "status of the payment to work with", captured, p.GetStatus())
	return p
}

func (c *Case) disputesOf(p *paymentsv1.Payment) []*paymentsv1.Dispute {
	resp := &paymentsv1.ListDisputesResponse{}
	c.ok("ListDisputes", c.invoke("ListDisputes", &paymentsv1.ListDisputesRequest{PaymentId: p.GetId()}, resp))
	return resp.GetDisputes()
}

// dispute makes a payment, and waits until it is disputed. Of a PSP that lists no
// disputes it is one that the stand-in knows by the head of its id.
func (c *Case) dispute() *paymentsv1.Dispute {
	if !c.has("ListDisputes") {
		if c.plan.Samples.DisputeID == "" {
			c.Skipf("the connector can't list disputes, and samples.dispute_id in test.yaml is missing")
		}
		return &paymentsv1.Dispute{Id: c.plan.Samples.DisputeID + c.ref}
	}
	p := c.disputedPayment()
	var found []*paymentsv1.Dispute
	c.until("the payment is disputed", func() bool {
		found = c.disputesOf(p)
		return len(found) > 0
	})
	d := found[0]
	c.named("dispute.id", d.GetId())
	equal(c, "dispute.payment_id", p.GetId(), d.GetPaymentId())
	equal(c, "dispute.status", paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE, d.GetStatus())
	c.money("dispute.amount", p.GetAmount(), d.GetAmount())
	return d
}

func beginListDisputes(c *Case) job {
	p := c.disputedPayment()
	c.until("the payment is disputed", func() bool { return len(c.disputesOf(p)) > 0 })
	return job{
		req: asked(c, "ListDisputes", &paymentsv1.ListDisputesRequest{PaymentId: p.GetId()}), marks: []string{p.GetId()},
		done: func(resp proto.Message) {
			found := resp.(*paymentsv1.ListDisputesResponse).GetDisputes()
			equal(c, "disputes of the payment", 1, len(found))
			equal(c, "disputes[0].payment_id", p.GetId(), found[0].GetPaymentId())
		},
	}
}

func beginGetDispute(c *Case) job {
	d := c.dispute()
	return job{
		req: asked(c, "GetDispute", &paymentsv1.GetDisputeRequest{DisputeId: d.GetId()}), marks: []string{d.GetId()},
		done: func(resp proto.Message) {
			c.same("GetDispute after ListDisputes", d, resp.(*paymentsv1.GetDisputeResponse).GetDispute())
		},
	}
}

// onDispute is a job that leaves a dispute in one of the given states.
func onDispute(c *Case, d *paymentsv1.Dispute, of func(proto.Message) *paymentsv1.Dispute, states ...paymentsv1.DisputeStatus) job {
	check := func(got *paymentsv1.Dispute) {
		equal(c, "dispute.id", d.GetId(), got.GetId())
		for _, state := range states {
			if got.GetStatus() == state {
				return
			}
		}
		c.Fatalf("dispute.status: expected one of %v, got %s", states, got.GetStatus())
	}
	j := job{marks: []string{d.GetId()}, done: func(resp proto.Message) { check(of(resp)) }}
	if c.has("GetDispute") {
		j.look = func() {
			resp := &paymentsv1.GetDisputeResponse{}
			c.ok("GetDispute", c.invoke("GetDispute", &paymentsv1.GetDisputeRequest{DisputeId: d.GetId()}, resp))
			check(resp.GetDispute())
		}
	}
	return j
}

func beginAcceptDispute(c *Case) job {
	d := c.dispute()
	j := onDispute(c, d, func(m proto.Message) *paymentsv1.Dispute { return m.(*paymentsv1.AcceptDisputeResponse).GetDispute() },
		paymentsv1.DisputeStatus_DISPUTE_STATUS_ACCEPTED, paymentsv1.DisputeStatus_DISPUTE_STATUS_LOST)
	j.req = asked(c, "AcceptDispute", &paymentsv1.AcceptDisputeRequest{DisputeId: d.GetId()})
	return j
}

func beginSubmitEvidence(c *Case) job {
	d := c.dispute()
	j := onDispute(c, d, func(m proto.Message) *paymentsv1.Dispute { return m.(*paymentsv1.SubmitEvidenceResponse).GetDispute() },
		paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW, paymentsv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE)
	j.req, j.other = c.evidence(d, "Delivered on 3 March."), c.evidence(d, "Delivered on 4 March.")
	return j
}

func (c *Case) evidence(d *paymentsv1.Dispute, text string) *paymentsv1.SubmitEvidenceRequest {
	return asked(c, "SubmitEvidence", &paymentsv1.SubmitEvidenceRequest{DisputeId: d.GetId(), Evidence: []*paymentsv1.DisputeEvidence{{
		Type:    paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_PROOF_OF_DELIVERY,
		Content: &paymentsv1.DisputeEvidence_Text{Text: text},
	}}})
}

func beginDefendDispute(c *Case) job {
	d := c.dispute()
	j := onDispute(c, d, func(m proto.Message) *paymentsv1.Dispute { return m.(*paymentsv1.DefendDisputeResponse).GetDispute() },
		paymentsv1.DisputeStatus_DISPUTE_STATUS_UNDER_REVIEW)
	if c.has("SubmitEvidence") { // PSPs want something to defend with
		c.ok("SubmitEvidence", c.invoke("SubmitEvidence", c.evidence(d, "Delivered on 3 March."), &paymentsv1.SubmitEvidenceResponse{}))
	}
	req := asked(c, "DefendDispute", &paymentsv1.DefendDisputeRequest{DisputeId: d.GetId()})
	if req.GetDefenseReason() == "" && len(d.GetDefenseReasons()) > 0 {
		req.DefenseReason = d.GetDefenseReasons()[0]
	}
	j.req = req
	return j
}

func evidenceScenarios() []Scenario {
	needs := Needs{Operations: []string{"UploadEvidence"}}
	scenario := func(name, summary string, aspect Aspect, run func(*Case)) Scenario {
		return Scenario{ID: "upload-evidence/" + name, Summary: summary, Needs: needs, Proves: cells(aspect, "UploadEvidence"), run: run}
	}
	return []Scenario{
		scenario("succeeds", "A file in two chunks arrives whole", Happy, func(c *Case) {
			metadata := evidenceFile(c.dispute().GetId(), 3)
			resp, err := c.upload(metadata, []byte("ab"), []byte("c"))
			c.ok("UploadEvidence", err)
			c.named("file_id", resp.GetFileId())
			equal(c, "size_bytes", 3, resp.GetSizeBytes())
		}),
		scenario("large", "A file of several chunks of 1 MiB arrives whole", Amounts, func(c *Case) {
			chunk := bytes.Repeat([]byte("x"), 1<<20)
			resp, err := c.upload(evidenceFile(c.dispute().GetId(), 3<<20), chunk, chunk, chunk)
			c.ok("UploadEvidence", err)
			equal(c, "size_bytes", 3<<20, resp.GetSizeBytes())
		}),
		scenario("unreachable", "A PSP that does not listen is UNAVAILABLE", Faults, func(c *Case) {
			d := c.dispute()
			config, err := c.plan.accountAt(Nowhere, nil)
			if err != nil {
				c.Fatalf("%v", err)
			}
			_, err = c.uploadAs(config, evidenceFile(d.GetId(), 3), []byte("abc"))
			c.refused("UploadEvidence", err, codes.Unavailable)
		}),
		scenario("without-metadata", "A file that does not begin with its metadata is refused", Validation, func(c *Case) {
			_, err := c.upload(nil, []byte("abc"))
			c.refused("UploadEvidence without metadata", err, codes.InvalidArgument)
		}),
		scenario("other-size", "A file that is not as long as announced is refused", Validation, func(c *Case) {
			_, err := c.upload(evidenceFile(c.dispute().GetId(), 5), []byte("abc"))
			c.failed("UploadEvidence with another size", err, codes.InvalidArgument)
		}),
	}
}

func evidenceFile(dispute string, size int64) *paymentsv1.EvidenceMetadata {
	return &paymentsv1.EvidenceMetadata{
		DisputeId: dispute, FileName: "receipt.pdf", ContentType: "application/pdf", SizeBytes: size,
		Type: paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_RECEIPT,
	}
}

func (c *Case) upload(metadata *paymentsv1.EvidenceMetadata, chunks ...[]byte) (*paymentsv1.UploadEvidenceResponse, error) {
	return c.uploadAs(c.account, metadata, chunks...)
}

func (c *Case) uploadAs(account []byte, metadata *paymentsv1.EvidenceMetadata, chunks ...[]byte) (*paymentsv1.UploadEvidenceResponse, error) {
	ctx, cancel := context.WithTimeout(c.ctx, callTime)
	defer cancel()
	ctx, err := wire.OutgoingContext(ctx, &connectorv1.CallContext{
		RequestId: c.ref, IdempotencyKey: c.newKey(), Config: account, Traceparent: c.traceParent(),
	})
	if err != nil {
		return nil, err
	}
	stream, err := paymentsv1.NewDisputeServiceClient(c.main.conn).UploadEvidence(ctx)
	if err != nil {
		return nil, err
	}
	parts := []*paymentsv1.UploadEvidenceRequest{}
	if metadata != nil {
		parts = append(parts, &paymentsv1.UploadEvidenceRequest{Part: &paymentsv1.UploadEvidenceRequest_Metadata{Metadata: metadata}})
	}
	for _, chunk := range chunks {
		parts = append(parts, &paymentsv1.UploadEvidenceRequest{Part: &paymentsv1.UploadEvidenceRequest_Chunk{Chunk: chunk}})
	}
	for _, part := range parts {
		if stream.Send(part) != nil {
			break // the answer says why
		}
	}
	resp, err := stream.CloseAndRecv()
	if err != nil {
		c.checkError("UploadEvidence", err)
	}
	c.tracef("UploadEvidence %v, %d chunks → %s", metadata.GetFileName(), len(chunks), failureText(err))
	return resp, err
}
