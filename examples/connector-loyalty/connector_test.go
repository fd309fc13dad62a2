package loyalty_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	loyalty "acme.example/connector-loyalty"
	loyaltyv1 "acme.example/connector-loyalty/proto/acme/loyalty/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/connectortest"
)

func start(t *testing.T) (*connectortest.Harness, loyaltyv1.LoyaltyServiceClient) {
	h := connectortest.Start(t, loyalty.Connector{}, nil, loyalty.Options()...)
	return h, loyaltyv1.NewLoyaltyServiceClient(h.Conn)
}

func collect(t *testing.T, h *connectortest.Harness, c loyaltyv1.LoyaltyServiceClient, points ...int64) (*loyaltyv1.ImportEntriesResponse, error) {
	t.Helper()
	stream, err := c.ImportEntries(h.Context(t.Name()))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		err := stream.Send(&loyaltyv1.ImportEntriesRequest{MemberId: "m-1", Points: p, Reason: "order-1001"})
		if err != nil && !errors.Is(err, io.EOF) { // the answer tells why
			t.Fatal(err)
		}
	}
	return stream.CloseAndRecv()
}

func balance(t *testing.T, h *connectortest.Harness, c loyaltyv1.LoyaltyServiceClient) int64 {
	t.Helper()
	resp, err := c.GetBalance(h.Context(t.Name()), &loyaltyv1.GetBalanceRequest{MemberId: "m-1"})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetPoints()
}

func TestImportIsBookedAsAWhole(t *testing.T) {
	h, c := start(t)
	sum, err := collect(t, h, c, 100, 20)
	if err != nil || sum.GetEntries() != 2 || sum.GetPoints() != 120 {
		t.Fatalf("got %v, %v; want 2 entries with 120 points", sum, err)
	}
	if _, err := collect(t, h, c, 5, -1); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a negative entry: got %v, want InvalidArgument", err)
	}
	if got := balance(t, h, c); got != 120 {
		t.Errorf("balance: got %d, want 120: nothing of the refused batch", got)
	}
}

func TestEntriesAreListedInOrder(t *testing.T) {
	h, c := start(t)
	if _, err := collect(t, h, c, 100, 20); err != nil {
		t.Fatal(err)
	}
	stream, err := c.ListEntries(h.Context(t.Name()), &loyaltyv1.ListEntriesRequest{MemberId: "m-1"})
	if err != nil {
		t.Fatal(err)
	}
	var points []int64
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		points = append(points, resp.GetEntry().GetPoints())
	}
	if len(points) != 2 || points[0] != 100 || points[1] != 20 {
		t.Errorf("got %v, want [100 20]", points)
	}
}

func TestRedeemAnswersEachRequest(t *testing.T) {
	h, c := start(t)
	if _, err := collect(t, h, c, 100); err != nil {
		t.Fatal(err)
	}
	stream, err := c.RedeemPoints(h.Context(t.Name()))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		points, left int64
		redeemed     bool
	}{{60, 40, true}, {60, 40, false}, {40, 0, true}} {
		if err := stream.Send(&loyaltyv1.RedeemPointsRequest{MemberId: "m-1", Points: step.points}); err != nil {
			t.Fatal(err)
		}
		resp, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if resp.GetRedeemed() != step.redeemed || resp.GetPoints() != step.left {
			t.Errorf("redeem %d: got %v, %d left; want %v, %d left", step.points, resp.GetRedeemed(), resp.GetPoints(), step.redeemed, step.left)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last request: got %v, want EOF", err)
	}
}

func TestMissingMemberIsRefused(t *testing.T) {
	h, c := start(t)
	if _, err := c.GetBalance(h.Context(t.Name()), &loyaltyv1.GetBalanceRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("got %v, want InvalidArgument", err)
	}
}

func TestDescriptionBringsTheServiceWithComments(t *testing.T) {
	h, _ := start(t)
	resp, err := h.Connector.Describe(h.Context(t.Name()), &connectorv1.DescribeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	d := resp.GetDescription()
	if len(d.GetServices()) != 1 || d.GetServices()[0].GetName() != "acme.loyalty.v1.LoyaltyService" {
		t.Errorf("services: got %v, want LoyaltyService alone", d.GetServices())
	}
	for _, file := range d.GetDescriptors().GetFile() {
		for _, at := range file.GetSourceCodeInfo().GetLocation() {
			if strings.Contains(at.GetLeadingComments(), "Reads a member's balance.") {
				return
			}
		}
	}
	t.Error("the comments of the .proto file are not in the descriptors; run ./generate")
}
