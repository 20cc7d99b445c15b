package egress

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// double is a tenant that answers reads with its documents, and writes with what was sent.
type double struct {
	mu   sync.Mutex
	docs map[string]string
	// sent are the writes that arrived, "METHOD path body".
	sent []string
	// answer, if set, answers writes.
	answer string
	status int
}

func (d *double) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status, answer := http.StatusOK, d.docs[r.URL.EscapedPath()]
	switch {
	case r.Method != http.MethodGet:
		d.sent = append(d.sent, r.Method+" "+r.URL.EscapedPath()+" "+string(body))
		if answer = string(body); d.answer != "" {
			answer = d.answer
		}
		if d.status != 0 {
			status = d.status
		}
	case answer == "forbidden":
		status, answer = http.StatusForbidden, `{"statusCode":403,"error":"Forbidden","message":"Insufficient scope"}`
	case answer == "":
		status, answer = http.StatusNotFound, `{"statusCode":404,"error":"Not Found","message":"nothing there"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

func (d *double) arrived() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sent
}

// doubled is a gate before a double; two with the same dir are processes of one installation.
func doubled(d *double, domain, dir string) fixture {
	return fixture{Gate: New(Config{Domain: domain, Transport: d, Vault: vault.New(dir),
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "the token"})})}
}

// shown is what a model sees of a document that a tool reads and returns.
func (f fixture) shown(t *testing.T, path string) string {
	t.Helper()
	c, statuses, answers := f.call(t, Grant{}, sent{"GET", path, ""})
	if statuses[0] != http.StatusOK {
		t.Fatalf("GET %s: %v", path, answers[0])
	}
	doc, err := c.Redactor().JSON(answers[0].GetResponse().GetBody())
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

const (
	clientPath = "/api/v2/clients/abc"
	formPath   = "/api/v2/forms/ap_1"
	actionPath = "/api/v2/actions/actions/a1"
	streamPath = "/api/v2/log-streams/lst_1"
	mailPath   = "/api/v2/emails/provider"
	connPath   = "/api/v2/connections/con_1"
	flowPath   = "/api/v2/flows/af_1"
	apiPath    = "/api/v2/resource-servers/rs1"
)

func tenantWithSecrets() *double {
	return &double{docs: map[string]string{
		clientPath: `{"client_id":"abc","name":"Web","client_secret":"s3cret-of-the-client","addons":{"sap_api":{"clientid":"c",` +
			`"tokenEndpointUrl":"https://sap.example/token","servicePassword":"sap-password-1"},"samlp":{"destination":` +
			`"https://sp.example/acs"},"azure_sb":{"namespace":"ns","sasKey":"azure-sas-key-77"}},"description":"d"}`,
		"/api/v2/clients/other": `{"client_id":"other","name":"Other","client_secret":"an0ther-secret-value"}`,
		formPath: `{"id":"ap_1","name":"F","nodes":[{"id":"step_1","type":"STEP","config":{"components":[` +
			`{"id":"cap","category":"FIELD","type":"RECAPTCHA","config":{"site_key":"pub","secret_key":"captcha-secret-1"}},` +
			`{"id":"pay","category":"FIELD","type":"PAYMENT","config":{"provider":"STRIPE","credentials":` +
			`{"public_key":"pk","private_key":"payment-private-1"}}}]}}]}`,
		actionPath: `{"id":"a1","name":"A","code":"exports.f = () => {\n  const client_secret = 1;\n  call('client_secret=inside-the-code-1');\n}"}`,
		streamPath: `{"id":"lst_1","name":"S","type":"http","sink":{"httpEndpoint":"https://logs.example/in",` +
			`"httpAuthorization":"Basic-ish-log-key","httpCustomHeaders":[{"header":"X-A","value":"header-value-a"},{"header":"X-B","value":"header-value-b"}]}}`,
		mailPath: `{"name":"smtp","enabled":true,"credentials":{"smtp_host":"mail.example","smtp_port":25,"smtp_user":"u"}}`,
		connPath: `{"id":"con_1","name":"oidc","strategy":"oidc","options":{"client_id":"c","client_secret":"connection-secret",` +
			`"issuer":"https://idp.example","token_endpoint":"https://idp.example/token","scope":"openid"}}`,
		flowPath: `{"id":"af_1","name":"L","actions":[{"id":"one","type":"HTTP","action":"SEND_REQUEST","params":{"method":"GET",` +
			`"url":"https://a.example","basic":{"username":"u","password":"flow-password-1"}}},{"id":"two","type":"HTTP","action":"SEND_REQUEST",` +
			`"params":{"method":"GET","url":"https://b.example","basic":{"username":"v","password":"flow-password-2"}}}]}`,
		apiPath: `{"id":"rs1","name":"API","identifier":"https://api.example","signing_alg":"HS256","signing_secret":"signing-secret-of-the-api"}`,
	}}
}

// What is read, changed in one harmless member and written back arrives as it is stored, with that change; no secret is
// in what the model saw.
func TestSecretsSurviveEdits(t *testing.T) {
	tests := map[string]struct{ path, old, new string }{
		"an application":                 {clientPath, `"description":"d"`, `"description":"e"`},
		"a form":                         {formPath, `"name":"F"`, `"name":"G"`},
		"an action's code":               {actionPath, `const client_secret = 1`, `let changed = 2;\n  const other = 3`},
		"a log stream":                   {streamPath, `"name":"S"`, `"name":"T"`},
		"a connection":                   {connPath, `"scope":"openid"`, `"scope":"openid email"`},
		"a flow":                         {flowPath, `"name":"L"`, `"name":"M"`},
		"an API":                         {apiPath, `"name":"API"`, `"name":"My API"`},
		"an API by its other identifier": {"/api/v2/resource-servers/https:%2F%2Fapi.example", `"name":"API"`, `"name":"X"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := tenantWithSecrets()
			d.docs["/api/v2/resource-servers/https:%2F%2Fapi.example"] = d.docs[apiPath]
			dir := t.TempDir()
			shown := doubled(d, "t.auth0.example", dir).shown(t, tt.path)
			if strings.Contains(shown, "secret-1") || strings.Contains(shown, "s3cret") ||
				strings.Contains(shown, "password-") ||
				!strings.Contains(shown, redact.MarkerStart+":") {
				t.Fatalf("shown: %s", shown)
			}
			edited := strings.Replace(shown, tt.old, tt.new, 1)
			want := strings.Replace(d.docs[tt.path], tt.old, tt.new, 1)
			// Another process of the installation writes it back.
			c, statuses, answers := doubled(d, "t.auth0.example", dir).call(t, Grant{}, sent{"PATCH", tt.path, edited})
			if statuses[0] != http.StatusOK || len(d.arrived()) != 1 {
				t.Fatalf("%v: %v", answers[0], d.arrived())
			}
			got := strings.TrimPrefix(d.arrived()[0], "PATCH "+tt.path+" ")
			if !sameJSON(t, got, want) {
				t.Errorf("arrived\n%s\nwant\n%s", got, want)
			}
			out := c.Close()
			for _, change := range out.Changes {
				differences, err := change.Reported(out.Redact.JSON)
				if err != nil || len(differences) != 1 {
					t.Errorf("reported: %+v, %v", differences, err)
				}
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	one, err := jsondoc.Canonical([]byte(a))
	other, err2 := jsondoc.Canonical([]byte(b))
	if err := errors.Join(err, err2); err != nil {
		t.Fatalf("%v: %s\n%s", err, a, b)
	}
	return string(one) == string(other)
}

// Items that moved, came or went keep their own secrets.
func TestSecretsStayInTheirItems(t *testing.T) {
	d := tenantWithSecrets()
	f := doubled(d, "t.auth0.example", t.TempDir())
	var form struct {
		Nodes []struct {
			Config struct {
				Components []json.RawMessage `json:"components"`
			} `json:"config"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal([]byte(f.shown(t, formPath)), &form); err != nil {
		t.Fatal(err)
	}
	captcha, pay := string(form.Nodes[0].Config.Components[0]), string(form.Nodes[0].Config.Components[1])
	write := func(components ...string) (status int, body string) {
		d.sent = nil
		_, statuses, _ := f.call(t, Grant{}, sent{"PATCH", formPath,
			`{"nodes":[{"id":"step_0"},{"id":"step_1","config":{"components":[` + strings.Join(components, ",") + `]}}]}`})
		return statuses[0], strings.Join(d.arrived(), "")
	}
	for name, components := range map[string][]string{"exchanged": {pay, captcha}, "one removed": {pay},
		"one more": {`{"id":"new"}`, captcha, pay}} {
		status, body := write(components...)
		if status != http.StatusOK || !strings.Contains(body, `"private_key":"payment-private-1"`) ||
			strings.Contains(body, redact.MarkerStart) {
			t.Errorf("%s: %d, %s", name, status, body)
		}
	}
	// The value of one item is not another's, and no item has it twice.
	for name, components := range map[string][]string{
		"another item's":  {strings.Replace(captcha, `"id":"cap"`, `"id":"pay"`, 1)},
		"an item's copy":  {captcha, captcha},
		"under a new id":  {strings.Replace(captcha, `"id":"cap"`, `"id":"cap2"`, 1)},
		"without its id":  {strings.Replace(pay, `"id":"pay",`, ``, 1), pay},
		"in a list of it": {`[` + captcha + `]`},
	} {
		if status, body := write(components...); status != 0 || body != "" {
			t.Errorf("%s: %d, %s", name, status, body)
		}
	}
	headers := regexp.MustCompile(`\[REDACTED:\w+\]`).FindAllString(f.shown(t, streamPath), -1)
	d.sent = nil
	_, statuses, _ := f.call(t, Grant{},
		sent{"PATCH", streamPath, fmt.Sprintf(`{"sink":{"httpEndpoint":"https://logs.example/in",`+
			`"httpCustomHeaders":[{"header":"X-B","value":%q},{"header":"X-A","value":%q}]}}`, headers[2], headers[1])})
	if got := strings.Join(d.arrived(), ""); statuses[0] != http.StatusOK ||
		!strings.Contains(got, `[{"header":"X-B","value":"header-value-b"},{"header":"X-A","value":"header-value-a"}]`) {
		t.Errorf("items without ids: %v, %s", statuses, got)
	}
}

// A value that has changed since it was read is not put back, nor overwritten.
func TestChangedSecretIsReadAgain(t *testing.T) {
	d := tenantWithSecrets()
	f := doubled(d, "t.auth0.example", t.TempDir())
	shown := f.shown(t, clientPath)
	d.docs[clientPath] = strings.Replace(d.docs[clientPath], "s3cret-of-the-client", "r0tated-meanwhile", 1)
	c, statuses, _ := f.call(t, Grant{}, sent{"PATCH", clientPath, shown})
	if err := c.Close().Err; statuses[0] != 0 || len(d.arrived()) > 0 ||
		!strings.Contains(fmt.Sprint(err), "Read it again") {
		t.Errorf("%v, %v, %v", statuses, d.arrived(), err)
	}
}

// What goes where it went before, or is given by the caller, needs no approval.
func TestHarmlessDestinations(t *testing.T) {
	d := tenantWithSecrets()
	f := doubled(d, "t.auth0.example", t.TempDir())
	stream := regexp.MustCompile(`\[REDACTED:\w+\]`).FindString(f.shown(t, streamPath))
	tests := map[string]struct {
		path, body, arguments string
	}{
		"the same URL": {streamPath,
			fmt.Sprintf(`{"sink":{"httpEndpoint":"https://logs.example/in","httpAuthorization":%q}}`, stream), ""},
		"a new secret": {connPath, `{"options":{"issuer":"https://new.example","client_secret":"given-anew-1"}}`, ""},
		"the secret, known": {connPath, `{"options":{"issuer":"https://new.example","client_secret":"connection-secret"}}`,
			`{"s":"connection-secret"}`},
		"the secret removed": {connPath, `{"options":{"issuer":"https://new.example","client_secret":null}}`, ""},
		"mail with password": {mailPath,
			`{"credentials":{"smtp_host":"new.example","smtp_pass":"p","api_key":"a","secretAccessKey":"s","connectionString":"c","clientSecret":"c"}}`, ""},
		"code": {actionPath, `{"code":"fetch('https://new.example')"}`, ""},
		"a new item of a list": {flowPath,
			`{"actions":[{"id":"one","params":{"url":"https://a.example","basic":{"username":"u"}}},` +
				`{"id":"three","type":"HTTP","params":{"url":"https://new.example"}}]}`, ""},
		"no secret": {"/api/v2/log-streams/lst_2", `{"sink":{"httpEndpoint":"https://new.example"}}`, ""},
	}
	d.docs["/api/v2/log-streams/lst_2"] = `{"id":"lst_2","type":"http","sink":{"httpEndpoint":"https://logs.example/in"}}`
	for name, tt := range tests {
		d.sent = nil
		c, statuses, answers := f.call(t, Grant{Arguments: json.RawMessage(tt.arguments)}, sent{"PATCH", tt.path, tt.body})
		if out := c.Close(); statuses[0] != http.StatusOK || len(d.arrived()) != 1 || out.Err != nil {
			t.Errorf("%s: %v, %v, %v", name, answers[0], d.arrived(), out.Err)
		}
	}
}

// After a write, a change that needs approval fails; what was done is told. Nothing more is sent.
func TestNeedsApprovalAfterAWrite(t *testing.T) {
	d := tenantWithSecrets()
	f := doubled(d, "t.auth0.example", t.TempDir())
	redirect := sent{"PATCH", connPath, `{"options":{"issuer":"https://evil.example"}}`}
	c, statuses, _ := f.call(t, Grant{}, sent{"PATCH", clientPath, `{"name":"n"}`}, redirect,
		sent{"PATCH", clientPath, `{"name":"m"}`})
	out := c.Close()
	var needed *NeedsApprovalError
	if fmt.Sprint(statuses) != "[200 0 0]" || len(d.arrived()) != 1 || !errors.As(out.Err, &needed) || !needed.Late ||
		len(out.Changes) != 1 {
		t.Errorf("%v, %v, %+v", statuses, d.arrived(), out)
	}
	dry, statuses, _ := f.call(t, Grant{DryRun: true}, redirect)
	planned := dry.Close().Plan
	if statuses[0] != http.StatusOK || len(planned.Changes) != 1 || len(planned.Changes[0].Concerns) != 1 {
		t.Fatalf("planned: %v, %+v", statuses, planned)
	}
	if c, statuses, _ := f.call(t, Grant{Plan: &planned}, redirect); statuses[0] != http.StatusOK || c.Close().Err != nil {
		t.Errorf("approved and not sent: %v", statuses)
	}
}

// A token that may write and not read does not show what is stored: then a secret may be.
func TestDestinationOfWhatCannotBeRead(t *testing.T) {
	d := tenantWithSecrets()
	d.docs[connPath] = "forbidden"
	f := doubled(d, "t.auth0.example", t.TempDir())
	c, statuses, _ := f.call(t, Grant{}, sent{"PATCH", connPath, `{"options":{"issuer":"https://new.example"}}`})
	var needed *NeedsApprovalError
	if err := c.Close().Err; statuses[0] != 0 || len(d.arrived()) > 0 || !errors.As(err, &needed) {
		t.Errorf("%v, %v, %v", statuses, d.arrived(), err)
	}
	if _, statuses, _ := f.call(t, Grant{}, sent{"PATCH", connPath, `{"name":"n"}`}); statuses[0] != http.StatusOK {
		t.Errorf("another member: %v", statuses)
	}
}

// The plan binds the real body, and shows a restored member as unchanged. Of a secret that is given anew neither the
// plan
// nor the report tells whether it is the stored one.
func TestPlansOfRestoredBodies(t *testing.T) {
	d := tenantWithSecrets()
	f := doubled(d, "t.auth0.example", t.TempDir())
	edited := strings.Replace(f.shown(t, clientPath), `"description":"d"`, `"description":"e"`, 1)
	dry, _, _ := f.call(t, Grant{DryRun: true}, sent{"PATCH", clientPath, edited})
	out := dry.Close()
	if len(d.arrived()) > 0 || len(out.Plan.Changes) != 1 ||
		!strings.Contains(string(out.Plan.Changes[0].Body), "s3cret-of-the-client") {
		t.Fatalf("planned: %+v, arrived %v", out, d.arrived())
	}
	differences, err := out.Plan.Changes[0].Differences(out.Redact.JSON)
	if err != nil || len(differences) != 1 || differences[0].Field != "description" {
		t.Errorf("shown: %+v, %v", differences, err)
	}
	c, statuses, _ := f.call(t, Grant{Plan: &out.Plan}, sent{"PATCH", clientPath, edited})
	if err := c.Close().Err; statuses[0] != http.StatusOK || err != nil ||
		!strings.Contains(d.arrived()[0], "s3cret-of-the-client") {
		t.Errorf("approved: %v, %v, %v", statuses, d.arrived(), err)
	}
	// The stored value changed after the approval: the plan's body is not what would be sent.
	d.docs[clientPath] = strings.Replace(d.docs[clientPath], "s3cret-of-the-client", "r0tated-meanwhile", 1)
	d.sent = nil
	c, statuses, _ = f.call(t, Grant{Plan: &out.Plan}, sent{"PATCH", clientPath, edited})
	if err := c.Close().Err; statuses[0] != 0 || err == nil || len(d.arrived()) > 0 {
		t.Errorf("after a change: %v, %v, %v", statuses, d.arrived(), err)
	}
	var seen []string
	for _, guess := range []string{"r0tated-meanwhile", "a-wrong-guess-123"} {
		body := fmt.Sprintf(`{"client_secret":%q}`, guess)
		dry, _, _ := f.call(t, Grant{DryRun: true, Arguments: json.RawMessage(body)}, sent{"PATCH", clientPath, body})
		out := dry.Close()
		differences, err := out.Plan.Changes[0].Differences(out.Redact.JSON)
		text, err2 := json.Marshal(differences)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, string(text))
	}
	if seen[0] != seen[1] || strings.Contains(seen[0], redact.MarkerStart+":") ||
		!strings.Contains(seen[0], redact.Marker) {
		t.Errorf("a right guess: %s\na wrong one: %s", seen[0], seen[1])
	}
}

// An answer that repeats an argument does not tell whether it equals a secret that the call has read.
func TestGuessesInArguments(t *testing.T) {
	f := doubled(tenantWithSecrets(), "t.auth0.example", t.TempDir())
	for _, form := range []string{`{"q":"client_secret=%s"}`, `{"client_secret":%q}`, `{"q":%q}`,
		`{"client_secret":%[1]q,"q":"about %[1]s"}`} {
		var seen []string
		for _, guess := range []string{"s3cret-of-the-client", "a-wr0ng-guess-1234"} {
			arguments := fmt.Sprintf(form, guess)
			c, _, answers := f.call(t, Grant{Arguments: json.RawMessage(arguments)}, sent{"GET", clientPath, ""})
			doc, err := c.Redactor().JSON([]byte(fmt.Sprintf(`{"client":%s,"searched":%s}`,
				answers[0].GetResponse().GetBody(), `{"query":"client_secret=`+guess+`, `+guess+`"}`)))
			if err != nil {
				t.Fatal(err)
			}
			text := string(doc) + c.Redactor().Text("no match for client_secret="+guess+" or "+guess)
			seen = append(seen, strings.ReplaceAll(text, guess, "GUESS"))
			c.Close()
		}
		if seen[0] != seen[1] {
			t.Errorf("%s: a right guess\n%s\na wrong one\n%s", form, seen[0], seen[1])
		}
	}
}

// The answer to a write repeats no fingerprint of a secret that the caller gave, and one of what was kept.
func TestAnswersOfWrites(t *testing.T) {
	d := tenantWithSecrets()
	f := doubled(d, "t.auth0.example", t.TempDir())
	edited := strings.Replace(f.shown(t, clientPath), `"client_secret":"`, `"client_secret":"given-anew","x":"`, 1)
	edited = regexp.MustCompile(`,"x":"[^"]*"`).ReplaceAllString(edited, "")
	c, statuses, answers := f.call(t, Grant{Arguments: json.RawMessage(`{"client_secret":"given-anew"}`)}, sent{"PATCH", clientPath, edited})
	answer, err := c.Redactor().JSON(answers[0].GetResponse().GetBody())
	if statuses[0] != http.StatusOK || err != nil || !strings.Contains(string(answer), `"client_secret":"[REDACTED]"`) ||
		!regexp.MustCompile(`"servicePassword":"\[REDACTED:\w+\]"`).Match(answer) {
		t.Errorf("%v, %v: %s", statuses, err, answer)
	}
	// An error that quotes a value hides it again.
	d.status, d.answer = http.StatusBadRequest, `{"statusCode":400,"message":"sap-password-1 is too short"}`
	c, _, answers = f.call(t, Grant{}, sent{"PATCH", clientPath, f.shown(t, clientPath)})
	words := c.Close().Words(&pluginv1.Failure{Code: pluginv1.Failure_CODE_API, HttpStatus: http.StatusBadRequest})
	if text := c.Redactor().Text(words); !strings.Contains(text, "is too short") || strings.Contains(text, "sap-password") {
		t.Errorf("an error: %s (%v)", text, answers)
	}
}

// With the stored value in it, a text is checked again.
func TestRestoredTextsAreChecked(t *testing.T) {
	schema, err := managementapi.ParseSchema(`{text?:string(..12)}`)
	if err != nil {
		t.Fatal(err)
	}
	const marker = "[REDACTED:k7q2m9xa]"
	secret := redact.Secret{Member: "/text", Part: true, Value: "stored"}
	for text, fits := range map[string]bool{"a " + marker: true, "too long " + marker: false} {
		r := newRestorer([]redact.Secret{secret}, func(redact.Secret) string { return marker })
		body, err := r.restore(map[string]any{"text": text}, map[string]any{"text": "= stored"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.unfit(schema, body); (err == nil) != fits || err != nil && strings.Contains(err.Error(), "stored\"") {
			t.Errorf("%v: %v", body, err)
		}
	}
}

// Many items without ids do not keep the gate busy.
func TestManyItemsWithoutIds(t *testing.T) {
	const items = 3000
	var stored, body []string
	key, place := redact.Key{1}, redact.Place{Tenant: "t", Resource: "/r", Member: "/sink/httpCustomHeaders/value"}
	for i := range items {
		value := fmt.Sprintf("header-value-%d", i)
		stored = append(stored, fmt.Sprintf(`{"header":"X","value":%q}`, value))
		body = append([]string{fmt.Sprintf(`{"header":"X","value":%q}`, key.Marker(place, value))}, body...)
	}
	var doc, sent any
	raw := `{"sink":{"httpCustomHeaders":[` + strings.Join(stored, ",") + `]}}`
	o, _ := managementapi.ByName("GET /api/v2/log-streams/{id}")
	err := errors.Join(decode([]byte(raw), &doc),
		decode([]byte(`{"sink":{"httpCustomHeaders":[`+strings.Join(body, ",")+`]}}`), &sent))
	if err != nil {
		t.Fatal(err)
	}
	secrets := redact.Secrets(o.Answer, []byte(raw))
	if len(secrets) != items {
		t.Fatalf("%d secrets", len(secrets))
	}
	r := newRestorer(secrets, func(s redact.Secret) string { return key.Marker(place, s.Value) })
	if _, err := r.restore(sent, doc, nil); err == nil || r.trials > maxTrials+1 {
		t.Errorf("%d trials: %v", r.trials, err)
	}
}
