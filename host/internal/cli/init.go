package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/analytics"
	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

type initFlags struct {
	account     accountFlags
	clients     []string
	folder      string
	tools       runFlags // of these, the flags that select tools
	scopes      string
	interaction boolFlag // --no-interaction
	browser     boolFlag // --no-browser
	json        boolFlag
	replace     boolFlag
	dryRun      boolFlag

	environment                     string
	domain, clientID                string
	secret, secretFile              string
	secretStdin, dropCredentials    boolFlag
	keyFile, keyID, algorithm       string
	authDomain, audience, oauthName string
}

func initCommand(env Environment) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Sign in to a tenant, and set up MCP clients",
		Long: `Sign in to a tenant and write the entry that starts this server into the config of MCP clients.

A person signs in with a browser: the tenant is the one that they choose there. A machine signs in
with an application of the tenant: --auth0-domain and --auth0-client-id, and its secret
(AUTH0_CLIENT_SECRET, --auth0-client-secret-stdin or --auth0-client-secret-file) or its private key
(--private-key-file). Everything is checked before anyone is asked to sign in, and nothing is
written unless the sign-in succeeded.`,
		Example: `  auth0-mcp init --client claude-code --scopes 'read:*'
  auth0-mcp init --profile prod --client cursor --read-only --scopes read:clients,read:logs
  auth0-mcp init --auth0-domain mytenant.eu.auth0.com --auth0-client-id … --private-key-file key.pem --client vscode:workspace`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runInit(cmd, env, f) },
	}
	f.add(cmd)
	return cmd
}

func (f *initFlags) add(cmd *cobra.Command) {
	f.account.add(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.clients, "client", nil, "an MCP client to set up, such as cursor or vscode:workspace; repeatable («auth0-mcp clients list --all» names them)")
	flags.StringVar(&f.folder, "folder", ".", "the project's folder, for a client's project or workspace")
	f.tools.addSelection(cmd)
	flags.StringVar(&f.scopes, "scopes", "", "scopes to ask for: names and patterns such as 'read:*', separated by commas")
	f.interaction.add(cmd, "no-interaction", "never ask: fail if something is missing")
	f.browser.add(cmd, "no-browser", "do not open a browser")
	f.json.add(cmd, "json", "for programs: one JSON object a line")
	f.replace.add(cmd, "replace", "let the profile go to another tenant, and a client's entry start something else")
	f.dryRun.add(cmd, "dry-run", "check everything and show what would be written, without signing in")
	flags.StringVar(&f.environment, "environment", "", "what the tenant is for: development or production, where a person must approve changes")
	flags.StringVar(&f.domain, "auth0-domain", "", "the tenant, for a machine-to-machine application")
	flags.StringVar(&f.clientID, "auth0-client-id", "", "the application's client id (AUTH0_CLIENT_ID)")
	flags.StringVar(&f.secret, "auth0-client-secret", "", "the application's secret; everybody on this machine can see it: prefer AUTH0_CLIENT_SECRET")
	f.secretStdin.add(cmd, "auth0-client-secret-stdin", "read the secret from stdin")
	flags.StringVar(&f.secretFile, "auth0-client-secret-file", "", "read the secret from a file")
	flags.StringVar(&f.keyFile, "private-key-file", "", "sign in with this private key (PEM) instead of a secret")
	flags.StringVar(&f.keyID, "key-id", "", "the key's id, if the application has several")
	flags.StringVar(&f.algorithm, "key-algorithm", "", "RS256, RS384 or PS256 (default RS256)")
	f.dropCredentials.add(cmd, "no-store-credentials", "keep the token only: it cannot be renewed")
	flags.StringVar(&f.authDomain, "auth-domain", "", "where a person signs in (AUTH0_MCP_AUTH_DOMAIN)")
	flags.StringVar(&f.oauthName, "device-client-id", "", "the application of the device flow (AUTH0_MCP_CLIENT_ID)")
	flags.StringVar(&f.audience, "audience", "", "the API that the token is for (AUTH0_MCP_AUDIENCE)")
}

// firstProfile is the profile of who names none.
const firstProfile = "default"

// signIn is what init has worked out before anyone is asked anything.
type signIn struct {
	accounts *accounts
	account  *account
	// session holds the credentials of a machine; for a person only the profile's name.
	session auth.Session
	tools   []*catalog.Tool
	changes []clientPlan
	snippet string // for the client "print"
	// grantedBefore are the scopes of the session that is replaced, nil without one
	// that can be read.
	grantedBefore []string
	// replace lets the profile go to another tenant.
	replace bool
	// environmentGiven: what the tenant is for was said for this sign-in.
	environmentGiven bool
	events           *analytics.Client
}

// clientPlan is a client to set up. Its file may be written by the client while a
// person is signing in, so that the change is worked out once to show and check it,
// and again when it is made.
type clientPlan struct {
	client clients.Client
	plan   func() (*clients.Change, error)
	change *clients.Change
	// retry is the command that does this part alone.
	retry string
}

func runInit(cmd *cobra.Command, env Environment, f initFlags) error {
	ctx := cmd.Context()
	s, err := f.prepare(cmd, env)
	if err != nil {
		return err
	}
	say := newReporter(env, f.json.on)
	if f.dryRun.on {
		return s.showPlan(say)
	}
	session, err := f.signIn(ctx, env, s, say)
	if err != nil {
		if ctx.Err() != nil {
			return errCancelled
		}
		return err
	}
	if f.dropCredentials.on {
		session.ClientSecret, session.PrivateKey = "", ""
	}
	if err := s.store(ctx, session); err != nil {
		// Nobody will use what was granted.
		return errors.Join(err, s.accounts.oauth.Revoke(ctx, session))
	}
	for _, client := range f.clients {
		s.events.Init(client)
	}
	defer s.events.Flush()
	say.signedIn(s, session)
	return s.setUpClients(ctx, say)
}

// prepare checks all that can be checked before the sign-in.
func (f initFlags) prepare(cmd *cobra.Command, env Environment) (*signIn, error) {
	log, err := (&logFlags{level: "error", format: "text"}).logger(env.Err)
	if err != nil {
		return nil, err
	}
	secret, err := takeVariable("AUTH0_CLIENT_SECRET")
	if err != nil {
		return nil, err
	}
	s := &signIn{replace: f.replace.on}
	if s.accounts, err = openAccounts(env, f.account); err != nil {
		return nil, err
	}
	s.accounts.askNobody = f.interaction.on || f.json.on
	if s.events, err = newAnalytics(cmd.Context(), env, s.accounts.transport, log); err != nil {
		return nil, err
	}
	selection, _, err := f.tools.selection(cmd, env, log)
	if err != nil {
		return nil, err
	}
	s.tools = selection.Tools()
	name := s.accounts.wantedProfile()
	if name == "" {
		if name = s.accounts.config.DefaultProfile; name == "" {
			name = firstProfile
		}
	}
	if err := auth.CheckProfileName(name); err != nil {
		return nil, err
	}
	profile := s.accounts.config.Profiles[name]
	if s.environmentGiven = f.environment != ""; s.environmentGiven {
		if profile.Environment, err = approval.ParseEnvironment(f.environment); err != nil {
			return nil, fmt.Errorf("--environment: %w", err)
		}
	}
	if err := f.credentials(cmd, env, secret, name, &profile, &s.session); err != nil {
		return nil, err
	}
	if s.account, err = s.accounts.open(name, profile); err != nil {
		return nil, err
	}
	if err := s.checkStore(cmd.Context()); err != nil {
		return nil, err
	}
	if err := f.planClients(cmd, s); err != nil {
		return nil, err
	}
	// Last, because they may ask: the person's choice must not be lost to a mistake
	// that could have been told before.
	if s.account.profile.Scopes, err = f.chooseScopes(cmd, env, s); err != nil {
		return nil, err
	}
	if f.dryRun.on {
		return s, nil
	}
	return s, s.choosePassphrase(cmd.Context())
}

// credentials works out how to sign in, and reads the application's secret or key.
func (f initFlags) credentials(cmd *cobra.Command, env Environment, secret, name string, p *auth.Profile, s *auth.Session) error {
	before := *p
	p.Audience = "" // given anew below, or kept if it is for the same tenant
	audience, _ := flagOrVariable(f.audience, "--audience", "AUTH0_MCP_AUDIENCE")
	if audience != "" {
		p.Audience = audience
	}
	if domain, by := flagOrVariable(f.authDomain, "--auth-domain", "AUTH0_MCP_AUTH_DOMAIN"); domain != "" {
		var err error
		if p.AuthDomain, err = tenant.NormalizeDomain(domain); err != nil {
			return fmt.Errorf("%s: %w", by, err)
		}
	}
	clientID := f.clientID
	if clientID == "" && (f.domain != "" || f.keyFile != "") {
		clientID = strings.TrimSpace(os.Getenv("AUTH0_CLIENT_ID"))
	}
	*s = auth.Session{Profile: name}
	// A flag that is given and empty is a variable that is not set: what was meant
	// for a machine must not wait for a person.
	machine := slices.ContainsFunc([]string{"auth0-domain", "auth0-client-id", "auth0-client-secret", "auth0-client-secret-file",
		"auth0-client-secret-stdin", "private-key-file"}, cmd.Flags().Changed)
	if !machine && secret != "" && f.interaction.on {
		return errors.New("AUTH0_CLIENT_SECRET is set, which is for a machine: give --auth0-domain and --auth0-client-id too, or unset it or leave --no-interaction out to sign in with a browser")
	}
	if !machine {
		if p.Audience == "" && before.Method == auth.Device {
			p.Audience = before.Audience
		}
		return f.person(p)
	}
	if f.domain == "" || clientID == "" {
		return errors.New("a machine signs in with --auth0-domain, --auth0-client-id and a secret or a private key: give all of them, or none to sign in with a browser")
	}
	domain, err := tenant.NormalizeDomain(f.domain)
	if err != nil {
		return fmt.Errorf("--auth0-domain: %w", err)
	}
	p.Domain, p.ClientID, p.KeyID, p.Algorithm = domain, clientID, f.keyID, f.algorithm
	if p.Audience == "" && before.Method != auth.Device && before.Domain == domain {
		p.Audience = before.Audience
	}
	s.Domain, s.ClientID, s.KeyID, s.Audience = domain, clientID, f.keyID, p.Audience
	return f.machine(cmd.Context(), env, secret, p, s)
}

// flagOrVariable is the value of a flag or, failing that, of a variable, and which it
// came from.
func flagOrVariable(value, flag, variable string) (found, by string) {
	if value != "" {
		return value, flag
	}
	return strings.TrimSpace(os.Getenv(variable)), variable
}

// person is the sign-in with a browser.
func (f initFlags) person(p *auth.Profile) error {
	if f.dropCredentials.on || f.keyID != "" || f.algorithm != "" {
		return errors.New("--no-store-credentials, --key-id and --key-algorithm are for a machine-to-machine application: give --auth0-domain and --auth0-client-id too")
	}
	p.Method, p.ClientID, p.KeyID, p.Algorithm = auth.Device, "", "", ""
	if f.oauthName != "" {
		p.ClientID = f.oauthName
	} else if id := strings.TrimSpace(os.Getenv("AUTH0_MCP_CLIENT_ID")); id != "" {
		p.ClientID = id
	}
	return nil
}

// machine reads the one secret that a machine-to-machine application signs in with.
func (f initFlags) machine(ctx context.Context, env Environment, secret string, p *auth.Profile, s *auth.Session) error {
	var given []string
	for flag, on := range map[string]bool{
		"--auth0-client-secret": f.secret != "", "--auth0-client-secret-stdin": f.secretStdin.on,
		"--auth0-client-secret-file": f.secretFile != "", "--private-key-file": f.keyFile != "",
	} {
		if on {
			given = append(given, flag)
		}
	}
	if len(given) > 1 {
		slices.Sort(given)
		return fmt.Errorf("%s are given: one is enough", strings.Join(given, " and "))
	}
	if f.keyFile == "" && (f.keyID != "" || f.algorithm != "") {
		return errors.New("--key-id and --key-algorithm are for --private-key-file, which is not given")
	}
	if f.oauthName != "" {
		return errors.New("--device-client-id is for the sign-in with a browser: leave it out for a machine")
	}
	var err error
	switch {
	case f.keyFile != "":
		p.Method = auth.PrivateKeyJWT
		if s.PrivateKey, err = readSecretFile(f.keyFile, "--private-key-file"); err == nil {
			err = auth.CheckPrivateKey(s.PrivateKey, f.algorithm)
		}
	case f.secretStdin.on:
		p.Method = auth.ClientSecret
		s.ClientSecret, err = readSecretIn(ctx, env)
	case f.secretFile != "":
		p.Method = auth.ClientSecret
		s.ClientSecret, err = readSecretFile(f.secretFile, "--auth0-client-secret-file")
	case f.secret != "":
		p.Method = auth.ClientSecret
		s.ClientSecret = f.secret
		fmt.Fprintln(env.Err, "Warning: --auth0-client-secret is visible in the list of processes: use AUTH0_CLIENT_SECRET or --auth0-client-secret-stdin")
	case secret != "":
		p.Method = auth.ClientSecret
		s.ClientSecret = secret
	default:
		return errors.New("the application's secret is missing: set AUTH0_CLIENT_SECRET, or give --auth0-client-secret-stdin, --auth0-client-secret-file or --private-key-file")
	}
	s.Method = p.Method
	return err
}

func readSecretFile(path, what string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	defer file.Close()
	return readSecret(file, what)
}

// checkStore makes sure that the session can be kept before anyone signs in. A
// session that is there and cannot be read is no hindrance: it will be replaced.
func (s *signIn) checkStore(ctx context.Context) error {
	if d := s.account.store.Describe(); !d.Writable {
		return fmt.Errorf("the store %s (chosen by %s) cannot keep a sign-in: choose another with --store keychain or --store file", d.Kind, s.account.by)
	}
	old, err := s.account.store.Get(ctx, s.account.name)
	if err == nil {
		s.grantedBefore = old.Scopes()
	}
	var keychain *auth.KeychainError
	var passphrase *auth.PassphraseError
	var nobody *auth.NoPassphraseError
	if errors.As(err, &keychain) || errors.As(err, &passphrase) || errors.As(err, &nobody) {
		return err
	}
	return s.account.store.Check(ctx, s.account.name)
}

// choosePassphrase asks for the passphrase of a new file before the sign-in, which a
// typing mistake, or nobody to ask, must not cost.
func (s *signIn) choosePassphrase(ctx context.Context) error {
	if s.account.store.Describe().Kind != auth.StoreFile || s.account.store.Stamp(s.account.name) != "" {
		return nil
	}
	chosen, err := s.accounts.passphrase(ctx, s.account.name, true)
	if err == nil && chosen == "" {
		err = &auth.NoPassphraseError{Profile: s.account.name}
	}
	if err != nil {
		return err
	}
	s.accounts.passphrase = func(context.Context, string, bool) (string, error) { return chosen, nil }
	s.account, err = s.accounts.open(s.account.name, s.account.profile)
	return err
}

// planClients works out the change of each client's file.
func (f initFlags) planClients(cmd *cobra.Command, s *signIn) error {
	places, err := clientPlaces()
	if err != nil {
		return err
	}
	entry, err := f.entry(cmd, s)
	if err != nil {
		return err
	}
	done := map[clients.Target]bool{}
	for _, wanted := range f.clients {
		name, scope, _ := strings.Cut(wanted, ":")
		client, err := clients.Find(name)
		if err != nil {
			return fmt.Errorf("--client: %w", err)
		}
		if client.Name == clients.Print {
			if s.snippet, err = entry.Snippet(); err != nil {
				return err
			}
			continue
		}
		target := clients.Target{Client: name, Scope: scope}
		found, err := client.Scope(scope)
		if err != nil {
			return fmt.Errorf("--client: %w", err)
		}
		if found.Project {
			if target.Folder, err = filepath.Abs(f.folder); err != nil {
				return err
			}
		}
		if done[target] {
			continue
		}
		done[target] = true
		plan := func() (*clients.Change, error) { return clients.Plan(places, target, entry, f.replace.on) }
		change, err := plan()
		if err != nil {
			return err
		}
		words := []string{"auth0-mcp", "clients", "add", wanted}
		if target.Folder != "" {
			words = append(words, "--folder", target.Folder)
		}
		words = append(words, entry.Args()[1:]...)
		if f.replace.on {
			words = append(words, "--replace")
		}
		s.changes = append(s.changes, clientPlan{client: client, plan: plan, change: change, retry: shellWords(words)})
	}
	return nil
}

// entry is what a client will start: this binary, by a path that stays.
func (f initFlags) entry(cmd *cobra.Command, s *signIn) (clients.Entry, error) {
	binary, err := ownPath()
	if err != nil {
		return clients.Entry{}, err
	}
	// With the variables too: they have narrowed what the token may do, and a client
	// that does not know them would offer more than was asked for.
	filter, err := f.tools.filter(cmd)
	if err != nil {
		return clients.Entry{}, err
	}
	return clients.Entry{Command: binary, Profile: entryProfile(s.account.name), ReadOnly: filter.ReadOnly, Tools: strings.Join(filter.Patterns, ",")}, nil
}

func clientPlaces() (clients.Places, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return clients.Places{}, fmt.Errorf("finding the home folder: %w", err)
	}
	return clients.Places{OS: goos(), Home: home, Getenv: os.Getenv}, nil
}

// chooseScopes are those to ask for. Signing in again keeps the old ones: only an
// explicit choice changes what a token may do.
func (f initFlags) chooseScopes(cmd *cobra.Command, env Environment, s *signIn) ([]string, error) {
	known := scopesOf(s.tools)
	kept := s.account.profile.Scopes
	if before := s.accounts.config.Profiles[s.account.name]; before.Method != s.account.profile.Method {
		kept = nil // they were granted to a person, or to another kind of application
	}
	switch {
	case cmd.Flags().Changed("scopes"):
		return known.choose(f.scopes)
	case s.session.Method != "":
		return kept, nil // an application has the scopes that it was granted
	case !f.interaction.on && !f.json.on && !f.dryRun.on && isTerminal(env.In) && isTerminal(env.Err):
		return known.pick(cmd.Context(), env, kept)
	case len(kept) > 0:
		return kept, nil
	case f.dryRun.on:
		return nil, nil
	}
	return nil, fmt.Errorf("which scopes? Without a terminal to ask on, give --scopes: a name or a pattern such as 'read:*'. The scopes of the selected tools are: %s", strings.Join(known.names(), ", "))
}
