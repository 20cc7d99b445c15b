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
	return roots, f.project(roots, source == "--file-root")
}

// project sets the folder of the user's project among the roots. typed says that these were typed.
func (f runFlags) project(roots fileroot.Roots, typed bool) error {
	const name = "project"
	source, dir := "--project-root", strings.TrimSpace(f.projectRoot)
	if dir == "" {
		source, dir = "AUTH0_MCP_PROJECT_ROOT", account.Variable("AUTH0_MCP_PROJECT_ROOT")
	}
	switch flag := source == "--project-root"; {
	case dir == "", roots[name] != "" && typed && !flag:
		return nil
	case roots[name] != "" && typed == flag:
		return fmt.Errorf("%s: --file-root or AUTH0_MCP_FILE_ROOTS gives the root project a folder already: give it once",
			source)
	}
	of, err := fileroot.Parse([]string{name + "=" + dir})
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	roots[name] = of[name]
	return nil
}

// notBlank are the values of a repeated flag that were given; nil if none was.
func notBlank(values []string) []string {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return strings.TrimSpace(v) == "" })
	if len(values) == 0 {
		return nil
	}
	return values
}
