package export

import (
	"bytes"
	"crypto/rand"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// placeholders stand for secrets in files, as auth0-deploy-cli replaces them: ##NAME## within a text, "@@NAME@@" for a
// value that is none.
type placeholders struct {
	// used are the places that names stand for.
	used map[string]string
	// mark tells placeholders from texts of the tenant that look like one: see plain.
	mark string
}

func newPlaceholders() placeholders {
	return placeholders{used: map[string]string{}, mark: rand.Text()}
}

func (p placeholders) names() []string { return slices.Sorted(maps.Keys(p.used)) }

// text is the placeholder that replaces a text, and value one that replaces any other value.
func (p placeholders) text(kind, stem string, path []string) string {
	return "##" + p.mark + p.of(kind, stem, path) + p.mark + "##"
}

func (p placeholders) value(kind, stem string, path []string) string {
	return "@@" + p.mark + p.of(kind, stem, path) + p.mark + "@@"
}

// plain is a document in which the placeholders are the only ones: what else of the tenant's looks like one is written
// with an escape, so that an import puts no secret there.
func (p placeholders) plain(doc []byte) []byte {
	for _, sign := range []struct{ is, escape string }{{"#", `\u0023`}, {"@", `\u0040`}} {
		twice, escaped := sign.is+sign.is, sign.is+sign.escape
		doc = bytes.ReplaceAll(doc, []byte(twice), []byte(escaped))
		doc = bytes.ReplaceAll(doc, []byte(escaped+p.mark), []byte(twice))
		doc = bytes.ReplaceAll(doc, []byte(p.mark+escaped), []byte(twice))
	}
	return doc
}

// of is the name of a place, such as CLIENTS_SHOP_CLIENT_SECRET.
func (p placeholders) of(kind, stem string, path []string) string {
	place := strings.Join(append([]string{kind, stem}, path...), "\x00")
	base := strings.ToUpper(identifier(append([]string{kind, stem}, path...)...))
	for n := 1; ; n++ {
		name := base
		if n > 1 {
			name += "_" + strconv.Itoa(n)
		}
		if taken, ok := p.used[name]; !ok || taken == place {
			p.used[name] = place
			return name
		}
	}
}

// privateText matches what is secret wherever it stands: private keys, tokens in the forms that services give them so
// that they are found, passwords in addresses, and parameters of addresses that grant access.
var privateText = lazily(`-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+|` +
	`(?i:\b[a-z][a-z0-9+.-]*://[^\s/@:]*:[^\s/@]+@)|` +
	`(?i:[?&#](?:token|access_token|secret|client_secret|api_?key|password|sig|signature)=[^\s&#{$]{6})|` +
	`(?i:\b(?:bearer|basic) +[a-z0-9+/._~-]{12})|hooks\.slack\.com/(?:services|workflows|triggers)/\w|` +
	`\b(?:gh[opsur]_|github_pat_|glpat-|xox[a-z]-|xapp-|[sr]k_(?:live|test)_|whsec_|AIza|ya29\.|GOCSPX-|AKIA|SG\.|npm_|` +
	`pypi-|hf_|sk-|dop_v1_|shpat_|shpss_|glsa_|lin_api_|hvs\.)[\w.-]{16}`)

// secretName matches names under which users keep secrets where they may choose the names.
var secretName = lazily(`(?i)(?:secret|secret[_.-]?value|password|passwd|passphrase|token|authorization|` +
	`credential|(?:api|access|secret|private|signing|encryption|master|account|shared|sas|write)[_.-]?key|` +
	`connection[_.-]?string)s?$`)

// ownNames are the members in which users choose the names.
func ownNames() []string {
	return []string{"client_metadata", "metadata", "domain_metadata", "configuration", "headers", "hidden_fields"}
}

// isNamedSecret reports whether a text stands under a name that users give to secrets. Templates are none.
func isNamedSecret(value string, path []string, beside map[string]any) bool {
	if !slices.ContainsFunc(path, func(step string) bool { return slices.Contains(ownNames(), step) }) ||
		value == "" || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) ||
		strings.Contains(value, "{{") || strings.Contains(value, "${") {
		return false
	}
	name := path[len(path)-1]
	if name == "value" { // of {"key":"api_key","value":"…"}
		for _, key := range []string{"key", "name", "header"} {
			if text, ok := beside[key].(string); ok {
				name = text
			}
		}
	}
	return secretName().MatchString(name)
}

// hide puts placeholders in place of an object's secrets: of the members that the Management API's facts call secret,
// and of texts that are secret by their form or name. Code is left as it is, which can hold anything.
func (x *exporter) hide(k kind, object map[string]any, stem string) {
	if o, ok := managementapi.ByName(k.item); ok && o.Answer != nil {
		for found := range o.Answer.Secrets(object) {
			if _, isText := found.Value.(string); isText {
				replace(object, found.Path, x.placeholders.text(k.name, stem, found.Path))
			} else {
				replace(object, found.Path, x.placeholders.value(k.name, stem, found.Path))
			}
		}
	}
	x.hideTexts(k, object, stem, object, nil, nil)
}

// codeMembers are those that hold code, which is written as it is.
func codeMembers() []string {
	return []string{"code", "script", "customScripts", "body", "html", "custom_login_page"}
}

// hideTexts puts placeholders in place of texts that are secret by their form or name. beside is the object that holds
// the value.
func (x *exporter) hideTexts(k kind, object map[string]any, stem string, value any, path []string,
	beside map[string]any) {
	switch value := value.(type) {
	case string:
		isPlaceholder := strings.Contains(value, x.placeholders.mark)
		if !isPlaceholder && (privateText().MatchString(value) || isNamedSecret(value, path, beside)) {
			replace(object, path, x.placeholders.text(k.name, stem, path))
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if !slices.Contains(codeMembers(), name) {
				x.hideTexts(k, object, stem, value[name], append(slices.Clip(path), name), value)
			}
		}
	case []any:
		for i, item := range value {
			x.hideTexts(k, object, stem, item, append(slices.Clip(path), strconv.Itoa(i)), nil)
		}
	}
}

// replace puts a text at a path of a document.
func replace(document any, path []string, text string) {
	for i, step := range path {
		isLast := i == len(path)-1
		switch at := document.(type) {
		case map[string]any:
			if isLast {
				at[step] = text
			}
			document = at[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(at) {
				return
			}
			if isLast {
				at[n] = text
			}
			document = at[n]
		default:
			return
		}
	}
}

// lazily compiles a pattern when it is first used: a plugin's process may never need it.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
