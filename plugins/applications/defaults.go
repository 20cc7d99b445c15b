package applications

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// skipPrompt is the setting that spares a user the question whether they trust
// an application whose callback any other app on the device could claim.
const skipPrompt = "skip_non_verifiable_callback_uri_confirmation_prompt"

// withDefaults adds to a new application's settings what was not given. The
// given members keep their text and order; applied are those that were added.
func withDefaults(given sdk.Object, in createInput) (body, applied sdk.Object, err error) {
	add := func(name, value string) {
		if _, ok := given.Get(name); !ok {
			applied = append(applied, sdk.Member{Name: name, Value: json.RawMessage(value)})
		}
	}
	add("oidc_conformant", `true`)
	// With the lifetime that Auth0 gives an application without the object: one
	// that has no lifetime would get none.
	add("jwt_configuration", `{"alg":"RS256","lifetime_in_seconds":36000}`)
	switch in.AppType {
	case "": // the API's own default, whatever the application turns out to be
	case "spa", "native": // cannot keep a secret
		add("token_endpoint_auth_method", `"none"`)
	default:
		add("token_endpoint_auth_method", `"client_secret_post"`)
	}
	if slices.ContainsFunc(in.Callbacks, nonVerifiable) {
		add(skipPrompt, `true`)
	}
	body = append(slices.Clone(given), applied...)
	return completeAlg(body, applied)
}

// completeAlg gives a jwt_configuration without an algorithm the default one:
// without it, Auth0 signs with the client secret (HS256).
func completeAlg(body, applied sdk.Object) (sdk.Object, sdk.Object, error) {
	i := slices.IndexFunc(body, func(m sdk.Member) bool { return m.Name == "jwt_configuration" })
	var jwt sdk.Object
	if err := json.Unmarshal(body[i].Value, &jwt); err != nil {
		return nil, nil, err
	}
	if _, ok := jwt.Get("alg"); ok {
		return body, applied, nil
	}
	alg := sdk.Object{{Name: "alg", Value: json.RawMessage(`"RS256"`)}}
	raw, err := append(jwt, alg...).MarshalJSON()
	if err != nil {
		return nil, nil, err
	}
	body[i].Value = raw
	applied, err = applied.With("jwt_configuration", alg)
	return body, applied, err
}

// promptFor is what an update of the callbacks sets besides them: the setting that spares
// users the prompt, if a callback is added that needs it and the application does not have
// the setting yet. stored is the application, whose id comes back too.
func promptFor(stored json.RawMessage, callbacks []string) (applied sdk.Object, id string, err error) {
	var application struct {
		ClientID  string   `json:"client_id"`
		Callbacks []string `json:"callbacks"`
		Prompt    *bool    `json:"skip_non_verifiable_callback_uri_confirmation_prompt"`
	}
	if err := json.Unmarshal(stored, &application); err != nil {
		return nil, "", fmt.Errorf("Auth0 answered something other than an application: %w", err)
	}
	added := slices.ContainsFunc(callbacks, func(callback string) bool {
		return nonVerifiable(callback) && !slices.Contains(application.Callbacks, callback)
	})
	if added && application.Prompt == nil {
		applied = sdk.Object{{Name: skipPrompt, Value: json.RawMessage(`true`)}}
	}
	return applied, application.ClientID, nil
}

// report adds to an answer which settings the tool chose itself.
func report(application, applied sdk.Object) (sdk.Object, error) {
	if len(applied) == 0 {
		return application, nil
	}
	return application.With("defaults_applied", applied)
}

// nonVerifiable reports whether any program on the user's device could receive
// what is sent to the callback, which makes Auth0 ask the user to confirm: a
// scheme of the application's own, or the device itself, which is 127.0.0.0/8,
// ::1, and by RFC 6761 localhost and every name below it, with or without the
// final dot. 0.0.0.0 is not: Auth0 does not name it, and the prompt protects.
//
// url.Parse is not used: it refuses Auth0's placeholders, as in
// https://{organization_name}.localhost.
func nonVerifiable(callback string) bool {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(callback), ":")
	if !ok || !isScheme(scheme) {
		return false // not a URL: the API refuses it
	}
	if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return true
	}
	host := strings.ToLower(strings.TrimSuffix(hostOf(rest), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// isScheme is RFC 3986's: a letter, then letters, digits, "+", "-" and ".".
func isScheme(s string) bool {
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", r)) {
			return false
		}
	}
	return s != ""
}

// hostOf is the host in what follows a web URL's scheme.
func hostOf(rest string) string {
	authority := strings.TrimPrefix(rest, "//")
	if end := strings.IndexAny(authority, `/?#\`); end >= 0 {
		authority = authority[:end]
	}
	host := authority[strings.LastIndex(authority, "@")+1:]
	if inside, ok := strings.CutPrefix(host, "["); ok {
		host, _, _ = strings.Cut(inside, "]")
		return host
	}
	host, _, _ = strings.Cut(host, ":")
	return host
}

// withSecretAccess tells where to find the secret of a new application,
// which no answer shows. A public application is left alone: it has a secret on
// file, but must not use it.
func withSecretAccess(application sdk.Object, domain string) (sdk.Object, error) {
	if application.Text("client_secret") == "" || application.Text("token_endpoint_auth_method") == "none" {
		return application, nil
	}
	return application.With("_credentials_access", struct {
		Dashboard string `json:"dashboard"`
		API       string `json:"api"`
		Tool      string `json:"tool"`
		User      string `json:"user"`
	}{
		"Applications → " + application.Text("name") + " → Settings, in the dashboard of tenant " + domain,
		"GET https://" + domain + "/api/v2/clients/" + url.PathEscape(application.Text("client_id")) +
			" with a token that has read:client_keys (member client_secret)",
		"auth0_save_credentials_to_file saves it into the project's env file (preset developer, --project-root DIR)",
		"`auth0-mcp secret copy application " + application.Text("client_id") + "` puts it into the user's clipboard",
	})
}
