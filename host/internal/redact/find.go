package redact

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// Secret is a secret of a document.
type Secret struct {
	// At leads to the string or number, positions in lists included.
	At jsondoc.Path
	// Member is the path of names that leads to it as a JSON Pointer (RFC 6901), without positions in lists:
	// /secrets/value. It is that of [Place].
	Member string
	// Part says that the value is a part of the text at At, and only that is hidden: a token in a comment of a program,
	// a member of a document inside of a text.
	Part bool
	// Value is what is hidden: the string, the number as it is written, or the part of the text as it stands there.
	Value string
	// Number says that the value is a number.
	Number bool
}

// names are those of the member's path.
func (s Secret) names() []string {
	if s.Member == "" {
		return nil
	}
	names := strings.Split(s.Member[1:], "/")
	for i, name := range names {
		names[i] = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
	}
	return names
}

// Secrets returns the secrets of a document, in its order: those that the schema marks (an operation's Answer or Body;
// nil: none), those of members whose names say so, and those that are recognised by their shapes. It decides what is
// hidden: JSON, Report and Clean hide the last two kinds, and the first if they were noted. Of a document that is not
// JSON they are parts of its text. A marker is no secret.
func Secrets(schema *managementapi.Schema, document []byte) (secrets []Secret) {
	var steps [usualDepth]step
	w := walker{collect: true, silent: true, path: steps[:0]}
	if schema != nil {
		w.marks = schema.Root()
	}
	if err := w.document(document); err == nil {
		return w.secrets
	}
	var parts []string
	textHider{found: &parts}.hide(string(document))
	for _, part := range parts {
		secrets = append(secrets, Secret{Part: true, Value: part})
	}
	return secrets
}

// report collects a secret at the walker's place. raw is the value there as it is written.
func (w *walker) report(raw []byte, value string, whole bool) {
	if w.inner {
		// The document outside holds it as it is written here.
		written := value
		if whole {
			written = strings.TrimSuffix(strings.TrimPrefix(string(raw), `"`), `"`)
		} else if !bytes.Contains(raw, []byte(value)) {
			if escaped, err := json.Marshal(value); err == nil {
				written = string(escaped[1 : len(escaped)-1])
			}
		}
		w.secrets = append(w.secrets, Secret{Value: written})
		return
	}
	s := Secret{Value: value, Part: !whole, Number: whole && raw[0] != '"'}
	var member strings.Builder
	for _, one := range w.path {
		if one.name == nil {
			s.At = append(s.At, jsondoc.Item(one.item))
			continue
		}
		name := unquoted(one.name)
		s.At = append(s.At, jsondoc.Member(name))
		member.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1"))
	}
	s.Member = member.String()
	w.secrets = append(w.secrets, s)
}
