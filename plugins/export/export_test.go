package export

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

// company is the sandbox's company, whose objects hold secrets of most kinds.
func company() http.Handler {
	tenant := sandbox.New(sandbox.Options{})
	tenant.Incidents() // makes the seed
	return tenant.Authorized()
}

// exported are the files of an export by their paths, and its answer.
func exported(t *testing.T, auth0 http.Handler, arguments string) (map[string]string, answer) {
	t.Helper()
	r := sdktest.Call(t, Plugin(), auth0, "auth0_export", arguments)
	var a answer
	if r.Failure != nil || json.Unmarshal(r.JSON, &a) != nil {
		t.Fatalf("%s: %v %s", arguments, r.Failure, r.JSON)
	}
	files := map[string]string{}
	for _, f := range r.Files {
		if _, twice := files[f.Path]; twice || f.Root != root {
			t.Errorf("%s is written twice, or to %s", f.Path, f.Root)
		}
		if err := pluginv1.CheckFilePath(f.Path); err != nil {
			t.Error(err)
		}
		files[f.Path] = string(f.Content)
	}
	return files, a
}

func request(t *testing.T, auth0 http.Handler, method, path, body string) []byte {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "https://"+sdktest.Domain+"/api/v2/"+path,
		strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	auth0.ServeHTTP(w, r)
	if w.Code >= http.StatusBadRequest {
		t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// The files have the names that auth0-deploy-cli reads, and what they refer to is called by its name.
func TestDirectory(t *testing.T) {
	auth0 := company()
	request(t, auth0, "PUT", "branding/templates/universal-login",
		`{"template":"{%- auth0:head -%}{%- auth0:widget -%}"}`)
	var flows []struct{ ID, Name string }
	if err := json.Unmarshal(request(t, auth0, "GET", "flows", ""), &flows); err != nil {
		t.Fatal(err)
	}
	for _, flow := range flows {
		if flow.Name == "Update customer in CRM" {
			request(t, auth0, "PATCH", "flows/"+flow.ID, `{"actions":[{"id":"x_1","type":"HTTP","action":"SEND_REQUEST",
				"params":{"connection_id":"ac_HarbourCrmHttp11111111","url":"https://crm.example"}}]}`)
		}
	}
	files, a := exported(t, auth0, `{}`)
	for path, has := range map[string]string{
		"tenant.json":                                            `"friendly_name"`,
		"clients/Order Importer.json":                            `"app_type": "non_interactive"`,
		"resource-servers/Orders API.json":                       `"identifier": "https://api.harbourlight.example/orders"`,
		"connections/google-oauth2.json":                         `"Harbourlight Shop"`,
		"database-connections/warehouse-partners/database.json":  `"disable_signup": true`,
		"roles/Auditor.json":                                     `"permissions"`,
		"organizations/northquay-libraries.json":                 `"name": "northquay-entra"`,
		"actions/Limit machine scopes.json":                      `"code": "./actions/Limit machine scopes/code.js"`,
		"actions/Limit machine scopes/code.js":                   "exports.",
		"triggers/triggers.json":                                 `"action_name": "Limit machine scopes"`,
		"attack-protection/brute-force-protection.json":          `"enabled": true`,
		"guardian/policies.json":                                 `"all-applications"`,
		"guardian/factors/otp.json":                              `"enabled": true`,
		"emails/provider.json":                                   `"smtp"`,
		"emails/verify_email.json":                               `"./verify_email.html"`,
		"emails/verify_email.html":                               `{{ url }}`,
		"log-streams/Security events.json":                       `##LOG_STREAMS_SECURITY_EVENTS_SINK_HTTPAUTHORIZATION##`,
		"custom-domains/custom-domains.json":                     "login.harbourlight.example",
		"rules/Add country to the token.js":                      "callback",
		"pages/error_page.json":                                  `"html": "./error_page.html"`,
		"pages/password_reset.html":                              "",
		"branding/branding.json":                                 `"primary": "#0b4f6c"`,
		"branding/templates/universal_login.json":                `"template": "universal_login"`,
		"branding/templates/universal_login.html":                "{%- auth0:widget -%}",
		"themes/theme.json":                                      `"displayName": "Harbourlight"`,
		"prompts/prompts.json":                                   `"universal_login_experience": "new"`,
		"flows/Update customer in CRM.json":                      `"connection_id": "CRM"`,
		"flow-vault-connections/flow-vault-connections/CRM.json": `"app_id": "HTTP"`,
	} {
		if content, ok := files[path]; !ok || !strings.Contains(content, has) {
			t.Errorf("%s lacks %s: %.600s", path, has, files[path])
		}
	}
	if strings.Contains(files["tenant.json"], "error_page") {
		t.Error("tenant.json holds pages, which an import would drop")
	}
	form := slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(path string) bool {
		return strings.HasPrefix(path, "forms/") && strings.Contains(files[path], `"flow_id": "Update customer in CRM"`)
	})
	if !form {
		t.Error("no form refers to its flow by name")
	}
	if a.Files != len(files) || len(a.NotExported) > 0 || a.NextCursor != "" || a.Exported["clients"] < 10 ||
		!slices.Contains(a.Placeholders, "CONNECTIONS_GOOGLE_OAUTH2_OPTIONS_CLIENT_SECRET") {
		t.Errorf("%d files, %+v", len(files), a)
	}
	grant := slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(path string) bool {
		return strings.HasPrefix(path, "grants/Order Importer-") &&
			strings.Contains(files[path], `"client_id": "Order Importer"`)
	})
	if !grant {
		t.Error("no grant of Order Importer")
	}
}

// What an importer sends fits the operation that creates such an object.
func TestFilesFitTheAPI(t *testing.T) {
	files, _ := exported(t, company(), `{"kinds":["clients","resource-servers","connections","forms","flows","themes"]}`)
	for path, content := range files {
		folder, _, _ := strings.Cut(path, "/")
		operation := map[string]string{"clients": "POST /api/v2/clients", "resource-servers": "POST /api/v2/resource-servers",
			"connections": "POST /api/v2/connections", "database-connections": "POST /api/v2/connections",
			"forms": "POST /api/v2/forms", "flows": "POST /api/v2/flows", "themes": "POST /api/v2/branding/themes"}[folder]
		o, _ := managementapi.ByName(operation)
		var body any
		if !strings.HasSuffix(path, ".json") || json.Unmarshal([]byte(content), &body) != nil {
			continue
		}
		for _, problem := range o.Body.Check(body) {
			if problem.Fault == managementapi.Unknown && strings.Count(problem.At, "/") == 1 &&
				problem.At != "/enabled_clients" {
				t.Errorf("%s: %s", path, problem)
			}
		}
	}
}

var shaped = regexp.MustCompile(`PRIVATE KEY-----|eyJ\w+\.eyJ|JBSWY3DP`)

// No secret that the tenant holds is in a file, in whatever format.
func TestNoSecrets(t *testing.T) {
	auth0 := company()
	request(t, auth0, "POST", "clients", `{"name":"Own key",
		"client_metadata":{"note":"postgres://u:hunter22@db.example/x","upper":"Redis://:canary-1@db.example/x",
			"crm_api_key":"canary-2","Webhook-Secret":"canary-3","bot":"xox`+`b-1234-canary456789abcdef",
			"hook":"https://hooks.slack.com/services/T0/B0/canary7abcdefghijkl","link":"https://a.example/?token=canary-8abc",
			"header":"Bearer canary9.abcdefghi"},"app_type":"regular_web"}`)
	request(t, auth0, "POST", "organizations", `{"name":"own-secrets","metadata":{"crm_password":"canary-4"}}`)
	request(t, auth0, "POST", "connections", `{"name":"own-secrets","strategy":"auth0","metadata":{"api-key":"canary-5"}}`)
	request(t, auth0, "POST", "forms", `{"name":"Own secrets","start":{"hidden_fields":[{"key":"api_key","value":"canary-6"}]}}`)
	var secrets []string
	for _, list := range []string{"clients", "resource-servers", "connections", "log-streams", "emails/provider",
		"actions/actions", "client-grants"} {
		secrets = append(secrets, secretsOf(t, "GET /api/v2/"+list, request(t, auth0, "GET", list, ""))...)
	}
	var flows []struct{ ID string }
	if err := json.Unmarshal(request(t, auth0, "GET", "flows", ""), &flows); err != nil {
		t.Fatal(err)
	}
	for _, flow := range flows {
		secrets = append(secrets, secretsOf(t, "GET /api/v2/flows/{id}", request(t, auth0, "GET", "flows/"+flow.ID, ""))...)
	}
	secrets = append(secrets, "hunter22", "canary")
	if len(secrets) < 20 {
		t.Fatalf("only %d secrets were found", len(secrets))
	}
	for _, format := range []string{deployCLI, terraform} {
		files, _ := exported(t, auth0, `{"format":"`+format+`"}`)
		for path, content := range files {
			for _, secret := range secrets {
				if strings.Contains(content, secret) {
					t.Errorf("%s holds a secret", path)
				}
			}
			if !strings.HasSuffix(path, ".js") && shaped.MatchString(content) {
				t.Errorf("%s holds a key or a token", path)
			}
		}
	}
}

// secretsOf are the secrets in an operation's answer.
func secretsOf(t *testing.T, operation string, answer []byte) (secrets []string) {
	t.Helper()
	var document any
	if err := json.Unmarshal(answer, &document); err != nil {
		t.Fatal(err)
	}
	o, _ := managementapi.ByName(operation)
	for found := range o.Answer.Secrets(document) {
		if text, ok := found.Value.(string); ok && len(text) > 6 {
			secrets = append(secrets, text)
		}
	}
	return secrets
}

// Names of objects become names of files on every system, each its own.
func TestNames(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{Empty: true}).Authorized()
	for _, name := range []string{"CON", "nul.txt", "a/b", `a\b`, "..", ".git", "git~1", "Case", "case", "dot.", " space ",
		"a:b", "é", "e\u0301", "auth0|x#EXT#@y", strings.Repeat("語", 60), "twice", "twice", "zero\u200bwidth", "?", "*"} {
		body, err := json.Marshal(map[string]string{"name": name, "app_type": "spa"})
		if err != nil {
			t.Fatal(err)
		}
		request(t, auth0, "POST", "clients", string(body))
	}
	files, a := exported(t, auth0, `{"kinds":["clients"],"folder":"tenants/dev/"}`)
	folded := map[string]bool{}
	for path := range files {
		if folded[fold(path)] || !strings.HasPrefix(path, "tenants/dev/clients/") {
			t.Errorf("%s", path)
		}
		folded[fold(path)] = true
	}
	if len(files) != a.Exported["clients"] || len(files) < 21 {
		t.Errorf("%d files for %d applications", len(files), a.Exported["clients"])
	}
	again, _ := exported(t, auth0, `{"kinds":["clients"],"folder":"tenants/dev"}`)
	for path, content := range files {
		if again[path] != content {
			t.Errorf("%s is another file in the second export", path)
		}
	}
}

// A large tenant takes several calls, which together export each object once.
func TestCursor(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{Empty: true}).Authorized()
	for i := range 620 {
		request(t, auth0, "POST", "roles", fmt.Sprintf(`{"name":"Role %d"}`, i))
	}
	seen := map[string]bool{}
	cursor, calls := "", 0
	for more := true; more; calls++ {
		files, a := exported(t, auth0, `{"kinds":["tenant","roles"],"cursor":"`+cursor+`"}`)
		for path := range files {
			if seen[path] {
				t.Errorf("%s is written by two calls", path)
			}
			seen[path] = true
		}
		cursor, more = a.NextCursor, a.NextCursor != ""
		if more != strings.Contains(a.NextStep, "cursor") {
			t.Errorf("%+v", a)
		}
	}
	if len(seen) != 621 || calls != 2 {
		t.Errorf("%d files in %d calls", len(seen), calls)
	}
	checkInvalid(t, auth0)
}

// A part of an export is small enough to be approved.
func TestPartsOfAnExport(t *testing.T) {
	arguments, kinds, most := `{"max_files":90}`, map[string]int{}, 0
	for calls := 0; arguments != "" && calls < 9; calls++ {
		files, a := exported(t, company(), arguments)
		most = max(most, len(files))
		for kind, n := range a.Exported {
			kinds[kind] += n
		}
		if arguments = ""; a.NextCursor != "" {
			arguments = `{"max_files":90,"cursor":"` + a.NextCursor + `"}`
		}
	}
	_, whole := exported(t, company(), `{}`)
	if most > 100 || whole.Files <= 100 || !maps.Equal(kinds, whole.Exported) {
		t.Errorf("%d files at once, %v, want %v", most, kinds, whole.Exported)
	}
}

// checkInvalid calls with arguments that are refused.
func checkInvalid(t *testing.T, auth0 http.Handler) {
	t.Helper()
	for _, arguments := range []string{`{"cursor":"clients:x"}`, `{"cursor":"clients"}`, `{"cursor":"nothing:1"}`, `{"kinds":["everything"]}`} {
		if f := sdktest.Call(t, Plugin(), auth0, "auth0_export", arguments).Failure; f.GetCode() !=
			pluginv1.Failure_CODE_INVALID_ARGUMENT {
			t.Errorf("%s: %v", arguments, f)
		}
	}
}

// Objects that are deleted between two calls make the second one leave none out.
func TestCursorInATenantThatChanges(t *testing.T) {
	for name, deleted := range map[string]int{"an earlier one": 3, "the last one": 499, "the next one": 500} {
		auth0 := sandbox.New(sandbox.Options{Empty: true}).Authorized()
		var ids []string
		for i := range 520 {
			var role struct{ ID string }
			if err := json.Unmarshal(request(t, auth0, "POST", "roles", fmt.Sprintf(`{"name":"Role %d"}`, i)),
				&role); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, role.ID)
		}
		seen := map[string]bool{}
		files, a := exported(t, auth0, `{"kinds":["roles"]}`)
		maps.Copy(seen, setOf(files))
		request(t, auth0, "DELETE", "roles/"+ids[deleted], "")
		for calls := 0; a.NextCursor != "" && calls < 5; calls++ {
			files, a = exported(t, auth0, `{"kinds":["roles"],"cursor":"`+a.NextCursor+`"}`)
			maps.Copy(seen, setOf(files))
		}
		if a.NextCursor != "" || len(seen) < 519 {
			t.Errorf("%s: %d files, %+v", name, len(seen), a)
		}
	}
}

func setOf(files map[string]string) map[string]bool {
	set := map[string]bool{}
	for path := range files {
		set[path] = true
	}
	return set
}

// A text of the tenant that looks like a placeholder is none for auth0-deploy-cli, which would put a secret there.
func TestTextsThatLookLikePlaceholders(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{Empty: true}).Authorized()
	const name, description = "##NAME## \\#####", `@@X@@ "@@CLIENTS_SHOP@@" #@## <##CLIENTS_SHOP_CLIENT_SECRET##>`
	body, err := json.Marshal(map[string]any{"name": name, "app_type": "spa", "description": description,
		"client_metadata": map[string]string{"##KEY##": "a@@b", "api_key": "canary-4711", "api_key2": "##MINE##"}})
	if err != nil {
		t.Fatal(err)
	}
	request(t, auth0, "POST", "clients", string(body))
	files, a := exported(t, auth0, `{"kinds":["clients"]}`)
	for path, content := range files {
		if !strings.Contains(content, "MINE") {
			continue
		}
		raw := regexp.MustCompile(`##\w+##|@@\w+@@`).FindAllString(content, -1)
		var o struct {
			Name, Description string
			Metadata          map[string]string `json:"client_metadata"`
		}
		if err := json.Unmarshal([]byte(content), &o); err != nil || o.Name != name || o.Description != description ||
			o.Metadata["##KEY##"] != "a@@b" || o.Metadata["api_key2"] != "##MINE##" {
			t.Errorf("%s: %v %+v", path, err, o)
		}
		if len(a.Placeholders) != 1 || !slices.Equal(raw, []string{"##" + a.Placeholders[0] + "##"}) {
			t.Errorf("%q %q", raw, a.Placeholders)
		}
		return
	}
	t.Errorf("%d files", len(files))
}

func TestTerraform(t *testing.T) {
	files, a := exported(t, company(), `{"format":"terraform"}`)
	text := files["auth0_import.tf"]
	for _, want := range []string{"to = auth0_client.staff_dashboard\n", "to = auth0_client.staff_dashboard_2\n",
		"to = auth0_connection.google_oauth2\n  id = \"con_HarbourlightGoog\"\n", "to = auth0_trigger_actions.post_login\n",
		"to = auth0_role.auditor\n", "to = auth0_flow.update_customer_in_crm\n",
		"to = auth0_branding_theme.theme\n  id = \"HarbourlightTheme"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	block := regexp.MustCompile(`^(import \{\n  to = auth0_[a-z_]+\.[a-z_][a-z0-9_]*\n  id = "[^"\n]+"\n\}\n\n?)+$`)
	if len(files) != 1 || !block.MatchString(text) || strings.Count(text, "import {") != sum(a.Exported) {
		t.Errorf("%.2000s", text)
	}
	if got := quoted("a\"${b}%{c}\n"); got != `"a\"$${b}%%{c}\n"` {
		t.Errorf("%s", got)
	}
}

func sum(counts map[string]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}

// What the token may not read is named, and the rest is exported.
func TestWithoutScopes(t *testing.T) {
	files, a := exported(t, sandbox.New(sandbox.Options{}).Authorized("read:clients"), `{}`)
	named := map[string]bool{}
	for _, g := range a.NotExported {
		named[g.Scope] = true
	}
	for _, k := range kinds() {
		if k.scope != "read:clients" && !named[k.scope] {
			t.Errorf("%s is not named: %+v", k.scope, a.NotExported)
		}
	}
	if len(files) != a.Exported["clients"] || len(files) == 0 {
		t.Errorf("%d files", len(files))
	}
	tenant := sandbox.New(sandbox.Options{})
	tenant.Incidents()
	files, a = exported(t, tenant.Authorized("read:organizations"), `{"kinds":["organizations"]}`)
	if len(files) != 3 || len(a.NotExported) != 1 || a.NotExported[0].Scope != "read:organization_connections" {
		t.Errorf("%d files, %+v", len(files), a.NotExported)
	}
}
