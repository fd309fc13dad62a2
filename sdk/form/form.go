// Package form writes nested values as application/x-www-form-urlencoded text, in
// the way that PSPs with form APIs have in common: members in brackets, lists by
// index, as in "card[exp_month]=7&expand[0]=charge".
package form

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// Encode writes a struct, or a pointer to one. Fields are named by their "form"
// tag, which may be that of a member's member, as "online[ip]"; the members of a
// struct or map without a tag stand beside the other fields. Zero values are left
// out, and pointers to them are not: that is how an empty text, false or 0 is said.
// Nil gives no values. It panics on a kind of field that a form can't say exactly,
// such as a float.
func Encode(params any) url.Values {
	values := url.Values{}
	if params != nil {
		encodeValue(values, "", reflect.ValueOf(params))
	}
	return values
}

func encodeValue(values url.Values, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			encodePresent(values, name, v.Elem())
		}
	default:
		if !v.IsZero() {
			encodePresent(values, name, v)
		}
	}
}

func encodePresent(values url.Values, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			encodeValue(values, nested(name, v.Type().Field(i).Tag.Get("form")), v.Field(i))
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			encodePresent(values, nested(name, entries.Key().String()), entries.Value())
		}
	case reflect.Slice:
		for i := range v.Len() {
			encodePresent(values, nested(name, strconv.Itoa(i)), v.Index(i))
		}
	case reflect.String:
		values.Set(name, v.String())
	case reflect.Bool:
		values.Set(name, strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		values.Set(name, strconv.FormatInt(v.Int(), 10))
	default:
		panic(fmt.Sprintf("form: parameter %s has the kind %s", name, v.Kind()))
	}
}

func nested(outer, inner string) string {
	switch {
	case outer == "":
		return inner
	case inner == "": // a field without a tag
		return outer
	}
	member, below, deeper := strings.Cut(inner, "[")
	if outer += "[" + member + "]"; deeper {
		outer += "[" + below
	}
	return outer
}
