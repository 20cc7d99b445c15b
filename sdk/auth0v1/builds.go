package auth0v1

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Patience is how long a call waits for Auth0's builds of an action, and how often
// it looks.
type Patience struct {
	// First is the pause after the first look; it doubles up to Longest.
	First, Longest time.Duration
	// Whole bounds the waiting of one call, for the draft and the version together.
	Whole time.Duration
}

// DeployPatience ends well before the 60 s after which MCP clients give up. Most
// builds take a second, some 30 to 45.
func DeployPatience() Patience {
	return Patience{First: 250 * time.Millisecond, Longest: 2 * time.Second, Whole: 45 * time.Second}
}

// ErrTimeUp says that a build had not ended when the patience had.
var ErrTimeUp = errors.New("the build had not ended in time")

// BuildError is a build that failed.
type BuildError struct {
	// Reasons are Auth0's, or say that it gives none.
	Reasons string
}

func (e *BuildError) Error() string { return "the build failed: " + e.Reasons }

// Builds waits for the builds of one action within one call: of its draft, which
// Auth0 refuses to deploy before, and of the version that a deployment makes. Its
// time begins when it is made. In a dry run nothing is built: it looks, and does not
// wait.
type Builds struct {
	Patience
	api   *API
	call  *sdk.Call
	id    string
	begun time.Time
}

// Builds begins to wait for the builds of the action with that id.
func (a *API) Builds(c *sdk.Call, p Patience, id string) *Builds {
	return &Builds{Patience: p, api: a, call: c, id: id, begun: time.Now()}
}

// inProgress reports whether a build goes on. A status that is missing or not known
// here is left to Auth0 to judge.
func inProgress(o sdk.Object) bool {
	return slices.Contains([]string{"pending", "building", "packaged", "retrying"}, o.Text("status"))
}

func failed(o sdk.Object) bool { return o.Text("status") == "failed" }

// Draft waits until the build of the draft has ended and returns the action as last
// seen. seen is the action as the caller knows it; nil: it is looked up first.
// Errors: *BuildError, ErrTimeUp, what a look met, or the end of ctx.
func (b *Builds) Draft(ctx context.Context, seen sdk.Object) (sdk.Object, error) {
	if seen == nil || inProgress(seen) {
		err := b.await(ctx, "waiting for the build of the draft", func(ctx context.Context) (bool, error) {
			raw, err := b.api.Get(ctx, nil, "actions", "actions", b.id)
			if err != nil {
				return false, err
			}
			if err := json.Unmarshal(raw, &seen); err != nil {
				return false, fmt.Errorf("GET actions/actions/%s answered something other than an action: %w", b.id, err)
			}
			return !inProgress(seen), nil
		})
		if err != nil {
			return seen, err
		}
	}
	if failed(seen) {
		return seen, &BuildError{b.reasons(ctx, seen)}
	}
	return seen, nil
}

// Version waits until the version that a deployment made is live, and returns it as
// last seen, also with an error. A version that does not say whether it is deployed
// is not waited for. Errors are those of Draft.
func (b *Builds) Version(ctx context.Context, version sdk.Object) (sdk.Object, error) {
	if b.call.DryRun() {
		return version, nil
	}
	if _, told := version.Get("deployed"); !told && !inProgress(version) && !failed(version) {
		return version, nil
	}
	err := b.await(ctx, "waiting for "+VersionName(version)+" to be live", func(ctx context.Context) (bool, error) {
		raw, err := b.api.Get(ctx, nil, "actions", "actions", b.id, "versions", version.Text("id"))
		if err != nil {
			return false, err
		}
		var seen sdk.Object
		if err := json.Unmarshal(raw, &seen); err != nil {
			return false, fmt.Errorf("not a version: %w", err)
		}
		version = seen
		return failed(version) || isLive(version), nil
	})
	if err == nil && failed(version) {
		err = &BuildError{b.reasons(ctx, version)}
	}
	return version, err
}

// VersionName is how users are told of a version.
func VersionName(version sdk.Object) string {
	if number, ok := version.Get("number"); ok {
		return fmt.Sprintf("version %s", number)
	}
	return "the new version"
}

func isLive(version sdk.Object) bool {
	deployed, _ := version.Get("deployed")
	return string(deployed) == "true" && !inProgress(version)
}

// await looks, at growing intervals, until there is an end, and tells the caller
// that it does.
func (b *Builds) await(ctx context.Context, note string, look func(context.Context) (bool, error)) error {
	// A deadline would travel to the host, which may notice it first and word it as
	// an end of the call; a cancellation is noticed here first.
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(time.Until(b.begun.Add(b.Whole)), cancel).Stop()
	for pause := b.First; ; pause = min(2*pause, b.Longest) {
		ended, err := look(bounded)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && bounded.Err() != nil:
			return ErrTimeUp
		case err != nil || ended || b.call.DryRun():
			return err
		}
		b.call.Progress(time.Since(b.begun).Seconds(), b.Whole.Seconds(), note)
		select {
		case <-time.After(pause):
		case <-bounded.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return ErrTimeUp
		}
	}
}

// reasons are the errors of a failed build in Auth0's words, with all that it
// says of each. They stand on the action or on its latest version: the API's
// types have them on versions only.
func (b *Builds) reasons(ctx context.Context, built sdk.Object) string {
	problems := problemsOf(built)
	if len(problems) == 0 {
		if raw, err := b.api.Get(ctx, url.Values{"page": {"0"}, "per_page": {"1"}}, "actions", "actions", b.id,
			"versions"); err == nil {
			var latest struct {
				Versions []sdk.Object `json:"versions"`
			}
			if json.Unmarshal(raw, &latest) == nil && len(latest.Versions) > 0 && failed(latest.Versions[0]) {
				problems = problemsOf(latest.Versions[0])
			}
		}
	}
	if len(problems) == 0 {
		return "Auth0 gives no reason (the action's editor in the Auth0 Dashboard may)"
	}
	return strings.Join(problems, "; ")
}

func problemsOf(built sdk.Object) []string {
	raw, _ := built.Get("errors")
	var all []sdk.Object
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	problems := make([]string, len(all))
	for i, problem := range all {
		problems[i] = problem.Text("msg")
		for _, m := range problem.Without("msg") {
			problems[i] += fmt.Sprintf(", %s %s", m.Name, m.Value)
		}
	}
	return problems
}
