package forms

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// stored is a tenant that has one more form, which no schema has checked.
func stored(auth0 http.Handler, form string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v2/forms/ap_stored" {
			_, _ = io.WriteString(w, form)
			return
		}
		auth0.ServeHTTP(w, r)
	})
}

// checked are the faults of a stored form, each with its node and path.
func checked(t *testing.T, auth0 http.Handler, args string) (faults []string, all map[string]any) {
	t.Helper()
	all = call(t, auth0, "auth0_check_form", args)
	for _, f := range all["faults"].([]any) {
		o := f.(map[string]any)
		faults = append(faults, o["node"].(string)+" "+o["path"].(string)+": "+o["problem"].(string))
	}
	return faults, all
}

// auth0_check_form reads only, and says what auth0_publish_form says.
func TestCheckIsThatOfPublish(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	for name := range ids(t, auth0) {
		args := text(t, map[string]string{"id": name})
		if got, want := text(t, call(t, auth0, "auth0_check_form", args)),
			text(t, call(t, auth0, "auth0_publish_form", args)); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if sent := writes(s); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
	m, err := Plugin().Manifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range m.Tools {
		if tool.Name == "auth0_check_form" && tool.Effect != pluginv1.EffectRead {
			t.Errorf("its effect is %s", tool.Effect)
		}
	}
}

// Whatever a form holds, what is wrong is a fault of its node.
func TestFaultsOfBrokenForms(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	step := func(id, components, next string) string {
		return `{"id":"` + id + `","type":"STEP","config":{"next_node":"` + next + `","components":[` + components + `]}}`
	}
	field := func(id string) string { return `{"id":"` + id + `","category":"FIELD","type":"TEXT"}` }
	for name, tt := range map[string]struct {
		form string
		want []string
	}{
		"flow ids that are none": {`"start":{"next_node":"a"},"ending":{"after_submit":{"flow_id":["x"]}},"nodes":[
			{"id":"a","type":"FLOW","config":{"flow_id":"../clients","next_node":"b"}},
			{"id":"b","type":"FLOW","config":{"flow_id":7,"next_node":"c"}},
			{"id":"c","type":"FLOW","config":{"flow_id":"#FLOW-1#","next_node":"d"}},
			{"id":"d","type":"FLOW","config":{"flow_id":"af_gone","next_node":"$ending"}}]`,
			[]string{`b nodes[1].config.flow_id: is not a string`,
				`$ending ending.after_submit.flow_id: is not a string`,
				`a nodes[0].config.flow_id: flow_id: "../clients" is not the id of a flow, which is af_ with letters and digits`,
				`c nodes[2].config.flow_id: flow_id: "#FLOW-1#" is not the id of a flow, which is af_ with letters and digits`,
				`d nodes[3].config.flow_id: flow_id: there is no flow "af_gone"`}},
		"steps without an exit": {`"start":{"next_node":"a"},"nodes":[` + step("a", field("x"), "b") + `,` +
			step("b", `{"id":"p","type":"PREVIOUS_BUTTON"}`, "c") + `,` + step("c", `{"id":"s","type":"CUSTOM"}`, "d") + `,` +
			step("d", next, "$ending") + `]`,
			[]string{`a nodes[0].config.components: has no NEXT_BUTTON and no JUMP_BUTTON: users cannot leave this step`,
				`b nodes[1].config.components: has no NEXT_BUTTON and no JUMP_BUTTON: users cannot leave this step`}},
		"a next button without a next node": {`"start":{"next_node":"a"},"nodes":[` + step("a", next+
			`,{"id":"j","type":"JUMP_BUTTON","config":{"next_node":"$ending"}}`, "") + `]`,
			[]string{`a nodes[0].config.next_node: next_node is not set: there is no way on`}},
		"ids twice": {`"start":{"next_node":"a","hidden_fields":[{"key":"k"},{"key":"k"}]},"nodes":[` +
			step("a", field("x")+`,`+field("x")+`,`+next, "r") + `,` + step("a", next, "$ending") + `,
			{"id":"r","type":"ROUTER","config":{"rules":[{"id":"q","next_node":"$ending"},{"id":"q","next_node":"$ending"}],"fallback":"$ending"}}]`,
			[]string{`$start start.hidden_fields[1].key: several hidden fields have the key "k"`,
				`a nodes[0].config.components[1].id: several components have the id "x"`,
				`a nodes[0].id: 2 nodes have this id`,
				`r nodes[2].config.rules[1].id: several rules have the id "q"`}},
		"a field that is asked twice": {`"start":{"next_node":"a"},"nodes":[` + step("a", field("x")+`,`+next, "b") + `,` +
			step("b", field("x")+`,`+next, "$ending") + `]`, []string{`b nodes[1]: field "x" has the id of a field of a`}},
		"a field on two branches": {`"start":{"next_node":"r"},"nodes":[` + step("a", field("x")+`,`+next, "$ending") + `,` +
			step("b", field("x")+`,`+next, "$ending") +
			`,{"id":"r","type":"ROUTER","config":{"rules":[{"id":"q","next_node":"a"}],"fallback":"b"}}]`, nil},
		"parts of other kinds": {`"start":[],"nodes":["a",{"type":"STEP"},{"id":{},"type":7,"config":[]},` +
			`{"id":"s","type":"STEP","config":{"components":{"a":1}}},{"id":"t","type":"STEP","config":{"components":[1,` +
			`null]}}]`,
			[]string{`$start start: is not an object`, `nodes[0] nodes[0]: is not an object`,
				`nodes[1] nodes[1].id: is not set`, `nodes[2] nodes[2].id: is not a string`,
				`s nodes[3].config.components: is not a list`,
				`t nodes[4].config.components[0]: is not an object`}},
		"nodes that are none": {`"start":{"next_node":"a"},"nodes":{"a":1}`, []string{`$start nodes: is not a list`}},
	} {
		got, _ := checked(t, stored(auth0, `{"id":"ap_stored","name":"n",`+tt.form+`}`), `{"id":"ap_stored"}`)
		joined := strings.Join(got, "\n")
		for _, want := range tt.want {
			if !strings.Contains(joined, want) {
				t.Errorf("%s: lacks %s\ngot %s", name, want, joined)
			}
		}
		if len(tt.want) == 0 && len(got) > 0 {
			t.Errorf("%s: got %s", name, joined)
		}
	}
}

// Auth0 refuses to look up what does not look like an id to it.
func TestAFlowIDThatAuth0Refuses(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	refusing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v2/flows/") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"statusCode":400,"error":"Bad Request","message":"Path validation error"}`)
			return
		}
		auth0.ServeHTTP(w, r)
	})
	got, _ := checked(t, stored(refusing, `{"id":"ap_stored","name":"n","start":{"next_node":"a"},"nodes":[
		{"id":"a","type":"FLOW","config":{"flow_id":"af_x","next_node":"$ending"}}]}`), `{"id":"ap_stored"}`)
	if want := `a nodes[0].config.flow_id: flow_id: there is no flow "af_x"`; len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %s", got, want)
	}
}

func FuzzGraph(f *testing.F) {
	for _, name := range []string{"everything", "early", "blank"} {
		raw, err := os.ReadFile("testdata/forms/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw))
	}
	f.Add(`{"nodes":[{"id":"a","type":"ROUTER","config":{"rules":[{"id":1}]}}],"start":{"next_node":"a"}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		g, err := readGraph([]byte(raw))
		if err != nil {
			return
		}
		for _, fault := range g.faults() {
			if fault.Node == "" || fault.Path == "" || fault.Problem == "" {
				t.Errorf("%+v", fault)
			}
		}
	})
}

func TestCheckNeedsOneForm(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	for _, args := range []string{`{}`, `{"id":"ap_1","export":{"form":{}}}`, `{"export":{"flows":{}}}`,
		`{"export":{"form":[]}}`} {
		f := sdktest.Call(t, Plugin(), auth0, "auth0_check_form", args).Failure
		if f.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT {
			t.Errorf("%s: %v", args, f)
		}
	}
}
