package main

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// ours begins the path of each of our modules.
const ours = "github.com/auth0-mcp/auth0-mcp/"

// writeSBOM lists the Go modules that are in the binaries of a platform, as the binaries themselves say, and the
// SHA-256 digests of the binaries. https://cyclonedx.org/docs/1.6/json/
func (r *Release) writeSBOM(out *output, p platform, program []file) error {
	modules := map[string]cyclonedx.Component{}
	var binaries []cyclonedx.Component
	for _, f := range program {
		if f.mode&0o111 == 0 {
			continue
		}
		info, err := buildinfo.Read(bytes.NewReader(f.data))
		if err != nil {
			return err
		}
		for _, module := range append(info.Deps, &info.Main, &debug.Module{Path: "std", Version: info.GoVersion}) {
			c, err := r.component(module)
			if err != nil {
				return err
			}
			modules[c.BOMRef] = c
		}
		binaries = append(binaries, cyclonedx.Component{
			BOMRef: f.path, Type: cyclonedx.ComponentTypeFile, Name: f.path, Version: r.version,
			Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: digest(f.data)}},
		})
	}
	var components []cyclonedx.Component
	refs := slices.Sorted(maps.Keys(modules))
	for _, ref := range refs {
		components = append(components, modules[ref])
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: r.Name, Type: cyclonedx.ComponentTypeApplication, Name: r.Name, Version: r.version,
		Description: r.Description, Components: &binaries,
		Properties: &[]cyclonedx.Property{{Name: "auth0-mcp:platform", Value: p.String()}},
	}}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: r.Name, Dependencies: &refs}}
	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).
		Encode(bom); err != nil {
		return err
	}
	return out.add(r.fileName(p.String()+".cdx.json"), text.Bytes())
}

// component is a module in a binary. Ours are built from the work tree, so that the binary does not know their version.
func (r *Release) component(m *debug.Module) (cyclonedx.Component, error) {
	if m.Replace != nil && !strings.HasPrefix(m.Path, ours) {
		return cyclonedx.Component{}, errors.New(m.Path + " is replaced: a release is built from published modules")
	}
	version := m.Version
	if strings.HasPrefix(m.Path, ours) {
		version = "v" + r.version
	}
	purl := "pkg:golang/" + m.Path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: m.Path, Version: version,
		PackageURL: purl}, nil
}
