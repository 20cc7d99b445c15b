package pluginv1

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// PathRule is one entry of ToolManifest.Paths: a method and a path in which
// "{name}" stands for exactly one non-empty segment.
type PathRule struct {
	method   string
	segments []string
}

// ParsePathRule reads a rule such as "GET /api/v2/clients/{id}". Its path is written
// without escapes.
func ParsePathRule(rule string) (PathRule, error) {
	method, path, ok := strings.Cut(rule, " ")
	if !ok || !slices.Contains(EffectDestroy.Methods(), method) {
		return PathRule{}, fmt.Errorf("path rule %q: want a method and a path, such as \"GET %sclients/{id}\"", rule,
			BasePath)
	}
	rest, ok := strings.CutPrefix(path, BasePath)
	if !ok || strings.ContainsAny(rest, " ?#%\\") {
		return PathRule{}, fmt.Errorf("path rule %q: the path must lie below %s, without query, fragment or escapes", rule,
			BasePath)
	}
	segments := strings.Split(rest, "/")
	plain := len(path) <= MaxPathBytes
	for _, s := range segments {
		name, isParam := strings.CutPrefix(s, "{")
		name, closed := strings.CutSuffix(name, "}")
		if s == "" || isParam != closed || strings.ContainsAny(name, "{}") || (isParam && !isFieldName(name)) {
			return PathRule{}, fmt.Errorf("path rule %q: %q is not a segment: want a name or {name}", rule, s)
		}
		plain = plain && isFieldName(name)
	}
	if !plain {
		if err := checkExample(segments); err != nil {
			return PathRule{}, fmt.Errorf("path rule %q: %w", rule, err)
		}
	}
	return PathRule{method: method, segments: segments}, nil
}

// checkExample checks a path that fits a rule with these segments.
func checkExample(segments []string) error {
	example := slices.Clone(segments)
	for i, s := range example {
		if s[0] == '{' {
			example[i] = "x"
		}
	}
	fits, err := NewPath(example...)
	if err != nil {
		return err
	}
	if fits.String() != BasePath+strings.Join(example, "/") {
		return errors.New("its path holds a character that must be escaped")
	}
	return nil
}

// Method is the rule's HTTP method.
func (r PathRule) Method() string { return r.method }

// Match reports whether a request fits the rule. Decoded segments are compared: a
// slash inside an id does not end its segment. A rule for GET also allows HEAD.
func (r PathRule) Match(method string, path Path) bool {
	if method != r.method && (method != http.MethodHead || r.method != http.MethodGet) {
		return false
	}
	got := path.Segments()
	if len(got) != len(r.segments) {
		return false
	}
	for i, want := range r.segments {
		if want[0] != '{' && got[i] != want {
			return false
		}
	}
	return true
}

// Methods are the HTTP methods that a tool of this effect may send; none for an
// effect that does not exist.
func (e Effect) Methods() []string {
	switch e {
	case EffectRead:
		return []string{http.MethodGet, http.MethodHead}
	case EffectWrite:
		return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch}
	case EffectDestroy:
		return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	}
	return nil
}
