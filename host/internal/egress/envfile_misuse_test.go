package egress

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// clientWith makes an application with a value in its metadata that is taken for a secret.
func (f *envFixture) clientWith(secret string) (path string) {
	f.t.Helper()
	body, err := json.Marshal(map[string]any{"name": "M", "client_metadata": map[string]string{"api_secret": secret}})
	if err != nil {
		f.t.Fatal(err)
	}
	_, _, answers := f.call(f.t, Grant{}, sent{"POST", "/api/v2/clients", string(body)})
	id := textOf(okJSON(answers[0]), "client_id")
	if id == "" {
		f.t.Fatal(answers)
	}
	return "/api/v2/clients/" + id
}

// A value that the approver does not see brings no command and no other variable with it.
func TestHiddenValuesRunNothing(t *testing.T) {
	f := newEnvFixture(t)
	for _, value := range []string{"x\nNODE_OPTIONS=--require=./x.js", "$(touch x)", "a${IFS}b", "`touch x`", "a\rB=1",
		"a\u0085B=1"} {
		client := f.clientWith(value)
		for _, dry := range []bool{true, false} {
			c := f.begin(Grant{DryRun: dry})
			answer := f.set(c, ".env", fromAuth0("S", client, "client_metadata.api_secret"))
			if answer.GetFailure() == nil {
				t.Errorf("%q is put into the file", value)
			}
			holds(t, "the answer", answer, value)
			if out := c.Close(); len(out.Plan.Changes)+len(out.Changes) > 0 {
				t.Errorf("%q: %+v", value, out)
			}
		}
	}
	if content := f.content(".env"); !strings.Contains(content, "no such file") {
		t.Errorf("written: %s", content)
	}
}

// Who approves an edit is told which values of the user's it replaces, whether they are the same or not, and which
// resource a secret is of, however the plugin writes its path.
func TestEnvFilePlanTellsWhatIsLost(t *testing.T) {
	f := newEnvFixture(t)
	client, secret := f.client()
	f.disk(".env", "DATABASE_URL=postgres://mine\nSAME=1\nEMPTY=\nOTHER=x\n")
	id := strings.TrimPrefix(client, "/api/v2/clients/")
	c := f.begin(Grant{DryRun: true})
	answer := f.set(c, ".env", fromAuth0("DATABASE_URL", "/api/v2/clients/%"+hexOf(id[0])+id[1:], "client_secret"),
		text("SAME", "1"), text("EMPTY", "2"), text("NEW", "3"), random("OTHER", 16))
	if answer.GetFailure() != nil {
		t.Fatal(answer)
	}
	approved := c.Close().Plan
	var edit plan.EnvFile
	if err := json.Unmarshal(approved.Changes[0].Body, &edit); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(edit.Replaces, []string{"DATABASE_URL", "SAME"}) ||
		!slices.Equal(edit.Puts, []string{"client_secret of " + client + " as DATABASE_URL"}) {
		t.Errorf("%+v", edit)
	}
	holds(t, "the plan", approved, secret)
	holds(t, "the plan", approved, "postgres")
}

func hexOf(b byte) string {
	return strings.ToUpper(string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15]))
}

// A file into which a secret was put is read by no tool, whatever it declares.
func TestSecretsAreNotReadBack(t *testing.T) {
	f := newEnvFixture(t)
	f.tool.Reads = []string{"project:*", "project:*/*"}
	client, secret := f.client()
	for _, path := range []string{".env", "prod.env", "a/x.env", "a/.env.local", ".hidden/x.env", "Prod2.ENV", "notes.txt",
		"package.json"} {
		f.set(f.begin(Grant{}), path, fromAuth0("S", client, "client_secret"))
	}
	if !strings.Contains(f.content(".hidden/x.env"), secret) {
		t.Fatal("nothing was written")
	}
	for _, folder := range []string{"", "a", ".hidden", "./.hidden", "a/../.hidden", f.folder + "/.hidden"} {
		c := f.begin(Grant{})
		answer := f.ReadFiles("p", &pluginv1.ReadFilesRequest{CallId: c.ID(), Root: "project", Folder: folder})
		for _, file := range answer.GetFound().GetFiles() {
			if strings.Contains(string(file.GetContent()), secret) {
				t.Errorf("%q: %s is read", folder, file.GetPath())
			}
		}
	}
}

// What the session itself signs in with is put into no file, and neither is the marker that stands for it.
func TestSessionSecretsArePutIntoNoFile(t *testing.T) {
	f := newEnvFixture(t)
	const secret = "Qk3-session-secret-0Zt9"
	f.cfg.Redact.Remember(secret)
	client := f.clientWith(secret)
	answer := f.set(f.begin(Grant{}), ".env", fromAuth0("S", client, "client_metadata.api_secret"))
	if !strings.Contains(answer.GetFailure().GetMessage(), "a secret of this session") {
		t.Errorf("%v, %s", answer, f.content(".env"))
	}
	holds(t, "the answer", answer, secret)
}

// Undoing is of a call in progress, of what it has made and not yet undone, and never where nothing may be written.
func TestUndoIsBounded(t *testing.T) {
	f := newEnvFixture(t)
	send := func(c *Call, method, path, body string) *pluginv1.RoundTripResponse {
		r := &pluginv1.RoundTripRequest{CallId: c.ID(), Method: method, Path: path}
		if body != "" {
			r.Body = []byte(body)
		}
		return f.RoundTrip(t.Context(), "p", r)
	}
	create := func(c *Call) string {
		return "/api/v2/clients/" + textOf(okJSON(send(c, "POST", "/api/v2/clients", `{"name":"N"}`)), "client_id")
	}
	refused := func(name string, answer *pluginv1.RoundTripResponse) {
		t.Helper()
		if answer.GetFailure() == nil {
			t.Errorf("%s: %v", name, answer)
		}
	}
	c := f.begin(Grant{DryRun: true})
	planned := create(c)
	refused("a dry run", send(c, http.MethodDelete, planned, ""))
	if changes := c.Close().Plan.Changes; len(changes) != 1 {
		t.Errorf("%+v", changes)
	}
	c = f.begin(Grant{})
	made := create(c)
	refused("another method", send(c, http.MethodPatch, made, `{"name":"O"}`))
	refused("what is below it", send(c, http.MethodDelete, made+"/credentials/a", ""))
	refused("an encoded slash", send(c, http.MethodDelete, "/api/v2%2Fclients/"+strings.TrimPrefix(made, "/api/v2/clients/"),
		""))
	f.cfg.ReadOnly = true
	refused("read-only", send(c, http.MethodDelete, made, ""))
	f.cfg.ReadOnly = false
	c.Close()
	refused("an ended call", send(c, http.MethodDelete, made, ""))
	c = f.begin(Grant{})
	refused("the next call", send(c, http.MethodDelete, made, ""))
}
