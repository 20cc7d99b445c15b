// Command auth0-mcp-soak strains the built server as a bad day would, for minutes
// or hours: several hosts with concurrent callers against a sandbox tenant over
// HTTPS, while plugins and hosts are killed, calls cancelled, lines malformed and
// faults injected at the tenant. It counts what reached the tenant, and fails on the
// first promise that is broken. docs/testing.md lists the promises.
package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

type options struct {
	binary         string
	duration       time.Duration
	seed           uint64
	hosts, callers int
	verbose        bool
}

func main() {
	var o options
	flag.DurationVar(&o.duration, "duration", 2*time.Minute, "how long to strain the server")
	flag.Uint64Var(&o.seed, "seed", 0, "repeat the choices of a run; 0: new ones")
	flag.IntVar(&o.hosts, "hosts", 3, "hosts at a time")
	flag.IntVar(&o.callers, "callers", 6, "concurrent callers of each host")
	flag.BoolVar(&o.verbose, "v", false, "show the words with which calls failed")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: auth0-mcp-soak [flags] BINARY")
		flag.PrintDefaults()
	}
	flag.Parse()
	if o.binary = flag.Arg(0); flag.NArg() != 1 || o.hosts < 1 || o.callers < 1 || o.duration <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	if runtime.GOOS != "linux" {
		fmt.Fprintln(os.Stderr, "soak: processes, descriptors and memory are looked up in /proc: this needs Linux")
		os.Exit(2)
	}
	if o.seed == 0 {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		o.seed = binary.LittleEndian.Uint64(b[:]) >> 16
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The seed comes first: also a run that hangs can be repeated.
	fmt.Printf("soak: %v with seed %d: %d hosts, %d callers each\n", o.duration, o.seed, o.hosts, o.callers)
	if err := run(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "soak: FAILED (repeat with -seed %d):\n%v\n", o.seed, err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}
