// Package approval lets a user approve a change before it is made: which changes need
// it, what the user is shown, and the answers given in a terminal, which are bound to
// one change, used once and expire.
package approval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Mode is how a user is asked about a change.
type Mode string

const (
	// None needs no approval.
	None Mode = "none"
	// Elicit asks through the MCP client; where that cannot ask, as Terminal.
	Elicit Mode = "elicit"
	// Terminal answers a call with its plan, until a user has approved it with
	// `auth0-mcp approve`.
	Terminal Mode = "terminal"
)

// ParseMode reads a mode as a user gives it.
func ParseMode(s string) (Mode, error) {
	switch mode := Mode(strings.ToLower(strings.TrimSpace(s))); mode {
	case None, Elicit, Terminal:
		return mode, nil
	}
	return "", fmt.Errorf("%q: want %s, %s or %s", s, None, Elicit, Terminal)
}

// Strictness orders modes: a stricter one needs more of the user. It is 0 where no approval is needed.
func (m Mode) Strictness() int { return slices.Index([]Mode{None, Elicit, Terminal}, m) }

// Policy says which calls need approval.
type Policy struct {
	// Mode holds for every change; empty: as the environment has it.
	Mode        Mode
	Environment tenant.Environment
}

// ForExternal is how a user is asked about calls of tools that work outside of the tenant: always, whatever the
// tenant is for.
func (p Policy) ForExternal() Mode {
	if p.Mode == Terminal {
		return Terminal
	}
	return Elicit
}

// For is how a user is asked about calls of tools with an effect. An unknown
// environment counts as production where something may be destroyed.
func (p Policy) For(effect pluginv1.Effect) Mode {
	switch {
	case effect == pluginv1.EffectRead:
		return None
	case p.Mode != "":
		return p.Mode
	case p.Environment == tenant.Development, p.Environment == "" && effect == pluginv1.EffectWrite:
		return None
	}
	return Elicit // also where an environment is spelt in an unknown way
}
