// Command managementapicheck compares the facts of managementapi with what others say of Auth0's
// Management API. It reports what no row of known.txt explains, and rows that explain nothing.
//
//	managementapicheck -reference DIR [-suggest]
//
// DIR holds management-api/operations.jsonl (method, path, scopes, lifecycle, one a line),
// management-api/openapi.json (a description in OpenAPI 3.1), and recordings/*.jsonl (requests that were
// sent to Auth0, with method, path, body, status, response). With -suggest it prints the lines for
// managementapigen/tables/limits.txt that the description would add.
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed known.txt
var knownFile string

func main() {
	reference := flag.String("reference", "", "folder of the description and the recordings")
	suggest := flag.Bool("suggest", false, "print lines for limits.txt")
	flag.Parse()
	if *reference == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(os.Stdout, *reference, *suggest); err != nil { //nolint:forbidigo // a program for a terminal
		fmt.Fprintln(os.Stderr, "managementapicheck:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, reference string, suggest bool) error {
	description := filepath.Join(reference, "management-api")
	api, err := readOpenAPI(description)
	if err != nil {
		return err
	}
	differences := compare(api)
	if suggest {
		for _, d := range differences {
			if d.same {
				fmt.Fprintf(out, "%s: %s\n", d.at, d.theirs)
			}
		}
		return nil
	}
	var findings []finding
	for _, d := range differences {
		what := fmt.Sprintf("we have %s, the description %s", d.ours, d.theirs)
		findings = append(findings, finding{"schema " + d.at, what})
	}
	listed, err := operations(filepath.Join(description, "operations.jsonl"))
	if err != nil {
		return err
	}
	recordings, err := readRecordings(filepath.Join(reference, "recordings"))
	if err != nil {
		return err
	}
	played, bodies := play(recordings)
	findings = slices.Concat(findings, listed, played, render())
	fmt.Fprintf(out, "%d differences of schemas, %d of operations; %d recordings with %d bodies, %d findings\n",
		len(differences), len(listed), len(recordings), bodies, len(played))
	return report(out, findings)
}

// A finding is something at which the facts and a reference disagree.
type finding struct{ at, what string }

// report prints the findings that no row of known.txt explains.
func report(out io.Writer, findings []finding) error {
	rows, err := known()
	if err != nil {
		return err
	}
	unexplained := 0
	for _, f := range findings {
		explained := false
		for i := range rows {
			if glob(rows[i].pattern, f.at) {
				explained = true
				rows[i].used = true
			}
		}
		if !explained {
			unexplained++
			fmt.Fprintf(out, "%s: %s\n", f.at, f.what)
		}
	}
	for _, row := range rows {
		if !row.used {
			unexplained++
			fmt.Fprintf(out, "known.txt: nothing is %s\n", row.pattern)
		}
	}
	if unexplained > 0 {
		return fmt.Errorf("%d differences are not explained", unexplained)
	}
	fmt.Fprintf(out, "all explained by %d rows\n", len(rows))
	return nil
}

type knownRow struct {
	pattern string
	used    bool
}

func known() (rows []knownRow, err error) {
	for line := range strings.Lines(knownFile) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		pattern, reason, ok := strings.Cut(line, ": ")
		if !ok || reason == "" {
			return nil, errors.New("known.txt: no reason in " + line)
		}
		rows = append(rows, knownRow{pattern: pattern})
	}
	return rows, nil
}

// glob matches a text with a pattern in which "*" is any text.
func glob(pattern, text string) bool {
	first, rest, found := strings.Cut(pattern, "*")
	text, ok := strings.CutPrefix(text, first)
	if !ok || !found {
		return ok && text == ""
	}
	for i := range len(text) + 1 {
		if glob(rest, text[i:]) {
			return true
		}
	}
	return false
}
