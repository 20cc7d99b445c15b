package wrap

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// toolName is the plugin's name of a server's tool: lower-case letters, digits and underscores, beginning with the
// plugin's name.
func toolName(plugin, server string) string {
	prefix := strings.ReplaceAll(plugin, "-", "_") + "_"
	var out strings.Builder
	previous := rune('_')
	for _, r := range server {
		plain := unicode.ToLower(r)
		switch {
		case 'a' <= plain && plain <= 'z', '0' <= plain && plain <= '9':
			if unicode.IsUpper(r) && !unicode.IsUpper(previous) && previous != '_' { // readFile
				out.WriteByte('_')
			}
			out.WriteRune(plain)
			previous = r
		case previous != '_':
			out.WriteByte('_')
			previous = '_'
		}
	}
	name := strings.Trim(out.String(), "_")
	if name == "" {
		name = "tool"
	}
	if !strings.HasPrefix(name, prefix) {
		name = prefix + name
	}
	if len(name) > maxNameBytes {
		const kept = maxNameBytes - 9
		name = fmt.Sprintf("%s_%.8x", name[:kept], sha256.Sum256([]byte(server)))
	}
	return name
}

// clean is a text of the server without what a reviewer of the plugin cannot see, and at most limit bytes long.
func clean(text string, limit int, multiline bool) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && multiline:
			return r
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, !redact.Drawn(r):
			return -1
		}
		return r
	}, text)
	text = strings.TrimSpace(text)
	const more = " …"
	if len(text) <= limit {
		return text
	}
	limit -= len(more)
	for !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + more
}
