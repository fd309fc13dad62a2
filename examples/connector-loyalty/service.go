package loyalty

import (
	"context"
	"errors"
	"io"

	loyaltyv1 "acme.example/connector-loyalty/proto/acme/loyalty/v1"
	"google.golang.org/grpc"

	"github.com/patchbay/patchbay/sdk"
)

// service implements LoyaltyService. Its errors are *sdk.Error, so that callers
// learn the reason and whether something was done.
type service struct{ book *book }

func newService() *service { return &service{book: newBook()} }

// GetBalance implements loyaltyv1.LoyaltyServiceServer.
func (s *service) GetBalance(_ context.Context, req *loyaltyv1.GetBalanceRequest) (*loyaltyv1.GetBalanceResponse, error) {
	if req.GetMemberId() == "" {
		return nil, invalid("member_id", "is missing")
	}
	return &loyaltyv1.GetBalanceResponse{MemberId: req.GetMemberId(), Points: s.book.balance(req.GetMemberId())}, nil
}

// ListEntries implements loyaltyv1.LoyaltyServiceServer.
func (s *service) ListEntries(req *loyaltyv1.ListEntriesRequest, stream grpc.ServerStreamingServer[loyaltyv1.ListEntriesResponse]) error {
	if req.GetMemberId() == "" {
		return invalid("member_id", "is missing")
	}
	for _, entry := range s.book.entries(req.GetMemberId()) {
		if err := stream.Send(&loyaltyv1.ListEntriesResponse{Entry: entry}); err != nil {
			return err
		}
	}
	return nil
}

// ImportEntries implements loyaltyv1.LoyaltyServiceServer.
func (s *service) ImportEntries(stream grpc.ClientStreamingServer[loyaltyv1.ImportEntriesRequest, loyaltyv1.ImportEntriesResponse]) error {
	var batch []*loyaltyv1.ImportEntriesRequest
	sum := &loyaltyv1.ImportEntriesResponse{}
	for {
		entry, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := check(entry.GetMemberId(), entry.GetPoints()); err != nil {
			return err
		}
		batch = append(batch, entry)
		sum.Entries++
		sum.Points += entry.GetPoints()
	}
	s.book.add(batch)
	sdk.Logger(stream.Context()).Info("entries imported", "entries", sum.GetEntries())
	return stream.SendAndClose(sum)
}

// RedeemPoints implements loyaltyv1.LoyaltyServiceServer.
func (s *service) RedeemPoints(stream grpc.BidiStreamingServer[loyaltyv1.RedeemPointsRequest, loyaltyv1.RedeemPointsResponse]) error {
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := check(req.GetMemberId(), req.GetPoints()); err != nil {
			return err
		}
		redeemed, left := s.book.take(req.GetMemberId(), req.GetPoints())
		if err := stream.Send(&loyaltyv1.RedeemPointsResponse{Redeemed: redeemed, Points: left}); err != nil {
			return err
		}
	}
}

func check(member string, points int64) error {
	switch {
	case member == "":
		return invalid("member_id", "is missing")
	case points <= 0:
		return invalid("points", "must be more than zero")
	}
	return nil
}

func invalid(field, what string) error {
	e := sdk.Errorf(sdk.InvalidRequest, "", "%s %s", field, what)
	e.Fields = []sdk.FieldViolation{{Field: field, Description: what}}
	return e
}
