package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// ArgumentsView is what of a call's arguments is recorded.
type ArgumentsView string

const (
	// ArgumentIDs records the values that name the target: see identifies.
	ArgumentIDs ArgumentsView = "ids"
	// ArgumentsRedacted records them all, with secrets hidden.
	ArgumentsRedacted ArgumentsView = "redacted"
	// ArgumentsNone records nothing of them, not even their HMAC.
	ArgumentsNone ArgumentsView = "none"
)

// ParseArgumentsView reads the value of --audit-arguments.
func ParseArgumentsView(s string) (ArgumentsView, error) {
	switch v := ArgumentsView(s); v {
	case ArgumentIDs, ArgumentsRedacted, ArgumentsNone:
		return v, nil
	}
	return "", fmt.Errorf("%q: want %s, %s or %s", s, ArgumentIDs, ArgumentsRedacted, ArgumentsNone)
}

const (
	maxArguments     = 16 << 10 // bytes of the redacted view; a longer one is left out
	maxCanonical     = 1 << 20  // bytes; the catalog allows no more
	maxIdentifiers   = 16
	maxIdentifierLen = 200
)

// identifies reports whether a parameter names the target of a call. "name" counts: it
// is how a tool finds an application or an action, and what is created has no id yet.
// The name or address of a user does not (user_name, ip, q).
func identifies(name string) bool {
	switch name {
	case "id", "ids", "name", "identifier", "identifiers":
		return true
	}
	return strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids")
}

// view is what is recorded of arguments; nil for nothing.
func (l *Log) view(arguments []byte) json.RawMessage {
	if l.cfg.Arguments == ArgumentsNone {
		return nil
	}
	// Before anything is cut: the rest of a secret may not look like one. It fails
	// for what is not JSON, which is then not recorded.
	shown, err := l.cfg.RedactJSON(arguments)
	if err == nil && l.cfg.Arguments == ArgumentIDs {
		shown = identifiers(shown)
	}
	var out bytes.Buffer
	if err != nil || json.Compact(&out, shown) != nil {
		return nil
	}
	if out.Len() > maxArguments {
		return json.RawMessage(fmt.Sprintf(`{"left_out_bytes":%d}`, out.Len()))
	}
	return out.Bytes()
}

// identifiers are the arguments that identify something, as an object.
func identifiers(arguments []byte) []byte {
	var all map[string]any
	decoder := json.NewDecoder(bytes.NewReader(arguments))
	decoder.UseNumber()
	if decoder.Decode(&all) != nil {
		return nil
	}
	kept := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(kept) == maxIdentifiers {
			break
		}
		if !identifies(name) {
			continue
		}
		if value := identifier(all[name]); value != nil {
			kept[Text(name, maxIdentifierLen)] = value
		}
	}
	if len(kept) == 0 {
		return nil
	}
	doc, err := json.Marshal(kept)
	if err != nil {
		return nil // texts and numbers always encode
	}
	return doc
}

// identifier is a value as it is recorded: a text, a number, or a list of them.
func identifier(value any) any {
	switch v := value.(type) {
	case string:
		return Text(v, maxIdentifierLen)
	case json.Number:
		return Text(v.String(), maxIdentifierLen)
	case []any:
		list := []any{}
		for _, item := range v[:min(len(v), maxIdentifiers)] {
			if _, nested := item.([]any); nested {
				return nil
			}
			one := identifier(item)
			if one == nil {
				return nil
			}
			list = append(list, one)
		}
		return list
	}
	return nil
}

// Canonical is the form of arguments that ArgumentsHMAC is made of: [jsondoc.Canonical]. It is nil for what is no
// strict
// JSON document or longer than a call's arguments may be. No arguments and null have the form of an empty object.
func Canonical(arguments []byte) []byte {
	if len(arguments) > maxCanonical {
		return nil
	}
	if trimmed := bytes.TrimSpace(arguments); len(trimmed) == 0 || string(trimmed) == "null" {
		return []byte(`{}`)
	}
	canonical, err := jsondoc.Canonical(arguments)
	if err != nil {
		return nil
	}
	return canonical
}
