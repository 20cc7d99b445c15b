package cli

import (
	"io"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

// Whatever an event holds, it is one line, and none ends the log.
func TestLogLine(t *testing.T) {
	screen := console.Of(io.Discard)
	for doc, want := range map[string]string{
		`{"date":"2026-11-30T05:00:00.123Z","type":"f","user_name":"ada","ip":"192.0.2.1"}`:                   "2026-11-30T05:00:00Z  f  ada  192.0.2.1\n",
		`{"date":"x","type":["f"],"ip":5,"user_name":null,"user_id":"auth0|a","description":{"a":1}}`:         "x  auth0|a\n",
		`{"date":"\u001b[2J","type":"f\r\n2026-01-01T00:00:00Z  s  root","description":"\u202e\u2028\u0085"}`: "",
		`{}`: "",
	} {
		line, err := logLine(screen, []byte(doc))
		if err != nil || !strings.HasSuffix(line, "\n") || strings.Count(line, "\n") != 1 ||
			strings.ContainsAny(line, "\x1b\r\u202e\u2028\u0085") || want != "" && line != want {
			t.Errorf("%s: %q, %v", doc, line, err)
		}
	}
}
