package sandbox_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk"
)

// descriptionMutants say something of themselves that is not so.
func descriptionMutants() []mutant {
	describing := func(change func(*connectorv1.Description)) sabotage {
		return telling(func(_ *connectorv1.DescribeRequest, resp *connectorv1.DescribeResponse) {
			change(resp.GetDescription())
		})
	}
	operation := func(name string, change func(*connectorv1.Operation)) sabotage {
		return describing(func(d *connectorv1.Description) {
			for _, s := range d.GetServices() {
				for _, o := range s.GetOperations() {
					if o.GetName() == name {
						change(o)
					}
				}
			}
		})
	}
	schema := func(change func(fields object)) sabotage {
		return describing(func(d *connectorv1.Description) {
			as := d.GetConfigSchema().AsMap()
			change(inner(as, "properties"))
			d.ConfigSchema, _ = structpb.NewStruct(as) // it came from one
		})
	}
	kindOf := func(name string, kind connectorv1.IdempotencyKind) sabotage {
		return operation(name, func(o *connectorv1.Operation) { o.Idempotency.Kind = kind })
	}
	var described atomic.Int64
	return []mutant{
		{id: "caller/not-served", wrong: "declares an operation that it does not serve", by: "extend-authorization/succeeds", with: refusing(func(req proto.Message) bool { _, ok := req.(*paymentsv1.ExtendAuthorizationRequest); return ok })},
		{id: "caller/not-declared", wrong: "serves an operation that it does not declare", by: "describe/undeclared", with: operation("CalculateSurcharge", func(o *connectorv1.Operation) { o.Name = "CalculateSurcharges" })},
		{id: "caller/id-other", wrong: "has another id than its manifest", by: "describe/id", with: describing(func(d *connectorv1.Description) { d.Id = "sandbax" })},
		{id: "caller/idempotency-read-only", wrong: "declares that Authorize only reads", by: "describe/idempotency", with: kindOf("Authorize", connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_READ_ONLY)},
		{id: "caller/idempotency-of-read", wrong: "declares a key for GetPayment, which only reads", by: "describe/idempotency", with: kindOf("GetPayment", connectorv1.IdempotencyKind_IDEMPOTENCY_KIND_NATIVE_KEY)},
		{id: "caller/key-too-short", wrong: "declares that keys have 36 characters at most", by: "describe/key-length", with: operation("Authorize", func(o *connectorv1.Operation) { o.Idempotency.MaxLength = 36 })},
		{id: "caller/evidence-not-said", wrong: "does not say what proves an operation", by: "describe/evidence", with: operation("Void", func(o *connectorv1.Operation) { o.Evidence = 0 })},
		{id: "caller/secret-not-marked", wrong: "does not mark the API key as a secret", by: "describe/schema-secrets", with: schema(func(fields object) { delete(inner(fields, "api_key"), "writeOnly") })},
		{id: "caller/schema-open", wrong: "declares that it takes any configuration", by: "describe/schema-strict", with: describing(func(d *connectorv1.Description) { delete(d.GetConfigSchema().GetFields(), "additionalProperties") })},
		{id: "caller/schema-other", wrong: "declares a field of another type than it takes", by: "describe/schema", with: schema(func(fields object) { fields["base_url"] = object{"type": "integer"} })},
		{id: "caller/descriptors-incomplete", wrong: "leaves a file that its services need out of the descriptors", by: "describe/descriptors", with: describing(func(d *connectorv1.Description) { d.Descriptors.File = d.GetDescriptors().GetFile()[1:] })},
		{id: "caller/method-for-people", wrong: "calls a payment method by a name for people", by: "describe/payment-methods", with: describing(func(d *connectorv1.Description) { d.PaymentMethodTypes[0] = "Credit card" })},
		{id: "caller/method-missing", wrong: "does not declare a payment method that it takes", by: "methods/card", with: describing(func(d *connectorv1.Description) {
			d.PaymentMethodTypes = slices.DeleteFunc(d.GetPaymentMethodTypes(), func(m string) bool { return m == "card" })
		})},
		{id: "caller/egress-anywhere", wrong: "declares a host without a port", by: "describe/egress", with: describing(func(d *connectorv1.Description) { d.EgressHosts = []string{"*"} })},
		{id: "caller/test-data-invalid", wrong: "gives test data that is no request", by: "describe/test-data", with: describing(func(d *connectorv1.Description) { delete(d.GetTestData()[0].GetRequest().GetFields(), "amount") })},
		{id: "caller/description-changes", wrong: "describes itself in another way each time", by: "describe/stable", with: describing(func(d *connectorv1.Description) { d.DisplayName = fmt.Sprint("Sandbox ", described.Add(1)) })},
		{id: "caller/one-capture-only", wrong: "declares that a payment can be captured several times, and refuses it", by: "capture/several", with: refusing(func(req proto.Message) bool {
			r, ok := req.(*paymentsv1.CaptureRequest)
			return ok && r.GetMoreToCome()
		})},
	}
}

// refusing says of some requests that they are not supported.
func refusing(which func(req proto.Message) bool) sabotage {
	return calls(func(ctx context.Context, _ string, req proto.Message, next call) (proto.Message, error) {
		if which(req) {
			return nil, sdk.Errorf(sdk.Unsupported, "", "not yet")
		}
		return next(ctx)
	})
}
