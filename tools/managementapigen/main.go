// Command managementapigen writes the facts that the module managementapi embeds, from the
// source of go-auth0 v3 and the tables of this folder, which hold what go-auth0 lacks.
//
//	managementapigen DIR
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/auth0-mcp/auth0-mcp/tools/internal/goauth0"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: managementapigen DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "managementapigen:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	source, err := goauth0.Read()
	if err != nil {
		return err
	}
	tables, err := readTables()
	if err != nil {
		return err
	}
	operations, schemas, err := assemble(source, tables)
	if err != nil {
		return err
	}
	adds, err := onlyAdds(operations)
	if err != nil {
		return err
	}
	var written []error
	for name, text := range map[string][]byte{"onlyadds.txt": adds, "operations.txt": operations, "schemas.txt": schemas} {
		written = append(written, os.WriteFile(filepath.Join(dir, name), text, 0o644)) //nolint:gosec // part of the source
	}
	return errors.Join(written...)
}
