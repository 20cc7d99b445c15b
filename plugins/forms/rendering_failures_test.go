package forms

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// meddler stands between the plugin and the tenant.
type meddler struct {
	auth0 http.Handler
	// at says which request it meddles with, and with which of them (from 1).
	at     func(*http.Request) bool
	nth    int64
	seen   atomic.Int64
	meddle func(http.ResponseWriter, *http.Request)
}

func (m *meddler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.at(r) && m.seen.Add(1) == m.nth {
		m.meddle(w, r)
		return
	}
	m.auth0.ServeHTTP(w, r)
}

func requestOf(method, path string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == method && strings.HasSuffix(r.URL.Path, path) && strings.HasPrefix(r.URL.Path, "/api/v2/actions/")
	}
}

func answering(status int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"statusCode":0,"message":"scripted"}`)
	}
}

// Each way to fail between two changes: the failure says what was done and what not,
// the next call goes on from there, and in the end all is as if nothing had failed.
func TestRenderInFailsInTheMiddle(t *testing.T) {
	const action = "/api/v2/actions/actions/"
	build := func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, action) &&
			!strings.Contains(r.URL.Path, "versions")
	}
	version := func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/versions/") }
	const (
		nothing = "Nothing was changed. Not done: make the Action, deploy it, bind it to post-login. The same call again " +
			"goes on from there."
		made = "Done: made Action \"Render form FORM\" (ACTION). Not done: deploy it, bind it to post-login. The same " +
			"call again goes on from there."
		deployed = "Done: made Action \"Render form FORM\" (ACTION); deployed it as version 1. Not done: bind it to " +
			"post-login. The same call again goes on from there."
		unseen = "Done: made Action \"Render form FORM\" (ACTION); deployed it as version 1, which was not seen live. " +
			"Not done: bind it to post-login. The same call again goes on from there."
	)
	for name, tt := range map[string]struct {
		at     func(*http.Request) bool
		nth    int64 // 0: the first
		status int
		// carriedOut: the tenant does what the request asks, and then fails.
		carriedOut bool
		done       string
		// again are the writes of the next call.
		again string
	}{
		"triggers":          {at: requestOf("GET", "/triggers"), status: 403, done: nothing, again: "make deploy bind"},
		"bindings at first": {at: requestOf("GET", "/bindings"), status: 500, done: "", again: "make deploy bind"},
		"making refused":    {at: requestOf("POST", "/actions"), status: 403, done: nothing, again: "make deploy bind"},
		"making failed": {at: requestOf("POST", "/actions"), status: 502,
			done: "Perhaps done, though Auth0 did not confirm it: make the Action. Not done: deploy it, bind it to " +
				"post-login. The same call again goes on from there.", again: "make deploy bind"},
		"made without an answer": {at: requestOf("POST", "/actions"), status: 502, carriedOut: true,
			done: "Perhaps done, though Auth0 did not confirm it: make the Action. Not done: deploy it, bind it to " +
				"post-login. The same call again goes on from there.", again: "deploy bind"},
		"looking at the build": {at: build, status: 500, done: made, again: "deploy bind"},
		"deploying refused":    {at: requestOf("POST", "/deploy"), status: 403, done: made, again: "deploy bind"},
		"deployed without an answer": {at: requestOf("POST", "/deploy"), status: 500, carriedOut: true,
			done: "Done: made Action \"Render form FORM\" (ACTION). Perhaps done, though Auth0 did not confirm it: deploy " +
				"it. Not done: bind it to post-login. The same call again goes on from there.", again: "bind"},
		"looking at the version": {at: version, status: 500, done: unseen, again: "bind"},
		"bindings again":         {at: requestOf("GET", "/bindings"), nth: 2, status: 429, done: deployed, again: "bind"},
		"binding refused":        {at: requestOf("PATCH", "/bindings"), status: 400, done: deployed, again: "bind"},
		"bound without an answer": {at: requestOf("PATCH", "/bindings"), status: 503, carriedOut: true,
			done: "Done: made Action \"Render form FORM\" (ACTION); deployed it as version 1. Perhaps done, though Auth0 did " +
				"not confirm it: bind it to post-login. The same call again goes on from there.", again: ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, auth0 := slowTenant(t)
			form := newForm(t, auth0)
			id := ""
			m := &meddler{auth0: auth0, at: tt.at, nth: max(tt.nth, 1), meddle: answering(tt.status)}
			if tt.carriedOut {
				m.meddle = func(w http.ResponseWriter, r *http.Request) {
					auth0.ServeHTTP(httptest.NewRecorder(), r)
					answering(tt.status)(w, r)
				}
			}
			f := renderIn(t, eager, m, form).Failure
			if f.GetCode() != pluginv1.Failure_CODE_API || int(f.GetHttpStatus()) != tt.status {
				t.Errorf("%v, want Auth0's %d", f, tt.status)
			}
			for _, a := range send(t, auth0, http.MethodGet, "actions/actions", "")["actions"].([]any) {
				id = a.(map[string]any)["id"].(string)
			}
			if want := strings.NewReplacer("FORM", form, "ACTION", id).Replace(tt.done); f.GetDone() != want {
				t.Errorf("told as done: %q\nwant %q", f.GetDone(), want)
			}

			s.ResetRequests()
			r, all := renderedIn(t, auth0, form)
			if got := steps(writes(s)); got != tt.again {
				t.Errorf("again: sent %q, want %q", got, tt.again)
			}
			if all["live"] != true {
				t.Errorf("again: %s", text(t, all))
			}
			name := "Render form " + form
			if got := bound(t, auth0); got != name+"="+name {
				t.Errorf("bound are %s", got)
			}
			if n := len(send(t, auth0, http.MethodGet, "actions/actions", "")["actions"].([]any)); n != 1 ||
				r["action_id"] == "" {
				t.Errorf("%d Actions: %v", n, r)
			}
		})
	}
}

// steps are writes in short.
func steps(writes []string) string {
	var all []string
	for _, w := range writes {
		switch {
		case w == "POST actions/actions":
			all = append(all, "make")
		case strings.HasSuffix(w, "/deploy"):
			all = append(all, "deploy")
		case strings.HasSuffix(w, "/bindings"):
			all = append(all, "bind")
		default:
			all = append(all, w)
		}
	}
	return strings.Join(all, " ")
}

// A build that never ends, or that fails, ends the call and not the tool's work.
func TestRenderInWithoutABuild(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: time.Hour})
	form := newForm(t, auth0)
	const thisLong = 20 * time.Millisecond
	for range 2 {
		f := renderIn(t, auth0v1.Patience{First: time.Millisecond, Longest: time.Millisecond, Whole: thisLong}, auth0,
			form).Failure
		if f.GetCode() != pluginv1.Failure_CODE_FAILED_PRECONDITION ||
			!strings.Contains(f.GetMessage(), "had not built Action") ||
			!strings.Contains(f.GetDone(), "Not done: deploy it, bind it to post-login.") {
			t.Errorf("%v", f)
		}
	}
	if got := steps(writes(s)); got != "POST forms make" {
		t.Errorf("sent %q", got)
	}

	failing := &meddler{auth0: auth0,
		at: func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/actions/actions/") }, nth: 1,
		meddle: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"id":"a","status":"failed","errors":[{"msg":"no such runtime"}]}`)
		}}
	f := renderIn(t, eager, failing, form).Failure
	if !strings.Contains(f.GetMessage(), "no such runtime") || !strings.HasPrefix(f.GetDone(), "Nothing was changed. "+
		"Not done: deploy it") {
		t.Errorf("%v", f)
	}
}

// Auth0 replaces the whole list of bindings, so that another user's change would
// be undone: it is noticed, and nothing is bound.
func TestRenderInNoticesAnotherChangeOfTheBindings(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
	bindNew(t, auth0, "one")
	form := newForm(t, auth0)
	another := &meddler{auth0: auth0, at: requestOf("GET", "/bindings"), nth: 2}
	another.meddle = func(w http.ResponseWriter, r *http.Request) {
		bindNew(t, auth0, "two", "three")
		auth0.ServeHTTP(w, r)
	}
	f := renderIn(t, eager, another, form).Failure
	if f.GetCode() != pluginv1.Failure_CODE_FAILED_PRECONDITION ||
		!strings.Contains(f.GetMessage(), "(from one as bound to two as bound, three as bound)") ||
		!strings.Contains(f.GetDone(), "Not done: bind it to post-login.") {
		t.Errorf("%v", f)
	}
	if got := bound(t, auth0); got != "two as bound=two, three as bound=three" {
		t.Errorf("bound are %s", got)
	}
	if r, _ := renderedIn(t, auth0, form); r["binding"] != "bound to post-login as number 3 of 3" {
		t.Errorf("again: %v", r)
	}
}

// A list of bindings that is not whole would unbind the rest.
func TestRenderInRefusesAListThatIsNotWhole(t *testing.T) {
	for name, answer := range map[string]string{
		"a small page": `{"bindings":[{"id":"b","display_name":"n","action":{"id":"a"}}],"total":70,"per_page":1}`,
		"a full page": `{"bindings":[` +
			strings.TrimSuffix(strings.Repeat(`{"id":"b","display_name":"n","action":{"id":"a"}},`, 100), ",") + `]}`,
	} {
		s, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
		form := newForm(t, auth0)
		s.ResetRequests()
		m := &meddler{auth0: auth0, at: requestOf("GET", "/bindings"), nth: 1,
			meddle: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }}
		if f := renderIn(t, eager, m, form).Failure; !strings.Contains(f.GetMessage(), "more bindings than one answer") ||
			len(writes(s)) > 0 {
			t.Errorf("%s: %v, sent %q", name, f, writes(s))
		}
	}
}
