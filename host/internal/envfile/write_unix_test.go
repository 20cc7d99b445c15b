//go:build unix

package envfile

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe is not waited for.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, ".env"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(dir, ".env", []Pair{{"KEY", "v"}}, false); err == nil ||
		!strings.Contains(err.Error(), "neither a file nor a folder") {
		t.Error(err)
	}
}
