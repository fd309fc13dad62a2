package archive

import (
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/patchbay/patchbay/host/internal/trust"
)

// Platform finds out what the package's plugin runs on: any platform, if an
// interpreter runs it; else what its program, from Go or an ELF file, was built for.
func (p *Package) Platform() (os, arch string, err error) {
	if p.Manifest.Runtime != "" {
		return trust.Any, trust.Any, nil
	}
	program := p.Source()
	if p.Manifest.Bundle != "" {
		program = filepath.Join(program, p.Manifest.Command)
	}
	if info, err := buildinfo.ReadFile(program); err == nil {
		for _, s := range info.Settings {
			switch s.Key {
			case "GOOS":
				os = s.Value
			case "GOARCH":
				arch = s.Value
			}
		}
		if os != "" && arch != "" {
			return os, arch, nil
		}
	}
	file, err := elf.Open(program)
	if err != nil {
		return "", "", fmt.Errorf("what platform %s is for can't be seen; say it, such as linux/amd64", p.Manifest.Command)
	}
	defer file.Close()
	switch file.Machine {
	case elf.EM_X86_64:
		return "linux", "amd64", nil
	case elf.EM_AARCH64:
		return "linux", "arm64", nil
	default:
		return "", "", fmt.Errorf("%s is for %s; say the platform, such as linux/riscv64", p.Manifest.Command, strings.ToLower(file.Machine.String()))
	}
}
