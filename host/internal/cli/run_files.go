package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fileroot"
)

// files are the folders below which tools may write files. A flag that is typed beats the
// environment, whose values are separated like those of PATH.
func (f runFlags) files() (fileroot.Roots, error) {
	source, values := "--file-root", notBlank(f.fileRoots)
	if values == nil {
		source, values = "AUTH0_MCP_FILE_ROOTS", account.VariableList("AUTH0_MCP_FILE_ROOTS")
	}
	roots, err := fileroot.Parse(values)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	return roots, nil
}

// notBlank are the values of a repeated flag that were given; nil if none was.
func notBlank(values []string) []string {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return strings.TrimSpace(v) == "" })
	if len(values) == 0 {
		return nil
	}
	return values
}
