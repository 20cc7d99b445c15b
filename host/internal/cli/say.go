package cli

import (
	"fmt"
	"io"
	"reflect"

	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// lines is a text whose line ends are ours, such as a list of names, each harmless.
type lines string

// whole is a text like lines that must not be broken where a terminal is too narrow for it: what a user compares,
// copies or approves.
type whole string

// say writes to the user. It is fmt.Fprintf for arguments that may come from outside:
// texts are made harmless and kept on one line, except errors and lines, which keep
// their line ends. A terminal gets its lines broken between words, unless there is an
// error in them or a whole text.
func say(out io.Writer, format string, args ...any) {
	harmless := make([]any, len(args))
	fit := console.Of(out).Prose
	for i, arg := range args {
		switch v := arg.(type) {
		case nil:
		case lines:
			harmless[i] = redact.Text(string(v))
		case whole:
			harmless[i] = redact.Text(string(v))
			fit = asItIs
		case error:
			fit = asItIs
			harmless[i] = redact.Text(v.Error())
		case fmt.Stringer:
			harmless[i] = redact.Line(v.String())
		default:
			if harmless[i] = arg; reflect.TypeOf(arg).Kind() == reflect.String {
				harmless[i] = redact.Line(reflect.ValueOf(arg).String())
			}
		}
	}
	_, _ = io.WriteString(out, fit(fmt.Sprintf(format, harmless...))) // as fmt.Print: there is nowhere to report it
}

func asItIs(text string) string { return text }

// sayLine is say for one text.
func sayLine(out io.Writer, text string) { say(out, "%s\n", text) }
