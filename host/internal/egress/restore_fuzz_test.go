package egress

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// Hide, then put back, is the identity; and a document that is put back into another one does not get its secrets.
func FuzzRestore(f *testing.F) {
	for _, doc := range tenantWithSecrets().docs {
		f.Add(doc)
	}
	f.Add(`{"secrets":[{"name":"A","value":"first-secret"},{"name":"B","value":"other-secret"}]}`)
	f.Add(`{"password":"equal-secret","deep":{"password":"equal-secret","list":[{"api_key":"equal-secret"},{"api_key":"equal-secret"}]}}`)
	f.Add(`{"code":"password=abcdefgh; f('password=abcdefgh'); g('password=ijklmnop')"}`)
	f.Add(`{"client_secret":12345678901234567890,"api_key":"short"}`)
	f.Add(`{"x":"{\"client_secret\":\"inside-a-text\"}"}`)
	f.Add(`{"x":"{\n  \"client_secret\": \"inside-a-text\"\n}"}`)
	f.Add(`{"a":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl","url":"https://user:password-in-url@host.example"}`)
	key := redact.Key{1}
	f.Fuzz(func(t *testing.T, doc string) {
		want, err := jsondoc.Canonical([]byte(doc))
		if err != nil || strings.Contains(redact.Strip(doc), "REDACTED") {
			return // it is no document, or a marker was there before
		}
		var stored any
		if err := decode(want, &stored); err != nil {
			t.Fatal(err)
		}
		if invisible(stored) {
			return // it is not shown as it is
		}
		secrets := redact.Secrets(nil, want)
		place := redact.Place{Tenant: "t", Resource: "/r"}
		mark := func(s redact.Secret) string {
			place.Member = s.Member
			return key.Marker(place, s.Value)
		}
		var noted redact.Noted
		for _, secret := range secrets {
			if !noted.Add(secret, mark(secret)) {
				return
			}
		}
		shown, err := new(redact.Redactor).With(&noted).JSON(want)
		if err != nil {
			t.Fatal(err)
		}
		if named(stored, secrets) {
			return // a secret that is a member's name too is hidden there if the name is not the API's
		}
		for _, secret := range secrets {
			if len(secret.Value) >= redact.MinValue && strings.Contains(string(shown), secret.Value) &&
				!strings.Contains(redact.MarkerStart, secret.Value) {
				t.Errorf("%q shows %q: %s", want, secret.Value, shown)
			}
		}
		if strings.Contains(string(shown), redact.Marker) {
			return // values that overlap have no marker of their own, and cannot be sent back
		}
		body, err := jsondoc.Decode(shown)
		if err != nil {
			t.Fatalf("%s: %v", shown, err)
		}
		// With what is shown of what is stored, and put together from its parts, which loses the layout of a document
		// inside a text.
		for _, known := range []any{body, nil} {
			if known == nil && inside(stored) {
				continue
			}
			back, err := newRestorer(secrets, mark).restore(body, stored, known)
			if err != nil {
				t.Fatalf("%s\nis shown as\n%s\nand does not come back: %v", want, shown, err)
			}
			got, err := jsondoc.Encode(back)
			if err != nil || string(got) != string(want) {
				t.Errorf("%s\nis shown as\n%s\nand comes back as\n%s (%v)", want, shown, got, err)
			}
		}
	})
}

// inside reports whether a text of a document is one itself, and not in its shortest form.
func inside(value any) bool {
	switch value := value.(type) {
	case string:
		var compact bytes.Buffer
		return json.Compact(&compact, []byte(value)) == nil && compact.String() != value
	case []any:
		return slices.ContainsFunc(value, inside)
	case map[string]any:
		for _, member := range value {
			if inside(member) {
				return true
			}
		}
	}
	return false
}

// named reports whether a member's name holds one of the secrets.
func named(value any, secrets []redact.Secret) bool {
	switch value := value.(type) {
	case []any:
		return slices.ContainsFunc(value, func(item any) bool { return named(item, secrets) })
	case map[string]any:
		for name, member := range value {
			if named(member, secrets) ||
				slices.ContainsFunc(secrets, func(s redact.Secret) bool { return strings.Contains(name, s.Value) }) {
				return true
			}
		}
	}
	return false
}

// invisible reports whether a document has invisible characters.
func invisible(value any) bool {
	switch value := value.(type) {
	case string:
		return redact.Strip(value) != value
	case []any:
		return slices.ContainsFunc(value, invisible)
	case map[string]any:
		for name, member := range value {
			if redact.Strip(name) != name || invisible(member) {
				return true
			}
		}
	}
	return false
}
