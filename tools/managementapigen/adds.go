package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	adding    = []byte(`,"adds":true`)
	parameter = regexp.MustCompile(`\{[^}]*\}`)
)

// onlyAdds lists the operations that only add, of lines of operations.txt, with "{}" for each parameter. It refuses one
// whose parameters could stand for what another operation has there, if that does more.
func onlyAdds(operations []byte) ([]byte, error) {
	var adds, others []string
	for line := range bytes.Lines(operations) {
		name, facts, _ := strings.Cut(string(line), "\t")
		name = parameter.ReplaceAllString(name, "{}")
		if strings.Contains(facts, string(adding)) {
			adds = append(adds, name)
		} else {
			others = append(others, name)
		}
	}
	slices.Sort(adds)
	for _, name := range adds {
		for _, other := range others {
			if covers(name, other) {
				return nil, fmt.Errorf("%s only adds, and %s, which it covers, does not", name, other)
			}
		}
	}
	return []byte(strings.Join(adds, "\n") + "\n"), nil
}

// covers reports whether a request of the one can be a request of the other.
func covers(pattern, name string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(name, "/")
	return slices.EqualFunc(a, b, func(a, b string) bool { return a == b || a == "{}" })
}
