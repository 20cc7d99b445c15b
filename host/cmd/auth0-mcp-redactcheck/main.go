// Command auth0-mcp-redactcheck runs recorded requests of the Management API and their answers through redaction. It
// prints what is hidden, member by member, and fails for values that look like secrets and pass, unless a row of
// known.txt explains them.
//
//	auth0-mcp-redactcheck DIR
//
// DIR holds *.jsonl: a request a line, with method, path, body, status and response. A recorded "[REDACTED]" stands for
// a secret that whoever recorded it hid.
package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

//go:embed known.txt
var knownFile string

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: auth0-mcp-redactcheck DIR")
		os.Exit(2)
	}
	if err := run(os.Stdout, os.Args[1]); err != nil { //nolint:forbidigo // a program for a terminal
		fmt.Fprintln(os.Stderr, "auth0-mcp-redactcheck:", err)
		os.Exit(1)
	}
}

type recording struct {
	Method, Path   string
	Body, Response json.RawMessage
	Status         int
}

func run(out io.Writer, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return err
	}
	c := &check{hidden: map[string]int{}, passed: map[string]string{}}
	for _, file := range files {
		if err := c.file(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	if c.documents == 0 {
		return fmt.Errorf("%s: no recordings", dir)
	}
	fmt.Fprintf(out, "hidden in %d documents:\n", c.documents)
	for _, at := range slices.Sorted(maps.Keys(c.hidden)) {
		fmt.Fprintf(out, "  %s (%d times)\n", at, c.hidden[at])
	}
	return c.report(out)
}

// check collects what is hidden, by member, and an example of what passes.
type check struct {
	documents int
	hidden    map[string]int
	passed    map[string]string
}

func (c *check) file(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r recording
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		escaped, _, _ := strings.Cut(r.Path, "?")
		o, _, ok := managementapi.Lookup(r.Method, escaped)
		if !ok {
			o = &managementapi.Operation{Method: r.Method, Path: escaped}
		}
		answer := o.Answer
		if r.Status >= 300 {
			answer = nil
		}
		if err := errors.Join(c.document(o.Name()+" body", o.Body, r.Body),
			c.document(o.Name()+" answer", answer, r.Response)); err != nil {
			return err
		}
	}
	return lines.Err()
}

// document checks that a document's secrets are hidden by value, as in what a tool makes of it.
func (c *check) document(at string, schema *managementapi.Schema, document []byte) error {
	if len(document) == 0 || string(document) == "null" {
		return nil
	}
	c.documents++
	document, err := withValues(document)
	if err != nil {
		return err
	}
	var noted redact.Noted
	key := redact.NewKey()
	for _, s := range redact.Secrets(schema, document) {
		if !noted.Add(s, key.Marker(redact.Place{Resource: at, Member: s.Member}, s.Value)) {
			return errors.New("too many secrets")
		}
		c.hidden[at+" "+s.Member]++
	}
	clean, _, err := new(redact.Redactor).With(&noted).Clean(document)
	if err != nil {
		return err
	}
	var shown any
	if err := json.Unmarshal(clean, &shown); err != nil {
		return err
	}
	c.passing(at+" ", "", shown)
	return nil
}

// passing collects what looks like a secret of what is shown.
func (c *check) passing(at, name string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, one := range value {
			c.passing(at+"/"+name, name, one)
		}
	case []any:
		for _, one := range value {
			c.passing(at, name, one)
		}
	case string:
		if looksSecret(name, value) {
			c.passed[at] = value
		}
	}
}

// report prints what passes, and rows that explain nothing.
func (c *check) report(out io.Writer) error {
	rows := map[string]bool{}
	for line := range strings.Lines(knownFile) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		pattern, reason, ok := strings.Cut(line, ": ")
		if !ok || reason == "" {
			return errors.New("known.txt: no reason in " + line)
		}
		rows[pattern] = false
	}
	unexplained := 0
	for _, at := range slices.Sorted(maps.Keys(c.passed)) {
		explained := false
		for row := range rows {
			if known(row, at) {
				rows[row], explained = true, true
			}
		}
		if !explained {
			unexplained++
			fmt.Fprintf(out, "passes: %s: %.80q\n", at, c.passed[at])
		}
	}
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		if !rows[row] {
			unexplained++
			fmt.Fprintf(out, "known.txt: nothing is %s\n", row)
		}
	}
	if unexplained > 0 {
		return fmt.Errorf("%d values are not explained", unexplained)
	}
	return nil
}

// known compares the end of a member's path with a pattern, segment by segment.
func known(pattern, at string) bool {
	_, member, _ := strings.Cut(at, " /api/")
	names, want := strings.Split(member, "/"), strings.Split(pattern, "/")
	if len(names) < len(want) {
		return false
	}
	for i, segment := range want {
		if ok, _ := path.Match(segment, names[len(names)-len(want)+i]); !ok {
			return false
		}
	}
	return true
}
