package catalog

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestParsePresets(t *testing.T) {
	got, err := ParsePresets(" support , security", "support,", "all")
	if want := []string{"support", "security", "all"}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	for in, want := range map[string]string{
		"supprt":       `there is no preset "supprt": did you mean support? The presets are default, `,
		"all,Security": `"Security": did you mean security?`,
		"xyzzy":        `there is no preset "xyzzy": the presets are default, support, helpdesk, security, developer, all`,
		"":             "the list is empty",
		" , ":          "the list is empty",
	} {
		_, err := ParsePresets(in)
		wantError(t, err, want)
	}
}

// withShipped has two shipped plugins, one that a distribution added, and one that a user installed.
func withShipped(t *testing.T) *Catalog {
	t.Helper()
	bundled, user := t.TempDir(), t.TempDir()
	lock := lockOf(t,
		writePlugin(t, bundled, "applications.manifest.json", aManifest("applications",
			aTool("auth0_get_application", pluginv1.EffectRead), aTool("auth0_update_application", pluginv1.EffectWrite))),
		writePlugin(t, bundled, "forms.manifest.json", aManifest("forms", aTool("auth0_list_forms", pluginv1.EffectRead))),
		writePlugin(t, bundled, "team.manifest.json", aManifest("team", aTool("team_pay", pluginv1.EffectWrite))))
	installed := lockOf(t, writePlugin(t, filepath.Join(user, "logs"), "manifest.json",
		aManifest("mine", aTool("mine_delete", pluginv1.EffectDestroy))))
	return load(t, Sources{BundledDir: bundled, Bundled: lock, UserDir: user, Lock: installed})
}

// Presets select tools of the shipped plugins, and hide none of others.
func TestSelectPresets(t *testing.T) {
	c := withShipped(t)
	const every = "auth0_get_application auth0_update_application auth0_list_forms mine_delete team_pay"
	const security = "auth0_get_application mine_delete team_pay"
	narrowed := Filter{Presets: []string{"support"}, Patterns: []string{"*form*", "mine_*"}}
	only := func(presets ...string) Filter { return Filter{Presets: presets} }
	for name, tt := range map[string]struct {
		filter Filter
		want   string
	}{
		"none":      {Filter{}, every},
		"all":       {only("all"), every},
		"reading":   {only("security"), security},
		"several":   {only("security", "support"), "auth0_get_application auth0_list_forms mine_delete team_pay"},
		"narrowed":  {narrowed, "auth0_list_forms mine_delete"},
		"read-only": {Filter{Presets: []string{"default"}, ReadOnly: true}, "auth0_get_application auth0_list_forms"},
		"locked":    {Filter{WithinPresets: []string{"security"}}, security},
		"widened":   {Filter{Presets: []string{"all"}, WithinPresets: []string{"security"}}, security},
	} {
		s, err := c.Select(tt.filter)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(toolNames(s.Tools()), " "); got != tt.want {
			t.Errorf("%s: got %s", name, got)
		}
	}
	s, err := c.Select(Filter{Presets: []string{"security"}})
	if err != nil {
		t.Fatal(err)
	}
	reason, _ := excluded(s, "auth0_update_application")
	for _, want := range []string{"is not in the preset security", "in the presets default, developer, all"} {
		if !strings.Contains(reason, want) {
			t.Errorf("got %q", reason)
		}
	}
	_, err = c.Select(Filter{Presets: []string{"security"}, Patterns: []string{"auth0_*_forms"}})
	wantError(t, err, `--tools: "auth0_*_forms" matches no tool in the preset security`)
	_, err = c.Select(Filter{WithinPresets: []string{"security"}, Patterns: []string{"auth0_*_forms"}})
	wantError(t, err, "matches only tools that this distribution leaves out")
}

// A build without the plugins of a preset says so instead of serving nothing.
func TestSelectAnEmptyPreset(t *testing.T) {
	bundled := t.TempDir()
	lock := lockOf(t, writePlugin(t, bundled, "forms.manifest.json",
		aManifest("forms", aTool("auth0_list_forms", pluginv1.EffectRead))))
	_, err := load(t, Sources{BundledDir: bundled, Bundled: lock}).Select(Filter{Presets: []string{"security"}})
	wantError(t, err, "no tool of the plugins here is in the preset security", "--preset")
}
