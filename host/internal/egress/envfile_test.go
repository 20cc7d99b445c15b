package egress

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fileroot"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// envFixture is a gate with a project below which env files are set.
type envFixture struct {
	fixture
	t      *testing.T
	folder string
	vault  *vault.Vault
	tool   pluginv1.ToolManifest
}

func newEnvFixture(t *testing.T) *envFixture {
	t.Helper()
	tenant := sandbox.New(sandbox.Options{})
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &envFixture{t: t, folder: folder, vault: vault.New(filepath.Join(t.TempDir(), "secrets")),
		tool: pluginv1.ToolManifest{Name: "auth0_tool", Effect: pluginv1.EffectWrite, Files: []string{"project"},
			Reads: []string{"project:package.json", "project:*/*.csproj"}, Secrets: true,
			Paths: []string{"GET /api/v2/clients", "GET /api/v2/clients/{id}", "POST /api/v2/clients"}}}
	f.fixture = fixture{tenant: tenant, Gate: New(Config{Domain: tenant.Domain(), Transport: tenant.Transport(),
		Vault: f.vault, Files: fileroot.Roots{"project": folder},
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tenant.Token()})})}
	return f
}

func (f *envFixture) begin(mode Grant) *Call {
	f.t.Helper()
	mode.Plugin, mode.Tool = "p", f.tool
	c, err := f.Open(f.t.Context(), mode)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	return c
}

func (f *envFixture) set(c *Call, path string, variables ...*pluginv1.Variable) *pluginv1.WriteFileResponse {
	return f.WriteFile(f.t.Context(), "p", &pluginv1.WriteFileRequest{CallId: c.ID(), Root: "project", Path: path,
		Variables: variables})
}

func (f *envFixture) disk(path, content string) {
	f.t.Helper()
	path = filepath.Join(f.folder, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f *envFixture) content(path string) string {
	content, err := os.ReadFile(filepath.Join(f.folder, path))
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// client is an application of the tenant with a secret, by path and secret.
func (f *envFixture) client() (path, secret string) {
	f.t.Helper()
	_, _, answers := f.call(f.t, Grant{}, sent{"POST", "/api/v2/clients", `{"name":"W","app_type":"regular_web"}`})
	var made struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(answers[0].GetResponse().GetBody(), &made); err != nil || made.Secret == "" {
		f.t.Fatal(err, string(answers[0].GetResponse().GetBody()))
	}
	return "/api/v2/clients/" + made.ID, made.Secret
}

func text(name, value string) *pluginv1.Variable {
	return &pluginv1.Variable{Name: name, Value: &pluginv1.Variable_Text{Text: value}}
}

func fromAuth0(name, path, member string) *pluginv1.Variable {
	return &pluginv1.Variable{Name: name, Value: &pluginv1.Variable_Stored{
		Stored: &pluginv1.Stored{Path: path, Member: member}}}
}

func random(name string, bytes int32) *pluginv1.Variable {
	return &pluginv1.Variable{Name: name, Value: &pluginv1.Variable_RandomBytes{RandomBytes: bytes}}
}

// holds fails if a document has the secret.
func holds(t *testing.T, what string, doc any, secret string) {
	t.Helper()
	raw, err := json.Marshal(doc)
	if err != nil || strings.Contains(string(raw), secret) {
		t.Errorf("%s: %s, %v", what, raw, err)
	}
}

// A secret of the tenant gets into the file, and nowhere else.
func TestEnvFileGetsSecrets(t *testing.T) {
	f := newEnvFixture(t)
	client, secret := f.client()
	if err := f.vault.Keep(vault.Secret{ID: "k7q2m9xa", Tenant: f.tenant.Domain(), Value: "ticket-1"}); err != nil {
		t.Fatal(err)
	}
	f.disk(".env", "# mine\nexport AUTH0_CLIENT_SECRET='was-before' # here\nOTHER=mine-alone\n")
	want := []*pluginv1.Variable{text("AUTH0_DOMAIN", "a.example"), fromAuth0("AUTH0_CLIENT_SECRET", client, "client_secret"),
		text("TICKET", "[REDACTED:k7q2m9xa]"), random("APP_SECRET", 32)}
	c := f.begin(Grant{DryRun: true})
	if answer := f.set(c, ".env", want...); answer.GetFailure() != nil {
		t.Fatal(answer)
	}
	out := c.Close()
	if content := f.content(".env"); !strings.Contains(content, "'was-before'") {
		t.Fatalf("a dry run wrote %s", content)
	}
	for _, change := range out.Plan.Changes {
		for _, doc := range [][]byte{change.Body, change.Before, change.After} {
			for _, hidden := range []string{secret, "ticket-1", "mine-alone", "was-before"} {
				holds(t, "the plan", string(doc), hidden)
			}
		}
	}
	if body := string(out.Plan.Changes[0].Body); !strings.Contains(body, `"AUTH0_DOMAIN":"a.example"`) ||
		!strings.Contains(body, "client_secret of "+client+" as AUTH0_CLIENT_SECRET") {
		t.Errorf("the plan: %s", body)
	}
	c = f.begin(Grant{Plan: &out.Plan})
	answer := f.set(c, ".env", want...)
	if len(answer.GetWritten().GetVariables()) != 4 {
		t.Fatal(answer)
	}
	holds(t, "the answer", answer, secret)
	holds(t, "the outcome", c.Close().Changes, secret)
	content := f.content(".env")
	for _, line := range []string{"# mine\nexport AUTH0_CLIENT_SECRET=" + secret + " # here\nOTHER=mine-alone\n",
		"AUTH0_DOMAIN=a.example\n", "TICKET=ticket-1\n", "APP_SECRET="} {
		if !strings.Contains(content, line) {
			t.Errorf("%q is missing in %s", line, content)
		}
	}
	info, err := os.Stat(filepath.Join(f.folder, ".env"))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// What is there stays: a random value too, and then there is nothing to approve.
	c = f.begin(Grant{DryRun: true})
	answer = f.set(c, ".env", want...)
	if out := c.Close(); len(out.Plan.Changes) != 0 || len(answer.GetWritten().GetVariables()) != 3 {
		t.Errorf("again: %v, %+v", answer, out.Plan)
	}
}

// What is no secret, and may be anyone's text, is shown to who approves it.
func TestEnvFileShowsWhatIsNoSecret(t *testing.T) {
	f := newEnvFixture(t)
	client, secret := f.client()
	c := f.begin(Grant{DryRun: true})
	f.set(c, ".env", fromAuth0("APP_NAME", client, "name"), fromAuth0("S", client, "client_secret"))
	body := string(c.Close().Plan.Changes[0].Body)
	if !strings.Contains(body, `"sets":{"APP_NAME":"W"}`) || strings.Contains(body, secret) {
		t.Errorf("%s", body)
	}
}

// The secret of an application that the same call makes is not known when the plan is made.
func TestEnvFileOfWhatTheCallMakes(t *testing.T) {
	f := newEnvFixture(t)
	run := func(c *Call) (*pluginv1.WriteFileResponse, string) {
		answer := f.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: http.MethodPost,
			Path: "/api/v2/clients", Body: []byte(`{"name":"New","app_type":"regular_web"}`)})
		id := textOf(okJSON(answer), "client_id")
		return f.set(c, "app/.env", text("ID", id), fromAuth0("SECRET", "/api/v2/clients/"+id, "client_secret")), id
	}
	c := f.begin(Grant{DryRun: true})
	if answer, id := run(c); answer.GetFailure() != nil || id == "" {
		t.Fatal(answer, id)
	}
	out := c.Close()
	f.tenant.ResetRequests()
	c = f.begin(Grant{Plan: &out.Plan})
	answer, id := run(c)
	if answer.GetFailure() != nil || len(c.Close().Unspent) != 0 {
		t.Fatal(answer)
	}
	if content := f.content("app/.env"); !strings.HasPrefix(content, "ID="+id+"\nSECRET=") || len(content) < 100 {
		t.Errorf("%s", content)
	}
	for _, r := range f.tenant.Requests() {
		if r.Method == http.MethodGet {
			t.Errorf("%s %s: the answer to the POST has the secret already", r.Method, r.Path)
		}
	}
}

// A user's id is escaped in a path, and what an operation answers that makes nothing is nothing to take back.
func TestUndoOfWhatWasMade(t *testing.T) {
	f := newEnvFixture(t)
	f.tool.Paths, f.tool.Reads, f.tool.Effect = nil, nil, pluginv1.EffectDestroy
	rotated, _ := f.client()
	c := f.begin(Grant{})
	for _, r := range []sent{{"POST", "/api/v2/users", `{"connection":"Username-Password-Authentication",` +
		`"email":"new@example.com","password":"Wq3-zz81-Trombone"}`}, {"POST", rotated + "/rotate-secret", ""}} {
		answer := f.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: r.method, Path: r.path,
			Body: []byte(r.body)})
		if okJSON(answer) == nil {
			t.Fatal(answer)
		}
	}
	id := textOf(c.outcome.Changes[0].After, "user_id")
	for path, want := range map[string]bool{"/api/v2/users/" + url.PathEscape(id): true, "/api/v2/users/" + id: true,
		"/api/v2/users/": false, "/api/v2/users": false, "/api/v2/clients/" + id: false, rotated: false,
		rotated + "/rotate-secret/" + strings.TrimPrefix(rotated, "/api/v2/clients/"): false} {
		if got := c.undoes(http.MethodDelete, path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if c.undoes(http.MethodPatch, "/api/v2/users/"+id) {
		t.Error("a change is no undoing")
	}
}

// What a call has made it may take back, also where only a plan may be sent, and nothing else.
func TestUndo(t *testing.T) {
	f := newEnvFixture(t)
	other, _ := f.client()
	post := &pluginv1.RoundTripRequest{Method: http.MethodPost, Path: "/api/v2/clients",
		Body: []byte(`{"name":"New","app_type":"regular_web"}`)}
	send := func(c *Call, r *pluginv1.RoundTripRequest) *pluginv1.RoundTripResponse {
		r.CallId = c.ID()
		return f.RoundTrip(t.Context(), "p", r)
	}
	c := f.begin(Grant{DryRun: true})
	send(c, post)
	approved := c.Close().Plan
	for _, mode := range []Grant{{}, {Plan: &plan.Plan{Changes: approved.Changes}}} {
		c := f.begin(mode)
		id := textOf(okJSON(send(c, post)), "client_id")
		if id == "" {
			t.Fatal("nothing was made")
		}
		made := &pluginv1.RoundTripRequest{Method: http.MethodDelete, Path: "/api/v2/clients/" + id}
		// Another call, and another application.
		if answer := send(f.begin(Grant{}), made); answer.GetFailure().GetCode() != pluginv1.Failure_CODE_REFUSED {
			t.Errorf("another call: %v", answer)
		}
		answer := send(c, &pluginv1.RoundTripRequest{Method: http.MethodDelete, Path: other})
		if answer.GetFailure().GetCode() != pluginv1.Failure_CODE_REFUSED {
			t.Errorf("another application: %v", answer)
		}
		if answer := send(c, made); answer.GetResponse().GetStatus() != http.StatusNoContent {
			t.Errorf("undo: %v", answer)
		}
		if out := c.Close(); len(out.Changes) != 2 || out.Changes[1].Method != http.MethodDelete {
			t.Errorf("%+v", out.Changes)
		}
	}
}

// What must not hold a secret is left as it is.
func TestEnvFileRefusals(t *testing.T) {
	f := newEnvFixture(t)
	client, secret := f.client()
	f.disk("kept.env", "KEEP=1\n")
	f.disk("open.env", "A='\n")
	f.disk("sub/.git/HEAD", "")
	f.disk("huge.env", strings.Repeat("#\n", 600<<10))
	f.disk("folder.env/x", "")
	if err := os.Symlink("kept.env", filepath.Join(f.folder, "link.env")); err != nil {
		t.Skip(err) // Windows, without the right
	}
	if err := os.Symlink("folder.env", filepath.Join(f.folder, "to-folder")); err != nil {
		t.Fatal(err)
	}
	if err := f.vault.Keep(vault.Secret{ID: "k7q2m9xa", Tenant: "other.example", Value: "ticket-1"}); err != nil {
		t.Fatal(err)
	}
	ok := fromAuth0("S", client, "client_secret")
	for name, tt := range map[string]struct {
		path     string
		variable *pluginv1.Variable
		want     string
	}{
		"a link":               {"link.env", ok, "is a symbolic link"},
		"below a link":         {"to-folder/.env", ok, "is a symbolic link"},
		"a folder":             {"folder.env", ok, "is a folder"},
		"out of the root":      {"../.env", ok, `the element ".."`},
		"would be committed":   {"sub/.env", ok, "would be committed"},
		"an open quotation":    {"open.env", ok, "line 1"},
		"too large":            {"huge.env", ok, "over 1048576 bytes"},
		"no name":              {"kept.env", text("A B", "x"), "no name of a variable"},
		"a line end in a name": {"kept.env", text("A\nB", "x"), "no name of a variable"},
		"a second variable":    {"kept.env", text("A", "x\rB=y"), "carriage return"},
		"no such member":       {"kept.env", fromAuth0("S", client, "nothing"), "has no nothing"},
		"no such application":  {"kept.env", fromAuth0("S", "/api/v2/clients/none", "client_secret"), "status 404"},
		"an undeclared path":   {"kept.env", fromAuth0("S", "/api/v2/users/a", "name"), "does not declare it"},
		"not kept":             {"kept.env", text("S", "[REDACTED:aaaaaaaa]"), "is kept"},
		"of another tenant":    {"kept.env", text("S", "[REDACTED:k7q2m9xa]"), "of another tenant"},
		"a marker in a text":   {"kept.env", text("S", "x [REDACTED:k7q2m9xa]"), "one marker"},
		"a plain marker":       {"kept.env", text("S", "[REDACTED]"), "one marker"},
		"no env file":          {"package.json", ok, "called like env files"},
		"a shell's file":       {".envrc", ok, "called like env files"},
		"a program's settings": {"a/.npmrc", text("registry", "https://a.example"), "called like env files"},
		"a sentence":           {"kept.env", fromAuth0("S", client, "name of /api/v2/clients/x"), "names of letters"},
		"a program's own":      {"kept.env", text("NODE_OPTIONS", "--require=./x.js"), "what programs do"},
		"another line":         {"kept.env", text("A", "x\nNODE_OPTIONS=--require=./x.js"), "another variable"},
		"a separator":          {"kept.env", text("A", "x\u2028B=y"), "control character"},
		"few random bytes":     {"kept.env", random("S", 8), "16 to 64"},
		"an empty text":        {"kept.env", text("S", ""), "is empty"},
		"no value":             {"kept.env", &pluginv1.Variable{Name: "S"}, "no value"},
	} {
		for _, dry := range []bool{true, false} {
			c := f.begin(Grant{DryRun: dry})
			answer := f.set(c, tt.path, tt.variable)
			if !strings.Contains(answer.GetFailure().GetMessage(), tt.want) {
				t.Errorf("%s: %v, want %s", name, answer, tt.want)
			}
			holds(t, name, answer, secret)
			if out := c.Close(); len(out.Changes)+len(out.Plan.Changes) != 0 {
				t.Errorf("%s: %+v", name, out)
			}
		}
	}
	f.tool.Secrets = false
	for _, v := range []*pluginv1.Variable{ok, text("S", "[REDACTED:k7q2m9xa]")} {
		answer := f.set(f.begin(Grant{}), "kept.env", v)
		if !strings.Contains(answer.GetFailure().GetMessage(), `does not declare "secrets"`) {
			t.Errorf("undeclared: %v", answer)
		}
	}
	if f.content("kept.env") != "KEEP=1\n" || f.content("open.env") != "A='\n" {
		t.Error("a file was changed")
	}
}

// The file that was approved is the one that is changed.
func TestEnvFileThatChangedMeanwhile(t *testing.T) {
	f := newEnvFixture(t)
	f.disk(".env", "A=1\n")
	c := f.begin(Grant{DryRun: true})
	f.set(c, ".env", text("B", "2"))
	approved := c.Close().Plan
	f.disk(".env", "A=3\n")
	answer := f.set(f.begin(Grant{Plan: &approved}), ".env", text("B", "2"))
	if !strings.Contains(answer.GetFailure().GetMessage(), "not as it was when the plan was made") ||
		f.content(".env") != "A=3\n" {
		t.Errorf("%v, %s", answer, f.content(".env"))
	}
}

// A tool reads what it declares and no more.
func TestReadFiles(t *testing.T) {
	f := newEnvFixture(t)
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "package.json"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.disk("package.json", "{}")
	f.disk(".env", "SECRET=1")
	f.disk("App/App.csproj", "<x/>")
	f.disk(".config/package.json", "secret")
	f.disk("web/.config/package.json", "secret")
	f.disk("other.json", "not declared")
	f.disk("web/package.json", strings.Repeat("x", 300<<10))
	if err := os.Symlink(elsewhere, filepath.Join(f.folder, "out")); err != nil {
		t.Skip(err) // Windows, without the right
	}
	f.disk("linked/x", "")
	link := filepath.Join(f.folder, "linked", "package.json")
	if err := os.Symlink(filepath.Join(elsewhere, "package.json"), link); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(f.folder, "odd", "package.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	read := func(folder string) string {
		c := f.begin(Grant{})
		answer := f.ReadFiles("p", &pluginv1.ReadFilesRequest{CallId: c.ID(), Root: "project", Folder: folder})
		if failure := answer.GetFailure(); failure != nil {
			return failure.GetMessage()
		}
		seen := answer.GetFound().GetFolder() + ":"
		for _, file := range answer.GetFound().GetFiles() {
			seen += " " + file.GetPath() + "=" + string(file.GetContent())
		}
		return seen
	}
	linked := filepath.Join(t.TempDir(), "linked")
	if err := os.Symlink(f.folder, linked); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{
		"": ": package.json={} App/App.csproj=<x/>", ".": ": package.json={}", f.folder: ": package.json={}",
		linked: ": package.json={}", filepath.Join(linked, "web"): "web: package.json=", "web": "web: package.json=",
		"./web/": "web: package.json=", "out": "is a symbolic link", elsewhere: "is not below",
		".config": "begins with a dot", "web/.config": "begins with a dot", filepath.Join(f.folder, ".config"): "begins with a dot",
		"CONFIG~1": "short name", filepath.Join(elsewhere, "none"): "does not exist, or is not below", "../": `the element ".."`,
		"linked": "linked:", "odd": "odd:", "none": "does not exist", "/": "is not below", filepath.Join(f.folder, "out"): "is not below", "other.json": "is a file",
	} {
		if got := read(folder); !strings.Contains(got, want) || strings.Contains(got, "secret") ||
			strings.Contains(got, "SECRET") || strings.Contains(got, "declared") {
			t.Errorf("%q: %s, want %s", folder, got, want)
		}
	}
	f.tool.Reads = nil
	if got := read(""); !strings.Contains(got, "does not declare any in reads") {
		t.Error(got)
	}
}
