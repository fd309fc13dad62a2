package manifest

import (
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
)

// How a plugin is sandboxed.
const (
	SandboxRequire = "require"
	SandboxPrefer  = "prefer"
	SandboxOff     = "off"
)

// Limits bound what a plugin's process may use. Zero, written as such, is no
// limit; what is not written has its default.
type Limits struct {
	Memory    Size    `yaml:"memory,omitempty" json:"memory,omitempty" jsonschema:"description=Private memory that it may write.,default=512MB"`
	Processes int     `yaml:"processes,omitempty" json:"processes,omitempty" jsonschema:"description=Processes and threads.,default=64,minimum=0"`
	OpenFiles int     `yaml:"open_files,omitempty" json:"open_files,omitempty" jsonschema:"description=Open files and connections.,default=256,minimum=0"`
	FileSize  Size    `yaml:"file_size,omitempty" json:"file_size,omitempty" jsonschema:"description=The size of a file that it writes; in the sandbox of all temporary files together.,default=16MB"`
	CPU       float64 `yaml:"cpu,omitempty" json:"cpu,omitempty" jsonschema:"description=Processor cores.,default=0,minimum=0"`
}

// DefaultLimits are those of a manifest that says nothing else.
func DefaultLimits() Limits {
	return Limits{Memory: 512 << 20, Processes: 64, OpenFiles: 256, FileSize: 16 << 20}
}

// Least that a plugin needs for being a process that answers.
const (
	leastProcesses = 8
	leastOpenFiles = 32
)

// Size is a number of bytes that is written as "512MB" or "64KB", with powers of
// 1024. Text that is no size is read as a negative one, which no field takes, so
// that the error can name the field.
type Size int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	*s = -1
	number, factor := string(text), int64(1)
	for i, unit := range []string{"KB", "MB", "GB"} {
		if cut, ok := strings.CutSuffix(number, unit); ok {
			number, factor = cut, 1<<(10*(i+1))
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err == nil && n >= 0 && (factor > 1 || n == 0) {
		*s = Size(n * factor)
	}
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (s Size) MarshalText() ([]byte, error) {
	return append(strconv.AppendInt(nil, int64(s)>>10, 10), "KB"...), nil
}

// JSONSchema describes the written form.
func (Size) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "string", Pattern: `^[0-9]+(KB|MB|GB)$`}, {Type: "integer", Minimum: "0", Maximum: "0"},
	}}
}

// checkSandbox holds the fields of the sandbox against their rules and fills in
// defaults.
func (d document) checkSandbox(m *Manifest) error {
	if m.Sandbox == "" {
		m.Sandbox = SandboxPrefer
	}
	switch l := m.Limits; {
	case m.Sandbox != SandboxRequire && m.Sandbox != SandboxPrefer && m.Sandbox != SandboxOff:
		return d.errorf("sandbox", "%q is none of %s, %s and %s", m.Sandbox, SandboxRequire, SandboxPrefer, SandboxOff)
	case l.Memory < 0:
		return d.errorf("limits.memory", "must be a size such as 512MB, or 0 for no limit")
	case l.FileSize < 0:
		return d.errorf("limits.file_size", "must be a size such as 16MB, or 0 for no limit")
	case l.Processes != 0 && l.Processes < leastProcesses:
		return d.errorf("limits.processes", "must be at least %d, or 0 for no limit", leastProcesses)
	case l.OpenFiles != 0 && l.OpenFiles < leastOpenFiles:
		return d.errorf("limits.open_files", "must be at least %d, or 0 for no limit", leastOpenFiles)
	case l.CPU < 0:
		return d.errorf("limits.cpu", "must be a number of cores, or 0 for no limit")
	}
	return nil
}
