// Command auth0-mcp-bench measures the built server as an MCP client meets it, against a sandbox tenant over HTTPS in
// a process of its own. With -peer it measures Auth0's npm server in the same run. The servers take turns, each time
// is a median, and what counts is the ratio: absolute numbers are this machine's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// deadline bounds a run: a server that does not answer is an error, not a wait.
const deadline = 15 * time.Minute

// effort is how often each thing is measured.
type effort struct {
	starts  int // processes started for each server
	inUse   int // calls of each plugin before the memory in use is read
	idle    int // processes started for each server that are left idle
	warmUps int // calls before a session is measured
	rounds  int // turns of each server
	calls   int // calls of one turn
	burst   int // calls of one turn with many callers
}

var (
	full  = effort{starts: 9, inUse: 20, idle: 3, warmUps: 50, rounds: 8, calls: 50, burst: 20 * callers}
	brief = effort{starts: 1, inUse: 1, idle: 1, warmUps: 1, rounds: 2, calls: 3, burst: callers}
)

// bench is a run.
type bench struct {
	effort  effort
	tenant  *tenant
	servers []server
	table   table
}

func main() {
	short := flag.Bool("brief", false, "a few calls each: shows that it runs, the figures mean nothing")
	peer := flag.Bool("peer", false, "measure "+peerPackage+" too: needs node and npm")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: auth0-mcp-bench [-brief] [-peer] BINARY")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	b := &bench{effort: full}
	if *short {
		b.effort = brief
	}
	if err := b.run(flag.Arg(0), *peer); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run stops at the deadline or when it is interrupted, and then has no figures.
func (b *bench) run(binary string, peer bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	err := b.measure(ctx, binary, peer)
	if ctx.Err() != nil {
		return fmt.Errorf("stopped before the end: %w", ctx.Err())
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "%s/%s, %d CPUs, medians of one run\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if b.effort == brief {
		fmt.Fprintln(os.Stdout, "brief: the figures mean nothing")
	}
	for _, s := range b.servers {
		if s.about != "" {
			fmt.Fprintln(os.Stdout, s.about)
		}
	}
	fmt.Fprintln(os.Stdout)
	return b.table.print(os.Stdout, b.servers)
}

// measure fills the table. Whatever it makes is in one folder, which it removes.
func (b *bench) measure(ctx context.Context, binary string, peer bool) (err error) {
	dir, err := os.MkdirTemp("", "bench-") // short, because Unix sockets are made below it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	var other []server
	if peer {
		installed, err := installPeer(ctx, filepath.Join(dir, "peer"))
		if err != nil {
			return err
		}
		other = append(other, installed)
	}
	b.tenant, err = startTenant(ctx, dir, binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.tenant.close()) }()
	// The peer has no budget for an answer, so neither list may be cut.
	ours := server{name: "ours", command: []string{binary, "run", "--log-level", "error", "--max-output", "1000000"},
		plugins: len(oneOfEach)}
	b.servers = append([]server{ours}, other...)
	for i := range b.servers {
		if err := b.servers[i].prepare(dir, b.tenant); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context) error{b.starting, b.warm, b.listing} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}
