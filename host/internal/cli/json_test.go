package cli

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command that answers something has --json. The others are here, each with the reason.
func TestCommandsHaveJSON(t *testing.T) {
	const does = "it changes something and says so; the exit status tells a program whether it did"
	without := map[string]string{
		"help":             "text for people",
		"run":              "its output is the protocol",
		"logout":           does,
		"secret get":       "the value alone, for a pipe",
		"secret copy":      does,
		"secret write-env": does,
		"audit export":     "its --format is for programs",
		"profiles use":     does,
		"profiles set":     does,
		"profiles rename":  does,
		"profiles remove":  does,
		"clients add":      does,
		"clients remove":   does,
		"plugin new":       does,
		"plugin install":   does,
		"plugin update":    does,
		"plugin sync":      does,
		"plugin remove":    does,
		"plugin bundle":    does,
		"plugin wrap":      does,
		"plugin pack":      "it writes release.json",
		"plugin index":     "it writes index.json",
	}
	for _, name := range []string{"generate", "add", "remove", "revoke"} {
		without["plugin keys "+name] = does
	}
	// Those whose JSON is no list.
	withoutJQ := []string{"init", "audit verify", "sandbox", "uninstall", "plugin lint", "plugin conformance"}
	found := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, child := range cmd.Commands() {
			walk(child)
		}
		name := strings.TrimPrefix(cmd.CommandPath(), "auth0-mcp ")
		if cmd.HasSubCommands() || name == "auth0-mcp" {
			return
		}
		found++
		reason, excepted := without[name]
		delete(without, name)
		if has := cmd.Flags().Lookup("json") != nil; has == excepted {
			t.Errorf("%s: has --json is %v, reason to have none: %q", name, has, reason)
		} else if hasJQ := cmd.Flags().Lookup("jq") != nil; hasJQ != (has && !slices.Contains(withoutJQ, name)) {
			t.Errorf("%s: has --jq is %v", name, hasJQ)
		}
	}
	walk(newRoot(Environment{In: os.Stdin, Out: os.Stderr, Err: os.Stderr}, nil))
	if found < 30 {
		t.Errorf("only %d commands were found", found)
	}
	for name := range without {
		t.Errorf("there is no command %s", name)
	}
}
