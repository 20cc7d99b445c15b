package sandbox

// ownResources are the collections that have handlers of their own. They are listed here because paths
// go through their objects.
func ownResources() []*resource {
	own := func(pick func(*Tenant) *collection) func(*Tenant, *call) *collection {
		return func(t *Tenant, _ *call) *collection { return pick(t) }
	}
	return []*resource{
		{path: "clients", key: "client_id", missing: "The client does not exist", code: "inexistent_client",
			own: own(func(t *Tenant) *collection { return &t.clients })},
		{path: "client-grants", missing: "The client grant does not exist", code: "inexistent_client_grant",
			own: own(func(t *Tenant) *collection { return &t.grants })},
		{path: "flows", missing: "Flow not found", own: own(func(t *Tenant) *collection { return &t.flows })},
	}
}

// Names of the members that hold times.
const (
	createdAt = "created_at"
	updatedAt = "updated_at"
)

// resourceTable lists the collections, in the order of their paths.
func resourceTable() []*resource {
	out := append(userResources(), organizationResources()...)
	out = append(out, connectionResources()...)
	out = append(out, extensionResources()...)
	return append(out, brandingResources()...)
}

func brandingResources() []*resource {
	const notification = "Notification Resource not found"
	return []*resource{
		{path: "branding/phone/providers", id: ids58("pro_"), missing: notification, unique: []string{"name"},
			conflict: "A phone provider with this name exists already.", defaults: `{"channel":"phone","disabled":false}`,
			created: createdAt, updated: updatedAt, hidden: []string{"credentials"}, completed: completePhoneProvider},
		{path: "branding/phone/templates", id: ids58("tem_"), missing: notification, unique: []string{"type"},
			conflict: "A phone template of this type exists already.", created: createdAt, updated: updatedAt,
			defaults: `{"channel":"phone","disabled":false,"type":"otp_verify","content":{"syntax":"liquid",
				"body":{"text":"{{ code }} is your code for {{ friendly_name }}",
					"voice":"Your code for {{ friendly_name }} is {{ code }}"}}}`,
			completed: completeTenant},
		{path: "branding/themes", key: "themeId", id: ids("", 32), code: "theme_not_found", defaults: `{"displayName":""}`,
			missing: "There was an error retrieving branding settings: invalid theme ID"},
		{path: "custom-domains", key: "custom_domain_id", id: ids("cd_", 16), unique: []string{"domain"},
			missing: "The custom domain does not exist.", code: "inexistent_custom_domain",
			conflict: "The domain %v is registered already.", conflictCode: "custom_domain_conflict", created: createdAt,
			defaults: `{"status":"pending_verification","tls_policy":"recommended","primary":false,"is_default":false}`,
			hidden:   []string{"verification_method"}, completed: completeCustomDomain, removed: removeCustomDomain},
		{path: "email-templates", key: "template", unique: []string{"template"}, missing: "The template does not exist.",
			code: "inexistent_email_template", conflict: "Template %v already exists."},
		{path: "keys/encryption", key: "kid", id: (*Tenant).uuid, missing: "The encryption key does not exist.",
			defaults: `{"state":"pre-activation","parent_kid":null}`, created: createdAt, updated: updatedAt},
		{path: "keys/network-acls", id: ids58("nak_"), missing: "The network ACL key does not exist.", created: createdAt,
			updated: updatedAt, unique: []string{"name"}, conflict: "A key with the name %v exists already.",
			hidden: []string{"value"}, completed: completeFingerprint},
		{path: "keys/signing", key: "kid", id: ids("", 21), missing: "The signing key does not exist.",
			code: "inexistent_signing_key"},
		{path: "network-acls", id: ids58("acl_"), missing: "NetworkACL with this ID was not found", created: createdAt,
			updated: updatedAt, completed: checkNetworkACL},
		{path: "self-service-profiles", id: ids58("ssp_"), missing: "Profile with ID: %s not found", created: createdAt,
			updated: updatedAt, defaults: `{"user_attributes":[],"allowed_strategies":["oidc","samlp","waad","google-apps",
				"adfs","okta","keycloak-samlp","pingfederate"],"branding":{}}`},
		{path: "token-exchange-profiles", id: ids58("tep_"), missing: "Token exchange profile not found.",
			created: createdAt, updated: updatedAt, unique: []string{"subject_token_type"},
			conflict: "A token exchange profile with this subject_token_type exists already.", completed: checkExchangeAction},
		{path: "user-attribute-profiles", id: ids58("uap_"), missing: "User attribute profile not found.",
			unique: []string{"name"}, conflict: "A user attribute profile with the name %v exists already."},
		{path: "user-attribute-profiles/templates", missing: "Template not found."},
		{path: "verifiable-credentials/verification/templates", id: ids58("vct_"), missing: "Template not found.",
			created: createdAt, updated: updatedAt},
	}
}

func extensionResources() []*resource {
	return []*resource{
		{path: "agents", key: "agent_id", id: ids58("agt_"), missing: "The agent does not exist.", created: createdAt,
			updated: updatedAt, defaults: `{"metadata":{}}`},
		{path: "actions/executions", missing: "That execution does not exist."},
		{path: "device-credentials", id: ids("dcr_", 16), missing: "The device credential does not exist.",
			code: "inexistent_device_credential", hidden: []string{"value"}, completed: completeDeviceCredential},
		{path: "event-streams", id: ids58("est_"), missing: "The requested stream does not exist.",
			created: createdAt, updated: updatedAt, defaults: `{"status":"enabled"}`},
		{path: "event-streams/{id}/deliveries", missing: "The requested delivery does not exist."},
		{path: "experimentation/experiments", id: ids58("exp_"), missing: "The experiment does not exist.",
			created: createdAt, updated: updatedAt, defaults: `{"status":"draft","is_valid":true}`,
			unique: []string{"name"}, conflict: "An experiment with the name %v exists already.",
			completed: refersTo("feature_flag_id", "experimentation/feature-flags")},
		{path: "experimentation/feature-flags", id: ids58("ffl_"), missing: "The feature flag does not exist.",
			created: createdAt, updated: updatedAt, defaults: `{"status":"draft","type":"login"}`,
			unique: []string{"name"}, conflict: "A feature flag with the name %v exists already."},
		{path: "experimentation/feature-flags/{id}/variations", id: ids58("var_"), created: createdAt, updated: updatedAt,
			missing: "The variation does not exist.", unique: []string{"name"},
			conflict: "A variation with the name %v exists already."},
		{path: "experimentation/segments", id: ids58("seg_"), missing: "The segment does not exist.", created: createdAt,
			updated: updatedAt, defaults: `{"type":"rules"}`},
		{path: "flows/vault/connections", id: ids58("ac_"), missing: "Connection not found", created: createdAt,
			updated: updatedAt, defaults: `{"ready":false,"refreshed_at":null}`, hidden: []string{"setup"},
			completed: completeVaultConnection},
		{path: "flows/{flow_id}/executions", missing: "Execution not found"},
		{path: "hooks", id: ulid, missing: "Error: Hook does not exist", code: "HookDoesNotExist", unique: []string{"name"},
			defaults: `{"dependencies":{},"enabled":false}`, conflict: "A hook with the name %v exists already."},
		{path: "jobs", id: ids("job_", 16), missing: "The job does not exist.", code: "inexistent_job"},
		{path: "log-streams", id: logStreamID, missing: "The log stream does not exist.",
			defaults: `{"status":"active","isPriority":false}`, completed: completeLogStream},
		{path: "rate-limit-policies", id: ids58("rlp_"), missing: "The rate limit policy does not exist.",
			created: createdAt, updated: updatedAt},
		{path: "rules", id: ids("rul_", 16), missing: "The rule does not exist", code: "inexistent_rule",
			defaults: `{"enabled":true,"stage":"login_success"}`, unique: []string{"name"},
			conflict: "A rule with the same name already exists", completed: completeRule},
		{path: "rules-configs", key: "key", missing: "The rules config does not exist.", shown: showRulesConfig},
	}
}

func ulid(t *Tenant) string        { return "01" + t.randomText("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24) }
func logStreamID(t *Tenant) string { return "lst_00000000000" + t.randomText("0123456789", 5) }

func connectionResources() []*resource {
	return []*resource{
		{path: "clients/{client_id}/credentials", id: ids("cred_", 22), missing: "The credential does not exist.",
			code: "inexistent_client_credential", created: createdAt, updated: updatedAt,
			hidden: []string{"pem", "parse_expiry_from_cert"}, completed: completeCredential, removed: removeCredential},
		{path: "connection-profiles", id: ids58("cop_"), missing: "The connection profile does not exist.",
			defaults: `{"connection_config":{},"strategy_overrides":null}`},
		{path: "connection-profiles/templates", missing: "The template does not exist."},
		{path: "connections", id: ids("con_", 16), missing: "The connection does not exist", code: "inexistent_connection",
			unique: []string{"name"}, conflict: "A connection with the same name already exists",
			conflictCode: "connection_conflict", defaults: `{"options":{},"is_domain_connection":false,"enabled_clients":[]}`,
			completed: completeConnection, removed: removeConnection},
		{path: "connections/{id}/scim-configuration/tokens", key: "token_id", id: ids58("tok_"), created: createdAt,
			missing: "The token does not exist.", hidden: []string{"token_lifetime"},
			completed: completeSCIMToken, shown: showSCIMToken},
		{path: "connections/{id}/keys", key: "kid", missing: "The key does not exist."},
	}
}

func organizationResources() []*resource {
	enabled := func(t *Tenant, c *call) *collection {
		return t.collection(t.tables.resources["organizations/{id}/connections"], c)
	}
	return []*resource{
		{path: "groups", id: ids58("grp_"), missing: "The group does not exist.", code: "inexistent_group",
			matches: matchGroup},
		{path: "organizations", id: ids("org_", 16), missing: "No organization found by that id or name",
			code: "inexistent_organization", unique: []string{"name"}, conflictCode: "organization_conflict",
			conflict: "An organization with this name already exists.", defaults: `{"third_party_client_access":"block"}`,
			hidden: []string{"enabled_connections"}, completed: completeOrganization},
		{path: "organizations/{id}/clients", key: "client_id", missing: "The client is not in the organization.",
			shown: showOrganizationClient},
		{path: "organizations/{id}/connections", key: "connection_id", shown: showOrganizationConnection,
			missing: "No connection found by that id", code: "inexistent_connection", unique: []string{"connection_id"},
			conflict: "The connection is already enabled for this organization.",
			defaults: `{"is_signup_enabled":false,"assign_membership_on_login":false,"show_as_button":true,
				"is_enabled":true,"organization_access_level":"none"}`,
			completed: checkOrganizationConnection, matches: matchOrganizationConnection},
		{path: "organizations/{id}/enabled_connections", key: "connection_id", own: enabled,
			missing: "No connection found by that id", code: "inexistent_connection", shown: showEnabledConnection,
			defaults:  `{"assign_membership_on_login":false,"show_as_button":true,"is_enabled":true}`,
			completed: checkOrganizationConnection},
		{path: "organizations/{id}/discovery-domains", id: ids58("ord_"), missing: "The domain does not exist.",
			defaults: `{"status":"pending","use_for_organization_discovery":true}`, unique: []string{"domain"},
			conflict: "The domain %v exists already.", completed: completeDiscoveryDomain},
		{path: "organizations/{id}/invitations", id: ids("uinv_", 16), missing: "The invitation does not exist.",
			code: "inexistent_invitation", created: createdAt, completed: completeInvitation,
			hidden: []string{"ttl_sec", "send_invitation_email"}},
		{path: "roles", id: ids("rol_", 16), missing: "The role does not exist.", unique: []string{"name"},
			conflict: "A role with the same name already exists.", matches: matchRole, shown: showRole},
	}
}

func userResources() []*resource {
	return []*resource{
		{path: "grants", missing: "The grant does not exist."},
		{path: "guardian/enrollments", missing: "The enrollment does not exist.", code: "enrollment_not_found"},
		{path: "refresh-tokens", missing: "The refresh token does not exist.", code: "inexistent_refresh_token"},
		{path: "sessions", missing: "The session does not exist.", code: "inexistent_session"},
		{path: "users", key: "user_id", missing: "The user does not exist.", code: "inexistent_user",
			hidden:  []string{"password", "verify_email", "verify_phone_number", "connection", "client_id"},
			created: createdAt, updated: updatedAt, completed: completeUser, removed: removeUser},
		{path: "users/{id}/authentication-methods", id: authenticatorID, created: createdAt,
			missing: "The authentication method does not exist.", code: "inexistent_authentication_method",
			completed: completeAuthenticationMethod, shown: showAuthenticationMethod},
		{path: "users/{id}/connected-accounts", missing: "The connected account does not exist."},
	}
}

func authenticatorID(t *Tenant) string { return "authn-method|dev_" + t.randomText(alphanumeric, 16) }

// membershipTable lists which objects belong to which. A relation appears once for each of its ends.
func membershipTable() []*membership {
	return []*membership{
		{path: "groups/{id}/roles", relation: "group role", member: "roles", of: "roles"},
		{path: "roles/{id}/groups", relation: "group role", reversed: true, member: "groups", of: "groups"},
		{path: "users/{id}/roles", relation: "user role", member: "roles", of: "roles"},
		{path: "roles/{id}/users", relation: "user role", reversed: true, member: "users", of: "users"},
		{path: "users/{id}/organizations", relation: "organization member", reversed: true, of: "organizations"},
		{path: "organizations/{id}/members", relation: "organization member", member: "members", of: "users"},
		{path: "organizations/{id}/members/{user_id}/roles", relation: "member role", member: "roles", of: "roles"},
		{path: "organizations/{organization_id}/groups/{group_id}/roles", relation: "organization group role",
			member: "roles", of: "roles"},
		{path: "organizations/{id}/client-grants", relation: "organization grant", of: "client-grants"},
		{path: "client-grants/{id}/organizations", relation: "organization grant", reversed: true, of: "organizations"},
		{path: "users/{id}/groups", relation: "group member", reversed: true, of: "groups"},
	}
}
