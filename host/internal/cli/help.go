package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/suggest"
)

const repository = "https://github.com/auth0-mcp/auth0-mcp"

// addHelp groups the commands in the help of the finished tree, and makes the errors about unknown commands and flags
// name what may be meant.
func addHelp(root *cobra.Command, out *os.File) {
	root.AddGroup(&cobra.Group{ID: "start", Title: "Get started:"}, &cobra.Group{ID: "work", Title: "Work:"},
		&cobra.Group{ID: "security", Title: "Security:"}, &cobra.Group{ID: "plugins", Title: "Plugins:"})
	groups := map[string][]string{
		"start":    {"init", "clients", "sandbox", "doctor"},
		"work":     {"run", "call", "logs", "tools"},
		"security": {"session", "logout", "profiles", "approve", "secret", "audit", "uninstall"},
		"plugins":  {"plugin"},
	}
	for id, names := range groups {
		for _, cmd := range root.Commands() {
			if slices.Contains(names, cmd.Name()) {
				cmd.GroupID = id
			}
		}
	}
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		var text strings.Builder
		cmd.SetOut(&text)
		help(cmd, args)
		cmd.SetOut(out)
		if !cmd.HasParent() {
			text.WriteString("\nDocumentation:  " + repository + "/tree/main/docs\n" +
				"Problems:       `auth0-mcp doctor`, then " + repository + "/issues\n")
		}
		_, _ = io.WriteString(out, fitted(console.Of(out), text.String()))
	})
	root.SetFlagErrorFunc(unknownFlag)
	addUnknownCommands(root)
}

// fitted breaks the lines of a help text that are too long for the screen, with columns below themselves. Commands to
// copy stay whole.
func fitted(s console.Screen, text string) string {
	if s.Width == 0 {
		return text
	}
	var b strings.Builder
	for _, line := range paragraphs(text) {
		label := line[:lastColumn(line)]
		if said := line[len(label):]; strings.HasPrefix(said, "auth0-mcp ") || said == "" {
			b.WriteString(line + "\n")
		} else {
			b.WriteString(s.Item(label, utf8.RuneCountInString(label), said))
		}
	}
	return b.String()
}

// lastColumn is where the last column of a line begins, after at least two spaces.
func lastColumn(line string) int {
	text := strings.TrimLeft(line, " ")
	begin := len(line) - len(text)
	if gap := strings.LastIndex(text, "  "); gap >= 0 {
		begin += gap + len("  ")
	}
	return begin
}

// paragraphs are the lines of a text. Prose of several lines is one.
func paragraphs(text string) []string {
	const full = 60 // a shorter line ends a paragraph
	var all []string
	open := false
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		prose := line != "" && line[0] != ' ' && !strings.Contains(line, "  ")
		if open && prose {
			all[len(all)-1] += " " + line
		} else {
			all = append(all, line)
		}
		open = prose && len(line) > full
	}
	return all
}

// addUnknownCommands makes every command that has others below it refuse a word that is none of them. The others show
// their usage if arguments are missing, or too many.
func addUnknownCommands(cmd *cobra.Command) {
	if check := cmd.Args; !cmd.HasSubCommands() && check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return fmt.Errorf("%w. Usage: %s", err, cmd.UseLine())
			}
			return nil
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

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	name := args[0]
	var near []string
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() && slices.ContainsFunc(append(child.Aliases, child.Name()), func(known string) bool {
			return len(suggest.Near(name, []string{known}, 1)) > 0
		}) {
			near = append(near, child.CommandPath())
		}
	}
	if !cmd.HasParent() {
		near = append(otherNames(name), near...)
	}
	if near == nil {
		return fmt.Errorf("unknown command %q: `%s --help` lists the commands", name, cmd.CommandPath())
	}
	return fmt.Errorf("unknown command %q. Did you mean `%s`?", name, strings.Join(near, "` or `"))
}

// otherNames are the commands for words that other programs have, and for names of clients.
func otherNames(name string) []string {
	meant := map[string]string{"login": "init", "signin": "init", "auth": "init", "setup": "init", "start": "run",
		"serve": "run", "server": "run", "status": "session", "whoami": "session", "install": "plugin install",
		"config": "clients list", "version": "--version"}
	name = strings.ToLower(name)
	if command, ok := meant[name]; ok {
		return []string{"auth0-mcp " + command}
	}
	var names []string
	for _, client := range clients.All() {
		names = append(names, client.Name)
	}
	if slices.Contains(names, name) {
		return []string{"auth0-mcp clients add " + name}
	}
	return nil
}

func unknownFlag(cmd *cobra.Command, err error) error {
	var wrong *jqError
	if errors.As(err, &wrong) {
		return wrong
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
	near := suggest.Near(unknown.GetSpecifiedName(), names, 2)
	if len(near) == 0 {
		return fmt.Errorf("%w. `%s --help` lists the flags", err, cmd.CommandPath())
	}
	return fmt.Errorf("%w. Did you mean --%s?", err, strings.Join(near, " or --"))
}
