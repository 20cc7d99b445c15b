package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// openAPI is a description of the Management API in OpenAPI 3.1.
type openAPI struct {
	Paths      map[string]map[string]*openOperation
	Components struct{ Schemas map[string]*openSchema }
	names      map[string]string // of definitions of managementapi, by their lower-case form
}

type openOperation struct {
	Parameters  []openParameter
	RequestBody *openContent
	Responses   map[string]openContent
}

type openParameter struct {
	Name, In string
	Required bool
	Schema   *openSchema
}

type openContent struct {
	Required bool
	Content  map[string]struct{ Schema *openSchema }
}

// openSchema is the part of JSON Schema that the description uses.
type openSchema struct {
	Ref                  string `json:"$ref"`
	Type                 any
	Enum                 []any
	Const                any
	Format, Pattern      string
	MinLength, MaxLength *float64
	MinItems, MaxItems   *float64
	Minimum, Maximum     *float64
	MinProperties        *float64
	MaxProperties        *float64
	UniqueItems          bool
	Items                *openSchema
	Properties           map[string]*openSchema
	Required             []string
	AdditionalProperties json.RawMessage
	AllOf, AnyOf, OneOf  []*openSchema
}

func readOpenAPI(dir string) (*openAPI, error) {
	data, err := os.ReadFile(filepath.Join(dir, "openapi.json"))
	if err != nil {
		return nil, err
	}
	var api openAPI
	if err := json.Unmarshal(data, &api); err != nil {
		return nil, err
	}
	api.names = map[string]string{}
	for name := range managementapi.Definitions() {
		api.names[strings.ToLower(name)] = name
	}
	return &api, nil
}

// operation finds the description of an operation of ours, whatever it calls its path's parameters.
func (api *openAPI) operation(o *managementapi.Operation) *openOperation {
	for path, methods := range api.Paths {
		if anonymous("/api/v2"+path) == anonymous(o.Path) {
			return methods[strings.ToLower(o.Method)]
		}
	}
	return nil
}

// content is the schema of a body, whatever its type is.
func (c *openContent) schema() *openSchema {
	if c == nil {
		return nil
	}
	for _, kind := range slices.Sorted(maps.Keys(c.Content)) {
		return c.Content[kind].Schema
	}
	return nil
}

// answer is the schema of the 2xx answer.
func (o *openOperation) answer() *openSchema {
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		if content := o.Responses[status]; status[0] == '2' && content.schema() != nil {
			return content.schema()
		}
	}
	return nil
}

func (api *openAPI) component(ref string) *openSchema {
	return api.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
}

// schema converts a schema to ours. A reference to what we have no definition of is
// replaced by its target.
func (api *openAPI) schema(s *openSchema) *managementapi.Schema {
	switch {
	case s == nil:
		return &managementapi.Schema{}
	case s.Ref != "":
		if name, ok := api.names[strings.ToLower(strings.TrimPrefix(s.Ref, "#/components/schemas/"))]; ok {
			return &managementapi.Schema{Kind: managementapi.KindRef, Ref: name}
		}
		return api.schema(api.component(s.Ref))
	case len(s.AllOf) == 1 && s.Type == nil && s.Properties == nil:
		return api.schema(s.AllOf[0])
	case len(s.AllOf) > 0:
		return api.schema(api.joined(s))
	}
	if union := slices.Concat(s.AnyOf, s.OneOf); len(union) > 0 && s.Properties == nil {
		var all []*managementapi.Schema
		for _, one := range union {
			all = append(all, api.schema(one))
		}
		return managementapi.AnyOf(all...)
	}
	var all []*managementapi.Schema
	for _, kind := range s.kinds() {
		all = append(all, api.ofKind(s, kind))
	}
	return managementapi.AnyOf(all...)
}

func (s *openSchema) kinds() (out []string) {
	switch kind := s.Type.(type) {
	case string:
		return []string{kind}
	case []any:
		for _, one := range kind {
			out = append(out, fmt.Sprint(one))
		}
		return out
	}
	switch {
	case s.Properties != nil || s.AdditionalProperties != nil:
		return []string{"object"}
	case len(s.Enum) > 0 || s.Const != nil || s.MinLength != nil || s.MaxLength != nil || s.Pattern != "":
		return []string{"string"}
	}
	return []string{"any"}
}

func (api *openAPI) ofKind(s *openSchema, kind string) *managementapi.Schema {
	out := &managementapi.Schema{}
	switch kind {
	case "null":
		out.Kind = managementapi.KindNull
	case "string":
		out.Kind, out.Format, out.Pattern = managementapi.KindString, s.Format, s.Pattern
		out.Min, out.Max = s.MinLength, s.MaxLength
		s.values(out)
	case "boolean":
		out.Kind = managementapi.KindBoolean
		s.values(out)
	case "integer", "number":
		out.Kind, out.Min, out.Max = managementapi.KindInteger, s.Minimum, s.Maximum
		if kind == "number" {
			out.Kind = managementapi.KindNumber
		}
		s.values(out)
	case "array":
		out.Kind, out.Min, out.Max, out.Unique = managementapi.KindArray, s.MinItems, s.MaxItems, s.UniqueItems
		if s.Items != nil {
			out.Items = api.schema(s.Items)
		}
	case "object":
		api.object(s, out)
	}
	return out
}

func (s *openSchema) values(out *managementapi.Schema) {
	values := s.Enum
	if s.Const != nil {
		values = []any{s.Const}
	}
	for _, value := range values {
		if value == nil {
			out.Nullable = true
		} else {
			out.Enum = append(out.Enum, value)
		}
	}
}

func (api *openAPI) object(s *openSchema, out *managementapi.Schema) {
	out.Kind, out.Min, out.Max = managementapi.KindObject, s.MinProperties, s.MaxProperties
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		out.Members = append(out.Members, managementapi.Member{
			Name: name, Required: slices.Contains(s.Required, name), Schema: api.schema(s.Properties[name]),
		})
	}
	switch rest := strings.TrimSpace(string(s.AdditionalProperties)); rest {
	case "false":
	case "", "true":
		out.Rest = &managementapi.Schema{}
	default:
		var schema openSchema
		if err := json.Unmarshal(s.AdditionalProperties, &schema); err != nil {
			panic(err) // it was read as JSON before
		}
		out.Rest = api.schema(&schema)
	}
}

// joined is one schema that says what all of allOf say.
func (api *openAPI) joined(s *openSchema) *openSchema {
	out := *s
	out.AllOf, out.Properties = nil, maps.Clone(s.Properties)
	for _, part := range s.AllOf {
		for part.Ref != "" {
			part = api.component(part.Ref)
		}
		if len(part.AllOf) > 0 {
			part = api.joined(part)
		}
		if out.Type == nil {
			out.Type = part.Type
		}
		if out.Properties == nil {
			out.Properties = map[string]*openSchema{}
		}
		maps.Copy(out.Properties, part.Properties)
		out.Required = append(slices.Clone(out.Required), part.Required...)
		out.Format, out.Pattern = cmp.Or(out.Format, part.Format), cmp.Or(part.Pattern, out.Pattern)
		out.MinLength, out.MaxLength = cmp.Or(part.MinLength, out.MinLength), cmp.Or(part.MaxLength, out.MaxLength)
		if len(out.Enum) == 0 {
			out.Enum = part.Enum
		}
		if out.AdditionalProperties == nil {
			out.AdditionalProperties = part.AdditionalProperties
		}
		out.AnyOf, out.OneOf = append(out.AnyOf, part.AnyOf...), append(out.OneOf, part.OneOf...)
	}
	if len(out.Properties) == 0 {
		out.Properties = nil
	}
	return &out
}
