package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cli/browser"
	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/analytics"
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
	sandbox     boolFlag

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

A user signs in with a browser: the tenant is the one that they choose there. A machine signs in
with an application of the tenant: --auth0-domain and --auth0-client-id, and its secret
(AUTH0_CLIENT_SECRET, --auth0-client-secret-stdin or --auth0-client-secret-file) or its private key
(--private-key-file). Everything is checked before anyone is asked to sign in, and nothing is
written unless the sign-in succeeded.

--sandbox needs no Auth0 account: the clients get the built-in tenant, without a sign-in.`,
		Example: `  auth0-mcp init --sandbox --client cursor
  auth0-mcp init --client claude-code --scopes 'read:*'
  auth0-mcp init --profile prod --client cursor --read-only --scopes read:clients,read:logs
  auth0-mcp init --auth0-domain t.eu.auth0.com --auth0-client-id … --private-key-file key.pem --client cursor`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return unlessCancelled(runInit(cmd, env, f), notWritten)
		},
	}
	f.add(cmd)
	return cmd
}

func (f *initFlags) add(cmd *cobra.Command) {
	f.account.add(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.clients, "client", nil, "an MCP client to set up, such as cursor or vscode:workspace; "+
		"repeatable (auth0-mcp clients list --all names them)")
	flags.StringVar(&f.folder, "folder", ".", "the project's folder, for a client's project or workspace")
	f.tools.addSelection(cmd)
	flags.StringVar(&f.scopes, "scopes", "", "scopes to ask for: names and patterns such as 'read:*', separated by "+
		"commas")
	f.interaction.add(cmd, "no-interaction", "never ask: fail if something is missing")
	f.browser.add(cmd, "no-browser", "do not open a browser")
	f.json.add(cmd, "json", "for programs: one JSON object a line")
	f.replace.add(cmd, "replace", "allow the profile to change to another tenant, and a client's entry to start another "+
		"program")
	f.dryRun.add(cmd, "dry-run", "check everything and show what would be written, without signing in")
	f.sandbox.add(cmd, "sandbox", "set up the clients with the built-in tenant, without an Auth0 account")
	flags.StringVar(&f.environment, "environment", "", "what the tenant is for: development or production, where a "+
		"user must approve changes")
	flags.StringVar(&f.domain, "auth0-domain", "", "the tenant's domain, to sign in with an application of it")
	flags.StringVar(&f.clientID, "auth0-client-id", "", "the application's client id (AUTH0_CLIENT_ID)")
	flags.StringVar(&f.secret, "auth0-client-secret", "", "the application's secret; visible to every user of "+
		"this machine: prefer AUTH0_CLIENT_SECRET")
	f.secretStdin.add(cmd, "auth0-client-secret-stdin", "read the application's secret from stdin")
	flags.StringVar(&f.secretFile, "auth0-client-secret-file", "", "a file with the application's secret")
	flags.StringVar(&f.keyFile, "private-key-file", "", "sign in with this private key (PEM) instead of a secret")
	flags.StringVar(&f.keyID, "key-id", "", "the id of the private key, if the application has several")
	flags.StringVar(&f.algorithm, "key-algorithm", "", "how the private key signs: RS256, RS384 or PS256 (default RS256)")
	f.dropCredentials.add(cmd, "no-store-credentials", "store the token only, not what could renew it")
	flags.StringVar(&f.authDomain, "auth-domain", "", "the domain of the sign-in page (AUTH0_MCP_AUTH_DOMAIN)")
	flags.StringVar(&f.oauthName, "device-client-id", "", "the client id for the sign-in in a browser "+
		"(AUTH0_MCP_CLIENT_ID)")
	flags.StringVar(&f.audience, "audience", "", "the API to get the token for (AUTH0_MCP_AUDIENCE) (default: the "+
		"Management API)")
}

const notWritten = "nothing was written"

// signIn is what init has worked out before it asks the user anything.
type signIn struct {
	account.SignIn
	tools  []*catalog.Tool
	every  []*catalog.Tool // also those that are not selected
	setup  clientSetup
	events *analytics.Client
}

// clientSetup is what to do with the clients that were named.
type clientSetup struct {
	changes []clientPlan
	snippet string // for the client "print"
}

// clientPlan is a client to set up. Its file may be written by the client while a
// user is signing in, so that the change is worked out once to show and check it,
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
	if f.sandbox.on {
		return f.setUpSandbox(cmd, env)
	}
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
			return account.ErrCancelled
		}
		return err
	}
	if f.dropCredentials.on {
		session.ClientSecret, session.PrivateKey = "", ""
	}
	if err := s.Store(ctx, session); err != nil {
		// What was granted will never be used.
		return errors.Join(err, s.Accounts.OAuth.Revoke(ctx, session))
	}
	for _, client := range f.clients {
		s.events.Init(client)
	}
	defer s.events.Flush()
	say.signedIn(s, session)
	err = s.setup.apply(ctx, say, " (the sign-in is kept)")
	if len(s.setup.changes) > 0 {
		s.sayNeeded(say)
	}
	return err
}

// openAccounts never asks for a passphrase where a program runs the command.
func (f initFlags) openAccounts(env Environment) (*account.Accounts, error) {
	if !f.interaction.on && !f.json.on {
		return openAccounts(env, f.account)
	}
	return openAccountsAsking(env, f.account, refusePassphrase)
}

// prepare checks all that can be checked before the sign-in.
func (f initFlags) prepare(cmd *cobra.Command, env Environment) (*signIn, error) {
	log, err := (&logFlags{level: "error", format: "text"}).logger(env.Err)
	if err != nil {
		return nil, err
	}
	secret, err := account.TakeVariable("AUTH0_CLIENT_SECRET")
	if err != nil {
		return nil, err
	}
	s := &signIn{SignIn: account.SignIn{Replace: f.replace.on}}
	if s.Accounts, err = f.openAccounts(env); err != nil {
		return nil, err
	}
	if s.Accounts.Token != "" {
		newReporter(env, f.json.on).line("AUTH0_TOKEN is set. Commands and servers that get this variable use its token, " +
			"not this sign-in,\nunless --profile names the profile. To use the sign-in: unset AUTH0_TOKEN")
	}
	if s.events, err = newAnalytics(cmd.Context(), env, s.Accounts.Transport, log); err != nil {
		return nil, err
	}
	selection, _, err := f.tools.selection(cmd, env, log)
	if err != nil {
		return nil, err
	}
	s.tools, s.every = selection.Tools(), selection.Every()
	name, err := s.Accounts.ForSignIn()
	if err != nil {
		return nil, err
	}
	profile := s.Accounts.Config.Profiles[name]
	if s.EnvironmentGiven = f.environment != ""; s.EnvironmentGiven {
		if profile.Environment, err = tenant.ParseEnvironment(f.environment); err != nil {
			return nil, fmt.Errorf("--environment: %w", err)
		}
	}
	if err := f.credentials(cmd, env, secret, name, &profile, &s.Session); err != nil {
		return nil, err
	}
	if s.Account, err = s.Accounts.Open(name, profile); err != nil {
		return nil, err
	}
	if err := s.CheckStore(cmd.Context()); err != nil {
		return nil, err
	}
	entry, err := f.entry(env, entryProfile(s.Account.Name))
	if err != nil {
		return nil, err
	}
	if s.setup, err = f.planClients(entry); err != nil {
		return nil, err
	}
	// Last, because it may ask: a mistake that could have been reported before must
	// not cost the user their choice.
	if s.Account.Profile.Scopes, err = f.chooseScopes(cmd, env, s); err != nil {
		return nil, err
	}
	if f.dryRun.on {
		return s, nil
	}
	if err := s.Accounts.Folders.CheckWritable(); err != nil {
		return nil, err
	}
	return s, s.ChoosePassphrase(cmd.Context())
}

// signIn gets the session: from a user's confirmation in a browser, or with the
// credentials of an application.
func (f initFlags) signIn(ctx context.Context, env Environment, s *signIn, say *reporter) (auth.Session, error) {
	if s.Session.Method != "" {
		session, err := s.Accounts.OAuth.ClientCredentials(ctx, s.Session,
			auth.CredentialOptions{Scopes: s.Account.Profile.Scopes, Algorithm: s.Account.Profile.Algorithm})
		if err != nil && len(s.Account.Profile.Scopes) > 0 {
			err = fmt.Errorf("%w. Without --scopes the application gets all that it was granted", err)
		}
		return session, err
	}
	login, err := s.Accounts.OAuth.StartDevice(ctx, s.Account.Name, s.Account.Profile)
	if err != nil {
		return auth.Session{}, err
	}
	say.confirm(login)
	if !f.browser.on && !f.json.on {
		page := login.VerificationURIComplete
		if page == "" {
			page = login.VerificationURI
		}
		// That it does not open is no failure: the address is on the screen.
		if !openBrowser(page) {
			say.line("The browser did not open: open the address yourself.")
		}
	}
	stop := say.waiting(isTerminal(env.Err))
	session, err := login.Poll(ctx)
	stop()
	if errors.Is(err, auth.ErrDenied) || errors.Is(err, auth.ErrCodeExpired) {
		err = fmt.Errorf("%w; nothing was written", err) // it holds the command that tries again
	}
	return session, err
}

// openBrowser opens a page, and reports whether that began well. What it starts
// may stay: it is not waited for longer than a moment.
func openBrowser(page string) bool {
	// The library gives these to what it starts, which must not write to our streams.
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	opened := make(chan error, 1)
	go func() { opened <- browser.OpenURL(page) }()
	select {
	case err := <-opened:
		return err == nil
	case <-time.After(2 * time.Second):
		return true
	}
}

// chooseScopes are those to ask for. Signing in again keeps the old ones: only an
// explicit choice changes what a token may do.
func (f initFlags) chooseScopes(cmd *cobra.Command, env Environment, s *signIn) ([]string, error) {
	known, kept := account.ScopesOf(s.tools), s.KeptScopes()
	switch {
	case cmd.Flags().Changed("scopes"):
		return known.Choose(f.scopes, account.ScopesOf(s.every))
	case s.Session.Method != "":
		return kept, nil // an application has the scopes that it was granted
	case !f.interaction.on && !f.json.on && !f.dryRun.on && isTerminal(env.In) && isTerminal(env.Err):
		return pickScopes(cmd.Context(), env, known, kept)
	case len(kept) > 0:
		return kept, nil
	case f.dryRun.on:
		return nil, nil
	}
	return nil, fmt.Errorf("which scopes? Without a terminal to ask on, give --scopes: a name or a pattern such as "+
		"'read:*'. The scopes of the selected tools are: %s", strings.Join(known.Names(), ", "))
}
