package api

// MethodsRequest asks which payment methods there are.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/post/paymentMethods.
type MethodsRequest struct {
	MerchantAccount       string   `json:"merchantAccount"`
	Amount                *Amount  `json:"amount,omitempty"`
	CountryCode           string   `json:"countryCode,omitempty"`
	AllowedPaymentMethods []string `json:"allowedPaymentMethods,omitempty"`
	ShopperReference      string   `json:"shopperReference,omitempty"`
	ShopperEmail          string   `json:"shopperEmail,omitempty"`
}

// Methods are the payment methods that can be used.
type Methods struct {
	PaymentMethods []struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"paymentMethods"`
}

func (m Methods) valid() bool { return m.PaymentMethods != nil }

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

func (s StoredMethod) valid() bool { return s.ID != "" }

// StoredMethods are those of one shopper.
type StoredMethods struct {
	ShopperReference string         `json:"shopperReference"`
	Methods          []StoredMethod `json:"storedPaymentMethods"`
}

func (s StoredMethods) valid() bool { return s.ShopperReference != "" }

// SessionRequest asks for a session of Adyen's SDKs.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/post/sessions.
type SessionRequest struct {
	Basics
	AllowedPaymentMethods []string `json:"allowedPaymentMethods,omitempty"`
}

// Session is a session of Adyen's SDKs.
type Session struct {
	ID          string `json:"id"`
	SessionData string `json:"sessionData"`
	ExpiresAt   string `json:"expiresAt"`
	URL         string `json:"url"`
	Amount      Amount `json:"amount"`
	Reference   string `json:"reference"`
}

func (s Session) valid() bool { return s.ID != "" && s.Reference != "" }
