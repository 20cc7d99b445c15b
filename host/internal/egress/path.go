package egress

import (
	"errors"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// requestPath is the path of a plugin's request, decoded once; or why it has none.
func requestPath(r *pluginv1.RoundTripRequest) (path pluginv1.Path, problem string) {
	path, err := pluginv1.ParsePath(r.GetPath())
	var refused *pluginv1.PathError
	switch {
	case err == nil:
		return path, ""
	case errors.As(err, &refused):
		return path, "its path " + refused.Problem
	}
	return path, err.Error()
}

// atPath is a request as it is sent: to the path that was compared with the rules, in
// the one escaped form that it has.
func atPath(r *pluginv1.RoundTripRequest, path pluginv1.Path) *pluginv1.RoundTripRequest {
	return &pluginv1.RoundTripRequest{CallId: r.GetCallId(), Method: r.GetMethod(), Path: path.String(),
		Query:   r.GetQuery(),
		Headers: r.GetHeaders(), Body: r.GetBody()}
}

// parentPath is the path of what a request's target is below; false if that is the API
// itself.
func parentPath(path string) (string, bool) {
	parsed, err := pluginv1.ParsePath(path)
	if err != nil {
		return "", false
	}
	parent, ok := parsed.Parent()
	return parent.String(), ok
}
