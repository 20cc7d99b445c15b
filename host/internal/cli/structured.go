package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
)

// structuredFlag says whether clients that are known to use it get tools' output schemas and structured content.
type structuredFlag struct{ value string }

func (f *structuredFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.value, "structured", "", "send output schemas and structured content: auto (to clients that "+
		"are known to use them) or off (AUTH0_MCP_STRUCTURED) (default auto)")
}

// on is what the typed flag says, else the environment.
func (f structuredFlag) on() (bool, error) {
	source, value := "--structured", strings.TrimSpace(f.value)
	if value == "" {
		source = "AUTH0_MCP_STRUCTURED"
		value = account.Variable(source)
	}
	switch value {
	case "", "auto":
		return true, nil
	case "off":
		return false, nil
	}
	return false, fmt.Errorf("%s=%q: want auto or off", source, value)
}
