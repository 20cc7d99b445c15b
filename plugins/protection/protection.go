// Package protection is the plugin for what protects a tenant's logins: attack protection, multi-factor authentication
// and network access lists.
package protection

import (
	"context"
	_ "embed"
	"encoding/json"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// The schemas are all that the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_update_bot_detection.json
	botDetection []byte
	//go:embed schemas/auth0_update_breached_password_detection.json
	breachedPasswords []byte
	//go:embed schemas/auth0_update_brute_force_protection.json
	bruteForce []byte
	//go:embed schemas/auth0_update_suspicious_ip_throttling.json
	suspiciousIPs []byte
	//go:embed schemas/auth0_update_captcha.json
	captcha []byte
	//go:embed schemas/auth0_create_network_acl.json
	createACL []byte
	//go:embed schemas/auth0_update_network_acl.json
	updateACL []byte
)

// Plugin is the protection plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{Name: "protection", Version: "0.1.0",
		Display: sdk.Display{Description: "Attack protection, multi-factor authentication, network ACLs."},
		Tools:   resource.Tools(slices.Concat(attackTools(), mfaTools(), aclTools())...)}
}

const (
	attackPath = "/api/v2/attack-protection/"
	// phoneProtection is a shield that not every tenant has.
	phoneProtection = "phone-provider-protection"
)

// shields are the parts of attack protection, by the last segment of their paths.
func shields() []string {
	return []string{"bot-detection", "breached-password-detection", "brute-force-protection",
		"suspicious-ip-throttling", "captcha", phoneProtection}
}

func attackTools() []resource.Tool {
	read, write := []string{"read:attack_protection"}, []string{"update:attack_protection"}
	settings := resource.Collection{Untrusted: []string{"allowlist"}}
	all := make([]string, len(shields()))
	for i, shield := range shields() {
		all[i] = "GET " + attackPath + shield
	}
	return []resource.Tool{
		{
			Name: "auth0_get_attack_protection", Title: "Get attack protection",
			Description: "Attack protection: bots, breached passwords, brute force, suspicious IPs, CAPTCHA, phone messages.",
			Operation:   all[0], Also: all[1:], Scopes: read, Run: attackProtection,
			Of: resource.Collection{Untrusted: []string{"bot-detection.allowlist", "brute-force-protection.allowlist",
				"suspicious-ip-throttling.allowlist"}},
		},
		{
			Name: "auth0_update_bot_detection", Title: "Update bot detection",
			Description: "Change when a login has to solve a CAPTCHA.",
			Operation:   "PATCH " + attackPath + shields()[0], Scopes: write, Of: settings, Body: botDetection,
		},
		{
			Name: "auth0_update_breached_password_detection", Title: "Update breached password detection",
			Description: "Change what happens to logins with a password that is known from a breach.",
			Operation:   "PATCH " + attackPath + shields()[1], Scopes: write, Of: settings, Body: breachedPasswords,
		},
		{
			Name: "auth0_update_brute_force_protection", Title: "Update brute-force protection",
			Description: "Change what happens after many failed logins to one account.",
			Operation:   "PATCH " + attackPath + shields()[2], Scopes: write, Of: settings, Body: bruteForce,
		},
		{
			Name: "auth0_update_suspicious_ip_throttling", Title: "Update suspicious IP throttling",
			Description: "Change what happens after many failed logins or sign-ups from one IP address.",
			Operation:   "PATCH " + attackPath + shields()[3], Scopes: write, Of: settings, Body: suspiciousIPs,
		},
		{
			Name: "auth0_update_captcha", Title: "Update CAPTCHA",
			Description: "Choose the CAPTCHA that bot detection shows; others than Auth0's need keys.",
			Operation:   "PATCH " + attackPath + shields()[4], Scopes: write, Of: settings, Body: captcha,
		},
		{
			Name: "auth0_update_phone_protection", Title: "Update phone protection",
			Description: "Choose how fast one user can have messages sent again.",
			Operation:   "PATCH " + attackPath + phoneProtection, Scopes: write, Of: settings,
			Args: []resource.Arg{resource.Choice("type", "exponential: each takes longer.", "exponential", "default").
				Required()},
		},
	}
}

// attackProtection answers the settings by shield. All need the same scope: what is refused after others were read, the
// tenant does not have.
func attackProtection(ctx context.Context, r *resource.Request) (any, error) {
	var all sdk.Object
	for _, shield := range shields() {
		var settings json.RawMessage
		err := r.Call.Get(ctx, &settings, "attack-protection", shield)
		if shield == phoneProtection && (resource.Absent(err) || resource.Forbidden(err)) {
			continue
		}
		if err == nil {
			all, err = all.With(shield, settings)
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func mfaTools() []resource.Tool {
	factor := resource.Choice("factor", "", "push-notification", "sms", "email", "duo", "otp", "webauthn-roaming",
		"webauthn-platform", "recovery-code")
	return []resource.Tool{
		{
			Name: "auth0_get_mfa", Title: "Get MFA",
			Description: "The factors of multi-factor authentication and the policies that ask for one.",
			Operation:   "GET /api/v2/guardian/factors", Also: []string{"GET /api/v2/guardian/policies"},
			Scopes: []string{"read:guardian_factors", "read:mfa_policies"}, Run: mfa,
			Of: resource.Collection{Untrusted: []string{"note"}},
		},
		{
			Name: "auth0_set_mfa_factor", Title: "Set MFA factor",
			Description: "Turn a factor on or off. Users who have only a factor that is off cannot use it any more.",
			Operation:   "PUT /api/v2/guardian/factors/{factor}", Scopes: []string{"update:guardian_factors"},
			Of:   resource.Collection{Untrusted: []string{"note"}},
			Args: []resource.Arg{factor, resource.Flag("enabled", "").Required()},
		},
		{
			Name: "auth0_set_mfa_policy", Title: "Set MFA policy",
			Description: "Choose when MFA is asked for. never: an Action may still ask for it.",
			Operation:   "PUT /api/v2/guardian/policies", Scopes: []string{"update:mfa_policies"}, Run: setPolicy,
			Of: resource.Collection{Untrusted: []string{"note"}},
			Args: []resource.Arg{resource.Choice("policy", "confidence-score: only if the login seems risky.",
				"never", "all-applications", "confidence-score").Required()},
		},
	}
}

// mfa answers factors and policies together: neither says alone whether MFA is in use.
func mfa(ctx context.Context, r *resource.Request) (any, error) {
	var answer struct {
		Factors  []sdk.Object `json:"factors"`
		Policies []string     `json:"policies"`
	}
	if err := r.Call.Get(ctx, &answer.Factors, "guardian", "factors"); err != nil {
		return nil, err
	}
	err := r.Call.Get(ctx, &answer.Policies, "guardian", "policies")
	return answer, err
}

// setPolicy sends the policies as the API takes them: a list, which is empty for never.
func setPolicy(ctx context.Context, r *resource.Request) (any, error) {
	policies := []string{}
	if policy := r.Text("policy"); policy != "never" {
		policies = append(policies, policy)
	}
	var answer struct {
		Policies []string `json:"policies"`
	}
	err := r.Send(ctx, "PUT /api/v2/guardian/policies", nil, &answer.Policies, policies)
	return answer, err
}

func aclTools() []resource.Tool {
	acls := resource.Collection{Path: []string{"network-acls"}, Items: "network_acls", What: "network ACL",
		Name: "description", Key: "Id or exact description.", Untrusted: []string{"description", "rule"}}
	acl, read := resource.Ref("id", acls), []string{"read:network_acls"}
	return []resource.Tool{
		{
			Name: "auth0_list_network_acls", Title: "List network ACLs",
			Description: "Rules that block, allow or redirect requests by IP address, country, user agent.",
			Operation:   "GET /api/v2/network-acls", Scopes: read, Of: acls,
		},
		{
			Name: "auth0_get_network_acl", Title: "Get network ACL", Description: "One network ACL.",
			Operation: "GET /api/v2/network-acls/{id}", Scopes: read, Of: acls, Args: []resource.Arg{acl},
		},
		{
			Name: "auth0_create_network_acl", Title: "Create network ACL",
			Description: "Create a network ACL. Begin with the action log, which blocks nobody.",
			Operation:   "POST /api/v2/network-acls", Scopes: []string{"create:network_acls"}, Of: acls, Body: createACL,
		},
		{
			Name: "auth0_update_network_acl", Title: "Update network ACL",
			Description: "Change a network ACL; rule is replaced whole.",
			Operation:   "PATCH /api/v2/network-acls/{id}", Scopes: []string{"update:network_acls"}, Of: acls,
			Args: []resource.Arg{acl}, Body: updateACL,
		},
		{
			Name: "auth0_delete_network_acl", Title: "Delete network ACL", Description: "Delete a network ACL.",
			Operation: "DELETE /api/v2/network-acls/{id}", Scopes: []string{"delete:network_acls"},
			Args: []resource.Arg{acl},
		},
	}
}
