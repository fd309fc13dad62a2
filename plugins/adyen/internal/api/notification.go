package api

import "encoding/json"

// Notification is a standard webhook.
// Source: https://docs.adyen.com/development-resources/webhooks/webhook-types.
type Notification struct {
	Items []struct {
		Item NotificationItem `json:"NotificationRequestItem"`
	} `json:"notificationItems"`
}

// NotificationItem is one event. The HMAC covers the first eight fields and
// nothing else. Amount.Value keeps the digits as they came, since they are signed.
type NotificationItem struct {
	PSPReference      string `json:"pspReference"`
	OriginalReference string `json:"originalReference"`
	MerchantAccount   string `json:"merchantAccountCode"`
	MerchantReference string `json:"merchantReference"`
	Amount            struct {
		Value    json.Number `json:"value"`
		Currency string      `json:"currency"`
	} `json:"amount"`
	EventCode string `json:"eventCode"`
	Success   string `json:"success"`

	AdditionalData struct {
		HMACSignature string `json:"hmacSignature"`
	} `json:"additionalData"`
}

// ReadNotification reads a webhook's body; ok is false if it is none with an item.
func ReadNotification(body []byte) (n Notification, ok bool) {
	err := json.Unmarshal(body, &n)
	return n, err == nil && len(n.Items) > 0 && n.Items[0].Item.EventCode != ""
}
