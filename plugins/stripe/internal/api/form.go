package api

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
)

// encode writes a struct as Stripe wants forms: nested fields in brackets,
// lists by index. Fields are named by their "form" tag; zero values are left
// out, pointers to them are not. It panics on a kind of field that no parameter
// of this package has.
//
// Source: what Stripe's own SDKs send; see testdata/sdk.
func encode(params any) url.Values {
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
	case reflect.Int32, reflect.Int64:
		values.Set(name, strconv.FormatInt(v.Int(), 10))
	default:
		panic(fmt.Sprintf("api: parameter %s has the kind %s", name, v.Kind()))
	}
}

func nested(outer, inner string) string {
	if outer == "" {
		return inner
	}
	return outer + "[" + inner + "]"
}
