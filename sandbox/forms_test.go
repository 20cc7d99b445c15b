package sandbox

import (
	"strings"
	"testing"
	"time"
)

func TestCreateForm(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now})
	made := c.post("/api/v2/forms", `{"name":"survey","messages":{},"style":{},"nodes":[],"translations":{}}`).want(201)
	if got := memberNames(made.object()); got != "created_at ending id languages name updated_at" {
		t.Errorf("a new form has %s", got)
	}
	made.is(`{"primary":"en"}`, "languages")
	made.is(`{"resume_flow":true}`, "ending")
	made.is(`"2031-03-14T09:26:53.000Z"`, "created_at")
	if !strings.HasPrefix(made.textAt("id"), "ap_") {
		t.Errorf("id is %s", made.textAt("id"))
	}
	c.get("/api/v2/forms/" + made.textAt("id")).want(200).is(made.text)
	c.get("/api/v2/forms/ap_nobody").refused(404, "", "Form not found")
}

func TestPatchForm(t *testing.T) {
	full := `{"name":"f","languages":{"primary":"de"},"style":{"css":"h1{}"},"messages":{"custom":{"a":"b"}},
		"start":{"next_node":"s","coordinates":{"x":0,"y":-150}},
		"nodes":[{"id":"s","type":"STEP","config":{"components":[],"next_node":"$ending"}}],
		"ending":{"resume_flow":true,"redirection":{"target":"https://a.example"}}}`
	for _, test := range []struct{ patch, member, want string }{
		{`{"name":"g"}`, "style", `{"css":"h1{}"}`},
		{`{"style":{"css":"h2{}"}}`, "style", `{"css":"h2{}"}`},
		{`{"style":{}}`, "style", `null`},
		{`{"messages":{}}`, "messages", `null`},
		{`{"messages":null}`, "messages", `null`},
		{`{"start":null}`, "start", `null`},
		{`{"nodes":[]}`, "nodes", `null`},
		{`{"nodes":null}`, "nodes", `null`},
		{`{"nodes":[{"id":"r","type":"ROUTER","config":{"rules":[],"fallback":"$ending"}}]}`,
			"nodes",
			`[{"id":"r","type":"ROUTER","config":{"rules":[],"fallback":"$ending"}}]`},
		{`{"ending":{"resume_flow":true}}`, "ending", `{"resume_flow":true}`},
		{`{}`, "start", `{"next_node":"s","coordinates":{"x":0,"y":-150}}`},
	} {
		t.Run(test.patch, func(t *testing.T) {
			clock := newClock()
			c := newCaller(t, Options{Empty: true, Now: clock.now})
			made := c.post("/api/v2/forms", full).want(201)
			clock.advance(time.Hour)
			after := c.patch("/api/v2/forms/"+made.textAt("id"), test.patch).want(200)
			after.is(test.want, test.member)
			if after.textAt("updated_at") <= made.textAt("updated_at") ||
				after.textAt("created_at") != made.textAt("created_at") {
				t.Errorf("created %s and updated %s", after.textAt("created_at"), after.textAt("updated_at"))
			}
			kept := c.get("/api/v2/forms/" + made.textAt("id")).want(200)
			if _, there := kept.object()[test.member]; there != (test.want != "null") {
				t.Errorf("%s is there: %v", test.member, there)
			}
		})
	}
}

// captcha is a form with a captcha that has this configuration.
func captcha(config string) string {
	return `{"name":"f","nodes":[{"id":"a","type":"STEP","config":{"components":[{"id":"c","category":"WIDGET",` +
		`"type":"RECAPTCHA","config":` + config + `}]}}]}`
}

func TestFormValidation(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	id := c.post("/api/v2/forms", `{"name":"f"}`).want(201).textAt("id")
	for body, message := range map[string]string{
		`{"languages":{}}`: "'Missing required property: name'",
		`{"name":""}`: "'String is too short (0 chars), minimum 1' on property " +
			"name.",
		`{"name":"f","tags":[]}`: "'Additional properties not allowed: tags'",
		captcha(`{"site_key":"k"}`): "'Missing required property: secret_key' on property " +
			"nodes[0].config.components[0].config.",
		`{"name":"f","nodes":[{"type":"STEP"}]}`:          "'Missing required property: id' on property nodes[0].",
		`{"name":"f","nodes":[{"id":"a","type":"LOOP"}]}`: "'No enum match for: LOOP' on property nodes[0].type.",
		`{"name":"f","nodes":[{"id":"a","type":"FLOW","x":1}]}`: "'Additional properties not allowed: x' on property " +
			"nodes[0].",
		`{"name":"f","nodes":{}}`: "'Expected type array but found type object' on property " +
			"nodes.",
		`{"name":"f","start":{"nextNode":"a"}}`: "'Additional properties not allowed: nextNode' on " +
			"property start.",
		`{"name":"f","ending":{"resume_flow":"yes"}}`: "'Expected type boolean but found type string' on " +
			"property ending.resume_flow.",
		`{"name":"f","messages":null}`: "'Expected type object but found type null' on property " +
			"messages.",
	} {
		c.post("/api/v2/forms", body).refused(400, "invalid_body", "Payload validation error: "+message)
	}
	c.patch("/api/v2/forms/"+id, `{"name":null}`).refused(400, "invalid_body",
		"'Expected type string but found type null' on property name.")
	c.patch("/api/v2/forms/"+id, `{"flow_count":1}`).refused(400, "invalid_body",
		"'Additional properties not allowed: flow_count'")
	c.patch("/api/v2/forms/ap_nobody", `{}`).refused(404, "", "Form not found")
	c.delete("/api/v2/forms/" + id).want(204)
	c.delete("/api/v2/forms/"+id).refused(404, "", "Form not found")
}

func TestFormListIsShort(t *testing.T) {
	c := newCaller(t, Options{})
	list := c.get("/api/v2/forms").want(200)
	counts := map[string]string{}
	for i := range list.array() {
		item, _ := list.at(i).(object)
		for name := range item {
			if !strings.Contains(" id name flow_count created_at updated_at embedded_at submitted_at ", " "+name+" ") {
				t.Errorf("the list shows %s", name)
			}
		}
		counts[list.textAt(i, "name")] = string(encode(item["flow_count"]))
	}
	if counts[profileForm] != "1" || counts["Blank form"] != "0" {
		t.Errorf("flow counts are %v", counts)
	}
	list.is("null", 3, "embedded_at")
	if list.textAt(0, "embedded_at") == "" {
		t.Error("the form in use has no embedded_at")
	}

	hydrated := c.get("/api/v2/forms?hydrate=flow_count&hydrate=links").want(200)
	hydrated.is(`"Update customer in CRM"`, 0, "links", 0, "name")
	hydrated.is(`[]`, 1, "links") // its flow doesn't exist
	one := c.get("/api/v2/forms/" + list.textAt(0, "id") + "?hydrate=links").want(200)
	one.is(`"FLOW"`, "links", 0, "type")
	if c.get("/api/v2/forms/" + list.textAt(0, "id")).want(200).object()["links"] != nil {
		t.Error("links stay without being asked for")
	}
	c.get("/api/v2/forms?hydrate=everything").refused(400, "invalid_query_string", "on property hydrate")
}

func TestFlows(t *testing.T) {
	c := newCaller(t, Options{})
	list := c.get("/api/v2/flows?hydrate=form_count").want(200)
	if got := len(list.array()); got != 3 {
		t.Fatalf("%d flows, want 3", got)
	}
	list.is("1", 0, "form_count")
	list.is("0", 2, "form_count")
	if item, _ := list.at(1).(object); item["actions"] != nil {
		t.Error("the list shows the flows' actions")
	}
	flow := c.get("/api/v2/flows/" + list.textAt(0, "id")).want(200)
	flow.is(`"HTTP"`, "actions", 0, "type")
	c.get("/api/v2/flows/af_nobody").refused(404, "", "Flow not found")
	c.get("/api/v2/flows?synchronous=1").refused(400, "invalid_query_string", "on property synchronous")
}
