package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// A tool is left out only if it surely cannot work.
func TestLacks(t *testing.T) {
	tool := func(effect pluginv1.Effect, scopes string, paths ...string) pluginv1.ToolManifest {
		m := aTool("auth0_x", effect)
		m.Scopes, m.Paths = strings.Fields(scopes), paths
		return m
	}
	get := tool(pluginv1.EffectRead, "read:clients", "GET /api/v2/clients/{id}")
	update := tool(pluginv1.EffectWrite, "read:clients update:clients", "GET /api/v2/clients/{any}",
		"PATCH /api/v2/clients/{any}")
	check := tool(pluginv1.EffectRead, "read:forms read:flows", "GET /api/v2/forms/{id}", "GET /api/v2/flows/{id}")
	api := tool(pluginv1.EffectRead, "read:clients")
	api.Name = "auth0_api_read"
	outside := tool(pluginv1.EffectWrite, "read:clients")
	outside.External = true
	for name, tt := range map[string]struct {
		tool    pluginv1.ToolManifest
		granted string
		want    string
	}{
		"granted":                           {get, "read:clients", ""},
		"not granted":                       {get, "read:logs", "read:clients"},
		"another scope of the operation":    {get, "read:client_keys", ""},
		"a write that may not write":        {update, "read:clients", "update:clients"},
		"a write that may not read first":   {update, "update:clients", ""},
		"a write with neither":              {update, "read:logs", "read:clients update:clients"},
		"one of several resources":          {check, "read:flows", ""},
		"none of several":                   {check, "read:logs", "read:forms read:flows"},
		"no scopes declared":                {tool(pluginv1.EffectRead, "", "GET /api/v2/clients"), "read:logs", ""},
		"every path, one scope granted":     {tool(pluginv1.EffectWrite, "read:a update:a"), "read:a", ""},
		"every path, none granted":          {tool(pluginv1.EffectWrite, "read:a update:a"), "read:b", "read:a update:a"},
		"unknown path, one scope granted":   {tool(pluginv1.EffectRead, "read:a read:b", "GET /api/v2/new"), "read:a", ""},
		"unknown path, none granted":        {tool(pluginv1.EffectRead, "read:a", "GET /api/v2/new"), "read:b", "read:a"},
		"every operation of the API":        {api, "read:logs", ""},
		"outside of the tenant":             {outside, "read:logs", ""},
		"a scope that only begins the same": {get, "read:clients2", "read:clients"},
	} {
		got := newTool(&Plugin{}, tt.tool).Lacks(strings.Fields(tt.granted))
		if !cmp.Equal(strings.Join(got, " "), tt.want) {
			t.Errorf("%s: lacks %q, want %q", name, got, tt.want)
		}
	}
}

func TestGranted(t *testing.T) {
	dir := t.TempDir()
	reads, writes := aTool("auth0_get_client", pluginv1.EffectRead), aTool("auth0_update_client", pluginv1.EffectWrite)
	reads.Scopes, reads.Paths = []string{"read:clients"}, []string{"GET /api/v2/clients/{id}"}
	writes.Scopes, writes.Paths = []string{"update:clients"}, []string{"PATCH /api/v2/clients/{id}"}
	c := load(t, Sources{UserDir: dir, Lock: lockOf(t, writePlugin(t, dir, "clients.manifest.json",
		aManifest("clients", reads, writes)))})
	all, err := c.Select(Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if s := all.Granted(nil, "-"); s != all {
		t.Error("unknown scopes leave something out")
	}
	s := all.Granted([]string{"read:clients"}, "sign in again")
	if got := strings.Join(toolNames(s.Tools()), " "); got != "auth0_get_client" {
		t.Errorf("got %s", got)
	}
	lacking, remedy := s.LeftOut()
	if want := map[string][]string{"auth0_update_client": {"update:clients"}}; !cmp.Equal(lacking, want) ||
		remedy != "sign in again" {
		t.Errorf("got %v, %q", lacking, remedy)
	}
	_, err = s.Find("auth0_update_client")
	wantError(t, err, "auth0_update_client is left out, because the token lacks the scope update:clients: sign in again")
	if tool, err := s.FindConsenting("auth0_update_client"); err != nil || tool.Name != "auth0_update_client" {
		t.Errorf("got %v, %v", tool, err)
	}
	if _, err := s.FindConsenting("auth0_delete_client"); err == nil {
		t.Error("a tool that does not exist is found")
	}
	if got := all.Granted([]string{"read:clients", "update:clients"}, "").Tools(); len(got) != 2 {
		t.Errorf("%d tools with all scopes", len(got))
	}
}
