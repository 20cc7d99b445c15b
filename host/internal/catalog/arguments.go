package catalog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	maxArgumentBytes = 1 << 20
	// maxProblems is how many problems one error lists: more do not help to fix the call, and every answer costs tokens.
	maxProblems = 20
)

// ArgumentError lists everything that is wrong with a call's arguments, for the author of the call. It never repeats
// values under names that suggest a secret.
type ArgumentError struct {
	Tool     string
	Problems []ArgumentProblem
	// More is how many problems there are beyond those, which were only counted.
	More int
}

// ArgumentProblem is one thing that is wrong with a call's arguments.
type ArgumentProblem struct {
	// Path is where, such as jwt_configuration.alg; empty for the arguments as a
	// whole.
	Path string
	// Text is what, a clause that names the path.
	Text string
}

func (e *ArgumentError) Error() string {
	if len(e.Problems) == 1 {
		return fmt.Sprintf("invalid arguments for %s: %s", e.Tool, e.Problems[0].Text)
	}
	var b strings.Builder
	all := len(e.Problems) + e.More
	fmt.Fprintf(&b, "invalid arguments for %s, %d problems:", e.Tool, all)
	for i, p := range e.Problems {
		if i == maxProblems {
			fmt.Fprintf(&b, "\n- … and %d more", all-maxProblems)
			break
		}
		b.WriteString("\n- " + p.Text)
	}
	return b.String()
}

// CheckArguments checks a call's arguments against the tool's input schema; nil, empty and null raw stand for {}. It
// returns them as they are meant (see normalizer): this is what is approved and what the plugin gets. The error is an
// *ArgumentError, or says that the schema itself is unusable.
//
// Beyond the schema it refuses documents over 1 MiB, those that readers understand differently (package jsondoc) and,
// for a tool that changes the tenant, markers of hidden values that cannot be put back: plain ones, and all of them if
// the tool only makes new things.
func (t *Tool) CheckArguments(raw json.RawMessage) (json.RawMessage, error) {
	fault := func(problems ...ArgumentProblem) error { return &ArgumentError{Tool: t.Name, Problems: problems} }
	value, problem := decodeArguments(raw)
	if problem != nil {
		return nil, fault(*problem)
	}
	schema, err := t.compile()
	if err != nil {
		return nil, fmt.Errorf("tool %s of plugin %s cannot be called, its manifest is faulty: %w",
			t.Name, t.Plugin.Name, err)
	}
	meant := json.RawMessage(`{}`)
	if len(value) > 0 {
		given := bytes.TrimSpace(raw)
		meant, problem = normalizer{schema, takesAbsence(t.ToolManifest)}.arguments(given)
		if problem == nil && !same(meant, given) {
			value, problem = decodeArguments(meant)
		}
		if problem != nil {
			return nil, fault(*problem)
		}
	}
	var problems []ArgumentProblem
	if t.Effect != pluginv1.EffectRead {
		problems = t.appendMarkers(problems, nil, value)
	}
	more := 0
	var invalid *jsonschema.ValidationError
	if err := schema.compiled.Validate(value); errors.As(err, &invalid) {
		w := wording{schema: schema, arguments: value, tool: t}
		if invalid = withoutMarkers(invalid, value); invalid != nil {
			w.explain(invalid)
		}
		problems, more = append(problems, w.sorted()...), w.more
	} else if err != nil {
		return nil, fmt.Errorf("tool %s of plugin %s: checking the arguments: %w", t.Name, t.Plugin.Name, err)
	}
	if len(problems) > 0 {
		return nil, &ArgumentError{Tool: t.Name, Problems: problems, More: more}
	}
	return meant, nil
}

func decodeArguments(raw json.RawMessage) (map[string]any, *ArgumentProblem) {
	// Some clients send null for a call without arguments.
	if text := bytes.TrimSpace(raw); len(text) == 0 || string(text) == "null" {
		return map[string]any{}, nil
	}
	if len(raw) > maxArgumentBytes {
		return nil, &ArgumentProblem{Text: fmt.Sprintf("the arguments are larger than %d bytes", maxArgumentBytes)}
	}
	value, err := jsondoc.Decode(raw)
	if err != nil {
		var fault *jsondoc.Error
		if errors.As(err, &fault) && len(fault.Path) > 0 {
			return nil, &ArgumentProblem{Path: fault.Path.String(), Text: fault.Error()}
		}
		return nil, &ArgumentProblem{Text: "the arguments are refused: " + err.Error()}
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, &ArgumentProblem{Text: fmt.Sprintf("the arguments must be a JSON object, not %s", kindOf(value))}
	}
	return object, nil
}

// placedProblem keeps the path of a problem, by which problems are sorted.
type placedProblem struct {
	at   jsondoc.Path
	text string
}

// sorted returns the problems in the order of their paths, each once: the validator walks objects in random order and
// may find one fault through two keywords.
func (w *wording) sorted() []ArgumentProblem {
	slices.SortFunc(w.problems, func(a, b placedProblem) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.text, b.text))
	})
	problems := make([]ArgumentProblem, 0, len(w.problems))
	for _, p := range w.problems {
		problems = append(problems, ArgumentProblem{Path: p.at.String(), Text: p.text})
	}
	return slices.Compact(problems)
}
