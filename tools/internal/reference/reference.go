// Package reference has what the checks against a reference share: requests that were recorded, and the reasons for
// differences that are known.
package reference

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Request is a request that was sent to Auth0, and its answer. Numbers are json.Number.
type Request struct {
	Source, Method, Path string
	Body                 any
	Status               int
	Response             any
}

// Read reads a file of requests, one a line.
func Read(path string) (all []Request, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		var r Request
		decoder := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
		decoder.UseNumber()
		if err := decoder.Decode(&r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, r)
	}
	return all, scanner.Err()
}

// Finding is something at which a reference disagrees.
type Finding struct{ At, What string }

// Report prints the findings that no row of known explains, and the rows that explain nothing. Both are an error. A row
// is "pattern: reason"; "*" in a pattern is any text, and lines that begin with "#" are comments.
func Report(out io.Writer, known string, findings []Finding) error {
	rows, err := parseRows(known)
	if err != nil {
		return err
	}
	unexplained := 0
	for _, f := range findings {
		explained := false
		for i := range rows {
			if glob(rows[i].pattern, f.At) {
				explained, rows[i].used = true, true
			}
		}
		if !explained {
			unexplained++
			fmt.Fprintf(out, "%s: %s\n", f.At, f.What)
		}
	}
	for _, row := range rows {
		if !row.used {
			unexplained++
			fmt.Fprintf(out, "known.txt: nothing is %s\n", row.pattern)
		}
	}
	if unexplained > 0 {
		return fmt.Errorf("%d differences are not explained", unexplained)
	}
	fmt.Fprintf(out, "all explained by %d rows\n", len(rows))
	return nil
}

type row struct {
	pattern string
	used    bool
}

func parseRows(text string) (rows []row, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		pattern, reason, ok := strings.Cut(line, ": ")
		if !ok || reason == "" {
			return nil, errors.New("known.txt: no reason in " + line)
		}
		rows = append(rows, row{pattern: pattern})
	}
	return rows, nil
}

// glob matches a text with a pattern in which "*" is any text.
func glob(pattern, text string) bool {
	first, rest, found := strings.Cut(pattern, "*")
	text, ok := strings.CutPrefix(text, first)
	if !ok || !found {
		return ok && text == ""
	}
	for i := range len(text) + 1 {
		if glob(rest, text[i:]) {
			return true
		}
	}
	return false
}
