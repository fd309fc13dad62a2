package api

import "encoding/json"

// NextAction is what has to happen before a payment or a setup can go on. Details
// are the members that types have in common, of the one that Type names; Raw is
// the whole of it.
// Source: https://docs.stripe.com/api/payment_intents/object#payment_intent_object-next_action.
type NextAction struct {
	Type    string
	Details ActionDetails
	Raw     json.RawMessage
}

// ActionDetails is what an action shows. No type has all of it.
type ActionDetails struct {
	URL                   string `json:"url"`
	HostedInstructionsURL string `json:"hosted_instructions_url"`
	HostedVerificationURL string `json:"hosted_verification_url"`
	HostedVoucherURL      string `json:"hosted_voucher_url"`
	MobileAuthURL         string `json:"mobile_auth_url"`
	PDF                   string `json:"pdf"`
	Number                string `json:"number"`
	Entity                string `json:"entity"`
	Reference             string `json:"reference"`
	Data                  string `json:"data"`
	ImageURLPNG           string `json:"image_url_png"`
	ExpiresAt             int64  `json:"expires_at"`
	ExpiresAfter          int64  `json:"expires_after"`
	QRCode                QRCode `json:"qr_code"`
}

// QRCode is the code of wallets that have both a code and a page.
type QRCode struct {
	Data        string `json:"data"`
	ImageURLPNG string `json:"image_url_png"`
	ExpiresAt   int64  `json:"expires_at"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *NextAction) UnmarshalJSON(raw []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return err
	}
	*a = NextAction{Raw: append(json.RawMessage(nil), raw...)}
	if members["type"] == nil {
		return nil
	}
	if err := json.Unmarshal(members["type"], &a.Type); err != nil {
		return err
	}
	details := members[a.Type]
	if a.Type == "use_stripe_sdk" || len(details) == 0 || details[0] != '{' {
		return nil // what is in it is the SDK's
	}
	return json.Unmarshal(details, &a.Details)
}
