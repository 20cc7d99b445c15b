package tenant

import (
	"errors"
	"strings"
	"testing"
)

func TestPlaceholder(t *testing.T) {
	for value, want := range map[string]string{
		"${user_config.token}":          "${user_config.token}",
		"${env:AUTH0_TOKEN}":            "${env:AUTH0_TOKEN}",
		"${tenant}.us.auth0.com":        "${tenant}",
		"{{ token }}":                   "{{ token }}",
		"$AUTH0_TOKEN":                  "$AUTH0_TOKEN",
		"%AUTH0_TOKEN%":                 "%AUTH0_TOKEN%",
		"YOUR_TOKEN":                    "YOUR_TOKEN",
		"your-token-here":               "your-token-here",
		"your-tenant.us.auth0.com":      "your-tenant.us.auth0.com",
		"YOUR_DOMAIN":                   "YOUR_DOMAIN",
		"your_auth0_domain":             "your_auth0_domain",
		"changeme":                      "changeme",
		"xxxx":                          "xxxx",
		"...":                           "...",
		"<token>":                       "brackets",
		"<your-tenant>.us.auth0.com":    "<…>",
		`"canary.token"`:                "quotation marks",
		"'canary.token'":                "quotation marks",
		"<canary.token>":                "brackets",
		"${" + strings.Repeat("x", 500): "",
		"eyJhbGciOi.eyJzdWIi.c2ln":      "",
		"mytenant.us.auth0.com":         "",
		"yourcompany.eu.auth0.com":      "",
		"your-company.eu.auth0.com":     "",
		"opaque_token-with%percent":     "",
		"p@ss$word":                     "",
		"100%":                          "",
		"":                              "",
	} {
		err := Placeholder(value)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", value, err)
			}
			continue
		}
		var placeholder *PlaceholderError
		if !errors.As(err, &placeholder) || !strings.Contains(err.Error(), want) || placeholder.Fix == "" {
			t.Errorf("%q: %v, want %q", value, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: the error quotes a value that may be a secret: %v", value, err)
		}
	}
}

func FuzzPlaceholder(f *testing.F) {
	f.Add("${a}")
	f.Add("eyJ.eyJ.sig")
	f.Fuzz(func(t *testing.T, value string) {
		err := Placeholder(value)
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("%q", err)
		}
		// A token is never taken for one.
		token := !strings.ContainsFunc(value, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
		})
		if token && strings.HasPrefix(value, "eyJ") && err != nil {
			t.Errorf("%q: %v", value, err)
		}
	})
}
