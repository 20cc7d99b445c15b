//go:build unix

package auth

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// A config file names commands that are run and tenants that are changed: one that
// others can write is not believed, wherever a link leads.
func TestConfigThatOthersCanChange(t *testing.T) {
	open, private := t.TempDir(), t.TempDir()
	file := filepath.Join(open, "config.toml")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Symlink(file, filepath.Join(private, "config.toml")),
		os.Chmod(open, 0o703)); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{open, private} {
		_, err := ConfigFile{Path: filepath.Join(dir, "config.toml")}.Load()
		var writers *atomicfile.WritersError
		if !errors.As(err, &writers) || writers.Path != open || writers.Fix != "chmod o-w "+open {
			t.Errorf("in %s: %v", dir, err)
		}
	}
}
