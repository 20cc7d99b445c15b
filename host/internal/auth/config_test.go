package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// wantText checks that err has every text and is an error at all.
func wantText(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("got %q, want %q in it", err, text)
		}
	}
}

func aConfig() Config {
	return Config{DefaultProfile: "dev", Store: StoreKeychain, Profiles: map[string]Profile{
		"dev": {Domain: "dev.eu.auth0.com", Method: Device, Scopes: []string{"read:clients", "read:logs"}},
		"prod.eu-1": {
			Domain: "prod.example.com:8443", Method: PrivateKeyJWT, ClientID: "abc", AuthDomain: "login.example.com",
			Audience: "https://prod.example.com/api/v2/", KeyID: `a"b\c`, Store: "command", Command: []string{"/bin/helper",
				"a b", ""}, FollowTenant: true,
		},
	}}
}

func TestConfigRoundTrip(t *testing.T) {
	file := ConfigFile{Path: filepath.Join(t.TempDir(), "new", "config.toml")}
	if got, err := file.Load(); err != nil || len(got.Profiles) != 0 {
		t.Fatalf("without a file: %v, %v", got, err)
	}
	if err := file.Save(t.Context(), aConfig()); err != nil {
		t.Fatal(err)
	}
	got, err := file.Load()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(aConfig(), got); diff != "" {
		t.Error(diff)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for path, want := range map[string]fs.FileMode{file.Path: 0o600, filepath.Dir(file.Path): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestParseConfigRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		in    string
		texts []string
	}{
		"not TOML": {"default_profile = ", []string{"line 1, column"}},
		"misspelt at the top": {"\ndefaul_profile = 'a'", []string{"line 2", "unknown key defaul_profile",
			"near default_profile"}},
		"misspelt in a profile": {"[profiles.a]\ndomian = 'x'", []string{"line 2", "profiles.a.domian", "near domain"}},
		"another case":          {"[profiles.a]\nclient-id = 'x'", []string{"near client_id"}},
		"nothing near":          {"[profiles.a]\nzzz = 'x'", []string{"known here: algorithm, audience, "}},
		"a table of its own":    {"[profile.a]\ndomain = 'x'", []string{"line 1", "near profiles"}},
		"a secret": {"[profiles.a]\nclient_secret = 'CANARY'", []string{"no secret belongs into this file",
			"auth0-mcp init"}},
		"two unknown keys":    {"a = 1\nb = 2", []string{"line 1", "line 2"}},
		"a type":              {"[profiles.a]\nscopes = 'read:logs'", []string{"line 2, column"}},
		"twice":               {"store = 'env'\nstore = 'env'", []string{"line 2"}},
		"a name":              {"[profiles.A]\ndomain = 'a.example.com'", []string{`profile "A"`, "a-z"}},
		"a device of Windows": {"[profiles.'con.x']\ndomain = 'a.example.com'", []string{"con.x", "Windows"}},
		"a path as a name":    {"[profiles.'../x']\ndomain = 'a.example.com'", []string{"../x"}},
		"the default's name":  {"default_profile = 'A b'", []string{"default_profile", "A b"}},
		"a store":             {"store = 'vault'", []string{`"vault"`, "env, command, keychain or file"}},
		"a profile's store":   {"[profiles.a]\nstore = 'plain'", []string{`profile "a"`, `"plain"`}},
		"no command":          {"[profiles.a]\nstore = 'command'", []string{"needs a command"}},
		"a method":            {"[profiles.a]\nmethod = 'password'", []string{`"password"`, "private_key_jwt"}},
		"a domain":            {"[profiles.a]\ndomain = 'me@evil.example.com'", []string{`profile "a"`, "want a host"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := ParseConfig([]byte(tt.in))
			wantText(t, err, tt.texts...)
			if strings.Contains(err.Error(), "CANARY") {
				t.Errorf("a secret is repeated: %v", err)
			}
			if diff := cmp.Diff(Config{}, c); diff != "" {
				t.Error(diff)
			}
		})
	}
	var key *ConfigKeyError
	if _, err := ParseConfig([]byte("stroe = 'env'")); !errors.As(err, &key) || key.Line != 1 || key.Near != "store" {
		t.Errorf("got %#v", key)
	}
}

func TestParseConfigNormalizes(t *testing.T) {
	c, err := ParseConfig([]byte("\ufeff[profiles.a]\r\ndomain = 'https://A.EU.auth0.com/'\r\n"))
	if err != nil || c.Profiles["a"].Domain != "a.eu.auth0.com" {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestConfigErrorsNameTheFile(t *testing.T) {
	file := ConfigFile{Path: filepath.Join(t.TempDir(), "config.toml")}
	const broken = "# mine\nstroe = 'env'\n"
	writeTestFile(t, file.Path, broken)
	_, err := file.Load()
	wantText(t, err, file.Path, "line 2")
	wantText(t, file.Save(t.Context(), aConfig()), file.Path, "line 2")
	if got := readTestFile(t, file.Path); got != broken {
		t.Errorf("a file that is not understood was changed: %q", got)
	}
	writeTestFile(t, file.Path, strings.Repeat("#", maxConfigBytes+1))
	_, err = file.Load()
	wantText(t, err, file.Path, "larger than")
}

func writeTestFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readTestFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestUpdateKeepsWhatThePersonWrote(t *testing.T) {
	const text = `# my tenants

store = "keychain" # at work

# the one I break
[profiles.dev]
# signed in by hand
domain = "dev.eu.auth0.com"   # Europe
method = "device"
scopes = [
  "read:logs", # only these
]

# the one I do not
[profiles.prod]
method = "device"
domain = "prod.eu.auth0.com"
# nothing below
`
	set := func(name string, change func(*Profile)) func(*Config) error {
		return func(c *Config) error {
			p := c.Profiles[name]
			change(&p)
			c.Profiles[name] = p
			return nil
		}
	}
	for name, tt := range map[string]struct {
		change   func(*Config) error
		old, new string
	}{
		"nothing": {func(*Config) error { return nil }, "", ""},
		"a value": {set("dev", func(p *Profile) { p.Domain = "new.eu.auth0.com" }), `"dev.eu.auth0.com" `,
			`'new.eu.auth0.com' `},
		"a list": {set("dev", func(p *Profile) { p.Scopes = []string{"a", "b"} }),
			"[\n  \"read:logs\", # only these\n]", "['a', 'b']"},
		"a list in place": {func(c *Config) error { c.Profiles["dev"].Scopes[0] = "read:x"; return nil },
			"[\n  \"read:logs\", # only these\n]", "['read:x']"},
		"a list's end": {set("dev", func(p *Profile) { p.Scopes = nil }), "scopes = [\n  \"read:logs\", # only these\n]\n",
			""},
		"a new key": {set("prod", func(p *Profile) { p.ClientID = "x" }), "# nothing below",
			"client_id = 'x'\n# nothing below"},
		"the default": {func(c *Config) error { c.DefaultProfile = "dev"; return nil }, "# at work\n",
			"# at work\ndefault_profile = 'dev'\n"},
		"no store": {func(c *Config) error { c.Store = ""; return nil }, "store = \"keychain\" # at work\n", ""},
		"a new profile": {func(c *Config) error {
			c.Profiles["a.b"] = Profile{Domain: "x.example.com",
				Method: Given}
			return nil
		}, "# nothing below\n",
			"# nothing below\n\n[profiles.\"a.b\"]\ndomain = 'x.example.com'\nmethod = 'given'\n"},
		"a profile gone": {
			func(c *Config) error { delete(c.Profiles, "dev"); return nil },
			"[profiles.dev]\n# signed in by hand\ndomain = \"dev.eu.auth0.com\"   # Europe\nmethod = \"device\"\nscopes = " +
				"[\n  \"read:logs\", # only these\n]\n", "",
		},
	} {
		for _, newline := range []string{"\n", "\r\n"} {
			t.Run(name+fmt.Sprintf("%q", newline), func(t *testing.T) {
				file := ConfigFile{Path: filepath.Join(t.TempDir(), "config.toml")}
				lines := strings.NewReplacer("\n", newline)
				writeTestFile(t, file.Path, lines.Replace(text))
				if err := file.Update(t.Context(), tt.change); err != nil {
					t.Fatal(err)
				}
				want := lines.Replace(strings.Replace(text, tt.old, tt.new, 1))
				if diff := cmp.Diff(want, readTestFile(t, file.Path)); diff != "" {
					t.Error(diff)
				}
				if _, err := os.Stat(file.Path + ".bak"); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("written anew: %v", err)
				}
			})
		}
	}
}

func TestUpdateOfOtherForms(t *testing.T) {
	add := func(c *Config) error {
		p := c.Profiles["a"]
		p.ClientID, p.Domain = "new", "other.example.com"
		c.Profiles["a"] = p
		c.DefaultProfile = "a"
		return nil
	}
	for name, tt := range map[string]struct {
		in, want string
		anew     bool
	}{
		"dotted keys":       {"profiles.a.domain = 'x.example.com'", "profiles.a.domain = 'other.example.com'\n", false},
		"dotted in a table": {"[profiles]\na . domain = 'x.example.com'\n", "a . client_id = 'new'\n", false},
		"quoted table":      {"[ profiles . 'a' ]\ndomain = 'x.example.com'", "\nclient_id = 'new'\n", false},
		"an empty table":    {"[profiles.a]", "[profiles.a]\ndomain = 'other.example.com'\n", false},
		"an inline table":   {"# c\nprofiles.a = {domain = 'x.example.com'}\n", "[profiles.a]\n", true},
		"a byte order mark": {"\ufeff[profiles.a]\r\ndomain = 'x.example.com'\r\n",
			"\ufeffdefault_profile = 'a'\r\n[profiles.a]\r\n", false},
		"explicit zero value": {"[profiles.a]\ndomain = 'x.example.com'\nclient_id = ''\n", "client_id = 'new'\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			file := ConfigFile{Path: filepath.Join(t.TempDir(), "config.toml")}
			writeTestFile(t, file.Path, tt.in)
			if err := file.Update(t.Context(), add); err != nil {
				t.Fatal(err)
			}
			got := readTestFile(t, file.Path)
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q in it", got, tt.want)
			}
			c, err := file.Load()
			want := Config{DefaultProfile: "a", Profiles: map[string]Profile{"a": {Domain: "other.example.com",
				ClientID: "new"}}}
			if diff := cmp.Diff(want, c); diff != "" || err != nil {
				t.Error(diff, err)
			}
			backup, err := os.ReadFile(file.Path + ".bak")
			if tt.anew != (err == nil) || (tt.anew && string(backup) != tt.in) {
				t.Errorf("backup %q, %v", backup, err)
			}
		})
	}
}

func TestUpdateThatFails(t *testing.T) {
	file := ConfigFile{Path: filepath.Join(t.TempDir(), "config.toml")}
	if err := file.Save(t.Context(), aConfig()); err != nil {
		t.Fatal(err)
	}
	before := readTestFile(t, file.Path)
	refused := errors.New("no")
	if err := file.Update(t.Context(), func(c *Config) error { c.Store = ""; return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	err := file.Update(t.Context(), func(c *Config) error { c.Profiles["Bad"] = Profile{}; return nil })
	wantText(t, err, `"Bad"`)
	err = file.Update(t.Context(), func(c *Config) error { c.Profiles["x"] = Profile{Domain: "no dots"}; return nil })
	wantText(t, err, `"x"`, "no dots")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := file.Save(ended, Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if after := readTestFile(t, file.Path); after != before {
		t.Errorf("changed to %q", after)
	}
}

func TestUpdateFollowsALink(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "dotfiles.toml")
	file := ConfigFile{Path: filepath.Join(dir, "config.toml")}
	writeTestFile(t, target, "# mine\n")
	if err := os.Symlink(target, file.Path); err != nil {
		t.Fatal(err)
	}
	if err := file.Save(t.Context(), aConfig()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(file.Path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if got := readTestFile(t, target); !strings.Contains(got, "# mine\n") || !strings.Contains(got, "dev.eu.auth0.com") {
		t.Errorf("got %q", got)
	}
}

func TestUpdatesDoNotLoseEachOther(t *testing.T) {
	file := ConfigFile{Path: filepath.Join(t.TempDir(), "config.toml")}
	const writers = 8
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			err := file.Update(t.Context(), func(c *Config) error {
				c.Profiles[fmt.Sprintf("p%d", i)] = Profile{Domain: fmt.Sprintf("p%d.example.com", i)}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if c, err := file.Load(); err != nil || len(c.Profiles) != writers {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestSelectProfile(t *testing.T) {
	one := map[string]Profile{"a": {Domain: "a.example.com"}}
	two := map[string]Profile{"a": {Domain: "a.example.com"}, "b": {Domain: "b.example.com"}}
	for name, tt := range map[string]struct {
		config Config
		ask    string
		want   string
		text   string
	}{
		"named":                 {Config{Profiles: two, DefaultProfile: "a"}, "b", "b", ""},
		"the default":           {Config{Profiles: two, DefaultProfile: "b"}, "", "b", ""},
		"the only one":          {Config{Profiles: one}, "", "a", ""},
		"several, no default":   {Config{Profiles: two}, "", "", "auth0-mcp profiles use NAME"},
		"none at all":           {Config{}, "", "", "auth0-mcp init"},
		"unknown":               {Config{Profiles: two}, "c", "", "there are: a, b"},
		"unknown, none at all":  {Config{}, "c", "", `"c" does not exist: sign in`},
		"a default that is off": {Config{Profiles: one, DefaultProfile: "gone"}, "", "", `"gone" does not exist`},
	} {
		t.Run(name, func(t *testing.T) {
			got, p, err := tt.config.Select(tt.ask)
			if tt.text != "" {
				var unknown *UnknownProfileError
				if wantText(t, err, tt.text); !errors.As(err, &unknown) {
					t.Errorf("got %T", err)
				}
				return
			}
			if err != nil || got != tt.want || p.Domain != tt.want+".example.com" {
				t.Errorf("got %q, %v, %v", got, p, err)
			}
		})
	}
}

func TestUserFolders(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	folders, err := UserFolders()
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "data", "auth0-mcp", "sessions"); folders.Sessions() != want {
		t.Errorf("sessions in %s, want %s", folders.Sessions(), want)
	}
	if runtime.GOOS != "linux" {
		return
	}
	if want := filepath.Join(dir, "config", "auth0-mcp", "config.toml"); folders.ConfigFile().Path != want {
		t.Errorf("config %s, want %s", folders.ConfigFile().Path, want)
	}
	// A relative folder would depend on where the program is started: it is ignored.
	t.Setenv("XDG_DATA_HOME", "data")
	t.Setenv("HOME", dir)
	folders, err = UserFolders()
	if want := filepath.Join(dir, ".local", "share", "auth0-mcp"); err != nil || folders.Data != want {
		t.Errorf("data in %s, %v, want %s", folders.Data, err, want)
	}
}

// Without a home nothing is read or written in the folder where the program was started, and what has to write says
// which variable is missing.
func TestNoUserFolders(t *testing.T) {
	for _, name := range []string{"HOME", "USERPROFILE", "AppData", "LocalAppData", "XDG_CONFIG_HOME", "XDG_DATA_HOME"} {
		t.Setenv(name, "")
	}
	t.Chdir(t.TempDir())
	for _, name := range []string{"config.toml", "dev.age"} {
		if err := os.WriteFile(name, []byte("store = 'file'"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folders, err := UserFolders()
	var none *atomicfile.NoFolderError
	if !errors.As(err, &none) || folders != (Folders{}) {
		t.Errorf("got %+v, %v", folders, err)
	}
	if c, err := folders.ConfigFile().Load(); err != nil || c.Store != "" {
		t.Errorf("the config: %+v, %v", c, err)
	}
	if err := folders.ConfigFile().Save(t.Context(), Config{}); !errors.As(err, &none) {
		t.Errorf("saving the config: %v", err)
	}
	if names, err := StoredProfiles(folders.Sessions()); err != nil || len(names) > 0 {
		t.Errorf("sessions %q, %v", names, err)
	}
	if _, err := Lock(t.Context(), folders.Sessions(), "dev"); !errors.As(err, &none) {
		t.Errorf("locking a session: %v", err)
	}
	folder := sessionFolder{folders.Sessions()}
	if _, ok, err := folder.read("dev"); ok || err != nil {
		t.Errorf("reading a session: %v, %v", ok, err)
	}
	if removed, err := folder.remove("dev"); len(removed) > 0 || err != nil {
		t.Errorf("removed %q, %v", removed, err)
	}
	entries, err := os.ReadDir(".")
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

// FuzzConfig reads anything, and what was accepted is edited: the edit must mean
// what it should, whatever form the text had.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		"", "\ufeff", "store='env'", "[profiles.a]\ndomain='a.example.com'\nscopes=['x'] # c",
		"profiles.a.domain='a.example.com'\n[profiles.b]", "profiles={a={method='device'}}", "[profiles]\n[profiles.a]\r\n#x",
		"default_profile=\"\"\"a\"\"\"", "[profiles.'a'.x]",
	} {
		f.Add(seed, "a")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		before, err := ParseConfig([]byte(text))
		if err != nil || CheckProfileName(name) != nil {
			return
		}
		for _, change := range []func(*Config){
			func(*Config) {},
			func(c *Config) { c.DefaultProfile = name },
			func(c *Config) { delete(c.Profiles, name) },
			func(c *Config) {
				p := c.Profiles[name]
				p.Domain, p.Scopes = "new.example.com", append(p.Scopes, text)
				c.Profiles[name] = p
			},
		} {
			after, err := ParseConfig([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if after.Profiles == nil {
				after.Profiles = map[string]Profile{}
			}
			change(&after)
			edited, _, err := editConfig([]byte(text), before, after)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseConfig(edited)
			if err != nil {
				t.Fatalf("%q became %q: %v", text, edited, err)
			}
			if diff := cmp.Diff(after, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%q became %q: %s", text, edited, diff)
			}
		}
	})
}
