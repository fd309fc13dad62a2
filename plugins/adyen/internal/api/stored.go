package api

import (
	"context"
	"net/http"
	"net/url"
)

// StoreRequest asks for the storing of an instrument.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/post/storedPaymentMethods.
type StoreRequest struct {
	MerchantAccount          string        `json:"merchantAccount"`
	PaymentMethod            PaymentMethod `json:"paymentMethod"`
	RecurringProcessingModel string        `json:"recurringProcessingModel"`
	ShopperReference         string        `json:"shopperReference"`
	ShopperEmail             string        `json:"shopperEmail,omitempty"`
}

// StoredMethod is an instrument that Adyen keeps for a shopper.
type StoredMethod struct {
	ID                 string `json:"id"`
	Type               string `json:"type"`
	Brand              string `json:"brand"`
	LastFour           string `json:"lastFour"`
	ExpiryMonth        string `json:"expiryMonth"`
	ExpiryYear         string `json:"expiryYear"`
	HolderName         string `json:"holderName"`
	OwnerName          string `json:"ownerName"`
	IBAN               string `json:"iban"`
	CardBIN            string `json:"cardBin"`
	IssuerName         string `json:"issuerName"`
	Alias              string `json:"alias"`
	NetworkTxReference string `json:"networkTxReference"`
	ShopperReference   string `json:"shopperReference"`
}

func (s *StoredMethod) valid() bool { return s.ID != "" }

// StoredMethods are those of one shopper.
type StoredMethods struct {
	MerchantAccount  string         `json:"merchantAccount"`
	ShopperReference string         `json:"shopperReference"`
	Methods          []StoredMethod `json:"storedPaymentMethods"`
}

func (s *StoredMethods) valid() bool { return s.ShopperReference != "" }

// Store stores an instrument.
func (c *Client) Store(ctx context.Context, req StoreRequest) (*StoredMethod, error) {
	stored := &StoredMethod{}
	return stored, c.post(ctx, c.CheckoutURL+"/storedPaymentMethods", req, stored)
}

// ListStored lists a shopper's instruments.
func (c *Client) ListStored(ctx context.Context, merchantAccount, shopper string) (*StoredMethods, error) {
	query := url.Values{"merchantAccount": {merchantAccount}, "shopperReference": {shopper}}
	list := &StoredMethods{}
	return list, c.get(ctx, c.CheckoutURL+"/storedPaymentMethods?"+query.Encode(), list)
}

// DeleteStored deletes an instrument.
func (c *Client) DeleteStored(ctx context.Context, merchantAccount, shopper, id string) error {
	query := url.Values{"merchantAccount": {merchantAccount}, "shopperReference": {shopper}}
	address := c.CheckoutURL + "/storedPaymentMethods/" + url.PathEscape(id) + "?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, address, nil)
	if err != nil {
		return err
	}
	return c.do(req, nil)
}
