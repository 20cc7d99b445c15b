package pluginv1

import (
	"fmt"
	"strings"
)

// AnyField is the field path that stands for every text of an answer.
const AnyField = "*"

// FieldPath is one entry of ToolManifest.Untrusted: a part of a tool's answer,
// with all that is in it.
type FieldPath struct {
	text  string
	steps []string
}

// isFieldName tells whether a text has letters, digits, underscores and dashes only.
func isFieldName(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return text != ""
}

// ParseFieldPath reads a path such as "logs[].user_agent": names of members from
// the top of the answer, joined by dots, where "[]" behind a name stands for each
// item of a list. "*" stands for the whole answer.
func ParseFieldPath(path string) (FieldPath, error) {
	p := FieldPath{text: path}
	if path == AnyField {
		return p, nil
	}
	p.steps = make([]string, 0, strings.Count(path, ".")+1+strings.Count(path, "[]"))
	for i, rest, more := 0, path, true; more; i++ {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		name := strings.TrimRight(part, "[]")
		lists := strings.Count(part, "[]")
		// A path begins with a list only if the answer is one.
		named := isFieldName(name) || name == "" && i == 0 && lists > 0
		if !named || part[len(name):] != strings.Repeat("[]", lists) {
			return FieldPath{}, fmt.Errorf("field path %q: want names joined by dots, [] behind a list's, such as "+
				"\"logs[].user_agent\", or %q for every field", path, AnyField)
		}
		if name != "" {
			p.steps = append(p.steps, name)
		}
		for range lists {
			p.steps = append(p.steps, "[]")
		}
	}
	return p, nil
}

// String is the path as it was declared.
func (p FieldPath) String() string { return p.text }

// Steps lead from the top of an answer to the field: a member's name, or "[]"
// for each item of a list. None: the whole answer.
func (p FieldPath) Steps() []string { return p.steps }
