package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/suggest"
)

// addUnknownCommands makes every command that has others below it refuse a word that is none of them. The others show
// their usage if arguments are missing, or too many.
func addUnknownCommands(cmd *cobra.Command) {
	if check := cmd.Args; !cmd.HasSubCommands() && check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if check(cmd, args) == nil {
				return nil
			}
			return fmt.Errorf("%s. Usage: %s", wrongArguments(cmd, check, args), cmd.UseLine())
		}
	}
	if !cmd.HasSubCommands() {
		return
	}
	cmd.Args = unknownCommand
	if !cmd.Runnable() {
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	for _, child := range cmd.Commands() {
		addUnknownCommands(child)
	}
}

// wrongArguments says whether arguments are missing, or too many.
func wrongArguments(cmd *cobra.Command, check cobra.PositionalArgs, args []string) string {
	for range 4 { // more than any command needs
		args = append(slices.Clip(args), "more")
		if check(cmd, args) == nil {
			return "an argument is missing"
		}
	}
	return "too many arguments"
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	name := strings.ToLower(args[0])
	near := sameMeaning(cmd, name)
	if !cmd.HasParent() {
		near = append(near, otherNames(name)...)
	}
	if near == nil {
		near = nearCommands(cmd, name)
	}
	if near != nil {
		return fmt.Errorf("unknown command %q. Did you mean `%s`?", args[0], strings.Join(near, "` or `"))
	}
	err := fmt.Errorf("unknown command %q: `%s --help` lists the commands", args[0], cmd.CommandPath())
	if !cmd.HasParent() {
		err = fmt.Errorf("%w, and `auth0-mcp tools` the tools, which `auth0-mcp call` calls", err)
	}
	return err
}

// nearCommands are those that are spelt like a name, or begin with it.
func nearCommands(cmd *cobra.Command, name string) (near []string) {
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() && slices.ContainsFunc(append(child.Aliases, child.Name()), func(known string) bool {
			return len(name) > 1 && strings.HasPrefix(known, name) || len(suggest.Near(name, []string{known}, 1)) > 0
		}) {
			near = append(near, child.CommandPath())
		}
	}
	return near
}

// sameMeaning are the commands for a word that means the same.
func sameMeaning(cmd *cobra.Command, name string) (same []string) {
	for _, words := range [][]string{
		{"add", "install", "new", "create"}, {"remove", "uninstall", "delete", "del", "rm"},
		{"list", "tail", "ls", "show", "log"}, {"update", "upgrade"}, {"use", "switch", "select", "default"},
		{"rename", "mv", "move"}, {"verify", "check"},
	} {
		if !slices.Contains(words, name) {
			continue
		}
		for _, child := range cmd.Commands() {
			if cmd.HasParent() && slices.Contains(words, child.Name()) {
				same = append(same, child.CommandPath())
			}
		}
	}
	return same
}

// otherNames are the commands for words that other programs have, for names of clients and for tools.
func otherNames(name string) []string {
	meant := map[string]string{"login": "init", "signin": "init", "auth": "init", "setup": "init", "start": "run",
		"serve": "run", "server": "run", "mcp": "run", "status": "session", "whoami": "session", "token": "session",
		"install": "plugin install", "update": "plugin update", "upgrade": "plugin update", "config": "clients list",
		"version": "--version", "add": "clients add", "remove": "clients remove", "rm": "clients remove", "list": "tools",
		"ls": "tools", "approvals": "approve", "pending": "approve", "check": "doctor", "diagnose": "doctor",
		"debug": "doctor", "demo": "sandbox", "export": "call auth0_export", "signout": "logout"}
	if command, ok := meant[name]; ok {
		return []string{"auth0-mcp " + command}
	}
	if strings.HasPrefix(name, "auth0_") {
		return []string{"auth0-mcp call " + name}
	}
	for _, client := range clients.All() {
		if client.Name == name {
			return []string{"auth0-mcp clients add " + name}
		}
	}
	return nil
}

// helpTopic refuses what `auth0-mcp help` knows nothing of.
func helpTopic(cmd *cobra.Command, args []string) error {
	found, rest, err := cmd.Root().Find(args)
	if err != nil || !found.HasSubCommands() {
		return err
	}
	return unknownCommand(found, rest)
}

// wrongFlag says what is wrong with a flag.
func wrongFlag(cmd *cobra.Command, err error) error {
	var wrong *jqError
	if errors.As(err, &wrong) {
		return wrong
	}
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		return wrongValue(value)
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return fmt.Errorf("%w. `%s --help` lists the flags", err, cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	near := otherFlags(unknown.GetSpecifiedName(), names)
	if near == nil {
		near = suggest.Near(unknown.GetSpecifiedName(), names, 2)
	}
	if len(near) == 0 {
		return fmt.Errorf("%w. `%s --help` lists the flags", err, cmd.CommandPath())
	}
	return fmt.Errorf("%w. Did you mean --%s?", err, strings.Join(near, " or --"))
}

// wrongValue says what value a flag takes.
func wrongValue(err *pflag.InvalidValueError) error {
	want := map[string]string{"int": "a number", "duration": "a duration such as 30s or 5m", "bool": "true or false",
		"stringSlice": "values separated by commas"}
	if kind := want[err.GetFlag().Value.Type()]; kind != "" {
		return fmt.Errorf("--%s %q: want %s", err.GetFlag().Name, err.GetValue(), kind)
	}
	return err.Unwrap() // of a type of ours, which names the flag
}

// otherFlags are those of names for a word that other programs have.
func otherFlags(word string, names []string) []string {
	meant := map[string]string{"tenant": "auth0-domain", "domain": "auth0-domain", "client-id": "auth0-client-id",
		"clients": "client", "tail": "lines", "limit": "lines",
		"port": "listen", "force": "yes", "output": "json", "filter": "jq"}
	if flag := meant[word]; slices.Contains(names, flag) {
		return []string{flag}
	}
	return nil
}
