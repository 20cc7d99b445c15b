package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// credentials works out how to sign in, and reads the application's secret or key.
func (f initFlags) credentials(cmd *cobra.Command, env Environment, secret, name string, p *auth.Profile,
	s *auth.Session) error {
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
		clientID = account.Variable("AUTH0_CLIENT_ID")
	}
	*s = auth.Session{Profile: name}
	// A flag that is given and empty is a variable that is not set: what was meant
	// for a machine must not wait for a user.
	machine := slices.ContainsFunc([]string{"auth0-domain", "auth0-client-id", "auth0-client-secret",
		"auth0-client-secret-file",
		"auth0-client-secret-stdin", "private-key-file"}, cmd.Flags().Changed)
	if !machine && secret != "" && f.interaction.on {
		return errors.New("AUTH0_CLIENT_SECRET is set, which is for a machine: give --auth0-domain and " +
			"--auth0-client-id too, or unset it or leave --no-interaction out to sign in with a browser")
	}
	if !machine {
		if p.Audience == "" && before.Method == auth.Device {
			p.Audience = before.Audience
		}
		return f.browserSignIn(p)
	}
	if f.domain == "" || clientID == "" {
		return errors.New("a machine signs in with --auth0-domain, --auth0-client-id and a secret or a private key: " +
			"give all of them, or none to sign in with a browser")
	}
	domain, err := tenant.NormalizeDomain(f.domain)
	if err != nil {
		return fmt.Errorf("--auth0-domain: %w", err)
	}
	if err := tenant.Placeholder(clientID); err != nil {
		return fmt.Errorf("the client id: %w", err)
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
	return account.Variable(variable), variable
}

// browserSignIn is the sign-in of a user, with a browser.
func (f initFlags) browserSignIn(p *auth.Profile) error {
	if f.dropCredentials.on || f.keyID != "" || f.algorithm != "" {
		return errors.New("--no-store-credentials, --key-id and --key-algorithm are for a machine-to-machine " +
			"application: give --auth0-domain and --auth0-client-id too")
	}
	p.Method, p.ClientID, p.KeyID, p.Algorithm = auth.Device, "", "", ""
	if f.oauthName != "" {
		p.ClientID = f.oauthName
	} else if id := account.Variable("AUTH0_MCP_CLIENT_ID"); id != "" {
		p.ClientID = id
	}
	return nil
}

// machine reads the one secret that a machine-to-machine application signs in with.
func (f initFlags) machine(ctx context.Context, env Environment, secret string, p *auth.Profile,
	s *auth.Session) error {
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
		sayLine(env.Err, "Warning: --auth0-client-secret is visible in the list of processes: use "+
			"AUTH0_CLIENT_SECRET or --auth0-client-secret-stdin")
	case secret != "":
		p.Method = auth.ClientSecret
		s.ClientSecret = secret
	default:
		return errors.New("the application's secret is missing: set AUTH0_CLIENT_SECRET, or give " +
			"--auth0-client-secret-stdin, --auth0-client-secret-file or --private-key-file")
	}
	s.Method = p.Method
	if err == nil && s.ClientSecret != "" {
		if err = tenant.Placeholder(s.ClientSecret); err != nil {
			err = fmt.Errorf("the client secret: %w", err)
		}
	}
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
