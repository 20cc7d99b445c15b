// Package diagnosis is the plugin that finds out why logins fail, and which settings of a tenant are weak.
package diagnosis

import (
	"context"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// Plugin is the diagnosis plugin. Its tools read only.
func Plugin() sdk.Plugin {
	return sdk.Plugin{Name: "diagnosis", Version: "0.1.0",
		Display: sdk.Display{Description: "Why a login fails, and which settings of the tenant are weak."},
		Tools: []sdk.Tool{
			sdk.NewTool("auth0_diagnose_login", sdk.Read,
				"Why a user, application or address cannot log in: causes ranked, with evidence and the call that fixes each.",
				diagnose, sdk.OutputSchema(diagnosisShape), sdk.Title("Diagnose logins"), sdk.Idempotent(),
				sdk.Scopes("read:logs", "read:users", "read:authentication_methods", "read:clients", "read:connections",
					"read:organizations",
					"read:organization_connections", "read:client_grants", "read:resource_servers", "read:actions",
					"read:mfa_policies", "read:anomaly_blocks", "read:custom_domains"),
				sdk.Paths("GET /api/v2/logs", "GET /api/v2/users", "GET /api/v2/users/{id}", "GET /api/v2/users-by-email",
					"GET /api/v2/users/{id}/authentication-methods", "GET /api/v2/users/{id}/enrollments",
					"GET /api/v2/users/{id}/organizations", "GET /api/v2/user-blocks/{id}", "GET /api/v2/anomaly/blocks/ips/{id}",
					"GET /api/v2/clients", "GET /api/v2/clients/{id}", "GET /api/v2/client-grants",
					"GET /api/v2/resource-servers/{id}", "GET /api/v2/connections/{id}", "GET /api/v2/connections/{id}/clients",
					"GET /api/v2/organizations/{id}/connections/{connection_id}", "GET /api/v2/guardian/policies",
					"GET /api/v2/actions/executions/{id}", "GET /api/v2/actions/actions",
					"GET /api/v2/actions/triggers/{trigger}/bindings", "GET /api/v2/custom-domains"),
				sdk.Untrusted("verdict.sentence", "causes[].sentence", "causes[].evidence", "causes[].fix", "subject")),
			sdk.NewTool("auth0_audit_tenant", sdk.Read,
				"Weak settings of the tenant by severity: URLs, grants, tokens, attack protection, MFA. With proof and remedy.",
				auditTenant, sdk.OutputSchema(sdk.PageSchema("findings", findingShape)), sdk.Title("Audit tenant"),
				sdk.Idempotent(),
				sdk.Scopes("read:clients", "read:client_credentials", "read:resource_servers", "read:client_grants",
					"read:connections", "read:actions", "read:attack_protection", "read:mfa_policies", "read:guardian_factors",
					"read:tenant_settings", "read:custom_domains", "read:log_streams", "read:signing_keys", "read:email_provider",
					"read:rules"),
				sdk.Paths("GET /api/v2/clients", "GET /api/v2/clients/{client_id}/credentials", "GET /api/v2/resource-servers",
					"GET /api/v2/client-grants", "GET /api/v2/connections", "GET /api/v2/actions/actions",
					"GET /api/v2/attack-protection/brute-force-protection", "GET /api/v2/attack-protection/suspicious-ip-throttling",
					"GET /api/v2/attack-protection/breached-password-detection", "GET /api/v2/attack-protection/bot-detection",
					"GET /api/v2/guardian/policies", "GET /api/v2/guardian/factors",
					"GET /api/v2/tenants/settings", "GET /api/v2/custom-domains", "GET /api/v2/log-streams",
					"GET /api/v2/keys/signing", "GET /api/v2/emails/provider", "GET /api/v2/rules"),
				sdk.Untrusted("findings[].object", "findings[].evidence", "findings[].remedy.arguments")),
		}}
}

// What every answer says: other members can be missing.
const (
	diagnosisShape = `{"type":"object","properties":{"verdict":{"type":"object","properties":{"code":{"type":"string",` +
		`"description":"Of the first cause, or nothing_found."},"sentence":{"type":"string"}}},` +
		`"causes":{"type":"array","items":{"type":"object","properties":{"code":{"type":"string"},` +
		`"certainty":{"type":"string"},"sentence":{"type":"string"},"fix":{"type":"object"}}}},` +
		`"not_looked_at":{"type":"array","items":{"type":"object"}}}}`

	findingShape = `{"type":"object","properties":{"check":{"type":"string"},"severity":{"type":"string"},` +
		`"object":{"type":"object"},"problem":{"type":"string"},"evidence":{"type":"array","items":{"type":"object"}},` +
		`"remedy":{"type":"object"}}}`
)

type input struct {
	User        string `json:"user,omitempty" jsonschema:"Id, email, username or phone."`
	Application string `json:"application,omitempty" jsonschema:"Client id or exact name."`
	IP          string `json:"ip,omitempty"`
	Domain      string `json:"domain,omitempty" jsonschema:"Host name of the login page."`
	Since       string `json:"since,omitempty" jsonschema:"RFC 3339, day (UTC) or age. Default 24h."`
	Until       string `json:"until,omitempty"`
}

// defaultSince is how far back failures are looked for.
const defaultSince = "24h"

func diagnose(ctx context.Context, c *sdk.Call, in input) (answer, error) {
	if in.Since == "" {
		in.Since = defaultSince
	}
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return answer{}, err
	}
	i := &investigation{in: in, call: c, tenant: newReader(api), causes: map[string]*cause{}}
	for _, step := range []struct {
		note string
		do   func(context.Context) error
	}{
		{"finding the user and the application", i.findSubject},
		{"reading log events", i.findFailures},
		{"comparing the events with the tenant's settings", i.explain},
		{"reading the state of the user and the domain", i.readState},
		{"looking for later successes", i.findSuccesses},
	} {
		c.Progress(float64(i.steps), steps, step.note)
		i.steps++
		if err := step.do(ctx); err != nil {
			return answer{}, err
		}
		if i.tenant.err != nil {
			return answer{}, i.tenant.err
		}
	}
	return i.answer(), nil
}

// steps is how many there are, for progress.
const steps = 5
