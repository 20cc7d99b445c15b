// Command auth0-mcp-reference writes the reference of the tools, a page for each plugin: from the plugins' manifests,
// and with an example call of each tool, which the host carries out against the sandbox. make generate runs it.
//
//	auth0-mcp-reference ROOT PLUGINS
//
// ROOT is the repository, PLUGINS the binary with the plugins that are shipped. The arguments of examples are those of
// plugins/NAME/examples.json.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: auth0-mcp-reference ROOT PLUGINS")
		os.Exit(2)
	}
	if err := generate(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "auth0-mcp-reference:", err)
		os.Exit(1)
	}
}

// entry is a tool with its example, or the reason why it has none.
type entry struct {
	tool    *catalog.Tool
	example example
	without string
}

func generate(ctx context.Context, root, binary string) (err error) {
	plugins, err := load(root, binary)
	if err != nil {
		return err
	}
	host, err := startHost()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.close()) }()
	folder := filepath.Join(root, "docs", "reference")
	if err := removePages(folder); err != nil {
		return err
	}
	var all []entry
	var problems []error
	for _, p := range plugins {
		chosen, err := readExamples(filepath.Join(root, "plugins", p.Name, "examples.json"), p)
		if err != nil {
			return err
		}
		var entries []entry
		for _, tool := range p.tools {
			one, err := host.entry(ctx, p.tools, tool, chosen[tool.Name])
			if problems = append(problems, err); err == nil {
				entries = append(entries, one)
			}
		}
		all = append(all, entries...)
		page, err := pluginPage(p, entries)
		if err := errors.Join(err, write(filepath.Join(folder, p.Name+".md"), page)); err != nil {
			return err
		}
	}
	return errors.Join(append(problems, write(filepath.Join(folder, "README.md"), overview(plugins, all)))...)
}

// shipped is a plugin of the binary.
type shipped struct {
	*catalog.Plugin
	tools []*catalog.Tool
}

// load reads the plugins' manifests in the order of their names.
func load(root, binary string) ([]shipped, error) {
	paths, err := filepath.Glob(filepath.Join(root, "plugins", "*", "manifest.json"))
	if err != nil {
		return nil, err
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return nil, err
	}
	var dev []catalog.DevPlugin
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		m, err := pluginv1.ParseManifest(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		m.Executable, m.Args = filepath.Base(binary), []string{m.Name}
		dev = append(dev, catalog.DevPlugin{Dir: filepath.Dir(binary), Path: binary, Manifest: m})
	}
	loaded, err := catalog.Load(catalog.Sources{Dev: dev})
	if err != nil {
		return nil, err
	}
	if refused := loaded.Refused(); len(refused) > 0 {
		return nil, errors.New(refused[0].String())
	}
	selection, err := loaded.Select(catalog.Filter{})
	if err != nil {
		return nil, err
	}
	var plugins []shipped
	for _, p := range loaded.Plugins() {
		one := shipped{Plugin: p}
		for _, tool := range selection.Tools() {
			if tool.Builtin() == nil && tool.Plugin.Name == p.Name {
				one.tools = append(one.tools, tool)
			}
		}
		plugins = append(plugins, one)
	}
	slices.SortFunc(plugins, func(a, b shipped) int { return strings.Compare(a.Name, b.Name) })
	return plugins, nil
}

// removePages removes the pages of plugins that are no more.
func removePages(folder string) error {
	pages, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		if err := os.Remove(page); err != nil {
			return err
		}
	}
	return os.MkdirAll(folder, 0o755) //nolint:gosec // documentation is public
}

func write(path, page string) error {
	return os.WriteFile(path, []byte(page), 0o644) //nolint:gosec // documentation is public
}
