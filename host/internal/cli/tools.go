package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/mcpserver"
)

// listedTool is one tool in the output of `auth0-mcp tools --json`.
type listedTool struct {
	Name   string   `json:"name"`
	Plugin string   `json:"plugin"`
	Effect string   `json:"effect"`
	Scopes []string `json:"scopes"`
	// Description is what a model reads, and InputSchema what arguments are checked against; a client's list has a
	// shorter one.
	Description string          `json:"description"`
	InputSchema json.RawMessage `json:"input_schema"`
	// Bytes is what the tool adds to tools/list.
	Bytes int `json:"bytes"`
	// StructuredBytes is what its output schema adds, for clients that get it.
	StructuredBytes int `json:"structured_bytes,omitempty"`
	// Lacks are the scopes that the token lacks, so that the tool is left out of tools/list.
	Lacks []string `json:"lacks,omitempty"`
}

func toolsCommand(env Environment) *cobra.Command {
	var f runFlags
	var presets boolFlag
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "tools [NAME]",
		Short: "List the tools with effect, scopes and cost, or describe one",
		Long: `List the tools that ` + "`auth0-mcp run`" + ` would offer with the same flags: what each does to the tenant,
which scopes it needs, and how many bytes it adds to the tool list that every session of a
client reads. No plugin is started. With a NAME, that tool is described: its arguments with what each may
be, and a command that calls it.

Presets select tools by task. The list ends with what each has and costs; --presets shows that alone.`,
		Example: `  auth0-mcp tools auth0_list_logs
  auth0-mcp tools --preset security
  auth0-mcp tools --read-only
  auth0-mcp tools --tools 'auth0_*_application*' --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.showTools(cmd, env, args, asJSON, presets.on)
		},
	}
	f.addSelection(cmd)
	f.structured.add(cmd)
	f.account.add(cmd)
	f.log.add(cmd)
	presets.add(cmd, "presets", "list the presets, with how many tools each has and what they cost")
	asJSON.add(cmd, "for programs")
	return cmd
}

// showTools lists the tools, only the presets, or describes the tool that is named.
func (f runFlags) showTools(cmd *cobra.Command, env Environment, args []string, asJSON jsonFlags,
	presets bool) error {
	f.everyTool = len(args) > 0 // the user names the tool
	log, err := f.log.logger(env.Err)
	if err != nil {
		return err
	}
	filter, err := f.filter(env)
	if err != nil {
		return err
	}
	plugins, err := loadCatalog(cmd.Context(), env, f, log)
	if err != nil {
		return err
	}
	if presets {
		return printPresets(env.Out, listPresets(plugins, filter), asJSON)
	}
	selection, err := plugins.Select(filter)
	if err != nil {
		return err
	}
	structured, err := f.structured.on()
	if err != nil {
		return err
	}
	granted := f.granted(cmd.Context(), env)
	if len(args) > 0 {
		tool, err := selection.Find(args[0])
		if err != nil {
			return err
		}
		return showTool(env, tool, listTool(tool, structured, granted), asJSON)
	}
	tools := listTools(selection, structured, granted)
	if asJSON.on {
		return asJSON.write(env.Out, tools)
	}
	if err := printTools(env.Out, tools); err != nil {
		return err
	}
	fmt.Fprintln(env.Out)
	return printPresets(env.Out, listPresets(plugins, filter), jsonFlags{})
}

// granted are the scopes of the session that a server would use; nil if there is none, or if they are not known.
func (f runFlags) granted(ctx context.Context, env Environment) []string {
	a, err := openAccounts(env, f.account)
	if err != nil {
		return nil
	}
	acc, err := a.Selected()
	if err != nil {
		return nil
	}
	return a.Granted(ctx, acc)
}

func listTools(selection *catalog.Selection, structured bool, granted []string) []listedTool {
	var tools []listedTool
	for _, t := range selection.Tools() {
		tools = append(tools, listTool(t, structured, granted))
	}
	return tools
}

func listTool(t *catalog.Tool, structured bool, granted []string) listedTool {
	one := listedTool{Name: t.Name, Plugin: t.Plugin.Name, Effect: string(t.Effect),
		Scopes: append([]string{}, t.Scopes...), Description: t.Description, InputSchema: t.InputSchema,
		Bytes: mcpserver.ListedBytes(t), Lacks: lacks(t, granted)}
	if structured {
		one.StructuredBytes = mcpserver.StructuredBytes(t)
	}
	return one
}

// needs are the scopes that the tool needs, in words.
func (t listedTool) needs() string {
	needs := strings.Join(t.Scopes, " ")
	if t.Lacks != nil {
		needs += " (not listed: the token lacks " + strings.Join(t.Lacks, " ") + ")"
	}
	return needs
}

func lacks(t *catalog.Tool, granted []string) []string {
	if granted == nil {
		return nil
	}
	return t.Lacks(granted)
}

func printTools(out io.Writer, tools []listedTool) error {
	table := console.NewTable("TOOL", "EFFECT", "BYTES", "SCOPES")
	total, structured := 0, 0
	var scopes []string
	leftOut := 0
	for _, t := range tools {
		if t.Lacks != nil {
			leftOut++
		} else {
			total += t.Bytes
			structured += t.StructuredBytes
		}
		table.Row(t.Name, styledEffect(t.Effect), t.Bytes, t.needs())
		scopes = append(scopes, t.Scopes...)
	}
	slices.Sort(scopes)
	if err := table.Print(out); err != nil {
		return err
	}
	if leftOut > 0 {
		say(out, "\n%s not listed, because the token lacks their scopes.", counted(leftOut, "tool"))
	}
	say(out, "\n%s, %d bytes of tools/list. Scopes for all of them:\n%s\n", counted(len(tools), "tool"), total,
		strings.Join(slices.Compact(scopes), ","))
	if structured > 0 {
		say(out, "\nClients that use output schemas get %d bytes more. Others, and all with --structured off, get none.\n",
			structured)
	}
	return nil
}

// styledEffect marks what changes the tenant.
func styledEffect(effect string) console.Cell {
	style := console.Plain
	switch effect {
	case "write":
		style = console.Caution
	case "destroy":
		style = console.Bad
	}
	return console.Cell{Text: effect, Style: style}
}

func printPresets(out io.Writer, presets []listedPreset, asJSON jsonFlags) error {
	if asJSON.on {
		return asJSON.write(out, presets)
	}
	table := console.NewTable("PRESET", "TOOLS", "BYTES", "TASK")
	for _, p := range presets {
		task := p.Task
		if p.Selected {
			task += " (selected)"
		}
		table.Row(p.Name, p.Tools, p.Bytes, task)
	}
	return table.Print(out)
}

// writeJSON writes a document that a terminal can show: what it would obey or hide is
// escaped, which changes nothing for a program.
func writeJSON(out io.Writer, v any) error {
	var doc bytes.Buffer
	enc := json.NewEncoder(&doc)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	for line := range bytes.Lines(doc.Bytes()) {
		if _, err := out.Write(append(audit.Printable(bytes.TrimSuffix(line, []byte("\n"))), '\n')); err != nil {
			return err
		}
	}
	return nil
}
