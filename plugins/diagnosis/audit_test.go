package diagnosis

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

type auditReport struct {
	Findings    []finding        `json:"findings"`
	Count       int              `json:"count"`
	Total       int              `json:"total"`
	Note        string           `json:"note"`
	Summary     map[severity]int `json:"summary"`
	LookedAt    []look           `json:"looked_at"`
	NotLookedAt []gap            `json:"not_looked_at"`
	Pagination  struct {
		HasNext bool `json:"has_next"`
	} `json:"pagination"`
}

func audited(t *testing.T, auth0 http.Handler, arguments string) auditReport {
	t.Helper()
	result := sdktest.Call(t, Plugin(), auth0, "auth0_audit_tenant", arguments)
	var r auditReport
	if result.Failure != nil || json.Unmarshal(result.JSON, &r) != nil {
		t.Fatalf("%s: %v %s", arguments, result.Failure, result.JSON)
	}
	return r
}

// change writes to the tenant.
func change(t *testing.T, auth0 http.Handler, method, path, body string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "https://"+sdktest.Domain+"/api/v2/"+path,
		strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	auth0.ServeHTTP(w, r)
	if w.Code >= http.StatusBadRequest {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
}

// clean is a tenant without a weakness.
func clean(t *testing.T) http.Handler {
	t.Helper()
	auth0 := sandbox.New(sandbox.Options{Empty: true}).Authorized()
	for _, c := range [][3]string{
		{"PUT", "guardian/policies", `["all-applications"]`},
		{"PUT", "guardian/factors/otp", `{"enabled":true}`},
		{"POST", "log-streams", `{"name":"SIEM","type":"http","sink":{"httpEndpoint":"https://siem.example/auth0"}}`},
		{"POST", "emails/provider", `{"name":"smtp","enabled":true,"default_from_address":"a@b.example",
			"credentials":{"smtp_host":"mail.example","smtp_port":587,"smtp_user":"u","smtp_pass":"p"}}`},
		{"POST", "clients", `{"name":"Shop","app_type":"regular_web","callbacks":["https://shop.example/callback"],
			"grant_types":["authorization_code","refresh_token"],"oidc_conformant":true,
			"jwt_configuration":{"alg":"RS256"},"refresh_token":{"rotation_type":"rotating","expiration_type":"expiring"}}`},
		{"POST", "clients", `{"name":"Develop","app_type":"spa","callbacks":["http://localhost:3000"],"oidc_conformant":true,
			"grant_types":["authorization_code"],"jwt_configuration":{"alg":"RS256"}}`},
		{"POST", "resource-servers", `{"name":"Orders","identifier":"https://orders.example","enforce_policies":true,
			"scopes":[{"value":"a"},{"value":"b"},{"value":"c"},{"value":"d"}],"token_lifetime":3600}`},
		{"POST", "connections", `{"name":"users","strategy":"auth0",
			"options":{"passwordPolicy":"good","brute_force_protection":true}}`},
		{"POST", "connections", `{"name":"google","strategy":"google-oauth2","options":{"client_id":"ours"}}`},
		{"POST", "actions/actions", `{"name":"A","supported_triggers":[{"id":"post-login","version":"v3"}],
			"code":"exports.onExecutePostLogin = async () => {}","runtime":"node22"}`},
	} {
		change(t, auth0, c[0], c[1], c[2])
	}
	var grants []struct{ ID string }
	read(t, auth0, "/api/v2/client-grants", &grants)
	for _, g := range grants { // that of the API Explorer
		change(t, auth0, "DELETE", "client-grants/"+g.ID, "")
	}
	return auth0
}

// What is set up well gives no finding.
func TestCleanTenant(t *testing.T) {
	auth0 := clean(t)
	r := audited(t, auth0, `{}`)
	if r.Total != 0 || len(r.Findings) != 0 || len(r.NotLookedAt) != 0 || r.Note != "" || len(r.LookedAt) < 15 {
		t.Errorf("%+v", r)
	}
}

// weaknesses are changes of a clean tenant, each with what an audit then finds, and nothing else.
func weaknesses() map[string][3]string {
	app := func(members string) [3]string {
		return [3]string{"POST", "clients", `{"name":"Weak","app_type":"regular_web","oidc_conformant":true,
			"jwt_configuration":{"alg":"RS256"},` + members + `}`}
	}
	const code = `"grant_types":["authorization_code"]`
	return map[string][3]string{
		"url_without_tls": app(`"callbacks":["http://weak.example/cb","http://127.0.0.1/cb"],` + code),
		"url_wildcard":    app(`"callbacks":["https://*.weak.example/cb"],` + code),
		"url_localhost":   app(`"callbacks":["https://weak.example/cb","http://localhost:3000/cb"],` + code),
		"implicit_grant":  app(`"grant_types":["implicit"]`),
		"password_grant":  app(`"grant_types":["password"]`),
		"machine_without_authentication": app(`"grant_types":["client_credentials"],
			"token_endpoint_auth_method":"none"`),
		"refresh_token_not_rotating": app(`"grant_types":["authorization_code","refresh_token"],
			"token_endpoint_auth_method":"none","refresh_token":{"rotation_type":"non-rotating","expiration_type":"expiring"}`),
		"refresh_token_never_expires": app(`"grant_types":["refresh_token"],
			"refresh_token":{"rotation_type":"rotating","expiration_type":"non-expiring"}`),
		"token_hs256": {"POST", "clients", `{"name":"Weak","app_type":"regular_web","oidc_conformant":true,
			"jwt_configuration":{"alg":"HS256"},` + code + `}`},
		"not_oidc_conformant": {"POST", "clients", `{"name":"Weak","app_type":"regular_web","oidc_conformant":false,
			"jwt_configuration":{"alg":"RS256"},` + code + `}`},
		"api_without_rbac": {"POST", "resource-servers", `{"name":"Weak","identifier":"weak","token_lifetime":3600,
			"scopes":[{"value":"a"}]}`},
		"api_token_long": {"POST", "resource-servers", `{"name":"Weak","identifier":"weak","token_lifetime":2592000}`},
		"api_hs256": {"POST", "resource-servers", `{"name":"Weak","identifier":"weak","token_lifetime":60,
			"signing_alg":"HS256"}`},
		"weak_password_policy": {"POST", "connections", `{"name":"weak","strategy":"auth0",
			"options":{"passwordPolicy":"low"}}`},
		"connection_without_brute_force_protection": {"POST", "connections", `{"name":"weak","strategy":"auth0",
			"options":{"passwordPolicy":"good","brute_force_protection":false}}`},
		"development_keys": {"POST", "connections", `{"name":"weak","strategy":"github","options":{}}`},
		"action_runtime_outdated": {"POST", "actions/actions", `{"name":"Weak","code":"exports.onExecutePostLogin = 1",
			"supported_triggers":[{"id":"post-login","version":"v3"}],"runtime":"node18"}`},
		"brute_force_protection_off":      {"PATCH", "attack-protection/brute-force-protection", `{"enabled":false}`},
		"suspicious_ip_throttling_off":    {"PATCH", "attack-protection/suspicious-ip-throttling", `{"enabled":false}`},
		"breached_password_detection_off": {"PATCH", "attack-protection/breached-password-detection", `{"enabled":false}`},
		"brute_force_protection_watches":  {"PATCH", "attack-protection/brute-force-protection", `{"shields":[]}`},
		"bot_detection_off": {"PATCH", "attack-protection/bot-detection",
			`{"challenge_password_policy":"never"}`},
		"bot_detection_watches": {"PATCH", "attack-protection/bot-detection", `{"monitoring_mode_enabled":true}`},
		"mfa_not_required":      {"PUT", "guardian/policies", `[]`},
		"mfa_no_factor":         {"PUT", "guardian/factors/otp", `{"enabled":false}`},
		"session_long":          {"PATCH", "tenants/settings", `{"session_lifetime":8000}`},
		"idle_session_long":     {"PATCH", "tenants/settings", `{"idle_session_lifetime":700}`},
		"open_client_registration": {"PATCH", "tenants/settings",
			`{"flags":{"enable_dynamic_client_registration":true}}`},
		"clickjacking_protection_off": {"PATCH", "tenants/settings",
			`{"flags":{"disable_clickjack_protection_headers":true}}`},
		"domain_not_verified": {"POST", "custom-domains",
			`{"domain":"id.weak.example","type":"auth0_managed_certs"}`},
		"legacy_rule":                      {"POST", "rules", `{"name":"Weak","script":"function () {}","enabled":true}`},
		"email_provider_missing":           {"DELETE", "emails/provider", ``},
		"suspicious_ip_throttling_watches": {"PATCH", "attack-protection/suspicious-ip-throttling", `{"shields":[]}`},
		"breached_password_detection_watches": {"PATCH", "attack-protection/breached-password-detection",
			`{"shields":["admin_notification"]}`},
	}
}

// Each weakness of an otherwise clean tenant is found, with proof, remedy and the object's name, and nothing besides.
func TestWeaknesses(t *testing.T) {
	for _, id := range slices.Sorted(maps.Keys(weaknesses())) {
		t.Run(id, func(t *testing.T) {
			auth0 := clean(t)
			c := weaknesses()[id]
			change(t, auth0, c[0], c[1], c[2])
			r := audited(t, auth0, `{}`)
			if r.Total != 1 || r.Findings[0].Check != id {
				t.Fatalf("found %+v", r.Findings)
			}
			f := r.Findings[0]
			if len(f.Evidence) == 0 || f.Evidence[0].Member == "" || f.Problem == "" || f.Remedy.Text == "" ||
				f.Remedy.Tool == "" || r.Summary[f.Severity] != 1 {
				t.Errorf("%+v", f)
			}
			if c[0] == "POST" && !strings.Contains(strings.ToLower(f.Object.Name), "weak") {
				t.Errorf("object %+v", f.Object)
			}
		})
	}
}

// The company's tenant has weaknesses that need more than one change to make.
func TestSeededWeaknesses(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	tenant.Incidents() // makes the seed
	auth0 := tenant.Authorized()
	r := audited(t, auth0, `{"per_page":100}`)
	byCheck := map[string]finding{}
	for _, f := range r.Findings {
		byCheck[f.Check] = f
	}
	for id, name := range map[string]string{"domain_certificate": "id.readers.harbourlight.example",
		"grant_of_all_scopes": "urn:", "api_hs256": "Legacy Warehouse", "implicit_grant": "Staff Dashboard"} {
		if id != "grant_of_all_scopes" && byCheck[id].Object.Name != name {
			t.Errorf("%s: %+v", id, byCheck[id])
		}
	}
	checkRemedies(t, r.Findings)
	seen := map[string]bool{}
	for page, next := 0, true; next; page++ {
		p := audited(t, auth0, fmt.Sprintf(`{"per_page":2,"page":%d,"severity":"medium",
			"checks":["application","api_hs256"]}`, page))
		for _, f := range p.Findings {
			seen[f.Check+f.Object.ID] = true
			if f.Severity == low || f.Object.Kind != "application" && f.Check != "api_hs256" {
				t.Errorf("%+v was not asked for", f)
			}
		}
		if next = p.Pagination.HasNext; !next && (len(seen) != p.Total || p.Total < 3) {
			t.Errorf("%d of %d findings were on %d pages", len(seen), p.Total, page+1)
		}
	}
	f := sdktest.Call(t, Plugin(), auth0, "auth0_audit_tenant", `{"checks":["mfa"]}`).Failure
	if !strings.Contains(f.GetMessage(), "mfa_not_required") {
		t.Errorf("an unknown check: %v", f)
	}
}

// checkRemedies checks the calls that findings propose.
func checkRemedies(t *testing.T, findings []finding) {
	t.Helper()
	for _, f := range findings {
		checkCall(t, f.Check, f.Remedy)
	}
}

// Each remedy that a source proposes is a call that exists.
func TestRemediesOfAllChecks(t *testing.T) {
	ids := map[string]bool{}
	for _, s := range sources() {
		for _, c := range s.checks {
			if ids[c.id] || c.severity.rank() < 0 || c.problem == "" || c.remedy == "" {
				t.Errorf("%s is there twice or incomplete", c.id)
			}
			ids[c.id] = true
			checkRemedies(t, []finding{{Check: c.id, Remedy: s.remedy(nil, c.set)}})
		}
	}
}

// What a token may not read is told, never passed over.
func TestAuditWithoutScopes(t *testing.T) {
	r := audited(t, sandbox.New(sandbox.Options{}).Authorized("read:clients"), `{}`)
	scopes := map[string]bool{}
	for _, g := range r.NotLookedAt {
		scopes[g.Scope] = true
	}
	for _, scope := range []string{"read:resource_servers", "read:client_grants", "read:connections", "read:actions",
		"read:attack_protection", "read:mfa_policies", "read:tenant_settings", "read:custom_domains", "read:log_streams",
		"read:signing_keys", "read:email_provider", "read:rules", "read:client_credentials"} {
		if !scopes[scope] {
			t.Errorf("%s is not named: %+v", scope, r.NotLookedAt)
		}
	}
}

// An application's grants and keys are weak by more than one object.
func TestGrantsAndKeys(t *testing.T) {
	auth0 := clean(t)
	change(t, auth0, "POST", "clients", `{"name":"Machine","app_type":"non_interactive","oidc_conformant":true,
		"grant_types":["client_credentials"],"jwt_configuration":{"alg":"RS256"}}`)
	var clients []struct {
		ID   string `json:"client_id"`
		Name string
	}
	read(t, auth0, "/api/v2/clients", &clients)
	var apis []struct{ Identifier string }
	read(t, auth0, "/api/v2/resource-servers", &apis)
	at := slices.IndexFunc(clients, func(c struct {
		ID   string `json:"client_id"`
		Name string
	}) bool {
		return c.Name == "Machine"
	})
	for _, grant := range []string{`"https://orders.example","scope":["a","b","c","d"]`,
		`"` + apis[0].Identifier + `","scope":["read:users","update:client_grants"]`} {
		change(t, auth0, "POST", "client-grants", `{"client_id":"`+clients[at].ID+`","audience":`+grant+`}`)
	}
	r := audited(t, auth0, `{}`)
	if r.Total != 2 || r.Findings[0].Check != "grant_can_widen_itself" || r.Findings[1].Check != "grant_of_all_scopes" ||
		!strings.Contains(r.Findings[1].Object.Name, "orders") ||
		!strings.HasPrefix(fmt.Sprint(r.Findings[1].Evidence[0].Value), "Machine (") {
		t.Errorf("%+v", r.Findings)
	}
}

// The guide lists each check under its severity.
func TestGuideListsTheChecks(t *testing.T) {
	page, err := os.ReadFile("../../docs/guide/tenant-audit.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[severity]string{}
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) == 4 {
			rows[severity(strings.TrimSpace(cells[1]))] = cells[2]
		}
	}
	for _, s := range sources() {
		for _, c := range s.checks {
			if !strings.Contains(rows[c.severity], "`"+c.id+"`") {
				t.Errorf("%s is not among those of severity %s", c.id, c.severity)
			}
		}
	}
}
