package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	paymentsv1 "github.com/patchbay/patchbay/proto/patchbay/payments/v1"
	"github.com/patchbay/patchbay/sdk/wire"
)

// fewestTypes is a number below which the catalogue has surely lost something.
const fewestTypes = 110

// method is one row of payment-methods.md.
type method struct {
	family     string // the member of PaymentMethod
	kind       string
	countries  []string
	currencies []string
	payer      []string
}

// catalogue reads payment-methods.md.
func catalogue(t *testing.T) (all []method) {
	t.Helper()
	for _, tbl := range catalogueTables(t) {
		families := codeWords(tbl.heading)
		for _, row := range tbl.rows {
			kind := codeWord(t, row["type"])
			family := families[0]
			if len(families) > 1 {
				family = kind // families without varieties share a table
			}
			if !slices.Contains(families, family) {
				t.Errorf("payment-methods.md:%d: %q is none of %q", tbl.line, kind, families)
			}
			if row["name"] == "" {
				t.Errorf("payment-methods.md: %s has no name", kind)
			}
			all = append(all, method{family, kind, list(row["countries"]), list(row["currencies"]), list(row["the payer"])})
		}
	}
	return all
}

// catalogueTables are the tables of methods; the document has others.
func catalogueTables(t *testing.T) (all []table) {
	t.Helper()
	for _, tbl := range parse("docs/payment-methods.md", read(t, "docs/payment-methods.md")).tables() {
		if slices.Contains(tbl.columns, "type") {
			all = append(all, tbl)
		}
	}
	return all
}

func list(cell string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, ", ")
}

// knownTypes are the types of the catalogue with their families.
func knownTypes(t *testing.T) map[string]string {
	t.Helper()
	known := map[string]string{}
	for _, m := range catalogue(t) {
		known[m.kind] = m.family
	}
	return known
}

func TestCatalogueTypes(t *testing.T) {
	all := catalogue(t)
	if len(all) < fewestTypes {
		t.Errorf("payment-methods.md has %d types, want at least %d", len(all), fewestTypes)
	}
	spelled := regexp.MustCompile(`^[a-z0-9_]+$`)
	seen := map[string]bool{}
	for _, m := range all {
		if !spelled.MatchString(m.kind) || seen[m.kind] {
			t.Errorf("payment-methods.md: %q is there twice or is no lower snake case", m.kind)
		}
		seen[m.kind] = true
	}
	for _, tbl := range catalogueTables(t) {
		if !slices.IsSortedFunc(tbl.rows, byType) && len(codeWords(tbl.heading)) == 1 {
			t.Errorf("payment-methods.md: the types of %s are not sorted", tbl.heading)
		}
	}
}

func byType(a, b map[string]string) int {
	return strings.Compare(strings.Trim(a["type"], "`"), strings.Trim(b["type"], "`"))
}

// families gives the members of PaymentMethod.
func families() protoreflect.FieldDescriptors {
	name := (&paymentsv1.PaymentMethod{}).ProtoReflect().Descriptor().FullName()
	d, err := wire.Files().FindDescriptorByName(name) // with comments, unlike the generated code
	if err != nil {
		panic(err) // it is linked in
	}
	return d.(protoreflect.MessageDescriptor).Oneofs().ByName("method").Fields()
}

// TestCatalogueFamilies wants each family of the contract, and of each the types
// that its shape allows.
func TestCatalogueFamilies(t *testing.T) {
	byFamily := map[string][]string{}
	for _, m := range catalogue(t) {
		byFamily[m.family] = append(byFamily[m.family], m.kind)
	}
	for i := range families().Len() {
		family := families().Get(i)
		name := string(family.Name())
		types := byFamily[name]
		delete(byFamily, name)
		switch flow := family.Message().Oneofs().ByName("flow"); {
		case flow != nil:
			var want []string
			for j := range flow.Fields().Len() {
				want = append(want, name+"_"+string(flow.Fields().Get(j).Name()))
			}
			if !slices.Equal(types, want) {
				t.Errorf("the types of %s are %q, want %q", name, types, want)
			}
		case family.Message().Fields().ByName("type") == nil:
			if !slices.Equal(types, []string{name}) {
				t.Errorf("the types of %s are %q; a family without varieties has its name", name, types)
			}
		case len(types) == 0:
			t.Errorf("payment-methods.md has no %s", name)
		}
	}
	for name := range byFamily {
		t.Errorf("payment-methods.md has a family %s, which the contract does not", name)
	}
}

// TestCataloguePlaces holds countries and currencies against the contract's own
// rules.
func TestCataloguePlaces(t *testing.T) {
	var rules wire.Validator
	country := func(code string) bool {
		found, err := rules.Check(&paymentsv1.BankTransfer{Type: "x", CountryCode: code})
		return err == nil && len(found) == 0
	}
	currency := func(code string) bool {
		found, err := rules.Check(&paymentsv1.Money{CurrencyCode: code})
		return err == nil && len(found) == 0
	}
	if country("ZZ") || !country("NL") || currency("ZZZ") || !currency("EUR") {
		t.Fatal("the rules do not tell codes from others")
	}
	for _, m := range catalogue(t) {
		for column, is := range map[string]func(string) bool{"countries": country, "currencies": currency} {
			values := m.countries
			if column == "currencies" {
				values = m.currencies
			}
			switch {
			case slices.Equal(values, []string{"many"}):
			case len(values) == 0, !slices.IsSorted(values), len(slices.Compact(slices.Clone(values))) != len(values):
				t.Errorf("%s: the %s %q are not in order", m.kind, column, values)
			case slices.ContainsFunc(values, func(v string) bool { return !is(v) }):
				t.Errorf("%s: of the %s %q not all are codes", m.kind, column, values)
			}
		}
	}
}

// TestCatalogueActions wants what the payer does among what the document
// explains, and that in words of the contract.
func TestCatalogueActions(t *testing.T) {
	explained := map[string]bool{}
	actions := (&paymentsv1.NextAction{}).ProtoReflect().Descriptor().Fields()
	for _, tbl := range parse("", read(t, "docs/payment-methods.md")).tables() {
		if tbl.columns[0] != "the payer" {
			continue
		}
		for _, row := range tbl.rows {
			explained[row["the payer"]] = true
			for _, action := range codeWords(row["`next_action`"]) {
				if actions.ByName(protoreflect.Name(action)) == nil {
					t.Errorf("there is no next_action %s", action)
				}
			}
		}
	}
	if len(explained) < 5 {
		t.Fatalf("payment-methods.md explains %d actions", len(explained))
	}
	for _, m := range catalogue(t) {
		if len(m.payer) == 0 {
			t.Errorf("%s does not say what the payer does", m.kind)
		}
		for _, does := range m.payer {
			if !explained[does] {
				t.Errorf("%s: %q is not explained", m.kind, does)
			}
		}
	}
}

var quoted = regexp.MustCompile(`"([a-z0-9_]+)"`)

// comment is what stands above an element of the contract.
func comment(d protoreflect.Descriptor) string {
	return d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments
}

// TestCatalogueHasTheContractsExamples looks for the types that the contract's
// comments name, under the family that they name them for.
func TestCatalogueHasTheContractsExamples(t *testing.T) {
	known := knownTypes(t)
	examples := 0
	for i := range families().Len() {
		family := families().Get(i)
		comments := comment(family)
		if variety := family.Message().Fields().ByName("type"); variety != nil {
			comments += comment(variety)
		}
		for _, m := range quoted.FindAllStringSubmatch(comments, -1) {
			examples++
			if known[m[1]] != string(family.Name()) {
				t.Errorf("the comments of %s name %q, which payment-methods.md has under %q", family.FullName(), m[1], known[m[1]])
			}
		}
	}
	for _, name := range []protoreflect.FullName{
		"patchbay.payments.v1.PaymentMethodDetails.type", "patchbay.payments.v1.PaymentMethodDetails.wallet",
		"patchbay.payments.v1.PayoutDestination.wallet", "patchbay.payments.v1.PaymentMethodEligibility.type",
		"patchbay.payments.v1.CheckEligibilityRequest.payment_method_types",
		"patchbay.connector.v1.Capability.payment_method_types", "patchbay.connector.v1.Description.payment_method_types",
	} {
		d, err := wire.Files().FindDescriptorByName(name)
		if err != nil {
			t.Fatal(err)
		}
		found := quoted.FindAllStringSubmatch(comment(d), -1)
		if len(found) == 0 {
			t.Errorf("the comment of %s names no type", name)
		}
		for _, m := range found {
			examples++
			if known[m[1]] == "" {
				t.Errorf("the comment of %s names %q, which payment-methods.md does not have", name, m[1])
			}
		}
	}
	if examples < 40 {
		t.Errorf("only %d examples were found in the comments", examples)
	}
}
