package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/oauth2"
	"golang.org/x/term"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// accountFlags name a profile and the store of its session.
type accountFlags struct{ profile, store string }

func (f *accountFlags) add(cmd *cobra.Command) {
	f.addProfile(cmd)
	cmd.Flags().StringVar(&f.store, "store", "", "where the session is kept: keychain, file, command or env (AUTH0_MCP_STORE)")
}

func (f *accountFlags) addProfile(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.profile, "profile", "", "the profile to use (AUTH0_MCP_PROFILE); without it the default one")
}

// accounts are the profiles, their sessions and the way to Auth0.
type accounts struct {
	flags     accountFlags
	folders   auth.Folders
	config    auth.Config
	transport http.RoundTripper
	oauth     auth.OAuth
	// token and domain are AUTH0_TOKEN and AUTH0_DOMAIN.
	token, domain string
	passphrase    auth.Passphrase
	workFactor    int
	// askNobody is for a program that cannot answer, though it has a terminal.
	askNobody bool
}

// openAccounts reads the config file and takes the secrets out of the
// environment, which children and crash reports would show.
func openAccounts(env Environment, f accountFlags) (*accounts, error) {
	token, err := takeVariable("AUTH0_TOKEN")
	if err != nil {
		return nil, err
	}
	passphrase, err := takeVariable("AUTH0_MCP_PASSPHRASE")
	if err != nil {
		return nil, err
	}
	folders, _ := auth.UserFolders() // what needs a folder that is missing says so
	config, err := folders.ConfigFile().Load()
	if err != nil {
		return nil, err
	}
	transport, err := tenant.NewTransport(os.Getenv("AUTH0_MCP_CA_FILE"))
	if err != nil {
		return nil, err
	}
	a := &accounts{
		flags: f, folders: folders, config: config, transport: transport, token: token, domain: strings.TrimSpace(os.Getenv("AUTH0_DOMAIN")),
		oauth: auth.OAuth{Transport: transport, UserAgent: userAgent(env)}, workFactor: env.WorkFactor,
	}
	a.passphrase = func(ctx context.Context, profile string, fresh bool) (string, error) {
		if passphrase != "" {
			return passphrase, nil
		}
		if a.askNobody {
			return "", &auth.NoPassphraseError{Profile: profile}
		}
		return askPassphrase(ctx, env, profile, fresh)
	}
	return a, nil
}

func userAgent(env Environment) string {
	return fmt.Sprintf("auth0-mcp/%s (%s; %s)", env.Version, runtime.GOOS, runtime.GOARCH)
}

// takeVariable reads a secret of the environment and removes it there.
func takeVariable(name string) (string, error) {
	value := strings.TrimSpace(os.Getenv(name))
	return value, os.Unsetenv(name)
}

// askPassphrase asks on the terminal, without an echo; twice for a new file.
func askPassphrase(ctx context.Context, env Environment, profile string, fresh bool) (string, error) {
	if !isTerminal(env.In) {
		return "", &auth.NoPassphraseError{Profile: profile}
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(env.Err, prompt)
		typed, err := readHidden(ctx, env.In)
		fmt.Fprintln(env.Err)
		return typed, err
	}
	first, err := ask("Passphrase of profile " + profile + ": ")
	if err != nil || !fresh {
		return first, err
	}
	second, err := ask("Once more: ")
	if err == nil && first != second {
		err = errors.New("the two passphrases differ: nothing was written")
	}
	return first, err
}

// readHidden reads a line without an echo. A read of a terminal knows no context:
// when that ends first, by Ctrl-C, the echo is put back and the read left behind,
// to end with the process.
func readHidden(ctx context.Context, terminal *os.File) (string, error) {
	descriptor := int(terminal.Fd())
	before, err := term.GetState(descriptor)
	if err != nil {
		return "", fmt.Errorf("reading the terminal's modes: %w", err)
	}
	type answer struct {
		typed []byte
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		typed, err := term.ReadPassword(descriptor)
		answered <- answer{typed, err}
	}()
	select {
	case a := <-answered:
		return string(a.typed), a.err
	case <-ctx.Done():
		return "", errors.Join(errCancelled, term.Restore(descriptor, before))
	}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// account is a profile with the store of its session. The account of AUTH0_TOKEN
// has no name.
type account struct {
	name    string
	profile auth.Profile
	store   auth.Store
	// by is what chose the store, in words.
	by string
}

// wantedProfile is the name that was asked for, "" for none.
func (a *accounts) wantedProfile() string {
	if a.flags.profile != "" {
		return a.flags.profile
	}
	return strings.TrimSpace(os.Getenv("AUTH0_MCP_PROFILE"))
}

// selected is the account to use: that of a profile that was asked for, else that
// of AUTH0_TOKEN, else the default profile's.
func (a *accounts) selected() (*account, error) {
	wanted := a.wantedProfile()
	if wanted == "" && a.token != "" {
		return a.given()
	}
	if wanted == "" && len(a.config.Profiles) == 0 {
		if a.domain != "" {
			return nil, errors.New("AUTH0_DOMAIN is set and AUTH0_TOKEN is not: set it to a Management API token of that tenant, or sign in with «auth0-mcp init»")
		}
		return nil, errors.New("no credentials: sign in with «auth0-mcp init», or set AUTH0_DOMAIN (mytenant.us.auth0.com) and AUTH0_TOKEN (a Management API token), or try --sandbox")
	}
	name, profile, err := a.config.Select(wanted)
	if err != nil {
		return nil, err
	}
	return a.open(name, profile)
}

// given is the account of AUTH0_TOKEN.
func (a *accounts) given() (*account, error) {
	switch {
	case a.domain == "":
		return nil, errors.New("AUTH0_TOKEN is set and AUTH0_DOMAIN is not: set it to the tenant that the token is for, such as mytenant.us.auth0.com")
	case strings.ContainsFunc(a.token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, errors.New("AUTH0_TOKEN holds white space or characters that no token has: copy it again")
	}
	domain, err := tenant.NormalizeDomain(a.domain)
	if err != nil {
		return nil, fmt.Errorf("AUTH0_DOMAIN: %w", err)
	}
	store, err := auth.OpenStore(auth.StoreEnv, auth.StoreOptions{Token: a.token, Domain: domain})
	return &account{profile: auth.Profile{Domain: domain, Method: auth.Given}, store: store, by: "AUTH0_TOKEN"}, err
}

// open finds the store of a profile. The token of the environment belongs to no
// profile: what was asked for by name must not be answered with another tenant.
func (a *accounts) open(name string, profile auth.Profile) (*account, error) {
	kind, by, err := auth.StoreWishes{Flag: a.flags.store, Environment: os.Getenv("AUTH0_MCP_STORE"), Profile: profile, Config: a.config}.Choose()
	if err != nil {
		return nil, err
	}
	store, err := auth.OpenStore(kind, auth.StoreOptions{
		SessionsFolder: a.folders.Sessions(), Token: a.token, Domain: a.domain, Command: profile.Command, Passphrase: a.passphrase, WorkFactor: a.workFactor,
		Surroundings: auth.DetectSurroundings(runtime.GOOS, os.Getuid(), os.DirFS("/"), os.Getenv),
	})
	return &account{name: name, profile: profile, store: store, by: by}, err
}

// lock takes the lock of an account's session; that of AUTH0_TOKEN needs none.
func (a *accounts) lock(ctx context.Context, acc *account) (func(), error) {
	if acc.name == "" {
		return func() {}, nil
	}
	return auth.Lock(ctx, a.folders.Sessions(), acc.name)
}

// source gives the account's token for as long as ctx lasts, renewed when it must be.
func (a *accounts) source(ctx context.Context, acc *account, log *slog.Logger) (*auth.Source, error) {
	return auth.NewSource(ctx, auth.SourceConfig{
		OAuth: a.oauth, FollowTenant: acc.profile.FollowTenant, Log: log,
		Credentials: auth.CredentialOptions{Scopes: acc.profile.Scopes, Algorithm: acc.profile.Algorithm},
		Load:        func(ctx context.Context) (auth.Session, error) { return acc.store.Get(ctx, acc.name) },
		Save:        acc.store.Put,
		Lock:        func(ctx context.Context) (func(), error) { return a.lock(ctx, acc) },
		Stamp:       func() string { return acc.store.Stamp(acc.name) },
	})
}

// deferredSource is a profile's source that is opened by the first call that needs
// a token: a keychain that asks, or a passphrase that takes a second, must not
// hold up the answer to initialize, and what is wrong with them is told where a
// person reads it, in the answer of a tool.
type deferredSource struct {
	profile, domain string
	// follow lets the profile go to another tenant while the server runs.
	follow bool
	open   func() (*auth.Source, error)

	mu      sync.Mutex
	source  *auth.Source
	opening *opening
}

// opening is one attempt to open a source, for all calls that wait for it.
type opening struct {
	done   chan struct{}
	source *auth.Source
	err    error
}

// get is the source, opened if it must be. All calls wait for one attempt, each no
// longer than its context: a keychain that hangs holds up none behind another.
func (d *deferredSource) get(ctx context.Context) (*auth.Source, error) {
	d.mu.Lock()
	source, attempt := d.source, d.opening
	if source == nil && attempt == nil {
		attempt = &opening{done: make(chan struct{})}
		d.opening = attempt
		go d.attempt(attempt)
	}
	d.mu.Unlock()
	if source != nil {
		return source, nil
	}
	select {
	case <-attempt.done:
		return attempt.source, attempt.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// attempt opens the source; after a failure the next call tries again.
func (d *deferredSource) attempt(o *opening) {
	o.source, o.err = d.open()
	if o.err == nil && o.source.Domain() != d.domain && !d.follow {
		o.source, o.err = nil, &auth.TenantChangedError{Profile: d.profile, From: d.domain, To: o.source.Domain()}
	}
	d.mu.Lock()
	d.source, d.opening = o.source, nil
	d.mu.Unlock()
	close(o.done)
}

// current is auth.Source's Current.
func (d *deferredSource) current(ctx context.Context) (string, *oauth2.Token, error) {
	source, err := d.get(ctx)
	if err != nil {
		return "", nil, err
	}
	return source.Current(ctx)
}

// opened is the source, nil if no call has opened it yet.
func (d *deferredSource) opened() *auth.Source {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.source
}

// refused is auth.Source's Refused: a token that was refused came from it.
func (d *deferredSource) refused(token string) {
	if source := d.opened(); source != nil {
		source.Refused(token)
	}
}

// wait is auth.Source's Wait.
func (d *deferredSource) wait(ctx context.Context) error {
	if source := d.opened(); source != nil {
		return source.Wait(ctx)
	}
	return nil
}

// signIn is the command that signs an account in again.
func (acc *account) signIn() string {
	if acc.name == "" {
		return "set AUTH0_TOKEN to a valid Management API token and start the server again"
	}
	if command := auth.SignInCommand(acc.name, acc.profile); command != "" {
		return fmt.Sprintf("sign in again with «%s», with the scopes that are needed", command)
	}
	return "its command must give a valid Management API token with the scopes that are needed"
}

// readSecretIn reads the secret of --auth0-client-secret-stdin. Neither a terminal
// nor a pipe that gives nothing may keep Ctrl-C from ending the command.
func readSecretIn(ctx context.Context, env Environment) (string, error) {
	const what = "the secret on stdin"
	if isTerminal(env.In) {
		fmt.Fprint(env.Err, "The application's client secret (not shown): ")
		typed, err := readHidden(ctx, env.In)
		fmt.Fprintln(env.Err)
		if err != nil {
			return "", err
		}
		return readSecret(strings.NewReader(typed), what)
	}
	type answer struct {
		secret string
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		secret, err := readSecret(env.In, what)
		answered <- answer{secret, err}
	}()
	select {
	case a := <-answered:
		return a.secret, a.err
	case <-ctx.Done():
		return "", errCancelled
	}
}

// readSecret reads a secret, all that a stream holds, without white space around it.
func readSecret(in io.Reader, what string) (string, error) {
	const limit = 64 << 10
	data, err := io.ReadAll(io.LimitReader(in, limit))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", what)
	}
	return secret, nil
}
