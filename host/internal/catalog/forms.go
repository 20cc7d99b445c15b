package catalog

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// formsKeyword stands in for anyOf and oneOf where each branch is an object that requires members with constants, by
// which the branches differ, such as "type": "STEP". The branch that a value is meant for is then known before it is
// checked. Checking all of them costs as many times as much: a list of wrong components took seconds and a gigabyte.
const formsKeyword = "x-forms"

// formsWriter writes a schema's choices between forms with formsKeyword.
type formsWriter struct{ defs map[string]any }

func newFormsWriter(root map[string]any) formsWriter {
	defs, _ := root["$defs"].(map[string]any)
	return formsWriter{defs}
}

func (f formsWriter) write(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = f.write(one)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, one := range v {
			branches, isChoice := one.([]any)
			if isChoice = isChoice && (key == "anyOf" || key == "oneOf"); isChoice && f.areForms(branches) {
				key = formsKeyword
			}
			out[key] = f.write(one)
		}
		return out
	}
	return v
}

func (f formsWriter) areForms(branches []any) bool {
	seen := map[string]bool{}
	for _, b := range branches {
		schema, _ := b.(map[string]any)
		text, err := json.Marshal(tags(f.resolve(schema)))
		if err != nil || string(text) == "{}" || seen[string(text)] {
			return false
		}
		seen[string(text)] = true
	}
	return len(branches) > 1
}

func (f formsWriter) resolve(schema map[string]any) map[string]any {
	for range maxSchemaDepth {
		ref, ok := schema["$ref"].(string)
		if !ok {
			break
		}
		schema, _ = f.defs[strings.TrimPrefix(ref, refPrefix)].(map[string]any)
	}
	return schema
}

// tags are the members that an object must have with one certain value.
func tags(schema map[string]any) map[string]string {
	found := map[string]string{}
	properties, _ := schema["properties"].(map[string]any)
	if schema["type"] != "object" {
		return found
	}
	for _, name := range stringsIn(schema["required"]) {
		property, _ := properties[name].(map[string]any)
		enum, _ := property["enum"].([]any)
		value := property["const"]
		if len(enum) == 1 {
			value = enum[0]
		}
		if text, ok := value.(string); ok {
			found[name] = text
		}
	}
	return found
}

// forms is formsKeyword, compiled.
type forms struct {
	tags     []map[string]string // of each branch
	branches []*jsonschema.Schema
}

func (f *forms) Validate(ctx *jsonschema.ValidatorContext, v any) {
	object, ok := v.(map[string]any)
	if !ok {
		ctx.AddError(&kind.AnyOf{}) // without causes: see explainForms
		return
	}
	for i, want := range f.tags {
		if !hasTags(want, object) {
			continue
		}
		if err := ctx.Validate(f.branches[i], v, nil); err != nil {
			ctx.AddErr(err)
		}
		return
	}
	ctx.AddError(&kind.AnyOf{})
}

func hasTags(want map[string]string, object map[string]any) bool {
	for name, value := range want {
		if text, ok := object[name].(string); !ok || text != value {
			return false
		}
	}
	return true
}

// vocabulary makes formsKeyword one of the validator's.
func (f formsWriter) vocabulary() *jsonschema.Vocabulary {
	return &jsonschema.Vocabulary{
		URL:        "https://schema.invalid/forms",
		Subschemas: []jsonschema.SchemaPath{{jsonschema.Prop(formsKeyword), jsonschema.AllItem{}}},
		Compile: func(ctx *jsonschema.CompilerContext, schema map[string]any) (jsonschema.SchemaExt, error) {
			branches, ok := schema[formsKeyword].([]any)
			if !ok {
				return nil, nil
			}
			compiled := &forms{tags: f.tagsOf(branches)}
			for i := range branches {
				compiled.branches = append(compiled.branches, ctx.Enqueue([]string{formsKeyword, strconv.Itoa(i)}))
			}
			return compiled, nil
		},
	}
}

func (f formsWriter) tagsOf(branches []any) (all []map[string]string) {
	for _, b := range branches {
		schema, _ := b.(map[string]any)
		all = append(all, tags(f.resolve(schema)))
	}
	return all
}

// explainForms explains a value whose tags are those of no form.
func (w *wording) explainForms(branches []any, at jsondoc.Path, value any) {
	object, ok := value.(map[string]any)
	if !ok {
		w.add(at, "%s must be an object, not %s", subject(at), givenKind(at, value))
		return
	}
	all := newFormsWriter(w.schema.root).tagsOf(branches)
	var wrong []map[string][]any
	absent := map[string]bool{}
	for _, want := range all {
		constants := map[string][]any{}
		for name, text := range want {
			given, isGiven := object[name]
			absent[name] = !isGiven
			if given != text {
				constants[name] = []any{text}
			}
		}
		wrong = append(wrong, constants)
	}
	maps.DeleteFunc(absent, func(_ string, isAbsent bool) bool { return !isAbsent })
	if len(absent) > 0 {
		missing := slices.Sorted(maps.Keys(absent))
		for i := range missing {
			missing[i] = jsondoc.Quote(missing[i])
		}
		w.add(at, "%s needs %s", subject(at), strings.Join(missing, " and "))
		return
	}
	if w.explainWrong(wrong, at, object) {
		return
	}
	// No form is near: the first member that is wrong in all of them.
	for _, name := range slices.Sorted(maps.Keys(all[0])) {
		var values []any
		fits := false
		for _, want := range all {
			text, ok := want[name]
			fits = fits || ok && object[name] == any(text)
			if ok && !slices.Contains(values, any(text)) {
				values = append(values, text)
			}
		}
		if !fits {
			here := at.With(jsondoc.Member(name))
			w.add(here, "%s must be %s, not %s", here, describeEnum(values), given(object[name]))
			return
		}
	}
	w.add(at, "%s fits none of the forms allowed here", subject(at))
}
