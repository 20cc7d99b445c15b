package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// envStore is the token of the environment, taken from there by the caller.
type envStore struct {
	session Session
}

// errNotDomain does not repeat what was given: whoever mixed up token and domain
// gave a token.
var errNotDomain = errors.New("the domain is not that of a tenant: want a host, such as mytenant.us.auth0.com")

func newEnvStore(token, domain string) (*envStore, error) {
	token, domain = strings.TrimSpace(token), strings.TrimSpace(domain)
	if err := tenant.Placeholder(token); err != nil {
		return nil, fmt.Errorf("AUTH0_TOKEN: %w", err)
	}
	switch {
	case token == "":
		return nil, errors.New(`the store "env" needs AUTH0_TOKEN: set it together with AUTH0_DOMAIN`)
	case domain == "":
		// Not read from the token: whoever mixes up two tokens must not reach the other
		// tenant.
		return nil, errors.New("AUTH0_TOKEN is set and AUTH0_DOMAIN is not: set it to the tenant that the token is for, " +
			"such as mytenant.us.auth0.com")
	}
	if err := tenant.Placeholder(domain); err != nil {
		return nil, fmt.Errorf("AUTH0_DOMAIN: %w", err)
	}
	domain, err := tenant.NormalizeDomain(domain)
	if err != nil {
		return nil, fmt.Errorf("AUTH0_DOMAIN: %w", errNotDomain)
	}
	session, err := GivenSession("", domain, token)
	if err != nil {
		return nil, fmt.Errorf("AUTH0_TOKEN: %w", err)
	}
	return &envStore{session}, nil
}

// Get answers for any profile: the environment knows no profiles.
func (s *envStore) Get(_ context.Context, profile string) (Session, error) {
	session := s.session
	session.Profile = profile
	return session, nil
}

func (s *envStore) Put(context.Context, Session) error { return s.readOnly() }

func (s *envStore) Delete(context.Context, string) ([]string, error) { return nil, s.readOnly() }

func (s *envStore) readOnly() error {
	return &ReadOnlyStoreError{StoreEnv, "unset AUTH0_TOKEN, or choose another store with --store keychain"}
}

// Stamp is always the same: a process's environment is not changed from outside.
func (s *envStore) Stamp(string) string { return "env" }

func (s *envStore) Check(context.Context, string) error { return nil }

func (s *envStore) Describe() StoreDescription {
	return StoreDescription{Kind: StoreEnv, Where: "the environment: AUTH0_TOKEN and AUTH0_DOMAIN"}
}

// String keeps the token from %v.
func (s *envStore) String() string { return "env store: " + s.session.String() }

// GoString keeps the token from %#v.
func (s *envStore) GoString() string { return s.String() }
