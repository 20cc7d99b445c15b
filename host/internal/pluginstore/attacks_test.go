package pluginstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// What is offered in place of version 1.2.0 of roles is refused, with the reason, and nothing changes.
func TestOffersThatAreRefused(t *testing.T) {
	key := source.Signer{Name: "example", Kind: "minisign", Detail: "0123456789ABCDEF"}
	was := published{version: "1.2.0", signer: key, others: map[string]string{"plan9/arm": "theirs"}}
	replace := Consent{Replace: []string{"roles"}}
	wider := func(change func(*pluginv1.ToolManifest)) published {
		return published{version: "1.3.0", signer: key, tools: []pluginv1.ToolManifest{tool("auth0_list_roles", change)}}
	}
	for name, tt := range map[string]struct {
		offer   published
		wanted  Wanted
		consent Consent
		want    string
	}{
		"a swapped binary": {published{version: "1.3.0", here: digest("what was signed")}, Wanted{}, replace,
			"its executable is not the one of its release"},
		"another name": {published{version: "1.3.0", name: "users", declaredName: "roles"}, Wanted{}, replace,
			"its manifest says users 1.3.0, and its release roles 1.3.0"},
		"another plugin": {published{version: "1.3.0", name: "users"}, Wanted{Name: "roles"}, replace,
			"holds the plugin users, not roles"},
		"another version": {published{version: "1.3.0", declaredVersion: "1.4.0"}, Wanted{}, replace,
			"its manifest says roles 1.3.0, and its release roles 1.4.0"},
		"another platform's": {published{version: "1.3.0", notForUs: true}, Wanted{}, replace,
			"its executable is not the one of its release for " + catalog.Platform()},
		"a path as a name": {published{version: "1.3.0", name: "../roles"}, Wanted{}, replace,
			"want a lower-case letter"},
		"a backslash": {published{version: "1.3.0", name: `roles\x`}, Wanted{}, replace, "want a lower-case letter"},
		"a look-alike": {published{version: "1.3.0", name: "r\u043eles"}, Wanted{}, replace,
			"want a lower-case letter"},
		"an invisible name": {published{version: "1.3.0", name: "roles\u200b"}, Wanted{}, replace,
			"want a lower-case letter"},
		"a path as a version": {published{version: "../1"}, Wanted{}, replace, "want a semantic version"},
		"a tool's odd name": {published{version: "1.3.0", tools: []pluginv1.ToolManifest{tool("auth0_list_r\u043eles")}},
			Wanted{}, replace, "auth0_list_r"},
		"a symbolic link":      {published{version: "1.3.0", link: true}, Wanted{}, replace, "is not a regular file"},
		"a file without a pin": {published{version: "1.3.0", extra: true}, Wanted{}, replace, "a plugin has no other files"},
		"unasked": {published{version: "1.3.0", signer: key}, Wanted{}, Consent{},
			"it would replace the installed version 1.2.0: if you want that, pass --replace roles"},
		"a downgrade": {published{version: "1.1.0", signer: key}, Wanted{}, replace,
			"version 1.1.0 is older than 1.2.0, which is installed: if you want that, pass --allow-downgrade"},
		"a downgrade to a pre-release": {published{version: "1.2.0-rc.1", signer: key}, Wanted{}, replace,
			"--allow-downgrade"},
		"the version again, with another binary": {published{version: "1.2.0", binary: "other", signer: key}, Wanted{},
			replace,
			"is not what is locked: another binary for "},
		"without a signature": {published{version: "1.3.0"}, Wanted{}, replace,
			"was signed by example (minisign 0123456789ABCDEF), and this one by none of your keys"},
		"another key": {published{version: "1.3.0", signer: source.Signer{Name: "b", Kind: "minisign", Detail: "FF"}},
			Wanted{},
			replace, "and this one by b (minisign FF)"},
		"an added tool": {published{version: "1.3.0", signer: key, tools: []pluginv1.ToolManifest{tool("auth0_list_roles"),
			tool("auth0_list_users")}}, Wanted{}, replace, "asks for more than version 1.2.0"},
		"a wider effect": {wider(func(m *pluginv1.ToolManifest) { m.Effect = pluginv1.EffectDestroy }), Wanted{}, replace,
			"asks for more"},
		"a wider scope": {wider(func(m *pluginv1.ToolManifest) { m.Scopes = append(m.Scopes, "read:users") }), Wanted{},
			replace,
			"asks for more"},
		"a wider path": {wider(func(m *pluginv1.ToolManifest) { m.Paths = append(m.Paths, "GET /api/v2/users") }), Wanted{},
			replace, "asks for more"},
		"every path": {wider(func(m *pluginv1.ToolManifest) { m.Paths = nil }), Wanted{}, replace, "asks for more"},
		"files": {wider(func(m *pluginv1.ToolManifest) {
			m.Effect, m.Files = pluginv1.EffectWrite, []string{"project"}
		}), Wanted{}, replace, "asks for more"},
		"a version out of bounds": {published{version: "2.0.0", signer: key},
			Wanted{Source: "/mirror/roles.tar.gz", Constraint: "~> 1.2"}, replace,
			`version 2.0.0, which is not within "~> 1.2"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.mustInstall(t, was)
			before := tree(t, filepath.Dir(w.LockPath))
			w.offers[rolesURL], w.offers["/mirror/roles.tar.gz"] = tt.offer, tt.offer
			err := w.install(t.Context(), tt.wanted, tt.consent)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			w.works(t, "1.2.0")
			if !sameTree(before, tree(t, filepath.Dir(w.LockPath))) {
				t.Error("the configuration has changed")
			}
			checkTidy(t, w, 1)
		})
	}
	// What is agreed to is installed.
	for name, tt := range map[string]struct {
		offer   published
		consent Consent
	}{
		"a newer version": {published{version: "1.3.0", signer: key}, replace},
		"a downgrade":     {published{version: "1.1.0", signer: key}, Consent{Replace: []string{"roles"}, Downgrade: true}},
		"more": {wider(func(m *pluginv1.ToolManifest) { m.Paths = nil }), Consent{Replace: []string{"roles"},
			Widening: true}},
	} {
		t.Run(name+", agreed to", func(t *testing.T) {
			w := newWorld(t)
			w.mustInstall(t, was)
			w.offers[rolesURL] = tt.offer
			if err := w.install(t.Context(), Wanted{}, tt.consent); err != nil {
				t.Fatal(err)
			}
			w.works(t, tt.offer.version)
			checkTidy(t, w, 1)
		})
	}
}

// A plugin with a tool of another one would push that out.
func TestToolsOfAnotherPlugin(t *testing.T) {
	w := newWorld(t)
	w.mustInstall(t, published{version: "1.0.0"})
	const other = "https://other.example/index.json"
	w.offers[other] = published{name: "other", version: "1.0.0"}
	err := w.install(t.Context(), Wanted{Source: other}, Consent{})
	if err == nil || !strings.Contains(err.Error(),
		"also has a tool auth0_list_roles: if you want that, pass --replace roles") {
		t.Errorf("got %v", err)
	}
	w.works(t, "1.0.0")
	// Nor do two that are installed at once share one.
	fresh := newWorld(t)
	fresh.offers[rolesURL], fresh.offers[other] = published{version: "1.0.0"}, w.offers[other]
	var both []*Candidate
	for _, from := range []string{rolesURL, other} {
		c, err := fresh.Get(t.Context(), Wanted{Source: from})
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, c)
	}
	err = errors.Join(fresh.Apply(t.Context(), Change{Install: both}), Discard(both))
	if err == nil || !strings.Contains(err.Error(), "roles and other both have a tool auth0_list_roles") {
		t.Errorf("got %v", err)
	}
	if lock, err := fresh.Lock(); err != nil || len(lock.Plugins) > 0 {
		t.Errorf("%v, %v", lock, err)
	}
}

// Whatever changes in the store is refused at the next start, and repaired from the source.
func TestStoreThatWasChanged(t *testing.T) {
	write := func(name, text string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	}
	for name, tt := range map[string]struct {
		change func(dir string) error
		want   string // in what verify says
	}{
		"a swapped binary":   {write("run", "#!/bin/sh\nevil"), "run is not the executable that is locked"},
		"an edited manifest": {editManifest("GET /api/v2/roles", "GET /api/v2/users"), "is not the manifest that is locked"},
		"no manifest": {func(dir string) error { return os.Remove(filepath.Join(dir, manifestName)) },
			"not on this machine"},
		"nothing": {os.RemoveAll, "not on this machine: run auth0-mcp plugin sync"},
		"a link in place of the folder": {func(dir string) error {
			return errors.Join(os.Rename(dir, dir+"x"), os.Symlink(dir+"x", dir))
		}, "is a symbolic link"},
		"an open folder": {func(dir string) error { return os.Chmod(dir, 0o703) }, "can be changed by others"},
		"an open binary": {func(dir string) error { return os.Chmod(filepath.Join(dir, "run"), 0o702) },
			"can be changed by others"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" {
				t.Skip("modes and links")
			}
			w := newWorld(t)
			w.mustInstall(t, published{version: "1.0.0"})
			lock, err := w.Lock()
			if err != nil {
				t.Fatal(err)
			}
			place := filepath.Join(w.Store, lock.Plugins["roles"].StoreEntry(catalog.Platform()))
			if err := tt.change(place); err != nil {
				t.Fatal(err)
			}
			found, err := w.Verify(t.Context(), []string{"roles"})
			if err != nil || found[0].Err == nil || !strings.Contains(found[0].Err.Error(), tt.want) {
				t.Fatalf("got %+v, %v; want %q", found, err, tt.want)
			}
			candidates, err := w.ToSync(t.Context(), nil)
			if err == nil {
				err = errors.Join(w.Apply(t.Context(), Change{Install: candidates}), Discard(candidates))
			}
			if strings.Contains(tt.want, "symbolic link") {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			w.works(t, "1.0.0")
		})
	}
}

func editManifest(old, to string) func(dir string) error {
	return func(dir string) error {
		path := filepath.Join(dir, manifestName)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, []byte(strings.Replace(string(data), old, to, 1)), 0o600)
	}
}

// sync takes what is locked, to the byte, or nothing: whoever changes a release under its version is found out.
func TestIndexThatChangesUnderThePin(t *testing.T) {
	locked := published{version: "1.2.0", others: map[string]string{"plan9/arm": "theirs"}}
	for name, tt := range map[string]struct {
		offer published
		want  string
	}{
		"another binary": {published{version: "1.2.0", binary: "x", others: locked.others}, "another binary for "},
		"another binary elsewhere": {published{version: "1.2.0", others: map[string]string{"plan9/arm": "evil"}},
			"another binary for plan9/arm"},
		"another platform": {published{version: "1.2.0", others: map[string]string{"plan9/arm": "theirs", "plan9/386": "x"}},
			"another list of platforms"},
		"another manifest": {published{version: "1.2.0", tools: []pluginv1.ToolManifest{tool("auth0_b")},
			others: locked.others},
			"another manifest"},
		"another version": {published{version: "1.3.0", others: locked.others}, "another version, 1.3.0"},
		"another document": {published{version: "1.2.0", republished: true, others: locked.others},
			"another release document"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			author := newWorld(t)
			author.mustInstall(t, locked)
			colleague := newWorld(t)
			copyLock(t, author, colleague)
			colleague.offers[rolesURL] = tt.offer
			_, err := colleague.ToSync(t.Context(), nil)
			var changed *ChangedError
			if !errors.As(err, &changed) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			checkTidyOf(t, colleague)
			if r := colleague.fetched[0]; r.Constraint != "1.2.0" || r.Pinned.IsZero() {
				t.Errorf("it asked for %+v", r)
			}
			// What is locked is taken, and the lock file stays as it is.
			before := tree(t, filepath.Dir(colleague.LockPath))
			colleague.offers[rolesURL] = locked
			candidates, err := colleague.ToSync(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(colleague.Apply(t.Context(), Change{Install: candidates}), Discard(candidates)); err != nil {
				t.Fatal(err)
			}
			colleague.works(t, "1.2.0")
			if !sameTree(before, tree(t, filepath.Dir(colleague.LockPath))) {
				t.Error("sync has changed the configuration")
			}
		})
	}
}

func copyLock(t *testing.T, from, to *world) {
	t.Helper()
	lock, err := from.Lock()
	if err == nil {
		err = lock.Write(to.LockPath)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// checkTidyOf checks that a store without plugins has nothing staged.
func checkTidyOf(t *testing.T, w *world) {
	t.Helper()
	entries, err := os.ReadDir(w.Store)
	if err != nil || len(entries) > 0 {
		t.Errorf("the store holds %v (%v)", entries, err)
	}
}

// A lock file of another platform's machine installs nothing here.
func TestLockOfAnotherPlatform(t *testing.T) {
	w := newWorld(t)
	w.mustInstall(t, published{version: "1.0.0"})
	lock, err := w.Lock()
	if err != nil {
		t.Fatal(err)
	}
	entry := lock.Plugins["roles"]
	entry.Platforms = map[string]catalog.Pin{"plan9/arm": entry.Platforms[catalog.Platform()]}
	lock.Plugins["roles"] = entry
	if err := lock.Write(w.LockPath); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ToSync(t.Context(), nil); err == nil || !strings.Contains(err.Error(),
		"is locked for [plan9/arm], and this is") {
		t.Errorf("got %v", err)
	}
}

// What describes itself otherwise than its manifest is run once, and not installed; nor is what fails to.
func TestPluginThatDescribesItselfOtherwise(t *testing.T) {
	w := newWorld(t)
	w.mustInstall(t, published{version: "1.0.0"})
	w.offers[rolesURL] = published{version: "1.1.0"}
	honest := w.Describe
	w.Describe = func(ctx context.Context, path string, args []string) (pluginv1.Manifest, error) {
		m, err := honest(ctx, path, args)
		m.Tools[0].Effect = pluginv1.EffectDestroy
		return m, err
	}
	err := w.install(t.Context(), Wanted{}, Consent{Replace: []string{"roles"}})
	if !errors.Is(err, catalog.ErrNotInstalled) || !strings.Contains(err.Error(), "does not describe itself") {
		t.Errorf("got %v", err)
	}
	w.Describe = func(context.Context, string, []string) (pluginv1.Manifest, error) {
		return pluginv1.Manifest{}, errors.New("it does not start")
	}
	if err := w.install(t.Context(), Wanted{}, Consent{Replace: []string{"roles"}}); err == nil {
		t.Error("what does not start was installed")
	}
	w.works(t, "1.0.0")
}

// Where else an index sends the program that fetches is told to the user.
func TestOriginsAreTold(t *testing.T) {
	w := newWorld(t)
	w.offers[rolesURL] = published{version: "1.0.0", origins: []string{"https://elsewhere.example"}}
	c, err := w.Get(t.Context(), Wanted{Source: rolesURL})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Discard(); err != nil || len(c.Origins) != 1 || c.Origins[0] != "https://elsewhere.example" {
		t.Errorf("got %q (%v)", c.Origins, err)
	}
}
