package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDigest(t *testing.T) {
	d := digestOf("abc")
	const want = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if d.String() != want {
		t.Errorf("got %s", d)
	}
	if parsed, err := ParseDigest(want); err != nil || parsed != d {
		t.Errorf("got %s, %v", parsed, err)
	}
	path := filepath.Join(t.TempDir(), "f")
	writeFile(t, path, "abc", 0o600)
	if got, err := DigestFile(path); err != nil || got != d {
		t.Errorf("got %s, %v", got, err)
	}
	for _, bad := range []string{
		"", "sha256:", want[:70], want + "0", strings.ToUpper(want), "sha256:" + strings.ToUpper(want[7:]),
		want[7:], "sha512:" + want[7:], "sha256:" + strings.Repeat("g", 64), "sha256:" + strings.Repeat("0", 64),
	} {
		if _, err := ParseDigest(bad); err == nil {
			t.Errorf("ParseDigest(%q) accepted", bad)
		}
	}
}

func TestDigestFileRefusesWhatIsNotAFile(t *testing.T) {
	dir := t.TempDir()
	_, err := DigestFile(dir)
	wantError(t, err, "not a regular file")
	if _, err := DigestFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func aLock() Lock {
	return Lock{Plugins: map[string]LockEntry{
		"logs":  {Version: "0.1.0", Binary: digestOf("a"), Manifest: digestOf("b")},
		"roles": {Version: "2.0.0-rc.1+build.5", Binary: digestOf("c"), Manifest: digestOf("d")},
	}}
}

func TestLockRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "plugins.lock.json")
	if err := aLock().Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := ReadLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(aLock(), got); diff != "" {
		t.Error(diff)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for path, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestLockWriteReplacesAndLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "plugins.lock.json")
	for _, l := range []Lock{aLock(), {}} {
		if err := l.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadLock(path)
	if err != nil || len(got.Plugins) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestLockWriteFailureKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "plugins.lock.json")
	if err := aLock().Write(path); err != nil {
		t.Fatal(err)
	}
	bad := aLock()
	bad.Plugins["Bad Name"] = LockEntry{}
	wantError(t, bad.Write(path), "Bad Name", "not a plugin's name")
	bad = Lock{Plugins: map[string]LockEntry{"logs": {Version: "1.0.0", Binary: digestOf("a")}}}
	wantError(t, bad.Write(path), "logs", "a digest is missing")
	if got, err := ReadLock(path); err != nil || len(got.Plugins) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
	// A folder cannot be replaced by a file: the temporary file must go.
	occupied := filepath.Join(dir, "occupied", "plugins.lock.json")
	writeFile(t, filepath.Join(occupied, "x"), "", 0o600)
	if err := aLock().Write(occupied); err == nil {
		t.Error("a folder was replaced")
	}
	if entries, err := os.ReadDir(filepath.Dir(occupied)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestLockWriteKeepsASymbolicLink(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "real", "lock.json"), filepath.Join(dir, "link.json")
	writeFile(t, target, "{}", 0o600)
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := aLock().Write(link); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if got, err := ReadLock(target); err != nil || len(got.Plugins) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReadLockWithoutAFile(t *testing.T) {
	got, err := ReadLock(filepath.Join(t.TempDir(), "none.json"))
	if err != nil || got.Plugins == nil || len(got.Plugins) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

// Where there is no folder for the lock file, such as without HOME, the working directory is not asked in its place: a
// server that is started in /tmp would not start.
func TestReadLockWithoutAPath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadLock(""); err != nil || len(got.Plugins) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestReadLockRefuses(t *testing.T) {
	d := digestOf("x")
	entry := fmt.Sprintf(`{"version":"1.0.0","binary":"%s","manifest":"%s"}`, d, d)
	for name, tt := range map[string]struct{ in, want string }{
		"empty file":          {"", "empty, not a JSON document"},
		"null":                {"null", "not a JSON object"},
		"no version":          {`{"plugins":{}}`, `"version" is missing or not an integer`},
		"a newer version":     {`{"version":2,"plugins":{}}`, "format version 2 is not known"},
		"version as text":     {`{"version":"1","plugins":{}}`, "not an integer"},
		"unknown key":         {`{"version":1,"plugins":{},"trust":"all"}`, `unknown key "trust"`},
		"key in another case": {`{"version":1,"Plugins":{}}`, `unknown key "Plugins"`},
		"no plugins":          {`{"version":1}`, `"plugins" is missing`},
		"plugin twice":        {`{"version":1,"plugins":{"a":` + entry + `,"a":` + entry + `}}`, "given twice"},
		"bad name":            {`{"version":1,"plugins":{"A":` + entry + `}}`, "not a plugin's name"},
		"entry is null":       {`{"version":1,"plugins":{"a":null}}`, "not a JSON object"},
		"no digest": {fmt.Sprintf(`{"version":1,"plugins":{"a":{"version":"1.0.0","binary":"%s"}}}`, d),
			`"manifest" is missing`},
		"zero digest": {`{"version":1,"plugins":{"a":` + strings.ReplaceAll(entry, d.String(), Digest{}.String()) +
			`}}`, "all digits are zero"},
		"bad version of plugin": {`{"version":1,"plugins":{"a":` + strings.Replace(entry, "1.0.0", "1", 1) + `}}`,
			"want a semantic version"},
		"unknown key in entry": {`{"version":1,"plugins":{"a":` + strings.Replace(entry, "{", `{"x":1,`, 1) + `}}`,
			`unknown key "x"`},
		"too large": {strings.Repeat(" ", maxLockBytes+1), "larger than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lock.json")
			writeFile(t, path, tt.in, 0o600)
			_, err := ReadLock(path)
			wantError(t, err, path, tt.want)
		})
	}
	path := filepath.Join(t.TempDir(), "lock.json")
	writeFile(t, path, `{"version":7,"plugins":{}}`, 0o600)
	var version *LockVersionError
	if _, err := ReadLock(path); !errors.As(err, &version) || version.Found != 7 {
		t.Errorf("got %v", err)
	}
}

func TestParseBundled(t *testing.T) {
	a, b, c, d := digestOf("a"), digestOf("b"), digestOf("c"), digestOf("d")
	text := fmt.Sprintf("logs@0.1.0=%s,%s;roles@2.0.0-rc.1+build.5=%s,%s", a, b, c, d)
	for _, in := range []string{text, text + ";"} {
		got, err := ParseBundled(in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(aLock(), got); diff != "" {
			t.Error(diff)
		}
	}
	if got, err := ParseBundled(""); err != nil || got.Plugins == nil || len(got.Plugins) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{
		";", "logs", "logs@0.1.0", "logs@0.1.0=" + a.String(), "logs=" + a.String() + "," + b.String(),
		"Logs@0.1.0=" + a.String() + "," + b.String(), "logs@v1=" + a.String() + "," + b.String(),
		"logs@0.1.0=" + a.String() + "," + Digest{}.String(), text + ";" + text, text + ";;" + text,
		"logs@0.1.0=" + a.String() + "," + b.String() + "," + c.String(),
	} {
		if _, err := ParseBundled(bad); err == nil {
			t.Errorf("ParseBundled(%q) accepted", bad)
		}
	}
}

func FuzzLock(f *testing.F) {
	good, err := aLock().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "logs@0.1.0="+digestOf("a").String()+","+digestOf("b").String())
	f.Add([]byte(`{"version":1,"plugins":{}}`), ";")
	f.Fuzz(func(t *testing.T, document []byte, bundled string) {
		for _, l := range parseBoth(document, bundled) {
			data, err := l.encode()
			if err != nil {
				t.Fatalf("accepted, but cannot be written: %v", err)
			}
			again, err := parseLock(data)
			if err != nil {
				t.Fatalf("written, but cannot be read: %v", err)
			}
			if diff := cmp.Diff(l, again); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func parseBoth(document []byte, bundled string) []Lock {
	var locks []Lock
	if l, err := parseLock(document); err == nil {
		locks = append(locks, l)
	}
	if l, err := ParseBundled(bundled); err == nil {
		locks = append(locks, l)
	}
	return locks
}
