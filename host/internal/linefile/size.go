package linefile

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// MinSize is the least that a file can be told to take before it is put aside.
const MinSize = 4 << 10

// Size is a number of bytes, written as 100MB, 64KB or 4096.
type Size int64

var sizePattern = regexp.MustCompile(`^([0-9]{1,9})\s*(|B|KB|MB|GB)$`)

// UnmarshalYAML implements yaml.BytesUnmarshaler.
func (s *Size) UnmarshalYAML(raw []byte) error {
	found := sizePattern.FindStringSubmatch(strings.Trim(strings.TrimSpace(string(raw)), `"'`))
	if found == nil {
		return errors.New("want a size such as 100MB")
	}
	n, err := strconv.ParseInt(found[1], 10, 64)
	*s = Size(n << map[string]int{"KB": 10, "MB": 20, "GB": 30}[found[2]])
	return err
}
