package redact

import (
	"strings"
	"testing"
)

// The cheap tests before an expression, and before a string is decoded, are true wherever the expression matches.
func FuzzHints(f *testing.F) {
	for _, text := range []string{
		"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----",
		`"api_key": "x7f3kq9z"`, `'client-secret': 'x7f3kq9z'`, `"d":"` + strings.Repeat("Ab3_", 12) + `"`,
		"eyJhbGciOiJub25lIn0.e30.c2ln", "BEARER x7f3kq9zx7f3", "bearer  x7f3kq9zx7f3", "BaSic dXNlcjpwYXNzd29yZA==",
		"$2b$10$" + strings.Repeat("a.B/", 13) + "c", "$argon2id$v=19$m=1,t=1$c2FsdHNhbHQ$" + strings.Repeat("aB3/", 6),
		"$pbkdf2-sha256$i=1$c2FsdA$" + strings.Repeat("aB3/", 6), "$6$salt$" + strings.Repeat("aB3/", 8),
		"https://user:p4ss@example.com", "https://x7f3kq9zx7f3kq9zx7f3@example.com/a",
		"https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB/cccccccc", "/api/webhooks/1234567890/" + strings.Repeat("aB3_", 8),
		"/receiver/v1/http/" + strings.Repeat("aB3_", 6), "abc8Q~" + strings.Repeat("aB3_", 8),
		strings.Repeat("0af9", 8) + "-us12", strings.Repeat("0af9", 8) + "-0af90af9-0af90af9",
	} {
		f.Add(text)
	}
	for _, names := range []string{namedSecrets, connectionParts, grantingParameters, perhapsGranting, sessionCookies} {
		for name := range strings.SplitSeq(names, "|") {
			name = strings.NewReplacer("[_-]?", "_", "(?:aws_)?", "aws_", `\`, "").Replace(name)
			f.Add("?" + name + "=x7f3kq9z")
			f.Add("&" + strings.ToUpper(name) + "=x7f3kq9z")
			f.Add(";" + strings.NewReplacer("k", "\u212a", "s", "\u017f").Replace(name) + "=x7f3kq9z")
		}
	}
	for name := range strings.SplitSeq(headers, "|") {
		f.Add(name + ": x7f3kq9z")
		f.Add(strings.NewReplacer("k", "\u212a", "s", "\u017f").Replace(name) + ":x7f3kq9z")
	}
	for _, vendor := range vendors {
		for _, character := range []string{"a", "A", "0", "f"} {
			f.Add(vendor.prefix + strings.Repeat(character, 64))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := []byte(quoted(text))
		var in byteSet
		in.add(text)
		for i := range shapes {
			shape := &shapes[i]
			match := shape.pattern().FindStringSubmatch(text)
			if match == nil || !strings.Contains(text, shape.hint) {
				continue // the hint is a part of what the shape is
			}
			if !in.holds(hintBytes[i]) || !shape.mayBeIn(text) {
				t.Errorf("%q has the shape %q, and the tests before the expression rule it out", text, shape.what)
			}
			if read, _ := scanString(quoted); read.plain {
				t.Errorf("%s has the shape %q and is not decoded", quoted, shape.what)
			}
		}
	})
}
