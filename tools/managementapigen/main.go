// Command managementapigen writes the facts that the module managementapi embeds, from the
// source of go-auth0 v3 and the tables of this folder, which hold what go-auth0 lacks.
//
//	managementapigen DIR
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
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
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "onlyadds.txt"), adds, 0o644), //nolint:gosec // part of the source
		write(filepath.Join(dir, "operations.gz"), operations),
		write(filepath.Join(dir, "schemas.gz"), schemas))
}

// write compresses text into a file. A file that holds the text already stays as it is: another
// version of Go may compress it to other bytes.
func write(path string, text []byte) error {
	if old, err := os.ReadFile(path); err == nil {
		if reader, err := gzip.NewReader(bytes.NewReader(old)); err == nil {
			if held, err := io.ReadAll(reader); err == nil && bytes.Equal(held, text) {
				return nil
			}
		}
	}
	var out bytes.Buffer
	writer, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := writer.Write(text); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644) //nolint:gosec // part of the source
}
