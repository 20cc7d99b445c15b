package sandbox

import "strings"

// managementScopes lists the scopes of the Management API that the tenant knows:
// those of its endpoints, and enough others to look like the real list.
func managementScopes() []string {
	var out []string
	for _, line := range []struct{ resource, verbs string }{
		{"client_grants", "read create update delete"},
		{"users", "read create update delete"},
		{"users_app_metadata", "read create update delete"},
		{"user_custom_blocks", "read create delete"},
		{"clients", "read create update delete"},
		{"client_keys", "read create update delete"},
		{"client_credentials", "read create update delete"},
		{"client_summary", "read"},
		{"client_token_vault_privileged_access", "update"},
		{"connections", "read create update delete"},
		{"resource_servers", "read create update delete"},
		{"device_credentials", "read create update delete"},
		{"rules", "read create update delete"},
		{"hooks", "read create update delete"},
		{"actions", "read create update delete"},
		{"triggers", "read update"},
		{"email_provider", "read create update delete"},
		{"email_templates", "read create update"},
		{"stats", "read"},
		{"tenant_settings", "read update"},
		{"logs", "read"},
		{"logs_users", "read"},
		{"log_streams", "read create update delete"},
		{"shields", "read create update delete"},
		{"grants", "read delete"},
		{"custom_domains", "read create update delete"},
		{"roles", "read create update delete"},
		{"role_members", "read create delete"},
		{"prompts", "read update"},
		{"branding", "read update delete"},
		{"signing_keys", "read create update"},
		{"attack_protection", "read update"},
		{"organizations", "read create update delete"},
		{"organization_members", "read create delete"},
		{"organization_connections", "read create update delete"},
		{"organization_invitations", "read create delete"},
		{"flows", "read create update delete"},
		{"flows_vault_connections", "read create update delete"},
		{"flows_executions", "read delete"},
		{"forms", "read create update delete"},
		{"event_streams", "read create update delete"},
	} {
		for verb := range strings.FieldsSeq(line.verbs) {
			out = append(out, verb+":"+line.resource)
		}
	}
	return out
}

// scopeDescription turns read:client_grants into "Read Client Grants".
func scopeDescription(scope string) string {
	words := strings.FieldsFunc(scope, func(r rune) bool { return r == ':' || r == '_' })
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, " ")
}
