// Command sandboxcheck replays recorded requests of the Management API against the sandbox and
// reports where its answers differ from Auth0's.
//
//	sandboxcheck -recordings DIR
//
// DIR holds *.jsonl: source, method, path, body, status, response, one request a line. What one
// source did is replayed in a tenant of its own. A difference that a row of known.txt explains is
// not reported; a row that explains nothing is.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

//go:embed known.txt
var knownFile string

func main() {
	recordings := flag.String("recordings", "", "folder of the recordings")
	flag.Parse()
	if *recordings == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, *recordings); err != nil { //nolint:forbidigo // for a terminal
		fmt.Fprintln(os.Stderr, "sandboxcheck:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, dir string) error {
	sources, err := readRecordings(dir)
	if err != nil {
		return err
	}
	var found findings
	replayed, skipped := 0, 0
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		r := newReplay(&found)
		r.all(ctx, sources[name])
		replayed += r.replayed
		skipped += r.skipped
	}
	fmt.Fprintf(out, "%d requests of %d sources replayed, %d of objects that the recordings do not hold, "+
		"%d differences\n", replayed, len(sources), skipped, len(found.first))
	return found.report(out)
}

// findings are differences by place and kind, each with how often it was found and an example.
type findings struct {
	count map[string]int
	first map[string]string
}

func (f *findings) add(at, example string) {
	if f.first == nil {
		f.count, f.first = map[string]int{}, map[string]string{}
	}
	f.count[at]++
	if _, known := f.first[at]; !known {
		f.first[at] = example
	}
}

// report prints the findings that no row of known.txt explains.
func (f *findings) report(out io.Writer) error {
	rows, err := knownRows(knownFile)
	if err != nil {
		return err
	}
	used := map[string]bool{}
	unexplained := 0
	for _, at := range slices.Sorted(maps.Keys(f.first)) {
		explained := false
		for _, pattern := range rows {
			if fits, err := path.Match(pattern, strings.ReplaceAll(at, "/", "|")); err == nil && fits {
				used[pattern], explained = true, true
			}
		}
		if !explained {
			unexplained++
			fmt.Fprintf(out, "%s (%d): %s\n", at, f.count[at], f.first[at])
		}
	}
	for _, pattern := range rows {
		if !used[pattern] {
			unexplained++
			fmt.Fprintf(out, "known.txt: nothing is %s\n", pattern)
		}
	}
	if unexplained > 0 {
		return fmt.Errorf("%d differences are not explained", unexplained)
	}
	fmt.Fprintf(out, "all explained by %d rows\n", len(rows))
	return nil
}

// knownRows reads the patterns of known.txt: "pattern: reason".
func knownRows(text string) (patterns []string, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		pattern, reason, found := strings.Cut(line, ": ")
		if !found || reason == "" {
			return nil, errors.New("known.txt: no reason: " + line)
		}
		patterns = append(patterns, strings.ReplaceAll(pattern, "/", "|"))
	}
	return patterns, nil
}
