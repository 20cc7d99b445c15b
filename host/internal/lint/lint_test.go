package lint

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// sound is a manifest without findings.
func sound() pluginv1.Manifest {
	return pluginv1.Manifest{ManifestVersion: pluginv1.ManifestVersion, Name: "roles", Version: "1.0.0",
		Protocols: []int{pluginv1.ProtocolVersion}, Executable: "auth0-mcp-plugin-roles",
		Display: pluginv1.Display{Description: "Roles."},
		Tools: []pluginv1.ToolManifest{{Name: "auth0_get_role", Effect: pluginv1.EffectRead,
			Scopes: []string{"read:roles"}, Paths: []string{"GET /api/v2/roles/{role}"}, Untrusted: []string{"description"},
			Display: pluginv1.Display{Title: "Get role", Description: "A role."},
			InputSchema: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":` +
				`{"id":{"type":"string"}}}`)}}}
}

// folder writes a plugin's folder.
func folder(t *testing.T, m pluginv1.Manifest) string {
	t.Helper()
	dir := t.TempDir()
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	name := "auth0-mcp-plugin-roles"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	for path, content := range map[string][]byte{"manifest.json": data, name: []byte("program")} {
		if err := os.WriteFile(filepath.Join(dir, path), content, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func describes(m pluginv1.Manifest) Describe {
	return func(context.Context, string, []string) (pluginv1.Manifest, error) { return m, nil }
}

func check(t *testing.T, m pluginv1.Manifest) Report {
	t.Helper()
	r, err := Check(t.Context(), folder(t, m), describes(m), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSoundPlugin(t *testing.T) {
	r := check(t, sound())
	if len(r.Findings) > 0 || r.Plugin != "roles" || r.Tools != 1 || r.ListedBytes < 50 {
		t.Errorf("%+v", r)
	}
}

func TestFindings(t *testing.T) {
	schema := func(properties string) json.RawMessage {
		return json.RawMessage(`{"type":"object","additionalProperties":false,"properties":` + properties + `}`)
	}
	nested := `{"type":"string"}`
	for range 8 {
		nested = `{"type":"object","additionalProperties":false,"properties":{"in":` + nested + `}}`
	}
	for name, c := range map[string]struct {
		change   func(m *pluginv1.Manifest, tool *pluginv1.ToolManifest)
		severity Severity
		where    string
		what     string
	}{
		"name": {func(m *pluginv1.Manifest, _ *pluginv1.ToolManifest) { m.Name = "Roles" }, Refused, "manifest",
			`name "Roles"`},
		"long tool name": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.Name = "auth0_get_" + strings.Repeat("a", 60)
		}, Refused, "tools[0]", "64 characters"},
		"no description": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) { tool.Description = "" }, Refused,
			"tool auth0_get_role", "no description"},
		"description beyond what clients show": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.Description = strings.Repeat("words ", 400)
		}, Refused, "tool auth0_get_role", "2048"},
		"path that its effect forbids": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.Paths = []string{"DELETE /api/v2/roles/{id}"}
		}, Refused, "tool auth0_get_role", "may not send DELETE"},
		"newer protocol": {func(m *pluginv1.Manifest, _ *pluginv1.ToolManifest) { m.Protocols = []int{9} }, Refused,
			"manifest", "version 9"},
		"open schema": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.InputSchema = json.RawMessage(`{"type":"object","properties":{"id":{"type":"string"}}}`)
		}, Refused, "tool auth0_get_role", "additionalProperties"},

		"plugin without description": {func(m *pluginv1.Manifest, _ *pluginv1.ToolManifest) { m.Description = "" },
			Warning, "manifest", "no description"},
		"wordy": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.Description = strings.Repeat("words ", 100)
		}, Warning, "tool auth0_get_role", "600 bytes"},
		"verb of another effect": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.Name = "auth0_update_role"
		}, Warning, "tool auth0_update_role", `says "update"`},
		"no verb": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) { tool.Name = "auth0_roles" }, Warning,
			"tool auth0_roles", "verb"},
		"no title": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) { tool.Title = "" }, Warning,
			"tool auth0_get_role", "title"},
		"no paths": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) { tool.Paths = nil }, Warning,
			"tool auth0_get_role", "no paths"},
		"no such operation": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.Paths = append(tool.Paths, "GET /api/v2/rolls")
		}, Warning, "tool auth0_get_role", "GET /api/v2/rolls"},
		"effect below the operation's": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.Effect, tool.Paths = pluginv1.EffectWrite, []string{"POST /api/v2/keys/signing/rotate"}
		}, Warning, "tool auth0_get_role", "the host refuses the request"},
		"effect above what it needs": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.Effect = pluginv1.EffectWrite
		}, Warning, "tool auth0_get_role", "need read only"},
		"scope missing": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) { tool.Scopes = nil }, Warning,
			"tool auth0_get_role", "read:roles"},
		"scope of another resource": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.Scopes = append(tool.Scopes, "read:clients")
		}, Warning, "tool auth0_get_role", "needs read:clients"},
		"nothing said of untrusted fields": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.Untrusted = nil
		}, Warning, "tool auth0_get_role", "others can write"},
		"argument without description": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.InputSchema = schema(`{"lifetime":{"type":"integer"}}`)
		}, Warning, "tool auth0_get_role", "lifetime"},
		"long in the list": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.InputSchema = schema(`{"id":{"type":"string","enum":["` + strings.Repeat("value", 1000) + `"]}}`)
		}, Warning, "tool auth0_get_role", "bytes of tools/list"},
		"deep": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.InputSchema = schema(`{"id":` + nested + `}`)
		}, Warning, "tool auth0_get_role", "levels deep"},
		"alternatives": {func(_ *pluginv1.Manifest, tool *pluginv1.ToolManifest) {
			tool.InputSchema = schema(`{"id":{"anyOf":[{"type":"string"},{"type":"integer"}]}}`)
		}, Warning, "tool auth0_get_role", "anyOf"},
	} {
		t.Run(name, func(t *testing.T) {
			m := sound()
			c.change(&m, &m.Tools[0])
			r := check(t, m)
			at := slices.IndexFunc(r.Findings, func(f Finding) bool { return strings.Contains(f.What, c.what) })
			if at < 0 {
				t.Fatalf("not found: %+v", r.Findings)
			}
			f := r.Findings[at]
			if f.Severity != c.severity || f.Where != c.where || f.Fix == "" || r.Refused() != (c.severity == Refused) {
				t.Errorf("%+v", f)
			}
		})
	}
}

// What the executable says of itself counts as at an installation.
func TestDescribe(t *testing.T) {
	other := sound()
	other.Tools[0].Scopes = append(other.Tools[0].Scopes, "read:users")
	failing := func(context.Context, string, []string) (pluginv1.Manifest, error) {
		return pluginv1.Manifest{}, errors.New("exit status 1")
	}
	for name, c := range map[string]struct {
		describe Describe
		what     string
	}{
		"differs": {describes(other), "does not describe itself"},
		"fails":   {failing, "exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Check(t.Context(), folder(t, sound()), c.describe, nil)
			if err != nil || len(r.Findings) != 1 || !r.Refused() || !strings.Contains(r.Findings[0].What, c.what) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

// A folder, its manifest and the executable are all ways to name a plugin.
func TestPaths(t *testing.T) {
	dir := folder(t, sound())
	executable, err := Executable(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "manifest.json"), executable} {
		r, err := Check(t.Context(), path, describes(sound()), nil)
		if err != nil || r.Plugin != "roles" || len(r.Findings) > 0 {
			t.Errorf("%s: %+v, %v", path, r, err)
		}
	}
	if _, err := Check(t.Context(), filepath.Join(dir, "gone"), describes(sound()), nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "manifest.json")); err != nil {
		t.Fatal(err)
	}
	if r, err := Check(t.Context(), dir, describes(sound()), nil); err != nil || len(r.Findings) > 0 {
		t.Errorf("without a manifest file: %+v, %v", r, err)
	}
	if err := os.Remove(executable); err != nil {
		t.Fatal(err)
	}
	if r, err := Check(t.Context(), dir, describes(sound()), nil); err != nil || !r.Refused() {
		t.Errorf("without an executable: %+v, %v", r, err)
	}
}

// The rules fit the plugins of this repository, but for what is known of them.
func TestOwnPlugins(t *testing.T) {
	known := []string{
		"manifest: the plugin has no description",
	}
	// The tools for the whole API call any operation: they are named by what they do, not by what they do it to.
	whole := []string{"its name does not begin with a verb", "it declares no paths", "it does not say which fields"}
	found, err := filepath.Glob("../../../plugins/*/manifest.json")
	if err != nil || len(found) < 5 {
		t.Fatal(found, err)
	}
	for _, path := range found {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := pluginv1.ParseManifest(data)
		if err != nil {
			t.Fatal(err)
		}
		findings, _ := checkStyle(m)
		for _, f := range findings {
			text := f.Where + ": " + f.What
			excused := strings.HasPrefix(f.Where, "tool auth0_api_") &&
				slices.ContainsFunc(whole, func(k string) bool { return strings.HasPrefix(f.What, k) })
			if !excused && !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(text, k) }) {
				t.Errorf("%s: %s", m.Name, text)
			}
		}
	}
}

func TestNamesOfOtherPlugins(t *testing.T) {
	sameTool, sameName := sound(), sound()
	sameTool.Name, sameName.Tools = "access", slices.Clone(sameName.Tools)
	sameName.Tools[0].Name = "auth0_get_other_role"
	for name, c := range map[string]struct {
		own         pluginv1.Manifest
		where, what string
	}{
		"the plugin itself": {own: sound()},
		"a tool":            {sameTool, "tool auth0_get_role", "auth0-mcp has a tool of this name, in its plugin access"},
		"the plugin's name": {sameName, "manifest", "auth0-mcp has a plugin of this name"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Check(t.Context(), folder(t, sound()), describes(sound()), []*catalog.Plugin{{Manifest: c.own}})
			if err != nil {
				t.Fatal(err)
			}
			var want []Finding
			if c.what != "" {
				want = []Finding{{Warning, c.where, c.what, "choose another name: users would have to install it with " +
					"--replace " + c.own.Name + ", and lose that plugin"}}
			}
			if !slices.Equal(r.Findings, want) {
				t.Errorf("%+v, want %+v", r.Findings, want)
			}
		})
	}
}
