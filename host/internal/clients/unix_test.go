//go:build unix

package clients

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// nobody is a user that root can become, and give files to.
const nobody = 65534

// A folder that can't be written to is an error, and nothing is lost. Root can
// write everywhere, so that root runs this test again as nobody.
func TestApplyInAReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		runAsNobody(t)
		return
	}
	p, path := fileOf(t, "cursor", other)
	dir := filepath.Dir(path)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	change, err := Plan(p, cursor, ours(), false)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, change.Apply(t.Context()), path, "permission denied", "nothing was changed")
	if got := readBack(t, path); got != other {
		t.Errorf("got %s", got)
	}
	wantFiles(t, dir, "mcp.json")
	// Nor can a file be read that is for somebody else.
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err = Plan(p, cursor, ours(), false)
	wantError(t, err, path, "permission denied")
}

func runAsNobody(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The folders of the test's binary, and of this test, are closed to others.
	dir := t.TempDir()
	copied := filepath.Join(dir, "test")
	copyFile(t, self, copied)
	for _, path := range []string{filepath.Dir(dir), dir, copied} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// The folder for temporary files may be closed to others too.
	temporary := filepath.Join(dir, "tmp")
	if err := errors.Join(os.Mkdir(temporary, 0o700), os.Chown(temporary, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), copied, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("as user %s: %v\n%s", strconv.Itoa(nobody), err, out)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// A file stays its owner's when root edits it.
func TestApplyKeepsTheOwner(t *testing.T) {
	p, path := fileOf(t, "cursor", other)
	uid, gid := os.Geteuid(), os.Getegid()
	if uid == 0 {
		uid, gid = nobody, nobody
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	planAndApply(t, p, cursor, ours())
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if stat := info.Sys().(*syscall.Stat_t); int(stat.Uid) != uid || int(stat.Gid) != gid {
		t.Errorf("belongs to %d:%d, want %d:%d", stat.Uid, stat.Gid, uid, gid)
	}
	wantMode(t, path, 0o600)
}

func TestPlanDoesNotOpenAPipe(t *testing.T) {
	p := placesOn(t, "linux")
	path := filepath.Join(p.Home, ".cursor", "mcp.json")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Plan(p, cursor, ours(), false)
	wantError(t, err, path, "not a regular file")
}
