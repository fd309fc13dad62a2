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
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	s, err := psp.CreateClientSession(ctx, api.NewSession{
		Reference:  req.GetReference(),
		Amount:     units,
		Currency:   req.GetAmount().GetCurrencyCode(),
		Types:      req.GetPaymentMethodTypes(),
		CustomerID: req.GetCustomerId(),
		ReturnURL:  req.GetReturnUrl(),
		Metadata:   req.GetMetadata(),
	})
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.CreateClientSessionResponse{Session: sessionOf(s)}, nil
}

// CreateServerSession implements sdk.ServerSessionCreator.
func (c *Connector) CreateServerSession(ctx context.Context, req *paymentsv1.CreateServerSessionRequest) (*paymentsv1.CreateServerSessionResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	units, err := unitsOf(req.GetAmount())
	if err != nil {
		return nil, err
	}
	s, err := psp.CreateServerSession(ctx, api.NewSession{
		Reference:  req.GetReference(),
		Amount:     units,
		Currency:   req.GetAmount().GetCurrencyCode(),
		CustomerID: req.GetCustomerId(),
	})
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.CreateServerSessionResponse{Session: sessionOf(s)}, nil
}

// CreateAccessToken implements sdk.AccessTokenCreator.
func (c *Connector) CreateAccessToken(ctx context.Context, req *paymentsv1.CreateAccessTokenRequest) (*paymentsv1.CreateAccessTokenResponse, error) {
	psp, err := c.client(ctx, req.GetConnectorOptions())
	if err != nil {
		return nil, err
	}
	token, err := psp.CreateAccessToken(ctx, req.GetScopes())
	if err != nil {
		return nil, translate(err)
	}
	return &paymentsv1.CreateAccessTokenResponse{
		AccessToken: token.AccessToken,
		TokenType:   token.TokenType,
		ExpireTime:  timestamppb.New(token.Expires),
		Scopes:      token.Scopes,
	}, nil
}

// sessionOf says a session of the PSP's in the contract's words.
func sessionOf(s api.Session) *paymentsv1.Session {
	session := &paymentsv1.Session{
		Id:             s.ID,
		ClientSecret:   s.ClientSecret,
		PublishableKey: s.PublishableKey,
		ExpireTime:     timestamppb.New(s.Expires),
	}
	if len(s.Types) > 0 {
		list := &structpb.ListValue{}
		for _, t := range s.Types {
			list.Values = append(list.Values, structpb.NewStringValue(t))
		}
		session.Parameters = &structpb.Struct{Fields: fields("payment_method_types", structpb.NewListValue(list))}
	}
	return session
}
