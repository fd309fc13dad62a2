package sdk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

func evidence(size int64) *paymentsv1.UploadEvidenceRequest {
	return &paymentsv1.UploadEvidenceRequest{Part: &paymentsv1.UploadEvidenceRequest_Metadata{Metadata: &paymentsv1.EvidenceMetadata{
		DisputeId: "dp_1", FileName: "receipt.pdf", ContentType: "application/pdf", SizeBytes: size,
		Type: paymentsv1.DisputeEvidenceType_DISPUTE_EVIDENCE_TYPE_RECEIPT,
	}}}
}

func chunk(content string) *paymentsv1.UploadEvidenceRequest {
	return &paymentsv1.UploadEvidenceRequest{Part: &paymentsv1.UploadEvidenceRequest_Chunk{Chunk: []byte(content)}}
}

// upload sends the messages and returns the answer.
func upload(ctx context.Context, conn *grpc.ClientConn, messages ...*paymentsv1.UploadEvidenceRequest) (*paymentsv1.UploadEvidenceResponse, error) {
	stream, err := paymentsv1.NewDisputeServiceClient(conn).UploadEvidence(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		if err := stream.Send(m); err != nil {
			break // the answer says why
		}
	}
	return stream.CloseAndRecv()
}

// uploads is a connector that takes evidence and offers nothing else.
type uploads func(metadata *paymentsv1.EvidenceMetadata, content io.Reader) (*paymentsv1.UploadEvidenceResponse, error)

func (uploads) Describe() Description { return Description(minimal) }

func (u uploads) UploadEvidence(_ context.Context, metadata *paymentsv1.EvidenceMetadata, content io.Reader) (*paymentsv1.UploadEvidenceResponse, error) {
	return u(metadata, content)
}

// keeper is a PSP that keeps the file.
type keeper struct{ got bytes.Buffer }

func (k *keeper) upload(_ *paymentsv1.EvidenceMetadata, content io.Reader) (*paymentsv1.UploadEvidenceResponse, error) {
	k.got.Reset()
	n, err := io.Copy(&k.got, content)
	return &paymentsv1.UploadEvidenceResponse{FileId: "file_1", SizeBytes: n}, err
}

func TestUploadEvidence(t *testing.T) {
	var psp keeper
	conn := serve(t, uploads(psp.upload))
	large := strings.Repeat("x", 1<<20)
	for name, test := range map[string]struct {
		messages []*paymentsv1.UploadEvidenceRequest
		want     string
	}{
		"one chunk":        {[]*paymentsv1.UploadEvidenceRequest{evidence(3), chunk("abc")}, "abc"},
		"several chunks":   {[]*paymentsv1.UploadEvidenceRequest{evidence(5), chunk("ab"), chunk("c"), chunk("de")}, "abcde"},
		"size not told":    {[]*paymentsv1.UploadEvidenceRequest{evidence(0), chunk("abc")}, "abc"},
		"no content":       {[]*paymentsv1.UploadEvidenceRequest{evidence(0)}, ""},
		"the largest file": {append([]*paymentsv1.UploadEvidenceRequest{evidence(25 << 20)}, chunks(large, 25)...), strings.Repeat(large, 25)},
	} {
		resp, err := upload(t.Context(), conn, test.messages...)
		if err != nil || resp.GetFileId() != "file_1" || resp.GetSizeBytes() != int64(len(test.want)) || psp.got.String() != test.want {
			t.Errorf("%s: got %v %v, and the PSP %d bytes", name, resp, err, psp.got.Len())
		}
	}
	if _, err := upload(t.Context(), serve(t, minimal), evidence(0)); failureOf(err).Code != codes.Unimplemented {
		t.Errorf("a connector without it: got %v", err)
	}
}

func chunks(content string, n int) []*paymentsv1.UploadEvidenceRequest {
	all := make([]*paymentsv1.UploadEvidenceRequest, n)
	for i := range all {
		all[i] = chunk(content)
	}
	return all
}

// What is wrong with a caller's stream is the caller's error, whatever the
// connector makes of it.
func TestUploadEvidence_badStream(t *testing.T) {
	var psp keeper
	large := strings.Repeat("x", 1<<20)
	conns := map[string]*grpc.ClientConn{
		"passes the error on": serve(t, uploads(psp.upload)),
		"swallows the error": serve(t, uploads(func(m *paymentsv1.EvidenceMetadata, content io.Reader) (*paymentsv1.UploadEvidenceResponse, error) {
			resp, _ := psp.upload(m, content)
			return resp, nil
		})),
	}
	for name, test := range map[string]struct {
		messages []*paymentsv1.UploadEvidenceRequest
		reason   string
		text     string
	}{
		"nothing":          {nil, "INVALID_REQUEST", "the first message must hold the metadata"},
		"no metadata":      {[]*paymentsv1.UploadEvidenceRequest{chunk("abc")}, "INVALID_REQUEST", "the first message must hold the metadata"},
		"metadata twice":   {[]*paymentsv1.UploadEvidenceRequest{evidence(0), chunk("a"), evidence(0)}, "INVALID_REQUEST", "only the first message holds the metadata"},
		"empty message":    {[]*paymentsv1.UploadEvidenceRequest{evidence(0), {}}, "INVALID_REQUEST", "part"},
		"empty chunk":      {[]*paymentsv1.UploadEvidenceRequest{evidence(0), chunk("")}, "INVALID_REQUEST", "chunk"},
		"chunk too large":  {[]*paymentsv1.UploadEvidenceRequest{evidence(0), chunk(large + "x")}, "INVALID_REQUEST", "chunk"},
		"file too large":   {append([]*paymentsv1.UploadEvidenceRequest{evidence(0)}, chunks(large, 26)...), "MESSAGE_TOO_LARGE", "at most 26214400 bytes"},
		"less than said":   {[]*paymentsv1.UploadEvidenceRequest{evidence(4), chunk("abc")}, "INVALID_REQUEST", "says 4 bytes, and 3 came"},
		"more than said":   {[]*paymentsv1.UploadEvidenceRequest{evidence(2), chunk("abc")}, "INVALID_REQUEST", "says 2 bytes, and 3 came"},
		"invalid metadata": {[]*paymentsv1.UploadEvidenceRequest{evidence(-1)}, "INVALID_REQUEST", "metadata.size_bytes"},
	} {
		for how, conn := range conns {
			_, err := upload(t.Context(), conn, test.messages...)
			if f := failureOf(err); f.Code != codes.InvalidArgument || f.Reason != test.reason || !strings.Contains(f.Message, test.text) {
				t.Errorf("%s, and the connector %s: got %+v", name, how, f)
			}
		}
	}
}

func TestUploadEvidence_badAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		resp   *paymentsv1.UploadEvidenceResponse
		err    error
		reason string
	}{
		"no id":           {&paymentsv1.UploadEvidenceResponse{SizeBytes: 3}, nil, "INTEGRITY_MISMATCH"},
		"another size":    {&paymentsv1.UploadEvidenceResponse{FileId: "file_1", SizeBytes: 2}, nil, "INTEGRITY_MISMATCH"},
		"nothing":         {nil, nil, "INTEGRITY_MISMATCH"},
		"an *Error":       {nil, Errorf(Precondition, "", "too late"), "STATE_FORBIDS"},
		"another error":   {nil, errors.New("broken"), "INTERNAL"},
		"outcome unknown": {nil, Errorf(OutcomeUnknown, "", "lost"), "OUTCOME_UNKNOWN"},
	} {
		conn := serve(t, uploads(func(_ *paymentsv1.EvidenceMetadata, content io.Reader) (*paymentsv1.UploadEvidenceResponse, error) {
			_, _ = io.Copy(io.Discard, content)
			return test.resp, test.err
		}))
		if _, err := upload(t.Context(), conn, evidence(3), chunk("abc")); failureOf(err).Reason != test.reason {
			t.Errorf("%s: got %v, want %s", name, err, test.reason)
		}
	}
}
