package mcpserver

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// connectAudited is a client of a server that records its calls in a folder.
func connectAudited(t *testing.T, filter catalog.Filter, folder string) *client {
	t.Helper()
	c := connectWith(t, filter, func(cfg *Config) {
		cfg.Calls.Approve = approval.Policy{Mode: approval.None}
		cfg.Calls.Audit = audit.New(audit.Config{Folder: folder, Mode: audit.On, Profile: "prod", Tenant: cfg.Calls.Domain,
			Redact: cfg.Calls.Gate.Text, RedactJSON: new(redact.Redactor).JSON})
	}, "ok")
	c.request("initialize",
		`{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"Claude\u001b[2J","version":"1.2"}}`)
	return c
}

func recorded(t *testing.T, folder string) []audit.Record {
	t.Helper()
	s, err := audit.OpenSnapshot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r, err := s.Verify(); err != nil || r.BreakCount > 0 || len(r.Unfinished) > 0 {
		t.Errorf("%+v %v", r, err)
	}
	var all []audit.Record
	for line, err := range s.Lines() {
		if err != nil || line.Err != nil {
			t.Fatal(err, line.Err)
		}
		all = append(all, line.Record)
	}
	return all
}

// Each call and each refusal has its record, with who asked and what was decided.
func TestEveryCallIsRecorded(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "audit")
	c := connectAudited(t, catalog.Filter{Patterns: []string{"auth0_ok_read", "auth0_ok_write"}}, folder)
	c.call("ok", fakeplugin.Read, `{"do":"request","path":"/api/v2/clients"}`)
	c.call("ok", fakeplugin.Write, `{"do":"request","method":"PATCH","path":"/api/v2/clients/nobody"}`)
	c.call("ok", fakeplugin.Read, `{"undeclared":"value-of-an-argument"}`)
	c.call("ok", fakeplugin.Read, `{"do":"request","method":"DELETE","path":"/api/v2/clients/x"}`)
	c.call("ok", fakeplugin.Destroy, `{"call":"x"}`)
	c.request("tools/call", `{"name":"auth0_ok_raed\u0007","arguments":{}}`)
	c.request("tools/call", `{"name":7}`)
	var got []string
	for _, r := range recorded(t, folder) {
		got = append(got, fmt.Sprint(r.Kind, " ", r.Phase, " ", strings.TrimPrefix(r.Tool, "auth0_ok_"), " ", r.Method, " ",
			r.Status, " ", r.Outcome, " ", r.Verdict, " ", r.Rule))
		if r.Client != "Claude[2J" || r.ClientVersion != "1.2" || r.Profile != "prod" || r.Tenant != c.tenant.Domain() ||
			r.Call == "" {
			t.Errorf("who: %+v", r)
		}
		if known := r.Rule != audit.RuleFilter && r.Rule != audit.RuleUnknown && r.Tool != ""; known &&
			(r.Plugin != "ok" || r.PluginVersion == "" || r.Effect == "") {
			t.Errorf("what: %+v", r)
		}
	}
	want := []string{
		"call  read  0 ok allowed default",
		"request answered write GET 404 error allowed default", // what would be changed
		"request sending write PATCH 0  allowed default",
		"request answered write PATCH 404 error allowed default",
		"call  write  0 ok allowed default", // the fake plugin answers with what it got
		"call  read  0 refused refused arguments",
		"call  read  0 refused refused policy",
		"call  destroy  0 refused refused filter",
		"call  raed  0 refused refused unknown-tool",
		"call    0 refused refused arguments",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("%s\n\nwant\n%s", g, w)
	}
	data, err := os.ReadFile(filepath.Join(folder, "audit.jsonl"))
	if err != nil || strings.Contains(string(data), "value-of-an-argument") || strings.Contains(string(data), c.token) {
		t.Errorf("%v: %s", err, data)
	}
}

// A log that cannot be written stops every write before it is sent and no read;
// the tool's error says what to do, whatever the plugin makes of it.
func TestNoWriteWithoutItsRecord(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "audit")
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := connectAudited(t, catalog.Filter{}, folder)
	for _, method := range []string{"POST", "PATCH", "DELETE"} {
		text, isError := c.call("ok", fakeplugin.Destroy,
			fmt.Sprintf(`{"do":"request","method":%q,"path":"/api/v2/clients/x"}`, method))
		for _, want := range []string{"was not sent", filepath.Join(folder, "audit.jsonl"), "--audit=best-effort"} {
			if !isError || !strings.Contains(text, want) {
				t.Errorf("%s: %s: want %q", method, text, want)
			}
		}
	}
	for _, r := range c.tenant.Requests() {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s reached the tenant", r.Method, r.Path)
		}
	}
	before := len(c.tenant.Requests())
	if text, isError := c.call("ok", fakeplugin.Destroy, `{"do":"request","path":"/api/v2/clients"}`); isError {
		t.Errorf("a read of a writing tool: %s", text)
	}
	if text, isError := c.call("ok", fakeplugin.Read, `{"do":"request","path":"/api/v2/clients"}`); isError {
		t.Errorf("a read: %s", text)
	}
	if n := len(c.tenant.Requests()) - before; n != 2 {
		t.Errorf("%d reads reached the tenant, want 2", n)
	}
}

// A client without a handshake names itself in each request.
func TestClientOfAStatelessRequestIsRecorded(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "audit")
	c := connectWith(t, catalog.Filter{}, func(cfg *Config) {
		cfg.Calls.Audit = audit.New(audit.Config{Folder: folder, Mode: audit.On})
	}, "ok")
	c.request("tools/call",
		`{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
			`"io.modelcontextprotocol/clientInfo":{"name":"Stateless","version":"3"},`+
			`"io.modelcontextprotocol/clientCapabilities":{}},"name":"auth0_ok_read","arguments":{"do":"id"}}`)
	if all := recorded(t, folder); len(all) != 1 || all[0].Client != "Stateless" {
		t.Errorf("%+v", all)
	}
}

// What a request without handshake says of its client and of what that can do counts
// for that request alone, and the handshake's word not for it.
func TestClientOfOneRequestIsNotAnothers(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "audit")
	a := connectApproving(t, approval.Elicit, `{}`, func(cfg *Config) {
		cfg.Calls.Audit = audit.New(audit.Config{Folder: folder, Mode: audit.On, Tenant: cfg.Calls.Domain})
	})
	const meta = `{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}%s},"name":%s,"arguments":{"do":"id"}}`
	const other = `,"io.modelcontextprotocol/clientInfo":{"name":"Other","version":"3"}`
	for _, call := range [][2]string{{other, `"auth0_ok_read"`}, {other, `"nothing"`}, {other, "7"},
		{"", `"auth0_ok_read"`}} {
		a.request("tools/call", fmt.Sprintf(meta, call[0], call[1]))
	}
	// A client that cannot ask a user would never answer.
	if got := seenOf(t, a.request("tools/call", a.patch(""))); got.kind != "approval_required" {
		t.Errorf("a client without elicitation: %+v", got)
	}
	var got []string
	for _, r := range recorded(t, folder) {
		if r.Kind == audit.KindCall {
			got = append(got, r.Client+" "+r.ClientVersion)
		}
	}
	if want := []string{"Other 3", "Other 3", "Other 3", " ", "t 1"}; !slices.Equal(got, want) {
		t.Errorf("clients %q, want %q", got, want)
	}
}

// What an approver decides is recorded: that one was asked, the decision, and
// which approval the change rests on.
func TestApprovalsAreRecorded(t *testing.T) {
	t.Parallel()
	audited := func(t *testing.T, mode approval.Mode) (*approving, string) {
		t.Helper()
		folder := filepath.Join(t.TempDir(), "audit")
		a := connectApproving(t, mode, `{"elicitation":{}}`, func(cfg *Config) {
			cfg.Calls.Audit = audit.New(audit.Config{Folder: folder, Mode: audit.On, Tenant: cfg.Calls.Domain})
		})
		return a, folder
	}
	// decisions are the verdicts of calls, and of requests that change something.
	decisions := func(t *testing.T, folder string) string {
		t.Helper()
		var all []string
		for _, r := range recorded(t, folder) {
			if r.Changes() && r.Phase != audit.Sending {
				all = append(all, fmt.Sprint(r.Kind, " ", r.Verdict, " ", r.Rule, " ", r.Outcome))
			}
		}
		return strings.Join(all, "; ")
	}
	for action, want := range map[string]string{
		"accept":  "request approved approval:elicit ok; call approved approval:elicit ok",
		"decline": "call declined approval:elicit refused",
		"cancel":  "call expired approval:elicit refused",
	} {
		t.Run(action, func(t *testing.T) {
			a, folder := audited(t, approval.Elicit)
			a.send(`{"jsonrpc":"2.0","id":"w","method":"tools/call","params":` + a.patch("") + `}`)
			id, _ := a.asked(t)
			a.send(`{"jsonrpc":"2.0","id":` + id + `,"result":{"action":"` + action + `"}}`)
			a.wait(`"w"`)
			if got := decisions(t, folder); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
	t.Run("a forged answer", func(t *testing.T) {
		a, folder := audited(t, approval.Elicit)
		a.request("tools/call",
			a.patch(`,"requestState":"guess","inputResponses":{"approval":{"action":"accept"}},`+
				`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
				`"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},`+
				`"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}`))
		if got, want := decisions(t, folder), "call refused approval:elicit refused"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
	t.Run("terminal", func(t *testing.T) {
		a, folder := audited(t, approval.Terminal)
		o := outcomeOf(t, a.request("tools/call", a.patch("")))
		p, err := a.store.Find(t.Context(), idInText.FindStringSubmatch(o.Content[0].Text)[1])
		if err == nil {
			err = a.store.Approve(t.Context(), p)
		}
		if err != nil {
			t.Fatal(err)
		}
		a.request("tools/call", a.patch(""))
		want := "call pending approval:terminal refused; request approved approval:terminal ok; call approved " +
			"approval:terminal ok"
		if got := decisions(t, folder); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		for _, r := range recorded(t, folder) {
			if r.Changes() && r.Kind == audit.KindCall && r.Approval != p.ID {
				t.Errorf("%+v: want approval %s", r, p.ID)
			}
		}
	})
}

// A refusal whose record cannot be written at once keeps no line behind it waiting.
func TestTheReaderDoesNotWaitForTheAuditLog(t *testing.T) {
	release := make(chan struct{})
	free := sync.OnceFunc(func() { close(release) })
	defer free()
	// A reader that waits is told by the order of the answers, and must not hang.
	defer time.AfterFunc(patience, free).Stop()
	folder := filepath.Join(t.TempDir(), "audit")
	c := connectWith(t, catalog.Filter{}, func(cfg *Config) {
		cfg.Calls.Audit = audit.New(audit.Config{Folder: folder, Mode: audit.On, Redact: func(s string) string {
			if strings.Contains(s, "must be") || strings.Contains(s, "no tool") {
				<-release
			}
			return s
		}})
	}, "ok")
	c.request("initialize", `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"a","version":"1"}}`)
	// In one go: a reader that waits would not take a second.
	c.send(`{"jsonrpc":"2.0","id":"shape","method":"tools/call","params":{"name":7}}
{"jsonrpc":"2.0","id":"unknown","method":"tools/call","params":{"name":"nothing"}}
{"jsonrpc":"2.0","id":"ping","method":"ping"}`)
	c.wait(`"ping"`)
	if len(c.other) != 0 {
		t.Fatalf("before the answer to ping: %v", c.other)
	}
	free()
	for range 2 {
		if !c.lines.Scan() {
			t.Fatal(c.lines.Err())
		}
	}
	if all := recorded(t, folder); len(all) != 2 {
		t.Errorf("%+v", all)
	}
}
