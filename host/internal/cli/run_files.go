package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fileroot"
)

// files are the folders below which tools may write files. A flag that is typed beats the
// environment, whose values are separated like those of PATH.
func (f runFlags) files() (fileroot.Roots, error) {
	source, values := "--file-root", f.fileRoots
	if values == nil {
		source, values = "AUTH0_MCP_FILE_ROOTS", filepath.SplitList(os.Getenv("AUTH0_MCP_FILE_ROOTS"))
	}
	roots, err := fileroot.Parse(values)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	return roots, nil
}
