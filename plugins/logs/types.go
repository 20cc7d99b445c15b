package logs

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// meanings says what each event code stands for, groups which codes a name stands for.
var meanings, groups = indexed(eventTypes)

func indexed(types []eventType) (meanings map[string]string, groups map[string][]string) {
	meanings, groups = map[string]string{}, map[string][]string{}
	for _, t := range types {
		meanings[t.code] = t.meaning
		for name := range strings.FieldsSeq(t.groups) {
			groups[name] = append(groups[name], t.code)
		}
	}
	return meanings, groups
}

// meaning never fails: Auth0 adds codes before they are listed anywhere.
func meaning(code string) string {
	if m, ok := meanings[code]; ok {
		return m
	}
	return "Not described here"
}

var wellFormedCode = regexp.MustCompile(`^[a-z0-9_]+$`)

// codesOf resolves a name or a code. A well-formed code that is not listed passes,
// since Auth0 adds codes before they are listed anywhere: doubt says so if nothing
// is found.
func codesOf(nameOrCode string) ([]string, error) {
	name := strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(nameOrCode)))
	if codes, ok := groups[name]; ok {
		return codes, nil
	}
	if code := strings.ToLower(strings.TrimSpace(nameOrCode)); wellFormedCode.MatchString(code) {
		return []string{code}, nil
	}
	return nil, sdk.InvalidArgument("type %q is neither an event code nor one of the names: %s", nameOrCode,
		strings.Join(slices.Sorted(maps.Keys(groups)), ", "))
}

// doubt is what to say when nothing was found under a type that is not known here:
// "no failed logins" must not be the answer to a misspelt name.
func doubt(nameOrCode string) string {
	name := strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(nameOrCode)))
	if _, ok := groups[name]; ok {
		return ""
	}
	if _, ok := meanings[name]; ok {
		return ""
	}
	return fmt.Sprintf("type %s is not known here and may be misspelt; the names are: %s", name,
		strings.Join(slices.Sorted(maps.Keys(groups)), ", "))
}
