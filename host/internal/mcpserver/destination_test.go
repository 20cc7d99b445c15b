package mcpserver

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
)

// redirecting is a call of a plugin that sends the requests in a file and says that all is well.
func (a *approving) redirecting(t *testing.T, steps ...fakeplugin.Step) string {
	t.Helper()
	doc, err := json.Marshal(steps)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "steps.json")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"name":"auth0_ok_write","arguments":{"do":"steps","file":%q}}`, file)
}

// A change that could send a stored secret elsewhere is made only with a user's approval, whatever the policy is and
// whatever a plugin says.
func TestASecretIsNotRedirectedWithoutApproval(t *testing.T) {
	t.Parallel()
	redirect := func(a *approving) fakeplugin.Step {
		return fakeplugin.Step{Method: "PATCH", Path: a.target,
			Body: json.RawMessage(`{"addons":{"samlp":{"destination":"https://evil.example"}}}`)}
	}
	t.Run("asked", func(t *testing.T) {
		for answer, writes := range map[string]int{"accept": 1, "decline": 0} {
			a := connectApproving(t, approval.None, `{"elicitation":{}}`)
			a.send(`{"jsonrpc":"2.0","id":"w","method":"tools/call","params":` + a.redirecting(t, redirect(a)) + `}`)
			id, text := a.asked(t)
			if !strings.Contains(text, "Attention: addons.samlp.destination changes while the stored secret") ||
				!strings.Contains(text, "client_secret") ||
				a.writes() != 0 {
				t.Errorf("the question: %s", text)
			}
			a.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"action":%q}}`, id, answer))
			a.wait(`"w"`)
			if n := a.writes(); n != writes {
				t.Errorf("%s: %d writes", answer, n)
			}
		}
	})
	t.Run("in a terminal", func(t *testing.T) {
		a := connectApproving(t, approval.None, `{}`)
		call := a.redirecting(t, redirect(a))
		o := outcomeOf(t, a.request("tools/call", call))
		m := idInText.FindStringSubmatch(o.Content[0].Text)
		if m == nil || o.Meta.Error != "approval_required" || a.writes() != 0 {
			t.Fatalf("without an approval: %+v, %d writes", o, a.writes())
		}
		p, err := a.store.Find(t.Context(), m[1])
		if err == nil {
			err = a.store.Approve(t.Context(), p)
		}
		if err != nil {
			t.Fatal(err)
		}
		if o := outcomeOf(t, a.request("tools/call", call)); o.IsError || a.writes() != 1 {
			t.Errorf("approved: %+v, %d writes", o, a.writes())
		}
	})
	t.Run("after a write", func(t *testing.T) {
		a := connectApproving(t, approval.None, `{"elicitation":{}}`)
		first := fakeplugin.Step{Method: "PATCH", Path: a.target, Body: json.RawMessage(`{"description":"d"}`)}
		o := outcomeOf(t, a.request("tools/call", a.redirecting(t, first, redirect(a), first)))
		if text := o.Content[0].Text; !o.IsError || a.writes() != 1 ||
			!strings.Contains(text, "This call changed the tenant") ||
			!strings.Contains(text, "could send a stored secret elsewhere") {
			t.Errorf("%+v, %d writes", o, a.writes())
		}
	})
}

// A plugin that hides a refused marker does not get away with it.
func TestARefusedMarkerIsTold(t *testing.T) {
	t.Parallel()
	a := connectApproving(t, approval.None, `{}`)
	o := outcomeOf(t, a.request("tools/call", a.redirecting(t, fakeplugin.Step{Method: "PATCH", Path: a.target,
		Body: json.RawMessage(`{"client_secret":"[REDACTED:k7q2m9xa]"}`)})))
	if text := o.Content[0].Text; !o.IsError || a.writes() != 0 || !strings.Contains(text, "client_secret") ||
		!strings.Contains(text, "Read it again") || !strings.Contains(text, "Nothing was changed") {
		t.Errorf("%+v, %d writes", o, a.writes())
	}
}

// An edit that keeps a hidden secret is approved in a terminal: the plan shows it as unchanged, its file holds no
// secret, and what is sent is the real value.
func TestApprovalOfARestoredSecret(t *testing.T) {
	t.Parallel()
	a := connectApproving(t, approval.Terminal, `{}`)
	credentials, err := a.tenant.Credentials("Deploy Pipeline")
	if err != nil {
		t.Fatal(err)
	}
	read, isError := a.call("ok", fakeplugin.Read, fmt.Sprintf(`{"do":"request","path":%q}`, a.target))
	marker := regexp.MustCompile(`"client_secret":"(\[REDACTED:\w+\])"`).FindStringSubmatch(read)
	if isError || marker == nil || strings.Contains(read, credentials.ClientSecret) {
		t.Fatalf("read: %s", read)
	}
	call := a.redirecting(t, fakeplugin.Step{Method: "PATCH", Path: a.target,
		Body: json.RawMessage(fmt.Sprintf(`{"client_secret":%q,"description":"edited"}`, marker[1]))})
	o := outcomeOf(t, a.request("tools/call", call))
	m := idInText.FindStringSubmatch(o.Content[0].Text)
	if m == nil || strings.Contains(o.Content[0].Text, "client_secret") ||
		!strings.Contains(o.Content[0].Text, `"edited"`) {
		t.Fatalf("the plan: %+v", o)
	}
	files, err := filepath.Glob(filepath.Join(a.store.Dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files: %v, %v", files, err)
	}
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil && strings.Contains(string(data), credentials.ClientSecret) {
			t.Errorf("%s holds the secret", file)
		}
	}
	p, err := a.store.Find(t.Context(), m[1])
	if err == nil {
		err = a.store.Approve(t.Context(), p)
	}
	if err != nil {
		t.Fatal(err)
	}
	o = outcomeOf(t, a.request("tools/call", call))
	after, err := a.tenant.Credentials("Deploy Pipeline")
	if err != nil || o.IsError || a.writes() != 1 || after != credentials {
		t.Errorf("approved: %+v, %d writes, the secret stayed: %v, %v", o, a.writes(), after == credentials, err)
	}
}
