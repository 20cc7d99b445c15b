package forms

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/auth0types"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func names(o map[string]any) string {
	return strings.Join(slices.Sorted(maps.Keys(o)), " ")
}

// schema is the part of JSON schema that the tools' inputs use.
type schema struct {
	Type                 string
	Enum                 []string
	Properties           map[string]*schema
	Required             []string
	MinLength            int
	Items                *schema
	AnyOf                []*schema
	AdditionalProperties json.RawMessage
}

func inputSchema(t *testing.T, tool string) *schema {
	t.Helper()
	m, err := Plugin().Manifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, declared := range m.Tools {
		if declared.Name == tool {
			var s schema
			if err := json.Unmarshal(declared.InputSchema, &s); err != nil {
				t.Fatal(err)
			}
			return &s
		}
	}
	t.Fatalf("no tool %s", tool)
	return nil
}

// notNull is a schema without the null that clears a setting.
func (s *schema) notNull() *schema {
	if len(s.AnyOf) == 2 && s.AnyOf[1].Type == "null" {
		return s.AnyOf[0]
	}
	return s
}

// nodeSchema is that of a node.
func nodeSchema(t *testing.T, tool string) *schema {
	return inputSchema(t, tool).Properties["nodes"].notNull().Items
}

// below are the paths of s and of all in it, as sdktest.Untouched calls them.
func (s *schema) below(path string) []string {
	all := []string{path}
	for _, one := range s.AnyOf {
		all = append(all, one.below(path)...)
	}
	for name, p := range s.Properties {
		all = append(all, p.below(path+"."+name)...)
	}
	if s.Items != nil {
		all = append(all, s.Items.below(path+"[]")...)
	}
	if s.Type == "object" && s.Properties == nil {
		values := &schema{} // what an open map holds, where additionalProperties is true
		if string(s.AdditionalProperties) != "true" {
			values = s.values()
		}
		all = append(all, values.below(path+"{}")...)
	}
	return all
}

// values is the schema of a map's members.
func (s *schema) values() *schema {
	var v schema
	if err := json.Unmarshal(s.AdditionalProperties, &v); err != nil {
		panic(err)
	}
	return &v
}

// samples are values that fit, empty ones and zeros among them, so that
// everything in s is in one of them.
func (s *schema) samples() []any {
	var all []any
	for _, one := range s.AnyOf {
		all = append(all, one.samples()...)
	}
	for _, v := range s.Enum {
		all = append(all, v)
	}
	if all != nil {
		return all
	}
	switch s.Type {
	case "null":
		return []any{nil}
	case "string":
		return []any{"", "a < b & c"}[min(s.MinLength, 1):]
	case "boolean":
		return []any{false, true}
	case "integer":
		return []any{json.Number("0"), json.Number("7")}
	case "number":
		return []any{json.Number("0"), json.Number("1.50")}
	case "array":
		return []any{[]any{}, s.Items.samples()}
	}
	return s.objects()
}

func (s *schema) objects() []any {
	if s.Properties == nil && string(s.AdditionalProperties) == "true" {
		return []any{map[string]any{}, map[string]any{"key": []any{nil, json.Number("9007199254740993")}}}
	}
	if s.Properties == nil {
		return []any{map[string]any{}, map[string]any{"key": s.values().samples()[0]}}
	}
	var all []any
	if len(s.Required) == 0 {
		all = append(all, map[string]any{})
	}
	return append(all, combine(s.Properties, slices.Collect(maps.Keys(s.Properties)))...)
}

// combine makes objects with all the members, as many as it takes until every
// sample of every member is in one.
func combine(properties map[string]*schema, members []string) []any {
	var all []any
	for i, more := 0, true; more; i++ {
		o := map[string]any{}
		more = false
		for _, name := range members {
			values := properties[name].samples()
			o[name] = values[i%len(values)]
			more = more || i+1 < len(values)
		}
		all = append(all, o)
	}
	return all
}

// allNodes are nodes of every type with components of every type, and every
// member that goes with each.
func allNodes(t *testing.T, tool string) []any {
	t.Helper()
	node := nodeSchema(t, tool).Properties
	component := node["config"].Properties["components"].Items.Properties
	var components []any
	for name, k := range componentTypes {
		for _, config := range combine(component["config"].Properties, k.config) {
			o := map[string]any{"id": "c", "category": k.category, "type": name, "config": config}
			if k.category != "BLOCK" {
				o["label"], o["hint"], o["required"], o["sensitive"] = "", "", false, true
			}
			components = append(components, o)
		}
	}
	var nodes []any
	for name, members := range nodeTypes {
		for _, config := range combine(node["config"].Properties,
			slices.DeleteFunc(slices.Clone(members), func(m string) bool { return m == "components" })) {
			if name == "STEP" {
				config.(map[string]any)["components"] = components
			}
			nodes = append(nodes, map[string]any{"id": "n", "type": name, "config": config})
		}
	}
	return nodes
}

// All that the schema allows and that belongs to its type reaches Auth0 as
// given. sdktest.Untouched cannot see the latter: it does not know which members
// go with which type.
func TestEveryTypeIsUntouched(t *testing.T) {
	for tool, id := range map[string]string{"auth0_create_form": "", "auth0_update_form": "ap_1"} {
		arguments := inputSchema(t, tool).Properties
		nodes := allNodes(t, tool)
		delete(arguments, "nodes")
		delete(arguments, "id")
		for _, o := range combine(arguments, slices.Collect(maps.Keys(arguments))) {
			args := o.(map[string]any)
			args["nodes"] = nodes
			want := object(t, []byte(text(t, args)))
			if id != "" {
				args["id"] = id
			}
			var body []byte
			r := sdktest.Call(t, Plugin(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ = io.ReadAll(r.Body)
				_, _ = io.WriteString(w, `{}`)
			}), tool, text(t, args))
			if r.Failure != nil {
				t.Fatalf("%s: %v", tool, r.Failure)
			}
			if got := object(t, body); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: Auth0 got %s", tool, body)
			}
		}
	}
}

// The configs are left to TestEveryTypeIsUntouched: sdktest.Untouched gives each
// member beside the first type only, to which most do not belong.
func TestUntouched(t *testing.T) {
	_, auth0 := tenant(t, sandbox.Options{Empty: true})
	configs := nodeSchema(t, "auth0_create_form").Properties["config"].below("nodes[].config")
	sdktest.Untouched(t, Plugin(), auth0, "auth0_create_form", `{"name":"n"}`, configs...)

	// What lies deeper is the same in both tools.
	without := []string{"id"}
	for name, s := range inputSchema(t, "auth0_update_form").Properties {
		without = append(without, slices.DeleteFunc(s.below(name), func(path string) bool { return path == name })...)
	}
	named := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[{"id":"ap_1","name":"sample"}]`))
	})
	sdktest.Untouched(t, Plugin(), named, "auth0_update_form", `{"id":"sample"}`, without...)
}

func TestAuth0Types(t *testing.T) {
	const fraction = "a fraction is left to Auth0 to judge"
	except := map[string]string{
		"start.coordinates.x": fraction, "start.coordinates.y": fraction,
		"ending.coordinates.x": fraction, "ending.coordinates.y": fraction,
		"nodes[].coordinates.x": fraction, "nodes[].coordinates.y": fraction,
		"style.theme": "real forms have it; go-auth0 does not", "style.version": "real forms have it; go-auth0 does not",
		"nodes[].config.rules[].condition": "is in Auth0's schema, open; go-auth0 leaves it out",
	}
	auth0types.Compare(t, Plugin(), "auth0_create_form", "testdata/auth0types.json", "CreateFormRequestContent", except)
	except["id"] = "is in the path"
	auth0types.Compare(t, Plugin(), "auth0_update_form", "testdata/auth0types.json", "UpdateFormRequestContent", except)
}

// The tables and the schema name the same types and the same members.
func TestTables(t *testing.T) {
	node := nodeSchema(t, "auth0_create_form").Properties
	same(t, "types of nodes", slices.Collect(maps.Keys(nodeTypes)), node["type"].Enum)
	same(t, "members of nodes", slices.Concat(slices.Collect(maps.Values(nodeTypes))...),
		slices.Collect(maps.Keys(node["config"].Properties)))
	component := node["config"].Properties["components"].Items.Properties
	same(t, "types of components", slices.Collect(maps.Keys(componentTypes)), component["type"].Enum)
	var categories, members []string
	for _, k := range componentTypes {
		categories, members = append(categories, k.category), append(members, k.config...)
	}
	same(t, "categories", categories, component["category"].Enum)
	same(t, "members of components", members, slices.Collect(maps.Keys(component["config"].Properties)))
}

// go-auth0 has one Go type for each type of component; testdata/components.json
// lists them with the members of their configs.
func TestComponentTypes(t *testing.T) {
	data, err := os.ReadFile("testdata/components.json")
	if err != nil {
		t.Fatal(err)
	}
	var known struct {
		Types map[string]struct {
			Category string
			Config   []string
		}
	}
	if err := json.Unmarshal(data, &known); err != nil {
		t.Fatal(err)
	}
	same(t, "types", slices.Collect(maps.Keys(componentTypes)), slices.Collect(maps.Keys(known.Types)))
	for name, want := range known.Types {
		if got := componentTypes[name]; got.category != want.Category || !slices.Equal(got.config, want.Config) {
			t.Errorf("%s: the table has %v, go-auth0 %v", name, got, want)
		}
	}
}

func same(t *testing.T, what string, table, schema []string) {
	t.Helper()
	slices.Sort(table)
	if got, want := slices.Compact(table), slices.Sorted(slices.Values(schema)); !slices.Equal(got, want) {
		t.Errorf("%s: the table has %v, the schema %v", what, got, want)
	}
}

func TestRefusals(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	step := func(component string) string {
		return `"nodes":[{"id":"s","type":"STEP","config":{"components":[` + component + `]}}]`
	}
	for members, want := range map[string][]string{
		`"nodes":[{"id":"s","type":"STEP","config":{"flow_id":"af_1","rules":[]}}]`: {`node "s": config: a STEP has no flow_id, rules; its members are: components, next_node`},
		`"nodes":[{"id":"f","type":"FLOW","config":{"components":[]}}]`:             {`a FLOW has no components; its members are: flow_id, next_node`},
		`"nodes":[{"id":"r","type":"ROUTER","config":{"next_node":"$ending"}}]`:     {`a ROUTER has no next_node; its members are: fallback, rules`},
		step(`{"id":"c","category":"FIELD","type":"NUMBER","config":{"min_length":1}}`): {
			`node "s", component "c": config: NUMBER has no min_length; its members are: default_value, max_value, min_value, placeholder`},
		step(`{"id":"c","category":"FIELD","type":"SOCIAL","config":{"text":""}}`):            {`SOCIAL has no text; its members are: none`},
		step(`{"id":"c","category":"BLOCK","type":"TEXT"}`):                                   {`category BLOCK does not go with type TEXT: want FIELD`},
		step(`{"id":"c","category":"BLOCK","type":"HTML","label":"x","config":{}}`):           {`a BLOCK has no label; its members are: id, category, type, config`},
		step(`{"id":"c","category":"WIDGET","type":"RECAPTCHA","config":{"api_key":"dead"}}`): {`RECAPTCHA has no api_key; its members are: secret_key, site_key`},
		`"nodes":[{"id":"a","type":"FLOW","config":{"fallback":""}},{"id":"b","type":"STEP","config":{"components":[` +
			`{"id":"c","category":"FIELD","type":"IMAGE","config":{"content":"x"}}]}}]`: {`node "a"`,
			`node "b", component "c": category FIELD`, `IMAGE has no content`},
	} {
		for tool, args := range map[string]string{"auth0_create_form": `{"name":"n",`, "auth0_update_form": `{"id":"ap_1",`} {
			f := sdktest.Call(t, Plugin(), auth0, tool, args+members+"}").Failure
			for _, w := range want {
				if f.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT || !strings.Contains(f.GetMessage(), w) {
					t.Errorf("%s %s: %v, want %s", tool, members, f, w)
				}
			}
		}
	}
	f := sdktest.Call(t, Plugin(), auth0, "auth0_update_form", `{"id":"ap_1"}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT || !strings.Contains(f.GetMessage(), "nothing to update") {
		t.Errorf("an update of nothing: %v", f)
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent for arguments that make no sense", n)
	}
}
