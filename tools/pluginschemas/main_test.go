package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is committed is what the tables say.
func TestCommittedSchemasAreCurrent(t *testing.T) {
	tables, err := filepath.Glob("../../plugins/*/" + tableName)
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	for _, table := range tables {
		files, err := generate(table)
		if err != nil {
			t.Error(err)
			continue
		}
		dir := filepath.Join(filepath.Dir(table), outName)
		for name, want := range files {
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != string(want) {
				t.Errorf("%s/%s is stale (%v): make generate", dir, name, err)
			}
		}
		if present, err := os.ReadDir(dir); err != nil || len(present) != len(files) {
			t.Errorf("%s: %d files for %d tools (%v)", dir, len(present), len(files), err)
		}
	}
}

const example = `
[auth0_create_x auth0_update_x]
# A comment.
own id: string(1..)
own kind?: "a"|"b"|null
own free?: {...}
text free: Anything.
own closed?: {a:integer ...}
own open?: {a:integer ...}
open open
text open: More.
own list?: [{name:string(..9) value?:string}](1..3 unique)|null
own maybe?: {when:string|number}|string|null
own long?: string(pattern="^(?=a)")
[auth0_update_x]
omit long
set closed.a?: "x"
set list[].extra: boolean
text list[].name: Its name.
drop maybe.{when,made}
fold list: Things.
more kind
`

// pick returns a property of the generated schema of a tool, and whether the root requires it.
func pick(t *testing.T, table, tool, property string) string {
	t.Helper()
	tools, err := parseTable(table)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range tools {
		if one.name != tool {
			continue
		}
		schema, err := one.schema()
		if err != nil {
			t.Fatal(err)
		}
		var root struct {
			Properties map[string]json.RawMessage
			Required   []string
		}
		if err := json.Unmarshal(layOut(schema), &root); err != nil {
			t.Fatal(err)
		}
		if property == "required" {
			return strings.Join(root.Required, " ")
		}
		return string(root.Properties[property])
	}
	t.Fatalf("no tool %s", tool)
	return ""
}

func TestLinesOfATable(t *testing.T) {
	for _, tt := range []struct{ tool, property, want string }{
		{"auth0_create_x", "required", "id"},
		{"auth0_create_x", "id", `{"type":"string","minLength":1}`},
		{"auth0_create_x", "kind", `{"anyOf":[{"type":"string","enum":["a","b"]},{"type":"null"}]}`},
		{"auth0_create_x", "free", `{"description":"Anything.","type":"object","additionalProperties":true}`},
		{"auth0_create_x", "closed",
			`{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}`},
		{"auth0_create_x", "open",
			`{"description":"More.","type":"object","properties":{"a":{"type":"integer"}},"required":["a"],` +
				`"additionalProperties":true}`},
		{"auth0_create_x", "list", `{"anyOf":[{"type":"array","minItems":1,"maxItems":3,"uniqueItems":true,"items":` +
			`{"type":"object","properties":{"name":{"type":"string","maxLength":9},"value":{"type":"string"}},` +
			`"required":["name"],"additionalProperties":false}},{"type":"null"}]}`},
		{"auth0_create_x", "maybe",
			`{"anyOf":[{"type":"object","properties":{"when":{"anyOf":[{"type":"string"},{"type":"number"}]}},` +
				`"required":["when"],"additionalProperties":false},{"type":"string"},{"type":"null"}]}`},
		{"auth0_create_x", "long", `{"type":"string"}`},
		{"auth0_update_x", "long", ``},
		{"auth0_update_x", "kind", `{"fold":"more","anyOf":[{"type":"string","enum":["a","b"]},{"type":"null"}]}`},
		{"auth0_update_x", "closed",
			`{"type":"object","properties":{"a":{"type":"string","enum":["x"]}},"additionalProperties":false}`},
		{"auth0_update_x", "maybe",
			`{"anyOf":[{"type":"object","properties":{"when":{"readOnly":true},"made":{"readOnly":true}},` +
				`"additionalProperties":false},{"type":"string"},{"type":"null"}]}`},
		{"auth0_update_x", "list",
			`{"description":"Things.","fold":true,"anyOf":[{"type":"array","minItems":1,"maxItems":3,"uniqueItems":true,` +
				`"items":{"type":"object",` +
				`"properties":{"name":{"description":"Its name.","type":"string","maxLength":9},"value":{"type":"string"},` +
				`"extra":{"type":"boolean"}},"required":["name","extra"],"additionalProperties":false}},{"type":"null"}]}`},
	} {
		if got := pick(t, example, tt.tool, tt.property); got != tt.want {
			t.Errorf("%s.%s:\n%s, want\n%s", tt.tool, tt.property, got, tt.want)
		}
	}
}

// Members that only answers have are accepted at every depth; a tool's own argument takes the place of a body's.
func TestBodyAndStored(t *testing.T) {
	const table = "[auth0_x]\nbody PATCH /api/v2/clients/{id}\nstored GET /api/v2/clients/{id}\nown name: boolean\n" +
		"open addons.*\ntext addons.*: x\ntext addons.samlp.mappings: x\ntext client_metadata: x\ntext " +
		"jwt_configuration.scopes: x\n"
	for property, want := range map[string]string{
		"name": `{"type":"boolean"}`, "tenant": `{"readOnly":true}`, "global": `{"readOnly":true}`, "required": "name",
		"sso": `{"type":"boolean"}`,
	} {
		if got := pick(t, table, "auth0_x", property); got != want {
			t.Errorf("%s: %s, want %s", property, got, want)
		}
	}
}

func TestSharedSchemasAreWrittenOnce(t *testing.T) {
	const one = `{first:string(..99) second:string(..99) third:string(..99) fourth:string(..99)}`
	tools, err := parseTable("[auth0_x]\nown a: " + one + "\nown b: [" + one + "]\nown c: " + one + "\ntext c: Another.\n")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := tools[0].schema()
	if err != nil {
		t.Fatal(err)
	}
	text := string(layOut(schema))
	for _, line := range []string{
		`"a": {"type":"object","$ref":"#/$defs/Shared"}`,
		`"b": {"type":"array","items":{"type":"object","$ref":"#/$defs/Shared"}}`,
		`"c": {"description":"Another.","type":"object","$ref":"#/$defs/Shared"}`,
		`"Shared": {"type":"object","properties":{"first":`,
	} {
		if strings.Count(text, line) != 1 {
			t.Errorf("want %s once in\n%s", line, text)
		}
	}
}

func TestTablesRefused(t *testing.T) {
	for table, want := range map[string]string{
		"text a: b":                       "1: no [tool] above",
		"[x]\nnonsense a":                 `2: unknown word "nonsense"`,
		"[x]\nown a":                      `2: want "path: schema"`,
		"[x]\nown a: strin":               "2: ",
		"[x]\nfold a":                     `2: want "path: text"`,
		"[x]\nbody GET /api/v2/nothing":   "2: body GET /api/v2/nothing: there is no such operation",
		"[x]\nbody GET /api/v2/clients":   "its body is no object",
		"[x]\nown a: string\ntext b: c":   "3: text b: matches nothing",
		"[x]\nown a: string\nfold a.b: c": "matches nothing",
		"[x]\nown a: any":                 "x: a takes anything: it needs a text",
		"[x]\nown a: {b:[{...}]}":         "x: a.b[] takes anything",
		"[x]\nown a: string\nmore a b":    "3: more b: matches nothing",
	} {
		file := filepath.Join(t.TempDir(), tableName)
		if err := os.WriteFile(file, []byte(table), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := generate(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", table, err, want)
		}
	}
}
