package sdk

import "google.golang.org/protobuf/types/known/structpb"

// ConnectorData is what a PSP says that the contract has no words for, by the PSP's
// own names, without the texts that are empty; nil if there is nothing. Values are
// those that structpb.NewValue takes, and what is none of them is left out.
func ConnectorData(said map[string]any) *structpb.Struct {
	data := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for name, something := range said {
		if value, err := structpb.NewValue(something); err == nil && something != "" {
			data.Fields[name] = value
		}
	}
	if len(data.GetFields()) == 0 {
		return nil
	}
	return data
}
