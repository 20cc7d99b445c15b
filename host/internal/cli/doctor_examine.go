package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// surroundings are all that doctor looks at outside its own process: inputs, so
// that every finding can be had in a test.
type surroundings struct {
	auth.Surroundings
	getenv func(string) string
	// environ is the environment before the secrets were taken out of it: what the
	// server of the self-test gets its share of.
	environ []string
	now     func() time.Time
	lookup  func(ctx context.Context, host string) ([]string, error)
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	// transport is the way to the tenant for a certificate file.
	transport func(caFile string) (*http.Transport, error)
	// executable is this binary.
	executable string
	places     clients.Places
	// folder is where a project's client files are looked for.
	folder string
	// socketFolders are where a server keeps its run folder.
	socketFolders []string
}

func here() (surroundings, error) {
	executable, err := os.Executable()
	if err != nil {
		return surroundings{}, fmt.Errorf("finding the path of this binary: %w", err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return surroundings{}, fmt.Errorf("finding the home folder: %w", err)
	}
	folder, err := os.Getwd()
	if err != nil {
		folder = "" // it was removed: there is no project in it
	}
	s := surroundings{
		Surroundings: auth.DetectSurroundings(runtime.GOOS, os.Getuid(), os.DirFS("/"), os.Getenv),
		getenv:       os.Getenv, environ: os.Environ(), now: time.Now,
		lookup: net.DefaultResolver.LookupHost, dial: new(net.Dialer).DialContext, transport: tenant.NewTransport,
		executable: executable, folder: folder, socketFolders: []string{os.TempDir()},
		places: clients.Places{OS: runtime.GOOS, Home: home, Getenv: os.Getenv},
	}
	if runtime.GOOS != "windows" {
		s.socketFolders = append(s.socketFolders, os.Getenv("XDG_RUNTIME_DIR"), "/tmp")
	}
	return s, nil
}

// doctor is one examination. What it learns early, others build on.
type doctor struct {
	env    Environment
	flags  doctorFlags
	filter catalog.Filter
	audit  audit.Config
	at     surroundings

	folders     auth.Folders
	foldersErr  error
	config      auth.Config
	configErr   error
	certificate error // what is wrong with AUTH0_MCP_CA_FILE
	accounts    *accounts
	account     *account
	accountErr  error

	mu sync.Mutex
	// session and catalog are nil until they are known, and if they can't be.
	session *auth.Session
	catalog *catalog.Catalog
	// secrets are those met on the way, to be sure that none is shown.
	secrets []string
	// stderr is what the server of the self-test said, for the bundle.
	stderr string
}

func newDoctor(env Environment, f doctorFlags, filter catalog.Filter) (*doctor, error) {
	at, err := here() // before the secrets leave the environment
	if err != nil {
		return nil, err
	}
	token, err := takeVariable("AUTH0_TOKEN")
	if err != nil {
		return nil, err
	}
	passphrase, err := takeVariable("AUTH0_MCP_PASSPHRASE")
	if err != nil {
		return nil, err
	}
	secret, err := takeVariable("AUTH0_CLIENT_SECRET")
	if err != nil {
		return nil, err
	}
	d := &doctor{env: env, flags: f, filter: filter, at: at}
	d.hide(token, passphrase, secret)
	d.openAccount(token, passphrase)
	return d, nil
}

// openAccount is openAccounts that goes on after a failure: each is a finding of
// its own. Nobody is asked for a passphrase, because a server can't ask either.
func (d *doctor) openAccount(token, passphrase string) {
	d.folders, d.foldersErr = auth.UserFolders()
	if d.foldersErr == nil {
		d.config, d.configErr = d.folders.ConfigFile().Load()
	}
	d.accounts = &accounts{
		flags: d.flags.run.account, folders: d.folders, config: d.config, token: token, domain: strings.TrimSpace(d.at.getenv("AUTH0_DOMAIN")),
		passphrase: func(_ context.Context, profile string, _ bool) (string, error) {
			if passphrase == "" {
				return "", &auth.NoPassphraseError{Profile: profile}
			}
			return passphrase, nil
		},
	}
	if domain := d.accounts.domain; domain != "" {
		if _, err := tenant.NormalizeDomain(domain); err != nil {
			d.hide(domain) // whoever mixed up token and domain gave a token
		}
	}
	transport, err := d.at.transport(d.at.getenv("AUTH0_MCP_CA_FILE"))
	if err != nil {
		d.certificate = err
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	}
	d.accounts.transport = transport
	d.accounts.oauth = auth.OAuth{Transport: transport, UserAgent: userAgent(d.env)}
	if d.configErr == nil && d.foldersErr == nil {
		if d.account, d.accountErr = d.accounts.selected(); d.accountErr != nil {
			d.account = nil
		}
	}
}

// examine runs all checks that the flags leave. Their order is that of the report.
func (d *doctor) examine(ctx context.Context) []finding {
	var store, scopes, network, api step
	if !d.flags.run.sandbox {
		store = step{"store", checkPatience, d.checkStore}
		scopes = step{"scopes", checkPatience, d.checkScopes}
		if domain := d.domain(); domain != "" && !d.flags.offline.on {
			// Checks that build on each other, each with a time of its own.
			network = step{"network", 3 * checkPatience, func(ctx context.Context) []finding { return d.checkNetwork(ctx, domain) }}
			api = step{"api", checkPatience, d.checkAPI}
		}
	}
	local := together(ctx,
		step{"version", checkPatience, d.checkVersion},
		step{"platform", checkPatience, d.checkPlatform},
		step{"config", checkPatience, d.checkConfig},
		step{"plugins", checkPatience, d.checkPlugins},
	)
	slow := together(ctx, store, network,
		step{"clients", checkPatience, d.checkClients},
		step{"run folders", checkPatience, d.checkRunFolders},
		step{"audit log", checkPatience, d.checkAudit},
		step{"self-test", selfTestPatience, d.checkSelfTest},
	)
	if slices.ContainsFunc(slow[1], func(f finding) bool { return f.Status == statusFail && f.Check != "clock" }) {
		api = step{} // it could only say the same once more
	}
	last := together(ctx, scopes, api)
	findings := slices.Concat(local[0], local[1], local[2], slow[0], last[0], slow[1], last[1], local[3], slow[2], slow[3], slow[4], slow[5])
	for i := range findings {
		findings[i].Detail = oneLine(d.clean(findings[i].Detail))
		findings[i].Remedy = oneLine(d.clean(findings[i].Remedy))
	}
	return findings
}

// domain is the tenant's, or empty if none is known.
func (d *doctor) domain() string {
	if d.account == nil {
		return ""
	}
	return d.account.profile.Domain
}

func (d *doctor) checkVersion(context.Context) []finding {
	detail := fmt.Sprintf("auth0-mcp %s, %s, %s", d.env.Version, runtime.Version(), d.at.executable)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				detail += ", revision " + s.Value[:min(len(s.Value), 12)]
			}
		}
	}
	return []finding{passes("version", "%s", detail)}
}

func (d *doctor) checkPlatform(context.Context) []finding {
	return []finding{passes("platform", "%s", d.platform())}
}

// platform is the system, and what is special about it.
func (d *doctor) platform() string {
	detail := d.at.GOOS + "/" + runtime.GOARCH
	for _, special := range []struct {
		holds bool
		name  string
	}{
		{d.at.WSL, "WSL"}, {d.at.Container, "a container"}, {d.at.SSH, "over SSH"}, {d.at.NoBus, "no D-Bus session"},
	} {
		if special.holds {
			detail += ", " + special.name
		}
	}
	return detail
}

// hide remembers secrets that no report may show.
func (d *doctor) hide(secrets ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range secrets {
		// A shorter one would be found in innocent text, and is in none by construction.
		if len(s) >= 6 {
			d.secrets = append(d.secrets, s)
		}
	}
}

// clean is the last gate of every text: the secrets that were met, and whatever
// has a secret's shape.
func (d *doctor) clean(text string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, secret := range d.secrets {
		text = strings.ReplaceAll(text, secret, redact.Marker)
		text = strings.ReplaceAll(text, url.QueryEscape(secret), redact.Marker)
	}
	return new(redact.Redactor).Text(text)
}

// known is what the checks have learnt so far.
func (d *doctor) known() (*auth.Session, *catalog.Catalog) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.session, d.catalog
}
