package api

import "encoding/json"

// Amount is an amount in Adyen's minor units.
// Source: https://docs.adyen.com/development-resources/currency-codes.
type Amount struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"`
}

// Basics are what payments and sessions have in common.
type Basics struct {
	MerchantAccount          string            `json:"merchantAccount"`
	Amount                   Amount            `json:"amount"`
	Reference                string            `json:"reference"`
	ReturnURL                string            `json:"returnUrl"`
	CaptureDelayHours        *int              `json:"captureDelayHours,omitempty"`
	AdditionalData           map[string]string `json:"additionalData,omitempty"`
	CountryCode              string            `json:"countryCode,omitempty"`
	ShopperReference         string            `json:"shopperReference,omitempty"`
	ShopperEmail             string            `json:"shopperEmail,omitempty"`
	ShopperLocale            string            `json:"shopperLocale,omitempty"`
	ShopperName              *ShopperName      `json:"shopperName,omitempty"`
	RecurringProcessingModel string            `json:"recurringProcessingModel,omitempty"`
	StorePaymentMethod       bool              `json:"storePaymentMethod,omitempty"`
	LineItems                []LineItem        `json:"lineItems,omitempty"`
	Metadata                 map[string]string `json:"metadata,omitempty"`
}

// PaymentRequest asks for a payment.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/post/payments.
type PaymentRequest struct {
	Basics
	PaymentMethod        PaymentMethod      `json:"paymentMethod"`
	Channel              string             `json:"channel,omitempty"`
	Origin               string             `json:"origin,omitempty"`
	ShopperIP            string             `json:"shopperIP,omitempty"`
	ShopperStatement     string             `json:"shopperStatement,omitempty"`
	ShopperInteraction   string             `json:"shopperInteraction,omitempty"`
	IndustryUsage        string             `json:"industryUsage,omitempty"`
	TelephoneNumber      string             `json:"telephoneNumber,omitempty"`
	DateOfBirth          string             `json:"dateOfBirth,omitempty"`
	SocialSecurityNumber string             `json:"socialSecurityNumber,omitempty"`
	BillingAddress       *Address           `json:"billingAddress,omitempty"`
	DeliveryAddress      *Address           `json:"deliveryAddress,omitempty"`
	BrowserInfo          *BrowserInfo       `json:"browserInfo,omitempty"`
	DeviceFingerprint    string             `json:"deviceFingerprint,omitempty"`
	Installments         map[string]int32   `json:"installments,omitempty"` // value: how many
	MPIData              *MPIData           `json:"mpiData,omitempty"`
	AuthenticationData   AuthenticationData `json:"authenticationData,omitzero"`
	ThreeDS2RequestData  map[string]string  `json:"threeDS2RequestData,omitempty"`
	Store                string             `json:"store,omitempty"`
	SessionValidity      string             `json:"sessionValidity,omitempty"`
}

// PaymentMethod is what the shopper pays with; which fields count depends on the
// type.
type PaymentMethod struct {
	Type                    string `json:"type,omitempty"`
	Number                  string `json:"number,omitempty"`
	ExpiryMonth             string `json:"expiryMonth,omitempty"`
	ExpiryYear              string `json:"expiryYear,omitempty"`
	CVC                     string `json:"cvc,omitempty"`
	HolderName              string `json:"holderName,omitempty"`
	Brand                   string `json:"brand,omitempty"`
	NetworkPaymentReference string `json:"networkPaymentReference,omitempty"`
	StoredPaymentMethodID   string `json:"storedPaymentMethodId,omitempty"`
	ApplePayToken           string `json:"applePayToken,omitempty"`
	GooglePayToken          string `json:"googlePayToken,omitempty"`
	TelephoneNumber         string `json:"telephoneNumber,omitempty"`
	ShopperEmail            string `json:"shopperEmail,omitempty"`
	Issuer                  string `json:"issuer,omitempty"`
	BlikCode                string `json:"blikCode,omitempty"`
	IBAN                    string `json:"iban,omitempty"`
	OwnerName               string `json:"ownerName,omitempty"`
	BankAccountNumber       string `json:"bankAccountNumber,omitempty"`
	BankLocationID          string `json:"bankLocationId,omitempty"`
	BankBranchCode          string `json:"bankBranchCode,omitempty"`
	BankAccountType         string `json:"bankAccountType,omitempty"`
	AccountHolderType       string `json:"accountHolderType,omitempty"`
}

// ShopperName is the name of the shopper.
type ShopperName struct {
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
}

// Address is a billing address; a delivery address has names as well. All but the
// state and the names are required.
type Address struct {
	City              string `json:"city"`
	Country           string `json:"country"`
	HouseNumberOrName string `json:"houseNumberOrName"`
	PostalCode        string `json:"postalCode"`
	StateOrProvince   string `json:"stateOrProvince,omitempty"`
	Street            string `json:"street"`
	FirstName         string `json:"firstName,omitempty"`
	LastName          string `json:"lastName,omitempty"`
}

// BrowserInfo is the shopper's browser, as 3-D Secure wants it.
type BrowserInfo struct {
	AcceptHeader      string `json:"acceptHeader"`
	ColorDepth        int32  `json:"colorDepth"`
	JavaEnabled       bool   `json:"javaEnabled"`
	JavaScriptEnabled bool   `json:"javaScriptEnabled"`
	Language          string `json:"language"`
	ScreenHeight      int32  `json:"screenHeight"`
	ScreenWidth       int32  `json:"screenWidth"`
	TimeZoneOffset    int32  `json:"timeZoneOffset"`
	UserAgent         string `json:"userAgent"`
}

// LineItem is one line of what is bought. TaxPercentage is in hundredths of a
// percent.
type LineItem struct {
	ID                 string `json:"id,omitempty"`
	Description        string `json:"description"`
	Quantity           int64  `json:"quantity"`
	AmountIncludingTax int64  `json:"amountIncludingTax"`
	AmountExcludingTax int64  `json:"amountExcludingTax,omitempty"`
	TaxAmount          int64  `json:"taxAmount,omitempty"`
	TaxPercentage      int64  `json:"taxPercentage,omitempty"`
	SKU                string `json:"sku,omitempty"`
	ItemCategory       string `json:"itemCategory,omitempty"`
	ProductURL         string `json:"productUrl,omitempty"`
	ImageURL           string `json:"imageUrl,omitempty"`
}

// MPIData is what somebody else's 3-D Secure, or a network token, proves.
type MPIData struct {
	AuthenticationResponse               string `json:"authenticationResponse,omitempty"`
	DirectoryResponse                    string `json:"directoryResponse,omitempty"`
	CAVV                                 string `json:"cavv,omitempty"`
	DSTransID                            string `json:"dsTransID,omitempty"`
	ECI                                  string `json:"eci,omitempty"`
	ThreeDSVersion                       string `json:"threeDSVersion,omitempty"`
	TransStatusReason                    string `json:"transStatusReason,omitempty"`
	TokenAuthenticationVerificationValue string `json:"tokenAuthenticationVerificationValue,omitempty"`
}

// AuthenticationData says when Adyen authenticates, and what the merchant wishes.
type AuthenticationData struct {
	AttemptAuthentication string `json:"attemptAuthentication,omitempty"` // always, never
	ThreeDSRequestData    struct {
		NativeThreeDS string `json:"nativeThreeDS,omitempty"` // preferred, disabled
		DataOnly      string `json:"dataOnly,omitempty"`
	} `json:"threeDSRequestData,omitzero"`
}

// PaymentDetailsRequest brings back what became of an action.
type PaymentDetailsRequest struct {
	Details     map[string]string `json:"details"`
	PaymentData string            `json:"paymentData,omitempty"`
}

// Payment is the answer to both requests.
type Payment struct {
	PSPReference      string            `json:"pspReference"`
	ResultCode        string            `json:"resultCode"`
	MerchantReference string            `json:"merchantReference"`
	Amount            *Amount           `json:"amount"`
	RefusalReason     string            `json:"refusalReason"`
	RefusalReasonCode string            `json:"refusalReasonCode"`
	AdditionalData    map[string]string `json:"additionalData"`
	Action            *Action           `json:"action"`
	PaymentMethod     struct {
		Type  string `json:"type"`
		Brand string `json:"brand"`
	} `json:"paymentMethod"`
}

func (p Payment) valid() bool { return p.ResultCode != "" }

// Action is what has to happen before the payment can go on. Raw is the whole of
// it.
type Action struct {
	Type        string            `json:"type"`
	URL         string            `json:"url"`
	Method      string            `json:"method"`
	Data        map[string]string `json:"data"`
	QRCodeData  string            `json:"qrCodeData"`
	ExpiresAt   string            `json:"expiresAt"`
	Reference   string            `json:"reference"`
	Entity      string            `json:"entity"`
	DownloadURL string            `json:"downloadUrl"`
	Raw         json.RawMessage   `json:"-"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Action) UnmarshalJSON(raw []byte) error {
	type known Action // without this method
	if err := json.Unmarshal(raw, (*known)(a)); err != nil {
		return err
	}
	a.Raw = append(json.RawMessage(nil), raw...)
	return nil
}

// Modification asks for a change of a payment: a capture, a cancellation, a
// reversal, another amount, a refund. Which fields count depends on the change.
// Source: https://docs.adyen.com/api-explorer/Checkout/71/overview, Modifications.
type Modification struct {
	MerchantAccount      string     `json:"merchantAccount"`
	Amount               *Amount    `json:"amount,omitempty"`
	Reference            string     `json:"reference,omitempty"`
	PaymentReference     string     `json:"paymentReference,omitempty"` // of a cancellation without pspReference
	LineItems            []LineItem `json:"lineItems,omitempty"`
	IndustryUsage        string     `json:"industryUsage,omitempty"`
	MerchantRefundReason string     `json:"merchantRefundReason,omitempty"`
	CapturePSPReference  string     `json:"capturePspReference,omitempty"`
}

// Received is the answer to a modification: Adyen has the request, and tells what
// became of it in a webhook.
type Received struct {
	PSPReference        string  `json:"pspReference"` // of the request
	PaymentPSPReference string  `json:"paymentPspReference"`
	PaymentReference    string  `json:"paymentReference"`
	Reference           string  `json:"reference"`
	Status              string  `json:"status"`
	Amount              *Amount `json:"amount"`
}

func (r Received) valid() bool {
	return r.PSPReference != "" && r.Status != "" && (r.PaymentPSPReference != "" || r.PaymentReference != "")
}
