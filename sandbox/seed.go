package sandbox

import (
	"slices"
	"time"
)

// seedSystem makes what every tenant has: the Management API, the global client,
// and the client in whose name tokens are minted.
func (t *Tenant) seedSystem() {
	scopes := []any{}
	for _, scope := range managementScopes() {
		scopes = append(scopes, object{"value": scope, "description": scopeDescription(scope)})
	}
	management := t.newAPI(object{"name": "Auth0 Management API", "identifier": t.Audience()})
	management["scopes"], management["is_system"] = scopes, true
	t.apis.add(management)

	global := object{
		"tenant": t.name(), "global": true, "callbacks": []any{}, "is_first_party": true, "name": "All Applications",
		"refresh_token": defaultRefreshToken(false), "owners": stringList("mr|auth0|" + t.randomText(hexDigits, 24)),
		"custom_login_page": "<html><body><h1>Harbourlight Books</h1></body></html>\n", "cross_origin_authentication": true,
		"signing_keys": []any{object{
			"cert": t.fakePEM("CERTIFICATE", 560), "pkcs7": t.fakePEM("PKCS7", 640), "subject": "deprecated",
		}},
		"client_id": t.randomText(alphanumeric, 32), "client_secret": t.randomText(secretDigits, 64),
		"custom_login_page_on": true,
	}
	t.clients.add(global)

	explorer := t.newClient(object{
		"name": "API Explorer Application", "app_type": "non_interactive", "oidc_conformant": true,
		"grant_types": stringList("client_credentials"), "token_endpoint_auth_method": "client_secret_post",
		"jwt_configuration": object{"alg": "RS256", "lifetime_in_seconds": number(36000)},
	})
	t.clients.add(explorer)
	t.explorer, _ = explorer["client_id"].(string)
	t.grants.add(object{
		"id": "cgr_" + t.randomText(alphanumeric, 16), "client_id": t.explorer, "audience": t.Audience(),
		"scope": stringList(managementScopes()...), "subject_type": "client",
	})
}

// seedCompany makes the invented company: a bookseller with a shop, two apps, a
// few back-office services and the mistakes that real tenants have.
func (t *Tenant) seedCompany() {
	apps := t.seedClients()
	t.seedAPIs()
	t.seedGrants(apps)
	forms := t.seedForms()
	t.seedActions(forms)
	t.company = company{apps, t.seedLogs(apps)}
}

// seededClient is an application of the company, with a short name for the rest
// of the seed to refer to.
type seededClient struct {
	short string
	body  object
}

// seedClients returns the company's applications by their short names.
func (t *Tenant) seedClients() map[string]object {
	apps := map[string]object{}
	for _, app := range slices.Concat(t.webClients(), t.nativeClients(), t.otherClients()) {
		client := t.newClient(app.body)
		t.clients.add(client)
		apps[app.short] = client
	}
	return apps
}

func signedWithRSA() object {
	return object{"alg": "RS256", "lifetime_in_seconds": number(36000)}
}

func rotatingRefreshToken() object {
	return object{
		"rotation_type": "rotating", "expiration_type": "expiring", "leeway": number(0), "token_lifetime": number(2592000),
		"idle_token_lifetime": number(1296000), "infinite_token_lifetime": false, "infinite_idle_token_lifetime": false,
	}
}

func codeGrants() []any { return stringList("authorization_code", "refresh_token") }

func (t *Tenant) webClients() []seededClient {
	return []seededClient{
		{"shop", object{
			"name": "Harbourlight Shop", "description": "The web shop, rendered on the server", "app_type": "regular_web",
			"callbacks": stringList("https://shop.harbourlight.example/callback",
				"http://localhost:3000/callback"),
			"allowed_logout_urls":        stringList("https://shop.harbourlight.example/", "http://localhost:3000"),
			"web_origins":                stringList("https://shop.harbourlight.example"),
			"grant_types":                stringList("authorization_code", "refresh_token", "client_credentials"),
			"oidc_conformant":            true,
			"token_endpoint_auth_method": "client_secret_post", "jwt_configuration": signedWithRSA(),
			"initiate_login_uri": "https://shop.harbourlight.example/login",
			"client_metadata":    object{"team": "storefront", "cost_centre": "4711"},
		}},
		{"dashboard", object{
			"name": "Staff Dashboard", "description": "Orders and stock for the staff", "app_type": "spa",
			"callbacks":           stringList("https://staff.harbourlight.example", "http://localhost:5173"),
			"allowed_logout_urls": stringList("https://staff.harbourlight.example"),
			"web_origins":         stringList("https://staff.harbourlight.example", "http://localhost:5173"),
			"allowed_origins":     stringList("https://staff.harbourlight.example"),
			"grant_types":         codeGrants(), "oidc_conformant": true, "token_endpoint_auth_method": "none",
			"jwt_configuration": signedWithRSA(), "refresh_token": rotatingRefreshToken(),
		}},
		// The same name once more: a caller that looks applications up by name
		// has to notice.
		{"dashboard-old", object{
			"name": "Staff Dashboard", "description": "The dashboard before the rewrite; to be removed", "app_type": "spa",
			"callbacks":   stringList("https://old-staff.harbourlight.example/callback"),
			"web_origins": stringList("https://old-staff.harbourlight.example"),
			"grant_types": stringList("implicit"), "token_endpoint_auth_method": "none",
		}},
	}
}

func (t *Tenant) nativeClients() []seededClient {
	return []seededClient{
		{"ios", object{
			"name": "Harbourlight Reader (iOS)", "app_type": "native", "oidc_conformant": true,
			"callbacks": stringList("example.harbourlight.reader://" + t.domain +
				"/ios/example.harbourlight.reader/callback"),
			"allowed_logout_urls": stringList("example.harbourlight.reader://" + t.domain +
				"/ios/example.harbourlight.reader/callback"),
			"grant_types": codeGrants(), "token_endpoint_auth_method": "none", "refresh_token": rotatingRefreshToken(),
			"jwt_configuration": signedWithRSA(),
			"mobile": object{"ios": object{"team_id": "9H4RB0RL1T",
				"app_bundle_identifier": "example.harbourlight.reader"}},
			"native_social_login": object{"apple": object{"enabled": true}, "facebook": object{"enabled": false}},
			"skip_non_verifiable_callback_uri_confirmation_prompt": true,
		}},
		{"android", object{
			"name": "Harbourlight Reader (Android)", "app_type": "native", "oidc_conformant": true,
			"callbacks":   stringList("https://" + t.domain + "/android/example.harbourlight.reader/callback"),
			"grant_types": codeGrants(), "token_endpoint_auth_method": "none", "refresh_token": rotatingRefreshToken(),
			"jwt_configuration": signedWithRSA(),
			"mobile": object{"android": object{
				"app_package_name":         "example.harbourlight.reader",
				"sha256_cert_fingerprints": stringList(fingerprint(t.randomText("0123456789ABCDEF", 64))),
			}},
		}},
		{"tv", object{
			"name": "Kiosk Device", "description": "Order kiosks in the shops", "app_type": "native", "oidc_conformant": true,
			"grant_types":                stringList("urn:ietf:params:oauth:grant-type:device_code", "refresh_token"),
			"token_endpoint_auth_method": "none", "jwt_configuration": signedWithRSA(),
		}},
	}
}

// otherClients are machines, a partner and leftovers.
func (t *Tenant) otherClients() []seededClient {
	return []seededClient{
		{"orders", object{
			"name": "Order Importer", "description": "Imports orders at night", "app_type": "non_interactive",
			"oidc_conformant": true,
			"grant_types":     stringList("client_credentials"), "token_endpoint_auth_method": "client_secret_post",
			"jwt_configuration": signedWithRSA(),
		}},
		{"stock", object{
			"name": "Stock Sync", "app_type": "non_interactive", "oidc_conformant": true,
			"grant_types":       stringList("client_credentials"),
			"jwt_configuration": signedWithRSA(),
			"client_authentication_methods": object{"private_key_jwt": object{"credentials": []any{
				object{"id": "cred_" + t.randomText(alphanumeric, 22)},
			}}},
		}},
		{"deploy", object{
			"name": "Deploy Pipeline", "description": "Changes this tenant from the build server", "app_type": "non_interactive",
			"grant_types": stringList("client_credentials"), "oidc_conformant": true,
			"token_endpoint_auth_method": "client_secret_basic",
			"jwt_configuration":          signedWithRSA(),
		}},
		{"partner", object{
			"name": "Lanternfish Reviews (third party)", "description": "A review site of a partner", "app_type": "regular_web",
			"is_first_party": false, "oidc_conformant": true,
			"callbacks":   stringList("https://reviews.lanternfish.example/oauth/callback"),
			"grant_types": codeGrants(), "token_endpoint_auth_method": "client_secret_basic",
			"jwt_configuration": signedWithRSA(),
			"logo_uri":          "https://reviews.lanternfish.example/logo.png",
		}},
		{"support", object{
			"name": "Helpdesk SSO", "description": "", "app_type": "regular_web",
			"callbacks": stringList("https://support.harbourlight.example/saml"),
			"addons": object{"samlp": object{"audience": "https://support.harbourlight.example",
				"signatureAlgorithm": "rsa-sha256"}},
		}},
		{"default", object{"name": "Default App", "callbacks": []any{}, "oidc_conformant": true}},
	}
}

// fingerprint puts colons between the pairs of a hex digest.
func fingerprint(digits string) string {
	out := digits[:2]
	for at := 2; at < len(digits); at += 2 {
		out += ":" + digits[at:at+2]
	}
	return out
}

func apiScopes(pairs ...string) []any {
	out := []any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, object{"value": pairs[i], "description": pairs[i+1]})
	}
	return out
}

func (t *Tenant) seedAPIs() {
	for _, body := range []object{
		{
			"name": "Orders API", "identifier": "https://api.harbourlight.example/orders", "allow_offline_access": true,
			"scopes": apiScopes("read:orders", "Read orders", "create:orders", "Place orders", "update:orders",
				"Change orders", "delete:orders", "Cancel orders"),
			"token_lifetime": number(7200), "enforce_policies": true, "token_dialect": "access_token_authz",
		},
		{
			"name": "Catalogue API", "identifier": "https://api.harbourlight.example/catalogue/",
			"scopes":      apiScopes("read:books", "Read the catalogue", "update:books", "Change the catalogue"),
			"signing_alg": "RS256",
		},
		{
			// An identifier need not be an address.
			"name": "Legacy Warehouse", "identifier": "urn:harbourlight:warehouse", "signing_alg": "HS256",
			"scopes":                 apiScopes("read:stock", "Read stock levels", "write:stock", "Change stock levels"),
			"token_lifetime":         number(600),
			"token_lifetime_for_web": number(600),
		},
		{
			"name": "Payments API", "identifier": "https://payments.harbourlight.example", "signing_alg": "PS256",
			"scopes":                apiScopes("create:payments", "Take payments", "refund:payments", "Pay back"),
			"consent_policy":        "transactional-authorization-with-mfa",
			"authorization_details": []any{object{"type": "payment"}},
			"token_dialect":         "rfc9068_profile", // #nosec G101 -- a dialect's name, not a credential
			"proof_of_possession":   object{"mechanism": "dpop", "required": true, "required_for": "all_clients"},
		},
		{
			"name": "Recommendations", "identifier": "recommendations", "scopes": []any{},
			"skip_consent_for_verifiable_first_party_clients": true,
		},
		{
			"name": "Reports (unused)", "identifier": "https://reports.harbourlight.example/api?v=1&team=all",
			"subject_type_authorization": object{"client": object{"policy": "deny_all"}, "user": object{"policy": "deny_all"}},
		},
	} {
		t.apis.add(t.newAPI(body))
	}
}

func (t *Tenant) seedGrants(apps map[string]object) {
	for _, grant := range []struct {
		app, audience, subject string
		scopes                 []string
	}{
		{"orders", "https://api.harbourlight.example/orders", "client", []string{"read:orders", "create:orders"}},
		{"orders", "urn:harbourlight:warehouse", "client", []string{"read:stock"}},
		{"stock", "urn:harbourlight:warehouse", "client", []string{"read:stock", "write:stock"}},
		{"stock", "https://api.harbourlight.example/catalogue/", "client", []string{"read:books"}},
		{"shop", "https://payments.harbourlight.example", "client", []string{"create:payments"}},
		{"partner", "https://api.harbourlight.example/catalogue/", "user", []string{"read:books"}},
		{"deploy", t.Audience(), "client", []string{
			"read:clients", "create:clients", "update:clients", "read:resource_servers", "update:resource_servers",
			"read:actions", "update:actions", "read:forms", "update:forms", "read:logs",
		}},
	} {
		t.grants.add(object{
			"id": "cgr_" + t.randomText(alphanumeric, 16), "client_id": apps[grant.app]["client_id"], "audience": grant.audience,
			"scope": stringList(grant.scopes...), "subject_type": grant.subject,
		})
	}
}

// daysAgo is a time before the tenant was made.
func (t *Tenant) daysAgo(days int) time.Time {
	return t.now().Add(-time.Duration(days) * 24 * time.Hour)
}
