package wrap_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/wrap"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func listed(name, schema string) wrap.Listed {
	return wrap.Listed{Name: name, Description: "Does it.", InputSchema: json.RawMessage(schema), Destructive: true,
		Declared: "digest"}
}

func TestMake(t *testing.T) {
	tools := []wrap.Listed{listed("readFile", `{"type":"object"}`), listed("notes_add", `{}`)}
	tools[0].Destructive = false
	p, err := wrap.Make("notes", wrap.Launch{Command: "/bin/x"}, wrap.Listing{Version: "v1", Tools: tools}, nil)
	if err != nil {
		t.Fatal(err)
	}
	read, add := p.Manifest.Tools[0], p.Manifest.Tools[1]
	if read.Name != "notes_read_file" || read.Effect != pluginv1.EffectWrite || add.Name != "notes_add" ||
		add.Effect != pluginv1.EffectDestroy || !read.External || !add.External || p.Manifest.Version != "0.0.0" {
		t.Errorf("%+v", p.Manifest)
	}
	for _, globs := range [][]string{{"read*"}, {"notes_read_*"}} {
		if p, err := wrap.Make("notes", wrap.Launch{}, wrap.Listing{Version: "1.2.3", Tools: tools}, globs); err != nil ||
			len(p.Manifest.Tools) != 1 || p.Manifest.Version != "1.2.3" {
			t.Errorf("%q: %v, %v", globs, p.Manifest, err)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	many := make([]wrap.Listed, 101)
	for i := range many {
		many[i] = listed(fmt.Sprint("t", i), `{}`)
	}
	for want, test := range map[string]struct {
		name  string
		tools []wrap.Listed
		globs []string
	}{
		"want a lower-case letter":         {"Notes", many[:1], nil},
		"offers no tools":                  {"notes", nil, nil},
		"no such tool":                     {"notes", many[:1], []string{"t0", "x*"}},
		"would both be notes_add_note":     {"notes", []wrap.Listed{listed("addNote", `{}`), listed("add.note", `{}`)}, nil},
		"101 tools: want 1 to 100":         {"notes", many, nil},
		`"\u200b" and "\u200c" would both`: {"notes", []wrap.Listed{listed("\u200b", `{}`), listed("\u200c", `{}`)}, nil},
	} {
		_, err := wrap.Make(test.name, wrap.Launch{}, wrap.Listing{Tools: test.tools}, test.globs)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Schemas that servers have: which arguments still get through, and that nothing of the host's own is in them.
func TestSchemas(t *testing.T) {
	deep := strings.Repeat(`{"type":"object","properties":{"a":`, 25) + `{}` + strings.Repeat(`}}`, 25)
	for name, test := range map[string]struct {
		schema string
		want   string // of the argument a; "" if all arguments are in one
	}{
		"open": {`{"type":"object","properties":{"a":{"type":"string"}}}`, `{"type":"string"}`},
		"list": {`{"properties":{"a":{"type":["string","null"]}}}`,
			`{"anyOf":[{"type":"string"},{"type":"null"}],"description":"One of several kinds of values."}`},
		"map": {`{"properties":{"a":{"type":"object"}}}`,
			`{"additionalProperties":true,"description":"Any members that the server takes.","type":"object"}`},
		"array": {`{"properties":{"a":{"type":"array"}}}`,
			`{"items":{"description":"Any value that the server takes."},"type":"array"}`},
		"old": {`{"definitions":{"x":{"type":"integer"}},"properties":{"a":{"$ref":"#/definitions/x"}}}`,
			`{"$ref":"#/$defs/x"}`},
		"host's own": {`{"properties":{"a":{"type":"string","readOnly":true,"fold":true}}}`, `{"type":"string"}`},
		"pattern":    {`{"properties":{"a":{"type":"string","pattern":"(?=x)"}}}`, `{"type":"string"}`},
		"unknown":    {`{"properties":{"a":{"type":"string","x-secret":1,"not":{}}}}`, `{"type":"string"}`},
		"all of": {`{"properties":{"a":{"allOf":[{"properties":{"b":{}}},{"properties":{"c":{}}}]}}}`,
			`{"description":"Any value that the server takes."}`},
		"hidden": {"{\"properties\":{\"a\":{\"type\":\"string\",\"description\":\"a\u200bb\\u0007\"}}}",
			`{"description":"ab","type":"string"}`},
		"circle": {`{"$defs":{"x":{"properties":{"x":{"$ref":"#/$defs/x"}}}},"properties":{"a":{"$ref":"#/$defs/x"}}}`,
			""},
		"union":     {`{"anyOf":[{"type":"object"}]}`, ""},
		"names":     {"{\"properties\":{\"a\u200b\":{}}}", ""},
		"enum":      {"{\"properties\":{\"a\":{\"enum\":[\"\u200b\"]}}}", ""},
		"any":       {`{"additionalProperties":true}`, ""},
		"elsewhere": {`{"properties":{"a":{"$ref":"https://x.example/s"}}}`, ""},
		"no object": {`{"type":"array"}`, ""},
		"no schema": {`true`, ""},
		"broken":    {`{"type":"object","type":"object"}`, ""},
		"limits":    {`{"properties":{"a":{"type":"string","minLength":"x"}}}`, ""},
		"huge":      {`{"properties":{"a":{"type":"string","const":"` + strings.Repeat("x", 70<<10) + `"}}}`, ""},
		"deep":      {deep, `-`},
	} {
		p, err := wrap.Make("notes", wrap.Launch{}, wrap.Listing{Tools: []wrap.Listed{listed("x", test.schema)}}, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var schema struct{ Properties map[string]json.RawMessage }
		if err := json.Unmarshal(p.Manifest.Tools[0].InputSchema, &schema); err != nil {
			t.Fatal(err)
		}
		_, simplified := schema.Properties["arguments"]
		if got := string(schema.Properties["a"]); simplified != (test.want == "") || got != test.want && test.want != "-" {
			t.Errorf("%s: %s", name, p.Manifest.Tools[0].InputSchema)
		}
	}
}

// Whatever a server says, a plugin is made that the host accepts, or none.
func FuzzMake(f *testing.F) {
	f.Add("addNote", "x", `{"type":"object","properties":{"a":{"type":["string","null"]}}}`)
	f.Add("\u202e", strings.Repeat("é", 3000), `{"properties":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]}},"$defs":{"b":true}}`)
	f.Fuzz(func(t *testing.T, name, text, schema string) {
		tool := listed(name, schema)
		tool.Title, tool.Description = text, text
		p, err := wrap.Make("notes", wrap.Launch{}, wrap.Listing{Version: text, Tools: []wrap.Listed{tool}}, nil)
		if err != nil {
			t.Fatalf("%q %q %q: %v", name, text, schema, err)
		}
		if err := catalog.ValidateManifest(p.Manifest); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWrite(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("program"), 0o700); err != nil {
		t.Fatal(err)
	}
	launch := wrap.Launch{Command: "/bin/x", Env: map[string]string{"TOKEN": "a secret"}}
	p, err := wrap.Make("notes", launch, wrap.Listing{Tools: []wrap.Listed{listed("x", `{}`)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	folder, created, err := p.Write(dir, wrap.Bridge{Path: program})
	if err != nil || !created {
		t.Fatal(created, err)
	}
	manifest, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil || strings.Contains(string(manifest), "a secret") {
		t.Errorf("%s, %v", manifest, err)
	}
	if _, err := catalog.ReadPlugin(filepath.Join(folder, "manifest.json")); err != nil {
		t.Error(err)
	}
	if again, created, err := p.Write(dir, wrap.Bridge{Path: program}); again != folder || created || err != nil {
		t.Error(again, created, err)
	}
	former := filepath.Join(dir, "notes@000000000000")
	if err := os.Mkdir(former, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := wrap.RemoveOthers(folder); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
	// A plugin that was installed from elsewhere keeps its source.
	elsewhere := t.TempDir()
	for _, source := range []string{elsewhere, dir, "https://plugins.example/index.json"} {
		if err := wrap.Remove(dir, source); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(elsewhere); err != nil {
		t.Error(err)
	}
	if err := wrap.Remove(dir, folder); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}
