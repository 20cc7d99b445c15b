package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/tools/internal/reference"
)

func readRecordings(dir string) (all []reference.Request, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		recorded, err := reference.Read(path)
		if err != nil {
			return nil, err
		}
		all = append(all, recorded...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no recordings", dir)
	}
	return all, nil
}

var position = regexp.MustCompile(`/[0-9]+(/|$)`)

// withoutPositions is a JSON Pointer whose positions of items are "*".
func withoutPositions(pointer string) string {
	for position.MatchString(pointer) {
		pointer = position.ReplaceAllString(pointer, "/*$1")
	}
	return pointer
}

// player checks recordings with the facts. A finding is kept once, with how often it was made.
type player struct {
	counts map[string]int
	what   map[string]string
	bodies int
}

func (p *player) add(at, what string) {
	p.counts[at]++
	p.what[at] = what
}

func (p *player) problems(at string, problems []managementapi.Problem) {
	for _, problem := range problems {
		p.add(fmt.Sprintf("%s %s %s", at, withoutPositions(problem.At), problem.Fault), "want "+problem.Want)
	}
}

// play checks what Auth0 answered with 2xx: paths, queries, bodies, and the answers themselves.
func play(recordings []reference.Request) (out []reference.Finding, bodies int) {
	p := &player{counts: map[string]int{}, what: map[string]string{}}
	for _, r := range recordings {
		if r.Status >= 200 && r.Status <= 299 {
			p.play(r)
		}
	}
	for at, n := range p.counts {
		out = append(out, reference.Finding{At: at, What: fmt.Sprintf("%s (%d times)", p.what[at], n)})
	}
	slices.SortFunc(out, func(a, b reference.Finding) int { return strings.Compare(a.At, b.At) })
	return out, p.bodies
}

func (p *player) play(r reference.Request) {
	path, query, _ := strings.Cut(r.Path, "?")
	o, parameters, ok := managementapi.Lookup(r.Method, path)
	if !ok {
		p.add(fmt.Sprintf("request %s %s", r.Method, path), "there is no such operation")
		return
	}
	at := "request " + o.Name()
	p.problems(at+" path", o.CheckPath(parameters))
	values, err := url.ParseQuery(query)
	if err != nil {
		p.add(at+" query", err.Error())
	}
	p.problems(at+" query", o.CheckQuery(values))
	switch {
	case r.Body == nil && o.BodyRequired:
		p.add(at+" body", "is required")
	case r.Body == nil:
	case o.Body == nil:
		p.add(at+" body", "takes none")
	default:
		p.bodies++
		p.problems(at+" body", o.Body.Check(r.Body))
		if what := agree(o.Body, r.Body); what != "" {
			p.add(at+" library", what)
		}
	}
	at = "answer " + o.Name()
	switch {
	case o.Answer != nil:
		p.problems(at, o.Answer.Check(r.Response))
	case r.Response != nil && r.Response != "":
		p.add(at, "has none")
	}
}
