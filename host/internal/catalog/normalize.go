package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// normalizer reads arguments as they are meant, before they are checked and before a user approves them:
//
//   - what stands in the argument "more" stands beside it;
//   - a read-only member is dropped;
//   - null that the schema does not take means "not given", if absent is true;
//   - a string that holds the JSON of an array or object is that, where no string is taken and it fits;
//   - a whole number in another form, 5.0 or 1e2, is written as one where an integer is taken: plugins read no other.
//
// Everything else keeps its text and its place.
type normalizer struct {
	schema *toolSchema
	absent bool
}

// takesAbsence reports whether null can only mean "not given" to a tool: one that reads or creates. Where something is
// updated it could be meant to clear a setting.
func takesAbsence(m pluginv1.ToolManifest) bool {
	if m.Effect == pluginv1.EffectRead {
		return true
	}
	return len(m.Paths) > 0 && !slices.ContainsFunc(m.Paths, func(rule string) bool {
		method, _, _ := strings.Cut(rule, " ")
		return method != "POST" && !slices.Contains(pluginv1.EffectRead.Methods(), method)
	})
}

// arguments normalizes a JSON object within jsondoc's rules.
func (n normalizer) arguments(raw json.RawMessage) (json.RawMessage, *ArgumentProblem) {
	if n.schema.foldsMore {
		lifted, problem := n.lift(raw)
		if problem != nil {
			return nil, problem
		}
		raw = lifted
	}
	return n.value(raw, []*jsonschema.Schema{n.schema.compiled}), nil
}

// lift puts the members of the argument "more" in its place.
func (n normalizer) lift(raw json.RawMessage) (json.RawMessage, *ArgumentProblem) {
	fields, err := jsondoc.Fields(raw)
	if err != nil {
		return nil, &ArgumentProblem{Text: "the arguments are refused: " + err.Error()}
	}
	at := slices.IndexFunc(fields, func(f jsondoc.Field) bool { return f.Name == moreName })
	if at < 0 {
		return raw, nil
	}
	held := fields[at].Value
	if inner, ok := heldJSON(held); ok {
		held = inner
	}
	if string(held) == "null" {
		held = json.RawMessage("{}")
	}
	inner, err := jsondoc.Fields(held)
	if err != nil {
		return nil, &ArgumentProblem{Path: moreName, Text: moreName + " must be an object that holds settings by name"}
	}
	for _, f := range inner {
		if _, twice := valueOf(fields, f.Name); twice {
			path := jsondoc.Path{jsondoc.Member(f.Name)}
			return nil, &ArgumentProblem{Path: path.String(),
				Text: quotePath(path) + " is given twice: in " + moreName + " and beside it"}
		}
	}
	return jsondoc.Object(slices.Replace(fields, at, at+1, inner...)), nil
}

// value normalizes a value that one of the schemas is for.
func (n normalizer) value(raw json.RawMessage, schemas []*jsonschema.Schema) json.RawMessage {
	switch raw[0] {
	case '{':
		return n.object(raw, ofType(schemas, "object"))
	case '[':
		return n.array(raw, ofType(schemas, "array"))
	case '"':
		return n.text(raw, schemas)
	}
	if mayBeWhole(raw) && slices.ContainsFunc(leaves(schemas), isInteger) {
		return whole(raw)
	}
	return raw
}

// mayBeWhole reports whether a number may be a whole one in another form.
func mayBeWhole(raw json.RawMessage) bool {
	return (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') && bytes.ContainsAny(raw, ".eE")
}

// isInteger reports whether a schema takes whole numbers alone.
func isInteger(s *jsonschema.Schema) bool {
	return s.Types != nil && slices.Contains(s.Types.ToStrings(), "integer")
}

// whole is a number without a fraction and an exponent, if it has another form that every reader takes exactly.
func whole(raw json.RawMessage) json.RawMessage {
	const exact = 1 << 53 // RFC 8259, 6
	number, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || number != math.Trunc(number) || math.Abs(number) >= exact {
		return raw
	}
	return strconv.AppendInt(nil, int64(number), 10)
}

func (n normalizer) object(raw json.RawMessage, schemas []*jsonschema.Schema) json.RawMessage {
	if !slices.ContainsFunc(schemas, hasMembers) {
		return raw
	}
	fields, err := jsondoc.Fields(raw)
	if err != nil {
		return raw // checking says so
	}
	changed := false
	kept := fields[:0:0]
	for _, f := range fields {
		members := memberSchemas(schemas, f.Name)
		dropped := len(members) > 0 && (!slices.ContainsFunc(members, isWritable) ||
			n.absent && string(f.Value) == "null" && len(ofType(members, "null")) == 0)
		if dropped {
			changed = true
			continue
		}
		value := n.value(f.Value, members)
		changed = changed || !same(value, f.Value)
		kept = append(kept, jsondoc.Field{Name: f.Name, Value: value})
	}
	if !changed {
		return raw
	}
	return jsondoc.Object(kept)
}

func (n normalizer) array(raw json.RawMessage, schemas []*jsonschema.Schema) json.RawMessage {
	var each []*jsonschema.Schema
	for _, s := range schemas {
		if s.Items2020 != nil {
			each = append(each, s.Items2020)
		}
	}
	each = leaves(each)
	// Without this a long list of numbers would be split for nothing.
	if len(ofType(each, "object"))+len(ofType(each, "array")) == 0 &&
		(!slices.ContainsFunc(each, isInteger) || !bytes.ContainsAny(raw, ".eE")) {
		return raw
	}
	items, err := jsondoc.Items(raw)
	if err != nil {
		return raw
	}
	changed := false
	for i, item := range items {
		items[i] = n.value(item, each)
		changed = changed || !same(items[i], item)
	}
	if !changed {
		return raw
	}
	return jsondoc.Array(items)
}

// text reads a string as the JSON that it holds, if that is what fits.
func (n normalizer) text(raw json.RawMessage, schemas []*jsonschema.Schema) json.RawMessage {
	if len(ofType(schemas, "string")) > 0 || len(ofType(schemas, "array"))+len(ofType(schemas, "object")) == 0 {
		return raw
	}
	inner, ok := heldJSON(raw)
	if !ok {
		return raw
	}
	inner = n.value(inner, schemas)
	value, err := jsondoc.Decode(inner)
	if err != nil || !slices.ContainsFunc(schemas, func(s *jsonschema.Schema) bool { return fits(s, value) }) {
		return raw
	}
	return inner
}

// fits reports whether a value fits a schema, whatever its markers of hidden values stand for.
func fits(s *jsonschema.Schema, value any) bool {
	err := s.Validate(value)
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	return err == nil || ok && withoutMarkers(invalid, value) == nil
}

// heldJSON is the array or object in a JSON string.
func heldJSON(raw json.RawMessage) (json.RawMessage, bool) {
	var text string
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil || !holdsJSON(text) {
		return nil, false
	}
	inner := json.RawMessage(strings.TrimSpace(text))
	return inner, jsondoc.Check(inner) == nil
}

// same reports whether a value was left as it is, which is then the same memory.
func same(a, b json.RawMessage) bool { return len(a) == len(b) && &a[0] == &b[0] }

// leaves yields the schemas that a value may fit, references and combinations resolved.
func leaves(schemas []*jsonschema.Schema) (all []*jsonschema.Schema) {
	for _, s := range schemas {
		switch {
		case s.Ref != nil:
			all = append(all, leaves([]*jsonschema.Schema{s.Ref})...)
		case s.Types == nil && len(s.AnyOf)+len(s.OneOf)+len(s.AllOf)+len(s.Extensions) > 0:
			all = append(all, leaves(slices.Concat(s.AnyOf, s.OneOf, s.AllOf))...)
			for _, extension := range s.Extensions {
				if f, ok := extension.(*forms); ok {
					all = append(all, leaves(f.branches)...)
				}
			}
		default:
			all = append(all, s)
		}
	}
	return all
}

// ofType are the leaves that take values of a JSON type.
func ofType(schemas []*jsonschema.Schema, kind string) (some []*jsonschema.Schema) {
	for _, s := range leaves(schemas) {
		if takes(s, kind) {
			some = append(some, s)
		}
	}
	return some
}

func takes(s *jsonschema.Schema, kind string) bool {
	switch {
	case s.Bool != nil:
		return *s.Bool
	case s.Types != nil:
		return slices.Contains(s.Types.ToStrings(), kind)
	case s.Const != nil:
		return typeName(*s.Const) == kind
	case s.Enum != nil:
		return slices.ContainsFunc(s.Enum.Values, func(v any) bool { return typeName(v) == kind })
	}
	return true
}

// typeName is the JSON type of a decoded value.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}

func hasMembers(s *jsonschema.Schema) bool {
	_, typed := s.AdditionalProperties.(*jsonschema.Schema)
	return len(s.Properties) > 0 || typed
}

// memberSchemas are those for a member of an object.
func memberSchemas(objects []*jsonschema.Schema, name string) (members []*jsonschema.Schema) {
	for _, o := range objects {
		if property := o.Properties[name]; property != nil {
			members = append(members, property)
		} else if rest, ok := o.AdditionalProperties.(*jsonschema.Schema); ok {
			members = append(members, rest)
		}
	}
	return members
}

func isWritable(s *jsonschema.Schema) bool { return !s.ReadOnly }
