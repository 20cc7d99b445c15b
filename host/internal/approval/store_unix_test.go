//go:build unix

package approval

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// An approval in a folder that others can write, or in a file that they can, may be
// theirs: it lets nothing happen.
func TestApprovalsThatOthersCanChange(t *testing.T) {
	store := Store{Dir: filepath.Join(t.TempDir(), "approvals"), Key: testKey}
	approved := func() string {
		t.Helper()
		p, err := store.Propose(t.Context(), request(), "text")
		if err == nil {
			err = store.Approve(t.Context(), p)
		}
		if err != nil {
			t.Fatal(err)
		}
		return p.ID
	}
	id := approved()
	if err := os.Chmod(store.Dir, 0o702); err != nil {
		t.Fatal(err)
	}
	_, used, err := store.Consume(t.Context(), request())
	var writers *atomicfile.WritersError
	if used || !errors.As(err, &writers) || writers.Path != store.Dir {
		t.Errorf("from an open folder: %v, %v", used, err)
	}
	if err := errors.Join(os.Chmod(store.Dir, 0o700), os.Chmod(store.path(id), 0o602)); err != nil {
		t.Fatal(err)
	}
	if _, used, err := store.Consume(t.Context(), request()); used || err != nil {
		t.Errorf("from an open file: %v, %v", used, err)
	}
	approved()
	if _, used, err := store.Consume(t.Context(), request()); !used || err != nil {
		t.Errorf("from a file of our own: %v, %v", used, err)
	}
}
