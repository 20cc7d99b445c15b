package actions

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

const (
	someID = "0d15ea5e-0000-4000-8000-00000000c0de"
	// thisLong ends a wait that never has another end.
	thisLong = 20 * time.Millisecond
	forever  = time.Hour
)

// eager looks without a pause to speak of, and never gives up.
var eager = auth0v1.Patience{First: time.Millisecond, Longest: 2 * time.Millisecond, Whole: forever}

// newAction creates an action and returns its id.
func newAction(t *testing.T, auth0 http.Handler, code string) string {
	t.Helper()
	return answer(t, auth0, "auth0_create_action", creation("greet", code))["id"].(string)
}

func deploy(t *testing.T, p auth0v1.Patience, auth0 http.Handler, id string) sdktest.Result {
	t.Helper()
	return sdktest.Call(t, plugin(p), auth0, "auth0_deploy_action", `{"id":"`+id+`"}`)
}

// slowTenant is an empty sandbox whose clock moves by one second with each look
// at an action: a build of 3 s takes three looks.
func slowTenant(t *testing.T) (*sandbox.Tenant, http.Handler) {
	t.Helper()
	var seconds atomic.Int64
	begun := time.Now()
	s, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: 3 * time.Second, Now: func() time.Time {
		return begun.Add(time.Duration(seconds.Load()) * time.Second)
	}})
	return s, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			seconds.Add(1)
		}
		auth0.ServeHTTP(w, r)
	})
}

// sent are the requests below the action, such as "POST /deploy".
func sent(s *sandbox.Tenant, id string) []string {
	var all []string
	for _, r := range s.Requests() {
		if _, rest, ok := strings.Cut(r.Path, id); ok {
			all = append(all, r.Method+" "+rest)
		}
	}
	return all
}

func TestDeployWaitsForTheBuild(t *testing.T) {
	s, auth0 := slowTenant(t)
	id := newAction(t, auth0, "// one")
	r := deploy(t, eager, auth0, id)
	if r.Failure != nil {
		t.Fatal(r.Failure)
	}
	version := decode(t, r.JSON)
	if version["number"] != 1.0 || version["status"] != "built" || version["deployed"] != true ||
		version["code"] != "// one" ||
		version["outcome"] != "version 1 is live, but does not run yet: it is not bound to post-login" {
		t.Errorf("deployed: %s", r.JSON)
	}
	want := []string{"GET ", "GET ", "GET ", "POST /deploy", "GET /versions/" + version["id"].(string)}
	if got := sent(s, id); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	if len(r.Progress) != 2 || !strings.Contains(r.Progress[0], "build of the draft") {
		t.Errorf("progress: %q", r.Progress)
	}
	live := answer(t, auth0, "auth0_get_action", `{"id":"`+id+`"}`)
	if live["all_changes_deployed"] != true || live["deployed_version"].(map[string]any)["id"] != version["id"] {
		t.Errorf("the action is %v", live)
	}

	answer(t, auth0, "auth0_update_action", `{"id":"`+id+`","code":"// two"}`)
	if second := decode(t, deploy(t, eager, auth0, id).JSON); second["number"] != 2.0 || second["code"] != "// two" {
		t.Errorf("the second deployment: %v", second)
	}
}

// As in real use: on the real clock, with the real pauses.
func TestDeployRightAfterCreate(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	id := newAction(t, auth0, "//")
	if version := answer(t, auth0, "auth0_deploy_action", `{"id":"`+id+`"}`); version["deployed"] != true {
		t.Errorf("deployed: %v", version)
	}
}

// In a dry run nothing is built, so there is nothing to wait for.
func TestDeployInADryRun(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	id := newAction(t, auth0, "exports.onExecutePostLogin = async () => {};")
	simulating := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && !strings.Contains(r.URL.Path, "planned") {
			auth0.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"planned-id-001"}`))
	})
	// With forever to wait, this returns only if nothing is waited for.
	if r := sdktest.DryRun(t, plugin(eager), simulating, "auth0_deploy_action", `{"id":"`+id+`"}`); r.Failure != nil {
		t.Error(r.Failure)
	}
}

func TestDeployWithoutChanges(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
	id := newAction(t, auth0, "//")
	if first := decode(t, deploy(t, eager, auth0, id).JSON); strings.Contains(first["outcome"].(string), "no changes") {
		t.Errorf("First: %v", first)
	}
	again := decode(t, deploy(t, eager, auth0, id).JSON)
	if again["number"] != 2.0 || again["deployed"] != true ||
		!strings.Contains(again["outcome"].(string), "version 2 is live") ||
		!strings.Contains(again["outcome"].(string), "no changes") {
		t.Errorf("again: %v", again)
	}
}

func TestDeployOfAFailedBuild(t *testing.T) {
	s, auth0 := slowTenant(t)
	id := newAction(t, auth0, "throw-at-build")
	f := deploy(t, eager, auth0, id).Failure
	wantFailure(t, f, pluginv1.Failure_CODE_FAILED_PRECONDITION, 0, "nothing was deployed", `"greet"`,
		"Unexpected token 'throw-at-build'", `id "invalid_syntax"`, "limitations", "auth0_update_action")
	for _, request := range sent(s, id) {
		if strings.HasPrefix(request, "POST") {
			t.Errorf("%s was sent", request)
		}
	}
}

// override answers requests that match instead of auth0, in the order of the
// answers; the last one stays.
func override(auth0 http.Handler, match func(*http.Request) bool, status int, answers ...string) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !match(r) {
			auth0.ServeHTTP(w, r)
			return
		}
		i := min(int(n.Add(1)), len(answers)) - 1
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answers[i]))
	})
}

func ofAction(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/api/v2/actions/actions/") &&
		!strings.Contains(r.URL.Path, "/versions")
}

func ofVersion(r *http.Request) bool { return strings.Contains(r.URL.Path, "/versions/") }

func ofVersions(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/versions") }

func TestReasonsOfAFailedBuild(t *testing.T) {
	for name, tt := range map[string]struct{ action, versions, want string }{
		"every member": {`"errors":[{"id":"a","msg":"first","line":7},{"msg":"second","new":[1]}]`, `{}`,
			`first, id "a", line 7; second, new [1]`},
		"on version":  {`"errors":[]`, `{"versions":[{"status":"failed","errors":[{"msg":"third"}]}]}`, "failed: third."},
		"old version": {`"errors":null`, `{"versions":[{"status":"built","errors":[{"msg":"old"}]}]}`, "gives no reason"},
		"no version":  {`"x":1`, `{"versions":[]}`, "gives no reason"},
		"odd":         {`"errors":"what"`, `[]`, "gives no reason"},
	} {
		auth0 := override(http.NotFoundHandler(), ofAction, 200,
			`{"id":"`+someID+`","name":"greet","status":"failed",`+tt.action+`}`)
		auth0 = override(auth0, ofVersions, 200, tt.versions)
		f := deploy(t, eager, auth0, someID).Failure
		if !strings.Contains(f.GetMessage(), tt.want) {
			t.Errorf("%s: %q, want %q", name, f.GetMessage(), tt.want)
		}
	}
}

// Every status that Auth0 documents is waited out, and one that it does not is
// left to Auth0.
func TestStatusOfTheDraft(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
	id := newAction(t, auth0, "//")
	r := deploy(t, eager, override(auth0, ofAction, 200, `{"status":"pending"}`, `{"status":"building"}`,
		`{"status":"packaged"}`, `{"status":"retrying"}`, `{"status":"built"}`), id)
	if r.Failure != nil || len(r.Progress) != 4 {
		t.Errorf("%v, progress %q", r.Failure, r.Progress)
	}
	if r := deploy(t, eager, override(auth0, ofAction, 200, `{"status":"unheard-of"}`), id); r.Failure != nil {
		t.Error(r.Failure)
	}
}

func TestDeployWaitsUntilItIsLive(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
	id := newAction(t, auth0, "//")
	const building, built = `{"id":"v","number":1,"status":"building","deployed":false}`,
		`{"id":"v","number":1,"status":"built","deployed":false}`
	r := deploy(t, eager, override(auth0, ofVersion, 200, building, built,
		`{"id":"v","number":1,"status":"built","deployed":true,"n":9007199254740993}`), id)
	const want = `{"id":"v","number":1,"status":"built","deployed":true,"n":9007199254740993,` +
		`"outcome":"version 1 is live, but does not run yet: it is not bound to post-login",` +
		`"next_step":"auth0_update_trigger_bindings with trigger_id \"post-login\" and add [\"greet\"] binds it as the ` +
		`last."}`
	if string(r.JSON) != want || len(r.Progress) != 2 || !strings.Contains(r.Progress[0], "version 1 to be live") {
		t.Errorf("got %s (%v), progress %q", r.JSON, r.Failure, r.Progress)
	}

	f := deploy(t, eager,
		override(auth0, ofVersion, 200, building,
			`{"id":"v","number":2,"status":"failed","deployed":false,"errors":[{"msg":"no such package"}]}`), id).Failure
	wantFailure(t, f, pluginv1.Failure_CODE_FAILED_PRECONDITION, 0, "version 2 was made, but is not live",
		"no such package")
}

// Once Auth0 has accepted a deployment, whatever follows is told as an outcome.
func TestAcceptedButNotSeenLive(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
	id := newAction(t, auth0, "//")
	for name, tt := range map[string]struct {
		patience auth0v1.Patience
		auth0    http.Handler
		want     string
	}{
		// Long enough for the requests before it, also on a busy machine.
		"too slow": {auth0v1.Patience{First: forever, Longest: forever, Whole: 3 * time.Second},
			override(auth0, ofVersion, 200, `{"number":1,"status":"building","deployed":false}`),
			" was accepted, but was not seen live within 3s: check it with auth0_get_action"},
		"unreadable": {eager, override(auth0, ofVersion, 500, `{}`), " was accepted, but reading its state failed"},
		"not JSON":   {eager, override(auth0, ofVersion, 200, `[]`), " was accepted, but reading its state failed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := deploy(t, tt.patience, tt.auth0, id)
			if r.Failure != nil {
				t.Fatal(r.Failure)
			}
			if got := decode(t, r.JSON); got["number"] == nil || !strings.Contains(got["outcome"].(string), tt.want) {
				t.Errorf("outcome %v, want %s", got["outcome"], tt.want)
			}
		})
	}
}

func TestDraftThatIsNeverBuilt(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: forever})
	id := newAction(t, auth0, "//")
	hanging := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for name, tt := range map[string]struct {
		patience auth0v1.Patience
		auth0    http.Handler
	}{
		"many looks": {auth0v1.Patience{First: time.Millisecond, Longest: time.Millisecond, Whole: thisLong}, auth0},
		"long pause": {auth0v1.Patience{First: forever, Longest: forever, Whole: thisLong}, auth0},
		"no answer":  {auth0v1.Patience{First: time.Millisecond, Longest: time.Millisecond, Whole: thisLong}, hanging},
	} {
		t.Run(name, func(t *testing.T) {
			f := deploy(t, tt.patience, tt.auth0, id).Failure
			wantFailure(t, f, pluginv1.Failure_CODE_FAILED_PRECONDITION, 0, "nothing was deployed", "not built after 20ms",
				"again")
		})
	}
	for _, request := range sent(s, id) {
		if request != "GET " {
			t.Errorf("%s was sent", request)
		}
	}
}

// A caller that cancels ends a pause, which would last for an hour, and a look,
// which would never end.
func TestCancelledWait(t *testing.T) {
	answering := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id":"v","number":1,"status":"building"}`))
	}
	hanging := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	const ended, accepted = "the call ended", "version 1 was accepted, and may be live"
	for name, tt := range map[string]struct {
		at     func(*http.Request) bool
		handle http.HandlerFunc
		want   string
	}{
		"pause before the deployment": {ofAction, answering, ended},
		"look before the deployment":  {ofAction, hanging, ended},
		"pause after the deployment":  {ofVersion, answering, accepted},
		"look after the deployment":   {ofVersion, hanging, accepted},
	} {
		t.Run(name, func(t *testing.T) {
			_, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
			id := newAction(t, auth0, "//")
			looked := make(chan struct{}, 1)
			watched := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !tt.at(r) {
					auth0.ServeHTTP(w, r)
					return
				}
				looked <- struct{}{}
				tt.handle(w, r)
			})
			cancelled := sdk.NewTool("auth0_deploy_action", sdk.Write, "Deploy, and cancel.",
				func(ctx context.Context, c *sdk.Call, in deployInput) (any, error) {
					ctx, cancel := context.WithCancel(ctx)
					go func() {
						<-looked
						time.AfterFunc(thisLong, cancel)
					}()
					return deployer{auth0v1.Patience{First: forever, Longest: forever, Whole: forever}}.deployAction(ctx, c, in)
				})
			f := sdktest.Call(t, sdk.Plugin{Name: "actions", Version: "0.1.0", Tools: []sdk.Tool{cancelled}}, watched,
				"auth0_deploy_action", `{"id":"`+id+`"}`).Failure
			wantFailure(t, f, pluginv1.Failure_CODE_CALL_ENDED, 0, tt.want)
		})
	}
}

// The answer of the deployment itself is an error: nothing is waited for.
func TestRefusedDeployment(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
	id := newAction(t, auth0, "//")
	s.Fail(sandbox.FaultRule{Method: http.MethodPost, Path: "/api/v2/actions/actions/*/deploy",
		Status: http.StatusBadRequest})
	wantFailure(t, deploy(t, eager, auth0, id).Failure, pluginv1.Failure_CODE_API, http.StatusBadRequest)
	if got, want := sent(s, id), []string{"GET ", "POST /deploy"}; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}
