package egress

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A text that is written back as it was shown stays as it is stored, also where it is no longer what it was: a document
// inside a text is shown without its layout, a secret in another encoding has no marker of its own, and a text can look
// like a marker.
func TestUnchangedTextsStay(t *testing.T) {
	const form = `{"id":"ap_1","name":"F","translations":{"t":%s},"nodes":[{"id":"one","config":{"components":[` +
		`{"id":"cap","type":"RECAPTCHA","config":{"secret_key":"captcha-secret-1"}}]}}]}`
	for name, text := range map[string]string{
		"a document":            `"{\n  \"client_secret\": \"inside-a-text-1\",\n  \"n\": 1\n}"`,
		"another encoding":      `"captcha%2Dsecret-1, captcha-secret-1"`,
		"like a marker":         `"see [REDACTED:abcdefgh]"`,
		"like a marker's start": `"[REDACTED BY LEGAL]"`,
		"like a plain marker":   `"Name: [REDACTED]"`,
		"two, without ids":      `[{"x":"captcha%2Dsecret-1"},{"x":"captcha-secret%2D1"}]`,
	} {
		d := &double{docs: map[string]string{formPath: fmt.Sprintf(form, text)}}
		f := doubled(d, "t.auth0.example", t.TempDir())
		shown := f.shown(t, formPath)
		c, statuses, answers := f.call(t, Grant{}, sent{"PATCH", formPath, strings.Replace(shown, `"F"`, `"G"`, 1)})
		out := c.Close()
		if strings.HasPrefix(text, "[") { // which is which cannot be told
			if statuses[0] != 0 || len(d.arrived()) > 0 {
				t.Errorf("%s: %v", name, d.arrived())
			}
			continue
		}
		if statuses[0] != http.StatusOK || len(d.arrived()) != 1 {
			t.Errorf("%s, shown as %s: %v, %v", name, shown, answers[0], out.Err)
			continue
		}
		want := strings.Replace(fmt.Sprintf(form, text), `"F"`, `"G"`, 1)
		if got := strings.TrimPrefix(d.arrived()[0], "PATCH "+formPath+" "); !sameJSON(t, got, want) {
			t.Errorf("%s: arrived\n%s\nwant\n%s", name, got, want)
		}
	}
}
