package webhook

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Event is an event that is believed, as a sink holds it.
type Event struct {
	// ID is the same whenever the same thing is told again, by any replica.
	ID                          string
	Connector, Account, Version string
	RequestID                   string
	ReceiveTime                 time.Time
	// FetchedBack: the PSP signs nothing, so that only the subject, which was
	// fetched from the PSP, and the id that it was fetched by are believed.
	FetchedBack bool
	Event       *paymentsv1.WebhookEvent
}

// event is what a connector says happened, with whence it came.
func (d *delivery) event(told *paymentsv1.WebhookEvent, fetchedBack bool) Event {
	e := Event{
		Connector: d.connector, Account: d.account, Version: d.version, RequestID: d.requestID, ReceiveTime: d.received,
		FetchedBack: fetchedBack, Event: told,
	}
	// Who signs nothing can give any id, also one that another event will have. So
	// what was fetched is the id: the same state of the same thing is told once.
	identity := []byte(told.GetId())
	if fetchedBack || len(identity) == 0 {
		identity, _ = proto.MarshalOptions{Deterministic: true}.Marshal(told) // it was decoded, so it can be encoded
	}
	e.ID = derive([]byte(d.connector), []byte(d.account), identity)
	return e
}

// derive makes an id of texts: unpadded base64url of a SHA-256 over each with its
// length before it.
func derive(texts ...[]byte) string {
	hash := sha256.New()
	for _, text := range texts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(text)))
		hash.Write(length[:])
		hash.Write(text)
	}
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil))
}

// MarshalJSON implements json.Marshaler. Names are as in Protocol Buffers' JSON.
func (e Event) MarshalJSON() ([]byte, error) {
	event, err := protojson.Marshal(e.Event)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		ID          string          `json:"id"`
		Connector   string          `json:"connector"`
		Account     string          `json:"account"`
		Version     string          `json:"version"`
		ReceiveTime time.Time       `json:"receiveTime"`
		RequestID   string          `json:"requestId"`
		FetchedBack bool            `json:"fetchedBack,omitempty"`
		Event       json.RawMessage `json:"event"`
	}{e.ID, e.Connector, e.Account, e.Version, e.ReceiveTime.UTC(), e.RequestID, e.FetchedBack, event})
}
