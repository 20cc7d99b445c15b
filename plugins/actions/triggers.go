package actions

import (
	"context"
	"encoding/json"
	"fmt"
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
	Policy  string `json:"binding_policy"`
}

const (
	currentTrigger = "CURRENT"
	// boundByEntity is the policy of triggers whose Actions another resource names, such
	// as an event stream: their bindings are always empty.
	boundByEntity = "entity-bound"
)

// readTriggers asks the tenant, since Auth0 adds triggers and versions: a list of ours
// would refuse those.
func readTriggers(ctx context.Context, api *auth0v1.API) ([]knownTrigger, error) {
	raw, err := api.Get(ctx, nil, "actions", "triggers")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Triggers []knownTrigger `json:"triggers"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("GET actions/triggers: %w", err)
	}
	return answer.Triggers, nil
}

// unknownTrigger is an error that names the triggers there are, if t (whose
// version may be empty) is none of them; nil if it is one, or if that is not known.
func unknownTrigger(ctx context.Context, api *auth0v1.API, t trigger) error {
	triggers, err := readTriggers(ctx, api)
	if err != nil || len(triggers) == 0 {
		return nil //nolint:nilerr // the failure that led here says more than this one
	}
	var current, versions []string
	for _, known := range triggers {
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
