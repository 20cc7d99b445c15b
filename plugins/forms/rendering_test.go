package forms

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// eager looks without a pause to speak of, and hardly ever gives up.
var eager = auth0v1.Patience{First: time.Millisecond, Longest: 2 * time.Millisecond, Whole: time.Hour}

func renderIn(t *testing.T, p auth0v1.Patience, auth0 http.Handler, id string) sdktest.Result {
	t.Helper()
	return sdktest.Call(t, plugin(p), auth0, "auth0_publish_form",
		text(t, map[string]string{"id": id, "render_in": "post-login"}))
}

// renderedIn is the answer of a call that must succeed: the rendering, and all.
func renderedIn(t *testing.T, auth0 http.Handler, id string) (r map[string]any, all map[string]any) {
	t.Helper()
	got := renderIn(t, eager, auth0, id)
	if got.Failure != nil {
		t.Fatal(got.Failure)
	}
	all = object(t, got.JSON)
	return all["rendering"].(map[string]any), all
}

// newForm makes a form without faults.
func newForm(t *testing.T, auth0 http.Handler) string {
	t.Helper()
	return call(t, auth0, "auth0_create_form",
		`{"name":"Ask","start":{"next_node":"s"},"nodes":[{"id":"s","type":"STEP",`+
			`"config":{"next_node":"$ending",`+button+`}}]}`)["id"].(string)
}

// bindNew makes Actions that do nothing, and binds them, so that they must be kept.
func bindNew(t *testing.T, auth0 http.Handler, names ...string) {
	t.Helper()
	refs := []any{}
	for _, name := range names {
		id := addAction(t, auth0, name, "//")
		send(t, auth0, http.MethodPost, "actions/actions/"+id+"/deploy", "")
		refs = append(refs, map[string]any{"ref": map[string]string{"type": "action_id", "value": id},
			"display_name": name + " as bound"})
	}
	send(t, auth0, http.MethodPatch, "actions/triggers/post-login/bindings", text(t, map[string]any{"bindings": refs}))
}

// bound are the display names and the Actions' names on post-login, in their order.
func bound(t *testing.T, auth0 http.Handler) string {
	t.Helper()
	var all []string
	for _, b := range send(t, auth0, http.MethodGet, "actions/triggers/post-login/bindings", "")["bindings"].([]any) {
		o := b.(map[string]any)
		all = append(all, fmt.Sprint(o["display_name"], "=", o["action"].(map[string]any)["name"]))
	}
	return strings.Join(all, ", ")
}

// writes are the requests that may change the tenant, such as "PATCH actions/…".
func writes(s *sandbox.Tenant) []string {
	all := []string{}
	for _, r := range s.Requests() {
		if r.Method != http.MethodGet {
			all = append(all, r.Method+" "+strings.TrimPrefix(r.Path, "/api/v2/"))
		}
	}
	return all
}

func draftOf(t *testing.T, auth0 http.Handler, id string) map[string]any {
	t.Helper()
	return send(t, auth0, http.MethodGet, "actions/actions/"+id, "")
}

// slowTenant is an empty sandbox whose clock moves by one second with each read: a
// build of 3 s takes a few looks, however fast the machine is.
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

// As in real use: on the real clock, with the real pauses, beside other Actions.
func TestRenderInMakesDeploysAndBinds(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	form := newForm(t, auth0)
	s.ResetRequests()
	got := object(t, sdktest.Call(t, Plugin(), auth0, "auth0_publish_form", `{"id":"Ask","render_in":"post-login"}`).JSON)
	r := got["rendering"].(map[string]any)
	id := r["action_id"].(string)
	want := map[string]any{"action_id": id, "action": "Render form " + form, "draft": "created",
		"deployment": "deployed as version 1", "binding": "bound to post-login as number 1 of 1"}
	if text(t, r) != text(t, want) || got["live"] != true || got["valid"] != true {
		t.Errorf("answered %s", text(t, got))
	}
	if by := text(t, got["rendered_by"]); by != `[{"bound":true,"deployed":true,`+
		`"id":"`+id+`","name":"Render form `+form+`","trigger":"post-login"}]` {
		t.Errorf("rendered by %s", by)
	}
	if want := []string{"POST actions/actions", "POST actions/actions/" + id + "/deploy",
		"PATCH actions/triggers/post-login/bindings"}; !slices.Equal(writes(s), want) {
		t.Errorf("sent %q, want %q", writes(s), want)
	}
	a := draftOf(t, auth0, id)
	if code := a["code"].(string); code != renderCode(form) || !renders(code, form) ||
		!strings.Contains(code, "onContinuePostLogin") {
		t.Errorf("the code is %s", code)
	}
	if text(t, a["supported_triggers"]) != `[{"id":"post-login","version":"v3"}]` || a["runtime"] != "node22" ||
		a["all_changes_deployed"] != true {
		t.Errorf("the Action is %s", text(t, a))
	}
	if p := publish(t, auth0, form); !p.live || !strings.Contains(p.renderers, "deployed true, bound true") {
		t.Errorf("checked again: %+v", p)
	}
}

// Other bindings stay, with their names and in their order, and what is done already
// is not done again.
func TestRenderInKeepsBindingsAndIsIdempotent(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
	bindNew(t, auth0, "b", "a", "c")
	form := newForm(t, auth0)
	if r, _ := renderedIn(t, auth0, form); r["binding"] != "bound to post-login as number 4 of 4" {
		t.Errorf("%v", r)
	}
	want := "b as bound=b, a as bound=a, c as bound=c, Render form " + form + "=Render form " + form
	if got := bound(t, auth0); got != want {
		t.Errorf("bound are %s, want %s", got, want)
	}
	s.ResetRequests()
	r, all := renderedIn(t, auth0, form)
	if len(writes(s)) > 0 || r["draft"] != leftAsItWas || r["deployment"] != leftAsItWas || r["binding"] != leftAsItWas ||
		all["live"] != true {
		t.Errorf("again: %v, sent %q", r, writes(s))
	}
	if got := bound(t, auth0); got != want {
		t.Errorf("bound are %s, want %s", got, want)
	}
	// Unbound by a user: only the binding is missing.
	send(t, auth0, http.MethodPatch, "actions/triggers/post-login/bindings", `{"bindings":[]}`)
	s.ResetRequests()
	if r, _ := renderedIn(t, auth0, form); r["deployment"] != leftAsItWas ||
		!slices.Equal(writes(s), []string{"PATCH actions/triggers/post-login/bindings"}) {
		t.Errorf("unbound: %v, sent %q", r, writes(s))
	}
}

// What an older version of the tool made is brought up to date and deployed; what
// a user has edited is left, and so is an edited draft behind code that renders.
func TestRenderInUpdatesOnlyWhatItMade(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
	form := newForm(t, auth0)
	older := "exports.onExecutePostLogin = async (e, api) => { api.prompt.render('" + form + "'); };\n"
	marked := func(body string) string {
		return "// auth0-mcp:render-form " + form + " sha256:" + digest(body) + "\n" + body
	}
	id := addAction(t, auth0, renderActionName(form), marked(older))
	r, _ := renderedIn(t, auth0, form)
	if r["draft"] != "updated" || r["deployment"] != "deployed as version 1" ||
		draftOf(t, auth0, id)["code"] != renderCode(form) {
		t.Errorf("an older one: %v", r)
	}

	edited := strings.Replace(renderCode(form), "  api.prompt", "  if (event.user.email_verified) api.prompt", 1)
	send(t, auth0, http.MethodPatch, "actions/actions/"+id, text(t, map[string]string{"code": edited, "name": "Renamed"}))
	s.ResetRequests()
	r, all := renderedIn(t, auth0, form)
	if len(writes(s)) > 0 || r["action"] != "Renamed" || r["draft"] != leftAsItWas+": its code was edited" ||
		all["live"] != true {
		t.Errorf("an edited one: %v, sent %q", r, writes(s))
	}

	// Its deployed code no longer renders, its edited draft does: that is what is asked for.
	send(t, auth0, http.MethodPatch, "actions/actions/"+id, `{"code":"//"}`)
	send(t, auth0, http.MethodPost, "actions/actions/"+id+"/deploy", "")
	send(t, auth0, http.MethodPatch, "actions/actions/"+id, text(t, map[string]string{"code": edited}))
	if r, _ := renderedIn(t, auth0, form); r["deployment"] != "deployed as version 3" ||
		draftOf(t, auth0, id)["code"] != edited {
		t.Errorf("an edited draft: %v", r)
	}
}

// Nothing is written where the tool cannot know that it may.
func TestRenderInRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, auth0 http.Handler, form string)
		code    pluginv1.Failure_Code
		want    []string
	}{
		"an Action with its name": {func(t *testing.T, auth0 http.Handler, form string) {
			addAction(t, auth0, renderActionName(form), "api.prompt.render('"+form+"')")
		}, pluginv1.Failure_CODE_FAILED_PRECONDITION, []string{`"Render form ap_`, "never overwritten", "rename it"}},
		"a marker of another form": {func(t *testing.T, auth0 http.Handler, form string) {
			addAction(t, auth0, renderActionName(form), renderCode("ap_other"))
		}, pluginv1.Failure_CODE_FAILED_PRECONDITION, []string{"never overwritten"}},
		"edited, so that it renders nothing": {func(t *testing.T, auth0 http.Handler, form string) {
			addAction(t, auth0, renderActionName(form), strings.Replace(renderCode(form), "api.prompt.render", "api.access.deny",
				1))
		}, pluginv1.Failure_CODE_FAILED_PRECONDITION, []string{"no longer renders", "not overwritten",
			"auth0_update_action"}},
		"copies": {func(t *testing.T, auth0 http.Handler, form string) {
			addAction(t, auth0, "copy one", renderCode(form))
			addAction(t, auth0, "copy two", renderCode(form))
		}, pluginv1.Failure_CODE_AMBIGUOUS, []string{`"copy one" (`, `"copy two" (`}},
		"another trigger": {func(t *testing.T, auth0 http.Handler, form string) {
			send(t, auth0, http.MethodPost, "actions/actions", text(t, map[string]any{"name": renderActionName(form),
				"code":               renderCode(form),
				"supported_triggers": []any{map[string]string{"id": "pre-user-registration", "version": "v2"}}}))
		}, pluginv1.Failure_CODE_FAILED_PRECONDITION, []string{"its trigger is pre-user-registration"}},
		"faults": {func(t *testing.T, auth0 http.Handler, form string) {
			call(t, auth0, "auth0_update_form", `{"id":"`+form+`","start":{"next_node":"gone"}}`)
		}, pluginv1.Failure_CODE_FAILED_PRECONDITION, []string{"every user who logs in", `"gone", which does not exist`,
			"auth0_update_form"}},
		"many faults": {func(t *testing.T, auth0 http.Handler, form string) {
			nodes := []any{}
			for i := range 15 {
				nodes = append(nodes, map[string]any{"id": fmt.Sprint("n", i), "type": "ROUTER",
					"config": map[string]any{"fallback": "gone"}})
			}
			call(t, auth0, "auth0_update_form", text(t, map[string]any{"id": form, "nodes": nodes,
				"start": map[string]any{"next_node": "$ending"}}))
		}, pluginv1.Failure_CODE_FAILED_PRECONDITION, []string{"; 20 more"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
			form := newForm(t, auth0)
			tt.prepare(t, auth0, form)
			s.ResetRequests()
			f := renderIn(t, eager, auth0, form).Failure
			if f.GetCode() != tt.code || !strings.Contains(f.GetMessage(), "nothing was changed") {
				t.Errorf("%v", f)
			}
			for _, want := range tt.want {
				if !strings.Contains(f.GetMessage(), want) {
					t.Errorf("%q lacks %q", f.GetMessage(), want)
				}
			}
			if got := writes(s); len(got) > 0 {
				t.Errorf("sent %q", got)
			}
		})
	}
}

// A copy beside the Action that still has the name is not ours.
func TestRenderInPrefersTheActionWithTheName(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
	form := newForm(t, auth0)
	addAction(t, auth0, "copy", renderCode(form))
	id := addAction(t, auth0, renderActionName(form), renderCode(form))
	if r, _ := renderedIn(t, auth0, form); r["action_id"] != id || r["draft"] != leftAsItWas {
		t.Errorf("%v", r)
	}
}

// An Action of the user's that renders the form at login is enough: users
// would meet the form twice.
func TestRenderInLeavesWhatIsLive(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	s.ResetRequests()
	r, all := renderedIn(t, auth0, "Complete your profile")
	if r["action"] != "Ask for the profile" || !strings.Contains(r["binding"].(string), "did not make") ||
		all["live"] != true || len(writes(s)) > 0 {
		t.Errorf("%v, sent %q", r, writes(s))
	}
}

// An id goes into JavaScript: one that is more than an id goes nowhere.
func TestRenderInRefusesAnIdThatIsNone(t *testing.T) {
	for _, id := range []string{"ap_x'); evil('", "ap_x\n", "ap_x\u2028", "ap_", "", "x", `ap_x\`, "ap_é"} {
		hostile := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				t.Errorf("%q: sent %s %s", id, r.Method, r.URL.Path)
			}
			_, _ = io.WriteString(w, `{"id":`+text(t, id)+`,"name":"n","start":{"next_node":"$ending"}}`)
		})
		if f := renderIn(t, eager, hostile, "ap_x").Failure; f.GetCode() != pluginv1.Failure_CODE_FAILED_PRECONDITION ||
			!strings.Contains(f.GetMessage(), "is not the id of a form") {
			t.Errorf("%q: %v", id, f)
		}
	}
}

// A binding that does not say which Action it binds is kept by its own id.
func TestBindingRefs(t *testing.T) {
	for want, b := range map[string]binding{
		`{"display_name":"n","ref":{"type":"action_id","value":"a"}}`:  {"b", "n", "a"},
		`{"ref":{"type":"action_id","value":"a"}}`:                     {"b", "", "a"},
		`{"display_name":"n","ref":{"type":"binding_id","value":"b"}}`: {"b", "n", ""},
	} {
		if got := text(t, b.ref()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Before a plan is approved, the writes of a call are simulated: their answers are
// the request's bodies with an id that does not exist.
func TestRenderInAsADryRun(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: time.Hour})
	form := newForm(t, auth0)
	s.ResetRequests()
	var played []string
	dry := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			auth0.ServeHTTP(w, r)
			return
		}
		played = append(played, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/v2/"))
		answer := map[string]any{}
		if r.ContentLength > 0 {
			if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
				t.Error(err)
			}
		}
		answer["id"] = "placeholder"
		_ = json.NewEncoder(w).Encode(answer)
	})
	r, _ := renderedIn(t, dry, form)
	if want := []string{"POST actions/actions", "POST actions/actions/placeholder/deploy",
		"PATCH actions/triggers/post-login/bindings"}; !slices.Equal(played, want) {
		t.Errorf("played %q, want %q", played, want)
	}
	if r["deployment"] != "deployed as the new version" || len(writes(s)) > 0 {
		t.Errorf("%v, sent %q", r, writes(s))
	}
	for _, request := range s.Requests() {
		if strings.Contains(request.Path, "placeholder") {
			t.Errorf("asked for %s", request.Path)
		}
	}
}

// In a dry run no build ends, so that none is waited for.
func TestRenderInWaitsForNothingInADryRun(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: time.Hour})
	form := newForm(t, auth0)
	addAction(t, auth0, renderActionName(form), renderCode(form))
	s.ResetRequests()
	var played []string
	dry := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			auth0.ServeHTTP(w, r)
			return
		}
		played = append(played, r.Method)
		_, _ = io.WriteString(w, `{"id":"placeholder","deployed":false}`)
	})
	r := sdktest.DryRun(t, plugin(eager), dry, "auth0_publish_form", text(t, map[string]string{"id": form,
		"render_in": "post-login"}))
	if r.Failure != nil || !slices.Equal(played, []string{"POST", "PATCH"}) {
		t.Errorf("%v, played %q", r.Failure, played)
	}
}

// The template is JavaScript with both functions, and holds the form's id as a text.
func TestRenderCode(t *testing.T) {
	code := renderCode("ap_abc")
	if is, edited := ours(code, "ap_abc"); !is || edited {
		t.Errorf("its own code: %v, edited %v", is, edited)
	}
	if is, _ := ours(code, "ap_abcd"); is {
		t.Error("another form's code counts as its own")
	}
	if is, edited := ours(code+"// more", "ap_abc"); !is || !edited {
		t.Errorf("code with a line more: %v, edited %v", is, edited)
	}
	if is, _ := ours("// before\n"+code, "ap_abc"); is {
		t.Error("a marker that is not the first line counts")
	}
}
