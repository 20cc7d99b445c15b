package managementapi

import (
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, test := range []struct{ schema, value, want string }{
		{`string`, `"x"`, ``},
		{`string`, `1`, `: kind, want string`},
		{`string`, `null`, `: kind, want string`},
		{`string|null`, `null`, ``},
		{`string(2..3)`, `"é"`, `: range, want string(2..3)`},
		{`string(2..3)`, `"éé€"`, ``},
		{`string(..3)`, `"abcd"`, `: range, want string(..3)`},
		{`string(pattern="^[a-z]+$")`, `"A"`, `: pattern, want string(pattern="^[a-z]+$")`},
		{`string(pattern="^(?!x)")`, `"x"`, ``}, // Go has no lookahead: it is not checked
		{`string(format=date-time)`, `"yesterday"`, ``},
		{`"a"|"b"`, `"b"`, ``},
		{`"a"|"b"|null`, `"c"`, `: value, want "a"|"b"|null`},
		{`1|2`, `2`, ``},
		{`1|2`, `3`, `: value, want 1|2`},
		{`true`, `false`, `: value, want true`},
		{`integer`, `1.0`, ``},
		{`integer`, `1.5`, `: kind, want integer`},
		{`integer(0..10)`, `11`, `: range, want integer(0..10)`},
		{`number`, `1.5`, ``},
		{`boolean`, `"true"`, `: kind, want boolean`},
		{`[string]`, `["a",1]`, `/1: kind, want string`},
		{`[](1..2)`, `[]`, `: range, want [](1..2)`},
		{`[integer](unique)`, `[1,2,1]`, `/2: twice`},
		{`[string]`, `{}`, `: kind, want [string]`},
		{`{a:string b?:integer}`, `{"a":"x"}`, ``},
		{`{a:string b?:integer}`, `{"b":1,"c":2}`, `/a: missing, want string; /c: unknown`},
		{`{a?:string ...}`, `{"c":2}`, ``},
		{`{...string}`, `{"a/b~c":2}`, `/a~1b~0c: kind, want string`},
		{`{}(1..)`, `{}`, `: range, want {}(1..)`},
		{`{a?:string}(1..)`, `{"a":"x"}`, ``},
		{`any`, `[{"a":null}]`, ``},
		{`null`, `0`, `: kind, want null`},
		// Of a union, the alternative that is nearest speaks: by what tells them apart, else by the fewest problems.
		{`{type:"x" a:string}|{type:"y" b:integer}`, `{"type":"y","b":"1"}`, `/b: kind, want integer`},
		{`{a:string}|[{a:string}]`, `[{"a":1}]`, `/0/a: kind, want string`},
		{`string|{a:string}`, `{"b":1}`, `/a: missing, want string; /b: unknown`},
	} {
		s, err := ParseSchema(test.schema)
		if err != nil {
			t.Fatal(err)
		}
		for _, useNumber := range []bool{false, true} {
			decoder := json.NewDecoder(strings.NewReader(test.value))
			if useNumber {
				decoder.UseNumber()
			}
			var value any
			if err := decoder.Decode(&value); err != nil {
				t.Fatal(err)
			}
			if got := list(s.Check(value)); got != test.want {
				t.Errorf("%s of %s: %q, want %q", test.schema, test.value, got, test.want)
			}
		}
	}
}

func list(problems []Problem) string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return strings.Join(out, "; ")
}

// Bodies as Auth0 takes them, and what it refuses.
func TestBodies(t *testing.T) {
	data, err := os.ReadFile("testdata/bodies.txt")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.TrimSpace(string(data)), "\n\n")[1:] // the first is a comment
	for _, block := range blocks {
		lines := strings.SplitN(block, "\n", 3)
		o, ok := ByName(lines[0])
		if !ok {
			t.Fatalf("there is no %s", lines[0])
		}
		var body any
		if err := json.Unmarshal([]byte(lines[1]), &body); err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(strings.Join(lines[2:], ""), "\n", "; ")
		if got := list(o.Body.Check(body)); got != want {
			t.Errorf("%s: %s, want %s", lines[0], got, want)
		}
	}
	if len(blocks) < 10 {
		t.Errorf("%d bodies", len(blocks))
	}
}

func TestCheckQueryAndPath(t *testing.T) {
	for _, test := range []struct{ operation, query, want string }{
		{"GET /api/v2/clients", "page=0&per_page=100&include_totals=true&fields=name,client_id&include_fields=true", ``},
		{"GET /api/v2/clients", "per_page=101", `/per_page: range, want integer(0..100)`},
		{"GET /api/v2/clients", "per_page=ten", `/per_page: kind, want integer(0..100)`},
		{"GET /api/v2/clients", "include_totals=yes", `/include_totals: kind, want boolean`},
		{"GET /api/v2/clients", "paeg=1", `/paeg: unknown`},
		{"GET /api/v2/clients", "page=0&page=1", `/page: twice`},
		{"GET /api/v2/connections", "strategy=auth0&strategy=oidc", ``},
		{"GET /api/v2/connections", "strategy=auth1", `/strategy: value`},
		{"GET /api/v2/users-by-email", "", `/email: missing`},
		{"GET /api/v2/users", "q=email:%22a@b.c%22&search_engine=v3&sort=created_at:1", ``},
	} {
		o, ok := ByName(test.operation)
		if !ok {
			t.Fatalf("there is no %s", test.operation)
		}
		query, err := url.ParseQuery(test.query)
		if err != nil {
			t.Fatal(err)
		}
		if got := list(o.CheckQuery(query)); got != test.want && (test.want == "" || !strings.HasPrefix(got, test.want+",")) {
			t.Errorf("%s?%s: %s, want %s", test.operation, test.query, got, test.want)
		}
	}
	o, _ := ByName("GET /api/v2/prompts/{prompt}/custom-text/{language}")
	for _, test := range []struct{ prompt, language, want string }{
		{"login", "en", ""}, {"login", "xx-YY", "/language: value"}, {"", "en", "/prompt: missing"},
	} {
		got := list(o.CheckPath(map[string]string{"prompt": test.prompt, "language": test.language}))
		if !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%v: %s", test, got)
		}
	}
	if got := list(o.CheckPath(map[string]string{"prompt": "login", "language": "en", "id": "x"})); got != "/id: unknown" {
		t.Error(got)
	}
}

func TestParseSchemaRefuses(t *testing.T) {
	for _, text := range []string{
		"", "strin", "string(", "string(x)", "string(..", "string(format=)", "string(pattern=x)", "[string",
		"{a}", "{a:string", "{:string}", "string|",
		"string string", `"x`, `"\q"`, "1e999", "(string", "{...string a:string}", "name", "-", "string(1)", `{"":}`,
		strings.Repeat("[", 100) + strings.Repeat("]", 100),
	} {
		if s, err := ParseSchema(text); err == nil {
			t.Errorf("%q is %s", text, s)
		}
	}
}

func FuzzParseSchema(f *testing.F) {
	for _, text := range []string{
		`{a?!>:string(1..255 pattern="^a$" format=url)|null b:["x"|"y"](1.. unique) ...!integer(0..)}(1..)`,
		`A|(B|null)|"x"|1|true`, `{"a b":any ...}`,
	} {
		f.Add(text, `{"a":"x","b":["x",{"a b":null}]}`)
	}
	f.Fuzz(func(t *testing.T, text, document string) {
		s, err := ParseSchema(text)
		if err != nil {
			return
		}
		written := s.String()
		back, err := ParseSchema(written)
		if err != nil || back.String() != written {
			t.Fatalf("%q: %q does not read back: %v %v", text, written, back, err)
		}
		if !json.Valid(s.JSONSchema()) {
			t.Fatalf("%q: %s", text, s.JSONSchema())
		}
		var value any
		if json.Unmarshal([]byte(document), &value) == nil {
			s.Check(value)
			for found := range s.Secrets(value) {
				if !s.Secret(found.Path...) {
					t.Fatalf("%q: %v", text, found.Path)
				}
			}
		}
	})
}

func TestJSONSchema(t *testing.T) {
	data, err := os.ReadFile("testdata/jsonschema.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n")[1:] {
		text, want, _ := strings.Cut(block, "\n")
		s, err := ParseSchema(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(s.JSONSchema()); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	for o := range All() {
		for part, s := range map[string]*Schema{"body": o.Body, "answer": o.Answer} {
			if s != nil {
				checkDefinitions(t, o.Name()+" "+part, s.JSONSchema())
			}
		}
	}
}

// checkDefinitions proves that a schema has the definitions that it refers to, and no others.
func checkDefinitions(t *testing.T, at string, schema json.RawMessage) {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatal(at, err)
	}
	defs, _ := root["$defs"].(map[string]any)
	used := map[string]bool{}
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			if ref, ok := value["$ref"].(string); ok {
				name := strings.TrimPrefix(ref, "#/$defs/")
				if used[name] = true; defs[name] == nil {
					t.Errorf("%s lacks %s", at, name)
				}
			}
			for _, one := range value {
				walk(one)
			}
		case []any:
			for _, one := range value {
				walk(one)
			}
		}
	}
	walk(root)
	if len(used) != len(defs) {
		t.Errorf("%s: %d definitions, %d are used", at, len(defs), len(used))
	}
}

// BenchmarkPage checks a page of a hundred applications, and finds its secrets.
func BenchmarkPage(b *testing.B) {
	o, _ := ByName("GET /api/v2/clients")
	application := map[string]any{
		"client_id": "a", "client_secret": "b", "name": "c", "callbacks": []any{"https://a.example/cb"}, "app_type": "spa",
		"addons": map[string]any{"samlp": map[string]any{"audience": "a"}, "wams": map[string]any{"masterkey": "k"}},
	}
	page := map[string]any{"start": 0.0, "limit": 100.0, "total": 100.0, "clients": slices.Repeat([]any{application}, 100)}
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if problems := o.Answer.Check(page); len(problems) > 0 {
				b.Fatal(problems)
			}
		}
	})
	b.Run("secrets", func(b *testing.B) {
		for b.Loop() {
			if found := slices.Collect(o.Answer.Secrets(page)); len(found) != 200 {
				b.Fatal(len(found))
			}
		}
	})
}
