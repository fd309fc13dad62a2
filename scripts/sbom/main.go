// Command sbom writes a CycloneDX document of what is in built programs: each
// program, and each module that its build information names.
package main

import (
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
)

// document is CycloneDX 1.6, as far as Go's build information fills it:
// https://cyclonedx.org/docs/1.6/json/
type document struct {
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	Version      int          `json:"version"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

func main() {
	doc, err := describe(os.Args[1:])
	if err == nil {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		err = out.Encode(doc)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// describe reads the programs. Equal programs make an equal document.
func describe(programs []string) (*document, error) {
	if len(programs) == 0 {
		return nil, fmt.Errorf("name the built programs")
	}
	doc := &document{Format: "CycloneDX", SpecVersion: "1.6", Version: 1}
	modules := map[string]component{}
	for _, path := range programs {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		program := component{Type: "application", Ref: "program:" + filepath.Base(path), Name: filepath.Base(path), Version: info.Main.Version, PURL: purl(info.Main.Path, info.Main.Version)}
		of := dependency{Ref: program.Ref}
		for _, m := range append(info.Deps, &debug.Module{Path: "stdlib", Version: info.GoVersion}) {
			if m.Replace != nil {
				m = m.Replace
			}
			c := component{Type: "library", Name: m.Path, Version: m.Version, PURL: purl(m.Path, m.Version)}
			if c.Ref = c.PURL; m.Sum != "" {
				c.Properties = []property{{"go:sum", m.Sum}}
			}
			modules[c.Ref] = c
			of.DependsOn = append(of.DependsOn, c.Ref)
		}
		slices.Sort(of.DependsOn)
		doc.Components, doc.Dependencies = append(doc.Components, program), append(doc.Dependencies, of)
	}
	for _, c := range modules {
		doc.Components = append(doc.Components, c)
	}
	slices.SortFunc(doc.Components, func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) })
	return doc, nil
}

// purl is a package URL: https://github.com/package-url/purl-spec
func purl(path, version string) string { return "pkg:golang/" + path + "@" + version }
