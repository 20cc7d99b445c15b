package egress

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// madeHere is what Auth0 answered when this call made the thing at a path; nil if it did not make it. Only an operation
// that adds makes something: others answer with the id of what was there.
func (c *Call) madeHere(path string) json.RawMessage {
	cut := strings.LastIndexByte(path, '/')
	last, err := url.PathUnescape(path[cut+1:])
	if err != nil || cut < 0 || last == "" {
		return nil
	}
	list := path[:cut]
	if o, _, known := managementapi.Lookup(http.MethodPost, list); !known || !managementapi.OnlyAdds(o.Name()) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, change := range c.outcome.Changes {
		if change.Method != http.MethodPost || change.Path != list {
			continue
		}
		for _, name := range []string{"id", plan.KindID(list)} {
			if textOf(change.After, name) == last {
				return change.After
			}
		}
	}
	return nil
}

// undoes reports whether a request deletes what the same call has made: this needs neither a declaration nor an
// approval, since it leaves the tenant as it was.
func (c *Call) undoes(method, path string) bool {
	return method == http.MethodDelete && c.madeHere(path) != nil
}

// undo deletes what the call has made.
func (c *Call) undo(ctx context.Context, r *pluginv1.RoundTripRequest) *pluginv1.RoundTripResponse {
	c.stepping.Lock()
	defer c.stepping.Unlock()
	w := &write{RoundTripRequest: r, change: plan.Change{Method: r.GetMethod(), Path: r.GetPath()},
		as: c.guardOf(ctx, r).holder}
	answer, _ := c.write(ctx, w)
	return answer
}
