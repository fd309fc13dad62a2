package connectortest

import (
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// ok ends the case if a call failed.
func (c *Case) ok(what string, err error) {
	if err != nil {
		c.Fatalf("%s: expected an answer, got %s", what, failureText(err))
	}
}

// equal ends the case if two values differ.
func equal[T comparable](c *Case, what string, want, got T) {
	if want != got {
		c.Fatalf("%s: expected %v, got %v", what, want, got)
	}
}

// refused ends the case if an error is not of the given code and reason, or leaves
// open whether anything was done. Without a reason any will do.
func (c *Case) refused(what string, err error, code codes.Code, reasons ...string) {
	f := c.failed(what, err, code, reasons...)
	if f.Sent != wire.SentNever {
		c.Fatalf("%s: expected sent NEVER, since surely nothing was done; got %s", what, failureText(err))
	}
}

// failed ends the case if an error is not of the given code and reason.
func (c *Case) failed(what string, err error, code codes.Code, reasons ...string) wire.Failure {
	if status.Code(err) != code {
		c.Fatalf("%s: expected %s %s, got %s", what, code, strings.Join(reasons, " or "), failureText(err))
	}
	f := wire.ParseFailure(status.Convert(err))
	if len(reasons) > 0 && !slices.Contains(reasons, f.Reason) {
		c.Fatalf("%s: expected %s %s, got %s", what, code, strings.Join(reasons, " or "), failureText(err))
	}
	return f
}

// unknown ends the case if a call of which nobody knows what became is not told
// so: by a status of UNKNOWN where the answer has one, else by an error.
func (c *Case) unknown(r row, resp proto.Message, err error) {
	what := r.operation
	if word, has := unknownStatus(resp); has {
		if err != nil {
			c.Fatalf("%s: expected OK with %s, got %s", what, word, failureText(err))
		}
		equal(c, what+": status", string(word), statusOf(resp))
		return
	}
	f := c.failed(what, err, codes.Unknown, wire.ReasonOutcomeUnknown)
	if f.Sent != wire.SentMaybe {
		c.Fatalf("%s: expected sent MAYBE, got %s", what, failureText(err))
	}
}

// statusField finds the status in an answer: of the answer itself, or of the
// message in it that it is about.
func statusField(m protoreflect.Message) (protoreflect.Message, protoreflect.FieldDescriptor) {
	fields := m.Descriptor().Fields()
	if fd := fields.ByName("status"); fd != nil && fd.Enum() != nil {
		return m, fd
	}
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.Message() == nil || fd.IsList() || fd.IsMap() {
			continue
		}
		if inner := fd.Message().Fields().ByName("status"); inner != nil && inner.Enum() != nil {
			return m.Get(fd).Message(), inner
		}
	}
	return nil, nil
}

// unknownStatus is the word for "nobody knows" that an answer could say.
func unknownStatus(resp proto.Message) (protoreflect.Name, bool) {
	_, fd := statusField(resp.ProtoReflect())
	if fd == nil {
		return "", false
	}
	values := fd.Enum().Values()
	for i := range values.Len() {
		if name := values.Get(i).Name(); strings.HasSuffix(string(name), "_STATUS_UNKNOWN") {
			return name, true
		}
	}
	return "", false
}

// statusOf is the word that an answer says.
func statusOf(resp proto.Message) string {
	m, fd := statusField(resp.ProtoReflect())
	if fd == nil {
		return ""
	}
	if value := fd.Enum().Values().ByNumber(m.Get(fd).Enum()); value != nil {
		return string(value.Name())
	}
	return "a number that the contract does not have"
}

// same ends the case if two answers differ in more than what the PSP says beyond
// the contract.
func (c *Case) same(what string, want, got proto.Message) {
	if a, b := contractual(want), contractual(got); !proto.Equal(a, b) {
		c.Fatalf("%s: expected the same answer again, %s; got %s", what, wire.Redact(a), wire.Redact(b))
	}
}

func contractual(m proto.Message) proto.Message {
	clone := proto.Clone(m)
	var strip func(protoreflect.Message)
	strip = func(m protoreflect.Message) {
		m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case fd.Name() == "connector_data":
				m.Clear(fd)
			case fd.Message() == nil || fd.IsMap():
			case fd.IsList():
				for i := range v.List().Len() {
					strip(v.List().Get(i).Message())
				}
			default:
				strip(v.Message())
			}
			return true
		})
	}
	strip(clone.ProtoReflect())
	return clone
}

// money ends the case if an amount is not the given one.
func (c *Case) money(what string, want, got *paymentsv1.Money) {
	if !proto.Equal(want, got) {
		c.Fatalf("%s: expected %d %s, got %d %s", what,
			want.GetMinorUnits(), want.GetCurrencyCode(), got.GetMinorUnits(), got.GetCurrencyCode())
	}
}

// alive ends the case if the connector does not answer a probe.
func (c *Case) alive() {
	c.ok("Probe", c.probe(c.main))
}
