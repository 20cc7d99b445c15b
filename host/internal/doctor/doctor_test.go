package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// canary is a secret that must show nowhere.
const canary = "canary-0123456789-secret"

var epoch = time.Date(2031, 3, 14, 9, 26, 53, 0, time.UTC)

// examinee is a doctor in a home of its own, with a clock that stands still, no
// network and the variables of env.
func examinee(t *testing.T, env map[string]string) *Doctor {
	t.Helper()
	home := t.TempDir()
	for _, name := range []string{"HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "AppData", "LocalAppData"} {
		t.Setenv(name, home)
	}
	for _, name := range []string{"AUTH0_TOKEN", "AUTH0_DOMAIN", "AUTH0_MCP_STORE", "AUTH0_MCP_PROFILE",
		"AUTH0_MCP_CA_FILE", "AUTH0_MCP_PLUGIN_DIR"} {
		t.Setenv(name, env[name])
	}
	getenv := func(name string) string { return env[name] }
	return &Doctor{
		cfg: Config{Version: "0.0.0-test",
			LockPath: func() (string, error) { return filepath.Join(home, "plugins.lock.json"), nil }},
		at: surroundings{
			Surroundings: auth.Surroundings{GOOS: "linux"},
			getenv:       getenv, now: func() time.Time { return epoch },
			lookup: func(context.Context, string) ([]string, error) {
				return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
			},
			dial:       new(net.Dialer).DialContext,
			transport:  tenant.NewTransport,
			executable: os.Args[0], folder: home, socketFolders: []string{filepath.Join(home, "sockets"), ""},
			places: clients.Places{OS: "linux", Home: home, Getenv: func(string) string { return "" }},
		},
	}
}

// as gives the doctor an account.
func (d *Doctor) as(name string, p auth.Profile) *Doctor {
	d.accounts = &account.Accounts{Transport: &http.Transport{}}
	d.account = &account.Account{Name: name, Profile: p}
	return d
}

func checkFinding(t *testing.T, got Finding, want Status, texts ...string) {
	t.Helper()
	if got.Status != want {
		t.Errorf("status %q, want %q: %+v", got.Status, want, got)
	}
	all := got.Check + " " + got.Detail + " → " + got.Remedy
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("%q lacks %q", all, text)
		}
	}
	if got.Status != OK && got.Remedy == "" {
		t.Errorf("no remedy: %+v", got)
	}
	if strings.Contains(all, canary) {
		t.Errorf("a secret is shown: %q", all)
	}
}

func TestExaminationIsAbandonedWhenItHangs(t *testing.T) { synctest.Test(t, testHanging) }

func testHanging(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	never := func() bool { return false }
	list := []examination{
		{"hangs", local, 20 * time.Millisecond, func(context.Context) []Finding { <-hang; return nil }, nil},
		{"left out", local, time.Minute, func(context.Context) []Finding { panic("it ran") }, never},
		{"answers", local, time.Minute, func(context.Context) []Finding { return []Finding{passes("answers", "yes")} }, nil},
		{"obeys", local, 20 * time.Millisecond, func(ctx context.Context) []Finding {
			<-ctx.Done()
			return []Finding{fails("obeys", "wait", "%v", ctx.Err())}
		}, nil},
		{"later", last, time.Minute, func(context.Context) []Finding { panic("it ran too early") }, nil},
	}
	published := 0
	results := newResults(len(list), func(f Finding) Finding { published++; return f })
	runPhase(t.Context(), list, local, results)
	found := results.found
	if published != 3 {
		t.Errorf("%d findings were published before the last phase, want 3", published)
	}
	checkFinding(t, found[0][0], Fail, "hangs", "no answer within 20ms")
	if len(found[1]) != 0 || len(found[4]) != 0 {
		t.Errorf("what was left out found %v and %v", found[1], found[4])
	}
	checkFinding(t, found[2][0], OK)
	checkFinding(t, found[3][0], Fail, "deadline exceeded")
}

func TestJudgeSession(t *testing.T) {
	at := func(d time.Duration) time.Time { return epoch.Add(d) }
	device := auth.Profile{Domain: "t.example.com", Method: auth.Device}
	machine := auth.Profile{Domain: "t.example.com", Method: auth.ClientSecret, ClientID: "abc"}
	for _, c := range []struct {
		name    string
		profile auth.Profile
		account string
		session auth.Session
		want    Status
		texts   []string
	}{
		{"renews", device, "prod", auth.Session{Method: auth.Device, AccessToken: "a", RefreshToken: canary,
			ExpiresAt: at(2 * time.Hour)}, OK, []string{"profile prod", "in 2h0m", "renews itself"}},
		{"does not renew", device, "prod",
			auth.Session{Method: auth.Device, AccessToken: canary,
				ExpiresAt: at(2 * time.Hour)}, OK, []string{"does not renew"}},
		{"no end", device, "prod", auth.Session{Method: auth.Device, AccessToken: canary}, OK, []string{"end is not known"}},
		{"ended", device, "prod", auth.Session{Method: auth.Device, AccessToken: canary, ExpiresAt: at(-time.Hour)}, Fail,
			[]string{"1h0m ago", "auth0-mcp init --profile prod"}},
		{"within the margin", device, "prod",
			auth.Session{Method: auth.Device, AccessToken: canary,
				ExpiresAt: at(auth.Margin - time.Second)}, Fail, []string{"ends within minutes"}},
		{"ended, renewable", machine, "ci",
			auth.Session{Method: auth.ClientSecret, ClientSecret: canary,
				ExpiresAt: at(-time.Hour)}, OK, []string{"renewed at the next call"}},
		{"given and ended", auth.Profile{Domain: "t.example.com", Method: auth.Given}, "",
			auth.Session{Method: auth.Given, AccessToken: canary, ExpiresAt: at(-time.Hour)}, Fail, []string{"AUTH0_TOKEN"}},
		{"another tenant's", machine, "ci",
			auth.Session{Domain: "other.example.com", Method: auth.ClientSecret, AccessToken: canary}, Fail,
			[]string{"other.example.com", "config file says t.example.com",
				"--auth0-client-id abc --auth0-client-secret-stdin"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.session.Domain == "" {
				c.session.Domain = c.profile.Domain
			}
			checkFinding(t, examinee(t, nil).as(c.account, c.profile).judge(c.session), c.want, c.texts...)
		})
	}
}

func TestExplainStore(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		texts []string
	}{
		"locked": {&auth.KeychainError{Reason: auth.KeychainLocked, Op: "reading the key", Remedy: "unlock it"},
			[]string{"reading the key: the system keychain is locked", "unlock it"}},
		"absent": {&auth.KeychainError{Reason: auth.KeychainAbsent, Op: "reading the key", Remedy: "pass --store file"},
			[]string{"is absent", "--store file"}},
		"slow": {&auth.KeychainError{Reason: auth.KeychainTimedOut, Op: "reading the key", Remedy: "unlock it"},
			[]string{"did not answer in time"}},
		"failed": {&auth.KeychainError{Reason: auth.KeychainFailed, Op: "reading the key", Err: errors.New("bus error"),
			Remedy: "unlock it"}, []string{"failed (bus error)"}},
		"no phrase": {&auth.NoPassphraseError{Profile: "p"}, []string{"AUTH0_MCP_PASSPHRASE"}},
		"wrong": {&auth.PassphraseError{Path: "/s/p.age", Profile: "p"},
			[]string{"/s/p.age", "auth0-mcp logout --profile p"}},
		"other": {&auth.StoreMismatchError{Path: "/s/p.age", Written: auth.StoreFile}, []string{"--store file"}},
		"command": {&auth.CommandError{Program: "/bin/vault", Err: errors.New("exit status 1"), Stderr: "sealed"},
			[]string{"sealed", "run /bin/vault yourself"}},
		"key lost": {&auth.KeyLostError{Path: "/s/p.age", Profile: "p"},
			[]string{"not in this system's keychain", "auth0-mcp init --profile p"}},
		"other kind": {errors.New("disk full"), []string{"disk full", "auth0-mcp init"}},
	} {
		t.Run(name, func(t *testing.T) {
			detail, remedy := examinee(t, nil).as("p", auth.Profile{}).explainStore(c.err)
			checkFinding(t, fails("store", remedy, "%s", detail), Fail, c.texts...)
		})
	}
}

// TestAccount goes through the real environment and config file.
func TestAccount(t *testing.T) {
	for _, c := range []struct {
		name, config string
		env          map[string]string
		profile      string
		check        string
		want         Status
		texts        []string
	}{
		{name: "nothing", check: "session", want: Fail, texts: []string{"no credentials", "auth0-mcp init"}},
		{name: "broken config", config: "store = 7", check: "config", want: Fail,
			texts: []string{"line 1", "config.toml", "move it away"}},
		{name: "broken config hides the store", config: "store = 7", check: "store", want: Warn,
			texts: []string{"not checked"}},
		{name: "secret in the config", config: `client_secret = "` + canary + `"`, check: "config", want: Fail,
			texts: []string{"no secret belongs"}},
		{name: "config", config: "[profiles.prod]\ndomain = \"t.example.com\"\n", check: "config", want: OK,
			texts: []string{"1 profile"}},
		{name: "unknown profile", config: "[profiles.prod]\ndomain = \"t.example.com\"\n", profile: "prd", check: "session",
			want: Fail, texts: []string{"prd", "auth0-mcp profiles list"}},
		{name: "no session", config: "store = \"file\"\n[profiles.prod]\ndomain = \"t.example.com\"\n", check: "session",
			want: Fail, texts: []string{"auth0-mcp init --profile prod"}},
		{name: "no session, but a store", config: "store = \"file\"\n[profiles.prod]\ndomain = \"t.example.com\"\n",
			check: "store", want: OK, texts: []string{"file, chosen by the config file"}},
		{name: "token without domain", env: map[string]string{"AUTH0_TOKEN": canary}, check: "session", want: Fail,
			texts: []string{"set AUTH0_DOMAIN"}},
		{name: "token for a domain", env: map[string]string{"AUTH0_TOKEN": canary, "AUTH0_DOMAIN": "https://T.example.com/"},
			check: "session", want: OK, texts: []string{"t.example.com"}},
		{name: "token and domain mixed up", env: map[string]string{"AUTH0_TOKEN": "t.example.com", "AUTH0_DOMAIN": canary},
			check: "session", want: Fail, texts: []string{"AUTH0_DOMAIN"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := examinee(t, c.env)
			d.cfg.Profile = c.profile
			if c.config != "" {
				folders, err := auth.UserFolders()
				if err != nil {
					t.Fatal(err)
				}
				writeText(t, folders.ConfigFile().Path, c.config)
			}
			d.hide(c.env["AUTH0_TOKEN"])
			d.openAccount(c.env["AUTH0_TOKEN"], "")
			found := append(d.checkConfig(t.Context()), d.checkStore(t.Context())...)
			for _, f := range found {
				if f.Detail = d.clean(f.Detail); f.Check == c.check {
					checkFinding(t, f, c.want, c.texts...)
					return
				}
			}
			t.Errorf("no finding %s in %v", c.check, found)
		})
	}
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pluginFolder writes the folder of a plugin x and the lock that vouches for it.
func pluginFolder(t *testing.T, dir string, tools ...string) catalog.Lock {
	t.Helper()
	var list []map[string]any
	for _, tool := range tools {
		verb, noun, _ := strings.Cut(tool, "_")
		list = append(list, map[string]any{
			"name": "auth0_" + tool, "effect": "read", "scopes": []string{verb + ":" + noun},
			"display":     map[string]any{"description": "A tool."},
			"inputSchema": map[string]any{"type": "object", "additionalProperties": false},
		})
	}
	data, err := json.Marshal(map[string]any{"manifest": 1, "name": "x", "version": "0.1.0", "protocols": []int{1},
		"executable": "run", "tools": list})
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(dir, "manifest.json"), string(data))
	writeText(t, filepath.Join(dir, "run"), "binary")
	if err := os.Chmod(filepath.Join(dir, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := catalog.ReadPlugin(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	digest, err := catalog.DigestFile(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	return catalog.Lock{Plugins: map[string]catalog.LockEntry{"x": {Version: "0.1.0", Manifest: p.ManifestDigest,
		Platforms: map[string]catalog.Pin{catalog.Platform(): {Binary: digest}}}}}
}

func TestScopes(t *testing.T) {
	dir := t.TempDir()
	found, err := catalog.Load(catalog.Sources{PluginDirs: []string{dir},
		Lock: pluginFolder(t, dir, "read_logs", "read_clients")})
	if err != nil {
		t.Fatal(err)
	}
	all, err := found.Select(catalog.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, scope string
		method      auth.Method
		filter      catalog.Filter
		want        Status
		texts       []string
	}{
		{"all", "read:logs read:clients read:users", auth.Device, catalog.Filter{}, OK,
			[]string{"3 granted", "2 tools: all"}},
		{"one lacks", "read:logs", auth.Device, catalog.Filter{}, Warn,
			[]string{"1 of 2", "auth0_read_clients", "auth0-mcp init --profile p --scopes read:clients,read:logs"}},
		{"granted by the way", "offline_access read:logs read:users", auth.Device, catalog.Filter{}, Warn,
			[]string{"1 of 2", "--scopes read:clients,read:logs"}},
		{"one lacks that is not offered", "read:logs", auth.Device, catalog.Filter{Patterns: []string{"*_logs"}}, OK,
			[]string{"1 tool: all"}},
		{"none", "read:users", auth.Device, catalog.Filter{}, Fail, []string{"2 of 2"}},
		{"given token", "read:logs", auth.Given, catalog.Filter{}, Warn, []string{"get a token that also has read:clients"}},
		{"opaque", "", auth.Given, catalog.Filter{}, Warn, []string{"does not tell"}},
		{"pattern", "read:logs", auth.Device, catalog.Filter{Patterns: []string{"nothing"}}, Fail, []string{"nothing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := examinee(t, nil).as("p", auth.Profile{Method: c.method})
			d.cfg.Filter, d.catalog, d.session = c.filter, found, &auth.Session{Scope: c.scope, Method: c.method}
			finding := d.checkScopes(t.Context())[0]
			checkFinding(t, finding, c.want, c.texts...)
			if _, scopes, ok := strings.Cut(finding.Remedy, "--scopes "); ok {
				if _, err := account.ScopesOf(all.Tools()).Choose(scopes, nil); err != nil {
					t.Errorf("init refuses the remedy: %v", err)
				}
			}
		})
	}
}

// readsPluginsIn has a folder of plugins with their lock file.
func (d *Doctor) readsPluginsIn(dir string) {
	d.cfg.LockPath = func() (string, error) { return filepath.Join(dir, "plugins.lock.json"), nil }
	d.cfg.Plugins = func(context.Context) (*catalog.Catalog, error) {
		lock, err := catalog.ReadLock(filepath.Join(dir, "plugins.lock.json"))
		if err != nil {
			return nil, err
		}
		return catalog.Load(catalog.Sources{PluginDirs: []string{dir}, Lock: lock})
	}
}

func TestPlugins(t *testing.T) {
	locked := func(t *testing.T, dir string) {
		if err := pluginFolder(t, dir, "read_logs").Write(filepath.Join(dir, "plugins.lock.json")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name    string
		arrange func(t *testing.T, dir string)
		check   string
		want    Status
		texts   []string
	}{
		{"locked", locked, "plugin x", OK, []string{"0.1.0", "1 tool,", "sha256:"}},
		{"another binary", func(t *testing.T, dir string) {
			locked(t, dir)
			writeText(t, filepath.Join(dir, "run"), "other")
		}, "plugin x", Fail, []string{"not the binary that was trusted", "auth0-mcp plugin install"}},
		{"another manifest", func(t *testing.T, dir string) {
			locked(t, dir)
			pluginFolder(t, dir, "read_logs", "read_users")
		}, "plugin x", Fail, []string{"not loaded", "plugin install"}},
		{"untrusted", func(t *testing.T, dir string) { pluginFolder(t, dir, "read_logs") }, "plugin x", Warn,
			[]string{"lock file", "plugin install"}},
		{"none", func(*testing.T, string) {}, "plugins", Fail, []string{"none is loaded"}},
		{"broken lock", func(t *testing.T, dir string) {
			locked(t, dir)
			writeText(t, filepath.Join(dir, "plugins.lock.json"), `{"version":1,`)
		}, "lock file", Fail, []string{"plugins.lock.json", "delete it"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := examinee(t, nil)
			dir := t.TempDir()
			c.arrange(t, dir)
			d.readsPluginsIn(dir)
			for _, f := range d.checkPlugins(t.Context()) {
				if f.Check == c.check {
					checkFinding(t, f, c.want, c.texts...)
					return
				}
			}
			t.Errorf("no finding %s", c.check)
		})
	}
	d := examinee(t, nil)
	d.readsPluginsIn("/nowhere/at/all")
	found := d.checkPlugins(t.Context())
	checkFinding(t, found[len(found)-1], Fail, "nowhere")
}

func TestClientEntries(t *testing.T) {
	d := examinee(t, nil)
	d.config.Profiles = map[string]auth.Profile{"prod": {}, "sealed": {Store: "file"}}
	dir := t.TempDir()
	mine, other := filepath.Join(dir, "auth0-mcp"), filepath.Join(dir, "other", "auth0-mcp")
	writeText(t, mine, "x")
	writeText(t, other, "x")
	d.at.executable = mine
	entry := func(command string, args ...string) string {
		data, err := json.Marshal(map[string]any{"mcpServers": map[string]any{"auth0": map[string]any{
			"command": command, "args": append([]string{"run"}, args...), "env": map[string]string{"AUTH0_TOKEN": canary},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, c := range []struct {
		name, text string
		want       Status
		texts      []string
	}{
		{"good", entry(mine, "--profile", "prod"), OK, []string{"Cursor: entry auth0"}},
		{"stale", entry(filepath.Join(dir, "gone", "auth0-mcp"), "--profile", "prod", "--tools", "auth0_list_*",
			"--read-only"), Fail,
			[]string{"which is not there", "auth0-mcp clients add cursor --profile prod --tools 'auth0_list_*' --read-only " +
				"--replace"}},
		{"another binary", entry(other), Warn, []string{"another binary"}},
		{"relative", entry("auth0-mcp"), Warn, []string{"may not find"}},
		{"no such profile", entry(mine, "--profile", "gone"), Fail,
			[]string{"profile gone, which does not exist", "init --profile gone"}},
		{"no passphrase", entry(mine, "--profile", "sealed"), Warn,
			[]string{"sets no AUTH0_MCP_PASSPHRASE, without which", "set AUTH0_MCP_PASSPHRASE in the entry's env in "}},
		{"its passphrase", strings.Replace(entry(mine, "--profile", "sealed"), "AUTH0_TOKEN", "AUTH0_MCP_PASSPHRASE", 1), OK,
			nil},
		{"another store", strings.Replace(entry(mine, "--profile", "sealed"), "AUTH0_TOKEN", "AUTH0_MCP_STORE", 1), OK, nil},
		{"malformed", `{"mcpServers": `, Fail, []string{"mcp.json", "correct the file"}},
		{"another program's", `{"mcpServers": {"x": {"command": "x"}}}`, Warn, []string{"clients add NAME"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			writeText(t, filepath.Join(d.at.places.Home, ".cursor", "mcp.json"), c.text)
			found := d.checkClients(t.Context())
			if len(found) != 1 {
				t.Fatalf("%d findings: %v", len(found), found)
			}
			checkFinding(t, found[0], c.want, c.texts...)
		})
	}
}

// A server that a client starts does not see what this shell has set.
func TestClientEntryWithoutTheAuthorities(t *testing.T) {
	d := examinee(t, map[string]string{"AUTH0_MCP_CA_FILE": "/ca.pem"})
	d.config.Profiles = map[string]auth.Profile{"prod": {}}
	mine := filepath.Join(t.TempDir(), "auth0-mcp")
	writeText(t, mine, "x")
	d.at.executable = mine
	one := clients.Installed{Client: clients.All()[0], Scope: clients.All()[0].Scopes[0], Path: "/f",
		Entry: clients.Entry{Command: mine, Profile: "prod"}, Env: []string{}}
	checkFinding(t, d.checkEntry(one), Warn, "sets no AUTH0_MCP_CA_FILE", "in /f")
	one.Env = []string{"AUTH0_MCP_CA_FILE"}
	checkFinding(t, d.checkEntry(one), OK)
	one.Env = nil // it cannot be told
	checkFinding(t, d.checkEntry(one), OK)
}

func TestRunFolders(t *testing.T) {
	d := examinee(t, nil)
	sockets := d.at.socketFolders[0]
	checkFinding(t, d.checkRunFolders(t.Context())[0], OK, "none left")
	d.at.now = time.Now
	writeText(t, filepath.Join(sockets, supervisor.RunFolderPrefix+"1", supervisor.RunFolderLock), "")
	checkFinding(t, d.checkRunFolders(t.Context())[0], OK, "1 in use") // too young to be judged
	d.at.now = func() time.Time { return time.Now().Add(time.Hour) }
	checkFinding(t, d.checkRunFolders(t.Context())[0], Warn, "1 left", "a0-1")
}

// A server's words and an error of several lines stay on their line.
func TestFindingsAreOneLine(t *testing.T) {
	d := examinee(t, nil)
	d.cfg.Sandbox = true
	d.cfg.Plugins = func(context.Context) (*catalog.Catalog, error) {
		return nil, errors.Join(errors.New("first\x1b[2J"), errors.New("second\r\u202e"))
	}
	d.at.executable = filepath.Join(t.TempDir(), "gone\nok    self-test")
	found := d.Examine(t.Context(), func(Finding) {})
	for _, f := range found {
		if f.Detail != redact.Line(f.Detail) || f.Remedy != redact.Line(f.Remedy) {
			t.Errorf("%q %q", f.Detail, f.Remedy)
		}
	}
	i := slices.IndexFunc(found, func(f Finding) bool { return f.Check == "plugins" })
	checkFinding(t, found[i], Fail, `first[2J; second\r`)
}

func TestCleanHidesWhatWasMet(t *testing.T) {
	d := examinee(t, nil)
	d.hide(canary, "a+b/c=d", "ab")
	got := d.clean("x " + canary + " a+b/c=d a%2Bb%2Fc%3Dd ab https://u:hunter22@proxy Bearer abcdefgh12")
	want := "x [REDACTED] [REDACTED] [REDACTED] ab https://u:[REDACTED]@proxy Bearer [REDACTED]"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
