package catalog

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const pluginDocs = "../../../docs/plugins"

// publishedSchema is the manifest's JSON Schema as authors get it.
func publishedSchema(t testing.TB) (schema *jsonschema.Schema, document map[string]any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(pluginDocs, "manifest.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("manifest.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	if schema, err = compiler.Compile("manifest.schema.json"); err != nil {
		t.Fatal(err)
	}
	return schema, doc.(map[string]any)
}

func fitsSchema(t testing.TB, schema *jsonschema.Schema, manifest []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(manifest))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(doc)
}

// The schema and the page have exactly the members that the host reads.
func TestPublishedSchemaHasTheMembersOfTheManifest(t *testing.T) {
	_, document := publishedSchema(t)
	page, err := os.ReadFile(filepath.Join(pluginDocs, "manifest.md"))
	if err != nil {
		t.Fatal(err)
	}
	defs := document["$defs"].(map[string]any)
	for name, tt := range map[string]struct {
		of     reflect.Type
		object any
		closed bool
	}{
		"the manifest": {reflect.TypeFor[pluginv1.Manifest](), document, true},
		"tool":         {reflect.TypeFor[pluginv1.ToolManifest](), defs["tool"], true},
		"display":      {reflect.TypeFor[pluginv1.Display](), defs["display"], false},
		"icon":         {reflect.TypeFor[pluginv1.Icon](), defs["icon"], false},
		"example":      {reflect.TypeFor[pluginv1.Example](), defs["example"], false},
	} {
		var want []string
		for f := range tt.of.Fields() {
			member, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			want = append(want, member)
			if !bytes.Contains(page, []byte("`"+member+"`")) {
				t.Errorf("manifest.md does not describe %s of %s", member, name)
			}
		}
		object := tt.object.(map[string]any)
		got := slices.Collect(maps.Keys(object["properties"].(map[string]any)))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %q, the host reads %q", name, got, want)
		}
		if closed := object["additionalProperties"] == false; closed != tt.closed {
			t.Errorf("%s: closed is %v", name, closed)
		}
	}
}

// What the host accepts fits the schema, and the example of the page is accepted.
func TestPublishedSchemaAcceptsManifests(t *testing.T) {
	schema, _ := publishedSchema(t)
	paths, err := filepath.Glob("../../../plugins/*/manifest.json")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range append(paths, "../../../examples/client-grants/manifest.json") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := fitsSchema(t, schema, data); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	page, err := os.ReadFile(filepath.Join(pluginDocs, "manifest.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	example, _, ok := strings.Cut(rest, "```")
	m, _, err := decodeManifest([]byte(example))
	if err == nil {
		err = ValidateManifest(m)
	}
	if err == nil {
		err = fitsSchema(t, schema, []byte(example))
	}
	if !ok || err != nil {
		t.Errorf("the example of manifest.md: %v", err)
	}
}

// What both the schema and the host can see, both refuse.
func TestPublishedSchemaRefuses(t *testing.T) {
	schema, _ := publishedSchema(t)
	full := `{"manifest":1,"name":"things","version":"1.2.3-rc.1+b","protocols":[1,2],"executable":"bin/run","args":["a"],"display":{"title":"T","later":{},"docs":"https://x.example"},
		"tools":[{"name":"auth0_x","effect":"write","idempotent":true,"scopes":["read:things"],"paths":["POST /api/v2/things","PATCH /api/v2/things/{id}"],"files":["project"],
		"untrusted":["[].a","b[].c"],"inputSchema":{"type":"object","additionalProperties":false},
		"display":{"description":"D","later":1,"outputSchema":{"type":"object","properties":{"a":{"type":"array","items":{}}}},"icons":[{"src":"https://x.example/i","theme":"dark"}],"examples":[{"description":"E","arguments":{}}]}}]}`
	both := func(document string) (published, host error) {
		m, _, err := decodeManifest([]byte(document))
		if err == nil {
			err = ValidateManifest(m)
		}
		return fitsSchema(t, schema, []byte(document)), err
	}
	if published, host := both(full); published != nil || host != nil {
		t.Fatalf("the schema: %v; the host: %v", published, host)
	}
	for old, wrong := range map[string][]string{
		`"manifest":1,`: {``, `"manifest":2,`, `"manifest":"1",`, `"manifest":1,"grants":[],`,
			`"manifest":1,"title":"x",`},
		`"name":"things"`: {`"name":"Things"`, `"name":""`, `"name":"` + strings.Repeat("a", 32) + `"`,
			`"nam":"things"`},
		`"1.2.3-rc.1+b"`: {`"1.2"`, `"v1.2.3"`, `"01.2.3"`, `"1.2.3-01"`, `"1.2.3+"`, `1`},
		`[1,2]`:          {`[2]`, `[]`, `1`},
		`"bin/run"`: {`"/bin/run"`, `"../run"`, `"bin/../run"`, `"bin//run"`, `"bin/"`, `"."`, `"bin\\run"`,
			`"C:run"`, `"run.exe"`, `"run.EXE"`},
		`["a"]`: {`[""]`, `"a"`, `["` + strings.Repeat("a", 257) + `"]`},
		`"title":"T"`: {`"title":1`, `"title":"` + strings.Repeat("a", 129) + `"`,
			`"examples":[{"description":"a","arguments":{}}]`},
		`"https://x.example"`: {`"http://x.example"`, `"javascript:x"`, `"https://a:b@x.example"`},
		`"auth0_x"`:           {`"auth0-x"`, `"X"`, `""`},
		`"effect":"write"`:    {`"effect":"Write"`, `"effect":""`, `"Effect":"write"`, `"effect":"write","may":1`},
		`["read:things"]`:     {`["things"]`, `["read:Things"]`, `["read:things read:all"]`},
		`"POST /api/v2/things"`: {`"/api/v2/things"`, `"TRACE /api/v2/things"`, `"POST /oauth/token"`,
			`"POST /api/v2/../x"`, `"POST /api/v2/"`, `"POST /api/v2/a%2Fb"`, `"POST /api/v2/{}"`, `"POST /api/v2/a{b}"`,
			`"POST /api/v2/x?y"`},
		`["project"]`:               {`[""]`, `["../x"]`, `["project","project"]`},
		`"effect":"write","idempot`: {`"effect":"read","idempot`},
		`["[].a","b[].c"]`:          {`[""]`, `["a..b"]`, `["a.[]"]`, `["**"]`},
		`"description":"D"`: {`"title":"D"`, `"description":" "`, `"description":"` + strings.Repeat("a",
			2049) + `"`},
		`"https://x.example/i"`: {`"file:///x"`, `"data:image/svg+xml;base64,AA=="`, `"data:image/png;base64,"`},
		`"type":"object","properties":{"a"`: {`"type":"array","properties":{"a"`, `"properties":{"a"`,
			`"type":"object","required":["a"],"properties":{"a"`},
		`{"type":"array","items":{}}`: {`true`, `{"type":["array","null"]}`, `{"items":{}}`, `{"type":"array","items":[]}`,
			`{"type":"string","enum":["a"]}`, `{"type":"null"}`, `{"description":1}`},
		`"arguments":{}`:    {`"arguments":[]`},
		`"description":"E"`: {`"title":"E"`},
	} {
		for _, to := range wrong {
			document := strings.Replace(full, old, to, 1)
			if document == full {
				t.Fatalf("%s is not there", old)
			}
			if !json.Valid([]byte(document)) {
				t.Fatalf("%s: not JSON", to)
			}
			if published, host := both(document); published == nil || host == nil {
				t.Errorf("%s: the schema: %v; the host: %v", to, published, host)
			}
		}
	}
}
