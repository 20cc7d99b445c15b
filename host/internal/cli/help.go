package cli

import (
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
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
	root.SetFlagErrorFunc(wrongFlag)
	addUnknownCommands(root)
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			cmd.Args = helpTopic
		}
	}
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
		said := line[len(label):]
		command := strings.HasPrefix(said, "auth0-mcp ")
		switch words := strings.TrimSpace(label); {
		case command && words != "" && utf8.RuneCountInString(line) > s.Width:
			b.WriteString(s.Line(words) + "  " + said + "\n")
		case command, said == "":
			b.WriteString(s.Line(line))
		default:
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
