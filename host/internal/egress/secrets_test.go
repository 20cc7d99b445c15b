package egress

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// fixtureIn is a gate whose key is in a folder.
func fixtureIn(dir string, tenant *sandbox.Tenant) fixture {
	return fixture{tenant: tenant, Gate: New(Config{
		Domain: tenant.Domain(), Transport: tenant.Transport(), UserAgent: "auth0-mcp/test", Vault: vault.New(dir),
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tenant.Token()}),
	})}
}

// secretOf is the client_secret of an application, as the tenant stores it.
func secretOf(t *testing.T, answer *pluginv1.RoundTripResponse) string {
	t.Helper()
	var client struct {
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(answer.GetResponse().GetBody(), &client); err != nil || client.Secret == "" {
		t.Fatalf("no secret in %s: %v", answer, err)
	}
	return client.Secret
}

// What a call has seen is hidden in all that it yields, whatever a plugin makes of it; what the plugin gets is what the
// tenant answered. The marker of a value is the same by a list and by a read of the object, in every process with the
// key, and another elsewhere.
func TestSecretsOfAnswersAreHidden(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	f := fixtureIn(dir, sandbox.New(sandbox.Options{}))
	path := f.existing(t)
	read, _, answers := f.call(t, Grant{}, sent{"GET", path, ""})
	secret := secretOf(t, answers[0])
	hide := func(c *Call) string { return c.Redactor().Text(`the plugin says ` + secret) }
	marker := strings.TrimPrefix(hide(read), "the plugin says ")
	if !strings.HasPrefix(marker, "[REDACTED:") || len(marker) != len("[REDACTED:k7q2m9xa]") {
		t.Fatalf("hidden as %q", marker)
	}
	doc, err := read.Redactor().JSON([]byte(fmt.Sprintf(`{"moved":{"x":%q}}`, secret)))
	if err != nil || string(doc) != fmt.Sprintf(`{"moved":{"x":%q}}`, marker) {
		t.Errorf("reshaped: %s, %v", doc, err)
	}
	if got := f.Text(secret); strings.Contains(got, secret) {
		t.Errorf("a log line: %s", got)
	}
	list, _, _ := f.call(t, Grant{}, sent{"GET", "/api/v2/clients", ""})
	totals, _, _ := f.call(t, Grant{}, sent{"GET", "/api/v2/clients?include_totals=true", ""})
	other := fixtureIn(dir, f.tenant)
	again, _, _ := other.call(t, Grant{}, sent{"GET", path, ""})
	for name, c := range map[string]*Call{"a list": list, "a page": totals, "another process": again} {
		if got := hide(c); got != hide(read) {
			t.Errorf("%s hides it as %q, a read as %q", name, got, hide(read))
		}
	}
	stranger := fixtureIn(filepath.Join(t.TempDir(), "secrets"), f.tenant)
	foreign, _, _ := stranger.call(t, Grant{}, sent{"GET", path, ""})
	if hide(foreign) == hide(read) {
		t.Error("another key yields the same marker")
	}
	read.Close()
	again.Close()
	none, _, _ := f.call(t, Grant{})
	if got := hide(none); !strings.Contains(got, secret) {
		t.Errorf("another call knows the secret: %s", got)
	}
}

// Progress, refusals and failures quote what a plugin gives: no secret of the call is in them.
func TestSecretsInTheHostsWords(t *testing.T) {
	f := fixtureIn(t.TempDir(), sandbox.New(sandbox.Options{}))
	path := f.existing(t)
	var notes []string
	c, _, answers := f.call(t, Grant{Progress: func(_, _ float64, note string) { notes = append(notes, note) }},
		sent{"GET", path, ""})
	secret := secretOf(t, answers[0])
	c.Report(1, 2, "now "+secret)
	refused := f.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET",
		Path: "/elsewhere/" + secret})
	missing := f.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET",
		Path: "/api/v2/clients/" + secret})
	out := c.Close()
	words := out.Words(&pluginv1.Failure{Code: pluginv1.Failure_CODE_API,
		HttpStatus: missing.GetResponse().GetStatus()})
	for name, text := range map[string]string{"progress": strings.Join(notes, " "),
		"a refusal": strings.Join(out.Refusals.First, " "), "a failure": refused.GetFailure().GetMessage(),
		"an error": out.Redact.Text(words)} {
		if text == "" || strings.Contains(text, secret) {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// Requests of a call run at once.
func TestSecretsAreNotedConcurrently(t *testing.T) {
	f := fixtureIn(t.TempDir(), sandbox.New(sandbox.Options{}))
	path := f.existing(t)
	_, _, answers := f.call(t, Grant{}, sent{"GET", path, ""})
	secret := secretOf(t, answers[0])
	c := f.open(t, pluginv1.EffectRead)
	defer c.Close()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			f.RoundTrip(t.Context(), "p",
				&pluginv1.RoundTripRequest{CallId: c.ID(), Method: http.MethodGet, Path: path})
			if got := c.Redactor().Text("x " + secret); strings.Contains(got, secret) {
				t.Errorf("not hidden: %s", got)
			}
		})
	}
	wg.Wait()
}
