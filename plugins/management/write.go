package management

import (
	"context"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// write calls an operation of that effect.
func write(effect sdk.Effect) func(context.Context, *sdk.Call, input) (any, error) {
	return func(ctx context.Context, c *sdk.Call, in input) (any, error) {
		r, err := newRequest(in, managementapi.Effect(effect))
		if err != nil {
			return nil, err
		}
		answer, status, err := r.send(ctx, c, r.query)
		if err != nil {
			return nil, err
		}
		return present(answer, status, in.Fields)
	}
}
