package sandbox

import "strings"

const scopeTable = `client_grants: read create update delete
users: read create update delete
users_app_metadata: read create update delete
user_custom_blocks: read create delete
clients: read create update delete
client_keys: read create update delete
client_credentials: read create update delete
client_summary: read
client_token_vault_privileged_access: update
connections: read create update delete
resource_servers: read create update delete
device_credentials: read create update delete
rules: read create update delete
hooks: read create update delete
actions: read create update delete
triggers: read update
email_provider: read create update delete
email_templates: read create update
stats: read
tenant_settings: read update
logs: read
logs_users: read
log_streams: read create update delete
shields: read create update delete
grants: read delete
custom_domains: read create update delete
roles: read create update delete
role_members: read create delete
prompts: read update
branding: read update delete
signing_keys: read create update
attack_protection: read update
organizations: read create update delete
organization_members: read create delete
organization_connections: read create update delete
organization_invitations: read create delete
flows: read create update delete
flows_vault_connections: read create update delete
flows_executions: read delete
forms: read create update delete
event_streams: read create update delete
agents: read create update delete
anomaly_blocks: read delete
phone_providers: read create update delete
phone_templates: read create update delete
organization_client_grants: read create delete
connection_profiles: read create update delete
directory_provisionings: read create update delete
scim_config: read create update delete
connections_keys: read create update
scim_token: read create delete
current_user_device_credentials: create delete
event_deliveries: read update
events: read
experimentation: read create update delete
groups: read delete
group_members: read
group_roles: read create delete
guardian_enrollment_tickets: create
guardian_enrollments: read delete
guardian_factors: read update
mfa_policies: read update
custom_signing_keys: read create update delete
encryption_keys: read create update delete
network_acl_keys: read create delete
network_acls: read create update delete
organizations_summary: read
organization_clients: read create update delete
organization_discovery_domains: read create update delete
organization_member_effective_roles: read
organization_member_role_source_groups: read
organization_member_roles: read create delete
organization_groups: read
organization_group_roles: read create delete
rate_limit_policies: read create update delete
refresh_tokens: read update delete
rules_configs: read update delete
self_service_profiles: read create update delete
self_service_profile_custom_texts: read update
sso_access_tickets: create delete
sessions: read update delete
user_tickets: create
token_exchange_profiles: read create update delete
user_attribute_profiles: read create update delete
user_idp_tokens: read
current_user: read delete
current_user_metadata: update
authentication_methods: read create update delete
user_effective_permissions: read
user_permission_source_roles: read
user_effective_roles: read
user_role_source_groups: read
current_user_identities: update
vdcs_templates: read create update delete
`

// managementScopes lists the scopes of the Management API: those of its operations, and the older ones
// that the real list still has.
func managementScopes() []string {
	var out []string
	for line := range strings.Lines(scopeTable) {
		resource, verbs, _ := strings.Cut(strings.TrimSpace(line), ": ")
		for verb := range strings.FieldsSeq(verbs) {
			out = append(out, verb+":"+resource)
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
