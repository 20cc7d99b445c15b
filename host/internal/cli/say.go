package cli

import (
	"fmt"
	"io"
	"reflect"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// lines is a text whose line ends are ours, such as a list of names, each harmless.
type lines string

// say writes to the user. It is fmt.Fprintf for arguments that may come from outside:
// texts are made harmless and kept on one line, except errors and lines, which keep
// their line ends.
func say(out io.Writer, format string, args ...any) {
	harmless := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case nil:
		case lines:
			harmless[i] = redact.Text(string(v))
		case error:
			harmless[i] = redact.Text(v.Error())
		case fmt.Stringer:
			harmless[i] = redact.Line(v.String())
		default:
			if harmless[i] = arg; reflect.TypeOf(arg).Kind() == reflect.String {
				harmless[i] = redact.Line(reflect.ValueOf(arg).String())
			}
		}
	}
	_, _ = fmt.Fprintf(out, format, harmless...) // as fmt.Print to a terminal: there is nowhere to report it
}

// sayLine is say for one text.
func sayLine(out io.Writer, text string) { say(out, "%s\n", text) }
