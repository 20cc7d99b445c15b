package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestValidateManifestAccepts(t *testing.T) {
	m := aManifest("resource-servers2",
		pluginv1.ToolManifest{
			Name: "auth0_get_thing", Display: pluginv1.Display{Title: "Get a thing",
				Description: "Gets a thing.\nSecond line: naïve, 日本語, “quoted”."},
			Effect: pluginv1.EffectRead, Scopes: []string{"read:things", "read:client_keys"},
			Paths: []string{"GET /api/v2/things/{id}",
				"HEAD /api/v2/things/{id}/sub-things"}, InputSchema: json.RawMessage(emptySchema),
		},
		pluginv1.ToolManifest{
			Name: "auth0_make_thing", Display: pluginv1.Display{Description: "Makes a thing."}, Effect: pluginv1.EffectWrite,
			Paths: []string{"GET /api/v2/things", "POST /api/v2/things", "PUT /api/v2/things/{id}",
				"PATCH /api/v2/things/{id}"},
			InputSchema: json.RawMessage(emptySchema),
		},
		pluginv1.ToolManifest{
			Name: "a", Display: pluginv1.Display{Description: "Ends a thing."}, Effect: pluginv1.EffectDestroy,
			Paths:       []string{"DELETE /api/v2/things/{id}"},
			InputSchema: json.RawMessage(emptySchema),
		})
	m.Display = pluginv1.Display{Title: "Things", Description: "Manages things.", Docs: "https://things.example/docs",
		Icons: []pluginv1.Icon{{Src: "https://things.example/icon.png", MimeType: "image/png",
			Sizes: []string{"48x48", "any"}}, {Src: "data:image/png;base64,iVBORw0KGgo="}},
		Examples: []pluginv1.Example{{Description: "Which things are there?"}}}
	m.Tools[0].Examples = []pluginv1.Example{{Description: "Get the thing.", Arguments: json.RawMessage(`{}`)}}
	m.Tools[1].Files = []string{"project", "downloads"}
	m.Protocols = []int{1, 2}
	m.Version = "0.1.0-rc.1+build.007"
	m.Args = []string{"things"}
	m.Executable = "bin/run"
	if err := ValidateManifest(m); err != nil {
		t.Error(err)
	}
	m.Executable, m.Args = "", nil // as describe answers
	if err := ValidateManifest(m); err != nil {
		t.Error(err)
	}
}

func TestValidateManifestRefuses(t *testing.T) {
	type change = func(*pluginv1.Manifest)
	tool := func(f func(*pluginv1.ToolManifest)) change {
		return func(m *pluginv1.Manifest) { f(&m.Tools[0]) }
	}
	description := func(s string) change { return tool(func(t *pluginv1.ToolManifest) { t.Description = s }) }
	scope := func(s string) change { return tool(func(t *pluginv1.ToolManifest) { t.Scopes = []string{s} }) }
	path := func(e pluginv1.Effect, s string) change {
		return tool(func(t *pluginv1.ToolManifest) { t.Effect, t.Paths = e, []string{s} })
	}
	name := func(s string) change { return func(m *pluginv1.Manifest) { m.Name = s } }
	version := func(s string) change { return func(m *pluginv1.Manifest) { m.Version = s } }
	toolName := func(s string) change { return tool(func(t *pluginv1.ToolManifest) { t.Name = s }) }
	const badName, badVersion, badTool, badScope = "name ", "want a semantic version", "tools[0]: name ", "want verb:noun"
	display := func(f func(*pluginv1.Display)) change {
		return func(m *pluginv1.Manifest) { f(&m.Display); f(&m.Tools[0].Display) }
	}
	icon := func(i pluginv1.Icon) change {
		return display(func(d *pluginv1.Display) { d.Icons = []pluginv1.Icon{i} })
	}
	example := func(e pluginv1.Example) change {
		return tool(func(t *pluginv1.ToolManifest) { t.Examples = []pluginv1.Example{e} })
	}
	files := func(e pluginv1.Effect, roots ...string) change {
		return tool(func(t *pluginv1.ToolManifest) { t.Effect, t.Files = e, roots })
	}
	for label, tt := range map[string]struct {
		change change
		want   string
	}{
		"no version of its form": {func(m *pluginv1.Manifest) { m.ManifestVersion = 0 },
			"rebuild the plugin with the current SDK"},
		"a newer form": {func(m *pluginv1.Manifest) { m.ManifestVersion = 2 }, "a newer auth0-mcp is needed"},
		"a reader writes files": {files(pluginv1.EffectRead, "project"),
			"files: a tool with the effect read writes none"},
		"a root's path": {files(pluginv1.EffectWrite, "../project"),
			`files "../project": want the name of a root`},
		"an empty root": {files(pluginv1.EffectWrite, ""), `files "": want the name of a root`},
		"a root twice": {files(pluginv1.EffectWrite, "project", "project"),
			`files "project": the root is given twice`},
		"too many roots": {files(pluginv1.EffectWrite, make([]string, 101)...), "more than 100 files"},
		"docs without TLS": {display(func(d *pluginv1.Display) { d.Docs = "http://x.example/" }),
			"docs \"http://x.example/\": want an https URL"},
		"docs with a script": {display(func(d *pluginv1.Display) { d.Docs = "javascript:alert(1)" }),
			"want an https URL"},
		"docs with a password": {display(func(d *pluginv1.Display) { d.Docs = "https://a:b@x.example/" }),
			"want an https URL"},
		"an icon of a script": {icon(pluginv1.Icon{Src: "data:image/svg+xml;base64,PHN2Zz4="}),
			"icons[0]: src: want a data URL of a PNG"},
		"an icon of nothing": {icon(pluginv1.Icon{Src: "data:image/png;base64,"}), "icons[0]: src: want a data URL"},
		"an icon in a file":  {icon(pluginv1.Icon{Src: "file:///etc/passwd"}), "icons[0]: src"},
		"an icon of another type": {icon(pluginv1.Icon{Src: "https://x.example/i", MimeType: "text/html"}),
			`mimeType "text/html"`},
		"an icon of a wild size": {icon(pluginv1.Icon{Src: "https://x.example/i", Sizes: []string{"huge"}}),
			`size "huge"`},
		"too many icons": {display(func(d *pluginv1.Display) { d.Icons = make([]pluginv1.Icon, 9) }),
			"more than 8 icons"},
		"an example without words": {example(pluginv1.Example{Arguments: json.RawMessage(`{}`)}),
			"examples[0]: no description"},
		"an invisible example": {example(pluginv1.Example{Description: "a\u200b"}), "examples[0]: description holds"},
		"invisible arguments": {example(pluginv1.Example{Description: "a",
			Arguments: json.RawMessage(`{"a":"\u200b"}`)}), "examples[0]: arguments: holds"},
		"arguments that are none": {example(pluginv1.Example{Description: "a", Arguments: json.RawMessage(`[]`)}),
			"examples[0]: arguments: want a JSON object"},
		"arguments that do not fit": {example(pluginv1.Example{Description: "a", Arguments: json.RawMessage(`{"a":1}`)}),
			"examples[0]: the arguments do not fit inputSchema"},
		"a plugin with arguments": {func(m *pluginv1.Manifest) {
			m.Examples = []pluginv1.Example{{Description: "a", Arguments: json.RawMessage(`{}`)}}
		}, "display: examples[0] has arguments"},
		"an invisible plugin": {func(m *pluginv1.Manifest) { m.Description = "a\u202eb" },
			"display: description holds the control or invisible character U+202E"},
		"no name":               {name(""), badName},
		"upper case":            {name("Logs"), badName},
		"digit first":           {name("1logs"), badName},
		"underscore":            {name("my_logs"), badName},
		"name too long":         {name(strings.Repeat("a", 32)), badName},
		"no version":            {version(""), badVersion},
		"v before it":           {version("v1.2.3"), badVersion},
		"two numbers":           {version("1.2"), badVersion},
		"leading zero":          {version("1.02.3"), badVersion},
		"empty pre-release":     {version("1.2.3-"), badVersion},
		"pre-release with zero": {version("1.2.3-01"), badVersion},
		"empty build":           {version("1.2.3+"), badVersion},
		"no protocol": {func(m *pluginv1.Manifest) { m.Protocols = nil },
			"speaks no version of the plugin protocol, this host speaks version 1"},
		"a newer protocol": {func(m *pluginv1.Manifest) { m.Protocols = []int{2, 3} },
			"speaks versions 2, 3 of the plugin protocol, this host speaks version 1"},
		"no tools": {func(m *pluginv1.Manifest) { m.Tools = nil }, "0 tools: want 1 to 100"},
		"too many tools": {func(m *pluginv1.Manifest) { m.Tools = make([]pluginv1.ToolManifest, 101) },
			"101 tools: want 1 to 100"},
		"tool name twice": {func(m *pluginv1.Manifest) { m.Tools = append(m.Tools, m.Tools[0]) },
			"tool auth0_x: the name is used twice"},
		"too many args": {func(m *pluginv1.Manifest) { m.Args = make([]string, 21) }, "21 args"},
		"an empty arg": {func(m *pluginv1.Manifest) { m.Args = []string{"a", ""} },
			"args[1]: must have 1 to 256 bytes"},
		"an invisible arg": {func(m *pluginv1.Manifest) { m.Args = []string{"a\u200b"} },
			"args[0]: holds the control or invisible character U+200B"},
		"the host's name":      {name(HostPlugin), "it stands for auth0-mcp itself"},
		"a tool of the host":   {toolName("auth0_describe_tool"), "auth0-mcp itself has a tool of this name"},
		"comparing tenants":    {toolName("auth0_compare_tenants"), "auth0-mcp itself has a tool of this name"},
		"tool without name":    {toolName(""), badTool},
		"tool with a dash":     {toolName("auth0-x"), badTool},
		"tool in upper case":   {toolName("auth0_X"), badTool},
		"tool name too long":   {toolName(strings.Repeat("a", 65)), badTool},
		"no description":       {description(""), "tool auth0_x: display has no description"},
		"a blank description":  {description(" \n"), "tool auth0_x: display has no description"},
		"a long description":   {description(strings.Repeat("a", 2049)), "description of 2049 bytes"},
		"a tab":                {description("a\tb"), "U+0009 at byte 1"},
		"an escape sequence":   {description("a\x1b[2Jb"), "U+001B at byte 1"},
		"a zero width space":   {description("a\u200bb"), "U+200B at byte 1"},
		"a right-to-left mark": {description("ab\u202ec"), "U+202E at byte 2"},
		"a byte order mark":    {description("\ufeffa"), "U+FEFF at byte 0"},
		"a tag character":      {description("a\U000e0041"), "U+E0041 at byte 1"},
		"a variation selector": {description("a\ufe0f"), "U+FE0F at byte 1"},
		"the last of them":     {description("a\U000e01ef"), "U+E01EF at byte 1"},
		"a Hangul filler":      {description("a\u3164"), "U+3164 at byte 1"},
		"a soft hyphen":        {description("a\u00adb"), "U+00AD at byte 1"},
		"a no-break space":     {description("a\u00a0b"), "U+00A0 at byte 1"},
		"a line separator":     {description("a\u2028b"), "U+2028 at byte 1"},
		"private use":          {description("a\ue000"), "U+E000 at byte 1"},
		"blank braille":        {description("a\u2800"), "U+2800 at byte 1"},
		"bytes, not text":      {description("a\xff"), "bytes that are not text, at byte 1"},
		"a line feed in title": {tool(func(t *pluginv1.ToolManifest) { t.Title = "a\nb" }),
			"title holds the control or invisible character U+000A"},
		"a long title": {tool(func(t *pluginv1.ToolManifest) { t.Title = strings.Repeat("a", 129) }),
			"title of 129 bytes"},
		"no effect": {tool(func(t *pluginv1.ToolManifest) { t.Effect = "" }),
			`effect "": want read, write or destroy`},
		"another effect":       {tool(func(t *pluginv1.ToolManifest) { t.Effect = "Read" }), `effect "Read"`},
		"scope without verb":   {scope(":clients"), badScope},
		"scope without noun":   {scope("read:"), badScope},
		"scope in upper case":  {scope("Read:Clients"), badScope},
		"scope with a space":   {scope("read:clients delete:clients"), badScope},
		"scope in three parts": {scope("read:clients:all"), badScope},
		"too many scopes": {tool(func(t *pluginv1.ToolManifest) { t.Scopes = make([]string, 101) }),
			"more than 100 scopes or paths"},
		"path without method":   {path(pluginv1.EffectRead, "/api/v2/things"), "path rule"},
		"path outside the base": {path(pluginv1.EffectRead, "GET /oauth/token"), "path rule"},
		"path upwards":          {path(pluginv1.EffectRead, "GET /api/v2/../x"), "path rule"},
		"path with a query":     {path(pluginv1.EffectRead, "GET /api/v2/things?x=1"), "path rule"},
		"path too long": {path(pluginv1.EffectRead, "GET /api/v2/"+strings.Repeat("a", 300)),
			"at most 256 bytes of visible text"},
		"invisible path": {path(pluginv1.EffectRead, "GET /api/v2/a\u200b"), "at most 256 bytes of visible text"},
		"a reader posts": {path(pluginv1.EffectRead, "POST /api/v2/things"),
			"a tool with the effect read may not send POST"},
		"a reader deletes": {path(pluginv1.EffectRead, "DELETE /api/v2/things/{id}"),
			"a tool with the effect read may not send DELETE"},
		"a writer deletes": {path(pluginv1.EffectWrite, "DELETE /api/v2/things/{id}"),
			"a tool with the effect write may not send DELETE"},
		"no schema": {tool(func(t *pluginv1.ToolManifest) { t.InputSchema = nil }),
			"tool auth0_x: inputSchema must be a JSON object"},
		"a schema twice": {tool(func(t *pluginv1.ToolManifest) {
			t.InputSchema = json.RawMessage(
				`{"type":"object","type":"object"}`)
		}), "tool auth0_x: inputSchema: type: the key is given twice"},
		"a schema too large": {tool(func(t *pluginv1.ToolManifest) {
			t.InputSchema = json.RawMessage(strings.Repeat(" ",
				70000))
		}),
			"inputSchema of 70000 bytes: at most 65536 are allowed"},
		"a pattern that does not compile": {tool(func(t *pluginv1.ToolManifest) {
			t.InputSchema = json.RawMessage(
				`{"type":"object","additionalProperties":false,"properties":{"a":{"type":"string","pattern":"("}}}`)
		}), "not a valid schema (draft 2020-12)"},
		"a bound of the wrong kind": {tool(func(t *pluginv1.ToolManifest) {
			t.InputSchema = json.RawMessage(
				`{"type":"object","additionalProperties":false,"properties":{"a":{"type":"integer","minimum":"1"}}}`)
		}), "not a valid schema (draft 2020-12)"},
	} {
		t.Run(label, func(t *testing.T) {
			m := aManifest("things", aTool("auth0_x", pluginv1.EffectRead))
			tt.change(&m)
			err := ValidateManifest(m)
			var typed *ManifestError
			if !errors.As(err, &typed) {
				t.Fatalf("got %v, want a *ManifestError", err)
			}
			wantError(t, err, tt.want)
		})
	}
}

func TestValidateManifestChecksTheExecutable(t *testing.T) {
	for _, good := range []string{"run", "bin/run", "a b/run", "run.exec", "..run", "x..y"} {
		m := aManifest("things", aTool("auth0_x", pluginv1.EffectRead))
		m.Executable = good
		if err := ValidateManifest(m); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"/bin/sh", "..", "../run", "bin/../run", "./run", "bin//run", "bin/", ".", `bin\run`, "run.exe", "bin/run.EXE",
		`..\run`, `C:\run`, "C:run", "C:/run",
		"run\x00", "run\n", "run\u202e", strings.Repeat("a", 257),
	} {
		m := aManifest("things", aTool("auth0_x", pluginv1.EffectRead))
		m.Executable = bad
		wantError(t, ValidateManifest(m), "executable")
	}
	wantError(t, checkExecutable(""), "executable is missing")
}

func TestValidateManifestNamesEveryProblem(t *testing.T) {
	m := aManifest("Things", aTool("auth0_x", "wipe"), aTool("auth0 y", pluginv1.EffectRead))
	m.Protocols = []int{2}
	err := ValidateManifest(m)
	wantError(t, err, `manifest of plugin "Things"`, `name "Things"`, `tool auth0_x: effect "wipe"`,
		`tools[1]: name "auth0 y"`)
	var protocol *ProtocolError
	if !errors.As(err, &protocol) || !protocol.PluginIsNewer() {
		t.Errorf("got %v", protocol)
	}
	if older := (&ProtocolError{Plugin: []int{0}, Host: []int{1}}); older.PluginIsNewer() {
		t.Error("a plugin with version 0 counts as newer than a host with version 1")
	}
}

func TestDecodeManifestRefuses(t *testing.T) {
	good, err := aManifest("things", aTool("auth0_x", pluginv1.EffectRead)).Encode()
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, to string) string {
		changed := strings.Replace(string(good), old, to, 1)
		if changed == string(good) {
			t.Fatalf("%q is not in the manifest", old)
		}
		return changed
	}
	for name, tt := range map[string]struct{ in, want string }{
		"effect twice": {replace(`"effect": "read"`, `"effect": "read", "effect": "destroy"`),
			"tools[0].effect: the key is given twice"},
		"effect in another case": {replace(`"effect": "read"`, `"effect": "read", "Effect": "destroy"`),
			`unknown member "Effect" in tools[0]`},
		"only in another case": {replace(`"tools"`, `"Tools"`), `unknown member "Tools"`},
		"an unknown key":       {replace(`"version"`, `"path": [], "version"`), `unknown member "path"`},
		"a misspelt tool key":  {replace(`"effect"`, `"path": ["GET /api/v2/x"], "effect"`), `unknown member "path"`},
		"null":                 {"null", "not a JSON object"},
		"a list":               {"[]", "not a JSON object"},
		"two documents":        {string(good) + "{}", "not valid JSON"},
		"cut off":              {string(good[:len(good)-5]), "not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := decodeManifest([]byte(tt.in))
			wantError(t, err, tt.want)
		})
	}
}

// decodeManifest reads a manifest file's bytes, as loading does.
func decodeManifest(data []byte) (pluginv1.Manifest, []any, error) {
	m, err := parseManifest(data)
	if err != nil {
		return pluginv1.Manifest{}, nil, err
	}
	schemas, err := decodeSchemas(data, m)
	return m, schemas, err
}

func FuzzManifest(f *testing.F) {
	seed, err := aManifest("things", aTool("auth0_x", pluginv1.EffectRead)).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	for i, s := range goodSchemas {
		m := aManifest("things", aTool(fmt.Sprintf("auth0_%d", i), pluginv1.EffectWrite))
		m.Tools[0].InputSchema = json.RawMessage(s)
		if seed, err = m.Encode(); err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	schema, _ := publishedSchema(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, schemas, err := decodeManifest(data)
		if err != nil {
			return
		}
		cheap := checkManifest(m, schemas)
		full := ValidateManifest(m)
		if cheap != nil && full == nil {
			t.Fatalf("refused at start, accepted at install: %v", cheap)
		}
		if full != nil {
			return
		}
		encoded, err := m.Encode()
		if err != nil {
			t.Fatalf("accepted, but cannot be encoded: %v", err)
		}
		if err := fitsSchema(t, schema, encoded); err != nil {
			t.Errorf("accepted, and does not fit the published schema: %v", err)
		}
		again, _, err := decodeManifest(encoded)
		if err != nil {
			t.Fatalf("encoded, but cannot be decoded: %v", err)
		}
		if !m.SameDeclaration(again) {
			t.Errorf("encoding changed the declaration: %s", encoded)
		}
		if err := ValidateManifest(again); err != nil {
			t.Errorf("encoding made it invalid: %v", err)
		}
		listAndDescribe(t, m)
	})
}

// listAndDescribe proves that what is shown of a sound manifest is JSON, and that its tools can be called.
func listAndDescribe(t *testing.T, m pluginv1.Manifest) {
	t.Helper()
	for _, tool := range ToolsOf(m) {
		if _, err := jsondoc.Decode(tool.Listed()); err != nil {
			t.Errorf("%s is listed as %s: %v", tool.InputSchema, tool.Listed(), err)
		}
		s := Selection{byName: map[string]*Tool{tool.Name: tool}}
		arguments, err := json.Marshal(map[string]string{"tool": tool.Name})
		if err != nil {
			t.Fatal(err)
		}
		if described, err := s.describe(arguments, 1_000); err != nil {
			t.Errorf("%s: %v", tool.InputSchema, err)
		} else if _, err := jsondoc.Decode(described); err != nil {
			t.Errorf("%s is described as %s: %v", tool.InputSchema, described, err)
		}
		var refused *ArgumentError
		if _, err := tool.CheckArguments(nil); err != nil && !errors.As(err, &refused) {
			t.Errorf("%s: %v", tool.InputSchema, err)
		}
	}
}
