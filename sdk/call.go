package sdk

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Call is one call of a tool in progress. It is valid until the tool's function
// returns.
type Call struct {
	ctx        context.Context
	id         string
	domain     string
	arguments  json.RawMessage
	budget     int
	dryRun     bool
	host       *hostLink
	lastStatus atomic.Int64
}

// Domain is the domain of the call's tenant, host or host:port, for building request
// URLs. Calls of one process may be for different tenants.
func (c *Call) Domain() string { return c.domain }

// Arguments is the JSON object that the caller gave, checked against the tool's
// schema but otherwise untouched: an explicit null, [], false or 0 is still there.
func (c *Call) Arguments() json.RawMessage { return slices.Clone(c.arguments) }

// DryRun reports whether the host only finds out what the call would change, to show
// it to a user: reads go through, and writes are answered with what they would
// probably lead to. The tool does what it always does, but does not wait for an
// effect of its writes, such as a build. What it returns is dropped.
func (c *Call) DryRun() bool { return c.dryRun }

// FitItems is how many of the items, from the first on, fit into the host's budget
// for one answer, at least one: the host cuts what is longer, and a cursor that the
// tool hands out would then skip what was cut.
func (c *Call) FitItems(items []Object) int {
	// The rest of the answer, and what redaction adds, need room too.
	room := c.budget - c.budget/8
	for i, item := range items {
		if room -= item.size() + len(","); room < 0 && c.budget > 0 {
			return max(i, 1)
		}
	}
	return len(items)
}

// Body is Arguments without the named members, such as the id that goes into
// the path: what a tool that passes its arguments on sends to the API. The order
// and the text of the others are kept.
func (c *Call) Body(without ...string) (json.RawMessage, error) {
	var o Object
	if err := json.Unmarshal(c.arguments, &o); err != nil {
		return nil, InvalidArgument("the arguments are not a JSON object: %v", err)
	}
	return encode(o.Without(without...))
}

// Progress tells the caller how far the call has come. total is 0 when unknown.
func (c *Call) Progress(done, total float64, note string) {
	// Progress is a courtesy: a host that is gone ends the process by other means.
	_, _ = c.host.Progress(c.ctx, &pluginv1.ProgressRequest{CallId: c.id, Done: done, Total: total, Note: note})
}

// Log writes to the host's log, with the call's id. Never log what Auth0
// answered or what the caller gave: both may hold secrets.
func (c *Call) Log() *slog.Logger {
	return slog.New(&logHandler{host: c.host, callID: c.id})
}
