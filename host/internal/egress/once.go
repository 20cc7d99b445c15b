package egress

import (
	"fmt"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// Kept is a secret that Auth0 answers once, which the user can fetch for a while.
type Kept struct {
	// Marker stands for it in the answer. Member is where it stood.
	Marker, Member string
	// Err, if set, is why it could not be kept: it is lost.
	Err error
}

// NoPlaceError says that a request was not sent because its answer holds a secret that no later request repeats, and
// that could not be kept for the user.
type NoPlaceError struct {
	// Request is "METHOD path".
	Request string
	Err     error
}

func (e *NoPlaceError) Error() string {
	return fmt.Sprintf("%s was not sent: its answer holds a secret that is shown only once, and there is no place to "+
		"keep it for the user: %v", e.Request, e.Err)
}

func (e *NoPlaceError) Unwrap() error { return e.Err }

// answersOnce are the members of a write's answer that no later request repeats.
func answersOnce(method, path string) []string {
	if o, _, ok := managementapi.Lookup(method, path); ok {
		return o.Once
	}
	return nil
}

// roomForAnswer says why a write must not be sent: what it answers once could not be kept.
func (c *Call) roomForAnswer(method, path string) error {
	if len(answersOnce(method, path)) == 0 {
		return nil
	}
	err := c.gate.cfg.Vault.Ready()
	if err == nil {
		return nil
	}
	e := &NoPlaceError{clipped(method + " " + path), err}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.noPlace == nil {
		c.noPlace = e
	}
	return e
}

// keepOnce keeps what a write has answered once.
func (c *Call) keepOnce(w *write, answer []byte) {
	members := answersOnce(w.GetMethod(), w.GetPath())
	var doc any
	if len(members) == 0 || decode(answer, &doc) != nil {
		return
	}
	for _, member := range members {
		var at jsondoc.Path
		for name := range strings.SplitSeq(member, ".") {
			at = at.With(jsondoc.Member(name))
		}
		value := scalar(valueAt(doc, at))
		if value == "" {
			continue
		}
		secret := redact.Secret{At: at, Member: pointer(at), Value: value}
		marker := c.gate.key().Marker(redact.Place{Tenant: c.domainNow(),
			Resource: madeAt(w.GetMethod(), w.GetPath(), answer), Member: secret.Member}, value)
		c.secrets.noted.Add(secret, marker)
		err := c.gate.cfg.Vault.Keep(vault.Secret{ID: redact.Fingerprint(marker), Tenant: c.domainNow(),
			Request: w.GetMethod() + " " + w.GetPath(), Member: member, Value: value})
		c.mu.Lock()
		c.outcome.Kept = append(c.outcome.Kept, Kept{Marker: marker, Member: member, Err: err})
		c.mu.Unlock()
	}
}
