package redact

import (
	"bytes"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// What is hidden, in this order:
//
//  1. By operation and member: managementapi's secret members, each with its reason in
//     tools/managementapigen/tables/secrets.txt. Everything below such a member is a secret, unless its schema says
//     otherwise. [Secrets] finds them, and [Noted] hides them in what a tool makes of the answer.
//  2. By the names of members: nameRules, with the exceptions of labelled and of isTemplate.
//  3. By shape, in any text: shapes.
//
// Shown are public keys, certificates, fingerprints, ids of keys and accounts, labels, templates, prose, and code.

// class is what a member's name says by itself.
type class uint32

const (
	secretName   class = 1 << iota // its strings are secrets
	innocent                       // it ends like one and is none
	holdsKeys                      // it holds key material: see material
	material                       // it is a secret inside of what holdsKeys
	ofRequest                      // it holds the parameters of a request: see parameter
	parameter                      // it is a secret inside of what is ofRequest
	holdsLabels                    // its members are labels, whatever their names
	message                        // a password's name that a message or a setting can have
	password                       // the name of a password
	secretsName                    // an object's strings are secrets, in a list the members "value" are
	valueName                      // "value"
	holdsScripts                   // its members are scripts, whatever their names
	holdsHash                      // the members "value" anywhere below are secrets
	labelName                      // beside a "value", it says by its own value what that is
)

// match says how words are compared with a name.
type match int

const (
	exact match = iota
	end
	start
)

// nameRules tell from a member's name what it is. Names are compared in lower case, without "_", "-", "." and spaces,
// a plural like its singular, and one with a number like one without. Of a secret every string is hidden, objects below
// it are walked: "refresh_token" is a token in an answer of a provider, and settings in an application.
var nameRules = []struct {
	is    class
	match match
	words string
	why   string
}{
	{secretName, end, "secret secretkey secretvalue", "the word for it: client_secret, totpSecret"},
	{secretName | password, end, "password passwd passphrase pwd", "signs a user in: userPassword, smtp_password"},
	{secretName, end, "pass", "short for a password: smtp_pass"},
	{secretName, end, "passwordhash passwordsalt hashedpassword", "is guessed from"},
	{secretName, end, "apikey accesskey writekey masterkey accountkey sharedkey sharedaccesskey saskey subscriptionkey " +
		"functionskey serverkey integrationkey", "authenticates at a service: x-api-key, secretAccessKey, segmentWriteKey"},
	{secretName, end, "privatekey privatekeypem signingkey encryptionkey decryptionkey hmackey keymaterial wrappedkey",
		"key material: signs, decrypts"},
	{secretName, exact, "skey p12 pfx keystore servercredential", "key material of Duo, Apple and Google"},
	{secretName, end, "token", "grants access: access_token, X-Auth-Token, splunkToken"},
	{secretName, exact, "bearer jwt assertion clientassertion samlresponse samlassertion wresult idtokenhint",
		"signs in whoever shows it"},
	{secretName, end, "authorization", "an Authorization header: httpAuthorization"},
	{secretName, end, "connectionstring", "holds an access key"},
	{secretName, exact, "cookie setcookie sessioncookie", "is a session"},
	{secretName, exact, "credential cred", "authenticates, whatever it is"},
	{secretName, end, "tokenvalue presharedkey", "the value of one"},
	{secretName, exact, "codeverifier devicecode usercode oobcode authorizationcode authcode otp otpcode recoverycode " +
		"backupcode verificationcode activationcode bindingcode mfacode passcode manualinputcode barcodeuri",
		"is exchanged for a session or a token"},
	{secretName, exact, "ticket ticketid ticketurl loginticket sessionticket provisioningticket provisioningticketurl",
		"acts as a user or an administrator"},
	{secretName, exact, "invitationurl invitationlink inviteurl invitelink resetlink reseturl passwordresetlink " +
		"passwordreseturl magiclink verificationlink verificationurl activationlink enrollmenturl signedurl presignedurl",
		"grants access to whoever opens it"},
	{secretName, exact, "sumosourceaddress", "lets anyone write who knows it"},
	{secretName, exact, "cnameapikey", "lets a proxy speak for a domain"},

	{innocent, end, "pagetoken nexttoken continuationtoken", "a place in a list"},
	{innocent, end, "bypass compass encompass surpass trespass overpass underpass", "a word"},
	{innocent, exact, "publickey publicapikey", "is public"},
	{innocent, exact, "accessedsecret", "names of secrets, in log events"},

	{holdsKeys, exact, "signingkey encryptionkey decryptionkey credential privatekeyjwt key jwk jwks",
		"keys with their names, ids and algorithms"},
	{material, exact, "key privatekey secretvalue d p q dp dq qi k", "private members (RFC 7518, 6.2.2, 6.3.2, 6.4)"},

	{ofRequest, exact, "q querystring query queryparameter", "a log event's request: qs"},
	{parameter, exact, "code link invitation", "in a request it is exchanged for a session"},

	{holdsLabels, exact, "message translation label text customtext placeholder hint i18n locale errormessage",
		"a password's label is no password"},
	{message, start, "invalid wrong no forgot forgotten reset change missing weak breached leaked show hide expired " +
		"common reused enter", "a message or a setting about passwords: invalid-password"},

	{holdsHash, exact, "passwordhash custompasswordhash", "a hash with its parameters, from which a password is guessed"},
	{secretsName, exact, "secret", "names with their secrets: of an Action, a hook"},
	{valueName, exact, "value", "see secretsName, and of what secretName names: tokens[].value"},
	{labelName, exact, "name header key", "{\"name\":\"Authorization\",\"value\":\"…\"} is a header"},

	{holdsScripts, exact, "customscript", "code of a database connection: change_password changes one"},
}

var nameReplacer = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// nameIndex finds the rules of a name by their words: all of it, its last byte, its first.
type nameIndex struct {
	exact      map[string]class
	end, start [256][]nameWord
}

type nameWord struct {
	word string
	is   class
}

var namesByWord = sync.OnceValue(func() *nameIndex {
	index := &nameIndex{exact: map[string]class{}}
	for _, rule := range nameRules {
		for word := range strings.FieldsSeq(rule.words) {
			switch last := word[len(word)-1]; rule.match {
			case exact:
				index.exact[word] |= rule.is
			case end:
				index.end[last] = append(index.end[last], nameWord{word, rule.is})
			case start:
				index.start[word[0]] = append(index.start[word[0]], nameWord{word, rule.is})
			}
		}
	}
	return index
})

// classOf is what a name says.
func classOf(name []byte) class {
	var buffer [maxPlainName]byte
	if key, plain := plainKey(buffer[:0], name); plain {
		return classOfKey(key)
	}
	return classOfKey([]byte(nameReplacer.Replace(strings.ToLower(bare(string(name))))))
}

// maxPlainName is the length of the names of which plainKey makes the key.
const maxPlainName = 64

// plainKey appends the form of a name in which it is compared, if it is short and of visible ASCII.
func plainKey(key, name []byte) (out []byte, plain bool) {
	if len(name) > maxPlainName {
		return nil, false
	}
	for _, c := range name {
		switch {
		case c < ' ' || c >= 0x7f:
			return nil, false
		case c == '_' || c == '-' || c == '.' || c == ' ':
			continue
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		}
		key = append(key, c)
	}
	return key, true
}

// ends is what a name is by its end.
func (n *nameIndex) ends(key []byte) (all class) {
	if len(key) == 0 {
		return 0
	}
	for _, one := range n.end[key[len(key)-1]] {
		if bytes.HasSuffix(key, []byte(one.word)) {
			all |= one.is
		}
	}
	return all
}

func classOfKey(key []byte) (all class) {
	if len(key) == 0 {
		return 0
	}
	singular := key
	if !bytes.HasSuffix(key, []byte("ss")) && !bytes.HasSuffix(key, []byte("jwks")) {
		singular = bytes.TrimSuffix(key, []byte("s"))
	}
	index := namesByWord()
	all = index.exact[string(key)]
	all |= index.exact[string(singular)]
	all |= index.ends(singular)
	// One of several: client_secret_2, apiToken1.
	if plain := bytes.TrimRight(key, "0123456789"); len(plain) < len(key) {
		all |= index.ends(bytes.TrimSuffix(plain, []byte("s")))
	}
	for _, one := range index.start[key[0]] {
		if len(key) >= len(one.word) && string(key[:len(one.word)]) == one.word {
			all |= one.is
		}
	}
	if all&innocent != 0 {
		all &^= secretName
	}
	if all&password == 0 {
		all &^= message
	}
	return all
}

// nameCache holds what is known of the names of one document: the items of a list have the same ones.
type nameCache [128]knownName

type knownName struct {
	known     bool
	quoted    []byte
	is        class
	stays     bool                 // it is shown as it is, and has no escape
	next      int                  // the member that followed it last, in the cache
	of, marks *managementapi.Place // what is secret below it in an object at a place
}

// find is the place of a name. Nothing is known there of a new one.
func (c *nameCache) find(quoted []byte) (at int) {
	n := len(quoted)
	h := uint32(quoted[1])<<24 | uint32(quoted[n/3])<<16 | uint32(quoted[n/2])<<8 | uint32(quoted[n-2])
	first := int((h + uint32(n)) * 0x9e3779b9 >> 25) //nolint:gosec // the length of a name is that of a document at most
	// Names of one place would forget each other in each item of a list.
	for at = first; at < first+4; at++ {
		if name := &c[at%len(c)]; !name.known || bytes.Equal(name.quoted, quoted) {
			return at % len(c)
		}
	}
	c[first] = knownName{}
	return first
}

// template is a text that stands for a value: Liquid and Handlebars, JavaScript, an Action's secrets, and keywords of
// deployment tools.
const template = `\{\{[^{}]*\}\}|\$\{[^{}$]*\}|##\w+##|@@\w+@@|` +
	`(?:event\.secrets|process\.env|configuration)(?:\.\w+|\[['"]\w+['"]\])`

// onlyTemplates is a text of templates, also behind the name of a scheme.
var onlyTemplates = lazy(`^(?:(?i:bearer|basic|token)\s+)?[\s:./,;-]*(?:(?:` + template + `)[\s:./,;-]*)+$`)

// isTemplate reports whether a text has no value of its own.
func isTemplate(text string) bool {
	return strings.ContainsAny(text, "{.@#[") && onlyTemplates().MatchString(text)
}

// memberNames are those of all bodies and answers of the Management API. They are read when a secret equals a name.
var memberNames = sync.OnceValue(func() map[string]bool {
	names, seen := map[string]bool{}, map[*managementapi.Schema]bool{}
	var walk func(s *managementapi.Schema)
	walk = func(s *managementapi.Schema) {
		if s == nil || seen[s.Resolve()] {
			return
		}
		s = s.Resolve()
		seen[s] = true
		walk(s.Items)
		for _, one := range s.AnyOf {
			walk(one)
		}
		for _, member := range s.Members {
			names[member.Name] = true
			walk(member.Schema)
		}
	}
	for name := range managementapi.Definitions() {
		s, _ := managementapi.Definition(name)
		walk(s)
	}
	for o := range managementapi.All() {
		walk(o.Body)
		walk(o.Answer)
	}
	return names
})

// isMemberName reports whether a name is one of the Management API's, which stays although a secret equals it: it was
// published by Auth0, and without it a document cannot be written back.
func isMemberName(name string) bool { return memberNames()[name] }
