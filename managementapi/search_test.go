package managementapi

import (
	"slices"
	"strings"
	"testing"
)

func TestSearchFindsEachOperationByItsSummary(t *testing.T) {
	summaries := map[string]string{}
	for o := range All() {
		if o.Summary == "" || len(o.Summary) > 100 || strings.ContainsAny(o.Summary, "\n\t") {
			t.Errorf("%s: summary %q", o.Name(), o.Summary)
		}
		if other := summaries[o.Summary]; other != "" {
			t.Errorf("%s and %s: both %q", o.Name(), other, o.Summary)
		}
		summaries[o.Summary] = o.Name()
		if found := Search(o.Summary, nil); len(found) == 0 || found[0] != o {
			t.Errorf("%q finds %s first, not %s", o.Summary, names(found, 1), o.Name())
		}
		if found := Search(o.Name(), nil); len(found) == 0 || !slices.Contains(found[:min(len(found), 10)], o) {
			t.Errorf("%q finds %s", o.Name(), names(found, 10))
		}
	}
}

func names(operations []*Operation, most int) string {
	var out []string
	for _, o := range operations[:min(len(operations), most)] {
		out = append(out, o.Name())
	}
	return strings.Join(out, ", ")
}

// What users ask for, in their words: the operation is among the first three.
func TestSearchFindsWhatUsersAskFor(t *testing.T) {
	for query, want := range map[string]string{
		"reset mfa":                              "DELETE /api/v2/users/{id}/authentication-methods",
		"reset a user's MFA, lost phone":         "DELETE /api/v2/users/{id}/authentication-methods",
		"block a user":                           "PATCH /api/v2/users/{id}",
		"suspend an account":                     "PATCH /api/v2/users/{id}",
		"unblock a user":                         "DELETE /api/v2/user-blocks/{id}",
		"user is locked out":                     "DELETE /api/v2/user-blocks/{id}",
		"unblock an IP":                          "DELETE /api/v2/anomaly/blocks/ips/{id}",
		"magic link":                             "POST /api/v2/connections",
		"add a SAML connection":                  "POST /api/v2/connections",
		"SAML":                                   "POST /api/v2/connections",
		"enable Google login":                    "POST /api/v2/connections",
		"change password policy":                 "PATCH /api/v2/connections/{id}",
		"send a password reset link":             "POST /api/v2/tickets/password-change",
		"forgot password":                        "POST /api/v2/tickets/password-change",
		"resend verification email":              "POST /api/v2/jobs/verification-email",
		"mark an email as verified":              "PATCH /api/v2/users/{id}",
		"find a user by email":                   "GET /api/v2/users-by-email",
		"search users":                           "GET /api/v2/users",
		"delete an account, GDPR":                "DELETE /api/v2/users/{id}",
		"log a user out everywhere":              "POST /api/v2/users/{id}/revoke-access",
		"link two accounts":                      "POST /api/v2/users/{id}/identities",
		"make someone an admin":                  "POST /api/v2/users/{id}/roles",
		"who has this role":                      "GET /api/v2/roles/{id}/users",
		"which permissions does a user have":     "GET /api/v2/users/{id}/permissions",
		"why did a login fail":                   "GET /api/v2/logs",
		"audit log":                              "GET /api/v2/logs",
		"who changed this":                       "GET /api/v2/logs",
		"user can't log in":                      "GET /api/v2/users/{id}/logs",
		"unlock account":                         "DELETE /api/v2/user-blocks/{id}",
		"wipe sessions":                          "DELETE /api/v2/users/{user_id}/sessions",
		"force logout":                           "POST /api/v2/users/{id}/revoke-access",
		"rotate keys":                            "POST /api/v2/keys/signing/rotate",
		"enterprise connection SAML certificate": "POST /api/v2/connections/{id}/keys/rotate",
		"custom domain certificate":              "GET /api/v2/custom-domains",
		"invite to org":                          "POST /api/v2/organizations/{id}/invitations",
		"export users":                           "POST /api/v2/jobs/users-exports",
		"what did this user do":                  "GET /api/v2/users/{id}/logs",
		"stream logs to Datadog":                 "POST /api/v2/log-streams",
		"rotate client secret":                   "POST /api/v2/clients/{id}/rotate-secret",
		"leaked client secret":                   "POST /api/v2/clients/{id}/rotate-secret",
		"add a callback URL":                     "PATCH /api/v2/clients/{id}",
		"register a new app":                     "POST /api/v2/clients",
		"let a machine-to-machine app call API":  "POST /api/v2/client-grants",
		"add a scope to an API":                  "PATCH /api/v2/resource-servers/{id}",
		"access token lifetime of an API":        "PATCH /api/v2/resource-servers/{id}",
		"rotate the signing key":                 "POST /api/v2/keys/signing/rotate",
		"custom domain":                          "GET /api/v2/custom-domains",
		"verify custom domain":                   "POST /api/v2/custom-domains/{id}/verify",
		"configure SMTP":                         "POST /api/v2/emails/provider",
		"change the welcome email":               "PATCH /api/v2/email-templates/{templateName}",
		"change the logo on the login page":      "PATCH /api/v2/branding",
		"translate the login page":               "PUT /api/v2/prompts/{prompt}/custom-text/{language}",
		"invite someone to an organization":      "POST /api/v2/organizations/{id}/invitations",
		"remove a member from an organization":   "DELETE /api/v2/organizations/{id}/members",
		"require MFA for everyone":               "PUT /api/v2/guardian/policies",
		"turn on SMS MFA":                        "PUT /api/v2/guardian/factors/{name}",
		"bulk import users":                      "POST /api/v2/jobs/users-imports",
		"export all users to CSV":                "POST /api/v2/jobs/users-exports",
		"how many users logged in this month":    "GET /api/v2/stats/active-users",
		"session timeout":                        "PATCH /api/v2/tenants/settings",
		"run code after login":                   "PATCH /api/v2/actions/triggers/{triggerId}/bindings",
		"publish an action":                      "POST /api/v2/actions/actions/{id}/deploy",
		"roll back an action":                    "POST /api/v2/actions/actions/{actionId}/versions/{id}/deploy",
		"block a country":                        "POST /api/v2/network-acls",
		"block leaked passwords":                 "PATCH /api/v2/attack-protection/breached-password-detection",
		"brute force protection":                 "GET /api/v2/attack-protection/brute-force-protection",
		"SCIM token":                             "POST /api/v2/connections/{id}/scim-configuration/tokens",
		"let customer set up their own SSO":      "POST /api/v2/self-service-profiles/{id}/sso-ticket",
		"withdraw consent to third-party app":    "DELETE /api/v2/grants/{id}",
		"delete a passkey":                       "DELETE /api/v2/users/{id}/authentication-methods/{authentication_method_id}",
		"revoke a refresh token":                 "DELETE /api/v2/refresh-tokens/{id}",
		"where is the user signed in":            "GET /api/v2/users/{user_id}/sessions",
	} {
		found := Search(query, nil)
		if !slices.ContainsFunc(found[:min(len(found), 3)], func(o *Operation) bool { return o.Name() == want }) {
			at := slices.IndexFunc(found, func(o *Operation) bool { return o.Name() == want })
			t.Errorf("%q finds %s; %s is number %d", query, names(found, 3), want, at+1)
		}
	}
}

func TestSearchIsTheSameEachTimeAndKeepsWhatIsAsked(t *testing.T) {
	first := names(Search("delete user role organization", nil), 500)
	for range 5 {
		if again := names(Search("delete user role organization", nil), 500); again != first {
			t.Fatalf("%s\n%s", first, again)
		}
	}
	for _, o := range Search("user", func(o *Operation) bool { return o.Effect == Destroy }) {
		if o.Effect != Destroy {
			t.Errorf("%s is kept", o.Name())
		}
	}
	for _, query := range []string{"", "the", "…", "zzzz"} {
		if found := Search(query, nil); len(found) > 0 {
			t.Errorf("%q finds %s", query, names(found, 3))
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, query := range []string{"reset mfa", "GET /api/v2/clients/{id}", "ÄÖ ü\x00", "s ss sss eeee inging"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		found := Search(query, nil)
		if !slices.Equal(found, Search(query, nil)) {
			t.Errorf("%q has two answers", query)
		}
	})
}
