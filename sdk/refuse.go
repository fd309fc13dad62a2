package sdk

import (
	"net/url"
	"strings"

	"github.com/patchbay/patchbay/sdk/wire"
)

// InvalidField refuses a request for one of its fields.
func InvalidField(field, description string) *Error {
	return &Error{
		Kind:    InvalidRequest,
		Message: field + ": " + description,
		Fields:  []FieldViolation{{Field: field, Description: description}},
	}
}

// CheckID refuses an id in a request that no PSP's can be and that might lead to
// another path of its API.
func CheckID(field, id string) error {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if id == "" || strings.TrimLeft(id, characters) != "" {
		return InvalidField(field, "is not an id of this PSP's")
	}
	return nil
}

// InvalidConfig refuses an account's configuration for one of its fields.
func InvalidConfig(field, description string) *Error {
	return Errorf(Misconfigured, wire.ReasonConfigInvalid, "the account's configuration: %s %s", field, description)
}

// Endpoint is the address in a field of an account's configuration, without a slash
// at its end.
func Endpoint(field, address string) (string, error) {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", InvalidConfig(field, "must be an absolute http or https address")
	}
	return strings.TrimRight(address, "/"), nil
}
