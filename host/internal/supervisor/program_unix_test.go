//go:build unix

package supervisor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An executable that others can change is not started, unless it is under development.
func TestProgramThatOthersCanChange(t *testing.T) {
	data, err := os.ReadFile(spec(t, "ok").Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, open := range []string{"dir", "dir/plugin"} {
		root := t.TempDir()
		sp := spec(t, "ok")
		sp.Path = filepath.Join(root, "dir", "plugin")
		if err := errors.Join(os.Mkdir(filepath.Dir(sp.Path), 0o700), os.WriteFile(sp.Path, data, 0o700),
			os.Chmod(filepath.Join(root, open), 0o707)); err != nil {
			t.Fatal(err)
		}
		_, err := call(t.Context(), startWith(t, Config{}), sp, read, `{}`)
		var launch *LaunchError
		if !errors.As(err, &launch) ||
			!strings.Contains(err.Error(), filepath.Join(root, open)+" can be changed by others") ||
			!strings.Contains(err.Error(), "chmod o-w "+filepath.Join(root, open)) {
			t.Errorf("%s: %v", open, err)
		}
		sp.Dev = true
		if _, err := call(t.Context(), startWith(t, Config{}), sp, read, `{}`); err != nil {
			t.Errorf("%s, under development: %v", open, err)
		}
	}
}
