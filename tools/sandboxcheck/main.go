// Command sandboxcheck replays recorded requests of the Management API against the sandbox and
// reports where its answers differ from Auth0's.
//
//	sandboxcheck DIR
//
// DIR holds *.jsonl: source, method, path, body, status, response, one request a line. What one source did
// is replayed in a tenant of its own. Of applications, client grants, APIs, Actions, forms, flows and logs,
// whose recordings are whole, values are compared; of the rest status, members and types. An object that a
// request refers to and that no recorded request made is made first. A difference that a row of known.txt
// explains is not reported; a row that explains nothing is.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/tools/internal/reference"
)

//go:embed known.txt
var knownFile string

func main() {
	flag.Usage = func() { fmt.Fprintln(flag.CommandLine.Output(), "usage: sandboxcheck DIR") }
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, flag.Arg(0)); err != nil { //nolint:forbidigo // for a terminal
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
	var replayed, skipped, same, standIns int
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		r := newReplay(&found)
		r.all(ctx, sources[name])
		replayed += r.replayed
		skipped += r.skipped
		same += r.same
		standIns += r.standIns
	}
	fmt.Fprintf(out, "%d requests of %d sources replayed, %d answered alike; %d left out, of objects that the recordings "+
		"do not hold; %d objects stood in for others; %d differences\n",
		replayed, len(sources), same, skipped, standIns, len(found.first))
	return found.report(out, knownFile)
}

// findings are differences by place and kind, each with how often it was found and an example.
type findings struct {
	total int
	count map[string]int
	first map[string]string
}

func (f *findings) add(at, example string) {
	if f.first == nil {
		f.count, f.first = map[string]int{}, map[string]string{}
	}
	f.total++
	f.count[at]++
	if _, known := f.first[at]; !known {
		f.first[at] = example
	}
}

func (f *findings) report(out io.Writer, known string) error {
	var list []reference.Finding
	for _, at := range slices.Sorted(maps.Keys(f.first)) {
		list = append(list, reference.Finding{At: at, What: fmt.Sprintf("%s (%d times)", f.first[at], f.count[at])})
	}
	return reference.Report(out, known, list)
}
