// Package auth0types compares a tool's arguments with what go-auth0 knows of the
// same request: a field that Auth0 has and a schema has not, or that has another
// kind or other values, is a fault in the schema.
//
// The types are read from the source of go-auth0 v3, which has the fullest list
// of fields and enums, by tools/auth0types; nothing of v3 is compiled or linked.
package auth0types

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// shape is what a value of the request may be, as tools/auth0types writes it.
type shape struct {
	Kinds  []string
	Enum   []string
	Fields map[string]*shape
	Items  *shape
	Values *shape
}

// schema is the part of JSON schema that sdk.Schema makes.
type schema struct {
	Type                 string
	Enum                 []string
	Properties           map[string]*schema
	Items                *schema
	AnyOf                []*schema
	AdditionalProperties json.RawMessage
}

// Compare fails the test where the tool's schema and the request type in file
// (written by tools/auth0types) differ in a name, a kind or an enum. except says
// for a path, such as "addons" or "nodes[].config", why it differs: below such a
// path nothing is compared, and an exception that no longer holds is a failure.
func Compare(t testing.TB, p sdk.Plugin, tool, file, request string, except map[string]string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with: make generate", err)
	}
	var known struct{ Types map[string]*shape }
	if err := json.Unmarshal(data, &known); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	want := known.Types[request]
	if want == nil {
		t.Fatalf("%s has no type %s", file, request)
	}
	differences, used := compare(inputSchema(t, p, tool), want, except)
	for _, d := range differences {
		t.Errorf("%s and %s: %s", tool, request, d)
	}
	for path, why := range except {
		if !used[path] {
			t.Errorf("%s: the exception for %s (%s) no longer holds: remove it", tool, path, why)
		}
	}
}

func inputSchema(t testing.TB, p sdk.Plugin, tool string) *schema {
	t.Helper()
	m, err := p.Manifest()
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
	t.Fatalf("plugin %s has no tool %s", p.Name, tool)
	return nil
}

type comparison struct {
	except      map[string]string
	used        map[string]bool
	differences []string
}

func compare(ours *schema, theirs *shape, except map[string]string) ([]string, map[string]bool) {
	c := &comparison{except: except, used: map[string]bool{}}
	c.value("", ours, theirs)
	return c.differences, c.used
}

func (c *comparison) report(path, format string, args ...any) {
	if _, excused := c.except[path]; excused {
		c.used[path] = true
		return
	}
	c.differences = append(c.differences, path+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) value(path string, ours *schema, theirs *shape) {
	before := len(c.differences)
	c.compareValue(path, ours, theirs)
	if _, excused := c.except[path]; excused && len(c.differences) > before {
		c.used[path] = true
		c.differences = c.differences[:before]
	}
}

func (c *comparison) compareValue(path string, ours *schema, theirs *shape) {
	alternatives := flatten(ours)
	if len(theirs.Kinds) > 0 {
		if got := kinds(alternatives); !slices.Equal(got, slices.Sorted(slices.Values(theirs.Kinds))) {
			c.report(path, "is %s here, %s there", strings.Join(got, " or "), strings.Join(theirs.Kinds, " or "))
			return
		}
	}
	for _, one := range alternatives {
		switch one.Type {
		case "string":
			if got, want := slices.Sorted(slices.Values(one.Enum)), slices.Sorted(slices.Values(theirs.Enum)); !slices.Equal(got,
				want) {
				c.report(path, "allows %v here, %v there", got, want)
			}
		case "array":
			if theirs.Items != nil {
				c.value(path+"[]", one.Items, theirs.Items)
			}
		case "object":
			c.object(path, one, theirs)
		}
	}
}

func (c *comparison) object(path string, ours *schema, theirs *shape) {
	if theirs.Fields == nil {
		return // free on their side: ours may be narrower
	}
	at := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	for _, name := range slices.Sorted(maps.Keys(ours.Properties)) {
		if field, ok := theirs.Fields[name]; ok {
			c.value(at(name), ours.Properties[name], field)
		} else {
			c.report(at(name), "is not a field of the request")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(theirs.Fields)) {
		if _, ok := ours.Properties[name]; !ok {
			c.report(at(name), "is missing here")
		}
	}
}

// flatten resolves anyOf, without the null that clears a setting.
func flatten(s *schema) []*schema {
	if len(s.AnyOf) == 0 {
		return []*schema{s}
	}
	var all []*schema
	for _, one := range s.AnyOf {
		if one.Type != "null" {
			all = append(all, flatten(one)...)
		}
	}
	return all
}

func kinds(alternatives []*schema) []string {
	var all []string
	for _, one := range alternatives {
		all = append(all, one.Type)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
