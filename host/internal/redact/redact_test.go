package redact

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	jwt  = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
	pem  = "-----BEGIN RSA PRIVATE KEY-----\\nMIIEabc\\n-----END RSA PRIVATE KEY-----"
	mark = `"[REDACTED]"`
)

func TestRedact(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"by name": {`{"client_secret":"x","name":"n"}`, `{"client_secret":` + mark + `,"name":"n"}`},
		"camel case": {`{"clientSecret":"x","signingSecret":"y","userPassword":"z"}`,
			`{"clientSecret":` + mark + `,"signingSecret":` + mark + `,"userPassword":` + mark + `}`},
		"header": {`{"x-api-key":"x","Set-Cookie":"y","Authorization":"z"}`,
			`{"x-api-key":` + mark + `,"Set-Cookie":` + mark + `,"Authorization":` + mark + `}`},
		"deep":             {`[{"a":{"b":[{"password":"x"}]}}]`, `[{"a":{"b":[{"password":` + mark + `}]}}]`},
		"array of strings": {`{"access_token":["x","y"]}`, `{"access_token":[` + mark + `,` + mark + `]}`},
		"settings stay": {`{"refresh_token":{"rotation_type":"rotating","leeway":0,"infinite_token_lifetime":false}}`,
			""},
		"empty and null stay": {`{"client_secret":"","password":null,"token":0}`, ""},
		"action secret": {`{"secrets":[{"name":"KEY","value":"x","updated_at":"t"}]}`,
			`{"secrets":[{"name":"KEY","value":` + mark + `,"updated_at":"t"}]}`},
		"value elsewhere stays": {`{"scopes":[{"value":"read:x","description":"d"}]}`, ""},
		"signing keys": {`{"signing_keys":[{"cert":"x","pkcs7":"y","key":"z","subject":"/CN=a","kid":"k1"}]}`,
			`{"signing_keys":[{"cert":"x","pkcs7":"y","key":` + mark + `,"subject":"/CN=a","kid":"k1"}]}`},
		"public keys": {`{"encryption_key":{"pem":"x","kid":"k"},"credentials":[{"id":"c","pem":"x","public_key":"y"}],` +
			`"jwks":{"keys":[{"kty":"RSA","n":"x","e":"AQAB","x5c":["y"],"kid":"z","d":"1","qi":"2"}]}}`,
			`{"encryption_key":{"pem":"x","kid":"k"},"credentials":[{"id":"c","pem":"x","public_key":"y"}],` +
				`"jwks":{"keys":[{"kty":"RSA","n":"x","e":"AQAB","x5c":["y"],"kid":"z","d":` + mark + `,"qi":` + mark + `}]}}`},
		"jwt in a text":    {`{"description":"got ` + jwt + ` from x"}`, `{"description":"got [REDACTED] from x"}`},
		"pem in a text":    {`{"note":"a ` + pem + ` b"}`, `{"note":"a [REDACTED] b"}`},
		"bearer in a text": {`{"h":"Authorization: Bearer abcdefgh12345"}`, `{"h":"Authorization: Bearer [REDACTED]"}`},
		"form in a text": {`{"body":"grant_type=x&client_secret=abc&scope=y"}`,
			`{"body":"grant_type=x&client_secret=[REDACTED]&scope=y"}`},
		"JSON in a text": {`{"body":"{\"client_secret\":\"abc\",\"n\":1}"}`,
			`{"body":"{\"client_secret\":\"[REDACTED]\",\"n\":1}"}`},
		"cut JSON in a text": {`{"body":"{\"client_secret\":\"abc\",\"n\""}`,
			`{"body":"{\"client_secret\":\"[REDACTED]\",\"n\""}`},
		"userinfo": {`{"url":"https://user:hunter2@db.example/x"}`,
			`{"url":"https://user:[REDACTED]@db.example/x"}`},
		"jwt as a key":       {`{"` + jwt + `":1}`, `{"[REDACTED]":1}`},
		"not secrets":        {`{"token_endpoint_auth_method":"client_secret_post","token_lifetime":86400,"jwt_configuration":{"secret_encoded":false,"alg":"RS256"},"token_dialect":"access_token","is_token_endpoint_ip_header_trusted":true,"grant_types":["refresh_token","password"]}`, ""},
		"an action's source": {`{"code":"const token = event.secrets.TOKEN; const o = {client_secret: event.secrets.S, password: p};"}`, ""},
		"order, numbers, nulls": {`{"z":1.0,"a":123456789012345678901234567890,"n":null,"e":[],"o":{},"t":true,"s":"<&>"}`,
			""},
		"names that end like secrets": {`{"secret_key":"a","secretAccessKey":"b","twilio_token":"c","segmentWriteKey":"d","X-Auth-Token":"e","smtp_pass":"f","DB_PASS":"g","httpAuthorization":"h","privateKeyPem":"i","db.pwd":"j"}`,
			`{"secret_key":` + mark + `,"secretAccessKey":` + mark + `,"twilio_token":` + mark + `,"segmentWriteKey":` + mark +
				`,"X-Auth-Token":` + mark + `,"smtp_pass":` + mark + `,"DB_PASS":` + mark + `,"httpAuthorization":` + mark +
				`,"privateKeyPem":` + mark + `,"db.pwd":` + mark + `}`},
		"plurals":          {`{"passwords":["a"],"refreshTokens":["b"],"api_keys":["c"],"cookies":"d","recovery_codes":["e"]}`, `{"passwords":[` + mark + `],"refreshTokens":[` + mark + `],"api_keys":[` + mark + `],"cookies":` + mark + `,"recovery_codes":[` + mark + `]}`},
		"innocent endings": {`{"next_page_token":"a","bypass":"b","address":"c","site_key":"d","public_key":"e"}`, ""},
		"a map of secrets": {`{"secrets":{"A":"V"},"secret":{"value":"V"}}`,
			`{"secrets":{"A":` + mark + `},"secret":{"value":` + mark + `}}`},
		"shouted schemes": {`{"h":"BEARER abcdefgh12345, BASIC dXNlcjpwYXNzd29yZA=="}`,
			`{"h":"BEARER [REDACTED], BASIC [REDACTED]"}`},
		"escaped slashes":        {`{"u":"postgres:\/\/u:pw@h"}`, `{"u":"postgres://u:[REDACTED]@h"}`},
		"JSON text is untouched": {`{"s":"{ \"a\": 1 }"}`, ""},
	}
	for name, tt := range tests {
		want := tt.want
		if want == "" {
			want = tt.in
		}
		got, err := new(Redactor).JSON([]byte(tt.in))
		if err != nil || string(got) != want {
			t.Errorf("%s:\ngot  %s (%v)\nwant %s", name, got, err, want)
		}
	}
}

func TestRedactHidesTheLiveToken(t *testing.T) {
	var r Redactor
	r.Remember("opaque-live-token")
	r.Remember("the-token-after-it")
	got, err := r.JSON([]byte(`{"echo":"you sent opaque-live-token"}`))
	if err != nil || bytes.Contains(got, []byte("opaque-live-token")) {
		t.Errorf("got %s, %v", got, err)
	}
	if s := r.Text("opaque-live-token, the-token-after-it"); strings.Contains(s, "-token") {
		t.Errorf("got %s", s)
	}
}

// Every argument of the first-party tools whose name sounds like a secret is
// hidden when it comes back, or is known to be none.
func TestRedactKnowsTheToolsSecrets(t *testing.T) {
	innocent := map[string]string{
		"key": "the name of a form's hidden field", "site_key": "a CAPTCHA's public half", "public_key": "public", "pem": "a public key",
		"card_number": "a label", "credential_type": "a kind", "private_key_id": "an id", "tokenEndpointUrl": "a URL",
		"challenge_password_policy": "when to challenge", "challenge_passwordless_policy": "when to challenge",
		"challenge_password_reset_policy": "when to challenge",
		"token_endpoint_auth_method":      "a method's name", "token_dialect": "a dialect's name",
	}
	sounds := regexp.MustCompile(`(?i)secret|token|password|passw|private|credential|key$|pem$`)
	files, err := filepath.Glob("../../../plugins/*/manifest.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("manifests: %v, %v", files, err)
	}
	checked := 0
	var walk func(at string, schema map[string]any, wrap func(string) string)
	walk = func(at string, schema map[string]any, wrap func(string) string) {
		for _, one := range list(schema["anyOf"]) {
			walk(at, one, wrap)
		}
		if items, ok := schema["items"].(map[string]any); ok {
			walk(at+"[]", items, func(inner string) string { return wrap("[" + inner + "]") })
		}
		properties, _ := schema["properties"].(map[string]any)
		for name, p := range properties {
			property, _ := p.(map[string]any)
			below := func(inner string) string { return wrap(`{"` + name + `":` + inner + `}`) }
			if property["type"] == "string" && sounds.MatchString(name) && innocent[name] == "" {
				checked++
				if got, err := new(Redactor).JSON([]byte(below(`"canary"`))); err != nil ||
					strings.Contains(string(got), "canary") {
					t.Errorf("%s.%s is shown: %s (%v)", at, name, got, err)
				}
			}
			walk(at+"."+name, property, below)
		}
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var manifest struct {
			Tools []struct {
				Name        string
				InputSchema map[string]any
			}
		}
		if err := json.Unmarshal(data, &manifest); err != nil {
			t.Fatal(err)
		}
		for _, tool := range manifest.Tools {
			walk(tool.Name, tool.InputSchema, func(inner string) string { return inner })
		}
	}
	if checked < 10 {
		t.Errorf("only %d arguments looked at", checked)
	}
}

func list(v any) []map[string]any {
	items, _ := v.([]any)
	var out []map[string]any
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}

func TestRedactRefuses(t *testing.T) {
	for _, doc := range []string{``, `{`, `{}x`, `[1,]`,
		strings.Repeat("[", maxRedactDepth+1) + strings.Repeat("]", maxRedactDepth+1)} {
		if got, err := new(Redactor).JSON([]byte(doc)); err == nil {
			t.Errorf("%.20q accepted: %s", doc, got)
		}
	}
}

func BenchmarkRedact(b *testing.B) {
	doc := []byte(`{"logs":[` +
		strings.Repeat(`{"log_id":"9002023","date":"2026-03-01T00:00:00Z","type":"s","ip":"192.0.2.3","client_name":"Shop","user_agent":"Mozilla/5.0 (X11)","n":12},`, 700) + `{}]}`)
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := new(Redactor).JSON(doc); err != nil {
			b.Fatal(err)
		}
	}
}
