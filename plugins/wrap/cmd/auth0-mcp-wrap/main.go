// Command auth0-mcp-wrap runs an MCP server of others as a plugin.
//
//	auth0-mcp-wrap serve FILE SHA256 [describe]   run as the plugin of a definition (the host does this)
//	auth0-mcp-wrap prepare < REQUEST              pin what a command would run, and execute nothing
//	auth0-mcp-wrap list < LAUNCH                  run it once and print its tools
//
// Requests and answers are JSON, on stdin and stdout: environments may hold secrets, which others could read in the
// arguments of a process.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/auth0-mcp/auth0-mcp/plugins/wrap"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "auth0-mcp-wrap: %v\n", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("this program is run by auth0-mcp: see auth0-mcp plugin wrap --help")

func run(args []string) error {
	switch {
	case len(args) >= 3 && args[0] == "serve":
		// The SDK gives stderr to go-plugin; the server's log takes the plain one.
		stderr := os.Stderr
		definition, err := wrap.ReadDefinition(args[1], args[2])
		if err != nil {
			return err
		}
		plugin, _ := wrap.Plugin(definition, stderr) // Serve does not return, and its end is the server's
		sdk.Serve(plugin)
		return nil
	case len(args) == 1 && args[0] == "prepare":
		var request struct {
			Command []string          `json:"command"`
			Env     map[string]string `json:"env"`
			Pin     []string          `json:"pin"`
		}
		return answer(&request, func() (any, error) { return wrap.Prepare(request.Command, request.Env, request.Pin) })
	case len(args) == 1 && args[0] == "list":
		var launch wrap.Launch
		return answer(&launch, func() (any, error) { return launch.List(context.Background(), os.Stderr) })
	}
	return errUsage
}

func answer(request any, work func() (any, error)) error {
	const most = 1 << 20
	if err := json.NewDecoder(io.LimitReader(os.Stdin, most)).Decode(request); err != nil {
		return fmt.Errorf("reading stdin: %w", err)
	}
	found, err := work()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(found) //nolint:forbidigo // the host reads it
}
