package pluginstore

import (
	"archive/tar"
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// bundled is a world with roles, its bundle, and the name of its entry.
func bundled(t testing.TB) (w *world, path, entry string) {
	t.Helper()
	w = newWorld(t)
	w.mustInstall(t, published{version: "1.2.0"})
	path = filepath.Join(t.TempDir(), "plugins.tar")
	if n, err := w.WriteBundle(t.Context(), path, nil); n != 1 || err != nil {
		t.Fatalf("%d plugins, %v", n, err)
	}
	lock, err := w.Lock()
	if err != nil {
		t.Fatal(err)
	}
	return w, path, lock.Plugins["roles"].StoreEntry(catalog.Platform())
}

func (w *world) installBundle(t testing.TB, path string) error {
	t.Helper()
	b, err := w.OpenBundle(path)
	if err != nil {
		return err
	}
	candidates, err := w.ToInstall(t.Context(), b)
	if err == nil {
		err = w.Apply(t.Context(), Change{Install: candidates})
	}
	return errors.Join(err, Discard(candidates), b.Close())
}

// A machine that reaches no source gets plugins from a bundle, with the lock file in it or with its own.
func TestBundle(t *testing.T) {
	from, path, _ := bundled(t)
	isolated := newWorld(t)
	if err := isolated.installBundle(t, path); err != nil {
		t.Fatal(err)
	}
	isolated.works(t, "1.2.0")
	checkTidy(t, isolated, 1)
	a, errA := os.ReadFile(from.LockPath)
	b, errB := os.ReadFile(isolated.LockPath)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("the lock files differ (%v, %v)", errA, errB)
	}
	again := filepath.Join(t.TempDir(), "plugins.tar")
	if _, err := isolated.WriteBundle(t.Context(), again, nil); err != nil {
		t.Fatal(err)
	}
	a, errA = os.ReadFile(path)
	b, errB = os.ReadFile(again)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("the bundles differ (%v, %v)", errA, errB)
	}
	if _, err := isolated.WriteBundle(t.Context(), again, nil); err == nil || !strings.Contains(err.Error(),
		"does not exist yet") {
		t.Errorf("over an old one: %v", err)
	}
	project := newWorld(t)
	copyLock(t, from, project)
	bundle, err := project.OpenBundle(path)
	if err != nil {
		t.Fatal(err)
	}
	candidates, err := project.ToSync(t.Context(), bundle)
	if err != nil || len(candidates) != 1 {
		t.Fatalf("%d candidates, %v", len(candidates), err)
	}
	if err := errors.Join(project.Apply(t.Context(), Change{Install: candidates}), Discard(candidates),
		bundle.Close()); err != nil {
		t.Fatal(err)
	}
	project.works(t, "1.2.0")
	checkTidy(t, project, 1)
	if len(isolated.fetched)+len(project.fetched) > 0 {
		t.Error("a source was asked")
	}
}

// A bundle cannot say who signed a plugin: neither to the user, nor to pass for an update by the same author.
func TestBundleThatNamesASigner(t *testing.T) {
	key := source.Signer{Name: "example", Kind: "minisign", Detail: "key 0123456789ABCDEF"}
	forger := newWorld(t)
	forger.mustInstall(t, published{version: "9.0.0", signer: key})
	lock, err := forger.Lock()
	if err != nil {
		t.Fatal(err)
	}
	entry := lock.Plugins["roles"]
	entry.Key = key.Name
	lock.Plugins["roles"] = entry
	if err := lock.Write(forger.LockPath); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "plugins.tar")
	if _, err := forger.WriteBundle(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}

	isolated := newWorld(t)
	for range 2 { // the second time there is nothing to do
		if err := isolated.installBundle(t, path); err != nil {
			t.Fatal(err)
		}
		lock, err := isolated.Lock()
		if err != nil || lock.Plugins["roles"].Signer != (catalog.Signer{}) {
			t.Errorf("%+v, %v", lock.Plugins["roles"].Signer, err)
		}
	}

	w := newWorld(t)
	w.mustInstall(t, published{version: "1.2.0", signer: key})
	b, err := w.OpenBundle(path)
	if err != nil {
		t.Fatal(err)
	}
	candidates, err := w.ToInstall(t.Context(), b)
	if err != nil || len(candidates) != 1 {
		t.Fatalf("%d candidates, %v", len(candidates), err)
	}
	defer func() {
		if err := errors.Join(Discard(candidates), b.Close()); err != nil {
			t.Error(err)
		}
	}()
	if candidates[0].Signer != (catalog.Signer{}) {
		t.Errorf("signed by %+v", candidates[0].Signer)
	}
	loaded, err := w.load()
	if err != nil {
		t.Fatal(err)
	}
	installed, err := w.Lock()
	if err != nil {
		t.Fatal(err)
	}
	review := catalog.NewReview(candidates[0].Plugin, candidates[0].Entry, loaded, installed, catalog.Lock{})
	err = candidates[0].Refuse(review, Consent{Replace: []string{"roles"}}, true)
	if err == nil || !strings.Contains(err.Error(), "and this one by none of your keys") {
		t.Errorf("got %v", err)
	}
}

func TestBundlesThatAreRefused(t *testing.T) {
	from, sound, entry := bundled(t)
	files := map[string][]byte{}
	data, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if err != nil {
			break
		}
		var content bytes.Buffer
		if _, err := content.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		files[header.Name] = content.Bytes()
	}
	type member struct {
		header  tar.Header
		content string
	}
	for name, tt := range map[string]struct {
		replaced map[string]string // "": left out
		more     []member
		cut      bool
		want     string
	}{
		"another executable": {map[string]string{entry + "/run": "evil"}, nil, false, "is not the executable that is locked"},
		"another manifest": {map[string]string{entry + "/" + manifestName: string(files[entry+"/"+manifestName]) + " "}, nil,
			false,
			"is not the manifest that is locked"},
		"no executable": {map[string]string{entry + "/run": ""}, nil, false, "run"},
		"no lock file":  {map[string]string{bundledLock: ""}, nil, false, "it has no lock file"},
		"a newer lock file": {map[string]string{bundledLock: `{"version":9,"plugins":{}}`}, nil, false,
			"needs a newer auth0-mcp"},
		"a plugin too few": {map[string]string{entry + "/run": "", entry + "/" + manifestName: ""}, nil, false,
			"does not have plugin roles"},
		"a way out":      {nil, []member{{tar.Header{Name: "../x"}, "x"}}, false, "it has a file ../x"},
		"further in":     {nil, []member{{tar.Header{Name: entry + "/../../x"}, "x"}}, false, "it has a file "},
		"absolute":       {nil, []member{{tar.Header{Name: "/tmp/x"}, "x"}}, false, "it has a file /tmp/x"},
		"a backslash":    {nil, []member{{tar.Header{Name: entry + `/..\x`}, "x"}}, false, "it has a file "},
		"something else": {nil, []member{{tar.Header{Name: "README"}, "x"}}, false, "it has a file README"},
		"one more file": {nil, []member{{tar.Header{Name: entry + "/library.so"}, "x"}}, false,
			"a plugin has no other files"},
		"twice": {nil, []member{{tar.Header{Name: entry + "/run"}, "x"}}, false, "file exists"},
		"a link": {nil, []member{{tar.Header{Name: entry + "/link", Typeflag: tar.TypeSymlink, Linkname: "/etc"}, ""}}, false,
			"is not a regular file"},
		"a hard link": {nil, []member{{tar.Header{Name: entry + "/link", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"},
			""}},
			false, "is not a regular file"},
		"a device": {nil, []member{{tar.Header{Name: entry + "/null", Typeflag: tar.TypeChar}, ""}}, false,
			"is not a regular file"},
		"half of it": {nil, nil, true, "not a whole tar archive"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			w := tar.NewWriter(&out)
			put := func(header tar.Header, content string) {
				header.Size, header.Mode = int64(len(content)), 0o700
				if header.Typeflag == 0 {
					header.Typeflag = tar.TypeReg
				}
				if err := w.WriteHeader(&header); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write([]byte(content)); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range slices.Sorted(maps.Keys(files)) { // the lock file first, which "half of it" cuts
				content := files[name]
				replaced, changed := tt.replaced[name]
				switch {
				case !changed:
					put(tar.Header{Name: name}, string(content))
				case replaced != "":
					put(tar.Header{Name: name}, replaced)
				}
			}
			for _, m := range tt.more {
				put(m.header, m.content)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			bytes := out.Bytes()
			if tt.cut {
				bytes = bytes[:700]
			}
			path := filepath.Join(t.TempDir(), "plugins.tar")
			if err := os.WriteFile(path, bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			isolated := newWorld(t)
			if err := isolated.installBundle(t, path); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if lock, err := isolated.Lock(); err != nil || len(lock.Plugins) > 0 {
				t.Errorf("%v, %v", lock, err)
			}
		})
	}
	// Nothing is bundled that is not as it is locked.
	if err := os.WriteFile(filepath.Join(from.Store, entry, "run"), []byte("evil"), 0o700); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(t.TempDir(), "plugins.tar")
	if _, err := from.WriteBundle(t.Context(), none, nil); err == nil || !strings.Contains(err.Error(),
		"can't be bundled") || exists(none) {
		t.Errorf("got %v", err)
	}
}

// A bundle for several platforms has what is locked for each, and a machine unpacks only its own.
func TestBundleForSeveralPlatforms(t *testing.T) {
	offer := published{version: "1.2.0", others: map[string]string{"plan9/arm": "theirs", "windows/mips": "others"}}
	w := newWorld(t)
	w.mustInstall(t, offer)
	lock, err := w.Lock()
	if err != nil {
		t.Fatal(err)
	}
	entry := lock.Plugins["roles"]
	path := filepath.Join(t.TempDir(), "plugins.tar")
	if _, err := w.WriteBundle(t.Context(), path, []string{AllPlatforms}); err != nil {
		t.Fatal(err)
	}
	names := tarNames(t, path)
	for platform, program := range map[string]string{"plan9/arm": "run", "windows/mips": "run.exe"} {
		if name := entry.StoreEntry(platform) + "/" + program; !slices.Contains(names, name) {
			t.Errorf("%s: %s is missing in %v", platform, name, names)
		}
	}
	isolated := newWorld(t)
	if err := isolated.installBundle(t, path); err != nil {
		t.Fatal(err)
	}
	isolated.works(t, "1.2.0")
	checkTidy(t, isolated, 1)

	elsewhere := filepath.Join(t.TempDir(), "plan9.tar")
	if _, err := w.WriteBundle(t.Context(), elsewhere, []string{"plan9/arm"}); err != nil {
		t.Fatal(err)
	}
	err = newWorld(t).installBundle(t, elsewhere)
	if err == nil || !strings.Contains(err.Error(), "does not have plugin roles for "+catalog.Platform()) {
		t.Errorf("got %v", err)
	}
	for platform, want := range map[string]string{"plan9/386": "is locked for", "plan9/arm": "is not the executable"} {
		offer.others = map[string]string{"plan9/arm": "evil", "windows/mips": "others"}
		w.offers[rolesURL] = offer
		none := filepath.Join(t.TempDir(), "none.tar")
		_, err := w.WriteBundle(t.Context(), none, []string{platform})
		if err == nil || !strings.Contains(err.Error(), want) || exists(none) {
			t.Errorf("%s: got %v, want %q", platform, err, want)
		}
	}
	checkTidy(t, w, 1)
}

func tarNames(t *testing.T, path string) (names []string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if err != nil {
			return names
		}
		names = append(names, header.Name)
	}
}

// The signatures travel with a bundle: its plugins count as signed where the user has the key, and nowhere else.
func TestBundleWithSignatures(t *testing.T) {
	key := minisignKey(t, "example")
	w := newWorld(t)
	w.Keys = source.Keys{key}
	w.mustInstall(t, published{version: "1.2.0", signer: key.Signer()})
	path := filepath.Join(t.TempDir(), "plugins.tar")
	if _, err := w.WriteBundle(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	mine := key
	mine.Name = "ours"
	revoked := key
	revoked.Revoked = time.Now()
	for name, tt := range map[string]struct {
		keys   source.Keys
		signer string
		want   string
	}{
		"with the key":  {source.Keys{mine}, "ours", ""},
		"without a key": {nil, "", ""},
		"with another":  {source.Keys{minisignKey(t, "other")}, "", ""},
		"a revoked key": {source.Keys{revoked}, "", "was revoked"},
	} {
		isolated := newWorld(t)
		isolated.Keys = tt.keys
		err := isolated.installBundle(t, path)
		if tt.want != "" {
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: got %v, want %q", name, err, tt.want)
			}
			continue
		}
		lock, lockErr := isolated.Lock()
		if err := errors.Join(err, lockErr); err != nil || lock.Plugins["roles"].Signer.Name != tt.signer {
			t.Errorf("%s: signed by %+v, want %q (%v)", name, lock.Plugins["roles"].Signer, tt.signer, err)
		}
		isolated.works(t, "1.2.0")
	}
}

// Whatever a bundle holds, nothing is written outside of its folder, and what is not installed leaves nothing behind.
func FuzzBundle(f *testing.F) {
	_, path, _ := bundled(f)
	sound, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		inner := filepath.Join(dir, "inner")
		if err := os.Mkdir(inner, 0o700); err != nil {
			t.Fatal(err)
		}
		_ = unpack(tar.NewReader(bytes.NewReader(data)), inner)
		for path := range tree(t, dir) {
			inside, err := filepath.Rel("/inner", path)
			if err != nil || !isBundledName(filepath.ToSlash(inside)) {
				t.Errorf("it has written %s", path)
			}
		}

		w, path := newWorld(t), filepath.Join(t.TempDir(), "plugins.tar")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		installErr := w.installBundle(t, path)
		lock, err := w.Lock()
		if err != nil {
			t.Fatal(err)
		}
		if installErr != nil && len(lock.Plugins) > 0 {
			t.Errorf("%v, but it has locked %d plugins", installErr, len(lock.Plugins))
		}
		for name, err := range verified(t, w) {
			if err != nil {
				t.Errorf("it has installed %s: %v", name, err)
			}
		}
		checkTidy(t, w, len(lock.Plugins))
	})
}

// verified says of each installed plugin whether it is what is locked.
func verified(t *testing.T, w *world) map[string]error {
	t.Helper()
	found, err := w.Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]error{}
	for _, p := range found {
		states[p.Name] = p.Err
	}
	return states
}
