package redact

import "regexp"

// secretKeys are members whose string value is a secret, compared in lower case
// without "_" and "-". A settings object under such a name (an application's
// refresh_token) is walked, not hidden: strings only.
var secretKeys = map[string]bool{
	"pwd": true, "cookie": true, "setcookie": true, "bearer": true, "clientassertion": true, "codeverifier": true,
	"devicecode": true,
	"oobcode":    true, "otp": true, "recoverycode": true, "credential": true, "signingcert": true, "signingkey": true,
	"encryptionkey": true,
}

// secretSuffixes are the ends of such names: client_secret, userPassword,
// x-api-key, smtp_pass. A plural is read like its singular.
var secretSuffixes = []string{"secret", "password", "passwd", "passphrase", "pass", "pwd", "privatekey",
	"privatekeypem", "apikey", "secretkey",
	"accesskey", "writekey", "token", "authorization"}

// innocentSuffixes end like secrets and are none.
var innocentSuffixes = []string{"pagetoken", "nexttoken", "bypass", "compass"}

// scripts is the member of a database connection with its code: the script that changes
// a password is no password.
const scripts = "customscripts"

// containers hold key material: inside them the material is hidden, and names,
// ids and algorithms stay.
var containers = []string{"signingkeys", "signingkey", "encryptionkey", "credentials", "privatekeyjwt", "keys", "jwks"}

var materialKeys = []string{"key", "pem", "cert", "pkcs7", "pub", "privatekey", "value", "x5c", "n", "d", "p", "q",
	"dp", "dq", "qi", "k"}

// tokenCharacter is what a shape hides, and nothing else: letters, digits and the signs of
// base64 and of percent-encoding (RFC 6750, 2.1; RFC 3986, 2.1). No call, block, string or
// line of a program consists of these alone, so that code cannot be kept from an approver
// by making it look like a secret.
const tokenCharacter = `[A-Za-z0-9._~+/=%-]` //nolint:gosec // no secret

// shapes are secrets that are recognised wherever they stand, in the order in which they are
// hidden: what has a known end or a name goes whole, before a part of it is taken
// for something else. What stands in the group is hidden. The name=value and "name":"value"
// forms take exact names only: "token = event.secrets.X" in the source of an action is not
// a secret, and must stay editable.
var shapes = []struct {
	hint    string // cheap test before the expression
	pattern *regexp.Regexp
}{
	{"PRIVATE KEY-----", regexp.MustCompile(`(-----BEGIN ` + pemLabel + `-----` + lineEnd + pemHeaders +
		`(?:[ \t]*[A-Za-z0-9+/]+={0,2}[ \t]*` + lineEnd + `)+[ \t]*-----END ` + pemLabel + `-----)`)},
	{"=", regexp.MustCompile(`(?i)\b(?:` + namedSecrets + `)=(` + tokenCharacter + `+)`)},
	{"\"", regexp.MustCompile(`(?i)\\*"(?:` + namedSecrets + `)\\*"[ \t]*:[ \t]*\\*"(` + tokenCharacter + `+)`)},
	{"'", regexp.MustCompile(`(?i)'(?:` + namedSecrets + `)'[ \t]*:[ \t]*'(` + tokenCharacter + `+)`)},
	{"eyJ", regexp.MustCompile(`(eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){2,4})`)},
	{"earer", regexp.MustCompile(`(?i)bearer[ \t]+(` + tokenCharacter + `{8,})`)},
	{"EARER", regexp.MustCompile(`BEARER[ \t]+(` + tokenCharacter + `{8,})`)},
	{"asic", regexp.MustCompile(`(?i)basic[ \t]+([A-Za-z0-9+/=]{12,})`)},
	{"ASIC", regexp.MustCompile(`BASIC[ \t]+([A-Za-z0-9+/=]{12,})`)},
	// More characters than a token has: behind "//" nothing is executed up to the line's end.
	{"://", regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@"]*:([A-Za-z0-9._~+=%!$&*-]+)@`)},
}

// A private key is hidden only if it is complete and holds nothing but lines of base64, as in
// RFC 7468, and the two headers that OpenSSL gives to an encrypted one (RFC 1421, 4.6): a
// comment with its first line hides no code below it.
const (
	pemLabel   = `(?:[A-Z0-9]+ ){0,3}PRIVATE KEY`
	pemHeaders = `(?:Proc-Type: 4,ENCRYPTED` + lineEnd + `DEK-Info: [A-Z0-9-]+,[0-9A-Fa-f]+` + lineEnd + `(?:` + lineEnd +
		`)?)?`
	// lineEnd is one, also as an escape of a text in a text.
	lineEnd = `(?:\r?\n|(?:\\+r)?\\+n)`
)

const namedSecrets = `client[_-]?secret|signing[_-]?secret|access[_-]?token|refresh[_-]?token|id[_-]?token|` +
	`client[_-]?assertion|code[_-]?verifier|` +
	`private[_-]?key|api[_-]?key|password`
