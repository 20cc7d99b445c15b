package export

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// placeholders stand for secrets in files, as auth0-deploy-cli replaces them: ##NAME## within a text, "@@NAME@@" for a
// value that is none.
type placeholders struct {
	// used are the places that names stand for.
	used map[string]string
}

func (p placeholders) names() []string { return slices.Sorted(maps.Keys(p.used)) }

// of is the placeholder of a place, such as CLIENTS_SHOP_CLIENT_SECRET.
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

// privateText matches what is secret wherever it stands: private keys, tokens, and passwords in addresses.
var privateText = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+|` +
	`\b[a-z][a-z0-9+.-]*://[^\s/@:]+:[^\s/@]+@`)

// hide puts placeholders in place of an object's secrets: of the members that the Management API's facts call secret,
// and of texts that are secret by their form. Code is left as it is, which can hold anything.
func (x *exporter) hide(k kind, object map[string]any, stem string) {
	if o, ok := managementapi.ByName(k.item); ok && o.Answer != nil {
		for found := range o.Answer.Secrets(object) {
			name := x.placeholders.of(k.name, stem, found.Path)
			if _, isText := found.Value.(string); isText {
				replace(object, found.Path, "##"+name+"##")
			} else {
				replace(object, found.Path, "@@"+name+"@@")
			}
		}
	}
	x.hideTexts(k, object, stem, object, nil)
}

// codeMembers are those that hold code, which is written as it is.
func codeMembers() []string {
	return []string{"code", "script", "customScripts", "body", "html", "custom_login_page"}
}

func (x *exporter) hideTexts(k kind, object map[string]any, stem string, value any, path []string) {
	switch value := value.(type) {
	case string:
		if privateText.MatchString(value) {
			replace(object, path, "##"+x.placeholders.of(k.name, stem, path)+"##")
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if !slices.Contains(codeMembers(), name) {
				x.hideTexts(k, object, stem, value[name], append(slices.Clip(path), name))
			}
		}
	case []any:
		for i, item := range value {
			x.hideTexts(k, object, stem, item, append(slices.Clip(path), strconv.Itoa(i)))
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
