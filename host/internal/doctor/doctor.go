// Package doctor diagnoses what keeps a server from working, as a list of findings
// with a fix for each.
package doctor

import (
	"context"
	"errors"
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

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// Config says what is examined.
type Config struct {
	// Version is this host's, UserAgent what its requests are sent with.
	Version, UserAgent string
	// Profile and Store are those of account.Options.
	Profile, Store string
	// Sandbox leaves out what needs a tenant, Offline what needs the network.
	Sandbox, Offline bool
	Filter           catalog.Filter
	Audit            audit.Config
	// LockPath is the lock file's path, Plugins reads what is installed; both as the
	// server does.
	LockPath func() (string, error)
	Plugins  func(context.Context) (*catalog.Catalog, error)
	// ServerArgs start the server that the self-test talks to.
	ServerArgs []string
}

// surroundings are all that doctor reads outside its own process: inputs, so
// that every finding can be had in a test.
type surroundings struct {
	auth.Surroundings
	getenv func(string) string
	// environ is the environment before the secrets were removed from it: what the
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
	// bases are where the user's folders are, by variable.
	bases []atomicfile.Base
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
	home, _ := os.UserHomeDir() // without one there are no files of clients, which their check says
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
		bases:  atomicfile.Bases(),
	}
	if runtime.GOOS != "windows" {
		s.socketFolders = append(s.socketFolders, os.Getenv("XDG_RUNTIME_DIR"), "/tmp")
	}
	return s, nil
}

// Doctor is one examination. What it learns early, later checks build on.
type Doctor struct {
	cfg Config
	at  surroundings

	folders     auth.Folders
	foldersErr  error
	config      auth.Config
	configErr   error
	certificate error // what is wrong with AUTH0_MCP_CA_FILE
	accounts    *account.Accounts
	account     *account.Account
	accountErr  error

	mu sync.Mutex
	// session and catalog are nil until they are known, and if they can't be.
	session *auth.Session
	catalog *catalog.Catalog
	// secrets are those that were met, to be sure that none is shown.
	secrets []string
	// stderr is what the server of the self-test wrote, for the bundle.
	stderr string
}

// New opens the account that is examined. It removes the secrets from the
// environment; only the server of the self-test still gets them.
func New(cfg Config) (*Doctor, error) {
	at, err := here() // before the secrets leave the environment
	if err != nil {
		return nil, err
	}
	d := &Doctor{cfg: cfg, at: at}
	secrets := map[string]string{}
	for _, name := range []string{"AUTH0_TOKEN", "AUTH0_MCP_PASSPHRASE", "AUTH0_CLIENT_SECRET"} {
		if secrets[name], err = account.TakeVariable(name); err != nil {
			return nil, err
		}
		d.hide(secrets[name])
	}
	d.openAccount(secrets["AUTH0_TOKEN"], secrets["AUTH0_MCP_PASSPHRASE"])
	return d, nil
}

// openAccount is account.Open that goes on after a failure: each is a finding of
// its own. It never asks for a passphrase, because a server can't ask either.
func (d *Doctor) openAccount(token, passphrase string) {
	d.folders, d.foldersErr = auth.UserFolders()
	if d.foldersErr == nil {
		d.config, d.configErr = d.folders.ConfigFile().Load()
	}
	d.accounts = &account.Accounts{
		Profile: d.cfg.Profile, Store: d.cfg.Store, Folders: d.folders, Config: d.config, Token: token,
		Domain: strings.TrimSpace(d.at.getenv("AUTH0_DOMAIN")),
		Passphrase: func(_ context.Context, profile string, _ bool) (string, error) {
			if passphrase == "" {
				return "", &auth.NoPassphraseError{Profile: profile}
			}
			return passphrase, nil
		},
	}
	if domain := d.accounts.Domain; domain != "" {
		if _, err := tenant.NormalizeDomain(domain); err != nil {
			d.hide(domain) // a user who mixed up token and domain gave a token
		}
	}
	transport, err := d.at.transport(strings.TrimSpace(d.at.getenv("AUTH0_MCP_CA_FILE")))
	if err != nil {
		d.certificate = err
		transport, _ = d.at.transport("") // fails for a file only
	}
	d.accounts.Transport = transport
	d.accounts.OAuth = auth.OAuth{Transport: transport, UserAgent: d.cfg.UserAgent}
	if d.configErr == nil && (d.foldersErr == nil || token != "") { // a token of the environment needs no folder
		if d.account, d.accountErr = d.accounts.Selected(); d.accountErr != nil {
			d.account = nil
		}
	}
}

// examination is one check, or several that build on each other.
type examination struct {
	// name stands for the examination if it gives no answer in time.
	name string
	// phase is when it runs: those of one phase run at the same time.
	phase    phase
	patience time.Duration
	run      func(context.Context) []Finding
	// when decides, after the earlier phases, whether it runs; nil: always.
	when func() bool
}

// phase orders the examinations: later ones use what earlier ones have found.
type phase int

const (
	local phase = iota
	slow
	last
)

// examinations are all of them, in the order of the report. Those of a phase stand together, so that each can be
// reported soon after it has ended.
func (d *Doctor) examinations(reachable func() bool) []examination {
	domain := d.domain()
	tenant := func() bool { return !d.cfg.Sandbox }
	network := func() bool { return !d.cfg.Sandbox && !d.cfg.Offline && domain != "" }
	return []examination{
		{"version", local, checkPatience, d.checkVersion, nil},
		{"platform", local, checkPatience, d.checkPlatform, nil},
		{"config", local, checkPatience, d.checkConfig, nil},
		{"plugins", local, checkPatience, d.checkPlugins, nil},
		{"store", slow, checkPatience, d.checkStore, tenant},
		// Several checks, each with a time limit of its own.
		{"network", slow, 3 * checkPatience, func(ctx context.Context) []Finding {
			return d.checkNetwork(ctx,
				domain)
		}, network},
		{"clients", slow, checkPatience, d.checkClients, nil},
		{"run folders", slow, checkPatience, d.checkRunFolders, nil},
		{"audit log", slow, checkPatience, d.checkAudit, nil},
		{"self-test", slow, selfTestPatience, d.checkSelfTest, nil},
		{"scopes", last, checkPatience, d.checkScopes, tenant},
		// Without a way to the tenant it could only say the same once more.
		{"api", last, checkPatience, d.checkAPI, func() bool { return network() && reachable() }},
	}
}

// Examine runs all examinations that the config leaves, in 30 seconds at most. It reports each finding as soon as the
// examinations before its own have ended, and returns all of them. Every text in the findings is one line, without
// secrets. When its context ends, it stops: what an interrupted examination finds is not reported.
func (d *Doctor) Examine(asked context.Context, report func(Finding)) []Finding {
	ctx, cancel := context.WithTimeout(asked, patience)
	defer cancel()
	reachable := true
	list := d.examinations(func() bool { return reachable })
	results := newResults(len(list), func(f Finding) Finding {
		f.Detail, f.Remedy = d.line(f.Detail), d.line(f.Remedy)
		if asked.Err() == nil {
			report(f)
		}
		return f
	})
	for phase := local; phase <= last && asked.Err() == nil; phase++ {
		runPhase(ctx, list, phase, results)
		for i, e := range list {
			for _, f := range results.found[i] {
				reachable = reachable && (e.name != "network" || f.Status != Fail || f.Check == "clock")
			}
		}
	}
	return slices.Concat(results.found...)
}

// runPhase runs the examinations of one phase at the same time.
func runPhase(ctx context.Context, list []examination, phase phase, results *results) {
	var all sync.WaitGroup
	for i, e := range list {
		switch {
		case e.phase != phase:
		case e.when == nil || e.when():
			all.Go(func() { results.end(i, e.within(ctx)) })
		default:
			results.end(i, nil)
		}
	}
	all.Wait()
}

// results are the findings of each examination. They are published in order.
type results struct {
	mu    sync.Mutex
	found [][]Finding
	ended []bool
	// next is the first examination whose findings are not published.
	next    int
	publish func(Finding) Finding
}

func newResults(count int, publish func(Finding) Finding) *results {
	return &results{found: make([][]Finding, count), ended: make([]bool, count), publish: publish}
}

// end is called when an examination has ended.
func (r *results) end(i int, found []Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found[i], r.ended[i] = found, true
	for ; r.next < len(r.ended) && r.ended[r.next]; r.next++ {
		for n, f := range r.found[r.next] {
			r.found[r.next][n] = r.publish(f)
		}
	}
}

// within runs the examination in a goroutine that is abandoned on timeout: what hangs
// in a system call can't be stopped, and must not hide what the others found. So an
// examination may write to shared state only under its lock, even late.
func (e examination) within(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	done := make(chan []Finding, 1)
	go func() { done <- e.run(ctx) }()
	select {
	case found := <-done:
		return found
	case <-ctx.Done():
	}
	select { // both were ready, or the step ends because of the context
	case found := <-done:
		return found
	case <-time.After(e.patience / 10):
		why := fmt.Sprintf("no answer within %v", e.patience)
		if errors.Is(context.Cause(ctx), context.Canceled) {
			why = "interrupted"
		}
		return []Finding{fails(e.name, "auth0-mcp doctor, again; if it stays so, check what it waits for", "%s", why)}
	}
}

// domain is the tenant's, or empty if none is known.
func (d *Doctor) domain() string {
	if d.account == nil {
		return ""
	}
	return d.account.Profile.Domain
}

func (d *Doctor) checkVersion(context.Context) []Finding {
	detail := fmt.Sprintf("auth0-mcp %s, %s, %s", d.cfg.Version, runtime.Version(), d.at.executable)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				detail += ", revision " + s.Value[:min(len(s.Value), 12)]
			}
		}
	}
	return []Finding{passes("version", "%s", detail)}
}

func (d *Doctor) checkPlatform(context.Context) []Finding {
	return []Finding{passes("platform", "%s", d.platform())}
}

// platform is the system, and what is special about it.
func (d *Doctor) platform() string {
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
func (d *Doctor) hide(secrets ...string) {
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
func (d *Doctor) clean(text string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, secret := range d.secrets {
		text = strings.ReplaceAll(text, secret, redact.Marker)
		text = strings.ReplaceAll(text, url.QueryEscape(secret), redact.Marker)
	}
	return new(redact.Redactor).Text(text)
}

// line is a text without secrets, on one line: joined errors have one each.
func (d *Doctor) line(text string) string {
	return redact.Line(strings.ReplaceAll(d.clean(text), "\n", "; "))
}

// known is what the checks have learnt so far.
func (d *Doctor) known() (*auth.Session, *catalog.Catalog) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.session, d.catalog
}
