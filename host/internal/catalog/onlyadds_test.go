package catalog

import (
	"net/http"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestOnlyAdds(t *testing.T) {
	const read, write, destroy = pluginv1.EffectRead, pluginv1.EffectWrite, pluginv1.EffectDestroy
	for rule, want := range map[string]bool{
		"POST /api/v2/clients": true, "POST /api/v2/resource-servers": true, "POST /api/v2/actions/actions": true,
		"POST /api/v2/forms": true, "POST /api/v2/log-streams": true,
		"POST /api/v2/keys/signing/rotate": false, "POST /api/v2/keys/encryption/rekey": false,
		"POST /api/v2/refresh-tokens/revoke": false, "POST /api/v2/things/reset": false,
		"POST /api/v2/things/delete": false, "POST /api/v2/things/bypass": false, "POST /api/v2/things/regenerate": false,
		"POST /api/v2/emails/provider":            true,
		"POST /api/v2/clients/{id}/rotate-secret": false, "POST /api/v2/roles/{any}/permissions": true,
		"POST /api/v2/invented": false, "POST /api/v2/invented/things": false, "POST /api/v2/{any}/{id}/keys": false,
		"POST /api/v2/{anything}": false, "POST /api/v2/blacklists/tokens": false,
		"POST /api/v2/jobs/users-imports": false, "POST /api/v2/clients/{id}/credentials": true,
		"POST /api/v2/risk/settings": false,
		"PUT /api/v2/clients":        false, "PATCH /api/v2/clients": false,
	} {
		tool := aTool("auth0_x", write)
		tool.Paths = []string{"GET /api/v2/clients/{id}", "HEAD /api/v2/clients/{id}", rule}
		if got := OnlyAdds(tool); got != want {
			t.Errorf("%s: %v", rule, got)
		}
		tool.Paths = append(tool.Paths, "POST /api/v2/clients", "POST /api/v2/clients/{id}/secrets/rotate")
		if OnlyAdds(tool) {
			t.Errorf("%s and a rotation only add", rule)
		}
	}
	for name, change := range map[string]func(*pluginv1.ToolManifest){
		"no paths":     func(t *pluginv1.ToolManifest) { t.Paths = nil },
		"writes files": func(t *pluginv1.ToolManifest) { t.Files = []string{"project"} },
		"destroys":     func(t *pluginv1.ToolManifest) { t.Effect = destroy },
		"reads":        func(t *pluginv1.ToolManifest) { t.Effect = read },
	} {
		tool := aTool("auth0_x", write)
		tool.Paths = []string{"POST /api/v2/clients"}
		if change(&tool); OnlyAdds(tool) {
			t.Errorf("%s: only adds", name)
		}
	}
}

// Of every operation, what is announced is what the facts say.
func TestOnlyAddsIsTrueByTheFacts(t *testing.T) {
	announced := 0
	for operation := range managementapi.All() {
		tool := pluginv1.ToolManifest{Effect: pluginv1.EffectWrite, Paths: []string{operation.Name()}}
		want := operation.OnlyAdds || operation.Method == http.MethodGet
		if OnlyAdds(tool) != want {
			t.Errorf("%s: %v", operation.Name(), !want)
		}
		if operation.OnlyAdds {
			announced++
		}
	}
	if announced < 50 {
		t.Errorf("only %d operations only add: this proves nothing", announced)
	}
}
