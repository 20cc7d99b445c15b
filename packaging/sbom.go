package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// ours begins the path of each of our modules.
const ours = "github.com/auth0-mcp/auth0-mcp/"

// writeSBOM lists the Go modules that are in the binaries of an archive, as the binaries themselves say, and the
// SHA-256 digests of the binaries. https://cyclonedx.org/docs/1.6/json/
func writeSBOM(name, version, archive, document string) error {
	program, err := programsIn(archive)
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	modules := map[string]cyclonedx.Component{}
	var binaries []cyclonedx.Component
	for _, f := range program {
		binaries = append(binaries, cyclonedx.Component{
			BOMRef: f.path, Type: cyclonedx.ComponentTypeFile, Name: f.path, Version: version,
			Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: digest(f.data)}},
		})
		if bytes.HasPrefix(f.data, []byte("#!")) { // another author's plugin
			continue
		}
		info, err := buildinfo.Read(bytes.NewReader(f.data))
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		for _, module := range append(info.Deps, &info.Main, &debug.Module{Path: "std", Version: info.GoVersion}) {
			c, err := component(module, version)
			if err != nil {
				return err
			}
			modules[c.BOMRef] = c
		}
	}
	if len(binaries) == 0 {
		return fmt.Errorf("%s has no programs", archive)
	}
	var components []cyclonedx.Component
	refs := slices.Sorted(maps.Keys(modules))
	for _, ref := range refs {
		components = append(components, modules[ref])
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: name, Type: cyclonedx.ComponentTypeApplication, Name: name, Version: version, Components: &binaries,
	}}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: name, Dependencies: &refs}}
	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).
		Encode(bom); err != nil {
		return err
	}
	return os.WriteFile(document, text.Bytes(), 0o644) //nolint:gosec // a release is public
}

// programsIn are the executable files of a release's archive.
func programsIn(path string) (programs []file, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(path, ".zip") {
		return tarPrograms(bytes.NewReader(data))
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	for _, f := range archive.File {
		if f.Mode()&0o111 == 0 || f.Mode().IsDir() {
			continue
		}
		content, err := f.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(content)
		if err := errors.Join(err, content.Close()); err != nil {
			return nil, err
		}
		programs = append(programs, file{f.Name, f.Mode(), data})
	}
	return programs, nil
}

func tarPrograms(from io.Reader) (programs []file, err error) {
	plain, err := gzip.NewReader(from)
	if err != nil {
		return nil, err
	}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return programs, nil
		}
		if err != nil {
			return nil, err
		}
		mode := header.FileInfo().Mode()
		if mode&0o111 == 0 || mode.IsDir() {
			continue
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		programs = append(programs, file{header.Name, mode, data})
	}
}

// component is a module in a binary. Ours are built from the work tree, so that the binary does not know their version.
func component(m *debug.Module, release string) (cyclonedx.Component, error) {
	if m.Replace != nil && !strings.HasPrefix(m.Path, ours) {
		return cyclonedx.Component{}, errors.New(m.Path + " is replaced: a release is built from published modules")
	}
	version := m.Version
	if strings.HasPrefix(m.Path, ours) {
		version = "v" + release
	}
	purl := "pkg:golang/" + m.Path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: m.Path, Version: version,
		PackageURL: purl}, nil
}
