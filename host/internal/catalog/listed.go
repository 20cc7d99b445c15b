package catalog

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// Values of the keyword "fold", which says how tools/list shows an argument. Checking ignores it.
const (
	foldAlone = "true"   // as a value of its type with its description, and nothing that is in it
	foldMore  = `"more"` // not by itself: it is given in the argument "more"
)

// moreName is the argument that holds all those which are folded into it. What is in it counts as if it stood beside
// it (see normalizer).
const moreName = "more"

// Listed is the input schema as tools/list shows it, and what every session pays for. A schema in which nothing is
// folded or read-only is shown as it is. Else references are written out, folded arguments lose what is
// in them, and what matters to checking alone is left out: null where a setting may be cleared, patterns, read-only
// members.
func (t *Tool) Listed() json.RawMessage {
	schema, _ := t.listed()
	return schema
}

// Folds reports whether Listed leaves out arguments or what is in them, with which auth0_describe_tool answers.
func (t *Tool) Folds() bool {
	_, hides := t.listed()
	return hides
}

func listedSchema(raw json.RawMessage) (schema json.RawMessage, hides bool) {
	plain := !slices.ContainsFunc([]string{`"fold"`, `"readOnly"`}, func(keyword string) bool {
		return bytes.Contains(raw, []byte(keyword))
	})
	if plain {
		return raw, false
	}
	root, err := jsondoc.Fields(raw)
	if err != nil {
		return raw, false // no manifest with such a schema is loaded
	}
	l := lister{}
	if defs, ok := valueOf(root, "$defs"); ok {
		l.defs = l.fields(defs)
	}
	var out bytes.Buffer
	l.write(&out, root, true)
	return out.Bytes(), l.hides
}

// lister writes a schema for tools/list.
type lister struct {
	defs  []jsondoc.Field
	hides bool // members, or arguments
	// split are the members of the objects seen so far, by where an object begins: a schema is looked at several times,
	// and a definition wherever it is referred to.
	split map[*byte][]jsondoc.Field
}

// fields are the members of an object; none of another value.
func (l *lister) fields(raw json.RawMessage) []jsondoc.Field {
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	fields, known := l.split[&raw[0]]
	if !known {
		if l.split == nil {
			l.split = map[*byte][]jsondoc.Field{}
		}
		fields, _ = jsondoc.Fields(raw)
		l.split[&raw[0]] = fields
	}
	return fields
}

func valueOf(fields []jsondoc.Field, name string) (json.RawMessage, bool) {
	at := slices.IndexFunc(fields, func(f jsondoc.Field) bool { return f.Name == name })
	if at < 0 {
		return nil, false
	}
	return fields[at].Value, true
}

func textOf(fields []jsondoc.Field, name string) (text string) {
	value, _ := valueOf(fields, name)
	_ = json.Unmarshal(value, &text) // another kind is no text
	return text
}

func foldOf(fields []jsondoc.Field) string {
	value, _ := valueOf(fields, "fold")
	return string(value)
}

// resolved are a schema's keywords, those that it refers to included: of a value that may be null, those of what it is
// otherwise. clears reports whether null was left out.
func (l *lister) resolved(raw json.RawMessage) (fields []jsondoc.Field, clears bool) {
	fields = l.fields(raw)
	for range maxSchemaDepth {
		if ref := textOf(fields, "$ref"); ref != "" {
			definition, _ := valueOf(l.defs, strings.TrimPrefix(ref, refPrefix))
			inner := l.fields(definition)
			fields = merged(fields, "$ref", inner)
			continue
		}
		branches, ok := valueOf(fields, "anyOf")
		if !ok {
			break
		}
		all, _ := jsondoc.Items(branches)
		some := slices.DeleteFunc(slices.Clone(all), l.isNull)
		if len(some) == len(all) || len(some) != 1 {
			return fields, len(some) < len(all)
		}
		clears = true
		inner := l.fields(some[0])
		fields = merged(fields, "anyOf", inner)
	}
	enum, _ := valueOf(fields, "enum")
	values, _ := jsondoc.Items(enum)
	return fields, clears || slices.ContainsFunc(values, func(v json.RawMessage) bool { return string(v) == "null" })
}

func (l *lister) isNull(schema json.RawMessage) bool {
	return textOf(l.fields(schema), "type") == "null"
}

// merged puts inner in the place of a keyword. What stands beside it decides.
func merged(fields []jsondoc.Field, keyword string, inner []jsondoc.Field) (out []jsondoc.Field) {
	for _, f := range fields {
		if f.Name != keyword {
			out = append(out, f)
		}
	}
	for _, f := range inner {
		if _, ok := valueOf(out, f.Name); !ok {
			out = append(out, f)
		}
	}
	return out
}

func (l *lister) schema(out *bytes.Buffer, raw json.RawMessage) {
	fields, _ := l.resolved(raw)
	if foldOf(fields) == foldAlone {
		l.folded(out, fields)
		return
	}
	l.write(out, fields, false)
}

// folded writes a value's type, maximum and description. Objects, also in arrays, are open.
func (l *lister) folded(out *bytes.Buffer, fields []jsondoc.Field) {
	var short []jsondoc.Field
	add := func(name, value string) {
		short = append(short, jsondoc.Field{Name: name, Value: json.RawMessage(value)})
	}
	typed := typeOf(fields)
	if typed != "" {
		add("type", `"`+typed+`"`)
	}
	switch typed {
	case "object":
		l.hides = true
		add("additionalProperties", "true")
	case "array":
		raw, _ := valueOf(fields, "items")
		items, _ := l.resolved(raw)
		switch kind := typeOf(items); kind {
		case "", "object":
			l.hides = true
			add("items", `{"type":"object","additionalProperties":true}`)
		default:
			add("items", `{"type":"`+kind+`"}`)
		}
	}
	if most, ok := valueOf(fields, "maximum"); ok {
		add("maximum", string(most))
	}
	if description, ok := valueOf(fields, "description"); ok {
		add("description", string(description))
	}
	l.write(out, short, false)
}

// typeOf is the type of the values that a schema allows, "" if there are several.
func typeOf(fields []jsondoc.Field) string {
	if typed := textOf(fields, "type"); typed != "" {
		return typed
	}
	enum, ok := valueOf(fields, "enum")
	values, _ := jsondoc.Items(enum)
	if ok && !slices.ContainsFunc(values, func(v json.RawMessage) bool { return v[0] != '"' && string(v) != "null" }) {
		return "string"
	}
	return ""
}

func (l *lister) write(out *bytes.Buffer, fields []jsondoc.Field, root bool) {
	out.WriteByte('{')
	separator := ""
	put := func(name string) {
		out.WriteString(separator)
		separator = ","
		out.Write(jsondoc.Text(name))
		out.WriteByte(':')
	}
	if _, typed := valueOf(fields, "type"); !typed && typeOf(fields) != "" {
		put("type")
		out.WriteString(`"string"`)
	}
	for _, f := range fields {
		switch f.Name {
		case "$defs", "$schema", "$comment", "fold", "pattern", "minLength", "minItems", "maxProperties", "uniqueItems":
			continue
		}
		put(f.Name)
		switch f.Name {
		case "properties":
			l.properties(out, f.Value, root)
		case "items", "additionalProperties":
			if f.Value[0] == '{' {
				l.schema(out, f.Value)
			} else {
				out.Write(f.Value)
			}
		case "anyOf", "oneOf", "allOf":
			l.branches(out, f.Value)
		case "enum":
			values, _ := jsondoc.Items(f.Value)
			values = slices.DeleteFunc(values, func(v json.RawMessage) bool { return string(v) == "null" })
			out.Write(jsondoc.Array(values))
		default:
			out.Write(f.Value)
		}
	}
	out.WriteByte('}')
}

func (l *lister) properties(out *bytes.Buffer, raw json.RawMessage, root bool) {
	all := l.fields(raw)
	out.WriteByte('{')
	separator := ""
	more, clears := false, false
	for _, f := range all {
		fields, null := l.resolved(f.Value)
		if readOnly, _ := valueOf(l.fields(f.Value), "readOnly"); string(readOnly) == "true" {
			continue
		}
		clears = clears || null
		if root && foldOf(fields) == foldMore {
			more, l.hides = true, true
			continue
		}
		out.WriteString(separator)
		separator = ","
		out.Write(jsondoc.Text(f.Name))
		out.WriteByte(':')
		l.schema(out, f.Value)
	}
	if more {
		out.WriteString(separator + `"` + moreName + `":{"type":"object","additionalProperties":true,"description":`)
		if clears {
			out.WriteString(`"Any other setting by name (` + describeToolName + ` lists them); null clears one."}`)
		} else {
			out.WriteString(`"Any other setting by name; ` + describeToolName + ` lists them."}`)
		}
	}
	out.WriteByte('}')
}

func (l *lister) branches(out *bytes.Buffer, raw json.RawMessage) {
	all, _ := jsondoc.Items(raw)
	out.WriteByte('[')
	separator := ""
	for _, branch := range all {
		if l.isNull(branch) {
			continue
		}
		out.WriteString(separator)
		separator = ","
		l.schema(out, branch)
	}
	out.WriteByte(']')
}
