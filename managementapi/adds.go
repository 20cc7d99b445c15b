package managementapi

import (
	_ "embed"
	"regexp"
	"strings"
)

// Written by tools/managementapigen: a line for each operation that only adds, in order of
// their names, with "{}" for each parameter.
//
//go:embed onlyadds.txt
var onlyAddsFile string

var parameterName = regexp.MustCompile(`\{[^{}]*\}`)

// OnlyAdds is [Operation.OnlyAdds] of the operation with this method and path, such as
// "POST /api/v2/roles/{id}/users", and of every other whose path its parameters can stand for; their names
// do not matter. Of what is no operation it is false. It unpacks no facts, because it is asked
// for each tool before a session begins.
func OnlyAdds(name string) bool {
	name = parameterName.ReplaceAllString(name, "{}")
	return !strings.Contains(name, "\n") && strings.Contains("\n"+onlyAddsFile, "\n"+name+"\n")
}
