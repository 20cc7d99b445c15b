// Command manifests writes the manifests of the bundled plugins beside their binary
// and prints the digests to compile into the host. It runs on the machine that builds;
// the binary may be for another platform.
//
//	go run ./cmd/manifests bin/plugins/auth0-mcp-plugins
package main

import (
	"fmt"
	"os"

	"github.com/auth0-mcp/auth0-mcp/plugins/bundle"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: manifests BINARY")
		os.Exit(2)
	}
	digests, err := bundle.Seal(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
	if _, err := fmt.Fprintln(os.Stdout, digests); err != nil { //nolint:forbidigo // the build reads it
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
}
