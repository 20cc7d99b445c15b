package redact

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// generator makes documents of a schema, with another value in each of their places. Of several alternatives it takes
// one by its choice.
type generator struct {
	choice, values int
	alternatives   int // the most that a value had
	within         map[string]bool
}

func (g *generator) next() int {
	g.values++
	return 100_000 + g.values*7
}

// value is a value of a schema; nil where the schema contains itself.
func (g *generator) value(s *managementapi.Schema) any {
	switch s.Kind {
	case managementapi.KindRef:
		if g.within[s.Ref] {
			return nil
		}
		g.within[s.Ref] = true
		defer delete(g.within, s.Ref)
		return g.value(s.Resolve())
	case managementapi.KindUnion:
		g.alternatives = max(g.alternatives, len(s.AnyOf))
		return g.value(s.AnyOf[g.choice%len(s.AnyOf)])
	case managementapi.KindArray:
		if s.Items == nil {
			return []any{g.text()}
		}
		return []any{g.value(s.Items), g.value(s.Items)}
	case managementapi.KindObject:
		object := map[string]any{}
		for _, m := range s.Members {
			object[m.Name] = g.value(m.Schema)
		}
		if s.Rest != nil {
			object[fmt.Sprint("unnamed", g.next())] = g.value(s.Rest)
		}
		return object
	case managementapi.KindInteger, managementapi.KindNumber:
		if len(s.Enum) > 0 {
			return s.Enum[0]
		}
		return g.next()
	case managementapi.KindBoolean:
		return true
	case managementapi.KindNull:
		return nil
	}
	if len(s.Enum) > 0 {
		return s.Enum[g.choice%len(s.Enum)]
	}
	return g.text()
}

func (g *generator) text() string { return fmt.Sprint("Value", g.next(), "of it") }

// leaves are the strings and numbers of a document by their paths.
func leaves(document any) map[string]string {
	out := map[string]string{}
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, one := range value {
				walk(at+"/"+name, one)
			}
		case []any:
			for i, one := range value {
				walk(at+"/"+strconv.Itoa(i), one)
			}
		case string:
			out[at] = value
		case float64, json.Number:
			out[at] = fmt.Sprint(value)
		}
	}
	walk("", document)
	return out
}

// Of the answer and the body of every operation, exactly the members that the facts mark are hidden, though what hides
// them in the end knows the values alone, and members' names.
func TestSecretsOfEveryOperation(t *testing.T) {
	secrets, documents := 0, 0
	faults := map[string]bool{}
	for o := range managementapi.All() {
		for what, schema := range map[string]*managementapi.Schema{"answer": o.Answer, "body": o.Body} {
			if schema == nil {
				continue
			}
			for choice, alternatives := 0, 1; choice < alternatives; choice++ {
				g := &generator{choice: choice, alternatives: alternatives, within: map[string]bool{}}
				doc, err := json.Marshal(g.value(schema))
				if err != nil {
					t.Fatal(err)
				}
				documents++
				alternatives = g.alternatives
				secrets += checkOperation(t, schema, doc, func(at, fault string) {
					faults[fmt.Sprintf("%s %s %s %s", o.Name(), what, withoutItems(at), fault)] = true
				})
			}
		}
	}
	for _, fault := range slices.Sorted(maps.Keys(faults)) {
		t.Error(fault)
	}
	if documents < 900 || secrets < 1_000 {
		t.Errorf("%d secrets in %d documents", secrets, documents)
	}
}

func withoutItems(at string) string {
	var names []string
	for name := range strings.SplitSeq(at, "/") {
		if _, err := strconv.Atoi(name); err != nil {
			names = append(names, name)
		}
	}
	return strings.Join(names, "/")
}

func checkOperation(t *testing.T, schema *managementapi.Schema, doc []byte, fault func(at, what string)) (secrets int) {
	t.Helper()
	var before, after any
	if err := json.Unmarshal(doc, &before); err != nil {
		t.Fatal(err)
	}
	marked := map[string]bool{}
	for found := range schema.Secrets(before) {
		for at := range leaves(found.Value) {
			marked["/"+strings.Join(found.Path, "/")+at] = true
		}
	}
	checkIdentity(t, Key{1}, schema, string(doc))
	noted, _ := noteAll(t, Key{1}, schema, string(doc))
	hidden := clean(t, new(Redactor).With(noted), string(doc))
	if err := json.Unmarshal([]byte(hidden), &after); err != nil {
		t.Fatal(err)
	}
	shown, was := leaves(after), leaves(before)
	for at, value := range was {
		switch {
		case marked[at] && !isMarker(shown[at]):
			fault(at, "is shown")
		case marked[at] && shown[at] == Marker:
			fault(at, "has no fingerprint")
		case marked[at]:
			secrets++
		case shown[at] != value:
			fault(at, "is hidden")
		}
	}
	if again := clean(t, new(Redactor).With(noted), hidden); again != hidden {
		fault("", "is hidden twice")
	}
	return secrets
}
