package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const loginAction = `{"name":"greet","supported_triggers":[{"id":"post-login","version":"v3"}],"code":"exports.onExecutePostLogin = async () => {};"}`

func TestActionLifeCycle(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now, BuildTime: 3 * time.Second})
	made := c.post("/api/v2/actions/actions", loginAction).want(201)
	if got := memberNames(made.object()); got != "all_changes_deployed code created_at dependencies id name runtime "+
		"secrets status supported_triggers updated_at" {
		t.Errorf("a new action has %s", got)
	}
	made.is(`"pending"`, "status")
	made.is(`"node22"`, "runtime")
	made.is("[]", "dependencies")
	made.is("[]", "secrets")
	base := "/api/v2/actions/actions/" + made.textAt("id")

	notBuilt := "A draft must be in the 'built' state before it can be deployed."
	c.do("POST", base+"/deploy", "").refused(400, "", notBuilt)
	clock.advance(time.Second)
	c.get(base).want(200).is(`"building"`, "status")
	c.do("POST", base+"/deploy", "").refused(400, "", notBuilt)
	clock.advance(2 * time.Second)
	c.get(base).want(200).is(`"built"`, "status")

	first := c.do("POST", base+"/deploy", "").want(200)
	if got := memberNames(first.object()); got != "action code created_at dependencies deployed id number runtime "+
		"secrets status supported_triggers updated_at" {
		t.Errorf("a deployment answers %s", got)
	}
	first.is("false", "deployed")
	first.is("1", "number")
	after := c.get(base).want(200)
	after.is("true", "all_changes_deployed")
	after.is("true", "deployed_version", "deployed")
	after.is(`"BUILT"`, "current_version", "status")
	if after.textAt("deployed_version", "id") != first.textAt("id") {
		t.Error("the deployed version is not the one that was deployed")
	}

	changedDraft(t, c, clock, base, first.textAt("id"))
	c.delete(base).want(204)
	for _, a := range []answer{c.get(base), c.patch(base, "{}"), c.delete(base), c.do("POST", base+"/deploy", ""),
		c.get(base + "/versions")} {
		a.refused(404, "", "That action does not exist.")
	}
}

// changedDraft changes the code of an action whose only version is first: it is
// not deployed until it has been built and deployed.
func changedDraft(t *testing.T, c caller, clock *clock, base, first string) {
	t.Helper()
	changed := c.patch(base, `{"code":"// new"}`).want(200)
	changed.is(`"pending"`, "status")
	changed.is("false", "all_changes_deployed")
	changed.is("1", "deployed_version", "number")
	if changed.textAt("deployed_version", "code") == "// new" {
		t.Error("a change of the draft reached the deployed version")
	}
	clock.advance(time.Minute)
	c.do("POST", base+"/deploy", "").want(200).is("2", "number")
	versions := c.get(base + "/versions").want(200)
	versions.is("2", "total")
	versions.is("2", "versions", 0, "number")
	versions.is("true", "versions", 0, "deployed")
	versions.is("false", "versions", 1, "deployed")
	version := c.get(base + "/versions/" + first).want(200)
	version.is("1", "number")
	version.is(`"greet"`, "action", "name")
	c.get(base+"/versions/nothing").refused(404, "", "That action version does not exist.")

	// A new name needs no build, and the deployed code is still all there is.
	renamed := c.patch(base, `{"name":"greet kindly"}`).want(200)
	renamed.is(`"built"`, "status")
	renamed.is("true", "all_changes_deployed")
}

func TestFailedBuild(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now})
	made := c.post("/api/v2/actions/actions",
		`{"name":"bad","supported_triggers":[{"id":"post-login","version":"v3"}],"code":"throw-at-build"}`).want(201)
	made.is(`"pending"`, "status")
	clock.advance(DefaultBuildTime)
	base := "/api/v2/actions/actions/" + made.textAt("id")
	failed := c.get(base).want(200)
	failed.is(`"failed"`, "status")
	problem, _ := failed.at("errors", 0).(object)
	if got := memberNames(problem); got != "id msg url" {
		t.Errorf("a build error has %s", got)
	}
	c.do("POST", base+"/deploy", "").refused(400, "", "'built' state")
	c.patch(base, `{"code":"// good"}`).want(200).is(`"pending"`, "status")
	clock.advance(DefaultBuildTime)
	if fixed := c.get(base).want(200); fixed.textAt("status") != "built" || fixed.object()["errors"] != nil {
		t.Errorf("the fixed action is %s", fixed.text)
	}
}

// The code in this test is broken in ways that Auth0's build doesn't mind.
func TestOddCodeBuilds(t *testing.T) {
	c := newCaller(t, Options{Empty: true, BuildTime: -1})
	for i, code := range []string{"", `exports.x = () => {};"`, "{{{", "/[{]/"} {
		body := encode(object{"name": fmt.Sprint(i), "supported_triggers": []any{object{"id": "post-login"}}, "code": code})
		c.post("/api/v2/actions/actions", string(body)).want(201).is(`"built"`, "status")
	}
}

func TestActionSecrets(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now})
	made := c.post("/api/v2/actions/actions", `{"name":"a","supported_triggers":[{"id":"post-login"}],"secrets":[{"name":"KEY","value":"hunter2hunter2"},{"name":"OTHER","value":"swordfish"}]}`).want(201)
	base := "/api/v2/actions/actions/" + made.textAt("id")
	born := made.textAt("secrets", 0, "updated_at")
	clock.advance(time.Hour)
	// One keeps its value, one changes, one goes, one comes.
	changed := c.patch(base, `{"secrets":[{"name":"KEY"},{"name":"NEW","value":"fresh-value"}]}`).want(200)
	changed.is(`{"name":"KEY","updated_at":"`+born+`"}`, "secrets", 0)
	changed.is(`"NEW"`, "secrets", 1, "name")
	if changed.textAt("secrets", 1, "updated_at") == born {
		t.Error("the new secret is as old as the action")
	}
	clock.advance(time.Hour)
	deployed := c.do("POST", base+"/deploy", "").want(200)
	for _, a := range []answer{made, changed, deployed, c.get(base), c.get("/api/v2/actions/actions"), c.get(base + "/versions")} {
		for _, value := range []string{"hunter2hunter2", "swordfish", "fresh-value"} {
			if strings.Contains(a.text, value) {
				t.Errorf("%s shows the value of a secret", a.what)
			}
		}
	}
	c.patch(base, `{"secrets":[{"name":"NOBODY"}]}`).refused(400, "", "NOBODY")
	c.patch(base, `{"secrets":[]}`).want(200).is("[]", "secrets")
}

func TestActionValidation(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	id := c.post("/api/v2/actions/actions", loginAction).want(201).textAt("id")
	c.post("/api/v2/actions/actions", loginAction).refused(409, "", "An action with that name already exists")
	other := c.post("/api/v2/actions/actions", `{"name":"other","supported_triggers":[{"id":"post-login"}]}`).want(201)
	c.patch("/api/v2/actions/actions/"+other.textAt("id"), `{"name":"greet"}`).refused(409, "", "already exists")
	c.patch("/api/v2/actions/actions/"+id, `{"name":"greet"}`).want(200)
	for body, message := range map[string]string{
		`{"supported_triggers":[{"id":"post-login"}]}`: "'Missing required property: name'",
		`{"name":"x"}`:                                                                 "'Missing required property: supported_triggers'",
		`{"name":"x","supported_triggers":[]}`:                                         "'Array is too short (0), minimum 1' on property supported_triggers.",
		`{"name":"x","supported_triggers":[{"version":"v3"}]}`:                         "'Missing required property: id' on property supported_triggers[0].",
		`{"name":"x","supported_triggers":[{"id":"post-login"}],"status":"built"}`:     "'Additional properties not allowed: status'",
		`{"name":"x","supported_triggers":[{"id":"post-login"}],"code":null}`:          "'Expected type string but found type null' on property code.",
		`{"name":"x","supported_triggers":[{"id":"post-login"}],"dependencies":["a"]}`: "'Expected type object but found type string' on property dependencies[0].",
	} {
		c.post("/api/v2/actions/actions", body).refused(400, "invalid_body", "Payload validation error: "+message)
	}
	for rest, message := range map[string]string{
		`,"version":"v9"}]`:     "Invalid trigger: post-login v9",
		`}],"runtime":"node99"`: "Invalid runtime: node99",
	} {
		c.post("/api/v2/actions/actions", `{"name":"x","supported_triggers":[{"id":"post-login"`+rest+`}`).refused(400, "", message)
	}
	c.post("/api/v2/actions/actions", `{"name":"x","supported_triggers":[{"id":"pre-coffee"}]}`).refused(400, "invalid_body",
		"Payload validation error: 'No enum match for: pre-coffee' on property supported_triggers[0].id.")
	c.get("/api/v2/actions/actions?actionName=x").want(200).is("[]", "actions") // nothing came of those
	c.patch("/api/v2/actions/actions/"+id, `{"name":null}`).refused(400, "invalid_body", "'Expected type string but found type null' on property name.")
	c.patch("/api/v2/actions/actions/"+id, `{"code":"// changed","supported_triggers":[{"id":"post-login","version":"v9"}]}`).refused(400, "", "Invalid trigger")
	if strings.Contains(c.get("/api/v2/actions/actions/"+id).want(200).text, "changed") {
		t.Error("a refused change was half made")
	}
}

func TestActionFilters(t *testing.T) {
	c := newCaller(t, Options{})
	for query, want := range map[string]int{
		"": 8, "triggerId=post-login": 5, "triggerId=send-phone-message": 0, "deployed=true": 6, "deployed=false": 2,
		"installed=true": 0, "installed=false": 8, "actionName=Greet+new+readers": 1, "triggerId=post-login&deployed=false": 1,
	} {
		items, _ := c.get("/api/v2/actions/actions?" + query).want(200).at("actions").([]any)
		if len(items) != want {
			t.Errorf("%q gives %d actions, want %d", query, len(items), want)
		}
	}
	c.get("/api/v2/actions/actions?deployed=maybe").refused(400, "invalid_query_string", "on property deployed")
}

func TestTriggers(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	a := c.get("/api/v2/actions/triggers").want(200)
	list, _ := a.at("triggers").([]any)
	if len(list) != 20 {
		t.Fatalf("%d triggers, want 20", len(list))
	}
	for _, item := range list {
		item, _ := item.(object)
		if got := memberNames(item); got != "binding_policy compatible_triggers default_runtime id runtimes status version" {
			t.Errorf("trigger %v has %s", item["id"], got)
		}
		c.get(fmt.Sprintf("/api/v2/actions/triggers/%s/bindings", item["id"])).want(200).is(`{"bindings":[],"per_page":20}`)
	}
	c.get("/api/v2/actions/triggers/pre-coffee/bindings").refused(400, "invalid_uri",
		"Path validation error: 'No enum match for: pre-coffee' on property triggerId.")
	c.get("/api/v2/actions/triggers/login-post-identifier/bindings").refused(404, "", "That trigger does not exist.")
}

func TestBindings(t *testing.T) {
	c := newCaller(t, Options{Empty: true, BuildTime: -1})
	make1 := func(name, trigger string, deploy bool) string {
		t.Helper()
		id := c.post("/api/v2/actions/actions", `{"name":"`+name+`","supported_triggers":[{"id":"`+trigger+`"}]}`).want(201).textAt("id")
		if deploy {
			c.do("POST", "/api/v2/actions/actions/"+id+"/deploy", "").want(200)
		}
		return id
	}
	one, two := make1("one", "post-login", true), make1("two", "post-login", true)
	draft, other := make1("draft", "post-login", false), make1("other", "credentials-exchange", true)
	base := "/api/v2/actions/triggers/post-login/bindings"
	ref := func(kind, value, rest string) string {
		return `{"ref":{"type":"` + kind + `","value":"` + value + `"}` + rest + `}`
	}

	set := c.patch(base, `{"bindings":[`+ref("action_id", one, "")+`,`+ref("action_name", "two", `,"display_name":"Second"`)+`]}`).want(200)
	if got := memberNames(set.object()); got != "bindings" {
		t.Errorf("setting bindings answers %s", got)
	}
	if got, _ := set.at("bindings", 0).(object); memberNames(got) != "action created_at display_name id trigger_id updated_at" {
		t.Errorf("a binding has %s", memberNames(got))
	}
	set.is(`"one"`, "bindings", 0, "display_name")
	set.is(`"Second"`, "bindings", 1, "display_name")
	set.is(`"two"`, "bindings", 1, "action", "name")
	set.is("false", "bindings", 0, "action", "all_changes_deployed")
	got := c.get(base + "?per_page=1&page=1").want(200)
	got.is("2", "total")
	got.is("1", "page")
	got.is(`"two"`, "bindings", 0, "action", "name")
	c.get(base + "?per_page=1&page=2").want(200).is(`{"bindings":[],"page":2,"per_page":1}`)

	// The order is the order given, and a binding can be named by its own id.
	swapped := c.patch(base, `{"bindings":[`+ref("binding_id", set.textAt("bindings", 1, "id"), "")+`,`+ref("action_id", one, "")+`]}`).want(200)
	swapped.is(`"two"`, "bindings", 0, "action", "name")
	if swapped.textAt("bindings", 0, "id") == set.textAt("bindings", 1, "id") {
		t.Error("a new binding has the id of an old one")
	}

	for body, message := range map[string]string{
		ref("action_id", draft, ""):      "has not been deployed yet: 'draft'",
		ref("action_id", other, ""):      "does not support the trigger post-login",
		ref("action_id", "nobody", ""):   "does not exist: nobody",
		ref("action_name", "nobody", ""): "does not exist: nobody",
		ref("binding_id", "nobody", ""):  "does not exist: nobody",
	} {
		c.patch(base, `{"bindings":[`+ref("action_id", one, "")+`,`+body+`]}`).refused(400, "", message)
	}
	c.patch(base, `{"bindings":[`+ref("action", one, "")+`]}`).refused(400, "invalid_body", "No enum match for: action")
	c.patch(base, `{}`).want(200)          // changes nothing
	c.get(base).want(200).is("2", "total") // the refused changes left all as it was

	c.delete("/api/v2/actions/actions/"+one).refused(409, "", "bound to a trigger")
	c.delete("/api/v2/actions/actions/" + one + "?force=true").want(204)
	c.get(base).want(200).is("1", "total")
	c.patch(base, `{"bindings":[]}`).want(200).is("[]", "bindings")
	c.delete("/api/v2/actions/actions/" + two).want(204)
	c.patch("/api/v2/actions/triggers/login-post-identifier/bindings", `{"bindings":[]}`).refused(404, "",
		"That trigger does not exist.")
}
