// Package logevent knows the types of Auth0's log events, and searches them.
package logevent

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

// Meaning is what a type stands for, in a few words. It never fails: Auth0 adds types before they are listed anywhere.
func Meaning(code string) string {
	if m, ok := meanings[code]; ok {
		return m
	}
	return "Not described here"
}

var wellFormedCode = regexp.MustCompile(`^[a-z0-9_]+$`)

// Codes are the types that a name stands for, such as failed_login, or the type itself. A well-formed type that is not
// listed passes, since Auth0 adds types before they are listed anywhere: [Doubt] says so if nothing is found. Otherwise
// the error lists the names.
func Codes(nameOrCode string) ([]string, error) {
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

// Doubt is what to say when nothing was found under a type that is not known here: "no failed logins" must not be the
// answer to a misspelt name. It is empty for types and names that are known.
func Doubt(nameOrCode string) string {
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
