package egress

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// A plan says what needs the thing that it deletes, as far as it can be read, and sends no write for it.
func TestDependents(t *testing.T) {
	docs := map[string]string{
		"/api/v2/connections/con_1":         `{"id":"con_1","name":"Users","strategy":"auth0"}`,
		"/api/v2/users":                     `{"total":1200,"users":[{"email":"a@example.com"},{"name":"B"},{"user_id":"auth0|c"}]}`,
		"/api/v2/connections/con_1/clients": `{"clients":[{"client_id":"one"},{"client_id":"two"}],"next":""}`,
		"/api/v2/roles/rol_1":               `{"id":"rol_1","name":"R"}`,
		"/api/v2/roles/rol_1/permissions":   `[]`,
		"/api/v2/roles/rol_1/users":         `{"total":0,"users":[]}`,
		"/api/v2/resource-servers/api":      `{"id":"api","identifier":"https://api.example"}`,
		"/api/v2/client-grants":             `{"total":1,"client_grants":[{"client_id":"one","audience":"https://api.example"}]}`,
		"/api/v2/clients/other":             `{"client_id":"other","name":"Web"}`,
		"/api/v2/clients/other/connections": "forbidden",
		"/api/v2/actions/actions/a1":        `{"id":"a1","supported_triggers":[{"id":"post-login"}]}`,
		"/api/v2/actions/triggers/post-login/bindings": `{"bindings":[{"id":"b1","display_name":"Mine","action":{"id":"a1"}},` +
			`{"id":"b2","display_name":"Another","action":{"id":"a2"}}]}`,
		"/api/v2/organizations/org_1":         `{"id":"org_1","name":"acme"}`,
		"/api/v2/organizations/org_1/members": "slow",
	}
	tests := map[string]struct {
		path string
		want []string
	}{
		"a connection": {"/api/v2/connections/con_1", []string{"1200 users: a@example.com, B, auth0|c …",
			"2 applications: one, two"}},
		"a role":            {"/api/v2/roles/rol_1", []string{"no users"}},
		"an API":            {"/api/v2/resource-servers/api", []string{"1 client grant: one"}},
		"an Action":         {"/api/v2/actions/actions/a1", []string{"1 binding to post-login: Mine"}},
		"an organization":   {"/api/v2/organizations/org_1", []string{"members unknown, as they could not be read in time"}},
		"something else":    {"/api/v2/rules/r", nil},
		"what is not there": {"/api/v2/roles/gone", nil},
		"an application": {"/api/v2/clients/other", []string{"1 client grant: https://api.example",
			"connections unknown, as it needs read:connections or read:clients or read:client_summary"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := &double{docs: docs}
			g := New(Config{Domain: "t.auth0.example", Tokens: oauth2.StaticTokenSource(&oauth2.Token{
				AccessToken: tokenOf("own", "")}), Transport: transport(func(r *http.Request) (*http.Response, error) {
				if docs[r.URL.EscapedPath()] == "slow" {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
				if r.Method == http.MethodGet && r.Body == nil {
					r.Body = io.NopCloser(strings.NewReader(""))
				}
				return d.RoundTrip(r)
			})})
			c, err := g.Open(t.Context(), Grant{Plugin: "p", DryRun: true,
				Tool: pluginv1.ToolManifest{Name: "auth0_api_destroy", Effect: pluginv1.EffectDestroy}})
			if err != nil {
				t.Fatal(err)
			}
			g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: http.MethodDelete, Path: tt.path})
			changes := c.Close().Plan.Changes
			if len(changes) != 1 || !slices.Equal(changes[0].Dependents, tt.want) || len(d.arrived()) > 0 {
				t.Errorf("%q, want %q; arrived %q", changes, tt.want, d.arrived())
			}
		})
	}
}
