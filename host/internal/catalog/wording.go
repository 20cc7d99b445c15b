package catalog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/suggest"
)

// wording turns the validator's structured errors into sentences. It never uses the validator's own text, which names
// JSON pointers and Go values and repeats given values without limit.
type wording struct {
	schema    *toolSchema
	tool      *Tool
	arguments any
	problems  []placedProblem
	more      int // problems beyond maxExplained, which are counted alone
}

// maxExplained bounds the work for arguments in which everything is wrong. It is far above what an error lists.
const maxExplained = 500

func (w *wording) add(at jsondoc.Path, format string, args ...any) {
	w.problems = append(w.problems, placedProblem{at, fmt.Sprintf(format, args...)})
}

func (w *wording) explain(e *jsonschema.ValidationError) {
	if len(w.problems) >= maxExplained {
		w.more++
		return
	}
	at, value := locate(w.arguments, e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		// In the order of the arguments, so that of many problems always the same are told.
		slices.SortStableFunc(e.Causes, func(a, b *jsonschema.ValidationError) int {
			return slices.CompareFunc(a.InstanceLocation, b.InstanceLocation, compareTokens)
		})
		for _, cause := range e.Causes {
			w.explain(cause)
		}
	case *kind.AnyOf:
		w.explainChoice(e, at, value)
	case *kind.OneOf:
		if len(k.Subschemas) > 0 {
			w.add(at, "%s fits more than one of the forms allowed here, and must fit exactly one", at)
			return
		}
		w.explainChoice(e, at, value)
	case *kind.Required:
		for _, name := range k.Missing {
			missing := at.With(jsondoc.Member(name))
			w.add(missing, "missing required argument %s", quotePath(missing))
		}
	case *kind.AdditionalProperties:
		w.explainUnknown(e, at, k.Properties)
	case *kind.DependentRequired:
		for _, name := range k.Missing {
			missing := at.With(jsondoc.Member(name))
			with := at.With(jsondoc.Member(k.Prop))
			w.add(missing, "missing argument %s: it is required together with %s", quotePath(missing), quotePath(with))
		}
	case *kind.UniqueItems:
		one, other := at.With(jsondoc.Item(k.Duplicates[0])), at.With(jsondoc.Item(k.Duplicates[1]))
		w.add(at, "%s and %s are equal: each item may be given once", one, other)
	case *kind.MinProperties, *kind.MaxProperties:
		w.mustBe(e, at, sizeOf(value))
	case *kind.MinItems, *kind.MaxItems:
		w.mustBe(e, at, sizeOf(value))
	case *kind.MinLength, *kind.MaxLength:
		w.mustBe(e, at, sizeOf(value))
	case *kind.Type:
		w.explainType(e, at, value, k.Want)
	case *kind.Enum:
		w.explainEnum(e, at, value, k.Want)
	default:
		// Const, Pattern, Minimum, Maximum, ExclusiveMinimum, ExclusiveMaximum and MultipleOf: describe names the bound.
		w.mustBe(e, at, given(value))
	}
}

// compareTokens orders names and, by their size, indices.
func compareTokens(a, b string) int {
	if isNumber := onlyBytes(a+b, isDigit); isNumber && len(a) != len(b) {
		return cmp.Compare(len(a), len(b))
	}
	return strings.Compare(a, b)
}

// mustBe adds the problem of a value that its schema does not allow. got is left out where it may be a secret.
func (w *wording) mustBe(e *jsonschema.ValidationError, at jsondoc.Path, got string) {
	want := w.schema.describe(w.schema.at(e.SchemaURL))
	if got == "" || underSecret(at) {
		w.add(at, "%s must be %s", subject(at), want)
		return
	}
	w.add(at, "%s must be %s, not %s", subject(at), want, got)
}

func (w *wording) explainType(e *jsonschema.ValidationError, at jsondoc.Path, value any, want []string) {
	got := givenKind(at, value)
	if holdsJSON(value) && (slices.Contains(want, "object") || slices.Contains(want, "array")) {
		got += ": give the value itself, without quotes around it"
	}
	if value == nil {
		got += "; leave it out to keep what is there"
		if slices.Contains(want, "array") {
			got += ", [] clears it"
		}
	}
	w.add(at, "%s must be %s, not %s", subject(at), w.schema.describe(w.schema.at(e.SchemaURL)), got)
}

func (w *wording) explainEnum(e *jsonschema.ValidationError, at jsondoc.Path, value any, want []any) {
	text, ok := value.(string)
	if !ok {
		w.mustBe(e, at, given(value))
		return
	}
	near := suggest.Near(text, stringsIn(want), 1)
	hint := ""
	if len(near) > 0 {
		hint = "; did you mean " + strconv.Quote(near[0]) + "?"
	}
	w.mustBe(e, at, given(text)+hint)
}

// explainUnknown names undeclared arguments together with the declared ones, so that the caller can correct the call.
func (w *wording) explainUnknown(e *jsonschema.ValidationError, at jsondoc.Path, unknown []string) {
	schema, _ := w.schema.at(e.SchemaURL).(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	valid := slices.DeleteFunc(sortedNames(properties), func(name string) bool {
		property, _ := properties[name].(map[string]any)
		return property["readOnly"] == true
	})
	list := "nothing is valid here"
	switch {
	case len(valid) > maxListedNames && w.tool.Folds():
		list = fmt.Sprintf("%s lists the %d that are valid here", describeToolName, len(valid))
	case len(valid) > 0:
		list = "valid here: " + joinSome(valid, 100)
	case len(at) == 0:
		list = "this tool takes no arguments"
	}
	unknown = slices.Sorted(slices.Values(unknown))
	if len(unknown) == 1 {
		here := at.With(jsondoc.Member(unknown[0]))
		near := w.near(unknown[0], valid)
		switch {
		case near != "" && len(valid) > maxListedNames:
			list = "did you mean " + strconv.Quote(near) + "?"
		case near != "":
			list = "did you mean " + strconv.Quote(near) + "? " + list
		}
		w.add(here, "unknown argument %s; %s", quotePath(here), list)
		return
	}
	named := make([]string, len(unknown))
	for i, name := range unknown {
		named[i] = quotePath(at.With(jsondoc.Member(name)))
		if near := w.near(name, valid); near != "" {
			named[i] += " (did you mean " + strconv.Quote(near) + "?)"
		}
	}
	w.add(at.With(jsondoc.Member(unknown[0])), "unknown arguments %s; %s", joinSome(named, 20), list)
}

// maxListedNames is how many valid names an error lists if there is another way to find the one that is meant.
const maxListedNames = 25

// near is the valid name that an unknown one was probably meant as. A name that Auth0 knows is meant as it is: a
// similar one may have another effect.
func (w *wording) near(name string, valid []string) string {
	near := suggest.Near(name, valid, 1)
	if len(near) == 0 || w.tool.auth0Knows(w.schema, name) {
		return ""
	}
	return near[0]
}

// explainChoice explains why a value fits none of several forms. If it is clear which form was meant, it names that
// form's problems; otherwise it lists the forms.
func (w *wording) explainChoice(e *jsonschema.ValidationError, at jsondoc.Path, value any) {
	schema, _ := w.schema.at(e.SchemaURL).(map[string]any)
	if branches, ok := schema[formsKeyword].([]any); ok && len(e.Causes) == 0 {
		w.explainForms(branches, at, value)
		return
	}
	if text, ok := alternatives(e.Causes, len(at)); ok {
		w.add(at, "%s needs %s", subject(at), text)
		return
	}
	if w.explainForm(e.Causes, at, value) {
		return
	}
	if best := w.closest(e.Causes, len(at)); best != nil {
		w.explain(best)
		return
	}
	want := w.schema.describe(w.schema.at(e.SchemaURL))
	if want == anyValue {
		w.add(at, "%s fits none of the forms allowed here", subject(at))
		return
	}
	got := givenKind(at, value)
	if text, ok := value.(string); ok && !underSecret(at) {
		if near := suggest.Near(text, enumOf(e.Causes), 1); len(near) > 0 {
			got += "; did you mean " + strconv.Quote(near[0]) + "?"
		}
	}
	w.add(at, "%s must be %s, not %s", subject(at), want, got)
}

// enumOf are the strings that the branches allow.
func enumOf(branches []*jsonschema.ValidationError) (all []string) {
	for _, b := range branches {
		if k, ok := b.ErrorKind.(*kind.Enum); ok {
			all = append(all, stringsIn(k.Want)...)
		}
	}
	return all
}

// explainForm names the values of the one constant by which a value is of no form, such as "type" in a list of nodes;
// false if there is not just one. A constant that fits few forms says more than one that fits many.
func (w *wording) explainForm(branches []*jsonschema.ValidationError, at jsondoc.Path, value any) bool {
	object, _ := value.(map[string]any)
	wrong := make([]map[string][]any, 0, len(branches))
	for _, b := range branches {
		constants := map[string][]any{}
		wrongConstants(b, len(at), constants)
		if _, ok := branchScore(b, len(at)); ok {
			wrong = append(wrong, constants)
		}
	}
	return w.explainWrong(wrong, at, object)
}

// explainWrong is explainForm for the constants of each form that an object does not have.
func (w *wording) explainWrong(wrong []map[string][]any, at jsondoc.Path, object map[string]any) bool {
	times := map[string]int{}
	for _, constants := range wrong {
		for name := range constants {
			times[name]++
		}
	}
	name := ""
	for _, constants := range wrong {
		if len(constants) == 0 {
			return false
		}
		for one := range constants {
			if len(constants) == 1 && (name == "" || times[one] < times[name]) {
				name = one
			}
		}
	}
	text, ok := object[name].(string)
	if name == "" || !ok {
		return false
	}
	var want []string
	for _, constants := range wrong {
		if len(constants) == 1 {
			want = append(want, stringsIn(constants[name])...)
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	here, hint := at.With(jsondoc.Member(name)), ""
	if near := suggest.Near(text, want, 1); len(near) > 0 && len(want) > 1 {
		hint = "; did you mean " + strconv.Quote(near[0]) + "?"
	}
	for i := range want {
		want[i] = strconv.Quote(want[i])
	}
	list := strings.Join(want, " or ")
	if len(want) > 2 {
		list = "one of " + strings.Join(want, ", ")
	}
	w.add(here, "%s must be %s, not %s%s", here, list, given(text), hint)
	return true
}

// wrongConstants collects the constants of direct members that do not fit, by the member's name.
func wrongConstants(e *jsonschema.ValidationError, depth int, found map[string][]any) {
	var want []any
	switch k := e.ErrorKind.(type) {
	case *kind.Const:
		want = []any{k.Want}
	case *kind.Enum:
		want = k.Want
	case *kind.Group, *kind.Reference, *kind.AllOf:
		for _, cause := range e.Causes {
			wrongConstants(cause, depth, found)
		}
		return
	}
	if want != nil && len(e.InstanceLocation) == depth+1 {
		found[e.InstanceLocation[depth]] = want
	}
}

// closest returns the branch that the value was probably meant to fit: of those that do not fail on the value itself
// (its type or constant), the one whose own constants fit, then the one with the fewest problems; nil if there is
// none.
func (w *wording) closest(branches []*jsonschema.ValidationError, depth int) *jsonschema.ValidationError {
	var best *jsonschema.ValidationError
	bestScore := 0
	for _, b := range branches {
		score, ok := branchScore(b, depth)
		if ok && (best == nil || score < bestScore) {
			best, bestScore = b, score
		}
	}
	return best
}

// branchScore counts a branch's problems. A constant of a direct member that does not fit, such as "type": "flow",
// counts most, since such constants distinguish the forms.
func branchScore(e *jsonschema.ValidationError, depth int) (score int, ok bool) {
	const wrongForm = 1000
	switch e.ErrorKind.(type) {
	case *kind.Type:
		if len(e.InstanceLocation) == depth {
			return 0, false
		}
		return 1, true
	case *kind.Const, *kind.Enum:
		switch len(e.InstanceLocation) {
		case depth:
			return 0, false
		case depth + 1:
			return wrongForm, true
		}
		return 1, true
	case *kind.Group, *kind.Reference, *kind.AllOf:
		for _, cause := range e.Causes {
			part, ok := branchScore(cause, depth)
			if !ok {
				return 0, false
			}
			score += part
		}
		return score, true
	default:
		return 1, true
	}
}

// alternatives describes the case in which every branch only lacks members, as in "needs "id" or "name"".
func alternatives(branches []*jsonschema.ValidationError, depth int) (string, bool) {
	options := make([]string, 0, len(branches))
	for _, b := range branches {
		k, ok := b.ErrorKind.(*kind.Required)
		if !ok || len(b.InstanceLocation) != depth {
			return "", false
		}
		quoted := make([]string, len(k.Missing))
		for i, name := range k.Missing {
			quoted[i] = jsondoc.Quote(name)
		}
		if option := strings.Join(quoted, " and "); !slices.Contains(options, option) {
			options = append(options, option)
		}
	}
	return strings.Join(options, " or "), len(options) > 0
}

// locate follows the validator's location into the arguments. That writes indices and names alike; only the value shows
// which is which.
func locate(v any, tokens []string) (jsondoc.Path, any) {
	at := make(jsondoc.Path, 0, len(tokens))
	for _, token := range tokens {
		switch container := v.(type) {
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(container) {
				return at, nil
			}
			at, v = append(at, jsondoc.Item(i)), container[i]
		case map[string]any:
			at, v = append(at, jsondoc.Member(token)), container[token]
		default:
			return at, nil
		}
	}
	return at, v
}

// at returns the part of the schema that a validation error names: the text
// after "#" is a JSON pointer, percent-encoded.
func (s *toolSchema) at(schemaLocation string) any {
	_, fragment, _ := strings.Cut(schemaLocation, "#")
	pointer, err := url.PathUnescape(fragment)
	if err != nil {
		return nil
	}
	var v any = s.root
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if pointer == "" {
			break
		}
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch container := v.(type) {
		case map[string]any:
			v = container[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(container) {
				return nil
			}
			v = container[i]
		default:
			return nil
		}
	}
	return v
}

// subject is how a sentence about the value at l begins.
func subject(l jsondoc.Path) string {
	if len(l) == 0 {
		return "the arguments"
	}
	return l.String()
}

// quotePath quotes a path without escaping the quotes inside it.
func quotePath(l jsondoc.Path) string {
	if len(l) == 1 {
		if name, ok := l[0].Name(); ok {
			return jsondoc.Quote(name)
		}
	}
	return `"` + l.String() + `"`
}

// given is a value of the caller, shortened; an array or an object only by its kind.
func given(v any) string {
	switch v := v.(type) {
	case string:
		if holdsJSON(v) {
			return "a string that holds JSON"
		}
		return jsondoc.Quote(v)
	case json.Number:
		if text := v.String(); len(text) > jsondoc.MaxQuoted {
			return text[:jsondoc.MaxQuoted] + "…"
		}
		return v.String()
	default:
		return kindOf(v)
	}
}

// givenKind is the kind of a value of the caller, and the value unless it may be a secret.
func givenKind(at jsondoc.Path, v any) string {
	text, isString := v.(string)
	switch {
	case underSecret(at):
		return kindOf(v)
	case isString && !holdsJSON(v):
		return "a string (" + jsondoc.Quote(text) + ")"
	default:
		return given(v)
	}
}

// holdsJSON reports whether v is a string with a JSON object or array in it. Such a string is never quoted: a member
// in it may be a secret, which no name in the path shows.
func holdsJSON(v any) bool {
	text, _ := v.(string)
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

func joinSome(list []string, limit int) string {
	if len(list) <= limit {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s, … (%d in all)", strings.Join(list[:limit], ", "), len(list))
}
