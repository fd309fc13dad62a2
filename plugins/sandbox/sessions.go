package sandbox

import (
	"context"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/patchbay/patchbay/plugins/sandbox/internal/api"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// CreateClientSession implements sdk.ClientSessionCreator.
func (c *Connector) CreateClientSession(ctx context.Context, req *paymentsv1.CreateClientSessionRequest) (*paymentsv1.CreateClientSessionResponse, error) {
	units, err := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	s, err := api.Post[api.Session](ctx, psp, api.NewSession{
		Reference: req.GetReference(), Amount: units, Currency: req.GetAmount().GetCurrencyCode(),
		Types: req.GetPaymentMethodTypes(), CustomerID: req.GetCustomerId(), ReturnURL: req.GetReturnUrl(),
		Metadata: req.GetMetadata(),
	}, "client_sessions")
	session, err := told(ctx, s, err, sessionOf)
	return &paymentsv1.CreateClientSessionResponse{Session: session}, err
}

// CreateServerSession implements sdk.ServerSessionCreator.
func (c *Connector) CreateServerSession(ctx context.Context, req *paymentsv1.CreateServerSessionRequest) (*paymentsv1.CreateServerSessionResponse, error) {
	units, err := unitsOf(req.GetAmount())
	psp := c.client(ctx, req.GetConnectorOptions(), err)
	s, err := api.Post[api.Session](ctx, psp, api.NewSession{
		Reference: req.GetReference(), Amount: units, Currency: req.GetAmount().GetCurrencyCode(),
		CustomerID: req.GetCustomerId(),
	}, "server_sessions")
	session, err := told(ctx, s, err, sessionOf)
	return &paymentsv1.CreateServerSessionResponse{Session: session}, err
}

// CreateAccessToken implements sdk.AccessTokenCreator.
func (c *Connector) CreateAccessToken(ctx context.Context, req *paymentsv1.CreateAccessTokenRequest) (*paymentsv1.CreateAccessTokenResponse, error) {
	psp := c.client(ctx, req.GetConnectorOptions())
	token, err := api.Post[api.AccessToken](ctx, psp, api.NewAccessToken{Scopes: req.GetScopes()}, "access_tokens")
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.CreateAccessTokenResponse{
		AccessToken: token.AccessToken, TokenType: token.TokenType, Scopes: token.Scopes,
		ExpireTime: timestamppb.New(token.Expires),
	}, nil
}

// sessionOf says a session of the PSP's in the contract's words.
func sessionOf(_ context.Context, s api.Session) (*paymentsv1.Session, error) {
	session := &paymentsv1.Session{
		Id: s.ID, ClientSecret: s.ClientSecret, PublishableKey: s.PublishableKey, ExpireTime: timestamppb.New(s.Expires),
	}
	if len(s.Types) > 0 {
		list := &structpb.ListValue{}
		for _, t := range s.Types {
			list.Values = append(list.Values, structpb.NewStringValue(t))
		}
		session.Parameters = &structpb.Struct{Fields: map[string]*structpb.Value{
			"payment_method_types": structpb.NewListValue(list),
		}}
	}
	return session, nil
}
