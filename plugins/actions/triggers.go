package actions

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// knownTrigger is a version of a trigger as the tenant lists it.
type knownTrigger struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Status  string `json:"status"`
}

const currentTrigger = "CURRENT"

// unknownTrigger is an error that names the triggers there are, if t (whose
// version may be empty) is none of them; nil if it is one, or if that is not known.
// The tenant is asked, since Auth0 adds triggers and versions: a list of ours
// would refuse those.
func unknownTrigger(ctx context.Context, api *auth0v1.API, t trigger) error {
	raw, err := api.Get(ctx, nil, "actions", "triggers")
	if err != nil {
		return nil //nolint:nilerr // the failure that led here says more than this one
	}
	var answer struct {
		Triggers []knownTrigger `json:"triggers"`
	}
	if json.Unmarshal(raw, &answer) != nil || len(answer.Triggers) == 0 {
		return nil //nolint:nilerr // as above
	}
	var current, versions []string
	for _, known := range answer.Triggers {
		if known.ID == t.ID && (known.Version == t.Version || t.Version == "") {
			return nil
		}
		if known.Status == currentTrigger {
			current = append(current, known.ID+" "+known.Version)
		}
		if known.ID == t.ID {
			versions = append(versions, known.Version+" ("+strings.ToLower(known.Status)+")")
		}
	}
	if len(versions) > 0 {
		return sdk.InvalidArgument("trigger %s has no version %q: give one of %s", t.ID, t.Version,
			strings.Join(slices.Sorted(slices.Values(versions)), ", "))
	}
	return sdk.InvalidArgument("there is no trigger %q: give one of %s", t.ID,
		strings.Join(slices.Sorted(slices.Values(current)), ", "))
}
