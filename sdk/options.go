package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
)

// optionsField is the field of every request that holds what is particular to one
// connector.
const optionsField = "connector_options"

// NoOptions are the options of an operation that takes none.
type NoOptions struct{}

// Options decodes a request's connector_options into the author's own struct, by
// its json tags. An option that the struct does not have, of another type, or none of
// the words of a tag such as oneof:"always,never", is an InvalidRequest that names it
// and quotes no value.
func Options[T any](given *structpb.Struct) (T, error) {
	var options T
	if len(given.GetFields()) == 0 {
		return options, nil
	}
	known := map[string]reflect.StructField{}
	for _, field := range reflect.VisibleFields(reflect.TypeOf(options)) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		known[name] = field
	}
	for _, name := range slices.Sorted(maps.Keys(given.GetFields())) {
		field, ok := known[name]
		if !ok {
			return options, InvalidField(optionsField+"."+name, "is not an option of this operation")
		}
		words, limited := field.Tag.Lookup("oneof")
		if text, isText := given.GetFields()[name].GetKind().(*structpb.Value_StringValue); limited && isText && !slices.Contains(strings.Split(words, ","), text.StringValue) {
			return options, InvalidField(optionsField+"."+name, "must be one of "+strings.ReplaceAll(words, ",", ", "))
		}
	}
	raw, err := given.MarshalJSON()
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(raw)).Decode(&options)
	}
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return options, nil
	case errors.As(err, &wrong):
		return options, InvalidField(optionsField+"."+wrong.Field, "must be a "+wrong.Type.Kind().String())
	}
	return options, InvalidField(optionsField, "can't be read")
}
