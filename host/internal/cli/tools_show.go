package cli

import (
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

// describedTool is the output of `auth0-mcp tools NAME --json`. Its field names are a promise to programs.
type describedTool struct {
	listedTool
	Arguments []catalog.Argument `json:"arguments"`
	// Example is a command that calls the tool.
	Example string `json:"example"`
}

// showTool describes one tool: what it does, its arguments, and how it is called.
func showTool(env Environment, t *catalog.Tool, listed listedTool, asJSON jsonFlags) error {
	arguments, err := t.Arguments()
	if err != nil {
		return err
	}
	d := describedTool{listed, append([]catalog.Argument{}, arguments...),
		"auth0-mcp call " + clients.ShellWords(append([]string{t.Name}, t.Words(arguments)...))}
	if asJSON.on {
		return asJSON.write(env.Out, d)
	}
	screen := console.Of(env.Out)
	say(env.Out, "%s\n", whole(screen.Line(t.Name+": "+t.Description)))
	table := console.NewTable("PLUGIN", "EFFECT", "BYTES", "SCOPES")
	table.Row(listed.Plugin, styledEffect(listed.Effect), listed.Bytes, listed.needs())
	if err := table.Print(env.Out); err != nil {
		return err
	}
	say(env.Out, "\n")
	if len(arguments) == 0 {
		say(env.Out, "It takes no arguments.\n")
	} else if err := argumentTable(arguments).Print(env.Out); err != nil {
		return err
	}
	say(env.Out, "\nExample:\n  %s\n", d.Example)
	return nil
}

func argumentTable(arguments []catalog.Argument) *console.Table {
	table := console.NewTable("ARGUMENT", "REQUIRED", "VALUES", "DESCRIPTION")
	for _, a := range arguments {
		required := ""
		if a.Required {
			required = "yes"
		}
		table.Row(a.Name, required, a.Values, a.Description)
	}
	return table
}
