package catalog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func reader(plugin string) pluginv1.Manifest {
	return aManifest(plugin, aTool("auth0_list_"+plugin, pluginv1.EffectRead))
}

func TestLoadFindsManifests(t *testing.T) {
	dir := t.TempDir()
	paths := []string{
		writePlugin(t, dir, "logs.manifest.json", reader("logs")),
		writePlugin(t, dir, "forms.manifest.json", reader("forms")),
		writePlugin(t, dir, "manifest.json", reader("roles")),
		writePlugin(t, filepath.Join(dir, "third"), "manifest.json", reader("third")),
		writePlugin(t, filepath.Join(dir, "third"), "fourth.manifest.json", reader("fourth")),
	}
	for _, ignored := range []string{".hidden/manifest.json", "a/b/manifest.json", ".manifest.json", "manifest.json.bak",
		"notes/README.md", "third/.x.manifest.json"} {
		writeFile(t, filepath.Join(dir, ignored), "not a manifest", 0o600)
	}
	c := load(t, Sources{PluginDirs: []string{dir}, Lock: lockOf(t, paths...)})
	if got := pluginNames(c); got != "forms fourth logs roles third" {
		t.Errorf("got %s", got)
	}
	if len(c.Refused()) != 0 {
		t.Errorf("refused: %v", c.Refused())
	}
	p := c.Plugins()[4]
	want := Plugin{
		Manifest: reader("third"), Dir: filepath.Join(dir, "third"), Path: filepath.Join(dir, "third",
			"run"), ManifestPath: paths[3],
		ManifestDigest: lockOf(t, paths[3]).Plugins["third"].Manifest, Binary: digestOf("binary of third"), Origin: OriginDir,
	}
	// White space inside a schema is kept as the file has it.
	want.Tools[0].InputSchema = p.Tools[0].InputSchema
	if diff := cmp.Diff(want, *p); diff != "" {
		t.Error(diff)
	}
}

func TestLoadOrder(t *testing.T) {
	first, second, user, bundled := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	a := writePlugin(t, first, "manifest.json", reader("a"))
	writePlugin(t, second, "manifest.json", reader("a"))
	b := writePlugin(t, second, "b.manifest.json", reader("b"))
	writePlugin(t, user, "b.manifest.json", reader("b"))
	c := writePlugin(t, user, "c.manifest.json", reader("c"))
	writePlugin(t, bundled, "c.manifest.json", reader("c"))
	d := writePlugin(t, bundled, "d.manifest.json", reader("d"))
	lock := lockOf(t, a, b, c, d)
	got := load(t, Sources{PluginDirs: []string{first, second}, UserDir: user, BundledDir: bundled, Lock: lock,
		Bundled: lock})
	var origins []string
	for _, p := range got.Plugins() {
		origins = append(origins, p.Name+"="+string(p.Origin)+"@"+p.Dir)
	}
	want := []string{"a=plugin-dir@" + first, "b=plugin-dir@" + second, "c=user@" + user, "d=bundled@" + bundled}
	if diff := cmp.Diff(want, origins); diff != "" {
		t.Error(diff)
	}
	if r := refusals(got); r != "a:duplicate b:duplicate c:duplicate" {
		t.Errorf("got %s", r)
	}
	if r := got.Refused()[0]; !strings.Contains(r.Reason, a) || r.Path != filepath.Join(second, "manifest.json") {
		t.Errorf("got %+v", r)
	}
}

func TestLoadFolders(t *testing.T) {
	dir := t.TempDir()
	path := writePlugin(t, dir, "manifest.json", reader("a"))
	none := filepath.Join(dir, "none")
	t.Run("absent folders that the user did not name", func(t *testing.T) {
		c := load(t, Sources{UserDir: none, BundledDir: none})
		if len(c.Plugins())+len(c.Refused()) != 0 {
			t.Errorf("got %v, %v", c.Plugins(), c.Refused())
		}
	})
	t.Run("an absent folder that was named", func(t *testing.T) {
		_, err := Load(Sources{PluginDirs: []string{none}})
		wantError(t, err, none, "--plugin-dir")
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a file that was named", func(t *testing.T) {
		_, err := Load(Sources{PluginDirs: []string{path}})
		wantError(t, err, "plugin folder")
	})
	t.Run("a user folder that is a file", func(t *testing.T) {
		if r := load(t, Sources{UserDir: path}).Refused(); len(r) != 1 || r[0].Kind != Broken {
			t.Errorf("got %v", r)
		}
	})
	t.Run("one folder under several names", func(t *testing.T) {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(dir, link); err != nil {
			t.Fatal(err)
		}
		c := load(t, Sources{PluginDirs: []string{dir, link, dir + "/../" + filepath.Base(dir), ""}, UserDir: dir,
			Lock: lockOf(t, path)})
		if pluginNames(c) != "a" || len(c.Refused()) != 0 {
			t.Errorf("got %s, %v", pluginNames(c), c.Refused())
		}
	})
	t.Run("the bundled folder, named", func(t *testing.T) {
		c := load(t, Sources{PluginDirs: []string{dir}, BundledDir: dir, Bundled: lockOf(t, path)})
		if pluginNames(c) != "a" || c.Plugins()[0].Origin != OriginBundled {
			t.Errorf("got %s, %v", pluginNames(c), c.Refused())
		}
	})
	t.Run("a subfolder that is a link", func(t *testing.T) {
		outer := t.TempDir()
		if err := os.Symlink(dir, filepath.Join(outer, "a")); err != nil {
			t.Fatal(err)
		}
		if c := load(t, Sources{UserDir: outer, Lock: lockOf(t, path)}); pluginNames(c) != "a" {
			t.Errorf("got %s, %v", pluginNames(c), c.Refused())
		}
	})
}

func TestTrust(t *testing.T) {
	type sources = func(dir string, locked Lock) Sources
	other := Lock{Plugins: map[string]LockEntry{"a": hereOnly("1.2.3", digestOf("x"), digestOf("y"))}}
	for name, tt := range map[string]struct {
		sources sources
		kind    RefusalKind // "" if it is loaded
		text    string
	}{
		"user's lock, plugin dir": {func(d string, l Lock) Sources { return Sources{PluginDirs: []string{d}, Lock: l} },
			"", ""},
		"user's lock, user's dir":  {func(d string, l Lock) Sources { return Sources{UserDir: d, Lock: l} }, "", ""},
		"user's lock, bundled dir": {func(d string, l Lock) Sources { return Sources{BundledDir: d, Lock: l} }, "", ""},
		"host's lock, bundled dir": {func(d string, l Lock) Sources { return Sources{BundledDir: d, Bundled: l} }, "", ""},
		"host's differs, user's is": {func(d string,
			l Lock) Sources {
			return Sources{BundledDir: d, Bundled: other, Lock: l}
		}, "", ""},
		"host's is, user's differs": {func(d string,
			l Lock) Sources {
			return Sources{BundledDir: d, Bundled: l, Lock: other}
		}, "", ""},
		"host's lock, user's dir": {func(d string, l Lock) Sources { return Sources{UserDir: d, Bundled: l} }, Untrusted,
			"it is not in the lock file; if you trust it, run auth0-mcp plugin install "},
		"host's lock, plugin dir": {func(d string, l Lock) Sources { return Sources{PluginDirs: []string{d}, Bundled: l} },
			Untrusted, "not in the lock file"},
		"no lock": {func(d string, _ Lock) Sources { return Sources{UserDir: d} }, Untrusted,
			"not in the lock file"},
		"a host without digests": {func(d string, _ Lock) Sources { return Sources{BundledDir: d} }, Untrusted,
			"built without the digests of its plugins; run make build, or run auth0-mcp plugin install "},
		"a stranger beside the host": {func(d string, _ Lock) Sources {
			return Sources{BundledDir: d, Bundled: Lock{Plugins: map[string]LockEntry{"b": other.Plugins["a"]}}}
		}, Untrusted, "not in the lock file"},
		"changed since the install": {func(d string, _ Lock) Sources { return Sources{UserDir: d, Lock: other} }, Changed,
			"its manifest is not the one that was installed (sha256:"},
		"changed since the build": {func(d string, _ Lock) Sources { return Sources{BundledDir: d, Bundled: other} }, Changed,
			"its manifest is not the one that this host was built with (sha256:"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			lock := lockOf(t, writePlugin(t, dir, "manifest.json", reader("a")))
			c := load(t, tt.sources(dir, lock))
			if tt.kind == "" {
				if pluginNames(c) != "a" || c.Plugins()[0].Binary != lock.Plugins["a"].Platforms[Platform()].Binary {
					t.Errorf("got %v, refused %v", c.Plugins(), c.Refused())
				}
				return
			}
			if len(c.Plugins()) != 0 || len(c.Refused()) != 1 || c.Refused()[0].Kind != tt.kind ||
				!strings.Contains(c.Refused()[0].String(), tt.text) {
				t.Errorf("got %s, refused %v", pluginNames(c), c.Refused())
			}
		})
	}
}

// A distribution is built with the manifests of others, which this repository has not tested.
func TestWhatTheHostWasBuiltWithIsChecked(t *testing.T) {
	change := map[string]func(*pluginv1.Manifest){
		"outside of the tenant, yet reading": func(m *pluginv1.Manifest) { m.Tools[0].External = true },
		"another effect":                     func(m *pluginv1.Manifest) { m.Tools[0].Effect = "odd" },
		"hidden text":                        func(m *pluginv1.Manifest) { m.Tools[0].Description = "Lists.\u200b" },
		"a tool of the host":                 func(m *pluginv1.Manifest) { m.Tools[0].Name = "auth0_describe_tool" },
		"a tool twice":                       func(m *pluginv1.Manifest) { m.Tools = append(m.Tools, m.Tools[0]) },
		"another protocol":                   func(m *pluginv1.Manifest) { m.Protocols = []int{7} },
	}
	for name, change := range change {
		t.Run(name, func(t *testing.T) {
			dir, m := t.TempDir(), reader("a")
			change(&m)
			lock := lockOf(t, writePlugin(t, dir, "manifest.json", m))
			if c := load(t, Sources{BundledDir: dir, Bundled: lock}); len(c.Plugins()) != 0 || len(c.Refused()) != 1 {
				t.Errorf("loaded: %s, refused: %v", pluginNames(c), c.Refused())
			}
		})
	}
}

// An untrusted plugin must not keep a trusted one of the same name out.
func TestUntrustedPluginTakesNoName(t *testing.T) {
	user, bundled := t.TempDir(), t.TempDir()
	changed := reader("a")
	changed.Tools[0].Description = "Lists, and more."
	writePlugin(t, user, "manifest.json", changed)
	path := writePlugin(t, bundled, "manifest.json", reader("a"))
	c := load(t, Sources{UserDir: user, BundledDir: bundled, Bundled: lockOf(t, path)})
	if pluginNames(c) != "a" || c.Plugins()[0].Origin != OriginBundled || refusals(c) != "a:untrusted" {
		t.Errorf("got %v, %v", c.Plugins(), c.Refused())
	}
}

func TestLoadRefusesBrokenPluginsAndGoesOn(t *testing.T) {
	dir := t.TempDir()
	good := writePlugin(t, dir, "zz.manifest.json", reader("good"))
	newer, older, faulty, open := reader("newer"), reader("older"), reader("faulty"), reader("open")
	newer.Protocols, older.Protocols, faulty.Tools[0].Effect = []int{2}, []int{0}, "wipe"
	open.Tools[0].InputSchema = []byte(`{"type":"object"}`)
	thief := aManifest("thief", aTool("auth0_own", pluginv1.EffectRead), aTool("auth0_list_early", pluginv1.EffectRead))
	early := writePlugin(t, dir, "a.manifest.json", reader("early"))
	lock := lockOf(t, good, early,
		writePlugin(t, dir, "b.manifest.json", newer), writePlugin(t, dir, "c.manifest.json", older), writePlugin(t, dir,
			"d.manifest.json", faulty),
		writePlugin(t, dir, "e.manifest.json", open), writePlugin(t, dir, "f.manifest.json", thief))
	writeFile(t, filepath.Join(dir, "g.manifest.json"), "{", 0o600)
	writeFile(t, filepath.Join(dir, "h.manifest.json"), strings.Repeat(" ", maxManifestBytes+1), 0o600)
	writeFile(t, filepath.Join(dir, "i.manifest.json", "x"), "a folder with a manifest's name", 0o600)
	writeFile(t, filepath.Join(dir, "sub", "manifest.json"), "[]", 0o600)
	c := load(t, Sources{UserDir: dir, Lock: lock})
	if got := pluginNames(c); got != "early good" {
		t.Errorf("got %s", got)
	}
	if got := refusals(c); got != "newer:protocol older:protocol faulty:broken open:broken thief:duplicate g:broken "+
		"h:broken i:broken sub:broken" {
		t.Errorf("got %s", got)
	}
	for i, want := range []string{
		"speaks version 2 of the plugin protocol, this host speaks version 1; update auth0-mcp",
		"speaks version 0 of the plugin protocol, this host speaks version 1; update the plugin",
		`effect "wipe"`, `"additionalProperties": false`, "its tool auth0_list_early exists already in the plugin early",
		"not valid JSON at byte 1", "larger than 1048576 bytes", "not a regular file", "manifest: ",
	} {
		if text := c.Refused()[i].String(); !strings.Contains(text, want) {
			t.Errorf("got %q, want %q", text, want)
		}
	}
	// Refused whole: the tool that is its own is not offered either.
	s, err := c.Select(Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Lookup("auth0_own"); ok {
		t.Error("a tool of a refused plugin is offered")
	}
}

func TestLoadIsDeterministic(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		writePlugin(t, filepath.Join(dir, name), "manifest.json", reader("same"))
		writePlugin(t, filepath.Join(dir, name), "x.manifest.json", reader("other"+name))
	}
	first := load(t, Sources{UserDir: dir, Lock: lockOf(t, filepath.Join(dir, "c", "manifest.json"))})
	for range 5 {
		again := load(t, Sources{UserDir: dir, Lock: lockOf(t, filepath.Join(dir, "c", "manifest.json"))})
		if diff := cmp.Diff(first.Refused(), again.Refused()); diff != "" {
			t.Error(diff)
		}
		if first.Plugins()[0].Dir != again.Plugins()[0].Dir || first.Plugins()[0].Dir != filepath.Join(dir, "a") {
			t.Errorf("loaded from %s and %s", first.Plugins()[0].Dir, again.Plugins()[0].Dir)
		}
	}
}

func TestExecutable(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "run")
	writeFile(t, outside, "#!/bin/sh\n", 0o755)
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, run string)
		want    string // "" if it is accepted
	}{
		"a file": {func(*testing.T, string) {}, ""},
		"a link inside": {func(t *testing.T, run string) { rename(t, run, run+"2"); symlink(t, "run2", run) },
			""},
		"a link that leads outside": {func(t *testing.T, run string) { remove(t, run); symlink(t, outside, run) },
			"leads out of its folder"},
		"a link that climbs": {func(t *testing.T, run string) {
			writeFile(t, filepath.Join(filepath.Dir(run), "..", "elsewhere"), "", 0o755)
			remove(t, run)
			symlink(t, "../elsewhere", run)
		}, "leads out of its folder"},
		"nothing": {func(t *testing.T, run string) { remove(t, run) }, "executable run: "},
		"a folder": {func(t *testing.T,
			run string) {
			remove(t, run)
			writeFile(t, filepath.Join(run, "x"), "", 0o600)
		}, "not a regular file"},
		"not executable": {func(t *testing.T, run string) { remove(t, run); writeFile(t, run, "", 0o600) },
			"may not be executed: chmod +x"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "p")
			path := writePlugin(t, dir, "manifest.json", reader("a"))
			tt.prepare(t, filepath.Join(dir, "run"))
			c := load(t, Sources{UserDir: dir, Lock: lockOf(t, path)})
			_, installErr := ReadPlugin(path)
			if tt.want == "" {
				if pluginNames(c) != "a" || installErr != nil {
					t.Errorf("got %v, %v", c.Refused(), installErr)
				}
				return
			}
			if r := c.Refused(); len(r) != 1 || r[0].Kind != Broken || !strings.Contains(r[0].Reason, tt.want) {
				t.Errorf("got %v", r)
			}
			wantError(t, installErr, path, tt.want)
		})
	}
	t.Run("none in a file", func(t *testing.T) {
		m := reader("a")
		m.Executable = ""
		path := writePlugin(t, t.TempDir(), "manifest.json", m)
		c := load(t, Sources{UserDir: filepath.Dir(path), Lock: lockOf(t, path)})
		if r := c.Refused(); len(r) != 1 || !strings.Contains(r[0].Reason, "executable is missing") {
			t.Errorf("got %v", r)
		}
	})
}

// One manifest serves all systems: on Windows programs end in .exe.
func TestExecutableOnEachSystem(t *testing.T) {
	for name, tt := range map[string]struct{ goos, file, executable, want string }{
		"linux":                      {"linux", "run", "run", "run"},
		"macOS":                      {"darwin", "run", "run", "run"},
		"windows":                    {"windows", "run.exe", "run", "run.exe"},
		"windows, with its ending":   {"windows", "run.EXE", "run.EXE", ""},
		"windows, another ending":    {"windows", "run.v2.exe", "run.v2", "run.v2.exe"},
		"windows, in a folder":       {"windows", "bin/run.exe", "bin/run", "bin/run.exe"},
		"windows, without an ending": {"windows", "run", "run", ""},
		"linux, made for windows":    {"linux", "run.exe", "run", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, tt.file), "a program", 0o700)
			got, err := resolveExecutable(tt.goos, dir, tt.executable)
			if tt.want == "" {
				wantError(t, err, "executable ")
				return
			}
			if err != nil || got != filepath.Join(dir, filepath.FromSlash(tt.want)) {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func TestDevPlugins(t *testing.T) {
	dir, user := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(dir, "run"), "", 0o755)
	writeFile(t, filepath.Join(dir, "other"), "", 0o755)
	path := writePlugin(t, user, "manifest.json", reader("a"))
	t.Run("replaces", func(t *testing.T) {
		c := load(t, Sources{Dev: []DevPlugin{{Dir: dir, Manifest: reader("a")}}, UserDir: user, Lock: lockOf(t, path)})
		p := c.Plugins()[0]
		if len(c.Plugins()) != 1 || !p.Dev || p.Origin != OriginDev || p.Path != filepath.Join(dir, "run") ||
			!p.Binary.IsZero() {
			t.Errorf("got %+v", p)
		}
		if refusals(c) != "a:replaced" || !strings.Contains(c.Refused()[0].Reason, dir) {
			t.Errorf("got %v", c.Refused())
		}
	})
	t.Run("with the executable that described itself", func(t *testing.T) {
		m := reader("a")
		m.Executable = ""
		c := load(t, Sources{Dev: []DevPlugin{{Dir: dir, Path: filepath.Join(dir, "other"), Manifest: m}}})
		if len(c.Plugins()) != 1 || c.Plugins()[0].Path != filepath.Join(dir, "other") {
			t.Errorf("got %v", c.Refused())
		}
	})
	t.Run("is checked in full", func(t *testing.T) {
		m := reader("a")
		m.Tools[0].InputSchema = []byte(closed(`"x":{"type":"string","pattern":"("}`))
		c := load(t, Sources{Dev: []DevPlugin{{Dir: dir, Manifest: m}}})
		if refusals(c) != "a:broken" || !strings.Contains(c.Refused()[0].Reason, "not a valid schema") {
			t.Errorf("got %v", c.Refused())
		}
	})
	t.Run("broken, so the installed one stays", func(t *testing.T) {
		m := reader("a")
		m.Version = "?"
		c := load(t, Sources{Dev: []DevPlugin{{Dir: dir, Manifest: m}}, UserDir: user, Lock: lockOf(t, path)})
		if pluginNames(c) != "a" || c.Plugins()[0].Dev {
			t.Errorf("got %v", c.Plugins())
		}
	})
	t.Run("two of a name", func(t *testing.T) {
		c := load(t, Sources{Dev: []DevPlugin{{Dir: dir, Manifest: reader("a")}, {Dir: dir, Manifest: reader("a")}}})
		if pluginNames(c) != "a" || refusals(c) != "a:duplicate" {
			t.Errorf("got %v", c.Refused())
		}
	})
}

func TestReadPlugin(t *testing.T) {
	path := writePlugin(t, t.TempDir(), "manifest.json", reader("a"))
	p, err := ReadPlugin(path)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "a" || p.ManifestDigest != lockOf(t, path).Plugins["a"].Manifest || !p.Binary.IsZero() ||
		p.Path != filepath.Join(filepath.Dir(path), "run") {
		t.Errorf("got %+v", p)
	}
	m := reader("a")
	m.Tools[0].InputSchema = []byte(closed(`"x":{"type":"string","pattern":"("}`))
	bad := writePlugin(t, t.TempDir(), "manifest.json", m)
	_, err = ReadPlugin(bad)
	wantError(t, err, bad, "not a valid schema")
	_, err = ReadPlugin(filepath.Join(t.TempDir(), "manifest.json"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestRefusalNamesAnOddPathQuoted(t *testing.T) {
	path := writePlugin(t, filepath.Join(t.TempDir(), "a b"), "manifest.json", reader("a"))
	c := load(t, Sources{UserDir: filepath.Dir(path)})
	if want := `plugin install "` + path + `"`; !strings.Contains(c.Refused()[0].Remedy, want) {
		t.Errorf("got %q", c.Refused()[0].Remedy)
	}
}

func TestScanFolder(t *testing.T) {
	dir := t.TempDir()
	want := []string{
		writePlugin(t, dir, "a.manifest.json", reader("a")),
		writePlugin(t, dir, "manifest.json", reader("b")),
		writePlugin(t, filepath.Join(dir, "0first"), "manifest.json", reader("c")),
	}
	got, unreadable, err := scanFolder(dir, "")
	if err != nil || len(unreadable) > 0 || !cmp.Equal(got, want) {
		t.Errorf("got %q, %v, %v", got, unreadable, err)
	}
	if _, _, err := scanFolder(filepath.Join(dir, "none"), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// A manifest that this host cannot read names the one that must be renewed.
func TestManifestsOfOtherVersions(t *testing.T) {
	for name, tt := range map[string]struct{ old, to, reason, remedy string }{
		"old": {`"manifest": 1,`, ``, "rebuild the plugin with the current SDK",
			"rebuild the plugin with the current SDK, or remove it"},
		"newer": {`"manifest": 1,`, `"manifest": 2,`, "a newer auth0-mcp is needed",
			"update auth0-mcp, or remove the plugin"},
		"grants": {`"tools":`, `"grants": [], "tools":`, `unknown member "grants": a newer auth0-mcp is needed`,
			"update auth0-mcp, or remove the plugin"},
		"broken": {`"tools":`, `"tools"`, "not valid JSON", "repair the manifest, or remove the plugin"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := writePlugin(t, dir, "manifest.json", aManifest("things", aTool("auth0_x", pluginv1.EffectRead)))
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, strings.Replace(string(data), tt.old, tt.to, 1), 0o600)
			refused := load(t, Sources{PluginDirs: []string{dir}}).Refused()
			if len(refused) != 1 || refused[0].Kind != Broken || !strings.Contains(refused[0].Reason, tt.reason) ||
				refused[0].Remedy != tt.remedy {
				t.Errorf("got %+v", refused)
			}
		})
	}
}
