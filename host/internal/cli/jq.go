package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/itchyny/gojq"
	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// jsonFlags are --json, and --jq, which selects from what --json prints.
type jsonFlags struct {
	boolFlag // --json, or that --jq implies it
	jq       jqFlag
}

// add adds both flags. usage is that of --json.
func (f *jsonFlags) add(cmd *cobra.Command, usage string) {
	f.boolFlag.add(cmd, "json", usage)
	f.jq.cmd, f.jq.implies = cmd, &f.on
	cmd.Flags().Var(&f.jq, "jq", "print what a jq expression selects of the JSON: texts as they are, "+
		"anything else as JSON")
}

// write writes a document, or what --jq selects of it.
func (f *jsonFlags) write(out io.Writer, v any) error {
	if f.jq.code == nil {
		return writeJSON(out, v)
	}
	doc, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return f.jq.apply(out, doc)
}

// writeLine writes a document of one line, or what --jq selects of it.
func (f *jsonFlags) writeLine(out io.Writer, doc []byte) error {
	if f.jq.code != nil {
		return f.jq.apply(out, doc)
	}
	_, err := out.Write(append(audit.Printable(doc), '\n'))
	return err
}

// jqFlag is an expression, which is compiled where it is read: a wrong one ends the command before it does anything.
type jqFlag struct {
	expression string
	code       *gojq.Code
	implies    *bool
	cmd        *cobra.Command
}

// jqError says what is wrong with an expression, or with its use on an answer.
type jqError struct {
	expression string
	err        error
	fix        string
}

func (e *jqError) Error() string {
	text := e.err.Error()
	var wrong *gojq.ParseError
	if errors.As(e.err, &wrong) {
		read := min(max(wrong.Offset-len(wrong.Token), 0), len(e.expression))
		text += fmt.Sprintf(" at character %d", 1+utf8.RuneCountInString(e.expression[:read]))
	}
	return fmt.Sprintf("--jq %q: %s. %s", e.expression, text, e.fix)
}

func (e *jqError) Unwrap() error { return e.err }

func (f *jqFlag) Set(expression string) error {
	const manual = "The manual of jq explains expressions: https://jqlang.org/manual"
	query, err := gojq.Parse(expression)
	if err != nil {
		return &jqError{expression, err, manual}
	}
	// It gets no environment, no files and no modules.
	if f.code, err = gojq.Compile(query); err != nil {
		return &jqError{expression, err, manual}
	}
	f.expression, *f.implies = expression, true
	return nil
}

func (f *jqFlag) String() string { return f.expression }

// Type names the flag's value in the help.
func (f *jqFlag) Type() string { return "expression" }

// apply writes each result on a line of its own.
func (f *jqFlag) apply(out io.Writer, doc []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber() // a large number stays as it is
	var input any
	if err := decoder.Decode(&input); err != nil {
		return &jqError{f.expression, errors.New("the answer is not JSON"), "Leave out --jq to see it"}
	}
	results := f.code.RunWithContext(f.cmd.Context(), input)
	for {
		result, more := results.Next()
		if !more {
			return nil
		}
		line, err := jqLine(result)
		var halt *gojq.HaltError
		switch {
		case errors.As(err, &halt) && halt.Value() == nil:
			return nil
		case err != nil && f.cmd.Context().Err() != nil:
			return f.cmd.Context().Err()
		case err != nil:
			return &jqError{f.expression, err, "Use --json without --jq to see what there is to select"}
		}
		if isTerminal(f.cmd.OutOrStdout()) {
			line = redact.Text(line)
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
}

// jqLine is a result as it is printed.
func jqLine(result any) (string, error) {
	switch v := result.(type) {
	case error:
		return "", v
	case string:
		return v, nil
	}
	doc, err := gojq.Marshal(result)
	return string(audit.Printable(doc)), err
}
