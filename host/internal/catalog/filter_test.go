package catalog

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// aCatalog has two plugins with five tools, and a third plugin that is not
// trusted.
func aCatalog(t *testing.T) *Catalog {
	t.Helper()
	dir := t.TempDir()
	logs := writePlugin(t, dir, "logs.manifest.json", aManifest("logs",
		aTool("auth0_list_logs", pluginv1.EffectRead), aTool("auth0_get_log", pluginv1.EffectRead)))
	clients := writePlugin(t, dir, "clients.manifest.json", aManifest("clients",
		aTool("auth0_update_client", pluginv1.EffectWrite), aTool("auth0_list_clients",
			pluginv1.EffectRead), aTool("auth0_delete_client", pluginv1.EffectDestroy)))
	writePlugin(t, filepath.Join(dir, "roles"), "manifest.json",
		aManifest("roles", aTool("auth0_list_roles", pluginv1.EffectRead)))
	return load(t, Sources{UserDir: dir, Lock: lockOf(t, logs, clients)})
}

func TestParsePatterns(t *testing.T) {
	for in, want := range map[string][]string{
		"a":             {"a"},
		" a , b* ,\tc ": {"a", "b*", "c"},
		"a,,b,":         {"a", "b"},
		"*":             {"*"},
	} {
		got, err := ParsePatterns(in)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("ParsePatterns(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", ",", " , ,", "\t"} {
		_, err := ParsePatterns(in)
		wantError(t, err, "the list is empty", "leave it out to offer every tool")
	}
}

func TestSelect(t *testing.T) {
	c := aCatalog(t)
	for name, tt := range map[string]struct {
		filter Filter
		want   string
	}{
		"everything": {Filter{}, "auth0_update_client auth0_list_clients auth0_delete_client auth0_list_logs " +
			"auth0_get_log"},
		"read-only": {Filter{ReadOnly: true}, "auth0_list_clients auth0_list_logs auth0_get_log"},
		"a pattern": {Filter{Patterns: []string{"auth0_list_*"}}, "auth0_list_clients auth0_list_logs"},
		"several, any order": {Filter{Patterns: []string{"*_log", "auth0_delete_client", "*_log*"}},
			"auth0_delete_client auth0_list_logs auth0_get_log"},
		"read-only wins": {Filter{Patterns: []string{"auth0_delete_client", "*_logs"}, ReadOnly: true},
			"auth0_list_logs"},
		"read-only with a star": {Filter{Patterns: []string{"*"}, ReadOnly: true},
			"auth0_list_clients auth0_list_logs auth0_get_log"},
		"exactly one character?": {Filter{Patterns: []string{"auth0_get_lo?"}}, "auth0_get_log"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := c.Select(tt.filter)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(toolNames(s.Tools()), " "); got != tt.want {
				t.Errorf("got %s", got)
			}
			for _, tool := range s.Tools() {
				if found, ok := s.Lookup(tool.Name); !ok || found != tool {
					t.Errorf("Lookup(%s) = %v, %v", tool.Name, found, ok)
				}
				if reason, ok := excluded(s, tool.Name); ok {
					t.Errorf("%s is selected and excluded: %s", tool.Name, reason)
				}
			}
		})
	}
}

func TestExcluded(t *testing.T) {
	s, err := aCatalog(t).Select(Filter{Patterns: []string{"*list*", "*update*"}, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"auth0_get_log": "tool auth0_get_log is left out by --tools",
		"auth0_update_client": "tool auth0_update_client changes the tenant (effect write) and this host runs with " +
			"--read-only",
		"auth0_delete_client": "tool auth0_delete_client changes the tenant (effect destroy) and this host runs with " +
			"--read-only",
		"auth0_list_roles": "is not loaded: it is not in the lock file; if you trust it, run auth0-mcp plugin install",
	} {
		if reason, ok := excluded(s, name); !ok || !strings.Contains(reason, want) {
			t.Errorf("Excluded(%s) = %q, %v", name, reason, ok)
		}
		if _, ok := s.Lookup(name); ok {
			t.Errorf("%s is selected", name)
		}
	}
	for _, name := range []string{"auth0_list_logs", "auth0_unknown", ""} {
		if reason, ok := excluded(s, name); ok {
			t.Errorf("Excluded(%q) = %q", name, reason)
		}
	}
	_, err = s.Find("auth0_lst_log")
	var unknown *UnknownToolError
	if got := []string{"auth0_list_logs"}; !errors.As(err, &unknown) || !cmp.Equal(unknown.Near, got) {
		t.Errorf("got %q", got)
	}
}

func TestSelectRefuses(t *testing.T) {
	c := aCatalog(t)
	for name, tt := range map[string]struct {
		filter Filter
		want   []string
	}{
		"a misspelt name": {Filter{Patterns: []string{"auth0_lst_logs"}},
			[]string{`--tools: "auth0_lst_logs" matches no tool; near it: auth0_list_logs`}},
		"a part of a name": {Filter{Patterns: []string{"client"}},
			[]string{`"client" matches no tool; near it: auth0_list_clients, auth0_delete_client, auth0_update_client`}},
		"another case": {Filter{Patterns: []string{"AUTH0_GET_*"}},
			[]string{`"AUTH0_GET_*" matches no tool; near it: auth0_get_log`}},
		"a pattern": {Filter{Patterns: []string{"*_clientz"}}, []string{`"*_clientz" matches no tool`}},
		"nothing near": {Filter{Patterns: []string{"xyzzy"}},
			[]string{`"xyzzy" matches no tool and none has a name near it`}},
		"one of several": {Filter{Patterns: []string{"*", "nope1", "nope2"}}, []string{`"nope1"`, `"nope2"`}},
		"of a refused plugin": {Filter{Patterns: []string{"*_roles"}},
			[]string{`"*_roles" matches no tool that is loaded: plugin roles`, "run auth0-mcp plugin install"}},
		"an empty pattern": {Filter{Patterns: []string{""}}, []string{`"" matches no tool`}},
		"an empty list":    {Filter{Patterns: []string{}}, []string{"an empty list of tool patterns selects nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := c.Select(tt.filter)
			if s != nil {
				t.Error("a selection beside an error")
			}
			wantError(t, err, tt.want...)
		})
	}
	_, err := c.Select(Filter{Patterns: []string{"xyzzy"}})
	var typed *NoMatchError
	if !errors.As(err, &typed) || typed.Pattern != "xyzzy" {
		t.Errorf("got %v", err)
	}
	_, err = c.Select(Filter{Patterns: []string{"*_update_*", "*_delete_*"}, ReadOnly: true})
	if !errors.Is(err, ErrNothingLeft) {
		t.Errorf("got %v", err)
	}
	wantError(t, err, "--read-only leaves no tool: all 2 selected tools change the tenant")
}

// A host without plugins is of little use but no error: it can say what to do.
func TestSelectFromNothing(t *testing.T) {
	c := load(t, Sources{})
	for _, f := range []Filter{{}, {ReadOnly: true}} {
		if s, err := c.Select(f); err != nil || len(s.Tools()) != 0 {
			t.Errorf("got %v, %v", s, err)
		}
	}
	_, err := c.Select(Filter{Patterns: []string{"*"}})
	wantError(t, err, `"*" matches no tool`)
}

// excluded says why a tool that exists is not selected.
func excluded(s *Selection, name string) (reason string, ok bool) {
	_, err := s.Find(name)
	var e *ExcludedError
	if errors.As(err, &e) {
		return e.Reason, true
	}
	return "", false
}
