package sdk

import (
	"encoding/csv"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	connectorv1 "github.com/patchbay/patchbay/proto/patchbay/connector/v1"
)

// ReadCapabilities reads with what the operations of a connector work, by RPC name,
// from a file that it embeds, capabilities.csv: a line with "operation" and names of
// Capability's fields, and a line of values for each capability. Several values of a
// field stand apart by spaces, flags without their enum's prefix.
//
//	operation,payment_method_types,currencies,flags
//	# Source: https://docs.psp.example/ideal.
//	Authorize,ideal,EUR,AUTOMATIC_CAPTURE ASYNCHRONOUS
//	Capture,,,PARTIAL_CAPTURE
//
// It panics where a line can't be read: the file is part of the program.
func ReadCapabilities(file string) map[string][]*connectorv1.Capability {
	lines := csv.NewReader(strings.NewReader(file))
	lines.Comment = '#'
	all, err := lines.ReadAll()
	if err != nil || len(all) == 0 || all[0][0] != "operation" {
		panic(fmt.Sprintf("the capabilities can't be read: %v", err))
	}
	fields := (&connectorv1.Capability{}).ProtoReflect().Descriptor().Fields()
	capabilities := map[string][]*connectorv1.Capability{}
	for _, line := range all[1:] {
		capability := &connectorv1.Capability{}
		for i, values := range line[1:] {
			field := fields.ByName(protoreflect.Name(all[0][i+1]))
			if field == nil || !field.IsList() || field.Message() != nil {
				panic(fmt.Sprintf("the capabilities have a column %q", all[0][i+1]))
			}
			for value := range strings.FieldsSeq(values) {
				capability.ProtoReflect().Mutable(field).List().Append(capabilityValue(field, value))
			}
		}
		capabilities[line[0]] = append(capabilities[line[0]], capability)
	}
	return capabilities
}

func capabilityValue(field protoreflect.FieldDescriptor, value string) protoreflect.Value {
	if field.Enum() == nil {
		return protoreflect.ValueOfString(value)
	}
	flag, ok := connectorv1.CapabilityFlag_value["CAPABILITY_FLAG_"+value]
	if !ok {
		panic(fmt.Sprintf("the capabilities have a flag %q", value))
	}
	return protoreflect.ValueOfEnum(protoreflect.EnumNumber(flag))
}
