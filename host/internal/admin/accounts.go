package admin

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/host/internal/account"
	"github.com/patchbay/patchbay/host/internal/registry"
	adminv1 "github.com/patchbay/patchbay/proto/patchbay/admin/v1"
	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// Accounts serves what operators want to know of accounts.
type Accounts struct {
	adminv1.UnimplementedAccountServiceServer

	keeper     *account.Keeper
	connectors *registry.Registry
}

// NewAccounts returns a server for the accounts of a keeper.
func NewAccounts(keeper *account.Keeper, connectors *registry.Registry) *Accounts {
	return &Accounts{keeper: keeper, connectors: connectors}
}

// checkTime is how long a check takes at most.
const checkTime = time.Minute

// ListAccounts implements adminv1.AccountServiceServer.
func (a *Accounts) ListAccounts(_ context.Context, req *adminv1.ListAccountsRequest) (*adminv1.ListAccountsResponse, error) {
	all, problems := a.keeper.Accounts()
	resp := &adminv1.ListAccountsResponse{}
	for _, s := range all {
		if req.GetConnector() != "" && req.GetConnector() != s.Connector {
			continue
		}
		resp.Accounts = append(resp.Accounts, &adminv1.Account{
			Name: s.Name, Connector: s.Connector, Default: s.Default, Source: s.Source, Since: timestamppb.New(s.Since),
			Fields: s.Fields, Checked: s.Checked, Wrong: s.Wrong,
		})
	}
	for _, p := range problems {
		resp.Problems = append(resp.Problems, &adminv1.AccountProblem{File: p.File, Line: uint32(p.Line), Field: p.Field, Reason: p.Reason})
	}
	return resp, nil
}

// CheckAccount implements adminv1.AccountServiceServer.
func (a *Accounts) CheckAccount(ctx context.Context, req *adminv1.CheckAccountRequest) (*adminv1.CheckAccountResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	held, ok := a.keeper.Find(req.GetName(), "")
	if !ok || req.GetName() == "" {
		return nil, status.Errorf(codes.NotFound, "there is no account %q", req.GetName())
	}
	inst, err := a.connectors.AcquireWait(ctx, held.Connector, "")
	if err != nil {
		return nil, status.Errorf(codes.FailedPrecondition, "connector %q is not serving: %v", held.Connector, err)
	}
	defer inst.Release()
	ctx, err = wire.OutgoingContext(ctx, &connectorv1.CallContext{Account: held.Name, Config: held.Config})
	if err != nil {
		return nil, err
	}
	answer, err := connectorv1.NewConnectorServiceClient(inst.Conn).CheckAccount(ctx, &connectorv1.CheckAccountRequest{})
	if err != nil {
		st := status.Convert(err)
		return nil, status.Error(st.Code(), wire.RedactText(st.Message()))
	}
	return &adminv1.CheckAccountResponse{AccountId: answer.GetAccountId(), Live: answer.GetLive()}, nil
}
