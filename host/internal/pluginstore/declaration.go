package pluginstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// Declared is a plugin of plugins.toml.
type Declared struct {
	Source string `toml:"source"`
	// Version is a constraint; empty: the newest.
	Version string `toml:"version"`
	// Key is the name of the key that must have signed it; empty: any or none.
	Key string `toml:"key"`
}

const maxDeclaration = 1 << 20

// Declared reads plugins.toml. ok is false if there is none: then the lock file alone says what is installed.
func (p *Plugins) Declared() (plugins map[string]Declared, ok bool, err error) {
	data, err := catalog.ReadSmall(p.Declaration, maxDeclaration)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	plugins, err = parseDeclaration(data)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", p.Declaration, err)
	}
	return plugins, true, nil
}

// parseDeclaration refuses what it does not know: a misspelt key must not install an unsigned plugin.
func parseDeclaration(data []byte) (map[string]Declared, error) {
	if len(data) > maxDeclaration {
		return nil, fmt.Errorf("larger than %d bytes", maxDeclaration)
	}
	var document struct {
		Plugins map[string]Declared `toml:"plugins"`
	}
	decoder := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(unknown.Errors) > 0 {
			row, _ := unknown.Errors[0].Position()
			return nil, fmt.Errorf("line %d: %s is not known: want [plugins.NAME] with source, version and key", row,
				redact.Line(strings.Join(unknown.Errors[0].Key(), ".")))
		}
		if fault, ok := errors.AsType[*toml.DecodeError](err); ok {
			row, column := fault.Position()
			return nil, fmt.Errorf("line %d, column %d: %w", row, column, err)
		}
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(document.Plugins)) {
		d := document.Plugins[name]
		if catalog.CheckNaming(name, "0.0.0") != nil {
			return nil, fmt.Errorf("plugin %s: want a name of lower-case letters, digits and dashes", strconv.Quote(name))
		}
		if d.Source == "" {
			return nil, fmt.Errorf("plugin %s: its source is missing", name)
		}
		if _, err := source.Satisfies("1.0.0", d.Version); err != nil {
			return nil, fmt.Errorf("plugin %s: %w", name, err)
		}
	}
	return document.Plugins, nil
}

// declare adds what is installed to plugins.toml, where there is one. undo takes that back.
func (p *Plugins) declare(change Change) (undo func() error, err error) {
	undo = func() error { return nil }
	declared, ok, err := p.Declared()
	if err != nil || !ok || !change.Declare {
		return undo, err
	}
	old, err := catalog.ReadSmall(p.Declaration, maxDeclaration)
	if err != nil {
		return undo, err
	}
	data := slices.Clone(old)
	for _, c := range change.Install {
		if _, known := declared[c.Plugin.Name]; !known {
			data = append(data, tomlTable(c.Plugin.Name, DeclaredBy(c.Entry))...)
		}
	}
	if bytes.Equal(old, data) {
		return undo, nil
	}
	if _, err := parseDeclaration(data); err != nil {
		return undo, fmt.Errorf("%s: a table can't be added to it (%w): declare the plugin there yourself, then run "+
			"auth0-mcp plugin update", p.Declaration, err)
	}
	if err := p.step("write plugins.toml"); err != nil {
		return undo, err
	}
	info, err := os.Stat(p.Declaration)
	if err != nil {
		return undo, err
	}
	replace := func(data []byte) error {
		return atomicfile.Replace(p.Declaration, data, func(f *os.File) error { return f.Chmod(info.Mode().Perm()) })
	}
	return func() error { return replace(old) }, replace(data)
}

func tomlTable(name string, d Declared) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\n[plugins.%s]\nsource = %s\n", name, tomlString(d.Source))
	if d.Version != "" {
		fmt.Fprintf(&text, "version = %s\n", tomlString(d.Version))
	}
	if d.Key != "" {
		fmt.Fprintf(&text, "key = %s\n", tomlString(d.Key))
	}
	return text.String()
}

// tomlString is a text without control characters as TOML writes it.
func tomlString(s string) string {
	if !strings.ContainsAny(s, `'`+"\n\r\t") {
		return "'" + s + "'"
	}
	return strconv.Quote(s)
}

// DeclaredBy is how plugins.toml declares what a lock entry says.
func DeclaredBy(e catalog.LockEntry) Declared {
	return Declared{Source: e.Source, Version: e.Constraint, Key: e.Key}
}

// DriftError says where plugins.toml and the lock file disagree.
type DriftError struct {
	Declaration string
	Problems    []string
}

func (e *DriftError) Error() string {
	return fmt.Sprintf("%s and its lock file disagree:\n  %s\nRun auth0-mcp plugin update, which shows what would change",
		e.Declaration, strings.Join(e.Problems, "\n  "))
}

// drift compares plugins.toml with the lock file.
func (p *Plugins) drift(lock catalog.Lock) error {
	declared, ok, err := p.Declared()
	if err != nil || !ok {
		return err
	}
	e := &DriftError{Declaration: p.Declaration}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		entry, locked := lock.Plugins[name]
		is, wanted := DeclaredBy(entry), declared[name]
		switch {
		case !locked:
			e.Problems = append(e.Problems, name+" is declared and not locked")
		case is != wanted:
			e.Problems = append(e.Problems, fmt.Sprintf("%s is declared as %s and locked as %s", name, wanted, is))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(lock.Plugins)) {
		if _, ok := declared[name]; !ok {
			e.Problems = append(e.Problems, name+" is locked and not declared")
		}
	}
	if len(e.Problems) == 0 {
		return nil
	}
	return e
}

// String is the declaration in one line.
func (d Declared) String() string {
	text := strconv.Quote(d.Source)
	if d.Version != "" {
		text += " version " + strconv.Quote(d.Version)
	}
	if d.Key != "" {
		text += " key " + strconv.Quote(d.Key)
	}
	return text
}
