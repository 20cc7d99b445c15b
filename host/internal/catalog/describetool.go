package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/suggest"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// These names of the host's own tools are not available to plugins: what tools/list leaves out of other tools' schemas,
// and the comparison of two tenants.
const (
	describeToolName = "auth0_describe_tool"
	compareToolName  = "auth0_compare_tenants"
)

// maxDescribedBytes is what one description has, if that is less than the output budget: some 4,000 tokens.
const maxDescribedBytes = 16_000

// HostPlugin stands in for the plugin of the host's own tools. No process belongs to it.
const HostPlugin = "auth0-mcp"

// DescribeTool is the tool that describes others, without any to describe: for what it takes in tools/list.
func DescribeTool() *Tool { return newDescribeTool(&Selection{}) }

// newDescribeTool makes the tool that describes the tools of a selection.
func newDescribeTool(s *Selection) *Tool {
	m := pluginv1.ToolManifest{
		Name: describeToolName, Effect: pluginv1.EffectRead, Idempotent: true,
		Untrusted: []string{}, // a manifest is no text of the tenant
		Display: pluginv1.Display{Title: "Describe a tool",
			Description: "What another tool's arguments may hold, where tools/list shows an object without members."},
		InputSchema: json.RawMessage(`{"type":"object","properties":{"tool":{"type":"string"},` +
			`"member":{"type":"string","description":"One argument or part, such as addons.samlp or nodes[].config."}},` +
			`"required":["tool"],"additionalProperties":false}`),
	}
	p := &Plugin{Manifest: pluginv1.Manifest{Name: HostPlugin}}
	t := newTool(p, m)
	t.builtin = s.describe
	return t
}

// Builtin returns the function of one of the host's own tools, which reads nothing but manifests; nil for a tool of a
// plugin. It takes arguments that were checked and a budget in bytes, and returns a JSON object. The error is an
// *[ArgumentError], an *[ExcludedError] or an *[UnknownToolError].
func (t *Tool) Builtin() func(arguments json.RawMessage, budget int) (json.RawMessage, error) {
	return t.builtin
}

// NewHostTool makes a tool that the host carries out itself, by sending requests.
func NewHostTool(m pluginv1.ToolManifest) *Tool {
	t := newTool(&Plugin{Manifest: pluginv1.Manifest{Name: HostPlugin}}, m)
	t.ofHost = true
	return t
}

// OfHost reports whether the host carries the tool out itself, by sending requests.
func (t *Tool) OfHost() bool { return t.ofHost }

func (s *Selection) describe(arguments json.RawMessage, budget int) (json.RawMessage, error) {
	var in struct{ Tool, Member string }
	if err := json.Unmarshal(arguments, &in); err != nil {
		return nil, err
	}
	t, err := s.Find(in.Tool)
	if err != nil {
		return nil, err
	}
	d, err := newDescriber(t)
	if err != nil {
		return nil, err
	}
	found := []part{{path: "", schema: t.InputSchema}}
	for step := range strings.SplitSeq(strings.ReplaceAll(in.Member, "[]", ""), ".") {
		if step == "" {
			continue
		}
		next, names := d.step(found, step)
		if len(next) == 0 {
			return nil, noMember(found[0].path, step, names)
		}
		found = next
	}
	return d.answer(t, found, min(budget, maxDescribedBytes)), nil
}

func noMember(path, step string, names []string) error {
	text := "the tool has no argument " + jsondoc.Quote(step)
	if path != "" {
		text = fmt.Sprintf("%s has no member %s", path, jsondoc.Quote(step))
	}
	if len(names) == 0 {
		text += ", nor any that a schema names"
	} else if near := suggest.Near(step, names, 1); len(near) > 0 {
		text += "; did you mean " + near[0] + "?"
	} else {
		text += "; it has " + joinSome(names, 100)
	}
	return &ArgumentError{Tool: describeToolName, Problems: []ArgumentProblem{{Path: "member", Text: text}}}
}

// part is a schema that stands at a path of a tool's arguments.
type part struct {
	path   string
	schema json.RawMessage
}

// describer writes parts of a tool's complete schema.
type describer struct{ lister }

func newDescriber(t *Tool) (*describer, error) {
	root, err := jsondoc.Fields(t.InputSchema)
	if err != nil {
		return nil, err
	}
	d := &describer{}
	if defs, ok := valueOf(root, "$defs"); ok {
		d.defs, err = jsondoc.Fields(defs)
	}
	return d, err
}

// forms are the schemas that a value may fit, without references, unions and arrays around them. suffix is what the
// arrays add to the path.
func (d *describer) forms(raw json.RawMessage, depth int) (all [][]jsondoc.Field, suffix string) {
	fields, _ := d.resolved(raw)
	if depth == 0 {
		return nil, ""
	}
	if items, ok := valueOf(fields, "items"); ok {
		inner, more := d.forms(items, depth-1)
		return inner, "[]" + more
	}
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if _, isObject := valueOf(fields, "properties"); isObject {
			break // the branches only narrow it
		}
		branches, _ := valueOf(fields, keyword)
		each, _ := jsondoc.Items(branches)
		for _, branch := range each {
			inner, more := d.forms(branch, depth-1)
			all, suffix = append(all, inner...), max(suffix, more)
		}
	}
	return append(all, fields), suffix
}

// step returns what a member of the parts may be, and the names that they have.
func (d *describer) step(parts []part, name string) (next []part, names []string) {
	for _, p := range parts {
		forms, suffix := d.forms(p.schema, maxSchemaDepth)
		for _, form := range forms {
			properties, _ := valueOf(form, "properties")
			members, _ := jsondoc.Fields(properties)
			for _, m := range members {
				if isReadOnly(m.Value) {
					continue
				}
				if !slices.Contains(names, m.Name) {
					names = append(names, m.Name)
				}
				if m.Name == name {
					next = append(next, part{strings.TrimPrefix(p.path+suffix+"."+name, "."), m.Value})
				}
			}
		}
	}
	return next, names
}

func isReadOnly(schema json.RawMessage) bool {
	fields, _ := jsondoc.Fields(schema)
	value, _ := valueOf(fields, "readOnly")
	return string(value) == "true"
}

// answer writes the parts as deep as the budget allows.
func (d *describer) answer(t *Tool, parts []part, budget int) json.RawMessage {
	var last []byte
	for depth := maxSchemaDepth; depth > 0; depth-- {
		var out bytes.Buffer
		out.WriteString(`{"tool":`)
		out.Write(jsondoc.Text(t.Name))
		if parts[0].path != "" {
			out.WriteString(`,"member":`)
			out.Write(jsondoc.Text(parts[0].path))
		}
		out.WriteString(`,"schema":`)
		cut := d.alternatives(&out, parts, depth)
		if cut {
			out.WriteString(`,"note":"Where fold is true there is more: ask with its path as member."`)
		} else if parts[0].path == "" && bytes.Contains(t.Listed(), []byte(`"`+moreName+`":`)) {
			out.WriteString(`,"note":"What tools/list does not show goes into the argument more."`)
		}
		out.WriteByte('}')
		if last = out.Bytes(); len(last) <= budget {
			break
		}
	}
	return last
}

func (d *describer) alternatives(out *bytes.Buffer, parts []part, depth int) (cut bool) {
	var texts []string
	for _, p := range parts {
		var one bytes.Buffer
		cut = d.full(&one, p.schema, depth) || cut
		if !slices.Contains(texts, one.String()) {
			texts = append(texts, one.String())
		}
	}
	if len(texts) == 1 {
		out.WriteString(texts[0])
	} else {
		out.WriteString(`{"anyOf":[` + strings.Join(texts, ",") + `]}`)
	}
	return cut
}

// full writes a schema with its references written out, down to a depth, and reports whether something is left out
// there. Read-only members are not shown: what they hold makes no difference.
func (d *describer) full(out *bytes.Buffer, raw json.RawMessage, depth int) (cut bool) {
	fields, _ := jsondoc.Fields(raw)
	for ref := textOf(fields, "$ref"); ref != ""; ref = textOf(fields, "$ref") {
		definition, _ := valueOf(d.defs, strings.TrimPrefix(ref, refPrefix))
		inner, _ := jsondoc.Fields(definition)
		fields = merged(fields, "$ref", inner)
	}
	out.WriteByte('{')
	separator := ""
	for _, f := range fields {
		nested := f.Name == "properties" || f.Name == "items" || f.Name == "anyOf" || f.Name == "oneOf" || f.Name == "allOf"
		switch {
		case f.Name == "$defs" || f.Name == "fold" || f.Name == "required" && depth == 0:
			continue
		case nested && depth == 0 && !isPlain(f.Value):
			if !cut {
				out.WriteString(separator + `"fold":true`)
				separator, cut = ",", true
			}
			continue
		}
		out.WriteString(separator)
		separator = ","
		out.Write(jsondoc.Text(f.Name))
		out.WriteByte(':')
		cut = d.keyword(out, f, max(depth-1, 0)) || cut
	}
	out.WriteByte('}')
	return cut
}

// isPlain reports whether a schema is too small to be worth another question.
func isPlain(raw json.RawMessage) bool {
	const few = 40
	return len(raw) <= few && !bytes.Contains(raw, []byte(`"$ref"`))
}

func (d *describer) keyword(out *bytes.Buffer, f jsondoc.Field, depth int) (cut bool) {
	switch {
	case f.Name == "properties":
		members, _ := jsondoc.Fields(f.Value)
		out.WriteByte('{')
		separator := ""
		for _, m := range members {
			if isReadOnly(m.Value) {
				continue
			}
			out.WriteString(separator)
			separator = ","
			out.Write(jsondoc.Text(m.Name))
			out.WriteByte(':')
			cut = d.full(out, m.Value, depth) || cut
		}
		out.WriteByte('}')
	case f.Name == "anyOf" || f.Name == "oneOf" || f.Name == "allOf":
		branches, _ := jsondoc.Items(f.Value)
		out.WriteByte('[')
		for i, branch := range branches {
			if i > 0 {
				out.WriteByte(',')
			}
			cut = d.full(out, branch, depth) || cut
		}
		out.WriteByte(']')
	case (f.Name == "items" || f.Name == "additionalProperties") && f.Value[0] == '{':
		return d.full(out, f.Value, depth)
	default:
		out.Write(f.Value)
	}
	return cut
}
