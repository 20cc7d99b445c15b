// Command pluginschemas writes the input schemas of plugins' tools from the facts of managementapi.
//
//	pluginschemas DIR
//
// DIR holds a folder for each plugin. One with a file schemas.txt says there which operation's body each tool
// takes and what is special about it (see table.go), and gets schemas/TOOL.json for each.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	tableName = "schemas.txt"
	outName   = "schemas"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pluginschemas DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "pluginschemas:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	tables, err := filepath.Glob(filepath.Join(dir, "*", tableName))
	if err != nil {
		return err
	}
	if len(tables) == 0 {
		return fmt.Errorf("%s: no plugin has a %s", dir, tableName)
	}
	var errs []error
	for _, table := range tables {
		files, err := generate(table)
		if err == nil {
			err = write(filepath.Join(filepath.Dir(table), outName), files)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// generate returns the files of a plugin by name.
func generate(table string) (map[string][]byte, error) {
	text, err := os.ReadFile(table)
	if err != nil {
		return nil, err
	}
	tools, err := parseTable(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", table, err)
	}
	files := map[string][]byte{}
	var errs []error
	for _, t := range tools {
		schema, err := t.schema()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%w", table, err))
			continue
		}
		files[t.name+".json"] = layOut(schema)
	}
	for _, err := range unused(tools) {
		errs = append(errs, fmt.Errorf("%s:%w", table, err))
	}
	return files, errors.Join(errs...)
}

// write makes the folder hold exactly these files.
func write(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // part of the source
		return err
	}
	present, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range present {
		if _, wanted := files[entry.Name()]; !wanted && strings.HasSuffix(entry.Name(), ".json") {
			if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil { //nolint:gosec // part of the source
			return err
		}
	}
	return nil
}

// layOut writes each argument and each definition on a line of its own.
func layOut(schema *object) []byte {
	var out bytes.Buffer
	out.WriteString("{\n")
	for i, m := range schema.members {
		if i > 0 {
			out.WriteString(",\n")
		}
		fmt.Fprintf(&out, "%s: ", encode(m.name))
		inner, isObject := m.value.(*object)
		if !isObject {
			out.Write(encode(m.value))
			continue
		}
		out.WriteString("{\n")
		for j, one := range inner.members {
			if j > 0 {
				out.WriteString(",\n")
			}
			fmt.Fprintf(&out, "  %s: %s", encode(one.name), encode(one.value))
		}
		out.WriteString("\n}")
	}
	out.WriteString("\n}\n")
	return out.Bytes()
}

// object is a JSON object whose members keep their order.
type object struct{ members []field }

type field struct {
	name  string
	value any
}

func (o *object) put(name string, value any) { o.members = append(o.members, field{name, value}) }

func (o *object) bytes() []byte {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(encode(m.name))
		out.WriteByte(':')
		out.Write(encode(m.value))
	}
	out.WriteByte('}')
	return out.Bytes()
}

// encode writes JSON without escaping <, > and &.
func encode(value any) []byte {
	if o, ok := value.(*object); ok {
		return o.bytes()
	}
	if list, ok := value.([]*object); ok {
		var out bytes.Buffer
		out.WriteByte('[')
		for i, o := range list {
			if i > 0 {
				out.WriteByte(',')
			}
			out.Write(encode(o))
		}
		out.WriteByte(']')
		return out.Bytes()
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // texts, numbers, booleans, lists of them
	}
	return bytes.TrimSpace(out.Bytes())
}
