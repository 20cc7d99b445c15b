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
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/tools/internal/reference"
)

//go:embed known.txt
var knownFile string

func main() {
	dir := flag.String("reference", "", "folder of the description and the recordings")
	suggest := flag.Bool("suggest", false, "print lines for limits.txt")
	flag.Parse()
	if *dir == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(os.Stdout, *dir, *suggest); err != nil { //nolint:forbidigo // a program for a terminal
		fmt.Fprintln(os.Stderr, "managementapicheck:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, dir string, suggest bool) error {
	description := filepath.Join(dir, "management-api")
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
	var findings []reference.Finding
	for _, d := range differences {
		what := fmt.Sprintf("we have %s, the description %s", d.ours, d.theirs)
		findings = append(findings, reference.Finding{At: "schema " + d.at, What: what})
	}
	listed, err := operations(filepath.Join(description, "operations.jsonl"))
	if err != nil {
		return err
	}
	recordings, err := readRecordings(filepath.Join(dir, "recordings"))
	if err != nil {
		return err
	}
	played, bodies := play(recordings)
	findings = slices.Concat(findings, listed, played, render())
	fmt.Fprintf(out, "%d differences of schemas, %d of operations; %d recordings with %d bodies, %d findings\n",
		len(differences), len(listed), len(recordings), bodies, len(played))
	return reference.Report(out, knownFile, findings)
}
