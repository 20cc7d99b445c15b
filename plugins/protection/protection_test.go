package protection

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

func TestAttackProtection(t *testing.T) {
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_update_brute_force_protection", Arguments: `{"max_attempts":7,"allowlist":["203.0.113.0/24"]}`,
			Sent: []string{`PATCH /attack-protection/brute-force-protection ` +
				`{"max_attempts":7,"allowlist":["203.0.113.0/24"]}`},
			Answer: []string{`"max_attempts":7`}},
		{Tool: "auth0_update_bot_detection", Arguments: `{"bot_detection_level":"high"}`,
			Answer: []string{`"bot_detection_level":"high"`}},
		{Tool: "auth0_update_breached_password_detection", Arguments: `{"enabled":true,"shields":["block"]}`,
			Answer: []string{`"block"`}},
		{Tool: "auth0_update_suspicious_ip_throttling", Arguments: `{"enabled":true}`, Answer: []string{`"enabled":true`}},
		{Tool: "auth0_update_bot_detection", Arguments: `{}`, Failure: "nothing to update", Sent: []string{}},
		{Tool: "auth0_update_captcha",
			Arguments: `{"active_provider_id":"hcaptcha","hcaptcha":{"site_key":"s1","secret":"s3cr3t-0123456789"}}`,
			Sent: []string{`PATCH /attack-protection/captcha {"active_provider_id":"hcaptcha",` +
				`"hcaptcha":{"site_key":"s1","secret":"s3cr3t-0123456789"}}`}, Answer: []string{`"site_key":"s1"`}},
		{Tool: "auth0_update_captcha", Arguments: `{}`, Failure: "nothing to update", Sent: []string{}},
		{Tool: "auth0_update_phone_protection", Arguments: `{"type":"default"}`, Answer: []string{`"type":"default"`}},
		{Tool: "auth0_get_attack_protection", Arguments: `{}`, Answer: []string{`"brute-force-protection":{`,
			`"max_attempts":7`, `"203.0.113.0/24"`, `"captcha":{`, `"phone-provider-protection":{"type":"default"}`}},
	})
}

func TestMFA(t *testing.T) {
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_set_mfa_factor", Arguments: `{"factor":"otp","enabled":true}`,
			Sent: []string{`PUT /guardian/factors/otp {"enabled":true}`}, Answer: []string{`"enabled":true`}},
		{Tool: "auth0_set_mfa_policy", Arguments: `{"policy":"confidence-score"}`,
			Sent: []string{`PUT /guardian/policies ["confidence-score"]`}, Answer: []string{`"policies":["confidence-score"]`}},
		{Tool: "auth0_set_mfa_policy", Arguments: `{"policy":"never"}`, Sent: []string{`PUT /guardian/policies []`},
			Answer: []string{`"policies":[]`}},
		{Tool: "auth0_get_mfa", Arguments: `{}`, Answer: []string{`"name":"otp"`, `"policies":[]`}},
	})
}

func TestNetworkACLs(t *testing.T) {
	const odd = `a|b #EXT#/c`
	const rule = `{"action":{"block":true},"match":{"geo_country_codes":["KP"]},"scope":"tenant"}`
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), []sdktest.Step{
		{Tool: "auth0_create_network_acl",
			Arguments: `{"description":"` + odd + `","active":true,"priority":7,"rule":` + rule + `}`,
			Sent:      []string{`POST /network-acls {"description":"` + odd + `","active":true,"priority":7,"rule":` + rule + `}`}},
		{Tool: "auth0_list_network_acls", Arguments: `{}`, Answer: []string{odd}},
		{Tool: "auth0_get_network_acl", Arguments: `{"id":"` + odd + `"}`, Answer: []string{`"priority":7`}},
		{Tool: "auth0_update_network_acl", Arguments: `{"id":"` + odd + `","active":false}`, Answer: []string{`"active":false`}},
		{Tool: "auth0_delete_network_acl", Arguments: `{"id":"` + odd + `"}`, Answer: []string{`"result":"deleted"`, odd}},
		{Tool: "auth0_delete_network_acl", Arguments: `{"id":"` + odd + `"}`, Failure: "no network ACL has the id or the name"},
	})
}
