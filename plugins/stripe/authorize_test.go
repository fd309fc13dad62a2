package stripe

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

func TestAuthorizeOptions(t *testing.T) {
	given, err := structpb.NewStruct(map[string]any{
		"setup_future_usage": "on_session", "on_behalf_of": "acct_2", "transfer_group": "group 7", "request_multicapture": "if_available",
		"request_incremental_authorization": "never", "request_extended_authorization": "if_available",
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := sdk.Options[authorizeOptions](given)
	if err != nil {
		t.Fatal(err)
	}
	if want := (authorizeOptions{"on_session", "acct_2", "group 7", "if_available", "never", "if_available"}); got != want {
		t.Errorf("options are %+v, want %+v", got, want)
	}
}

func TestOptionsAreRefused(t *testing.T) {
	ctx := sdk.WithCall(t.Context(), sdk.Call{Config: []byte(`{"api_key":"sk_test_1"}`)})
	for name, value := range map[string]any{
		"setup_future_usage":   "sometimes",
		"request_multicapture": "always",
		"on_behalf_of":         7.0,
		"off_session":          true,
		"customer":             "cus_1",
	} {
		given, err := structpb.NewStruct(map[string]any{name: value})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sdk.Options[authorizeOptions](given)
		wantField(t, err, "connector_options."+name)
		wantField(t, callWithoutOptions(ctx, &paymentsv1.VoidRequest{ConnectorOptions: given}).Fault, "connector_options."+name)
	}
	if err := callWithoutOptions(ctx, &paymentsv1.VoidRequest{}).Fault; err != nil {
		t.Errorf("no options: %v", err)
	}
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	var refused *sdk.Error
	if !errors.As(err, &refused) || refused.Kind != sdk.InvalidRequest || len(refused.Fields) != 1 || refused.Fields[0].Field != field {
		t.Errorf("error is %v, want one for %s", err, field)
	}
}

func TestExpectedCaptures(t *testing.T) {
	for _, test := range []struct {
		captures     int32
		option, want string
	}{
		{0, "", ""}, {1, "", ""}, {1, "never", "never"}, {2, "", "if_available"}, {50, "if_available", "if_available"},
	} {
		o := authorizeOptions{RequestMulticapture: test.option}
		if err := o.expect(test.captures); err != nil || o.RequestMulticapture != test.want {
			t.Errorf("%d captures with %q: got %q, %v; want %q", test.captures, test.option, o.RequestMulticapture, err, test.want)
		}
	}
	wantField(t, (&authorizeOptions{}).expect(51), "expected_captures")
	wantField(t, (&authorizeOptions{RequestMulticapture: "never"}).expect(2), "connector_options.request_multicapture")
}
