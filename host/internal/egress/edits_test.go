package egress

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
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

// An item with an id keeps its secret where it moves to another list of the same member, such as a field to another
// step. It stays one: a copy of it gets nothing, and where it sends the secret is compared with where it did.
func TestItemsMoveBetweenLists(t *testing.T) {
	const pay = `{"id":"pay","type":"PAYMENT","config":{"provider":%q,"credentials":{"private_key":%q}}}`
	form := func(one, two string) string {
		return fmt.Sprintf(`{"nodes":[{"id":"step_1","config":{"components":[%s]}},`+
			`{"id":"step_2","config":{"components":[%s]}}]}`, one, two)
	}
	const secret = "payment-private-1"
	d := &double{docs: map[string]string{formPath: form(fmt.Sprintf(pay, "STRIPE", secret), "")}}
	f := doubled(d, "t.auth0.example", t.TempDir())
	marker := regexp.MustCompile(`\[REDACTED:\w+\]`).FindString(f.shown(t, formPath))
	field := fmt.Sprintf(pay, "STRIPE", marker)
	write := func(body string) (*Call, int) {
		d.sent = nil
		c, statuses, _ := f.call(t, Grant{}, sent{"PATCH", formPath, body})
		return c, statuses[0]
	}
	_, status := write(form("", field))
	if want := form("", fmt.Sprintf(pay, "STRIPE", secret)); status != http.StatusOK ||
		!sameJSON(t, strings.TrimPrefix(d.arrived()[0], "PATCH "+formPath+" "), want) {
		t.Errorf("moved: %d, %v", status, d.arrived())
	}
	var marked *MarkerError
	for name, body := range map[string]string{"copied": form(field, field),
		"in a list of another member": `{"ending":{"components":[` + field + `]}}`} {
		if c, status := write(body); status != 0 || len(d.arrived()) > 0 || !errors.As(c.Close().Err, &marked) {
			t.Errorf("%s: %d, %v", name, status, d.arrived())
		}
	}
	var needed *NeedsApprovalError
	if c, status := write(form("", fmt.Sprintf(pay, "OTHER", marker))); status != 0 || len(d.arrived()) > 0 ||
		!errors.As(c.Close().Err, &needed) {
		t.Errorf("moved to another provider: %d, %v", status, d.arrived())
	}
}

// Many headers that are given anew with a URL do not keep the gate busy.
func TestManySecretsBesideADestination(t *testing.T) {
	var headers []string
	for i := range 3000 {
		headers = append(headers, fmt.Sprintf(`{"header":"X-%d","value":"header-value-%d"}`, i, i))
	}
	d := &double{docs: map[string]string{streamPath: `{"id":"lst_1","type":"http","sink":{"httpEndpoint":` +
		`"https://logs.example/in","httpCustomHeaders":[` + strings.Join(headers, ",") + `]}}`}}
	f := doubled(d, "t.auth0.example", t.TempDir())
	body := strings.NewReplacer("logs.example", "new.example", "header-value", "given-anew").Replace(d.docs[streamPath])
	start := time.Now()
	c, statuses, _ := f.call(t, Grant{}, sent{"PATCH", streamPath, body})
	if err := c.Close().Err; statuses[0] != http.StatusOK || err != nil {
		t.Errorf("%v, %v", statuses, err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}
