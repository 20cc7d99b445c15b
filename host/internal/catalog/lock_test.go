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
		"logs":  hereOnly("0.1.0", digestOf("a"), digestOf("b")),
		"roles": hereOnly("2.0.0-rc.1+build.5", digestOf("c"), digestOf("d")),
	}}
}

// fullLock has every member of the format.
func fullLock() Lock {
	return Lock{Plugins: map[string]LockEntry{"roles": {
		Version: "1.2.3", Source: "https://plugins.example/index.json", Constraint: "~> 1.2", Release: digestOf("release"),
		Signer:   Signer{Name: "example", Kind: "minisign", Detail: "key 0123456789ABCDEF"},
		Manifest: digestOf("manifest"),
		Platforms: map[string]Pin{
			"linux/amd64":  {Archive: digestOf("1"), Binary: digestOf("2")},
			"darwin/arm64": {Archive: digestOf("3"), Binary: digestOf("4")},
		},
		Tools: map[string]Permissions{
			"auth0_list_roles": {Effect: "read", Scopes: []string{"read:roles"}, Paths: []string{"GET /api/v2/roles"}},
			"auth0_edit_role": {Effect: "write", Scopes: []string{"update:roles", "read:roles"}, Paths: []string{everyPath},
				Files: []string{"project"}},
		},
	}}}
}

// The file is made to be committed: its bytes depend on what it says alone.
func TestLockIsCanonical(t *testing.T) {
	data, err := fullLock().Encode()
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "lock.golden", string(data))
	turned := fullLock()
	tool := turned.Plugins["roles"].Tools["auth0_edit_role"]
	tool.Scopes = []string{"read:roles", "update:roles"}
	turned.Plugins["roles"].Tools["auth0_edit_role"] = tool
	if again, err := turned.Encode(); err != nil || string(again) != string(data) {
		t.Errorf("another order gives other bytes (%v)", err)
	}
	read, err := ParseLock(data)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := read.Encode(); err != nil || string(again) != string(data) {
		t.Errorf("read and written again, it has other bytes (%v)", err)
	}
	if !read.Plugins["roles"].Equal(fullLock().Plugins["roles"]) || read.Plugins["roles"].Equal(LockEntry{}) {
		t.Error("Equal")
	}
}

// A file of version 1 pins the binaries of the machine that it is on.
func TestLockOfVersion1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock.json")
	writeFile(t, path, fmt.Sprintf(`{"version":1,"plugins":{"logs":{"version":"0.1.0","binary":"%s","manifest":"%s"},`+
		`"roles":{"version":"2.0.0-rc.1+build.5","binary":"%s","manifest":"%s"}}}`, digestOf("a"), digestOf("b"),
		digestOf("c"), digestOf("d")), 0o640)
	got, err := ReadLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(aLock(), got); diff != "" {
		t.Error(diff)
	}
	if err := got.Write(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(data), `"version": 2`) {
		t.Errorf("got %s (%v)", data, err)
	}
	if again, err := ReadLock(path); err != nil || !cmp.Equal(again, got) {
		t.Errorf("got %v, %v", again, err)
	}
	if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o640) {
		t.Errorf("its mode is %v now (%v)", info.Mode(), err)
	}
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
	bad = Lock{Plugins: map[string]LockEntry{"logs": hereOnly("1.0.0", digestOf("a"), Digest{})}}
	wantError(t, bad.Write(path), "logs", "the digest of its manifest is missing")
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
	data, err := fullLock().Encode()
	if err != nil {
		t.Fatal(err)
	}
	full, digest := string(data), digestOf("manifest").String()
	with := func(old, to string) string {
		t.Helper()
		if !strings.Contains(full, old) {
			t.Fatalf("the lock file does not hold %s", old)
		}
		return strings.Replace(full, old, to, 1)
	}
	const newer = "needs a newer auth0-mcp"
	for name, tt := range map[string]struct{ in, want string }{
		"empty file":             {"", "empty, not a JSON document"},
		"null":                   {"null", `"version" is missing`},
		"a list":                 {"[]", "not a JSON object"},
		"no version":             {`{"plugins":{}}`, `"version" is missing`},
		"a newer version":        {`{"version":3,"plugins":{}}`, "it has version 3 of the format, and this host knows"},
		"newer, and other else":  {`{"version":3,"trust":[]}`, newer},
		"version as text":        {`{"version":"2","plugins":{}}`, `"version": `},
		"unknown member":         {with(`"plugins"`, `"trust": "all", "plugins"`), `a member "trust" that`},
		"unknown, in a plugin":   {with(`"source"`, `"hooks": [], "source"`), newer},
		"unknown, in a pin":      {with(`"archive"`, `"run": "sh", "archive"`), newer},
		"unknown, in a tool":     {with(`"effect"`, `"network": true, "effect"`), newer},
		"member in another case": {`{"version":2,"Plugins":{}}`, `a member "Plugins" that`},
		"version 1, and more":    {`{"version":1,"plugins":{},"trust":"all"}`, newer},
		"no plugins":             {`{"version":2}`, `"plugins" is missing`},
		"no plugins, version 1":  {`{"version":1}`, `"plugins" is missing`},
		"plugin twice":           {with(`"roles": {`, `"roles": {}, "roles": {`), "given twice"},
		"bad name":               {with(`"roles"`, `"Roles"`), "not a plugin's name"},
		"a path as a name":       {with(`"roles"`, `"../roles"`), "not a plugin's name"},
		"a look-alike":           {with(`"roles"`, `"r\u043eles"`), "not a plugin's name"},
		"entry is null":          {`{"version":2,"plugins":{"a":null}}`, "want a semantic version"},
		"entry is a list":        {`{"version":2,"plugins":{"a":[]}}`, `"plugins.a": `},
		"no manifest":            {with(`"manifest"`, `"release"`), "given twice"},
		"zero digest":            {with(digest, Digest{}.String()), "all digits are zero"},
		"digest in capitals":     {with(digest, strings.ToUpper(digest)), "lower-case hex digits"},
		"bad version":            {with("1.2.3", "1"), "want a semantic version"},
		"no platforms": {`{"version":2,"plugins":{"a":{"version":"1.0.0","manifest":"` + digest + `"}}}`,
			"platforms"},
		"a path as a platform": {with("linux/amd64", "../../etc"), "want a system and an architecture"},
		"no binary":            {with(`"binary": "`+digestOf("2").String()+`"`, `"archive": "`+digest+`"`), "given twice"},
		"an unknown effect":    {with(`"effect": "write"`, `"effect": "any"`), "want read, write or destroy"},
		"no effect":            {with(`"effect": "write"`, `"effect": ""`), "want read, write or destroy"},
		"a tool's odd name":    {with("auth0_edit_role", "auth0_edit role"), "not a tool's name"},
		"too large":            {strings.Repeat(" ", maxLockBytes+1), "is larger than"},
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
	without := fullLock()
	entry := without.Plugins["roles"]
	entry.Tools = nil
	without.Plugins["roles"] = entry
	_, err = without.Encode()
	wantError(t, err, "the permissions of its tools are missing")
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
	good, err := aLock().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "logs@0.1.0="+digestOf("a").String()+","+digestOf("b").String())
	full, err := fullLock().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full, ";")
	f.Add([]byte(`{"version":1,"plugins":{}}`), ";")
	f.Fuzz(func(t *testing.T, document []byte, bundled string) {
		for _, l := range parseBoth(document, bundled) {
			data, err := l.Encode()
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
