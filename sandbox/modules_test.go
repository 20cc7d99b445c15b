package sandbox

import "testing"

func TestModules(t *testing.T) {
	c := newCaller(t, Options{Empty: true, BuildTime: -1})
	made := c.post("/api/v2/actions/modules",
		`{"name":"greeting","code":"module.exports = 1","secrets":[{"name":"KEY","value":"swordfish"}]}`).
		want(201)
	if got := memberNames(made.object()); got != "actions_using_module_total all_changes_published code created_at "+
		"dependencies id name secrets updated_at" {
		t.Errorf("a new module has %s", got)
	}
	made.is(`"KEY"`, "secrets", 0, "name")
	base := "/api/v2/actions/modules/" + made.textAt("id")
	c.post("/api/v2/actions/modules", `{"name":"greeting","code":""}`).refused(409, "", "already exists")
	c.post("/api/v2/actions/modules", `{"name":"x"}`).refused(400, "invalid_body", "'Missing required property: code'.")

	first := c.post(base+"/versions", "").want(200)
	first.is("1", "version_number")
	c.get(base).want(200).is("true", "all_changes_published")
	changed := c.patch(base,
		`{"code":"module.exports = 2","dependencies":[{"name":"lodash","version":"4.17.21"}]}`).want(200)
	changed.is("false", "all_changes_published")
	changed.is("1", "latest_version", "version_number")
	second := c.post(base+"/versions", "").want(200)
	c.get(base+"/versions").want(200).is("2", "total")
	c.get(base + "/versions?page=1").want(200).is(`{"versions":[],"total":0,"page":1,"per_page":50}`)
	c.get(base+"/versions/"+first.textAt("id")).want(200).is(`"module.exports = 1"`, "code")
	c.get(base+"/versions/none").refused(404, "", "does not exist")

	back := c.post(base+"/rollback", `{"module_version_id":"`+first.textAt("id")+`"}`).want(200)
	back.is(`"module.exports = 1"`, "code")
	back.is("false", "all_changes_published")
	c.post(base+"/rollback", `{"module_version_id":"none"}`).refused(404, "", "does not exist")

	usedByAnAction(t, c, made.textAt("id"), second.textAt("id"))
	c.delete(base).want(204)
	for _, a := range []answer{c.get(base), c.patch(base, "{}"), c.delete(base), c.get(base + "/actions"),
		c.get(base + "/versions"), c.get(base + "/versions/x"), c.post(base+"/versions", ""),
		c.post(base+"/rollback", `{"module_version_id":"x"}`)} {
		a.refused(404, "", "That action module does not exist.")
	}
	c.post("/api/v2/actions/modules", `{"name":"born published","code":"","publish":true}`).want(201).
		is("1", "latest_version", "version_number")
}

func usedByAnAction(t *testing.T, c caller, module, version string) {
	t.Helper()
	body := func(module, version string) string {
		return `{"name":"a","supported_triggers":[{"id":"post-login"}],"deploy":true,"modules":[{"module_id":"` + module +
			`","module_version_id":"` + version + `"}]}`
	}
	c.post("/api/v2/actions/actions", body("none", version)).refused(400, "", "Module does not exist: none")
	c.post("/api/v2/actions/actions", body(module, "none")).refused(400, "", "not published: greeting")
	action := c.post("/api/v2/actions/actions", body(module, version)).want(201)
	want := `{"module_id":"` + module + `","module_name":"greeting","module_version_id":"` + version +
		`","module_version_number":2}`
	action.is(want, "modules", 0)
	action.is(want, "deployed_version", "modules", 0)
	action.is("true", "all_changes_deployed")
	base := "/api/v2/actions/modules"
	c.get(base).want(200).is("1", "modules", 0, "actions_using_module_total")
	c.get(base+"/"+module+"/actions").want(200).is(`"a"`, "actions", 0, "action_name")
	c.delete(base+"/"+module).refused(409, "", "in use")
	without := c.patch("/api/v2/actions/actions/"+action.textAt("id"), `{"modules":[]}`).want(200)
	without.is("false", "all_changes_deployed")
	if _, there := without.object()["modules"]; there {
		t.Error("the action still has modules")
	}
}

func TestFlowLifeCycle(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	made := c.post("/api/v2/flows", `{"name":"f","actions":[]}`).want(201)
	if got := memberNames(made.object()); got != "created_at id name updated_at" {
		t.Errorf("a new flow has %s", got)
	}
	base := "/api/v2/flows/" + made.textAt("id")
	c.patch(base, `{"name":"g"}`).want(200).is(`"g"`, "name")
	c.post("/api/v2/flows", `{"actions":[]}`).refused(400, "invalid_body", "'Missing required property: name'.")
	c.delete(base).want(204)
	for _, a := range []answer{c.get(base), c.patch(base, `{"name":"x"}`), c.delete(base)} {
		a.refused(404, "", "Flow not found")
	}
}

// An earlier version is deployed again, and becomes the draft only where that is asked for.
func TestDeployVersion(t *testing.T) {
	c := newCaller(t, Options{Empty: true, BuildTime: -1})
	base := "/api/v2/actions/actions/" + c.post("/api/v2/actions/actions", loginAction).want(201).textAt("id")
	first := c.do("POST", base+"/deploy", "").want(200).textAt("id")
	c.patch(base, `{"code":"// second"}`).want(200)
	c.do("POST", base+"/deploy", "").want(200)
	again := c.do("POST", base+"/versions/"+first+"/deploy", "").want(200)
	again.is("3", "number")
	again.is("true", "deployed")
	now := c.get(base).want(200)
	now.is(`"// second"`, "code")
	now.is("3", "deployed_version", "number")
	now.is("false", "all_changes_deployed")
	c.post(base+"/versions/"+first+"/deploy", `{"update_draft":true}`).want(200)
	restored := c.get(base).want(200)
	restored.is("true", "all_changes_deployed")
	restored.is(`"greet"`, "name")
	c.get(base+"/versions").want(200).is("4", "total")
	c.do("POST", base+"/versions/none/deploy", "").refused(404, "", "That action version does not exist.")
	c.do("POST", "/api/v2/actions/actions/none/versions/"+first+"/deploy", "").refused(404, "",
		"That action does not exist.")
}
