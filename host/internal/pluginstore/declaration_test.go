package pluginstore

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestDeclarationsThatAreRefused(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"a misspelt member": {"[plugins.roles]\nsource = 'x'\nkeys = 'example'\n", "line 3: plugins.roles.keys is not known"},
		"a misspelt table":  {"[plugin.roles]\nsource = 'x'\n", "is not known: want [plugins.NAME]"},
		"no source":         {"[plugins.roles]\nkey = 'example'\n", "plugin roles: its source is missing"},
		"a bad name":        {"[plugins.\"../roles\"]\nsource = 'x'\n", `plugin "../roles": want a name`},
		"a look-alike":      {"[plugins.\"r\u043eles\"]\nsource = 'x'\n", "want a name"},
		"a bad constraint":  {"[plugins.roles]\nsource = 'x'\nversion = 'latest'\n", `version constraint "latest"`},
		"a number":          {"[plugins.roles]\nsource = 'x'\nversion = 1\n", "line 3"},
		"no TOML":           {"plugins", "line 1"},
		"huge":              {"#" + strings.Repeat("x", maxDeclaration), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseDeclaration([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A repository can hold a link that leads anywhere: what has no end is not read.
func TestFilesWithoutAnEnd(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no such file")
	}
	w := newWorld(t)
	if err := os.MkdirAll(filepath.Dir(w.Declaration), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", w.Declaration); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Declared(); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("plugins.toml: %v", err)
	}
	if _, err := w.OpenBundle("/dev/zero"); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("bundle: %v", err)
	}
}

// declareRoles writes a plugins.toml and follows it, as `plugin update` does.
func (w *world) follow(t *testing.T, text string, names ...string) error {
	t.Helper()
	if err := os.WriteFile(w.Declaration, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	candidates, removed, err := w.ToUpdate(t.Context(), names, true)
	if err != nil {
		return err
	}
	return errors.Join(w.Apply(t.Context(), Change{Install: candidates, Remove: removed}), Discard(candidates))
}

// The lock file follows plugins.toml by update alone; sync says where they disagree.
func TestDeclaredPlugins(t *testing.T) {
	w := newWorld(t)
	w.mustInstall(t, published{version: "1.0.0"})
	const other = "https://other.example/index.json"
	w.offers[other] = published{name: "other", version: "3.0.0", tools: nil}
	o := w.offers[other]
	o.tools = append(o.tools, tool("auth0_other"))
	w.offers[other] = o
	for name, tt := range map[string]struct{ text, want string }{
		"nothing": {"", "roles is locked and not declared"},
		"another": {"[plugins.other]\nsource = '" + other + "'\n", "other is declared and not locked"},
		"a constraint": {"[plugins.roles]\nsource = '" + rolesURL + "'\nversion = '~> 1.0'\n",
			"version \"~> 1.0\" and locked as"},
		"a key":    {"[plugins.roles]\nsource = '" + rolesURL + "'\nkey = 'example'\n", "key \"example\" and locked as"},
		"a source": {"[plugins.roles]\nsource = '" + other + "'\n", "roles is declared as \"" + other},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(w.Declaration, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := w.ToSync(t.Context(), nil)
			var drift *DriftError
			if !errors.As(err, &drift) || !strings.Contains(err.Error(), tt.want) ||
				!strings.Contains(err.Error(), "Run auth0-mcp plugin update") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	// update takes over a constraint, adds what is declared and removes what is not.
	roles := "[plugins.roles]\nsource = '" + rolesURL + "'\nversion = '~> 1.0'\n"
	if err := w.follow(t, roles); err != nil {
		t.Fatal(err)
	}
	w.works(t, "1.0.0")
	if r := w.fetched[len(w.fetched)-1]; r.Constraint != "~> 1.0" {
		t.Errorf("it asked for %+v", r)
	}
	if err := w.follow(t, roles+"[plugins.other]\nsource = '"+other+"'\n", "other"); err != nil {
		t.Fatal(err)
	}
	checkTidy(t, w, 2)
	if candidates, err := w.ToSync(t.Context(), nil); err != nil || len(candidates) > 0 {
		t.Errorf("%d candidates, %v", len(candidates), err)
	}
	if err := w.follow(t, roles); err != nil {
		t.Fatal(err)
	}
	w.works(t, "1.0.0")
	checkTidy(t, w, 1)
	if err := w.follow(t, roles, "rolls"); err == nil || !strings.Contains(err.Error(), "rolls is not declared") {
		t.Errorf("got %v", err)
	}
	// An install is declared, with what the file says kept.
	c, err := w.Get(t.Context(), Wanted{Source: other, Constraint: ">= 3", AllowUnsigned: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Apply(t.Context(), Change{Install: []*Candidate{c}, Declare: true}), c.Discard()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(w.Declaration)
	if err != nil || string(data) != roles+"\n[plugins.other]\nsource = '"+other+"'\nversion = '>= 3'\n" {
		t.Errorf("got %s (%v)", data, err)
	}
	if _, err := w.ToSync(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// A path in plugins.toml counts from its folder, so that a repository can hold both.
func TestRelativeSources(t *testing.T) {
	w := newWorld(t)
	for reference, want := range map[string]string{
		"./roles": "/config/roles", "../roles.tar.gz": "/roles.tar.gz", "oci-layout:./layout:1.0.0": "/config/layout:1.0.0",
		"https://x.example/index.json": "https://x.example/index.json", "/abs": "/abs",
	} {
		s, err := w.parse(reference)
		if err != nil || !strings.HasSuffix(s.String(), want) {
			t.Errorf("%s: got %s, %v", reference, s, err)
		}
	}
}

func FuzzDeclaration(f *testing.F) {
	f.Add([]byte("[plugins.roles]\nsource = './roles'\nversion = '~> 1.0'\nkey = 'x'\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		plugins, err := parseDeclaration(data)
		if err != nil {
			return
		}
		text := ""
		for name, d := range plugins {
			text += tomlTable(name, d)
		}
		again, err := parseDeclaration([]byte(text))
		if err != nil || len(again) != len(plugins) {
			t.Fatalf("%q: %v", text, err)
		}
		for name, d := range plugins {
			if again[name] != d {
				t.Errorf("%s: %v became %v", name, d, again[name])
			}
		}
	})
}
