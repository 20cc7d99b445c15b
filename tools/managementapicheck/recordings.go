package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// recording is a request that was sent to Auth0, and its answer.
type recording struct {
	Source, Method, Path string
	Body                 any
	Status               int
	Response             any
}

func readRecordings(dir string) (out []recording, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		recordings, err := readRecording(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, recordings...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no recordings", dir)
	}
	return out, nil
}

func readRecording(path string) (out []recording, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		var r recording
		if err := json.Unmarshal(scanner.Bytes(), &r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, scanner.Err()
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
func play(recordings []recording) (out []finding, bodies int) {
	p := &player{counts: map[string]int{}, what: map[string]string{}}
	for _, r := range recordings {
		if r.Status >= 200 && r.Status <= 299 {
			p.play(r)
		}
	}
	for at, n := range p.counts {
		out = append(out, finding{at, fmt.Sprintf("%s (%d times)", p.what[at], n)})
	}
	slices.SortFunc(out, func(a, b finding) int { return strings.Compare(a.at, b.at) })
	return out, p.bodies
}

func (p *player) play(r recording) {
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
