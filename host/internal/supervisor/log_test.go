package supervisor

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// What a plugin says, in its words or as a member, goes through the redaction, and does
// not pass for what the host says.
func TestPluginLogIsRedacted(t *testing.T) {
	var out bytes.Buffer
	logger := pluginLogger(newLogLimit(slog.New(slog.NewTextHandler(&out, nil)), "roles"),
		func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") })
	logger.Warn("the password is hunter2", "answer", []byte("hunter2"), "n", 7, "plugin", "another", "level", "INFO")
	if got := out.String(); strings.Contains(got, "hunter2") || !strings.Contains(got, "the password is ***") ||
		!strings.Contains(got, "plugin=roles") || !strings.Contains(got, "level=WARN") ||
		strings.Contains(got, " plugin=another") || strings.Contains(got, " level=INFO") {
		t.Errorf("the log says %s", got)
	}
}
