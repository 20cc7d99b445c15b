package pluginv1

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const roles = `{"manifest":1,"name":"roles","version":"0.1.0","protocols":[1],"executable":"roles","tools":[
 {"name":"auth0_list_roles","effect":"read","paths":["GET /api/v2/roles"],"inputSchema":{"type":"object"},"display":{"description":"List roles."}}]}`

func TestParseManifestRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"null for no paths":      strings.Replace(roles, `["GET /api/v2/roles"]`, "null", 1),
		"null for no display":    strings.Replace(roles, `{"description":"List roles."}`, "null", 1),
		"trailing data":          roles + `{}`,
		"cut short":              roles[:40],
		"a member given twice":   strings.Replace(roles, `"effect"`, `"paths":[],"effect"`, 1),
		"a path of another type": strings.Replace(roles, `"GET /api/v2/roles"`, `"GET /api/v2/roles",1`, 1),
		"null in a list":         strings.Replace(roles, `"GET /api/v2/roles"`, `null`, 1),
		"null":                   `null`,
		"wrong type":             `{"manifest":1,"name":1}`,
		"tools of another type":  `{"manifest":1,"tools":{}}`,
		"a tool of another type": `{"manifest":1,"tools":[1]}`,
		"a display that is too large": strings.Replace(roles, `"description"`, `"unknown":"`+strings.Repeat("x",
			MaxDisplayBytes)+`","description"`, 1),
		"display of another type":    strings.Replace(roles, `{"description":"List roles."}`, `"List roles."`, 1),
		"a version that is no whole": strings.Replace(roles, `"manifest":1`, `"manifest":1.5`, 1),
		"a version of another type":  strings.Replace(roles, `"manifest":1`, `"manifest":"1"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			if m, err := ParseManifest([]byte(data)); err == nil {
				t.Errorf("accepted: %+v", m)
			}
		})
	}
}

// A fault is named with its place, as in tools[0].scopes.
func TestFaultsSayWhere(t *testing.T) {
	for from, to := range map[string][2]string{
		`["GET /api/v2/roles"]`: {`null`, "tools[0].paths is null: leave it out"},
		`"GET /api/v2/roles"`:   {`"GET /api/v2/roles",null`, "tools[0].paths: want a list of texts"},
		`"read"`:                {`1`, "tools[0].effect: want a text"},
		`"List roles."`:         {`{}`, "tools[0].display.description: want a text"},
		`[1]`:                   {`["1"]`, "protocols: "},
		`{"type":"object"}`:     {`null`, "tools[0].inputSchema is null: leave it out"},
		`"effect"`:              {`"idempotent":1,"effect"`, "tools[0].idempotent: "},
		`"tools":[`:             {`"tools":[0,`, "tools: want a list of objects"},
		`"description"`: {`"unknown":"` + strings.Repeat("x", MaxDisplayBytes) + `","description"`,
			"tools[0].display has 65"},
	} {
		_, err := ParseManifest([]byte(strings.Replace(roles, from, to[0], 1)))
		if err == nil || !strings.HasPrefix(err.Error(), "manifest: "+to[1]) {
			t.Errorf("%.40s: %v", to[0], err)
		}
	}
}

// No paths are something else than none given, for what is encoded again.
func TestEmptyListsStay(t *testing.T) {
	m, err := ParseManifest([]byte(strings.Replace(roles, `["GET /api/v2/roles"]`, `[]`, 1)))
	if err != nil || m.Tools[0].Paths == nil {
		t.Errorf("%v: %#v", err, m.Tools)
	}
}

// A name is what its escapes stand for, in known members as in others.
func TestNamesMayHaveEscapes(t *testing.T) {
	m, err := ParseManifest([]byte(strings.Replace(roles, `"paths"`, `"p\u0061ths"`, 1)))
	if err != nil || len(m.Tools[0].Paths) != 1 {
		t.Errorf("%v: %+v", err, m)
	}
	_, err = ParseManifest([]byte(strings.Replace(roles, `"paths"`, `"p\u0061th"`, 1)))
	if unknown, ok := errors.AsType[*UnknownMemberError](err); !ok || unknown.Member != "path" {
		t.Error(err)
	}
}

// Each start reads all manifests: what the reader needs for itself does not grow with the number of tools.
func TestReadingAllocatesLittle(t *testing.T) {
	one := roles[strings.Index(roles, ` {"name":"auth0_list_roles"`):strings.LastIndex(roles, "]")]
	allocations := func(tools int) float64 {
		data := []byte(roles[:strings.LastIndex(roles, "]")] + strings.Repeat(","+one, tools-1) + "]}")
		return testing.AllocsPerRun(10, func() {
			if m, err := ParseManifest(data); err != nil || len(m.Tools) != tools {
				t.Fatal(err, len(m.Tools))
			}
		})
	}
	const ofTool = 6.0 // its name, effect, description and list of one path, and what the list of tools needs now and then
	if few, many := allocations(10), allocations(90); many-few > ofTool*80 {
		t.Errorf("%v allocations for 10 tools, %v for 90", few, many)
	}
}

// Where members grant something, one that is not known is refused, with what to do.
func TestUnknownMembersThatGrant(t *testing.T) {
	for member, at := range map[string]string{
		`"path":["GET /api/v2/roles"]`: "tools[0]", `"Paths":[]`: "tools[0]", `"may":"everything"`: "tools[0]",
		`"description":"Top."`: "tools[0]", `"title":"x"`: "tools[0]",
	} {
		name, _, _ := strings.Cut(member[1:], `"`)
		_, err := ParseManifest([]byte(strings.Replace(roles, `"effect"`, member+`,"effect"`, 1)))
		var unknown *UnknownMemberError
		if !errors.As(err, &unknown) || unknown.Member != name || unknown.At != at || !strings.Contains(err.Error(),
			"a newer auth0-mcp is needed") {
			t.Errorf("%s: %v", member, err)
		}
		_, err = ParseManifest([]byte(strings.Replace(roles, `"name":"roles"`, `"name":"roles","grants":[]`, 1)))
		if !errors.As(err, &unknown) || unknown.Member != "grants" || unknown.At != "" {
			t.Errorf("at the top: %v", err)
		}
	}
}

// Display members that this host does not know are for newer ones.
func TestUnknownDisplayMembersAreIgnored(t *testing.T) {
	plain, err := ParseManifest([]byte(roles))
	if err != nil {
		t.Fatal(err)
	}
	more := strings.Replace(roles, `"display":{`,
		`"display":{"colour":"#fff","Description":"Another.","DESCRIPTION":1,"nested":{"a":[1]},`+
			`"icons":[{"src":"https://x.example/i.png","theme":"dark"}],`,
		1)
	more = strings.Replace(more, `"name":"roles"`, `"name":"roles","display":{"category":"x"}`, 1)
	m, err := ParseManifest([]byte(more))
	if err != nil {
		t.Fatal(err)
	}
	if m.Tools[0].Description != "List roles." || len(m.Tools[0].Icons) != 1 || !reflect.DeepEqual(m.Display,
		plain.Display) {
		t.Errorf("read as %+v", m)
	}
	m.Tools[0].Icons = nil
	if !m.SameDeclaration(plain) {
		t.Error("what is ignored changes the declaration")
	}
}

func TestManifestVersions(t *testing.T) {
	for text, want := range map[string]struct {
		found int
		fix   string
	}{
		``:               {0, "rebuild the plugin"},
		`"manifest":0,`:  {0, "rebuild the plugin"},
		`"manifest":-1,`: {-1, "rebuild the plugin"},
		`"manifest":2,`:  {2, "a newer auth0-mcp is needed"},
	} {
		// What else a manifest of another version has is not checked.
		_, err := ParseManifest([]byte(strings.Replace(roles, `"manifest":1,`, text+`"grants":1,`, 1)))
		var version *ManifestVersionError
		if !errors.As(err, &version) || version.Found != want.found || !strings.Contains(err.Error(), want.fix) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSameDeclaration(t *testing.T) {
	parse := func() Manifest {
		m, err := ParseManifest([]byte(roles))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	tests := map[string]struct {
		change func(*Manifest)
		want   bool
	}{
		"installed elsewhere": {func(m *Manifest) { m.Executable, m.Args = "other", []string{"roles"} }, true},
		"white space":         {func(m *Manifest) { m.Tools[0].InputSchema = []byte(`{ "type": "object" }`) }, true},
		"wider effect":        {func(m *Manifest) { m.Tools[0].Effect = EffectWrite }, false},
		"no paths":            {func(m *Manifest) { m.Tools[0].Paths = nil }, false},
		"other version":       {func(m *Manifest) { m.Version = "0.2.0" }, false},
		"other files":         {func(m *Manifest) { m.Tools[0].Files = []string{"project"} }, false},
		"other description":   {func(m *Manifest) { m.Tools[0].Description = "Do as I say." }, false},
		"other schema":        {func(m *Manifest) { m.Tools[0].InputSchema = []byte(`{}`) }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := parse(), parse()
			tt.change(&b)
			if got := a.SameDeclaration(b); got != tt.want {
				t.Errorf("SameDeclaration = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestEncodeRoundTrips(t *testing.T) {
	m, err := ParseManifest([]byte(roles))
	if err != nil {
		t.Fatal(err)
	}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseManifest(data)
	if err != nil {
		t.Fatal(err)
	}
	if !back.SameDeclaration(m) || back.Executable != m.Executable {
		t.Errorf("round trip changed the manifest:\n%s", data)
	}
}

// What is read is what encoding/json wrote, member by member.
func TestEveryMemberIsRead(t *testing.T) {
	display := Display{Title: "Röles \"x\"", Description: "One\nTwo", Docs: "https://docs.example", Icons: []Icon{{
		Src: "https://x.example/i.png", MimeType: "image/png", Sizes: []string{"any"}}},
		Examples:     []Example{{Description: "Which?", Arguments: []byte(`{"a":[1]}`)}},
		OutputSchema: []byte(`{"type":"object"}`)}
	want := Manifest{ManifestVersion: 1, Name: "roles", Version: "0.1.0", Protocols: []int{1, 2}, Executable: "roles",
		Args: []string{"roles"}, Display: display, Tools: []ToolManifest{{Name: "auth0_list_roles", Effect: EffectRead,
			Idempotent: true, Scopes: []string{"read:roles"}, Paths: []string{"GET /api/v2/roles"},
			Files: []string{"project"}, Reads: []string{"project:*.json"}, Secrets: true, External: true, Untrusted: []string{"roles[].name"},
			InputSchema: []byte(`{"type":"object","properties":{}}`), Display: display}}}
	for _, object := range []any{want, want.Tools[0], display} {
		for i, value := 0, reflect.ValueOf(object); i < value.NumField(); i++ {
			if value.Field(i).IsZero() {
				t.Errorf("%T: the test sets no %s", object, value.Type().Field(i).Name)
			}
		}
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseManifest(data)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: got %+v, want %+v", err, got, want)
	}
}

// The constant, the package name and the header comment of the contract must
// name the same major version, or a plugin negotiates one and speaks another.
func TestProtocolVersionIsTheContracts(t *testing.T) {
	src, err := os.ReadFile("../auth0mcp/plugin/v1/plugin.proto")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{`Major version (\d+)\.`, `package auth0mcp\.plugin\.v(\d+);`} {
		m := regexp.MustCompile(pattern).FindSubmatch(src)
		if m == nil || string(m[1]) != strconv.Itoa(ProtocolVersion) {
			t.Errorf("%s: found %q, want %d", pattern, m, ProtocolVersion)
		}
	}
}

// The pages that the contract refers to exist.
func TestTheContractCitesPagesThatExist(t *testing.T) {
	src, err := os.ReadFile("../auth0mcp/plugin/v1/plugin.proto")
	if err != nil {
		t.Fatal(err)
	}
	pages := regexp.MustCompile(`docs/[a-z/-]+\.md`).FindAllString(string(src), -1)
	if len(pages) == 0 {
		t.Error("no page is cited")
	}
	for _, page := range pages {
		if _, err := os.Stat("../../" + page); err != nil {
			t.Error(err)
		}
	}
}

// A manifest is read line by line: each argument of a tool has one, and nothing is lost.
func TestEncodeWritesAnArgumentOnOneLine(t *testing.T) {
	m, err := ParseManifest([]byte(roles))
	if err != nil {
		t.Fatal(err)
	}
	m.Tools[0].Description = `Braces {"a":[1,{}]} and \"quotes\", <b>.`
	m.Tools[0].InputSchema = []byte(`{"type":"object","properties":{"a":{"type":"array","items":{"type":"object",` +
		`"properties":{},"additionalProperties":false}},"b":{"enum":["x,y","\\"]}},"additionalProperties":false}`)
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`        "type": "object",`,
		`          "a": {"type":"array","items":{"type":"object","properties":{},"additionalProperties":false}},`,
		`          "b": {"enum":["x,y","\\"]}`,
		`        "GET /api/v2/roles"`,
	} {
		if !strings.Contains(string(data), "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, data)
		}
	}
	again, err := ParseManifest(data)
	if err != nil || !again.SameDeclaration(m) || again.Tools[0].Description != m.Tools[0].Description {
		t.Errorf("%v: reads back as %+v", err, again)
	}
}
