package auth

import (
	"fmt"
	"strings"
)

// SignInError means that there is no token, and that none can be got without a
// user. Its text holds the command that fixes it.
type SignInError struct {
	Profile, Domain string
	Method          Method
	// Command is what to run; "" for a token that was given, which only who gave it
	// can replace.
	Command string
	// Err is why.
	Err error
}

func newSignInError(s Session, err error) *SignInError {
	return &SignInError{Profile: s.Profile, Domain: s.Domain, Method: s.Method, Command: s.signInCommand(), Err: err}
}

func (e *SignInError) Error() string {
	switch {
	case e.Command != "":
		return fmt.Sprintf("profile %s is not signed in to %s: %v: sign in again with `%s`; the server need not be "+
			"restarted", e.Profile, e.Domain, e.Err, e.Command)
	case e.Profile == "":
		return fmt.Sprintf("there is no valid token for %s: %v: set AUTH0_TOKEN to a new Management API token of it and "+
			"restart the server", e.Domain, e.Err)
	}
	return fmt.Sprintf("there is no valid token for %s: %v: the command of profile %s must give a new one; the server "+
		"need not be restarted", e.Domain, e.Err, e.Profile)
}

func (e *SignInError) Unwrap() error { return e.Err }

// TenantChangedError means that a profile's session is for another tenant than
// before. What was meant for the one must not reach the other.
type TenantChangedError struct {
	Profile string
	// From and To are the tenants' domains.
	From, To string
}

func (e *TenantChangedError) Error() string {
	return fmt.Sprintf("profile %s was for the tenant %s, and is now signed in to %s: restart the server to continue "+
		"with %s, or sign in to %s again", e.Profile, e.From, e.To, e.To, e.From)
}

func (s Session) signInCommand() string {
	return SignInCommand(s.Profile, Profile{Domain: s.Domain, Method: s.Method, ClientID: s.ClientID, KeyID: s.KeyID})
}

// SignInCommand is the command by which a profile signs in again, in the way that
// it has: without the flags of that way a machine's profile would become a user's.
// A secret is never an argument: other users see those. It is "" for a token that
// another program gives.
func SignInCommand(name string, p Profile) string {
	command := []string{"auth0-mcp", "init"}
	if name != "" {
		command = append(command, "--profile", name)
	}
	switch p.Method {
	case Given:
		return ""
	case ClientSecret:
		command = append(command, "--auth0-domain", p.Domain, "--auth0-client-id", p.ClientID, "--auth0-client-secret-stdin")
	case PrivateKeyJWT:
		command = append(command, "--auth0-domain", p.Domain, "--auth0-client-id", p.ClientID, "--private-key-file",
			"KEY.pem")
		if p.KeyID != "" {
			command = append(command, "--key-id", p.KeyID)
		}
		if p.Algorithm != "" {
			command = append(command, "--key-algorithm", p.Algorithm)
		}
	case Device:
	}
	return strings.Join(command, " ")
}
