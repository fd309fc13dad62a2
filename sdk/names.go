package sdk

import "strings"

// Named is anybody with a given and a family name: a customer, an address.
type Named interface {
	GetGivenName() string
	GetFamilyName() string
}

// FullName is the one name that many PSPs have for both.
func FullName(of Named) string {
	return strings.TrimSpace(of.GetGivenName() + " " + of.GetFamilyName())
}

// SplitName parts such a name: up to its last word it is the given one.
func SplitName(name string) (given, family string) {
	if i := strings.LastIndexByte(name, ' '); i >= 0 {
		return name[:i], name[i+1:]
	}
	return name, ""
}
