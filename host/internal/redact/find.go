package redact

import (
	"bytes"
	"encoding/json"
	"strconv"
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
	w := &walker{found: func(s Secret) { secrets = append(secrets, s) }, marks: marksOf(schema, document)}
	if err := w.document(document); err != nil {
		secrets = nil
		h := textHider{found: func(value string) { secrets = append(secrets, Secret{Part: true, Value: value}) }}
		h.hide(string(document))
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
		w.found(Secret{Value: written})
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
	w.found(s)
}

// marks is a tree of what a schema marks in a document. nil: nothing is marked here and below.
type marks struct {
	below  map[string]*marks
	secret bool // with everything below
}

func marksOf(schema *managementapi.Schema, document []byte) *marks {
	if schema == nil {
		return nil
	}
	var decoded any
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if decoder.Decode(&decoded) != nil {
		return nil
	}
	var root *marks
	for found := range schema.Secrets(decoded) {
		if root == nil {
			root = &marks{}
		}
		at := root
		for _, name := range found.Path {
			if at.below[name] == nil {
				if at.below == nil {
					at.below = map[string]*marks{}
				}
				at.below[name] = &marks{}
			}
			at = at.below[name]
		}
		at.secret = true
	}
	return root
}

func (m *marks) isSecret() bool { return m != nil && m.secret }

func (m *marks) member(quotedName []byte) *marks {
	if m == nil {
		return nil
	}
	return m.below[unquoted(quotedName)]
}

func (m *marks) item(index int) *marks {
	if m == nil {
		return nil
	}
	return m.below[strconv.Itoa(index)]
}
