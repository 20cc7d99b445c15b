package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	check := func(want string, mode os.FileMode) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil || string(data) != want {
			t.Errorf("got %q, %v, want %q", data, err, want)
		}
		if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != mode) {
			t.Errorf("mode %v, %v, want %v", info.Mode(), err, mode)
		}
		// Nothing is left beside it, whether it went well or not.
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("the folder has %v, %v", entries, err)
		}
	}
	if err := Replace(path, []byte("new"), nil); err != nil {
		t.Fatal(err)
	}
	check("new", 0o600)
	if err := Replace(path, []byte("newer"), func(f *os.File) error { return f.Chmod(0o644) }); err != nil {
		t.Fatal(err)
	}
	check("newer", 0o644)
	refused := errors.New("refused")
	if err := Replace(path, []byte("lost"), func(*os.File) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v, want what prepare said", err)
	}
	check("newer", 0o644)
	if err := Replace(filepath.Join(dir, "none", "f"), nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// A file in an open folder is replaced as one at a path is: a link is replaced, not
// followed.
func TestReplaceIn(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside")
	if err := os.WriteFile(outside, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(dir, "below")
	if err := os.Mkdir(below, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(below, "link")); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	folder, err := os.OpenRoot(below)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = folder.Close() }()
	if err := ReplaceIn(folder, "link", []byte("new"), 0o600, nil); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(below, "link")); err != nil || string(data) != "new" {
		t.Errorf("%q, %v", data, err)
	}
	if data, err := os.ReadFile(outside); err != nil || string(data) != "kept" {
		t.Errorf("outside: %q, %v", data, err)
	}
	if entries, err := os.ReadDir(below); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}
