package fileroot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	abs := filepath.Join(t.TempDir(), "a=b")
	roots, err := Parse([]string{"project=" + abs, "down-loads=."})
	here, _ := filepath.Abs(".")
	if err != nil || len(roots) != 2 || roots["project"] != abs || roots["down-loads"] != here {
		t.Errorf("%v, %v", roots, err)
	}
	if roots, err := Parse(nil); err != nil || len(roots) != 0 {
		t.Errorf("%v, %v", roots, err)
	}
	for value, want := range map[string]string{
		"project": "want NAME=DIR", "project=": "want NAME=DIR", "": "want NAME=DIR", "=" + abs: "the name of a root",
		"Project=" + abs: "the name of a root", "a/b=" + abs: "the name of a root", strings.Repeat("a", 32) + "=" +
			abs: "the name of a root",
		"project=app": "begins with a dot", "project=~/app": "begins with a dot",
		"project=${workspaceFolder}": "begins with a dot",
	} {
		if _, err := Parse([]string{value}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", value, err)
		}
	}
	if _, err := Parse([]string{"a=.", "a=.."}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("twice: %v", err)
	}
}

func open(t *testing.T, dir string) *Root {
	t.Helper()
	root, err := Roots{"project": dir}.Open("project")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(root.Close)
	return root
}

// What is written is what is read, and Write says what a read will.
func TestWriteAndRead(t *testing.T) {
	root := open(t, t.TempDir())
	if found, err := root.Read("a/b"); found != nil || err != nil {
		t.Errorf("%+v, %v", found, err)
	}
	for _, private := range []bool{true, false} {
		written, err := root.Write("a/b", []byte("x"), private)
		if err != nil {
			t.Fatal(err)
		}
		read, err := root.Read("a/b")
		if err != nil || string(read.Content) != "x" || written.Private != read.Private || written.Executable ||
			read.Executable ||
			runtime.GOOS != "windows" && read.Private != private {
			t.Errorf("%+v and %+v, %v", written, read, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(root.Folder, "a")); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// The folder of a root may be a link, as the user gave it: it is named where it is.
func TestOpenNamesTheFolder(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip(err) // Windows, without the right
	}
	root := open(t, link)
	if want := filepath.Join(dir, "a", "b"); root.Path("a/b") != want {
		t.Errorf("%s, want %s", root.Path("a/b"), want)
	}
}

// A folder that vanishes or turns into something else leads nowhere.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"none": "does not exist", "file": "cannot be opened",
		"": "--project-root DIR"} {
		roots := Roots{"project": filepath.Join(dir, name)}
		if name == "" {
			roots = nil
		}
		if _, err := roots.Open("project"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	root := open(t, dir)
	if _, err := root.Write("file/a", nil, false); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("below a file: %v", err)
	}
}
