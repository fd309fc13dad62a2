package connectortest

import "slices"

// requires says whether every capability of an operation requires a field that the
// contract calls optional (required_fields).
func (c *Case) requires(operation, field string) bool {
	listed := c.declared[operation].GetCapabilities()
	for _, capability := range listed {
		if !slices.Contains(capability.GetRequiredFields(), field) {
			return false
		}
	}
	return len(listed) > 0
}

// customerFor is a customer of the case's own where an operation requires one; PSPs
// that take the merchant's own name of a customer know it from then on.
func (c *Case) customerFor(operation string) string {
	if c.requires(operation, "customer_id") {
		return c.reference("customer")
	}
	return ""
}

// without leaves out what is empty.
func without(texts ...string) []string {
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}
