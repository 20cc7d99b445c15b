package onboarding

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

var next = map[string]string{"web/package.json": `{"dependencies":{"next":"16","react":"19"}}`}

// run calls a tool in a project, and returns what it answers.
func run(t *testing.T, tenant http.Handler, project sdktest.Project, tool, arguments string) (out map[string]any,
	r sdktest.Result) {
	t.Helper()
	r = sdktest.CallIn(t, Plugin(), tenant, project, tool, arguments)
	if r.Failure == nil {
		if err := json.Unmarshal(r.JSON, &out); err != nil {
			t.Fatal(err)
		}
	}
	return out, r
}

// edits are the variables of a call's env files, one text each.
func edits(r sdktest.Result) (list []string) {
	for _, f := range r.EnvFiles {
		for _, v := range f.Variables {
			list = append(list, f.Root+":"+f.Path+" "+v.String())
		}
	}
	return list
}

// writes are the requests that changed the tenant, from a mark on.
func writes(tenant *sandbox.Tenant) (list []string) {
	for _, r := range tenant.Requests() {
		if r.Method != http.MethodGet {
			list = append(list, r.Method+" "+r.Path)
		}
	}
	tenant.ResetRequests()
	return list
}

const nextArguments = `{"app_name":"Shop","project_path":"web"}`

// A project gets an application with the right URLs and its credentials; the second call takes the same one.
func TestOnboarding(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	project := sdktest.Project{Files: next}
	out, r := run(t, tenant.Authorized(), project, "auth0_onboarding", nextArguments)
	if r.Failure != nil {
		t.Fatal(r.Failure)
	}
	id, _ := out["client_id"].(string)
	if out["application"] != "created" || out["framework"] != "nextjs" || !strings.Contains(fmt.Sprint(out["configured_urls"]),
		"http://localhost:3000/auth/callback") || strings.Contains(string(r.JSON), "client_secret\":") {
		t.Errorf("%s", r.JSON)
	}
	want := []string{"AUTH0_DOMAIN=" + sdktest.Domain, "AUTH0_CLIENT_ID=" + id,
		"AUTH0_CLIENT_SECRET from /api/v2/clients/" + id + " client_secret", "AUTH0_SECRET from 32 random bytes",
		"APP_BASE_URL=http://localhost:3000"}
	if got := edits(r); strings.Join(got, "\n") != "project:web/.env.local "+strings.Join(want, "\nproject:web/.env.local ") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if got := writes(tenant); fmt.Sprint(got) != "[POST /api/v2/clients]" {
		t.Error(got)
	}
	out, _ = run(t, tenant.Authorized(), project, "auth0_onboarding", nextArguments)
	if got := writes(tenant); out["application"] != "reused" || out["client_id"] != id || len(got) != 0 {
		t.Errorf("%v, %v", out, got)
	}
	// On another port it lacks a URL, and keeps the others.
	out, _ = run(t, tenant.Authorized(), project, "auth0_onboarding", `{"app_name":"Shop","project_path":"web","port":3005}`)
	if got := writes(tenant); out["client_id"] != id || fmt.Sprint(got) != "[PATCH /api/v2/clients/"+id+"]" {
		t.Errorf("%v, %v", out, got)
	}
	out, _ = run(t, tenant.Authorized(), project, "auth0_get_quickstart_guide",
		`{"client_id":"Shop","project_path":"web","base_url":"http://localhost:3000/"}`)
	if out["client_id"] != id || fmt.Sprint(out["missing_urls"]) != "map[]" {
		t.Errorf("%v", out)
	}
	// Another framework's application with this name is not taken.
	_, r = run(t, tenant.Authorized(), project, "auth0_onboarding", `{"app_name":"Shop","framework":"express"}`)
	if !strings.Contains(r.Failure.GetMessage(), "did not make for Express") || len(writes(tenant)) != 0 {
		t.Error(r.Failure)
	}
}

// A failure leaves nothing behind.
func TestOnboardingTakesBack(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	r := sdktest.CallIn(t, Plugin(), tenant.Authorized(), sdktest.Project{Files: next}, "auth0_save_credentials_to_file",
		`{"client_id":"none","framework":"nextjs"}`)
	failure := r.Failure
	for _, dry := range []bool{true, false} {
		project := sdktest.Project{Files: next, EnvFailure: failure, DryRun: dry}
		_, r = run(t, tenant.Authorized(), project, "auth0_onboarding", nextArguments)
		got := fmt.Sprint(writes(tenant))
		if dry && got != "[POST /api/v2/clients]" || !dry && !strings.HasPrefix(got, "[DELETE /api/v2/clients/") &&
			!strings.Contains(got, " DELETE /api/v2/clients/") {
			t.Errorf("dry %v: %s", dry, got)
		}
		if !dry && !strings.Contains(r.Failure.GetDone(), "was deleted again") {
			t.Errorf("%v", r.Failure)
		}
		if dry { // what the host only simulates
			tenant = sandbox.New(sandbox.Options{})
		}
	}
	// Where it cannot be deleted, the application is named.
	lacks := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"statusCode":403,"error":"Forbidden","message":"Insufficient scope"}`))
			return
		}
		tenant.Authorized().ServeHTTP(w, r)
	})
	_, r = run(t, lacks, sdktest.Project{Files: next, EnvFailure: failure}, "auth0_onboarding",
		`{"app_name":"Other","project_path":"web"}`)
	if !strings.Contains(r.Failure.GetDone(), "could not be deleted again") {
		t.Errorf("%v", r.Failure)
	}
}

func TestSaveCredentials(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	post := func(body string) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+tenant.Domain()+"/api/v2/clients",
			strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		tenant.Authorized().ServeHTTP(answer, r)
		var made struct {
			ID string `json:"client_id"`
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &made); err != nil || made.ID == "" {
			t.Fatal(err, answer.Body)
		}
		return made.ID
	}
	web := post(`{"name":"Web | shop","app_type":"regular_web","token_endpoint_auth_method":"client_secret_post"}`)
	post(`{"name":"Page","app_type":"spa","token_endpoint_auth_method":"none"}`)
	stored := "AUTH0_CLIENT_SECRET from /api/v2/clients/" + web + " client_secret"
	credentials := "AUTH0_DOMAIN=" + sdktest.Domain + " AUTH0_CLIENT_ID=" + web + " " + stored
	for name, tt := range map[string]struct {
		files           map[string]string
		arguments, want string
		failure         string
	}{
		"by name, unknown project": {nil, `{"client_id":"Web | shop"}`, "project:.env " + credentials, ""},
		"a framework without a guide": {nil, `{"client_id":"Web | shop","framework":"phoenix","file":"config/.env"}`,
			"project:config/.env " + credentials, ""},
		"found": {map[string]string{"Gemfile": `gem "rails"`}, `{"client_id":"` + web + `"}`, "project:.env " + credentials, ""},
		"a public application": {map[string]string{"package.json": `{"dependencies":{"vue":"3"},"devDependencies":{"vite":"7"}}`},
			`{"client_id":"Page"}`, "VITE_AUTH0_DOMAIN=", ""},
		"no secret to save": {nil, `{"client_id":"Page"}`, "", "is public"},
		"own variables": {nil, `{"client_id":"` + web + `","variables":["A=client_secret","B=[REDACTED:k7q2m9xa]","C=encryption_key.cert","D=random","E=issuer"]}`,
			"project:.env A from /api/v2/clients/" + web + " client_secret B=[REDACTED:k7q2m9xa] C from /api/v2/clients/" + web +
				" encryption_key.cert D from 32 random bytes E=https://" + sdktest.Domain, ""},
		"a marker alone": {nil, `{"variables":["LINK=[REDACTED:k7q2m9xa]"]}`, "LINK=[REDACTED:k7q2m9xa]", ""},
		"no application": {nil, `{}`, "", "client_id: want"},
		"no callback": {nil, `{"client_id":"` + web + `","variables":["A=callback_url"],"callback_url":"x\nEVIL=1"}`, "",
			"callback_url: want"},
		"an unknown source": {nil, `{"client_id":"x","variables":["A=Not a source"]}`, "", "want KEY=SOURCE"},
		"two frameworks": {map[string]string{"go.mod": "module a\n", "Gemfile": `gem "rails"`}, `{"client_id":"` + web + `"}`, "",
			"several frameworks"},
		"no env file": {map[string]string{"app/build.gradle": "com.android.application"}, `{"client_id":"Page"}`, "", ""},
		"a dry run":   {nil, `{"client_id":"` + web + `","dry_run":true}`, "", ""},
	} {
		_, r := run(t, tenant.Authorized(), sdktest.Project{Files: tt.files}, "auth0_save_credentials_to_file", tt.arguments)
		got := strings.Join(edits(r), " ")
		for _, again := range []string{"project:.env ", "project:config/.env "} { // once is enough
			if i := strings.Index(got, again); i >= 0 {
				got = again + strings.ReplaceAll(got, again, "")
			}
		}
		if !strings.Contains(got, tt.want) || tt.want == "" && got != "" ||
			!strings.Contains(r.Failure.GetMessage(), tt.failure) || (r.Failure == nil) != (tt.failure == "") {
			t.Errorf("%s: %s, %v", name, got, r.Failure)
		}
	}
	if got := writes(tenant); len(got) != 2 {
		t.Errorf("the tenant was changed: %v", got)
	}
}
