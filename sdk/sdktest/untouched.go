package sdktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Untouched proves that a tool sends what the caller gave: for every argument at
// every depth of the schema it gives null, [], {}, false, true, 0, 1, 1.0, 1e2, 2^70,
// "", a text and each value of an enum, and the body that reaches the tenant must hold
// exactly that, or nothing may reach it. A value that is dropped or altered on
// the way, or an argument of which no value arrives, fails the test.
//
// base are valid arguments with all that the tool needs; without are the
// arguments that do not go into the body, such as the id. auth0 answers the
// tool's reads; writes are recorded and echoed.
func Untouched(t testing.TB, p sdk.Plugin, auth0 http.Handler, tool, base string, without ...string) {
	t.Helper()
	for _, problem := range touched(t, p, auth0, tool, base, without) {
		t.Error(problem)
	}
}

// touched names every value that did not arrive as given.
func touched(t testing.TB, p sdk.Plugin, auth0 http.Handler, tool, base string, without []string) (problems []string) {
	t.Helper()
	declared := declaration(t, p, tool)
	var schema jsonschema.Schema
	if err := json.Unmarshal(declared.InputSchema, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, p, declared)
	defer c.close()
	arrived, refused := map[string]int{}, 0
	for _, v := range (shapes{schema.Defs}).variants(&schema, "") {
		if slices.Contains(without, v.path) {
			continue
		}
		arguments := decode(t, []byte(base)).(map[string]any)
		maps.Copy(arguments, v.value.(map[string]any))
		raw, err := json.Marshal(arguments)
		if err != nil {
			t.Fatal(err)
		}
		if _, seen := arrived[v.path]; !seen {
			arrived[v.path] = 0
		}
		if resolved.Validate(decodeFloats(t, raw)) != nil {
			refused++
			continue
		}
		recorder := &recorder{auth0: auth0}
		r := c.call(t, recorder, string(raw))
		if r.Failure.GetCode() == pluginv1.Failure_CODE_INVALID_ARGUMENT && recorder.body == nil {
			refused++
			continue
		}
		for _, name := range without {
			delete(arguments, name)
		}
		if got := decode(t, recorder.body); !reflect.DeepEqual(got, decode(t, encode(t, arguments))) {
			problems = append(problems, fmt.Sprintf("%s %s: the tenant got %s (%v)", tool, raw, recorder.body, r.Failure))
		}
		arrived[v.path]++
	}
	for _, path := range slices.Sorted(maps.Keys(arrived)) {
		if arrived[path] == 0 {
			problems = append(problems, fmt.Sprintf("%s: no value of %s arrives", tool, path))
		}
	}
	t.Logf("%s: %d arguments, %d values refused", tool, len(arrived), refused)
	return problems
}

// recorder is a tenant that keeps the body of a write.
type recorder struct {
	auth0 http.Handler
	body  []byte
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodGet {
		r.auth0.ServeHTTP(w, request)
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.body = body
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// variant is arguments in which one place holds one value, and the rest is the
// least that the schema asks for.
type variant struct {
	path  string
	value any
}

// shapes finds values that fit a schema, whose definitions it holds.
type shapes struct{ defs map[string]*jsonschema.Schema }

// of is the schema that s is or refers to.
func (d shapes) of(s *jsonschema.Schema) *jsonschema.Schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		return d.of(d.defs[name])
	}
	return s
}

// variants are those of every place below s, wrapped up to s. What is read-only does not arrive.
func (d shapes) variants(s *jsonschema.Schema, path string) []variant {
	var all []variant
	if s.ReadOnly {
		return nil
	}
	s = d.of(s)
	if path != "" {
		for _, value := range d.values(s) {
			all = append(all, variant{path, value})
		}
	}
	for _, one := range s.AnyOf {
		all = append(all, d.variants(one, path)...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		at := name
		if path != "" {
			at = path + "." + name
		}
		for _, inner := range d.variants(s.Properties[name], at) {
			object := map[string]any{}
			for _, required := range s.Required {
				object[required] = d.sample(s.Properties[required])
			}
			object[name] = inner.value
			all = append(all, variant{inner.path, object})
		}
	}
	if s.Items != nil {
		for _, inner := range d.variants(s.Items, path+"[]") {
			all = append(all, variant{inner.path, []any{inner.value}})
		}
	}
	// An object without members is closed by a schema that nothing fits.
	if s.Type == "object" && s.Properties == nil && s.AdditionalProperties != nil && s.AdditionalProperties.Not == nil {
		for _, inner := range d.variants(s.AdditionalProperties, path+"{}") {
			all = append(all, variant{inner.path, map[string]any{"key": inner.value}})
		}
	}
	return all
}

// values are those to try in one place.
func (d shapes) values(s *jsonschema.Schema) []any {
	all := []any{nil, []any{}, map[string]any{}, false, true, json.Number("0"), json.Number("1"), json.Number("1.0"),
		json.Number("1e2"), json.Number("1180591620717411303424"), "", "text", d.sample(s)}
	return append(all, s.Enum...)
}

// sample is a value that fits, the least there is.
func (d shapes) sample(s *jsonschema.Schema) any {
	s = d.of(s)
	if len(s.AnyOf) > 0 {
		return d.sample(s.AnyOf[0])
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	switch s.Type {
	case "object":
		object := map[string]any{}
		for _, required := range s.Required {
			object[required] = d.sample(s.Properties[required])
		}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if s.MinProperties != nil && len(object) < *s.MinProperties && !s.Properties[name].ReadOnly {
				object[name] = d.sample(s.Properties[name])
			}
		}
		return object
	case "array":
		list := []any{}
		if s.MinItems != nil {
			for range *s.MinItems {
				list = append(list, d.sample(s.Items))
			}
		}
		return list
	case "boolean":
		return true
	case "integer", "number":
		if s.Minimum != nil {
			return json.Number(fmt.Sprint(*s.Minimum))
		}
		return json.Number("7")
	}
	if s.MinLength != nil && *s.MinLength > len("sample") {
		return strings.Repeat("s", *s.MinLength)
	}
	return "sample"
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// decode keeps the text of numbers: 0 and 0.0 are not the same body.
func decode(t testing.TB, raw []byte) any {
	t.Helper()
	if raw == nil {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

func decodeFloats(t testing.TB, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
