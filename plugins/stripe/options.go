package stripe

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
)

// authorizeOptions are the connector_options of Authorize, under Stripe's own
// names.
// Source: https://docs.stripe.com/api/payment_intents/create.
type authorizeOptions struct {
	setupFutureUsage    string
	onBehalfOf          string
	transferGroup       string
	requestMulticapture string
	requestIncremental  string
	requestExtended     string
}

// parseAuthorizeOptions takes what it knows and refuses what it does not.
func parseAuthorizeOptions(given *structpb.Struct) (authorizeOptions, error) {
	var o authorizeOptions
	known := map[string]struct {
		into  *string
		words []string // none: any text
	}{
		"setup_future_usage":   {&o.setupFutureUsage, []string{"on_session", "off_session"}},
		"on_behalf_of":         {&o.onBehalfOf, nil},
		"transfer_group":       {&o.transferGroup, nil},
		"request_multicapture": {&o.requestMulticapture, []string{"if_available", "never"}},

		"request_incremental_authorization": {&o.requestIncremental, []string{"if_available", "never"}},
		"request_extended_authorization":    {&o.requestExtended, []string{"if_available", "never"}},
	}
	for _, name := range names(given) {
		option, ok := known[name]
		if !ok {
			return o, unknownOption(name)
		}
		text, isText := given.GetFields()[name].GetKind().(*structpb.Value_StringValue)
		if !isText {
			return o, invalid(optionField(name), "must be a string")
		}
		if option.words != nil && !slices.Contains(option.words, text.StringValue) {
			return o, invalid(optionField(name), "must be one of "+strings.Join(option.words, ", "))
		}
		*option.into = text.StringValue
	}
	return o, nil
}

// expect asks for multicapture where more than one capture is expected. Stripe
// takes up to 50 captures of a payment.
// Source: https://docs.stripe.com/payments/multicapture.
func (o *authorizeOptions) expect(captures int32) error {
	const most = 50
	switch {
	case captures > most:
		return invalid("expected_captures", "must be at most 50")
	case captures > 1 && o.requestMulticapture == "never":
		return invalid(optionField("request_multicapture"), "must not be never where expected_captures is more than one")
	case captures > 1:
		o.requestMulticapture = "if_available"
	}
	return nil
}

// noOptions refuses connector_options where an operation takes none.
func noOptions(given *structpb.Struct) error {
	if unknown := names(given); len(unknown) > 0 {
		return unknownOption(unknown[0])
	}
	return nil
}

func unknownOption(name string) error {
	return invalid(optionField(name), "is not an option of this operation")
}

// names lists the options in a fixed order, so that the same request always
// meets the same error.
func names(given *structpb.Struct) []string { return slices.Sorted(maps.Keys(given.GetFields())) }

func optionField(name string) string { return "connector_options." + name }
