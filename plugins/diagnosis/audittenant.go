package diagnosis

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// sources are all that an audit looks at.
func sources() []source {
	return slices.Concat([]source{applicationSource(), credentialSource(), apiSource(), grantSource(), connectionSource(),
		actionSource()}, protectionSources(), []source{mfaSource(), tenantSource(), domainSource(), streamSource(),
		keySource(), emailSource(), ruleSource()})
}

// setting is a source of one object.
func setting(kind, scope string, path []string, remedy func(set map[string]any) fix, checks ...check) source {
	return source{kind: kind, checks: checks,
		load: func(a *audit, ctx context.Context) ([]sdk.Object, state) {
			return a.one(ctx, resource{what: kind, scope: scope, path: path})
		},
		remedy: func(_ sdk.Object, set map[string]any) fix { return remedy(set) }}
}

func off(id string, s severity, problem string) check {
	return check{id: id, severity: s, problem: problem, remedy: "Enable it.", set: map[string]any{"enabled": true},
		test: func(_ *audit, o sdk.Object) []evidence { return is(isFalse(o, "enabled"), "enabled", false) }}
}

// watches is that a protection is on and blocks nothing.
func watches(id string) check {
	return check{id: id, severity: medium, problem: "The protection notices attacks and does not block them.",
		remedy: "Add block to shields.",
		test: func(_ *audit, o sdk.Object) []evidence {
			shields := texts(o, "shields")
			return is(isTrue(o, "enabled") && !has(shields, "block"), "shields", append([]string{}, shields...))
		}}
}

func protectionSources() []source {
	of := func(kind, name string, checks ...check) source {
		return setting(kind, "read:attack_protection", []string{"attack-protection", name},
			func(set map[string]any) fix {
				return withArguments("auth0_update_"+strings.ReplaceAll(name, "-", "_"), map[string]any{}, set)
			}, checks...)
	}
	return []source{
		of("brute-force protection", "brute-force-protection",
			off("brute_force_protection_off", high, "Passwords of a user can be guessed without a limit."),
			watches("brute_force_protection_watches")),
		of("suspicious IP throttling", "suspicious-ip-throttling",
			off("suspicious_ip_throttling_off", high, "One address can try any number of accounts."),
			watches("suspicious_ip_throttling_watches")),
		of("breached password detection", "breached-password-detection",
			off("breached_password_detection_off", medium, "Passwords that are known from breaches of other services work."),
			watches("breached_password_detection_watches")),
		of("bot detection", "bot-detection",
			check{id: "bot_detection_off", severity: medium, problem: "Programs can log in without a challenge.",
				remedy: "Challenge risky logins.", set: map[string]any{"challenge_password_policy": "when_risky"},
				test: func(_ *audit, o sdk.Object) []evidence {
					policy := o.Text("challenge_password_policy")
					return is(policy == "never", "challenge_password_policy", policy)
				}},
			check{id: "bot_detection_watches", severity: low, problem: "Bot detection notices bots and does not stop them.",
				remedy: "End the monitoring mode.", set: map[string]any{"monitoring_mode_enabled": false},
				test: func(_ *audit, o sdk.Object) []evidence {
					return is(isTrue(o, "monitoring_mode_enabled"), "monitoring_mode_enabled", true)
				}}),
	}
}

// mfaSource has the tenant's policies and factors as one object.
func mfaSource() source {
	return source{kind: "multi-factor authentication",
		load: func(a *audit, ctx context.Context) ([]sdk.Object, state) {
			var policies []string
			first := a.tenant.into(ctx, resource{what: "MFA policies", scope: "read:mfa_policies",
				path: []string{"guardian", "policies"}}, &policies)
			factors, second := a.many(ctx, resource{what: "MFA factors", scope: "read:guardian_factors",
				path: []string{"guardian", "factors"}})
			if first != found || second != found {
				return nil, unread
			}
			enabled := []string{}
			for _, f := range factors {
				if isTrue(f, "enabled") {
					enabled = append(enabled, f.Text("name"))
				}
			}
			o, err := objectOf(map[string]any{"policies": append([]string{}, policies...), "factors": enabled})
			if err != nil {
				a.tenant.err = err
			}
			return []sdk.Object{o}, found
		},
		remedy: func(sdk.Object, map[string]any) fix {
			return use("", "auth0_set_mfa_policy", map[string]any{})
		},
		checks: []check{
			{id: "mfa_no_factor", severity: high, problem: "No factor is enabled: no user can use a second one.",
				remedy: "Enable a factor, such as one-time codes or WebAuthn, with auth0_set_mfa_factor.",
				test: func(_ *audit, o sdk.Object) []evidence {
					return is(len(texts(o, "factors")) == 0, "factors", []string{})
				}},
			{id: "mfa_not_required", severity: medium,
				problem: "No policy asks for a second factor. An Action may still do so.",
				remedy:  "Set the policy all-applications or confidence-score.",
				test: func(_ *audit, o sdk.Object) []evidence {
					return is(len(texts(o, "policies")) == 0, "policies", []string{})
				}},
		}}
}

// How long a session is long, in hours: 30 days, and 7 without use.
const longSession, longIdleSession = 720, 168

func tenantSource() source {
	flag := func(id string, s severity, flag, problem, remedy string) check {
		return check{id: id, severity: s, problem: problem, remedy: remedy,
			set: map[string]any{"flags": map[string]any{flag: false}},
			test: func(_ *audit, o sdk.Object) []evidence {
				return is(isTrue(o, "flags", flag), "flags."+flag, true)
			}}
	}
	longer := func(id, name string, limit int) check {
		return check{id: id, severity: medium, problem: "Users stay logged in for very long, on devices that others use too.",
			remedy: "Shorten it; it counts hours.", set: map[string]any{name: limit},
			test: func(_ *audit, o sdk.Object) []evidence {
				return is(number(o, name) > float64(limit), name, number(o, name))
			}}
	}
	return setting("tenant settings", "read:tenant_settings", []string{"tenants", "settings"},
		func(set map[string]any) fix { return use("", "auth0_update_tenant_settings", maps.Clone(set)) },
		longer("session_long", "session_lifetime", longSession),
		longer("idle_session_long", "idle_session_lifetime", longIdleSession),
		flag("open_client_registration", medium, "enable_dynamic_client_registration",
			"Anyone can register applications in the tenant.", "Disable it, unless it is meant."),
		flag("clickjacking_protection_off", medium, "disable_clickjack_protection_headers",
			"Pages of others can show the login page inside of theirs.", "Send the headers."),
		flag("legacy_password_endpoint", medium, "allow_legacy_ro_grant_types",
			"The legacy password endpoint is open, which goes around multi-factor authentication.", "Close it."),
		flag("signup_tells_users", low, "enable_public_signup_user_exists_error",
			"Signing up tells which email addresses have an account.", "Answer the same for all."),
	)
}

func domainSource() source {
	return source{kind: "custom domain", id: "custom_domain_id", name: "domain",
		load: func(a *audit, ctx context.Context) ([]sdk.Object, state) {
			return a.many(ctx, resource{what: "custom domains", scope: "read:custom_domains", path: []string{"custom-domains"}})
		},
		remedy: func(o sdk.Object, _ map[string]any) fix {
			return use("", "auth0_verify_custom_domain", map[string]any{"domain": o.Text("domain")})
		},
		checks: []check{
			{id: "domain_not_verified", severity: medium,
				problem: "The custom domain is not verified: users cannot log in there, and its DNS record may be dangling.",
				remedy:  "Complete the DNS records and verify it, or delete it.",
				test: func(_ *audit, o sdk.Object) []evidence {
					return is(o.Text("status") != "ready", "status", o.Text("status"))
				}},
			{id: "domain_certificate", severity: high,
				problem: "The custom domain's certificate could not be renewed: browsers refuse it when it expires.",
				remedy:  "Correct the domain's CAA and CNAME records, then verify it.",
				test: func(_ *audit, o sdk.Object) []evidence {
					status := value[string](o, "certificate", "status")
					return is(status == "renewing_failed", "certificate.status", status)
				}},
		}}
}

func streamSource() source {
	return source{kind: "log streams",
		load: func(a *audit, ctx context.Context) ([]sdk.Object, state) {
			streams, read := a.many(ctx, resource{what: "log streams", scope: "read:log_streams", path: []string{"log-streams"}})
			if read != found {
				return nil, read
			}
			statuses := []string{}
			for _, s := range streams {
				statuses = append(statuses, s.Text("status"))
			}
			o, err := objectOf(map[string]any{"statuses": statuses})
			if err != nil {
				a.tenant.err = err
			}
			return []sdk.Object{o}, found
		},
		remedy: func(sdk.Object, map[string]any) fix {
			return use("", "auth0_create_log_stream", map[string]any{})
		},
		checks: []check{{id: "log_stream_missing", severity: medium,
			problem: "No log stream is active: events are gone after the retention time, and no one else is told of attacks.",
			remedy:  "Stream the log to where it is kept and watched.",
			test: func(_ *audit, o sdk.Object) []evidence {
				return is(!has(texts(o, "statuses"), "active"), "statuses", append([]string{}, texts(o, "statuses")...))
			}}}}
}

// oldKey is when a signing key should have been rotated.
const oldKey = 365 * 24 * time.Hour

func keySource() source {
	return source{kind: "signing key", id: "kid", name: "kid",
		load: func(a *audit, ctx context.Context) ([]sdk.Object, state) {
			return a.many(ctx, resource{what: "signing keys", scope: "read:signing_keys", path: []string{"keys", "signing"}})
		},
		remedy: func(sdk.Object, map[string]any) fix {
			return use("", "auth0_rotate_signing_key", map[string]any{})
		},
		checks: []check{{id: "signing_key_old", severity: low,
			problem: "Tokens have been signed with the same key for more than a year.",
			remedy:  "Rotate it: applications and APIs that read the tenant's keys follow by themselves.",
			test: func(_ *audit, o sdk.Object) []evidence {
				since, err := time.Parse(time.RFC3339, o.Text("current_since"))
				return is(isTrue(o, "current") && err == nil && time.Since(since) > oldKey, "current_since",
					o.Text("current_since"))
			}}}}
}

func emailSource() source {
	return source{kind: "email provider",
		load: func(a *audit, ctx context.Context) ([]sdk.Object, state) {
			all, read := a.one(ctx, resource{what: "email provider", scope: "read:email_provider",
				path: []string{"emails", "provider"}})
			if read == absent {
				return []sdk.Object{nil}, found // its absence is what is checked
			}
			return all, read
		},
		remedy: func(sdk.Object, map[string]any) fix {
			return use("", "auth0_set_email_provider", nil)
		},
		checks: []check{{id: "email_provider_missing", severity: low,
			problem: "Emails are sent by Auth0's provider for tests: few, and not from your domain.",
			remedy:  "Configure a provider of your own.",
			test: func(_ *audit, o sdk.Object) []evidence {
				return is(o == nil || isFalse(o, "enabled"), "name", o.Text("name"))
			}}}}
}

func ruleSource() source {
	return source{kind: "rule", id: "id", name: "name",
		load: func(a *audit, ctx context.Context) ([]sdk.Object, state) {
			return a.many(ctx, resource{what: "rules", scope: "read:rules", path: []string{"rules"}})
		},
		remedy: func(o sdk.Object, _ map[string]any) fix {
			return operation("", writeTool, "PATCH /api/v2/rules/{id}", map[string]any{"id": o.Text("id")}, nil)
		},
		checks: []check{{id: "legacy_rule", severity: low,
			problem: "The login still runs a rule: rules are deprecated and run on an old version of Node.js.",
			remedy:  "Move it to an Action, then disable the rule.",
			test: func(_ *audit, o sdk.Object) []evidence {
				return is(isTrue(o, "enabled"), "enabled", true)
			}}}}
}
