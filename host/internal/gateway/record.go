package gateway

import (
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/patchbay/patchbay/host/internal/audit"
	"github.com/patchbay/patchbay/host/internal/registry"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// record writes the audit record of a call, once, with how it has ended so far:
// for one with an answer before the answer leaves. What can't be recorded then
// does not change what the caller is told: it is what happened.
func (g *Gateway) record(c *call, err error) {
	if g.config.Audit == nil || c.recorded {
		return
	}
	c.recorded = true
	st := status.Convert(err)
	now := time.Now()
	r := audit.Record{
		Time: now, Kind: audit.KindCall, RequestID: c.requestID, Caller: c.caller.Name, Peer: c.peer,
		Method: strings.TrimPrefix(c.method, "/"), Connector: c.pick.connector, Version: c.version, Digest: c.digest,
		Generation: c.generation, Account: c.pick.account, KeySHA256: audit.HashKey(c.callerKey),
		Code: st.Code().String(), Took: now.Sub(c.started).Microseconds(),
	}
	if c.request != nil {
		r.Amounts = amounts(c.request.message)
	}
	if c.response != nil {
		r.Status = statusOf(c.response.message)
	}
	if st.Code() != codes.OK {
		r.Reason, r.Sent = c.reason, string(wire.ParseFailure(st).Sent)
	}
	if err := g.config.Audit.Write(r); err != nil {
		g.config.Log.Error("the audit record of a call is not written", "request_id", c.requestID, "error", err)
	}
}

// taken notes which instance has a call.
func (c *call) taken(inst *registry.Instance) {
	c.generation, c.version, c.digest = inst.Generation, inst.Version, inst.Digest
}

// amounts are the sums of money that a request names itself, by field.
func amounts(message proto.Message) map[string]audit.Amount {
	if message == nil {
		return nil
	}
	found := map[string]audit.Amount{}
	message.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Message() == nil || field.IsList() || field.IsMap() {
			return true
		}
		if money, ok := value.Message().Interface().(*paymentsv1.Money); ok {
			found[string(field.Name())] = audit.Amount{CurrencyCode: money.GetCurrencyCode(), MinorUnits: money.GetMinorUnits()}
		}
		return true
	})
	if len(found) == 0 {
		return nil
	}
	return found
}

// statusOf is what an answer says happened: its own status, or how far it believes
// a webhook, or the status of the payment, refund or other thing that it is about.
func statusOf(message proto.Message) (name string) {
	if message == nil {
		return ""
	}
	answer := message.ProtoReflect()
	if name = ownStatus(answer); name != "" {
		return name
	}
	answer.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Message() != nil && !field.IsList() && !field.IsMap() {
			name = ownStatus(value.Message())
		}
		return name == ""
	})
	return name
}

func ownStatus(message protoreflect.Message) string {
	for _, name := range []protoreflect.Name{"status", "verification"} {
		field := message.Descriptor().Fields().ByName(name)
		if field == nil || field.Enum() == nil || field.IsList() {
			continue
		}
		if value := field.Enum().Values().ByNumber(message.Get(field).Enum()); value != nil {
			return string(value.Name())
		}
	}
	return ""
}
