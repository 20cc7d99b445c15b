package catalog

import (
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/suggest"
)

// underSecret reports whether the value at a path may be a secret, judged by the names of the members that lead to it.
func underSecret(at jsondoc.Path) bool {
	return slices.ContainsFunc(at, func(s jsondoc.Step) bool {
		name, ok := s.Name()
		return ok && isSecretName(name)
	})
}

// isSecretName errs on the side of hiding: a harmless value that an error leaves out costs little, a secret that it
// quotes gets into a transcript.
func isSecretName(name string) bool {
	folded := suggest.Fold(name)
	for _, mark := range [...]string{
		"secret", "password", "passwd", "passphrase", "token", "privatekey", "apikey",
		"credential", "authorization", "assertion", "cookie",
	} {
		if strings.Contains(folded, mark) {
			return true
		}
	}
	return false
}
