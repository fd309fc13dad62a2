package sdk

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

const (
	disputeService = wire.PaymentsPackage + ".DisputeService"
	uploadEvidence = "UploadEvidence"
	maxEvidence    = 25 << 20 // bytes of one file
)

// uploadDesc is UploadEvidence as gRPC wants it: the one operation that is a
// stream.
func (s *Server) uploadDesc() grpc.StreamDesc {
	return grpc.StreamDesc{
		StreamName:    uploadEvidence,
		ClientStreams: true,
		Handler: func(_ any, stream grpc.ServerStream) error {
			resp, err := s.upload(stream.Context(), stream)
			if err != nil {
				return err
			}
			return stream.SendMsg(resp)
		},
	}
}

// upload gives the connector the file as it arrives.
func (s *Server) upload(ctx context.Context, stream grpc.ServerStream) (*paymentsv1.UploadEvidenceResponse, error) {
	content := &evidenceReader{server: s, stream: stream}
	first, err := content.next()
	if errors.Is(err, io.EOF) || err == nil && first.GetMetadata() == nil {
		return nil, Errorf(InvalidRequest, "", "the first message must hold the metadata")
	}
	if err != nil {
		return nil, err
	}
	metadata := first.GetMetadata()
	resp, err := s.uploader.UploadEvidence(ctx, metadata, content)
	switch {
	case content.err != nil && !errors.Is(content.err, io.EOF):
		return nil, content.err // it is the caller's, whatever the connector made of it
	case err != nil:
		return nil, err
	case metadata.GetSizeBytes() > 0 && metadata.GetSizeBytes() != content.size:
		return nil, Errorf(InvalidRequest, "", "the metadata says %d bytes, and %d came", metadata.GetSizeBytes(), content.size)
	case resp.GetFileId() == "", resp.GetSizeBytes() != content.size:
		return nil, Errorf(OutcomeUnknown, wire.ReasonIntegrityMismatch, "the PSP's answer does not fit the file of %d bytes", content.size)
	}
	return resp, nil
}

// evidenceReader reads the chunks of a stream.
type evidenceReader struct {
	server *Server
	stream grpc.ServerStream
	rest   []byte
	size   int64
	err    error
}

// Read implements io.Reader.
func (r *evidenceReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		var message *paymentsv1.UploadEvidenceRequest
		if message, r.err = r.next(); r.err != nil {
			continue
		}
		if message.GetMetadata() != nil {
			r.err = Errorf(InvalidRequest, "", "only the first message holds the metadata")
			continue
		}
		r.rest = message.GetChunk()
		if r.size += int64(len(r.rest)); r.size > maxEvidence {
			r.rest, r.err = nil, Errorf(InvalidRequest, wire.ReasonMessageTooLarge, "a file has at most %d bytes", maxEvidence)
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next takes one valid message.
func (r *evidenceReader) next() (*paymentsv1.UploadEvidenceRequest, error) {
	message := &paymentsv1.UploadEvidenceRequest{}
	if err := r.stream.RecvMsg(message); err != nil {
		return nil, err
	}
	return message, r.server.validate(message)
}
