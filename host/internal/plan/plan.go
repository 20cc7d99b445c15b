// Package plan is a change of a tenant as data: its canonical form, the differences that
// it makes, the plan that is approved, the simulation that makes one, and how far a call
// has come with one.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// Change is one request of a call that changes the tenant, or one file that it writes
// ([MethodWrite]): one that was sent or written, or in a Plan one that would be.
type Change struct {
	Method, Path, Query string
	// Body is what the plugin gave; empty: none.
	Body []byte
	// Before is the JSON of the request's target, as it was just before; nil if there
	// was nothing or it could not be read.
	Before json.RawMessage
	// Target is the JSON of the existing thing that a POST below it acts on, such as the
	// action that is deployed; nil for a POST that makes something.
	Target json.RawMessage
	// After is what became of it by Auth0's answer; in a Plan what probably will. nil if
	// the answer does not say.
	After json.RawMessage
	// Fresh leads to the secrets that the body gives anew, by their paths in it. Whether they equal what was there is
	// not told: each counts as a change.
	Fresh []jsondoc.Path
	// Concerns say in words why the change needs approval whatever the policy is.
	Concerns []string
	// Dependents say in words what of the tenant needs what the change deletes, such as "3 users: a, b, c".
	Dependents []string
	// placeholder is the id that the simulation gave to what a POST makes.
	placeholder string
}

// Request is the change's method and path.
func (c Change) Request() string { return c.Method + " " + c.Path }

// Size is the memory that the change's documents take, in bytes.
func (c Change) Size() int { return len(c.Body) + len(c.Before) + len(c.Target) + len(c.After) }

// Plan is what a call would change, in order: what approval is asked for. Nothing
// but these changes is sent in its name, and only while their targets are as they were.
type Plan struct {
	Changes []Change
}

// Canonical is the plan in one form: two plans with the same are the same requests
// to targets in the same state.
func (p Plan) Canonical() ([]byte, error) {
	type change struct {
		Method string `json:"method"`
		Path   string `json:"path"`
		Query  string `json:"query"`
		Body   string `json:"body"`
		State  string `json:"state"`
	}
	list := make([]change, len(p.Changes))
	for i, c := range p.Changes {
		list[i] = change{c.Method, c.Path, c.Query, canonical(c.Body), c.state()}
	}
	return json.Marshal(list)
}

// existing is what a change acts on: its Before, or its Target.
func (c Change) existing() json.RawMessage {
	if c.Before != nil {
		return c.Before
	}
	return c.Target
}

// state identifies what a change acts on, as it was before; "" if that is not known.
func (c Change) state() string {
	doc := c.existing()
	if doc == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(canonical(doc)))
	return hex.EncodeToString(sum[:])
}

// canonical is the one form of a document; what is not strict JSON stays as it is.
func canonical(doc []byte) string {
	if one, err := jsondoc.Canonical(doc); err == nil {
		return string(one)
	}
	return string(doc)
}

// HasTarget reports whether a method changes what is at its path already, which a
// GET of that path, or reading the file, then shows.
func HasTarget(method string) bool {
	return slices.Contains([]string{http.MethodPatch, http.MethodPut, http.MethodDelete, MethodWrite}, method)
}
