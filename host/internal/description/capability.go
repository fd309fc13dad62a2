package description

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
)

// Refusal says why a request does not fit what a connector declares.
type Refusal struct {
	Field string // the path in the request
	What  string // what is not declared, and what is
	// Invalid: the request could be mended; otherwise the connector does not do
	// this at all.
	Invalid   bool
	Available []string
}

// Judge holds a request against what the connector declares for the operation,
// and says why it does not fit, or nothing. What can't be told from the request
// alone, such as whether a capture is partial, is left to the PSP.
func (d *Description) Judge(m Method, request proto.Message) *Refusal {
	if len(d.Wired.GetPaymentMethodTypes()) == 0 && len(m.operation.GetCapabilities()) == 0 {
		return nil
	}
	asked := askedBy(request.ProtoReflect())
	if types := d.Wired.GetPaymentMethodTypes(); asked.methodType != "" && len(types) > 0 && !slices.Contains(types, asked.methodType) {
		return unoffered("payment_method", "payment method type", asked.methodType, types)
	}
	left := m.operation.GetCapabilities()
	if len(left) == 0 {
		return nil
	}
	for _, narrow := range []func([]*connectorv1.Capability) ([]*connectorv1.Capability, *Refusal){
		narrowList("payment_method", "payment method type", asked.methodType, (*connectorv1.Capability).GetPaymentMethodTypes),
		narrowList("payment_method.card.network", "card network", asked.network, (*connectorv1.Capability).GetCardNetworks),
		narrowList("amount.currency_code", "currency", asked.currency, (*connectorv1.Capability).GetCurrencies),
		narrowList("billing_address.country_code", "country", asked.country, (*connectorv1.Capability).GetCountries),
		asked.narrowFlags,
		asked.narrowAmount,
		asked.narrowFields(request.ProtoReflect()),
	} {
		fitting, refusal := narrow(left)
		if len(fitting) == 0 {
			return refusal
		}
		left = fitting
	}
	return nil
}

// asked is what a request asks for, as far as capabilities can speak of it.
type asked struct {
	methodType, network, currency, country string
	minorUnits                             int64
	flags                                  map[connectorv1.CapabilityFlag]string // → field that asks for it
}

func unoffered(field, noun, value string, offered []string) *Refusal {
	return &Refusal{Field: field, What: fmt.Sprintf("%s %q is not offered; there are: %s", noun, value, strings.Join(offered, ", ")), Available: offered}
}

// narrowList keeps the capabilities that list a value or limit nothing.
func narrowList(field, noun, value string, list func(*connectorv1.Capability) []string) func([]*connectorv1.Capability) ([]*connectorv1.Capability, *Refusal) {
	return func(all []*connectorv1.Capability) (fitting []*connectorv1.Capability, refusal *Refusal) {
		var offered []string
		for _, c := range all {
			if value == "" || len(list(c)) == 0 || slices.Contains(list(c), value) {
				fitting = append(fitting, c)
			}
			offered = append(offered, list(c)...)
		}
		slices.Sort(offered)
		return fitting, unoffered(field, noun, value, slices.Compact(offered))
	}
}

// narrowFlags keeps the capabilities that have all that is asked for. One that
// names no flags at all leaves them to the PSP.
func (a asked) narrowFlags(all []*connectorv1.Capability) (fitting []*connectorv1.Capability, refusal *Refusal) {
	for _, c := range all {
		lacks := ""
		for flag, field := range a.flags {
			if len(c.GetFlags()) > 0 && !slices.Contains(c.GetFlags(), flag) {
				name := strings.ToLower(strings.TrimPrefix(flag.String(), "CAPABILITY_FLAG_"))
				lacks = field
				refusal = &Refusal{Field: field, What: strings.ReplaceAll(name, "_", " ") + " is not offered"}
			}
		}
		if lacks == "" {
			fitting = append(fitting, c)
		}
	}
	return fitting, refusal
}

// narrowAmount keeps the capabilities whose limits the amount keeps.
func (a asked) narrowAmount(all []*connectorv1.Capability) (fitting []*connectorv1.Capability, refusal *Refusal) {
	for _, c := range all {
		i := slices.IndexFunc(c.GetAmountLimits(), func(l *connectorv1.AmountLimit) bool { return l.GetCurrencyCode() == a.currency })
		if i < 0 || a.currency == "" {
			fitting = append(fitting, c)
			continue
		}
		switch l := c.GetAmountLimits()[i]; {
		case a.minorUnits < l.GetMinMinorUnits():
			refusal = &Refusal{Invalid: true, Field: "amount.minor_units", What: fmt.Sprintf("must be at least %d %s", l.GetMinMinorUnits(), a.currency)}
		case l.GetMaxMinorUnits() > 0 && a.minorUnits > l.GetMaxMinorUnits():
			refusal = &Refusal{Invalid: true, Field: "amount.minor_units", What: fmt.Sprintf("must be at most %d %s", l.GetMaxMinorUnits(), a.currency)}
		default:
			fitting = append(fitting, c)
		}
	}
	return fitting, refusal
}

// narrowFields keeps the capabilities whose required fields are there.
func (a asked) narrowFields(request protoreflect.Message) func([]*connectorv1.Capability) ([]*connectorv1.Capability, *Refusal) {
	return func(all []*connectorv1.Capability) (fitting []*connectorv1.Capability, refusal *Refusal) {
		for _, c := range all {
			i := slices.IndexFunc(c.GetRequiredFields(), func(path string) bool { return !has(request, strings.Split(path, ".")) })
			if i < 0 {
				fitting = append(fitting, c)
				continue
			}
			refusal = &Refusal{Invalid: true, Field: c.GetRequiredFields()[i], What: "is required by this connector here"}
		}
		return fitting, refusal
	}
}

// has says whether a path leads to a field that is set. A path that the host's
// contract does not know is taken as set: the connector knows better.
func has(m protoreflect.Message, path []string) bool {
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(path[0]))
	switch {
	case fd == nil:
		return true
	case !m.Has(fd):
		return false
	case len(path) == 1 || fd.Message() == nil || fd.IsList() || fd.IsMap():
		return true
	}
	return has(m.Get(fd).Message(), path[1:])
}

// askedBy reads what a request asks for.
func askedBy(m protoreflect.Message) asked {
	a := asked{flags: map[connectorv1.CapabilityFlag]string{}}
	if r, ok := m.Interface().(interface{ GetAmount() *paymentsv1.Money }); ok {
		a.currency, a.minorUnits = r.GetAmount().GetCurrencyCode(), r.GetAmount().GetMinorUnits()
	}
	if r, ok := m.Interface().(interface{ GetBillingAddress() *paymentsv1.Address }); ok {
		a.country = r.GetBillingAddress().GetCountryCode()
	}
	if r, ok := m.Interface().(interface {
		GetPaymentMethod() *paymentsv1.PaymentMethod
	}); ok {
		a.methodType, a.network = PaymentMethodType(r.GetPaymentMethod()), r.GetPaymentMethod().GetCard().GetNetwork()
	}
	switch r := m.Interface().(type) {
	case *paymentsv1.AuthorizeRequest:
		a.authorize(r)
	case *paymentsv1.CaptureRequest:
		a.flag(r.GetMoreToCome(), connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_CAPTURE, "more_to_come")
	}
	return a
}

func (a *asked) authorize(r *paymentsv1.AuthorizeRequest) {
	manual := r.GetCaptureMethod() == paymentsv1.CaptureMethod_CAPTURE_METHOD_MANUAL
	stored := r.GetStoredCredential()
	a.flag(manual, connectorv1.CapabilityFlag_CAPABILITY_FLAG_MANUAL_CAPTURE, "capture_method")
	a.flag(!manual, connectorv1.CapabilityFlag_CAPABILITY_FLAG_AUTOMATIC_CAPTURE, "capture_method")
	a.flag(r.GetAllowPartialAuthorization(), connectorv1.CapabilityFlag_CAPABILITY_FLAG_PARTIAL_AUTHORIZATION, "allow_partial_authorization")
	a.flag(r.GetExpectedCaptures() > 1, connectorv1.CapabilityFlag_CAPABILITY_FLAG_MULTIPLE_CAPTURE, "expected_captures")
	a.flag(r.GetInstallmentCount() > 1, connectorv1.CapabilityFlag_CAPABILITY_FLAG_INSTALLMENTS, "installment_count")
	a.flag(stored.GetSetupFutureUsage() != 0, connectorv1.CapabilityFlag_CAPABILITY_FLAG_SETUP_FUTURE_USAGE, "stored_credential.setup_future_usage")
	a.flag(stored.GetInitiator() == paymentsv1.Initiator_INITIATOR_MERCHANT, connectorv1.CapabilityFlag_CAPABILITY_FLAG_MERCHANT_INITIATED, "stored_credential.initiator")
	a.flag(r.GetChannel() == paymentsv1.PaymentChannel_PAYMENT_CHANNEL_MAIL_ORDER || r.GetChannel() == paymentsv1.PaymentChannel_PAYMENT_CHANNEL_TELEPHONE_ORDER,
		connectorv1.CapabilityFlag_CAPABILITY_FLAG_MAIL_AND_TELEPHONE_ORDER, "channel")
}

func (a *asked) flag(asks bool, flag connectorv1.CapabilityFlag, field string) {
	if asks {
		a.flags[flag] = field
	}
}

// PaymentMethodType is the type of a payment method: its family's name, or the
// family's variety where it has some.
func PaymentMethodType(method *paymentsv1.PaymentMethod) string {
	m := method.ProtoReflect()
	family := m.WhichOneof(m.Descriptor().Oneofs().ByName("method"))
	if family == nil {
		return ""
	}
	if upi := method.GetUpi(); upi != nil {
		u := upi.ProtoReflect()
		if flow := u.WhichOneof(u.Descriptor().Oneofs().ByName("flow")); flow != nil {
			return "upi_" + string(flow.Name())
		}
	}
	if variety := family.Message().Fields().ByName("type"); variety != nil && variety.Kind() == protoreflect.StringKind {
		return m.Get(family).Message().Get(variety).String()
	}
	return string(family.Name())
}
