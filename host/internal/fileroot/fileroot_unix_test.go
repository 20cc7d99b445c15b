//go:build unix

package fileroot

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe is neither read, for which it would wait without end, nor replaced.
func TestPipe(t *testing.T) {
	root := open(t, t.TempDir())
	pipe := filepath.Join(root.Folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := root.Read("pipe"); err == nil || !strings.Contains(err.Error(), "neither a file nor a folder") {
		t.Errorf("read: %v", err)
	}
	if _, err := root.Write("pipe", nil, false); err == nil || !strings.Contains(err.Error(), "neither a file nor a "+
		"folder") {
		t.Errorf("written: %v", err)
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("%v, %v", info, err)
	}
}

// What the user's umask takes away stays away, and what it leaves does not widen what is
// private. It is the process's, so that no other test may run beside this one.
func TestUmask(t *testing.T) {
	root := open(t, t.TempDir())
	defer syscall.Umask(syscall.Umask(0o027))
	for path, private := range map[string]bool{"a/public": false, "b/private": true} {
		written, err := root.Write(path, nil, private)
		if err != nil {
			t.Fatal(err)
		}
		file, _ := os.Stat(root.Path(path))
		folder, _ := os.Stat(filepath.Dir(root.Path(path)))
		wantFile, wantFolder := os.FileMode(0o640), os.FileMode(0o750)
		if private {
			wantFile, wantFolder = 0o600, 0o700
		}
		if file.Mode().Perm() != wantFile || folder.Mode().Perm() != wantFolder || written.Private != private {
			t.Errorf("%s: %v in %v, %+v", path, file.Mode(), folder.Mode(), written)
		}
	}
}
