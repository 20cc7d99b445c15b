//go:build unix

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The user of the tests is played: only root can give files away.
const (
	me, other       = 4001, 4002
	mine, everybody = 4001, 4003
)

func player() identity {
	return identity{uid: me, ownGroup: func(gid uint32) bool { return gid == mine }}
}

// tree is a folder of the played user with sub/file in it.
func tree(t *testing.T) (folder, file string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files to other users")
	}
	folder = t.TempDir()
	file = filepath.Join(folder, "sub", "file")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, filepath.Dir(file), file} {
		give(t, path, me, mine, 0o700)
	}
	return folder, file
}

func give(t *testing.T, path string, uid, gid int, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.Lchown(path, uid, gid), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func TestCheckWriters(t *testing.T) {
	tests := map[string]struct {
		path     string // below the folder; "": the folder
		uid, gid int
		mode     os.FileMode
		who, fix string // "": accepted
	}{
		"ours":                         {"sub/file", me, mine, 0o600, "", ""},
		"root's":                       {"sub/file", 0, 0, 0o755, "", ""},
		"our group may write":          {"sub/file", me, mine, 0o660, "", ""},
		"root's group may write":       {"sub/file", 0, 0, 0o775, "", ""},
		"everyone may read":            {"sub/file", me, everybody, 0o755, "", ""},
		"another's":                    {"sub/file", other, mine, 0o600, "belongs to user 4002", "chown 4001 "},
		"a shared group may write":     {"sub/file", me, everybody, 0o660, "group 4003 may write", "chmod g-w "},
		"everyone may write":           {"sub/file", me, mine, 0o602, "every user may write", "chmod o-w "},
		"everyone and a group":         {"sub/file", me, everybody, 0o666, "every user may write", "chmod go-w "},
		"another's folder":             {"sub", other, mine, 0o755, "belongs to user 4002", "chown 4001 "},
		"a folder open to all":         {"", me, mine, 0o777, "every user may write", "chmod o-w "},
		"a folder open to a group":     {"", me, everybody, 0o770, "group 4003 may write", "chmod g-w "},
		"a sticky folder above":        {"", 0, 0, 0o777 | fs.ModeSticky, "", ""},
		"a sticky folder of a group":   {"", me, everybody, 0o770 | fs.ModeSticky, "", ""},
		"another's sticky folder":      {"", other, mine, 0o755 | fs.ModeSticky, "belongs to user 4002", "chown 4001 "},
		"a sticky bit on a file":       {"sub/file", me, mine, 0o666 | fs.ModeSticky, "every user may write", "chmod o-w "},
		"a folder above, open to root": {"", me, 0, 0o770, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			folder, file := tree(t)
			changed := filepath.Join(folder, tt.path)
			give(t, changed, tt.uid, tt.gid, tt.mode)
			checkAnswer(t, player().checkAll(file), changed, tt.who, tt.fix)
		})
	}
}

func checkAnswer(t *testing.T, err error, path, who, fix string) {
	t.Helper()
	var writers *WritersError
	switch {
	case who == "" && err != nil:
		t.Errorf("refused: %v", err)
	case who == "":
	case !errors.As(err, &writers):
		t.Errorf("got %v, want a refusal", err)
	case writers.Path != path || !strings.Contains(writers.Who, who) || writers.Fix != fix+path:
		t.Errorf("got %+v, want %s: %s, %s%s", writers, path, who, fix, path)
	}
}

// A folder that is itself asked about is not safe by its sticky bit: others can add
// to it.
func TestCheckWritersOfAStickyFolder(t *testing.T) {
	folder, _ := tree(t)
	give(t, folder, 0, 0, 0o777|fs.ModeSticky)
	checkAnswer(t, player().checkAll(folder), folder, "every user may write", "chmod o-w ")
	link := filepath.Join(folder, "link")
	if err := errors.Join(os.Symlink("sub/..", link), os.Lchown(link, me, mine)); err != nil {
		t.Fatal(err)
	}
	checkAnswer(t, player().checkAll(link), folder, "every user may write", "chmod o-w ")
}

// A link is as good as the weakest of its owner, what leads to it, and its target.
func TestCheckWritersFollowsLinks(t *testing.T) {
	folder, file := tree(t)
	open := t.TempDir()
	give(t, open, me, mine, 0o777)
	link := func(path, target string, uid int) string {
		t.Helper()
		if err := errors.Join(os.Symlink(target, path), os.Lchown(path, uid, mine)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	loose := filepath.Join(open, "file")
	if err := os.WriteFile(loose, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	give(t, loose, me, mine, 0o600)
	tests := map[string]struct{ path, refused, who, fix string }{
		"to a safe file":          {link(filepath.Join(folder, "a"), "sub/file", me), "", "", ""},
		"by .. and an own folder": {link(filepath.Join(folder, "b"), "./sub/../sub/file", 0), "", "", ""},
		"out of an open folder":   {link(filepath.Join(open, "c"), file, me), open, "every user may write", "chmod o-w "},
		"into an open folder":     {link(filepath.Join(folder, "d"), loose, me), open, "every user may write", "chmod o-w "},
		"of another": {link(filepath.Join(folder, "e"), file, other), filepath.Join(folder, "e"),
			"belongs to user 4002", "chown -h 4001 "},
		"over a folder that is a link": {filepath.Join(link(filepath.Join(folder, "f"), open, me), "file"), open,
			"every user may write", "chmod o-w "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checkAnswer(t, player().checkAll(tt.path), tt.refused, tt.who, tt.fix)
		})
	}
	if err := player().checkAll(link(filepath.Join(folder, "loop"), "loop", me)); err == nil ||
		errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link to itself: %v", err)
	}
	if err := player().checkAll(filepath.Join(folder, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// The identity of this process, and a path that a shell would split.
func TestCheckWritersOfThisProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with space")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckWriters(path); err != nil {
		t.Errorf("our own file: %v", err)
	}
	if err := os.Chmod(path, 0o606); err != nil {
		t.Fatal(err)
	}
	err := CheckWriters(path)
	if err == nil || !strings.HasSuffix(err.Error(), "Fix it with: chmod o-w '"+path+"'") {
		t.Errorf("got %v", err)
	}
}
