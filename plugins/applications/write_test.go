package applications

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

const prompt = `"skip_non_verifiable_callback_uri_confirmation_prompt"`

func TestDefaultsOfCreate(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	for name, tt := range map[string]struct{ args, body, applied string }{
		"name only": {
			`{"name":"x"}`,
			`{"name":"x","oidc_conformant":true,"jwt_configuration":{"alg":"RS256","lifetime_in_seconds":36000}}`,
			`{"jwt_configuration":{"alg":"RS256","lifetime_in_seconds":36000},"oidc_conformant":true}`,
		},
		"spa": {
			`{"app_type":"spa","name":"x"}`,
			`{"app_type":"spa","name":"x","oidc_conformant":true,"jwt_configuration":{"alg":"RS256",` +
				`"lifetime_in_seconds":36000},"token_endpoint_auth_method":"none"}`,
			`{"jwt_configuration":{"alg":"RS256","lifetime_in_seconds":36000},"oidc_conformant":true,` +
				`"token_endpoint_auth_method":"none"}`,
		},
		"native with its own scheme": {
			`{"name":"x","app_type":"native","callbacks":["https://a.example/cb","example.lantern:/cb"]}`,
			`{"name":"x","app_type":"native","callbacks":["https://a.example/cb","example.lantern:/cb"],` +
				`"oidc_conformant":true,"jwt_configuration":{"alg":"RS256","lifetime_in_seconds":36000},` +
				`"token_endpoint_auth_method":"none",` + prompt + `:true}`,
			`{"jwt_configuration":{"alg":"RS256","lifetime_in_seconds":36000},"oidc_conformant":true,` + prompt +
				`:true,"token_endpoint_auth_method":"none"}`,
		},
		"regular_web": {
			`{"name":"x","app_type":"regular_web","callbacks":["https://a.example/cb"]}`,
			`{"name":"x","app_type":"regular_web","callbacks":["https://a.example/cb"],"oidc_conformant":true,` +
				`"jwt_configuration":{"alg":"RS256","lifetime_in_seconds":36000},` +
				`"token_endpoint_auth_method":"client_secret_post"}`,
			`{"jwt_configuration":{"alg":"RS256","lifetime_in_seconds":36000},"oidc_conformant":true,` +
				`"token_endpoint_auth_method":"client_secret_post"}`,
		},
		"non_interactive": {
			`{"name":"x","app_type":"non_interactive"}`,
			`{"name":"x","app_type":"non_interactive","oidc_conformant":true,"jwt_configuration":{"alg":"RS256",` +
				`"lifetime_in_seconds":36000},"token_endpoint_auth_method":"client_secret_post"}`,
			`{"jwt_configuration":{"alg":"RS256","lifetime_in_seconds":36000},"oidc_conformant":true,` +
				`"token_endpoint_auth_method":"client_secret_post"}`,
		},
		"jwt_configuration without alg": {
			`{"name":"x","jwt_configuration":{"scopes":{"a b":[1.0,null]},"lifetime_in_seconds":300}}`,
			`{"name":"x","jwt_configuration":{"scopes":{"a b":[1.0,null]},"lifetime_in_seconds":300,"alg":"RS256"},` +
				`"oidc_conformant":true}`,
			`{"jwt_configuration":{"alg":"RS256"},"oidc_conformant":true}`,
		},
		"empty jwt_configuration": {
			`{"name":"x","oidc_conformant":true,"jwt_configuration":{}}`,
			`{"name":"x","oidc_conformant":true,"jwt_configuration":{"alg":"RS256"}}`,
			`{"jwt_configuration":{"alg":"RS256"}}`,
		},
		"the caller's own": {
			`{"name":"x","app_type":"spa","token_endpoint_auth_method":"client_secret_basic",` +
				`"jwt_configuration":{"alg":"HS256"},"oidc_conformant":false}`,
			`{"name":"x","app_type":"spa","token_endpoint_auth_method":"client_secret_basic",` +
				`"jwt_configuration":{"alg":"HS256"},"oidc_conformant":false}`,
			`null`,
		},
	} {
		created := answer(t, auth0, createTool, tt.args)
		if got := lastBody(t, s); got != tt.body {
			t.Errorf("%s: Auth0 got\n%s, want\n%s", name, got, tt.body)
		}
		if got := text(t, created["defaults_applied"]); got != tt.applied {
			t.Errorf("%s: reported %s, want %s", name, got, tt.applied)
		}
	}
}

func TestCreateReadBack(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	created := answer(t, auth0, createTool,
		`{"name":"Lantern & Co","app_type":"native","description":"","callbacks":["lantern://cb"],
		"refresh_token":{"rotation_type":"rotating","expiration_type":"expiring","leeway":0,"policies":[{"audience":"https://api.example","scope":[]}]},
		"mobile":{"ios":{"team_id":"TEAM000000","app_bundle_identifier":"example.lantern"}},
		"oidc_logout":{"backchannel_logout_urls":["https://a.example/out"],"backchannel_logout_initiators":{"mode":"custom","selected_initiators":["rp-logout"]}},
		"native_social_login":{"apple":{"enabled":false}},
		"client_metadata":{"team":"lamps"},"grant_types":[]}`)
	kept := answer(t, auth0, getTool, `{"client_id":"`+created["client_id"].(string)+`"}`)
	for member, want := range map[string]string{
		"name":                `"Lantern \u0026 Co"`,
		"description":         `""`,
		"grant_types":         `[]`,
		"mobile":              `{"ios":{"app_bundle_identifier":"example.lantern","team_id":"TEAM000000"}}`,
		"native_social_login": `{"apple":{"enabled":false}}`,
		"client_metadata":     `{"team":"lamps"}`,
		"oidc_logout": `{"backchannel_logout_initiators":{"mode":"custom",` +
			`"selected_initiators":["rp-logout"]},"backchannel_logout_urls":["https://a.example/out"]}`,
		"oidc_conformant":            `true`,
		"token_endpoint_auth_method": `"none"`,
		skipPrompt:                   `true`,
	} {
		if got := text(t, kept[member]); got != want {
			t.Errorf("%s: %s, want %s", member, got, want)
		}
	}
}

func TestSecretAccess(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	created := answer(t, auth0, createTool, `{"name":"Night Job","app_type":"non_interactive"}`)
	access, _ := created["_credentials_access"].(map[string]any)
	want := map[string]any{
		"dashboard": "Applications → Night Job → Settings, in the dashboard of tenant " + sdktest.Domain,
		"api": "GET https://" + sdktest.Domain + "/api/v2/clients/" + created["client_id"].(string) +
			" with a token that has read:client_keys (member client_secret)",
		"tool": "auth0_save_credentials_to_file saves it into the project's env file (preset developer, --project-root DIR)",
		"user": "`auth0-mcp secret copy application " + created["client_id"].(string) + "` puts it into the user's clipboard",
	}
	if !maps.Equal(access, want) {
		t.Errorf("got %v, want %v", access, want)
	}
	if secret := created["client_secret"].(string); strings.Contains(text(t, access), secret) {
		t.Error("the way to the secret holds the secret")
	}
	for name, public := range map[string]map[string]any{
		"spa":    answer(t, auth0, createTool, `{"name":"x","app_type":"spa"}`),
		"none":   answer(t, auth0, createTool, `{"name":"x","token_endpoint_auth_method":"none"}`),
		"update": answer(t, auth0, updateTool, `{"client_id":"`+created["client_id"].(string)+`","name":"y"}`),
	} {
		if access, ok := public["_credentials_access"]; ok {
			t.Errorf("%s: %v", name, access)
		}
	}
}

func TestUpdate(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	id := answer(t, auth0, createTool,
		`{"name":"Buoy","app_type":"regular_web","description":"old","callbacks":["https://a.example/cb"],
		"mobile":{"ios":{"team_id":"TEAM000000"}},"client_metadata":{"team":"lamps","floor":"2"},
		"jwt_configuration":{"alg":"PS256","lifetime_in_seconds":300}}`)["client_id"].(string)
	for _, tt := range []struct{ change, member, want string }{
		{`"name":"Beacon"`, "name", `"Beacon"`},
		{`"description":""`, "description", `""`},
		{`"callbacks":[]`, "callbacks", `[]`},
		{`"is_first_party":false`, "is_first_party", `false`},
		{`"mobile":{"android":{"app_package_name":"example.buoy"}}`, "mobile",
			`{"android":{"app_package_name":"example.buoy"}}`},
		{`"client_metadata":{"team":null,"door":"b"}`, "client_metadata", `{"door":"b","floor":"2"}`},
		{`"jwt_configuration":{"alg":"RS256"}`, "jwt_configuration",
			`{"alg":"RS256","lifetime_in_seconds":300,"secret_encoded":false}`},
	} {
		args := `{"client_id":"` + id + `",` + tt.change + `}`
		updated := answer(t, auth0, updateTool, args)
		if got := lastBody(t, s); got != "{"+tt.change+"}" {
			t.Errorf("%s: Auth0 got %s", tt.change, got)
		}
		kept := answer(t, auth0, getTool, `{"client_id":"`+id+`"}`)
		if text(t, updated[tt.member]) != tt.want || text(t, kept[tt.member]) != tt.want {
			t.Errorf("%s: the answer says %s, a get says %s, want %s", tt.change, text(t, updated[tt.member]),
				text(t, kept[tt.member]), tt.want)
		}
	}
}

// Each setting that takes null is there before and gone after.
func TestNullClears(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	id := answer(t, auth0, createTool, `{"name":"Buoy"}`)["client_id"].(string)
	for member, value := range map[string]string{
		"cross_origin_loc":              `"https://a.example/check"`,
		"organization_usage":            `"allow"`,
		"organization_require_behavior": `"no_prompt"`,
		"token_endpoint_auth_method":    `"none"`,
		"refresh_token":                 `{"rotation_type":"rotating","expiration_type":"expiring","policies":null}`,
		"native_social_login":           `{"google":{"enabled":true}}`,
		skipPrompt:                      `true`,
	} {
		answer(t, auth0, updateTool, `{"client_id":"`+id+`","`+member+`":`+value+`}`)
		if kept := answer(t, auth0, getTool, `{"client_id":"`+id+`"}`); kept[member] == nil {
			t.Errorf("%s was not set", member)
		}
		answer(t, auth0, updateTool, `{"client_id":"`+id+`","`+member+`":null}`)
		if got := lastBody(t, s); got != `{"`+member+`":null}` {
			t.Errorf("Auth0 got %s", got)
		}
		if left, ok := answer(t, auth0, getTool, `{"client_id":"`+id+`"}`)[member]; ok {
			t.Errorf("%s is still %v", member, left)
		}
	}
}

func TestUpdateWithNothingToChange(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	f := sdktest.Call(t, Plugin(), auth0, updateTool, `{"client_id":"abc"}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT || !strings.Contains(f.GetMessage(), "client_id") {
		t.Errorf("failure = %v", f)
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// post makes an application without the tool's defaults.
func post(t *testing.T, auth0 http.Handler, body string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v2/clients", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	auth0.ServeHTTP(w, r)
	var made struct {
		ClientID string `json:"client_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.ClientID == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return made.ClientID
}

// The setting is changed with a callback that needs it and is new, never otherwise.
func TestPromptOnUpdate(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	const set = `,` + prompt + `:true`
	for name, tt := range map[string]struct{ stored, change, added string }{
		"no callbacks": {``, `"name":"b"`, ``},
		"verifiable":   {``, `"callbacks":["https://a.example/cb"]`, ``},
		"new":          {``, `"callbacks":["http://localhost:3000"]`, set},
		"new beside others": {`"callbacks":["https://a.example/cb"],`,
			`"callbacks":["https://a.example/cb","buoy:/cb"]`, set},
		"stored already": {`"callbacks":["buoy:/cb"],`, `"callbacks":["buoy:/cb","https://a.example/staging"]`,
			``},
		"stored already, one more": {`"callbacks":["buoy:/cb"],`, `"callbacks":["buoy:/cb","http://127.0.0.1/cb"]`, set},
		"one removed":              {`"callbacks":["buoy:/cb","http://localhost"],`, `"callbacks":["buoy:/cb"]`, ``},
		"set already":              {prompt + `:true,`, `"callbacks":["buoy:/cb"]`, ``},
		"decided otherwise before": {prompt + `:false,`, `"callbacks":["buoy:/cb"]`, ``},
		"decided by the caller":    {``, prompt + `:false,"callbacks":["buoy:/cb"]`, ``},
		"cleared by the caller":    {prompt + `:true,`, `"callbacks":["buoy:/cb"],` + prompt + `:null`, ``},
		"verifiable ones put instead": {`"callbacks":["buoy:/cb"],` + prompt + `:true,`,
			`"callbacks":["https://a.example/cb"]`, ``},
	} {
		id := post(t, auth0, `{`+tt.stored+`"name":"Stored: `+name+`"}`)
		for _, key := range []string{id, "Stored: " + name} {
			updated := answer(t, auth0, updateTool, `{"client_id":"`+key+`",`+tt.change+`}`)
			if got := lastBody(t, s); got != "{"+tt.change+tt.added+"}" {
				t.Errorf("%s: Auth0 got %s", name, got)
			}
			if got, want := updated["defaults_applied"] != nil, tt.added != ""; got != want || updated["client_id"] != id {
				t.Errorf("%s: reported %v of %v", name, updated["defaults_applied"], updated["client_id"])
			}
			// Again by its name, from where it was.
			answer(t, auth0, updateTool, `{"client_id":"`+id+`","name":"Stored: `+name+`",`+prompt+`:null,"callbacks":[]}`)
			if tt.stored != "" {
				break
			}
		}
	}
	// What is stored cannot be read: nothing is set.
	s, auth0 = tenant(t, sandbox.Options{Empty: true}, "create:clients", "update:clients")
	id := post(t, auth0, `{"name":"Buoy"}`)
	answer(t, auth0, updateTool, `{"client_id":"`+id+`","callbacks":["buoy:/cb"]}`)
	if got := lastBody(t, s); got != `{"callbacks":["buoy:/cb"]}` {
		t.Errorf("Auth0 got %s", got)
	}
}

func TestNonVerifiable(t *testing.T) {
	yes := []string{
		"myapp://callback", "com.example.app:/cb", "a+b-c.1:x", "MYAPP://x", "localhost:3000/cb", "file:///tmp/x",
		"ftp://a.example/x",
		"http://localhost", "https://localhost/cb", "http://LOCALHOST:3000/cb?x=1", "http://localhost.:80/",
		"HTTP://localhost#x",
		"http://app.localhost:5173/cb", "http://app.localhost.", "https://{organization_name}.localhost/cb",
		"https://*.localhost",
		"http://127.0.0.1:8080", "http://127.255.0.3/", "http://[::1]:3000/cb", "http://[::ffff:127.0.0.1]/",
		"http://user:pw@localhost/x", "http://a@b@localhost", " http://localhost ",
	}
	no := []string{
		"", "https://a.example/cb", "http://a.example:3000", "https://*.a.example/cb",
		"https://{organization_name}.a.example/cb",
		"https://localhost.a.example", "https://notlocalhost/", "https://mylocalhost.example", "https://a.example/localhost",
		"https://a.example?to=http://localhost",
		"https://localhost@a.example/", `https://a.example\@localhost/`, "http://128.0.0.1", "http://127.0.0.1.example",
		"http://0.0.0.0:3000", "http://[::2]/",
		"http://10.0.0.1", "no address", "/cb", "1app://x", ":x", "https:", "http://",
	}
	for _, callback := range yes {
		if !nonVerifiable(callback) {
			t.Errorf("%q is taken for verifiable", callback)
		}
	}
	for _, callback := range no {
		if nonVerifiable(callback) {
			t.Errorf("%q is taken for non-verifiable", callback)
		}
	}
}
