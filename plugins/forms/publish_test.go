package forms

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// next is a button that leads on, button the member that holds it alone.
const (
	next   = `{"id":"next","category":"BLOCK","type":"NEXT_BUTTON","config":{"text":"Next"}}`
	button = `"components":[` + next + `]`
)

// published is the answer of auth0_publish_form, its texts joined.
type published struct {
	valid, live            bool
	faults, renderers, all string
}

func publish(t *testing.T, auth0 http.Handler, id string) published {
	t.Helper()
	got := call(t, auth0, "auth0_publish_form", text(t, map[string]string{"id": id}))
	p := published{valid: got["valid"].(bool), live: got["live"].(bool)}
	var faults, renderers, steps []string
	for _, f := range got["faults"].([]any) {
		o := f.(map[string]any)
		faults = append(faults, o["node"].(string)+": "+o["problem"].(string))
	}
	for _, r := range got["rendered_by"].([]any) {
		o := r.(map[string]any)
		renderers = append(renderers, fmt.Sprintf("%s, %s, deployed %v, bound %v", o["name"], o["trigger"], o["deployed"],
			o["bound"]))
	}
	for _, s := range got["next_steps"].([]any) {
		steps = append(steps, s.(string))
	}
	p.faults, p.renderers, p.all = strings.Join(faults, "\n"), strings.Join(renderers, "\n"), strings.Join(steps, "\n")
	if got["form_id"] == "" || got["name"] == "" || p.valid != (len(faults) == 0) || len(steps) == 0 {
		t.Errorf("%s: %v", id, got)
	}
	return p
}

func TestPublishSeededForms(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	for name, want := range map[string]published{
		"Complete your profile": {valid: true, live: true, renderers: "Ask for the profile, post-login, deployed true, " +
			"bound true", all: "the form is live"},
		"Marketing consent": {valid: true, all: "No Action's code renders this form"},
		"Blank form":        {valid: true, all: "To render it"},
		"Untitled":          {faults: "$start: the form has no nodes: users would see nothing", all: "Fix the faults"},
	} {
		got := publish(t, auth0, name)
		if got.valid != want.valid || got.live != want.live || got.faults != want.faults || got.renderers != want.renderers ||
			!strings.Contains(got.all, want.all) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	got := publish(t, auth0, "Newsletter survey (draft)")
	for _, want := range []string{
		"$start: no way leads from the start to the ending",
		"step_question: the ending cannot be reached from here",
		`flow_store: next_node leads to "step_gone", which does not exist`,
		"step_orphan: orphan: nothing leads here from the start",
		"flow_store: flow_id: there is no flow \"af_",
	} {
		if !strings.Contains(got.faults, want) {
			t.Errorf("the broken form lacks %q: %s", want, got.faults)
		}
	}
	if n := strings.Count(got.faults, "\n") + 1; n != 5 {
		t.Errorf("the broken form has %d faults, want 5: %s", n, got.faults)
	}
	for _, r := range s.Requests() {
		if r.Method != http.MethodGet {
			t.Errorf("it sent %s %s", r.Method, r.Path)
		}
	}
}

// addAction makes an Action whose draft has the code.
func addAction(t *testing.T, auth0 http.Handler, name, code string) string {
	t.Helper()
	return send(t, auth0, http.MethodPost, "actions/actions", text(t, map[string]any{
		"name": name, "code": code, "supported_triggers": []any{map[string]string{"id": "post-login", "version": "v3"}},
	}))["id"].(string)
}

// The way of a form from saved to shown, one step at a time.
func TestPublishStepByStep(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true, BuildTime: -1})
	form := call(t, auth0, "auth0_create_form",
		`{"name":"Ask","start":{"next_node":"s"},"nodes":[{"id":"s","type":"STEP",`+
			`"config":{"next_node":"$ending",`+button+`}}]}`)["id"].(string)
	render := "api.prompt.render('" + form + "');"
	if got := publish(t, auth0, form); !got.valid || got.live || got.renderers != "" ||
		!strings.Contains(got.all, render) {
		t.Errorf("before any Action: %+v", got)
	}
	addAction(t, auth0, "other", "api.prompt.render('"+form+"x');")
	action := addAction(t, auth0, "asker", render)
	if got := publish(t, auth0, form); got.renderers != "asker, post-login, deployed false, bound false" || got.live ||
		!strings.Contains(got.all, "deploy it with auth0_deploy_action") ||
		!strings.Contains(got.all, "bind it to post-login") {
		t.Errorf("with a draft: %+v", got)
	}
	send(t, auth0, http.MethodPost, "actions/actions/"+action+"/deploy", "")
	if got := publish(t, auth0, form); got.renderers != "asker, post-login, deployed true, bound false" || got.live ||
		strings.Contains(got.all, "deploy it") || !strings.Contains(got.all, "bind it to post-login") {
		t.Errorf("deployed: %+v", got)
	}
	send(t, auth0, http.MethodPatch, "actions/triggers/post-login/bindings",
		`{"bindings":[{"ref":{"type":"action_id","value":"`+action+`"}}]}`)
	if got := publish(t, auth0, form); got.renderers != "asker, post-login, deployed true, bound true" || !got.live {
		t.Errorf("bound: %+v", got)
	}
	call(t, auth0, "auth0_update_form", `{"id":"`+form+`","start":{"next_node":"gone"}}`)
	if got := publish(t, auth0, form); got.valid || !got.live || !strings.Contains(got.all, "live with these faults") {
		t.Errorf("broken while live: %+v", got)
	}
	// What is deployed counts, whatever became of the draft.
	send(t, auth0, http.MethodPatch, "actions/actions/"+action, `{"code":"// nothing"}`)
	if got := publish(t, auth0, form); !got.live {
		t.Errorf("with another draft: %+v", got)
	}
	send(t, auth0, http.MethodPost, "actions/actions/"+action+"/deploy", "")
	if got := publish(t, auth0, form); got.live || got.renderers != "" {
		t.Errorf("deployed without the call: %+v", got)
	}
	send(t, auth0, http.MethodPatch, "actions/actions/"+action, `{"code":"`+render+`"}`)
	if got := publish(t, auth0, form); got.live || got.renderers != "asker, post-login, deployed false, bound true" {
		t.Errorf("bound, with the call in the draft only: %+v", got)
	}
}

func TestPublishFlows(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	flow := ""
	for _, node := range send(t, auth0, http.MethodGet, "forms/"+ids(t, auth0)["Complete your profile"],
		"")["nodes"].([]any) {
		if config := node.(map[string]any)["config"].(map[string]any); config["flow_id"] != nil {
			flow = config["flow_id"].(string)
		}
	}
	form := `{"id":"ap_stored","name":"f","start":{"next_node":"a"},"ending":{"after_submit":{"flow_id":"af_none"}},"nodes":[
		{"id":"a","type":"FLOW","config":{"flow_id":"` + flow + `","next_node":"b"}},
		{"id":"b","type":"FLOW","config":{"next_node":"c"}},
		{"id":"c","type":"STEP","config":{"next_node":"$ending","components":[
			{"id":"again","category":"BLOCK","type":"RESEND_BUTTON","config":{"flow_id":"` + flow + `"}},
			{"id":"lost","category":"BLOCK","type":"RESEND_BUTTON","config":{"flow_id":"af_none"}},` + next + `]}}]}`
	s.ResetRequests()
	got := publish(t, stored(auth0, form), "ap_stored")
	want := "b: flow_id is not set: there is no flow to run\nc: flow_id of resend button \"lost\": there is no flow " +
		"\"af_none\"\n$ending: after_submit.flow_id: there is no flow \"af_none\""
	if got.faults != want {
		t.Errorf("got  %s\nwant %s", got.faults, want)
	}
	if n := countRequests(s, "/api/v2/flows/"); n != 2 {
		t.Errorf("two flows were looked up with %d requests", n)
	}
}

func countRequests(s *sandbox.Tenant, prefix string) int {
	n := 0
	for _, r := range s.Requests() {
		if strings.HasPrefix(r.Path, prefix) {
			n++
		}
	}
	return n
}

// The work is bounded, and the answer says where it stopped.
func TestPublishBounds(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	var nodes []any
	for i := range maxFlows + 1 {
		nodes = append(nodes, map[string]any{"id": fmt.Sprint("n", i), "type": "FLOW", "config": map[string]string{
			"flow_id": fmt.Sprint("af_", i), "next_node": "$ending"}})
	}
	form := call(t, auth0, "auth0_create_form", text(t, map[string]any{"name": "many", "nodes": nodes}))["id"].(string)
	got := publish(t, auth0, form)
	if n := countRequests(s, "/api/v2/flows/"); n != maxFlows || !strings.Contains(got.all, "Only the first 50 flows") {
		t.Errorf("%d flows looked up: %s", n, got.all)
	}

	pages := 0
	endless := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v2/actions/actions" {
			auth0.ServeHTTP(w, r)
			return
		}
		pages++
		items := strings.TrimSuffix(strings.Repeat(`{"id":"a","name":"n","code":""},`, 100), ",")
		_, _ = fmt.Fprintf(w, `{"actions":[%s],"total":5000,"per_page":100}`, items)
	})
	if got := publish(t, endless, form); pages != 10 || !strings.Contains(got.all, "Only the first 1000 Actions") {
		t.Errorf("%d pages of Actions: %s", pages, got.all)
	}
}

func TestRenders(t *testing.T) {
	const id = "ap_abc"
	for code, want := range map[string]bool{
		"":                                    false,
		`api.prompt.render('ap_abc');`:        true,
		`api.prompt.render("ap_abc", {})`:     true,
		"api.prompt.render(`ap_abc`)":         true,
		"api . prompt\n .render( \n'ap_abc')": true,
		`api?.prompt?.render('ap_abc')`:       true,
		`const p = api.prompt; api.prompt.render('ap_abcd')`:          false,
		`const FORM = 'ap_abc'; api.prompt.render(FORM);`:             true,
		`const FORM = 'ap_abc'; api.prompt.render('ap_other');`:       false,
		`const FORM = 'ap_abc';`:                                      false,
		`api.prompt.render(event.secrets.FORM_ID)`:                    false,
		`// api.prompt.render('ap_abc')`:                              false,
		"/* api.prompt\n.render('ap_abc') */ api.access.deny('no')":   false,
		`// const FORM = 'ap_abc'` + "\n" + `api.prompt.render(FORM)`: false,
		`const u = 'https://a.example'; api.prompt.render('ap_abc')`:  true,
		"const u = `//`; /* it's */ api.prompt.render('ap_abc')":      true,
		`const q = 'it\'s // not'; api.prompt.render('ap_abc')`:       true,
		`api.prompt.render('ap_other', {fields: {form: 'ap_abc'}})`:   false,
		"// don't\napi.prompt.render('ap_abc') // it's it":            true,
		`/'/.test(x); api.prompt.render("ap_abc")`:                    true,
	} {
		if got := renders(code, id); got != want {
			t.Errorf("%s: %v", code, got)
		}
	}
}
