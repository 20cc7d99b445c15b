package diagnosis

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// clientCredentials is the grant type of applications that act for themselves.
const clientCredentials = "client_credentials"

func applicationSource() source {
	return source{kind: "application", id: "client_id", name: "name",
		load: func(a *audit, ctx context.Context) ([]sdk.Object, state) { return a.applications(ctx) },
		remedy: func(o sdk.Object, set map[string]any) fix {
			return withArguments("auth0_update_application", map[string]any{"client_id": o.Text("client_id")}, set)
		},
		checks: slices.Concat(urlChecks(), grantTypeChecks(), tokenChecks())}
}

// applications are all but the tenant's global client, which Auth0 keeps for itself.
func (a *audit) applications(ctx context.Context) ([]sdk.Object, state) {
	all, read := a.tenant.list(ctx, "read:clients", auth0v1.Collection{Path: []string{"clients"}, Items: "clients",
		What: "application", Checkpoint: true}, nil)
	return slices.DeleteFunc(slices.Clone(all), func(o sdk.Object) bool { return isTrue(o, "global") }), read
}

func withArguments(tool string, arguments, set map[string]any) fix {
	for name, v := range set {
		arguments[name] = v
	}
	return fix{Tool: tool, Arguments: arguments}
}

func urlChecks() []check {
	return []check{
		{id: "url_without_tls", severity: high,
			problem: "Codes and tokens that are sent to an http address can be read on the way.",
			remedy:  "Use https, and remove the http addresses.",
			test:    urlTest(func(u *url.URL) bool { return u.Scheme == "http" && !isLocal(u.Hostname()) })},
		{id: "url_wildcard", severity: high,
			problem: "An address with a wildcard lets any host below it receive codes and tokens.",
			remedy:  "List the addresses one by one; for previews use an application of their own.",
			test:    urlTest(func(u *url.URL) bool { return strings.Contains(u.Host, "*") })},
		{id: "url_localhost", severity: medium,
			problem: "An application in production also returns users to a local address, where any program can listen.",
			remedy:  "Remove the local addresses, and develop with an application of its own.",
			test:    localAddresses},
	}
}

// urlMembers are the addresses of an application that Auth0 sends users or answers to.
func urlMembers() []string {
	return []string{"callbacks", "allowed_logout_urls", "web_origins", "allowed_origins"}
}

func urlTest(weak func(*url.URL) bool) func(*audit, sdk.Object) []evidence {
	return func(_ *audit, o sdk.Object) (proof []evidence) {
		for _, name := range urlMembers() {
			weakOnes := slices.DeleteFunc(texts(o, name), func(address string) bool {
				u, err := url.Parse(address)
				return err != nil || !weak(u)
			})
			if len(weakOnes) > 0 {
				proof = append(proof, evidence{name, weakOnes})
			}
		}
		return proof
	}
}

// localAddresses are those of an application that also has addresses on the internet: what shows that it is in
// production.
func localAddresses(a *audit, o sdk.Object) []evidence {
	public := slices.ContainsFunc(texts(o, "callbacks"), func(address string) bool {
		u, err := url.Parse(address)
		return err == nil && u.Scheme == "https" && u.Hostname() != "" && !isLocal(u.Hostname())
	})
	if !public {
		return nil
	}
	return urlTest(func(u *url.URL) bool { return isLocal(u.Hostname()) })(a, o)
}

func isLocal(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.IsLoopback() || address.IsPrivate()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func grantTypeChecks() []check {
	return []check{
		{id: "implicit_grant", severity: medium,
			problem: "The implicit grant puts tokens into addresses, where histories and logs keep them.",
			remedy:  "Use the authorization code with PKCE, then remove implicit from grant_types.",
			test:    grantTest("implicit")},
		{id: "password_grant", severity: high,
			problem: "The password grant gives users' passwords to the application, without multi-factor authentication.",
			remedy:  "Use the login page, then remove the grant from grant_types.",
			test:    grantTest("password", "http://auth0.com/oauth/grant-type/password-realm")},
		{id: "machine_without_authentication", severity: high,
			problem: "The application may get tokens for itself, and need not authenticate for that.",
			remedy:  "Let it authenticate with a secret or a key, or remove client_credentials from grant_types.",
			test: func(_ *audit, o sdk.Object) []evidence {
				return is(has(texts(o, "grant_types"), clientCredentials) && o.Text("token_endpoint_auth_method") == "none",
					"token_endpoint_auth_method", "none")
			}},
	}
}

func grantTest(types ...string) func(*audit, sdk.Object) []evidence {
	return func(_ *audit, o sdk.Object) []evidence {
		found := slices.DeleteFunc(texts(o, "grant_types"), func(t string) bool { return !has(types, t) })
		return is(len(found) > 0, "grant_types", found)
	}
}

func tokenChecks() []check {
	return []check{
		{id: "refresh_token_not_rotating", severity: medium,
			problem: "Refresh tokens of a public application are not rotated: a stolen one works until it expires.",
			remedy:  "Rotate refresh tokens.",
			test: func(_ *audit, o sdk.Object) []evidence {
				kind := value[string](o, "refresh_token", "rotation_type")
				return is(isPublic(o) && has(texts(o, "grant_types"), "refresh_token") && kind != "rotating",
					"refresh_token.rotation_type", kind)
			}},
		{id: "refresh_token_never_expires", severity: medium,
			problem: "Refresh tokens never expire: a stolen one works for ever.",
			remedy:  "Let refresh tokens expire, at least if they are not used.",
			test: func(_ *audit, o sdk.Object) []evidence {
				endless := isTrue(o, "refresh_token", "infinite_token_lifetime") &&
					isTrue(o, "refresh_token", "infinite_idle_token_lifetime")
				kind := value[string](o, "refresh_token", "expiration_type")
				return is(has(texts(o, "grant_types"), "refresh_token") && (kind == "non-expiring" || endless),
					"refresh_token.expiration_type", kind)
			}},
		{id: "token_hs256", severity: medium,
			problem: "ID tokens are signed with the client secret (HS256): whoever can check them can make them.",
			remedy:  "Sign with RS256.", set: map[string]any{"jwt_configuration": map[string]any{"alg": "RS256"}},
			test: func(_ *audit, o sdk.Object) []evidence {
				return is(value[string](o, "jwt_configuration", "alg") == "HS256", "jwt_configuration.alg", "HS256")
			}},
		{id: "not_oidc_conformant", severity: low,
			problem: "The application uses Auth0's legacy behaviour, which differs from OpenID Connect.",
			remedy:  "Test the application with oidc_conformant, then set it.", set: map[string]any{"oidc_conformant": true},
			test: func(_ *audit, o sdk.Object) []evidence {
				return is(isFalse(o, "oidc_conformant"), "oidc_conformant", false)
			}},
	}
}

// isPublic reports whether an application cannot keep a secret.
func isPublic(o sdk.Object) bool {
	return o.Text("token_endpoint_auth_method") == "none" || has([]string{"spa", "native"}, o.Text("app_type"))
}

// soon is how long before its end a key should have a successor.
const soon = 30 * 24 * time.Hour

func credentialSource() source {
	return source{kind: "application key", id: "id", name: "name", load: (*audit).credentials,
		remedy: func(o sdk.Object, _ map[string]any) fix {
			return operation("", writeTool, "POST /api/v2/clients/{client_id}/credentials",
				map[string]any{"client_id": o.Text(ownerMember)}, nil)
		},
		checks: []check{{id: "key_expires", severity: high,
			problem: "A key that the application authenticates with has expired, or expires within 30 days.",
			remedy:  "Add a new key, let the application use it, then delete the old one.",
			test: func(_ *audit, o sdk.Object) []evidence {
				end, err := time.Parse(time.RFC3339, o.Text("expires_at"))
				return is(err == nil && time.Until(end) < soon, "expires_at", o.Text("expires_at"))
			}}}}
}

// ownerMember is the member in which a key's application is noted.
const ownerMember = "client_id"

// maxKeyOwners is of how many applications the keys are read.
const maxKeyOwners = 100

func (a *audit) credentials(ctx context.Context) (all []sdk.Object, read state) {
	owners, read := a.applications(ctx)
	for _, owner := range owners {
		if len(member(owner, "client_authentication_methods")) == 0 || a.tenant.err != nil {
			continue
		}
		id := owner.Text("client_id")
		if len(all) >= maxKeyOwners {
			a.tenant.gaps = append(a.tenant.gaps, gap{What: "keys of applications", ID: id, Why: "there are too many"})
			break
		}
		keys, is := a.many(ctx, resource{what: "keys of an application", scope: "read:client_credentials",
			path: []string{"clients", id, "credentials"}})
		if is == unread {
			return all, is
		}
		for _, key := range keys {
			if owned, err := key.With(ownerMember, id); err == nil {
				all = append(all, owned)
			}
		}
	}
	return all, read
}
