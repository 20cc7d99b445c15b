package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const settingsSchema = `{"type":"object","additionalProperties":false,"required":["name"],"properties":{
	"name":{"type":"string"},
	"made":{"readOnly":true},
	"size":{"type":"integer"},
	"note":{"anyOf":[{"type":"string"},{"type":"null"}]},
	"urls":{"type":"array","items":{"type":"string"}},
	"list":{"anyOf":[{"type":"array","items":{"$ref":"#/$defs/item"}},{"type":"null"}]},
	"token":{"type":"object","$ref":"#/$defs/item"},
	"data":{"description":"Yours.","type":"object","additionalProperties":true},
	"texts":{"type":"object","additionalProperties":{"type":"string"}},
	"steps":{"type":"array","items":{"anyOf":[
		{"type":"object","additionalProperties":false,"properties":{"type":{"enum":["a"]},"at":{"readOnly":true},"x":{"type":"integer"}}},
		{"type":"object","additionalProperties":false,"properties":{"type":{"enum":["b"]},"at":{"type":"integer"},"x":{"anyOf":[{"type":"integer"},{"type":"null"}]}}}]}},
	"rare":{"fold":"more","type":"array","items":{"type":"integer"}},
	"clear":{"fold":"more","anyOf":[{"type":"string"},{"type":"null"}]}},
	"$defs":{"item":{"type":"object","additionalProperties":false,"properties":{"id":{"type":"integer"},"updated":{"readOnly":true},"tags":{"type":"array","items":{"type":"string"}}}}}}`

// settingsTool is a tool that reads, creates or updates.
func settingsTool(t *testing.T, effect pluginv1.Effect, paths ...string) *Tool {
	t.Helper()
	m := aTool("auth0_x", effect)
	m.InputSchema, m.Paths = json.RawMessage(settingsSchema), paths
	if err := ValidateManifest(aManifest("things", m)); err != nil {
		t.Fatal(err)
	}
	return newTool(&Plugin{Manifest: aManifest("things", m)}, m)
}

// What is meant reaches the approval and the plugin, in the order and with the text that it was given in.
func TestArgumentsAsTheyAreMeant(t *testing.T) {
	update := settingsTool(t, pluginv1.EffectWrite, "PATCH /api/v2/things/{id}")
	create := settingsTool(t, pluginv1.EffectWrite, "POST /api/v2/things", "GET /api/v2/things")
	read := settingsTool(t, pluginv1.EffectRead)
	for _, tt := range []struct {
		tools    []*Tool
		in, want string // the other tools refuse it
	}{
		{[]*Tool{read, create, update}, ` {"size": 1, "name":"a"} `, `{"size": 1, "name":"a"}`},
		{[]*Tool{read, create, update}, `{"size":1.0,"name":"a","rare":[1,2e1,-3.00]}`, `{"size":1,"name":"a","rare":[1,20,-3]}`},
		{[]*Tool{read, create, update}, `{"size":1.2e1,"name":"a","data":{"x":1.0},"list":[{"id":0.5e1}]}`,
			`{"size":12,"name":"a","data":{"x":1.0},"list":[{"id":5}]}`},
		{[]*Tool{read, create, update}, `{"size":9007199254740993.0,"name":"a"}`, `{"size":9007199254740993.0,"name":"a"}`},
		{nil, `{"size":1.5,"name":"a"}`, ""},
		{nil, `{"size":1e-1,"name":"a"}`, ""},
		{[]*Tool{read, create}, `{"size":null,"name":"a","urls":null,"data":{"x":null}}`, `{"name":"a","data":{"x":null}}`},
		{[]*Tool{read, create}, `{"name":"a","token":{"id":null,"tags":["x"]},"list":[{"id":null}]}`,
			`{"name":"a","token":{"tags":["x"]},"list":[{}]}`},
		{[]*Tool{read, create, update}, `{"name":"a","note":null,"list":null}`, `{"name":"a","note":null,"list":null}`},
		{[]*Tool{read, create, update},
			`{"name":"a","made":{"by":[1,1]},"list":[{"id":1,"updated":"2026"}],"token":{"updated":null}}`,
			`{"name":"a","list":[{"id":1}],"token":{}}`},
		{[]*Tool{read, create, update}, `{"name":"a","steps":[{"type":"b","at":1,"x":null}]}`,
			`{"name":"a","steps":[{"type":"b","at":1,"x":null}]}`},
		{[]*Tool{read, create, update}, `{"urls":"[\"https://a/cb\"]","name":"a","token":" {\"id\":7,\"tags\":\"[]\"} "}`,
			`{"urls":["https://a/cb"],"name":"a","token":{"id":7,"tags":[]}}`},
		{[]*Tool{read, create, update}, `{"name":"[1]","note":"{}","texts":{"k":"[]"},"data":{"k":"[]"}}`,
			`{"name":"[1]","note":"{}","texts":{"k":"[]"},"data":{"k":"[]"}}`},
		{nil, `{"name":"a","urls":"[1]"}`, ""},
		{nil, `{"name":"a","token":"{\"id\":1,\"id\":2}"}`, ""},
		{nil, `{"name":"a","size":"7"}`, ""},
		{nil, `{"name":"a","unknown":null}`, ""},
		{[]*Tool{read, create, update}, `{"more":{"rare":"[1]","size":1},"name":"a"}`, `{"rare":[1],"size":1,"name":"a"}`},
		{[]*Tool{read, create, update}, `{"name":"a","more":"{\"clear\":null}"}`, `{"name":"a","clear":null}`},
		{[]*Tool{read, create, update}, `{"name":"a","more":null}`, `{"name":"a"}`},
		{[]*Tool{read, create, update}, `{"name":"a","more":{},"rare":[]}`, `{"name":"a","rare":[]}`},
		{nil, `{"name":"a","more":{"rare":[1]},"rare":[2]}`, ""},
		{nil, `{"name":"a","more":{"name":"b"}}`, ""},
		{nil, `{"name":"a","more":[]}`, ""},
		{nil, `{"name":"a","more":{"more":{}}}`, ""},
		{nil, `{"name":"a","more":{"unknown":1}}`, ""},
	} {
		for name, tool := range map[string]*Tool{"read": read, "create": create, "update": update} {
			got, err := tool.CheckArguments(json.RawMessage(tt.in))
			taken := false
			for _, one := range tt.tools {
				taken = taken || one == tool
			}
			switch {
			case taken && (err != nil || string(got) != tt.want):
				t.Errorf("%s %s: meant as %s (%v), want %s", name, tt.in, got, err, tt.want)
			case !taken && err == nil:
				t.Errorf("%s %s: taken as %s", name, tt.in, got)
			}
		}
	}
}

func TestNullSaysWhatClears(t *testing.T) {
	update := settingsTool(t, pluginv1.EffectWrite, "PATCH /api/v2/things/{id}")
	for in, want := range map[string]string{
		`{"name":"a","urls":null}`: "urls must be an array of strings, not null; leave it out to keep " +
			"what is there, [] clears it",
		`{"name":"a","size":null}`: "size must be an integer, not null; leave it out to keep what is " +
			"there",
		`{"name":"a","more":{"rare":[1]},"rare":[2]}`: `"rare" is given twice: in more and beside it`,
		`{"name":"a","more":7}`:                       "more must be an object that holds settings by name",
	} {
		if err := update.check(json.RawMessage(in)); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

// A tool that declares no paths may update anything.
func TestNullIsRefusedWhereItCouldBeMeant(t *testing.T) {
	for _, paths := range [][]string{nil, {"GET /api/v2/things", "PUT /api/v2/things"},
		{"POST /api/v2/things", "PATCH /api/v2/things"}} {
		if err := settingsTool(t, pluginv1.EffectWrite,
			paths...).check(json.RawMessage(`{"name":"a","size":null}`)); err == nil {
			t.Errorf("%v: null is dropped", paths)
		}
	}
}

// A name that Auth0 knows is meant as it is: a similar one can have another effect.
func TestNamesOfAuth0AreNotCorrected(t *testing.T) {
	m := aTool("auth0_update_resource_server", pluginv1.EffectWrite)
	m.Paths = []string{"GET /api/v2/resource-servers/{id}", "PATCH /api/v2/resource-servers/{id}"}
	m.InputSchema = json.RawMessage(closed(`"token_lifetime":{"type":"integer"},"nested":` +
		closed(`"tokens_lifetime":{"type":"integer"}`)))
	tool := newTool(&Plugin{Manifest: aManifest("things", m)}, m)
	for in, suggests := range map[string]bool{
		`{"token_lifetime_for_web":1}`:              false,
		`{"tokens_lifetime":1}`:                     false,
		`{"token_lifetimes":1}`:                     true,
		`{"token_lifetime_for_web":1,"other":1}`:    false,
		`{"nested":{"token_lifetime":1}}`:           false,
		`{"nested":{"tokens_lifetimes":1}}`:         true,
		`{"token_lifetimes":1,"tokens_lifetime":1}`: true,
	} {
		err := tool.check(json.RawMessage(in))
		if err == nil || strings.Contains(err.Error(), "did you mean") != suggests {
			t.Errorf("%s: %v", in, err)
		}
	}
}
