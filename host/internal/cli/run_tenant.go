package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/analytics"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
)

// connection is the tenant whose requests the gate lets through, with its credentials.
type connection struct {
	domain    string
	current   func(context.Context) (string, *oauth2.Token, error)
	refused   func(token string)
	transport http.RoundTripper
	prepare   func() // egress.Config.Prepare
	// signIn says how to get a valid token, moreScopes how to get one with more scopes.
	signIn, moreScopes string
	// profile is its name, empty if there is none, and environment what it is for.
	profile     string
	environment tenant.Environment
	// consent begins a sign-in of the user; nil: no user signs in here.
	consent func(ctx context.Context, cause error, scopes []string) (*toolcall.SignIn, error)
	// wait returns when no renewal of the token is under way.
	wait func(context.Context) error
	// granted are the scopes of the token, nil if they are not known; the function is nil for the sandbox. getScopes says
	// how to get more, and watchable that they can change while the server runs.
	granted   func() []string
	getScopes func(tools []*catalog.Tool, lacking map[string][]string, granted []string) string
	watchable bool
	// events are none for the sandbox, which is no real tenant.
	events *analytics.Client
	// accounts are where its profile is from; nil for the sandbox.
	accounts *account.Accounts
}

func (f runFlags) tenant(ctx context.Context, env Environment, log *slog.Logger) (connection, error) {
	if f.sandbox {
		// Nothing here is for it, but no child may see the secrets.
		for _, name := range f.unneeded() {
			if _, err := account.TakeVariable(name); err != nil {
				return connection{}, err
			}
		}
		s, err := f.switches.tenant("")
		if err != nil {
			return connection{}, err
		}
		token := &oauth2.Token{AccessToken: s.Token()}
		return connection{
			domain: s.Domain(), environment: tenant.Development, transport: s.Transport(),
			wait:    func(context.Context) error { return nil },
			current: func(context.Context) (string, *oauth2.Token, error) { return s.Domain(), token, nil },
		}, nil
	}
	if f.switches.given() {
		return connection{}, errNoSandbox
	}
	a, err := openAccounts(env, f.account)
	if err != nil {
		return connection{}, err
	}
	acc, err := a.Selected()
	if err != nil {
		return connection{}, err
	}
	t, err := connect(ctx, a, acc, log)
	if err != nil {
		return connection{}, err
	}
	t.events, err = newAnalytics(ctx, env, a.Transport, log)
	return t, err
}

// unneeded are the variables with secrets that a server for the sandbox does not read.
func (f runFlags) unneeded() []string {
	if _, compares := f.comparedProfile(); compares != "" {
		return nil // opening the profile takes them
	}
	return []string{"AUTH0_TOKEN", "AUTH0_MCP_PASSPHRASE"}
}

// connect is the tenant of an account, whose session is opened by the first call.
func connect(ctx context.Context, a *account.Accounts, acc *account.Account, log *slog.Logger) (connection, error) {
	source, err := a.Deferred(ctx, acc, log)
	if err != nil {
		return connection{}, err
	}
	return connection{
		accounts: a, profile: acc.Name, environment: acc.Profile.Environment,
		domain: source.Domain, current: source.Current, refused: source.Refused, transport: a.Transport,
		prepare: func() { tenant.Connect(ctx, a.Transport, source.Domain) },
		signIn:  acc.SignIn(), moreScopes: acc.MoreScopes(), wait: source.Wait,
		granted: func() []string { return a.Granted(ctx, acc) }, getScopes: acc.GetScopes,
		watchable: acc.Name != "" && acc.Store.Describe().Writable,
		consent:   consent(a, acc, source),
	}, nil
}

// consent begins sign-ins of an account's user for tool calls.
func consent(a *account.Accounts, acc *account.Account, source *account.Deferred) func(context.Context, error,
	[]string) (*toolcall.SignIn, error) {
	return func(ctx context.Context, cause error, scopes []string) (*toolcall.SignIn, error) {
		begun, err := a.BeginConsent(ctx, acc, cause, scopes, source.Reread)
		if err != nil {
			return nil, err
		}
		finish := func(ctx context.Context) error {
			err := begun.Finish(ctx)
			if errors.Is(err, auth.ErrDenied) {
				err = fmt.Errorf("%w: %w", toolcall.ErrSignInDeclined, err)
			}
			return err
		}
		return &toolcall.SignIn{URL: begun.Page(), Code: begun.UserCode, Scopes: begun.Scopes, Expires: begun.ExpiresAt,
			Finish: finish}, nil
	}
}
