package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

const key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIJ+abc/def==\n-----END EC PRIVATE KEY-----"

// What looks like a secret hides no code around it from an approver.
func TestCodeIsNotHidden(t *testing.T) {
	tests := map[string]struct {
		code, want string
		hidden     int
	}{
		"a function":                 {`let password=(function(){steal()})()`, "", 0},
		"a call":                     {`password=steal(event)`, `password=[REDACTED](event)`, 5},
		"a line below bearer":        {"// sent as bearer\nsteal.everything()", "", 0},
		"a line below basic":         {"// as basic\r\nstealEverything()", "", 0},
		"a line below a key's first": {"// -----BEGIN X-----\nsteal()\n", "", 0},
		"lines between comments":     {"//-----BEGIN PRIVATE KEY-----\nsteal=all\n//-----END PRIVATE KEY-----", "", 0},
		"calls inside of a key": {"/*\n-----BEGIN PRIVATE KEY-----\nabc\n*/steal()/*\n-----END PRIVATE KEY-----\n*/",
			"", 0},
		"a key without an end": {"-----BEGIN PRIVATE KEY-----\nabcdef\nsteal", "", 0},
		"a certificate":        {"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----", "", 0},
		"a key":                {"const key = `" + key + "`; steal()", "const key = `[REDACTED]`; steal()", len(key)},
		"concatenation":        {`'{"password": "'+steal()+'"}'`, "", 0},
		"more of it": {`x = {"password": "a"+steal()+"b"}`, `x = {"password": "[REDACTED]"+steal()+"b"}`,
			1},
		"single quotes":           {`x = {'access_token': ''+steal()}; y('z')`, "", 0},
		"a text of several lines": {"x = {'access_token': '\nsteal()\n'}", "", 0},
		"a template":              {"`client_secret=${steal()}`", "", 0},
		"a template in a URL":     {"`https://user:${steal()}@host`", "", 0},
		"a URL":                   {"f('a://b:c'); steal('d@e')", "", 0},
		"a URL's password":        {"f('a://b:p%40$!@e'); more()", "f('a://b:[REDACTED]@e'); more()", 6},
		"a token and calls":       {"f(" + jwt + "()); steal()", "f([REDACTED]()); steal()", len(jwt)},
		"a tag":                   {"password=a`steal`", "password=[REDACTED]`steal`", 1},
		"markup": {`password=a<script>steal()</script>`, `password=[REDACTED]<script>steal()</script>`,
			1},
		"after a comma":           {"api_key=a,steal()", "api_key=[REDACTED],steal()", 1},
		"a value behind an end":   {"password=\nsteal()", "", 0},
		"escaped quotation marks": {`s = "\"password\":\"a\"+steal()"`, `s = "\"password\":\"[REDACTED]\"+steal()"`, 1},
		"an encrypted key's headers": {"`-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: " +
			"AES-128-CBC,AB12\n\nabc=\n-----END RSA PRIVATE KEY-----`", "`[REDACTED]`", 117},
		"other headers of a key": {"`-----BEGIN RSA PRIVATE KEY-----\nProc-Type: ${steal()}\n\nabc\n-----END RSA " +
			"PRIVATE KEY-----`", "", 0},
		"a key on one line of escapes": {`k = "` + strings.ReplaceAll(key, "\n", `\n`) + `"; steal()`,
			`k = "[REDACTED]"; steal()`, len(key) + 2},
	}
	for name, tt := range tests {
		want := tt.want
		if want == "" {
			want = tt.code
		}
		got, hidden, err := new(Redactor).Report([]byte(`{"actions":[{"code":` + quoted(tt.code) + `}]}`))
		var shown struct{ Actions []struct{ Code string } }
		if err != nil || json.Unmarshal(got, &shown) != nil || shown.Actions[0].Code != want {
			t.Errorf("%s:\ngot  %s (%v)\nwant %s", name, got, err, want)
		}
		if n := hidden["actions.0.code"]; n != (Count{InTexts: tt.hidden}) || len(hidden) > 1 {
			t.Errorf("%s: reports %v, want %d characters", name, hidden, tt.hidden)
		}
	}
}

func TestReport(t *testing.T) {
	r := new(Redactor)
	r.Remember("opaque-live-token")
	tests := map[string]struct {
		doc  string
		want Hidden
	}{
		"nothing": {`{"a":"b","client_secret":""}`, Hidden{}},
		"by name": {`{"a":{"password":"é(1)"}}`, Hidden{"a.password": {Members: 4}}},
		"list": {`{"secrets":[{"name":"a","value":"12"},{"name":"b","value":"345"}]}`,
			Hidden{"secrets.0.value": {Members: 2}, "secrets.1.value": {Members: 3}}},
		"both":            {`{"l":[{"password":"ab"},"https://u:pw1@h"]}`, Hidden{"l.0.password": {Members: 2}, "l.1": {InTexts: 3}}},
		"document inside": {`{"code":"{\"password\":\"abcd\"}"}`, Hidden{"code": {InTexts: 4}}},
		"token in use":    {`{"x":{"y":"opaque-live-token"}}`, Hidden{"x.y": {InTexts: 17}}},
		"member's name":   {`{"a":{"` + jwt + `":1}}`, Hidden{"a." + jwt: {InTexts: len(jwt)}}},
		"split token":     {`{"a":"bearer abcdefgh\u200b12345678"}`, Hidden{"a": {InTexts: 17}}},
	}
	for name, tt := range tests {
		if _, got, err := r.Report([]byte(tt.doc)); err != nil || fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, tt.want)
		}
	}
	if got := (Hidden{"a.0.b": {1, 2}, "ab": {5, 5}, "a": {3, 0}}).In("a"); got != (Count{4, 2}) {
		t.Errorf("below a field: %v", got)
	}
}

// A database connection's scripts are shown, whatever they are called.
func TestScriptsAreNoPasswords(t *testing.T) {
	doc := `{"options":{"customScripts":{"change_password":"function changePassword(){}","verify":"x"},"passwordPolicy":"good"}}`
	if got, err := new(Redactor).JSON([]byte(doc)); err != nil || string(got) != doc {
		t.Errorf("%s, %v", got, err)
	}
}

// hideable is all that may be hidden at one place: the characters of tokens and of URLs'
// passwords, or a private key that is complete.
const hideable = `(?:[A-Za-z0-9._~+/=%!$&*-]+|-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\+[nr])*(?:Proc-Type: 4,ENCRYPTED(?:\s|\\+[nr])+DEK-Info: [A-Z0-9,a-f-]+)?` +
	`(?:[A-Za-z0-9+/=]|\s|\\+[nr])+-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----)`

// checkHidden fails if more than tokens of a text is hidden.
func checkHidden(t *testing.T, code string) {
	t.Helper()
	if len(code) > 2000 || !utf8.ValidString(code) || bare(code) != code || strings.Contains(code, Marker) ||
		json.Valid([]byte(strings.TrimSpace(code))) {
		return
	}
	doc := []byte(`{"code":` + quoted(code) + `}`)
	got, hidden, err := new(Redactor).Report(doc)
	var shown struct{ Code string }
	if err != nil || json.Unmarshal(got, &shown) != nil {
		t.Fatalf("%q: %s, %v", code, got, err)
	}
	parts := strings.Split(shown.Code, Marker)
	visible := 0
	for i, part := range parts {
		visible += utf8.RuneCountInString(part)
		parts[i] = regexp.QuoteMeta(part)
	}
	if ok, err := regexp.MatchString(`^(?s:`+strings.Join(parts, hideable)+`)$`, code); err != nil || !ok {
		t.Fatalf("more than tokens is hidden (%v):\n%q\n%q", err, code, shown.Code)
	}
	if n := utf8.RuneCountInString(code) - visible; hidden.In("code").Sum() != n {
		t.Fatalf("%d characters are hidden, reported are %v:\n%q\n%q", n, hidden, code, shown.Code)
	}
	again, _, err := new(Redactor).Report(got)
	if err != nil || !bytes.Equal(again, got) {
		t.Fatalf("%q became\n%q and then\n%q, %v", code, got, again, err)
	}
}

var codeParts = []string{"password=", `"password": "`, "'access_token':'", `\"client_secret\":\"`, "Bearer ", "basic ", "eyJhbGciOi", ".abc", "https://user:", "@", "@host",
	"-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "-----BEGIN X-----", "-----END X-----", "\n", `\n`, "\r\n", "evil()", "{", "}", ";", "(", ")", "//", "/*", "*/", "'", `"`, "`",
	"${", "<", " ", "abcdefgh12345", "==", "+", "Proc-Type: 4,ENCRYPTED", "DEK-Info: A,1", ",", "é", "\u2028", "%28", "[", "]", "&", "$", "!",
	"?code=", "&ticket=", "ghp_", "sk_live_", "SG.", "$2b$10$", "hooks.slack.com/services/", "X-Api-Key: ", ";AccountKey=",
	"auth0=", "-----BEGIN PGP PRIVATE KEY BLOCK-----", "Version: ", "0123456789abcdefABCDEF0123456789abcdef", "AKIA", "8Q~",
	"{{", "}}", "event.secrets.A", "\"d\": \""}

// Of random texts that are made of what shapes begin and end with, only tokens are hidden.
func TestOnlyTokensAreHidden(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 6000 {
		var code strings.Builder
		for range 1 + random.IntN(14) {
			code.WriteString(codeParts[random.IntN(len(codeParts))])
		}
		checkHidden(t, code.String())
	}
}

func FuzzHiddenInCode(f *testing.F) {
	f.Add("let password=(function(){evil()})()\n// sent as bearer\nevil.more()")
	f.Add("// -----BEGIN PRIVATE KEY-----\nevil()\n-----END PRIVATE KEY-----")
	f.Add(key + "\n'{\"password\": \"'+evil()+'\"}'")
	f.Add("`https://a:${evil()}@b` + 'https://a:b@c'")
	f.Fuzz(func(t *testing.T, code string) { checkHidden(t, code) })
}
