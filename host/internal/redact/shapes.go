package redact

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// tokenCharacter is what a shape hides, and nothing else: letters, digits and the signs of
// base64 and of percent-encoding (RFC 6750, 2.1; RFC 3986, 2.1). No call, block, string or
// line of a program consists of these alone, so that code cannot be kept from an approver
// by making it look like a secret.
const tokenCharacter = `[A-Za-z0-9._~+/=%-]` //nolint:gosec // no secret

// lazy compiles an expression when it is first needed: all of them would delay the start.
func lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// shape is a form of secrets that is recognised in any text.
type shape struct {
	what string
	// Cheap tests before the expression: hint is in the text, and also is, and before, if it is set, reports that hint can
	// stand behind a text.
	hint, also string
	before     func(text string) bool
	// pattern: what stands in the group is hidden.
	pattern func() *regexp.Regexp
	// whole: the value does not go on behind another letter or digit.
	whole bool
	// notAt is the end of a member's name whose value is shown: the id of a key; "": of none.
	notAt string
	// unless names what only looks like one; nil: nothing does.
	unless func(value string) bool
}

// shapes are in the order in which they are hidden: what has a known end or a name goes whole, before a part of it is
// taken for something else. The name=value and "name":"value"
// forms take exact names only: "token = event.secrets.X" in the source of an action is not
// a secret, and must stay editable.
var shapes = append([]shape{
	{what: "private key", hint: "PRIVATE KEY", pattern: lazy(`(-----BEGIN ` + pemLabel + `-----(?:` +
		lineEnd + pemHeaders + `(?:[ \t]*[A-Za-z0-9+/]+={0,2}[ \t]*` + lineEnd + `)+` + pemChecksum +
		`[ \t]*|(?:[ \t]*[A-Za-z0-9+/]{32,})+(?:[ \t]+[A-Za-z0-9+/]+)?={0,2}[ \t]*)-----END ` +
		pemLabel + `-----)`)},
	{what: "parameter", hint: "=", before: endsLike(namedSecrets), unless: isTemplate,
		pattern: lazy(`(?i)(?:\b|_)(?:` + namedSecrets + `)=(` + tokenCharacter + `+)`)},
	{what: "parameter in quotation marks", hint: "=", before: endsLike(namedSecrets), unless: isTemplate,
		pattern: lazy(`(?i)(?:\b|_)(?:` + namedSecrets + `)=["']([a-z0-9]` + tokenCharacter + `{7,})["']`)},
	{what: "member", hint: "\"", unless: isTemplate,
		pattern: lazy(`(?i)\\*"(?:` + namedSecrets + `)\\*"[ \t]*:[ \t]*\\*"(` + tokenCharacter + `+)`)},
	{what: "member of a script", hint: "'", unless: isTemplate,
		pattern: lazy(`(?i)'(?:` + namedSecrets + `)'[ \t]*:[ \t]*'(` + tokenCharacter + `+)`)},
	{what: "private JWK", hint: "\"d", pattern: lazy(`\\*"d\\*"[ \t]*:[ \t]*\\*"([A-Za-z0-9_-]{40,})`)},
	{what: "part of a connection string", hint: "=", before: endsLike(connectionParts), unless: isTemplate,
		pattern: lazy(`(?i)[;"'?&]\s?(?:` + connectionParts + `)=(` + tokenCharacter + `+)`)},
	{what: "link that grants access", hint: "=", before: endsLike(grantingParameters), unless: isPlaceholder,
		pattern: lazy(`(?i)[?&#;](?:` + grantingParameters + `)=(` + tokenCharacter + `{6,})`)},
	{what: "link that may grant access", hint: "=", before: endsLike(perhapsGranting), unless: isWord,
		pattern: lazy(`(?i)[?&#;](?:` + perhapsGranting + `)=(` + tokenCharacter + `{6,})`)},
	{what: "JWT or JWE (RFC 7519)", hint: "eyJ",
		pattern: lazy(`(eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){2,4})`)},
	{what: "Authorization header", hint: "earer", unless: isPlaceholder,
		pattern: lazy(`(?i)bearer[ \t]+(` + tokenCharacter + `{8,})`)},
	{what: "Authorization header", hint: "EARER", unless: isPlaceholder,
		pattern: lazy(`BEARER[ \t]+(` + tokenCharacter + `{8,})`)},
	{what: "Authorization header", hint: "asic", unless: isWord,
		pattern: lazy(`(?i)basic[ \t]+([A-Za-z0-9+/=]{12,})`)},
	{what: "Authorization header", hint: "ASIC", unless: isWord,
		pattern: lazy(`BASIC[ \t]+([A-Za-z0-9+/=]{12,})`)},
	{what: "header", hint: ":", before: endsLike(headers), unless: isPlaceholder,
		pattern: lazy(`(?i)\b(?:` + headers + `):[ \t]*(` + tokenCharacter + `{8,})`)},
	{what: "session", hint: "=", before: endsLike(sessionCookies), unless: isWord,
		pattern: lazy(`\b(?:` + sessionCookies + `)=(` + tokenCharacter + `{8,})`)},
	{what: "hash of a password (bcrypt)", hint: "$2",
		pattern: lazy(`\$2[abxy]?\$[0-9]{2}\$([./A-Za-z0-9]{53})`)},
	{what: "hash of a password (Argon2)", hint: "$argon2", pattern: lazy(
		`\$argon2[id]{1,2}\$(?:v=[0-9]+\$)?[a-z0-9=,]+\$[A-Za-z0-9+/]+\$([A-Za-z0-9+/]{16,})`)},
	{what: "hash of a password (scrypt, PBKDF2)", hint: "$", pattern: lazy(
		`\$(?:scrypt|pbkdf2(?:-[a-z0-9]+)?)\$[A-Za-z0-9=,]+\$[A-Za-z0-9+/.]+={0,2}\$([A-Za-z0-9+/.]{16,}={0,2})`)},
	{what: "hash of a password (crypt)", hint: "$",
		pattern: lazy(`\$[156]\$(?:rounds=[0-9]+\$)?[./A-Za-z0-9]{1,16}\$([./A-Za-z0-9]{22,})`)},
	// More characters than a token has: behind "//" nothing is executed up to the line's end.
	{what: "credentials in a URL", hint: "://", also: "@",
		pattern: lazy(`[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@"]*:([A-Za-z0-9._~+=%!$&*-]+)@`)},
	{what: "token in a URL", hint: "://", also: "@", unless: isWord,
		pattern: lazy(`[A-Za-z][A-Za-z0-9+.-]*://([A-Za-z0-9._~=%-]{20,})@`)},
}, vendorShapes()...)

// grantingParameters are parameters of links that act as a user, or open what is stored. Of these links the parameter
// alone is hidden: where a link leads is no secret.
const grantingParameters = `ticket|secret|login_ticket|session_ticket|invitation|user_code|device_code|` +
	`verification_code|activation_code|recovery_code|otp|token|reset_token|session_token|id_token_hint|sig|signature|` +
	`x-amz-signature|x-amz-security-token|x-goog-signature|apikey`

// perhapsGranting are parameters that can grant access, and others.
const perhapsGranting = `code|key|auth`

const (
	connectionParts = `accountkey|sharedaccesskey|sharedsecretvalue|accesskey|pwd`
	headers         = `x-api-key|api-key|x-auth-token|private-token|x-functions-key|ocp-apim-subscription-key`
	sessionCookies  = `auth0|auth0_compat|auth0-mf|auth0-mf_compat|connect\.sid|appSession|__session|sid|SID|JSESSIONID|` +
		`PHPSESSID`
)

// vendors are the shapes that services give to their tokens, so that they can be found: what each begins with, what
// follows, and whose it is. Ids of accounts and public keys have shapes too, and are not here.
var vendors = []struct{ prefix, rest, whose, notAt string }{
	{"v1.M", `[A-Za-z0-9_-]{40,}`, "Auth0", ""}, // a refresh token
	{"ghp_", `[A-Za-z0-9]{30,}`, "GitHub", ""},
	{"gho_", `[A-Za-z0-9]{30,}`, "GitHub", ""},
	{"ghu_", `[A-Za-z0-9]{30,}`, "GitHub", ""},
	{"ghs_", `[A-Za-z0-9._-]{30,}`, "GitHub", ""},
	{"ghr_", `[A-Za-z0-9]{30,}`, "GitHub", ""},
	{"github_pat_", `[A-Za-z0-9_]{22,}`, "GitHub", ""},
	{"glpat-", `[A-Za-z0-9_.-]{20,}`, "GitLab", ""},
	{"xox", `[abceoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}`, "Slack", ""},
	{"xapp-", `[A-Za-z0-9-]{10,}`, "Slack", ""},
	{"sk_live_", `[A-Za-z0-9]{10,}`, "Stripe", ""},
	{"sk_test_", `[A-Za-z0-9]{10,}`, "Stripe", ""},
	{"rk_live_", `[A-Za-z0-9]{10,}`, "Stripe", ""},
	{"rk_test_", `[A-Za-z0-9]{10,}`, "Stripe", ""},
	{"whsec_", `[A-Za-z0-9+/=]{20,}`, "Stripe, Svix, Clerk", ""},
	{"AIza", `[A-Za-z0-9_-]{35}`, "Google", ""},
	{"ya29.", `[A-Za-z0-9_.-]{20,}`, "Google", ""},
	{"GOCSPX-", `[A-Za-z0-9_-]{20,}`, "Google", ""},
	{"1//0", `[A-Za-z0-9_-]{20,}`, "Google", ""},
	{"AKIA", `[A-Z0-9]{16}`, "AWS", "keyid"},
	{"ASIA", `[A-Z0-9]{16}`, "AWS", "keyid"},
	{"SG.", `[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`, "SendGrid", ""},
	{"SK", `[0-9a-f]{32}`, "Twilio", "sid"},
	{"key-", `[0-9a-f]{32}`, "Mailgun", ""},
	{"md-", `[A-Za-z0-9_-]{22}`, "Mandrill", ""},
	{"re_", `[A-Za-z0-9]{6,}_[A-Za-z0-9]{20,}`, "Resend", ""},
	{"npm_", `[A-Za-z0-9]{36}`, "npm", ""},
	{"pypi-", `[A-Za-z0-9_-]{50,}`, "PyPI", ""},
	{"hf_", `[A-Za-z0-9]{30,}`, "Hugging Face", ""},
	{"sk-", `[A-Za-z0-9_-]{20,}`, "OpenAI, Anthropic", ""},
	{"dop_v1_", `[0-9a-f]{64}`, "DigitalOcean", ""},
	{"shpat_", `[0-9a-fA-F]{32}`, "Shopify", ""},
	{"shpss_", `[0-9a-fA-F]{32}`, "Shopify", ""},
	{"sq0csp-", `[A-Za-z0-9_-]{40,}`, "Square", ""},
	{"pat-", `[a-z]{2}[0-9]-[0-9a-f-]{30,}`, "HubSpot", ""},
	{"ATATT3", `[A-Za-z0-9_=-]{50,}`, "Atlassian", ""},
	{"PMAK-", `[0-9a-f-]{40,}`, "Postman", ""},
	{"NRAK-", `[A-Z0-9]{27}`, "New Relic", ""},
	{"glsa_", `[A-Za-z0-9_]{32,}`, "Grafana", ""},
	{"lin_api_", `[A-Za-z0-9]{40}`, "Linear", ""},
	{"ntn_", `[A-Za-z0-9]{40,}`, "Notion", ""},
	{"hvs.", `[A-Za-z0-9_-]{24,}`, "HashiCorp Vault", ""},
	{"pul-", `[0-9a-f]{40}`, "Pulumi", ""},
	{"AGE-SECRET-KEY-1", `[A-Z0-9]{58}`, "age", ""},
}

// vendorShapes are the shapes of vendors, and those that do not begin with something fixed.
func vendorShapes() (out []shape) {
	for _, vendor := range vendors {
		out = append(out, shape{what: vendor.whose, hint: vendor.prefix, whole: true, notAt: vendor.notAt,
			pattern: lazy(`(` + regexp.QuoteMeta(vendor.prefix) + vendor.rest + `)`)})
	}
	return append(out,
		shape{what: "Slack", hint: "hooks.slack.com/", pattern: lazy(
			`hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/]{20,})`)},
		shape{what: "Microsoft Teams", hint: "/IncomingWebhook/", pattern: lazy(
			`/IncomingWebhook/([A-Za-z0-9]{20,})`)},
		shape{what: "Discord", hint: "/api/webhooks/", pattern: lazy(
			`/api/webhooks/[0-9]{10,}/([A-Za-z0-9_-]{30,})`)},
		shape{what: "Sumo Logic", hint: "/receiver/v1/http/", pattern: lazy(
			`/receiver/v1/http/([A-Za-z0-9_=+-]{20,})`)},
		shape{what: "Microsoft Entra", hint: "8Q~", whole: true, pattern: lazy(
			`([A-Za-z0-9_~.]{3}8Q~[A-Za-z0-9_~.-]{31,34})`)},
		shape{what: "Mailgun, Mailchimp", hint: "-", before: endsInHex, whole: true, pattern: lazy(
			`([0-9a-f]{32}-(?:[0-9a-f]{8}-[0-9a-f]{8}|us[0-9]{1,2}))\b`)},
	)
}

// A private key is hidden only if it is complete and holds nothing but lines of base64, as in
// RFC 7468, and the headers of an encrypted one (RFC 1421, 4.6) or of OpenPGP (RFC 9580, 6.2): a
// comment with its first line hides no code below it.
const (
	pemLabel   = `(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?`
	pemHeaders = `(?:Proc-Type: 4,ENCRYPTED` + lineEnd + `DEK-Info: [A-Z0-9-]+,[0-9A-Fa-f]+` + lineEnd + `(?:` + lineEnd +
		`)?|(?:(?:Version|Comment): [A-Za-z0-9 .-]+` + lineEnd + `)*` + lineEnd + `)?`
	pemChecksum = `(?:=[A-Za-z0-9+/]{4}` + lineEnd + `)?`
	// lineEnd is one, also as an escape of a text in a text.
	lineEnd = `(?:\r?\n|\r|(?:\\+r)?\\+n)`
)

const namedSecrets = `client[_-]?secret|signing[_-]?secret|access[_-]?token|refresh[_-]?token|id[_-]?token|` +
	`auth[_-]?token|session[_-]?token|client[_-]?assertion|code[_-]?verifier|device[_-]?code|` +
	`private[_-]?key|secret[_-]?key|(?:aws[_-]?)?secret[_-]?access[_-]?key|api[_-]?key|account[_-]?key|` +
	`shared[_-]?access[_-]?key|connection[_-]?string|password|passwd|passphrase`

// word is one of a language, or several that a program joins: no token, which would have a digit, or change between
// upper and lower case.
var word = lazy(`^(?:[A-Z]?[a-z]+|[A-Z]+)(?:[._/+=-]+(?:[A-Z]?[a-z]+|[A-Z]+))*[._/+=-]*$`)

// longestWord bounds how long a word is, in characters.
const longestWord = 30

func isWord(value string) bool {
	return len(value) <= longestWord && word().MatchString(value) || isTemplate(value)
}

// isPlaceholder reports whether a text says what belongs in its place, or goes on with the sentence: "bearer
// authentication".
func isPlaceholder(value string) bool {
	return isTemplate(value) || isWord(value) && placeholder().MatchString(value)
}

var placeholder = lazy(`(?i)^(?:your|my|some|the|placeholder|example|sample|dummy|changeme|none|null|undefined|auth|` +
	`token|access|scheme|header|credential|assertion|method|valid|invalid|missing|required|optional|` +
	`secret|security|challenge)`)

// isProse reports whether a text consists of words, in any language.
func isProse(text string) bool {
	words := strings.Fields(text)
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool {
		letters := strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if utf8.RuneCountInString(letters) > longestWord {
			return true
		}
		_, size := utf8.DecodeRuneInString(letters)
		return letters != "" && !isTemplate(w) && strings.ContainsFunc(letters[size:], func(r rune) bool {
			return unicode.IsDigit(r) || unicode.IsUpper(r) && strings.ToUpper(letters) != letters
		})
	})
}
