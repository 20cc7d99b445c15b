package catalog

import (
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestWidened(t *testing.T) {
	before := map[string]Permissions{
		"auth0_a": {Effect: "read", Scopes: []string{"read:a"}, Paths: []string{"GET /api/v2/a"}, Files: []string{"project"}},
		"auth0_b": {Effect: "write", Paths: []string{everyPath}},
		"auth0_c": {Effect: "destroy", Paths: []string{"GET /api/v2/c"}},
		"auth0_x": PermissionsOf(aManifest("x", pluginv1.ToolManifest{Name: "auth0_x", Effect: "write",
			External: true}))["auth0_x"],
	}
	for name, tt := range map[string]struct {
		tool string
		now  Permissions
		want string
	}{
		"the same":             {"auth0_a", before["auth0_a"], ""},
		"less":                 {"auth0_a", Permissions{Effect: "read", Paths: []string{"GET /api/v2/a"}}, ""},
		"a narrower effect":    {"auth0_c", Permissions{Effect: "write", Paths: []string{"GET /api/v2/c"}}, ""},
		"every path, then one": {"auth0_b", Permissions{Effect: "write", Paths: []string{"GET /api/v2/b"}}, ""},
		"a wider effect": {"auth0_a", Permissions{Effect: "destroy", Paths: []string{"GET /api/v2/a"}},
			`"auth0_a": effect read → destroy`},
		"a scope": {"auth0_b", Permissions{Effect: "write", Paths: []string{everyPath}, Scopes: []string{"read:\u202eb"}},
			`"auth0_b": scope "read:\u202eb"`},
		"a request": {"auth0_c", Permissions{Effect: "read", Paths: []string{"GET /api/v2/d"}},
			`"auth0_c": request "GET /api/v2/d"`},
		"every path": {"auth0_c", Permissions{Effect: "read", Paths: []string{everyPath}}, `"auth0_c": request "*"`},
		"files": {"auth0_c", Permissions{Effect: "read", Paths: []string{"GET /api/v2/c"}, Files: []string{"downloads"}},
			`"auth0_c": files below "downloads"`},
		"the tenant": {"auth0_x", PermissionsOf(aManifest("x", pluginv1.ToolManifest{Name: "auth0_x",
			Effect: "write"}))["auth0_x"],
			`"auth0_x": request "*"`},
		"the world": {"auth0_c", Permissions{Effect: "destroy", External: true}, `"auth0_c": works outside of the tenant`},
		"a tool":    {"auth0_new", Permissions{Effect: "read"}, `new tool "auth0_new" [read]`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(Widened(before, map[string]Permissions{tt.tool: tt.now}), "; "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Who reviews a change of the lock file reads permissions, not digests: a digest alone cannot widen them.
func TestLockThatHidesPermissions(t *testing.T) {
	tool := aTool("auth0_list_roles", pluginv1.EffectRead)
	tool.Scopes = []string{"read:roles"}
	honest := PermissionsOf(aManifest("roles", tool))
	for name, change := range map[string]func(m *pluginv1.Manifest){
		"an effect": func(m *pluginv1.Manifest) { m.Tools[0].Effect = pluginv1.EffectDestroy },
		"a scope":   func(m *pluginv1.Manifest) { m.Tools[0].Scopes = []string{"read:roles", "read:users"} },
		"fewer":     func(m *pluginv1.Manifest) { m.Tools[0].Scopes = nil },
		"a path":    func(m *pluginv1.Manifest) { m.Tools[0].Paths = []string{"GET /api/v2/users"} },
		"the world": func(m *pluginv1.Manifest) {
			m.Tools[0].Effect, m.Tools[0].Scopes, m.Tools[0].Paths, m.Tools[0].External = pluginv1.EffectWrite, nil, nil, true
		},
		"files":      func(m *pluginv1.Manifest) { m.Tools[0].Files = []string{"project"} },
		"a tool":     func(m *pluginv1.Manifest) { m.Tools = append(m.Tools, aTool("auth0_b", pluginv1.EffectRead)) },
		"no tool":    func(m *pluginv1.Manifest) { m.Tools[0] = aTool("auth0_other", pluginv1.EffectRead) },
		"not at all": func(*pluginv1.Manifest) {},
	} {
		t.Run(name, func(t *testing.T) {
			m := aManifest("roles", tool)
			change(&m)
			dir := t.TempDir()
			lock := lockOf(t, writePlugin(t, dir, "manifest.json", m))
			entry := lock.Plugins["roles"]
			entry.Tools = honest
			lock.Plugins["roles"] = entry
			c := load(t, Sources{PluginDirs: []string{dir}, Lock: lock})
			if name == "not at all" {
				if pluginNames(c) != "roles" {
					t.Errorf("refused: %v", c.Refused())
				}
				return
			}
			if refusals(c) != "roles:changed" || !strings.Contains(c.Refused()[0].Reason, "other permissions") {
				t.Errorf("got %v, refused %v", pluginNames(c), c.Refused())
			}
		})
	}
}
