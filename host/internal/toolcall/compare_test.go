package toolcall

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/comparison"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// twoTenants is a Runner for one sandbox that compares with another, which begins with the same objects.
type twoTenants struct {
	*Runner
	first, second *sandbox.Tenant
	folder        string // of the audit log
}

func newTwoTenants(t *testing.T, change ...func(*egress.Config)) *twoTenants {
	t.Helper()
	p := &twoTenants{first: sandbox.New(sandbox.Options{Domain: "production.example"}),
		second: sandbox.New(sandbox.Options{Domain: "staging.example"}), folder: t.TempDir()}
	for _, tenant := range []*sandbox.Tenant{p.first, p.second} {
		withoutToken(t, tenant)
	}
	secrets := new(redact.Redactor)
	gate := func(s *sandbox.Tenant, profile string) egress.Config {
		return egress.Config{Domain: s.Domain(), Transport: s.Transport(), Redact: secrets, ReadOnly: profile != "",
			SignIn: "sign in with `auth0-mcp init --profile " + profile + "`",
			Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: s.Token()})}
	}
	log := func(s *sandbox.Tenant, profile string) *audit.Log {
		return audit.New(audit.Config{Folder: p.folder, Mode: audit.On, Profile: profile, Tenant: s.Domain(),
			Redact: secrets.Text, RedactJSON: secrets.JSON})
	}
	second := gate(p.second, "staging")
	for _, f := range change {
		f(&second)
	}
	p.Runner = New(Config{Domain: p.first.Domain(), Log: slog.New(slog.DiscardHandler),
		Gate: egress.New(gate(p.first, "")), Audit: log(p.first, ""),
		Compared: &Compared{Profile: "staging", Domain: p.second.Domain(), Gate: egress.New(second),
			Audit: log(p.second, "staging")}})
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// withoutToken deletes the flow that holds a token of its tenant: it is another in each.
func withoutToken(t *testing.T, tenant *sandbox.Tenant) {
	t.Helper()
	var flows []struct{ ID, Name string }
	if err := json.Unmarshal(change(t, tenant, "GET flows"), &flows); err != nil {
		t.Fatal(err)
	}
	for _, flow := range flows {
		if flow.Name == "Update customer in CRM" {
			change(t, tenant, "DELETE flows/"+flow.ID)
		}
	}
	tenant.ResetRequests()
}

func (p *twoTenants) call(t *testing.T, arguments string) Result {
	t.Helper()
	return p.Call(t.Context(), Request{Tool: catalog.NewHostTool(comparison.Tool()), Arguments: json.RawMessage(arguments)})
}

func (p *twoTenants) compare(t *testing.T, arguments string) (comparisonAnswer, string) {
	t.Helper()
	result := p.call(t, arguments)
	if result.IsError {
		t.Fatal(result.Texts)
	}
	var answer comparisonAnswer
	if err := json.Unmarshal([]byte(result.Texts[0]), &answer); err != nil {
		t.Fatal(err)
	}
	return answer, result.Texts[0]
}

// change sends a request to a tenant, "METHOD path body".
func change(t *testing.T, tenant *sandbox.Tenant, request string) []byte {
	t.Helper()
	method, rest, _ := strings.Cut(request, " ")
	path, body, _ := strings.Cut(rest, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "https://"+tenant.Domain()+"/api/v2/"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	tenant.Authorized().ServeHTTP(w, r)
	if w.Code > 299 {
		t.Fatalf("%s: %d %s", request, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

func writes(tenant *sandbox.Tenant) (all []string) {
	for _, r := range tenant.Requests() {
		if r.Method != http.MethodGet {
			all = append(all, r.Method+" "+r.Path)
		}
	}
	return all
}

func TestCompareEqualTenants(t *testing.T) {
	p := newTwoTenants(t)
	answer, text := p.compare(t, `{}`)
	if answer.Total != 0 || len(answer.NotCompared) > 0 || len(answer.Summary) != len(comparison.Kinds()) {
		t.Error(text)
	}
	for _, s := range answer.Summary {
		if s.Equal == 0 || s.DifferentSecrets > 0 {
			t.Errorf("%+v", s)
		}
	}
	if again, _ := p.compare(t, `{}`); again.Requests.Second["GET /api/v2/connections/{id}/clients"] != 8 {
		t.Errorf("%+v", again.Requests)
	}
	for _, tenant := range []*sandbox.Tenant{p.first, p.second} {
		if sent := writes(tenant); len(sent) > 0 {
			t.Error(sent)
		}
	}
	if len(text) > 7500 {
		t.Errorf("%d bytes", len(text))
	}
}

// Each difference is found, under names, and what the tenants' ids make different is none.
func TestCompareFindsDifferences(t *testing.T) {
	const saml, orders = "connections/con_HarbourlightSaml", `{"kinds":["resource-servers"]}`
	for name, tt := range map[string]struct {
		changes   []string // of the second tenant
		arguments string
		want      []string // "kind name in: field first second"
	}{
		"made there": {[]string{`POST roles {"name":"Guest"}`}, `{}`, []string{`roles Guest second:`}},
		"deleted there": {[]string{`DELETE organizations/org_LanternfishRview`}, `{"kinds":["organizations"]}`,
			[]string{`organizations lanternfish first:`}},
		"a setting": {[]string{`PATCH tenants/settings {"session_lifetime":24}`}, `{"kinds":["tenant"]}`,
			[]string{`tenant  both: session_lifetime 168 24`}},
		"a value": {[]string{`PATCH ` + saml + ` {"display_name":"Staff"}`}, `{}`,
			[]string{`connections harbourlight-staff both: display_name "Harbourlight staff" "Staff"`}},
		"deep": {[]string{`PATCH ` + saml + ` {"options":{"signInEndpoint":"https://other.example/",` +
			`"signOutEndpoint":"https://idp.harbourlight.example/slo","signatureAlgorithm":"rsa-sha256",` +
			`"digestAlgorithm":"sha256","domain_aliases":["harbourlight.example"]}}`},
			`{"kinds":["connections"],"names":["harbourlight-staff"]}`, []string{`options.signInEndpoint`}},
		"a secret": {[]string{`PATCH connections/con_HarbourlightGoog {"options":{"client_id":"4711-harbourlight.apps.` +
			`googleusercontent.example","client_secret":"another-secret-of-google"}}`}, `{"kinds":["connections"]}`,
			[]string{`connections google-oauth2 both: options.client_secret "[REDACTED]" "[REDACTED]" hidden`}},
		"permissions": {[]string{`DELETE roles/rol_ShopManager00001/permissions {"permissions":[{"resource_server_identifier":` +
			`"https://api.harbourlight.example/orders","permission_name":"update:orders"}]}`}, `{"kinds":["roles"]}`,
			[]string{`roles Shop manager both: permissions`, `update:orders`}},
		"protection": {[]string{`PATCH attack-protection/brute-force-protection {"max_attempts":3}`},
			`{"kinds":["brute-force-protection"]}`, []string{`brute-force-protection  both: max_attempts 10 3`}},
		"policies": {[]string{`PUT guardian/policies []`}, `{"kinds":["guardian-policies"]}`,
			[]string{`guardian-policies  both: values  - all-applications (was 1)`}},
		"bindings": {[]string{`PATCH actions/triggers/post-login/bindings {"bindings":[]}`}, `{"kinds":["triggers"]}`,
			[]string{`triggers post-login both: bindings`}},
		"nothing of this kind": {[]string{`POST roles {"name":"Guest"}`}, orders, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := newTwoTenants(t)
			for _, request := range tt.changes {
				change(t, p.second, request)
			}
			answer, text := p.compare(t, tt.arguments)
			lines := told(answer)
			if len(lines) != len(tt.want) {
				t.Fatal(text)
			}
			for i, line := range lines {
				if !strings.Contains(line, tt.want[i]) {
					t.Errorf("%s\nwant %s", line, tt.want[i])
				}
			}
			for _, hidden := range []string{"another-secret-of-google", "GOCSPX-q8Vd3kXz0uLrT5mYw2Hn", `\u0000`} {
				if strings.Contains(text, hidden) {
					t.Errorf("it shows %q", hidden)
				}
			}
		})
	}
}

// told are the fields that differ, a line each.
func told(answer comparisonAnswer) (lines []string) {
	for _, d := range answer.Differences {
		head := d.Kind + " " + d.Name + " " + d.In + ":"
		if len(d.Fields) == 0 {
			lines = append(lines, head)
		}
		for _, f := range d.Fields {
			line := head + " " + f.Field + " " + string(f.First) + " " + string(f.Second) + f.Items
			if f.Hidden {
				line += " hidden"
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// What is made in both tenants has other ids in each.
func TestCompareByName(t *testing.T) {
	p := newTwoTenants(t)
	for i, tenant := range []*sandbox.Tenant{p.first, p.second} {
		if i == 1 { // so that ids differ
			change(t, tenant, `POST clients {"name":"Before"}`)
		}
		var app struct {
			ID string `json:"client_id"`
		}
		if err := json.Unmarshal(change(t, tenant, `POST clients {"name":"Reports","app_type":"non_interactive"}`), &app); err != nil {
			t.Fatal(err)
		}
		change(t, tenant, `POST client-grants {"client_id":"`+app.ID+`","audience":"https://`+tenant.Domain()+
			`/api/v2/","scope":["read:logs"]}`)
		change(t, tenant, `POST actions/actions {"name":"Only reports","supported_triggers":[{"id":"post-login",`+
			`"version":"v3"}],"code":"const app = '`+app.ID+`'; // `+tenant.Domain()+`"}`)
		change(t, tenant, `PATCH connections/con_HarbourlightSaml/clients [{"client_id":"`+app.ID+`","status":true}]`)
	}
	answer, text := p.compare(t, `{"kinds":["clients","grants","connections","actions"]}`)
	if lines := told(answer); len(lines) != 1 || lines[0] != "clients Before second:" {
		t.Error(text)
	}
}

// A long text is shown where it begins to differ, and objects of one name are compared with each other.
func TestCompareLongTexts(t *testing.T) {
	p := newTwoTenants(t)
	common := strings.Repeat("// the same in both\n", 100)
	for tenant, end := range map[*sandbox.Tenant]string{p.first: "first();", p.second: "second();"} {
		code, err := json.Marshal(common + end)
		if err != nil {
			t.Fatal(err)
		}
		change(t, tenant, `POST actions/actions {"name":"Long","supported_triggers":[{"id":"post-login","version":"v3"}],"code":`+
			string(code)+`}`)
	}
	answer, text := p.compare(t, `{"names":["Long"]}`)
	if lines := told(answer); len(lines) != 1 || !strings.Contains(lines[0], "first();") ||
		!strings.Contains(lines[0], "second();") || len(text) > 6000 {
		t.Error(text)
	}
}

func TestComparePages(t *testing.T) {
	p := newTwoTenants(t)
	for _, name := range []string{"b", "a", "c"} {
		change(t, p.second, `POST roles {"name":"`+name+`"}`)
	}
	var names []string
	for page, next := 0, true; next; page++ {
		answer, _ := p.compare(t, `{"kinds":["roles"],"per_page":2,"page":`+string(rune('0'+page))+`}`)
		for _, d := range answer.Differences {
			names = append(names, d.Name)
		}
		if next = answer.Pagination.HasNext; answer.Total != 3 {
			t.Error(answer.Total)
		}
	}
	if !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Error(names)
	}
}

func TestCompareFailures(t *testing.T) {
	unreachable := func(c *egress.Config) {
		c.ReadBudget = time.Millisecond
		c.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("dial tcp: no route to host")
		})
	}
	signedOut := func(c *egress.Config) {
		c.Current = func(context.Context) (string, *oauth2.Token, error) {
			return "", nil, errors.New("no session is stored: sign in with `auth0-mcp init --profile staging`")
		}
	}
	revoked := func(c *egress.Config) {
		c.Tokens = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "not-a-token-of-this-tenant"})
	}
	for name, tt := range map[string]struct {
		change    func(*egress.Config)
		arguments string
		want      string
	}{
		"unreachable":     {unreachable, `{}`, "staging.example (profile staging) could not be compared: "},
		"signed out":      {signedOut, `{}`, "auth0-mcp init --profile staging"},
		"a dead token":    {revoked, `{}`, "auth0-mcp init --profile staging"},
		"no such kind":    {nil, `{"kinds":["apps"]}`, "want some of tenant, clients"},
		"no such name":    {nil, `{"kinds":["roles"],"names":["Nobody"]}`, `neither tenant has "Nobody"`},
		"a chosen tenant": {nil, `{"profile":"production"}`, "profile"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newTwoTenants(t, slices.DeleteFunc([]func(*egress.Config){tt.change},
				func(f func(*egress.Config)) bool { return f == nil })...)
			result := p.call(t, tt.arguments)
			if !result.IsError || !strings.Contains(result.Texts[0], tt.want) {
				t.Error(result.Texts)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What a token may not read is told, and the rest is compared.
func TestCompareWithoutScopes(t *testing.T) {
	p := newTwoTenants(t, func(c *egress.Config) {
		tenant := sandbox.New(sandbox.Options{Domain: c.Domain})
		c.Transport = tenant.Transport()
		c.Tokens = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tenant.Token("read:roles")})
	})
	answer, text := p.compare(t, `{"kinds":["roles","organizations"]}`)
	if len(answer.Summary) != 1 || len(answer.NotCompared) != 1 {
		t.Fatal(text)
	}
	want := comparison.Gap{Kind: "organizations", Tenant: "second", Scope: "read:organizations",
		Why: "Auth0 answered 403 to GET /api/v2/organizations"}
	if got := answer.NotCompared[0]; got != want {
		t.Errorf("%+v", got)
	}
}

// Both tenants have a record, and neither has a value.
func TestCompareIsRecorded(t *testing.T) {
	p := newTwoTenants(t)
	p.compare(t, `{"kinds":["connections"]}`)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	files, _ := filepath.Glob(filepath.Join(p.folder, "*"))
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(content)
	}
	for _, want := range []string{`"tenant":"production.example"`, `"tenant":"staging.example"`, `"profile":"staging"`,
		`"tool":"auth0_compare_tenants"`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%s is missing in %s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "GOCSPX") {
		t.Error("a secret is recorded")
	}
}

func TestComparisonReadsOnly(t *testing.T) {
	m := comparison.Tool()
	for _, rule := range m.Paths {
		if o, ok := managementapi.ByName(rule); !ok || o.Effect != managementapi.Read {
			t.Errorf("%s: %v", rule, ok)
		}
	}
}
