package egress

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// keyPurpose derives the key of fingerprints from the installation's.
const keyPurpose = "markers"

// secrets are the values that one call must not yield.
type secrets struct {
	// noted are those of the answers that the call has seen, by operation and member.
	noted  *redact.Noted
	redact *redact.Redactor
	// supplied are the strings and numbers of the call's arguments.
	supplied map[string]bool
}

func newSecrets(of *redact.Redactor, arguments []byte) secrets {
	noted := new(redact.Noted)
	s := secrets{noted: noted, redact: of.With(noted), supplied: map[string]bool{}}
	var decoded any
	if decode(arguments, &decoded) != nil {
		return s
	}
	hidden := map[string]bool{}
	for _, one := range redact.Secrets(nil, arguments) {
		hidden[one.Value] = true
		noted.Supply(one.Value)
	}
	eachScalar(decoded, func(value string) {
		s.supplied[value] = true
		// What the caller says in the open is not hidden from it, whether it equals a secret or not: hiding would
		// tell that a guess is right.
		if !hidden[value] {
			noted.Show(value)
		}
	})
	return s
}

// eachScalar calls f for the strings and numbers of a decoded document.
func eachScalar(value any, f func(string)) {
	switch value := value.(type) {
	case string:
		f(value)
	case json.Number:
		f(value.String())
	case []any:
		for _, item := range value {
			eachScalar(item, f)
		}
	case map[string]any:
		for _, member := range value {
			eachScalar(member, f)
		}
	}
}

// decode keeps numbers as they are written.
func decode(doc []byte, into *any) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	return d.Decode(into)
}

// Redactor hides, besides what the host knows, the secrets that the call has seen so far.
func (c *Call) Redactor() *redact.Redactor { return c.secrets.redact }

// Text hides the secrets of a text that belongs to no single call: also those that calls in progress have seen.
func (g *Gate) Text(text string) string {
	text = g.cfg.Redact.Text(text)
	g.mu.Lock()
	calls := make([]*Call, 0, len(g.calls))
	for _, c := range g.calls {
		calls = append(calls, c)
	}
	g.mu.Unlock()
	for _, c := range calls {
		text = string(c.secrets.redact.Values([]byte(text)))
	}
	return text
}

// key makes fingerprints. It is read from disk by the first call that needs it.
func (g *Gate) key() redact.Key { return redact.Key(g.cfg.Vault.Key(keyPurpose)) }

// note notes the secrets of a 2xx answer. fresh are the members whose secrets the request's body gave anew: they get no
// fingerprint. It reports false if there are more than a call can hide: then the answer must not be used.
func (c *Call) note(domain, method, path string, answer []byte, fresh []string) bool {
	o, _, _ := managementapi.Lookup(method, path)
	var schema *managementapi.Schema
	if o != nil {
		schema = o.Answer
	}
	found := redact.Secrets(schema, answer)
	if len(found) == 0 || found[0].At == nil && !jsondoc.Valid(answer) {
		return true // a text without members is hidden by shapes
	}
	at, key := newPlacer(method, path, o, answer), c.gate.key()
	for _, secret := range found {
		var place redact.Place
		place.Tenant = domain
		place.Resource, place.Member = at.place(secret)
		marker := redact.Marker
		if !slices.Contains(fresh, place.Member) {
			marker = key.Marker(place, secret.Value)
		}
		if !c.secrets.noted.Add(secret, marker) {
			return false
		}
	}
	return true
}

// pointerEscapes are those of RFC 6901, 3.
var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointer is a path of names as in [redact.Secret], without positions in lists.
func pointer(path jsondoc.Path) string {
	var out []byte
	for _, step := range path {
		if name, ok := step.Name(); ok {
			out = append(append(out, '/'), pointerEscapes.Replace(name)...)
		}
	}
	return string(out)
}
