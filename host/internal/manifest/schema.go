package manifest

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

// Schema is the JSON Schema of a manifest, for editors.
func Schema() ([]byte, error) {
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, DoNotReference: true}
	schema := reflector.Reflect(&Manifest{})
	schema.Title = "Patchbay plugin manifest"
	raw, err := json.MarshalIndent(schema, "", "  ")
	return append(raw, '\n'), err
}
