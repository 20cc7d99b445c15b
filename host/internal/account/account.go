// Package account decides which profile, tenant and session a command or a server
// works for, and keeps profiles and their sessions in step.
package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// ErrCancelled means that the user ended a command before it changed anything.
var ErrCancelled = errors.New("cancelled")

// Options say which account is wanted, and how to reach Auth0.
type Options struct {
	// Profile and Store are --profile and --store; empty if they are not given.
	Profile, Store string
	UserAgent      string
	// Ask reads a passphrase from the user; auth.NoPassphraseError if it can't.
	// It is not called while AUTH0_MCP_PASSPHRASE is set.
	Ask auth.Passphrase
	// WorkFactor is that of auth.StoreOptions: 0 except in tests.
	WorkFactor int
}

// Accounts are the profiles, their sessions and the way to Auth0.
type Accounts struct {
	// Profile and Store are those of Options.
	Profile, Store string
	Folders        auth.Folders
	Config         auth.Config
	Transport      http.RoundTripper
	OAuth          auth.OAuth
	// Token and Domain are AUTH0_TOKEN and AUTH0_DOMAIN.
	Token, Domain string
	Passphrase    auth.Passphrase
	WorkFactor    int
	// GrantedFolder has what is known of the scopes of each profile's session; empty: nothing is recorded.
	GrantedFolder string
}

// Open reads the config file and removes the secrets from the environment, which
// child processes and crash reports would show.
func Open(o Options) (*Accounts, error) {
	token, err := TakeVariable("AUTH0_TOKEN")
	if err != nil {
		return nil, err
	}
	passphrase, err := TakeVariable("AUTH0_MCP_PASSPHRASE")
	if err != nil {
		return nil, err
	}
	folders, _ := auth.UserFolders() // what needs a folder that is missing says so
	config, err := folders.ConfigFile().Load()
	if err != nil {
		return nil, err
	}
	granted := ""
	if state, err := atomicfile.StateFolder(); err == nil {
		granted = filepath.Join(state, "granted")
	}
	transport, err := tenant.NewTransport(Variable("AUTH0_MCP_CA_FILE"))
	if err != nil {
		return nil, err
	}
	a := &Accounts{
		Profile: o.Profile, Store: o.Store, Folders: folders, Config: config, Transport: transport,
		Token: token, Domain: Variable("AUTH0_DOMAIN"),
		OAuth:      auth.OAuth{Transport: transport, UserAgent: o.UserAgent},
		Passphrase: o.Ask, WorkFactor: o.WorkFactor, GrantedFolder: granted,
	}
	if passphrase != "" {
		a.Passphrase = func(context.Context, string, bool) (string, error) { return passphrase, nil }
	}
	return a, nil
}

// Variable is a setting of the environment. One that is blank counts as not set: clients
// hand on settings that their user left empty.
func Variable(name string) string { return strings.TrimSpace(os.Getenv(name)) }

// VariableList is a setting with several values, separated like those of PATH.
func VariableList(name string) []string {
	var list []string
	for _, value := range filepath.SplitList(Variable(name)) {
		if value = strings.TrimSpace(value); value != "" {
			list = append(list, value)
		}
	}
	return list
}

// TakeVariable reads a secret from the environment and removes it there.
func TakeVariable(name string) (string, error) { return Variable(name), os.Unsetenv(name) }

// ParseBool reads a boolean of the environment leniently. An unknown value is an
// error: a misspelt AUTH0_MCP_READ_ONLY must not leave the server writable.
func ParseBool(name, value string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "1", "true", "yes", "on", "y", "t":
		return true, nil
	case "0", "false", "no", "off", "n", "f":
		return false, nil
	}
	return false, fmt.Errorf("%s=%q: want true or false", name, value)
}

// Account is a profile with the store of its session. The account of AUTH0_TOKEN
// has no name.
type Account struct {
	Name    string
	Profile auth.Profile
	Store   auth.Store
	// By says what chose the store: a flag, a variable, the profile, the config.
	By string
}

// Wanted is the name of the profile that was asked for; empty for none.
func (a *Accounts) Wanted() string {
	if a.Profile != "" {
		return a.Profile
	}
	return Variable("AUTH0_MCP_PROFILE")
}

// Selected is the account to use: that of a profile that was asked for, else that
// of AUTH0_TOKEN, else the default profile's.
func (a *Accounts) Selected() (*Account, error) {
	wanted := a.Wanted()
	if wanted == "" && a.Token != "" {
		return a.given()
	}
	if wanted == "" && len(a.Config.Profiles) == 0 {
		if a.Domain != "" {
			return nil, errors.New("AUTH0_DOMAIN is set and AUTH0_TOKEN is not: set it to a Management API token of " +
				"that tenant, or sign in with `auth0-mcp init`")
		}
		return nil, errors.New("no credentials: sign in with `auth0-mcp init`, or set AUTH0_DOMAIN " +
			"(mytenant.us.auth0.com) and AUTH0_TOKEN (a Management API token), or try --sandbox")
	}
	name, profile, err := a.Config.Select(wanted)
	if err != nil {
		return nil, err
	}
	return a.Open(name, profile)
}

// given is the account of AUTH0_TOKEN.
func (a *Accounts) given() (*Account, error) {
	store, err := auth.OpenStore(auth.StoreEnv, auth.StoreOptions{Token: a.Token, Domain: a.Domain})
	if err != nil {
		return nil, err
	}
	domain, err := tenant.NormalizeDomain(a.Domain)
	return &Account{Profile: auth.Profile{Domain: domain, Method: auth.Given}, Store: store, By: "AUTH0_TOKEN"}, err
}

// Open finds the store of a profile. The token of the environment belongs to no
// profile: what was asked for by name must not be answered with another tenant.
func (a *Accounts) Open(name string, profile auth.Profile) (*Account, error) {
	kind, by, err := auth.StoreWishes{Flag: a.Store, Environment: Variable("AUTH0_MCP_STORE"), Profile: profile,
		Config: a.Config}.Choose()
	if err != nil {
		return nil, err
	}
	store, err := auth.OpenStore(kind, auth.StoreOptions{
		SessionsFolder: a.Folders.Sessions(), Token: a.Token, Domain: a.Domain, Command: profile.Command,
		Passphrase: a.Passphrase, WorkFactor: a.WorkFactor,
		Surroundings: auth.DetectSurroundings(runtime.GOOS, os.Getuid(), os.DirFS("/"), os.Getenv),
	})
	return &Account{Name: name, Profile: profile, Store: store, By: by}, err
}

// lock takes the lock of an account's session; that of AUTH0_TOKEN needs none.
func (a *Accounts) lock(ctx context.Context, acc *Account) (func(), error) {
	if acc.Name == "" {
		return func() {}, nil
	}
	return auth.Lock(ctx, a.Folders.Sessions(), acc.Name)
}

// Source gives the account's token for as long as ctx lasts, renewed when it must be.
func (a *Accounts) Source(ctx context.Context, acc *Account, log *slog.Logger) (*auth.Source, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return auth.NewSource(ctx, auth.SourceConfig{
		OAuth: a.OAuth, FollowTenant: acc.Profile.FollowTenant, Log: log,
		Credentials: auth.CredentialOptions{Scopes: acc.Profile.Scopes, Algorithm: acc.Profile.Algorithm},
		Load: func(ctx context.Context) (auth.Session, error) {
			stamp := acc.Store.Stamp(acc.Name) // before reading: a change in between must show later
			session, err := acc.Store.Get(ctx, acc.Name)
			if err == nil {
				a.noteGranted(acc, session, stamp, log)
			}
			return session, err
		},
		Save: func(ctx context.Context, session auth.Session) error {
			err := acc.Store.Put(ctx, session)
			if err == nil { // the profile's lock is held, so that the stamp is that of this session
				a.noteGranted(acc, session, acc.Store.Stamp(acc.Name), log)
			}
			return err
		},
		Lock:  func(ctx context.Context) (func(), error) { return a.lock(ctx, acc) },
		Stamp: func() string { return acc.Store.Stamp(acc.Name) },
	})
}

// Deferred resolves the tenant of an account and gives its token from the first
// call on that needs one.
func (a *Accounts) Deferred(ctx context.Context, acc *Account, log *slog.Logger) (*Deferred, error) {
	domain := acc.Profile.Domain
	if domain == "" {
		// The profile of a credential command may leave the tenant to it.
		session, err := acc.Store.Get(ctx, acc.Name)
		if err != nil {
			return nil, err
		}
		domain = session.Domain
	}
	domain, err := tenant.NormalizeDomain(domain)
	if err != nil {
		return nil, fmt.Errorf("profile %s: %w", acc.Name, err)
	}
	return &Deferred{
		Domain: domain, profile: acc.Name, follow: acc.Profile.FollowTenant,
		open: func() (*auth.Source, error) { return a.Source(ctx, acc, log) },
	}, nil
}

// SignIn says how to sign an account in again, in the way of its last sign-in. It
// is derived from the profile, because the session may be gone or unreadable. It
// never has a secret in it: other users of the machine see a command's arguments.
func (acc *Account) SignIn() string {
	switch command := auth.SignInCommand(acc.Name, acc.Profile); {
	case acc.Name == "":
		return "set AUTH0_TOKEN to a new Management API token and restart the server"
	case len(acc.Profile.Command) > 0 || command == "":
		return "run the profile's command yourself to see why it gives no valid token"
	default:
		return "sign in with `" + command + "`"
	}
}

// MoreScopes says how to get a token with more scopes for an account.
func (acc *Account) MoreScopes() string {
	command := auth.SignInCommand(acc.Name, acc.Profile)
	switch {
	case acc.Name == "":
		return "set AUTH0_TOKEN to a Management API token that has it and restart the server"
	case len(acc.Profile.Command) > 0 || command == "":
		return "let the profile's command give a token that has it"
	case acc.Profile.Method == auth.Device:
		return "sign in with `" + command + "` in a terminal and select it as well"
	}
	return fmt.Sprintf("grant it to the application %s for the Management API in the Auth0 dashboard, then sign in "+
		"with `%s`", acc.Profile.ClientID, command)
}
