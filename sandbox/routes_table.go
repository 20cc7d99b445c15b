package sandbox

// specialHandlers are the operations below /api/v2/ that the tables do not answer, or not alone.
func specialHandlers() map[string]handler {
	out := directoryHandlers()
	for _, more := range []map[string]handler{organizationHandlers(), connectionHandlers(), tenantHandlers()} {
		for name, handle := range more {
			out[name] = handle
		}
	}
	return out
}

func directoryHandlers() map[string]handler {
	users, roles := permissions{userPermission}, permissions{rolePermission}
	sessions, tokens := sessionsOf{"sessions"}, sessionsOf{"refresh-tokens"}
	return map[string]handler{
		"GET users":                  (*Tenant).listUsers,
		"GET users-by-email":         (*Tenant).usersByEmail,
		"POST users/{id}/identities": (*Tenant).linkIdentity,
		"DELETE users/{id}/identities/{provider}/{user_id}":                       (*Tenant).unlinkIdentity,
		"GET users/{id}/logs":                                                     (*Tenant).userLogs,
		"GET users/{id}/permissions":                                              users.list,
		"POST users/{id}/permissions":                                             users.add,
		"DELETE users/{id}/permissions":                                           users.remove,
		"GET roles/{id}/permissions":                                              roles.list,
		"POST roles/{id}/permissions":                                             roles.add,
		"DELETE roles/{id}/permissions":                                           roles.remove,
		"GET users/{id}/effective-roles":                                          (*Tenant).listEffectiveRoles,
		"GET users/{id}/effective-roles/sources/groups":                           (*Tenant).roleSourceGroups,
		"GET users/{id}/effective-permissions":                                    (*Tenant).listEffectivePermissions,
		"GET users/{id}/effective-permissions/sources/effective-roles":            (*Tenant).permissionSourceRoles,
		"GET organizations/{id}/members/{user_id}/effective-roles":                (*Tenant).listEffectiveRoles,
		"GET organizations/{id}/members/{user_id}/effective-roles/sources/groups": (*Tenant).roleSourceGroups,
		"GET groups/{id}/members":                                                 (*Tenant).listGroupMembers,

		"DELETE users/{id}/authentication-methods":                        (*Tenant).removeFactors,
		"PUT users/{id}/authentication-methods":                           (*Tenant).replaceAuthenticationMethods,
		"DELETE users/{id}/authenticators":                                (*Tenant).removeFactors,
		"GET users/{id}/enrollments":                                      (*Tenant).listEnrollments,
		"GET guardian/enrollments/{id}":                                   (*Tenant).getEnrollment,
		"POST guardian/enrollments/ticket":                                (*Tenant).enrollmentTicket,
		"DELETE users/{id}/multifactor/{provider}":                        (*Tenant).removeProvider,
		"POST users/{id}/recovery-code-regeneration":                      (*Tenant).newRecoveryCode,
		"POST users/{id}/multifactor/actions/invalidate-remember-browser": nothing,
		"POST users/{id}/risk-assessments/clear":                          nothing,

		"POST users/{id}/revoke-access":         (*Tenant).revokeAccess,
		"GET users/{user_id}/sessions":          sessions.list,
		"DELETE users/{user_id}/sessions":       sessions.remove,
		"DELETE sessions/{id}":                  (*Tenant).revokeSession,
		"POST sessions/{id}/revoke":             (*Tenant).revokeSession,
		"GET users/{user_id}/refresh-tokens":    tokens.list,
		"DELETE users/{user_id}/refresh-tokens": tokens.remove,
		"POST refresh-tokens/revoke":            (*Tenant).revokeRefreshTokens,
		"GET grants":                            (*Tenant).listGrantsOfUsers,
		"DELETE grants":                         (*Tenant).removeGrants,
		"POST device-credentials":               (*Tenant).createDeviceCredential,
	}
}

func organizationHandlers() map[string]handler {
	return map[string]handler{
		"GET organizations/name/{name}":                                    (*Tenant).organizationByName,
		"GET organizations/{id}/members":                                   (*Tenant).listOrganizationMembers,
		"DELETE organizations/{id}/members":                                (*Tenant).removeMembers,
		"GET organizations/{id}/roles/{role_id}/members":                   (*Tenant).listRoleMembers,
		"GET organizations/{organization_id}/groups":                       (*Tenant).listOrganizationGroups,
		"GET organizations/{organization_id}/roles/{role_id}/groups":       (*Tenant).listOrganizationGroups,
		"POST organizations/{id}/client-grants":                            (*Tenant).addOrganizationGrant,
		"DELETE organizations/{id}/client-grants/{grant_id}":               (*Tenant).removeOrganizationGrant,
		"POST organizations/{id}/clients":                                  (*Tenant).addOrganizationClients,
		"DELETE organizations/{id}/clients":                                (*Tenant).removeOrganizationClients,
		"GET organizations/{id}/discovery-domains/name/{discovery_domain}": (*Tenant).discoveryDomainByName,

		"GET user-blocks":                (*Tenant).listBlocks,
		"DELETE user-blocks":             (*Tenant).removeBlocks,
		"GET user-blocks/{id}":           (*Tenant).listBlocks,
		"DELETE user-blocks/{id}":        (*Tenant).removeBlocks,
		"GET anomaly/blocks/ips/{id}":    (*Tenant).blockedIP,
		"DELETE anomaly/blocks/ips/{id}": (*Tenant).blockedIP,
	}
}

func connectionHandlers() map[string]handler {
	const (
		directory = "connections/{id}/directory-provisioning/"
		groups    = directory + "synchronized-groups"
	)
	return map[string]handler{
		"DELETE connections/{id}":                 (*Tenant).deleteConnection,
		"GET connections/{id}/clients":            (*Tenant).connectionClients,
		"PATCH connections/{id}/clients":          (*Tenant).updateConnectionClients,
		"GET connections/{id}/status":             (*Tenant).connectionStatus,
		"DELETE connections/{id}/users":           (*Tenant).deleteConnectionUser,
		"GET connections/{id}/keys":               (*Tenant).listConnectionKeys,
		"POST connections/{id}/keys":              (*Tenant).createConnectionKeys,
		"POST connections/{id}/keys/rotate":       (*Tenant).rotateConnectionKeys,
		"GET clients/{id}/connections":            (*Tenant).clientConnections,
		"GET connections-directory-provisionings": settingsOfConnections("directory-provisioning"),
		"GET connections-scim-configurations":     settingsOfConnections("scim-configuration"),
		"POST " + directory + "synchronizations":  (*Tenant).synchronizeDirectory,
		"GET " + groups:                           (*Tenant).synchronizedGroups,
		"POST " + groups:                          (*Tenant).synchronizedGroups,
		"PUT " + groups:                           (*Tenant).synchronizedGroups,
		"DELETE " + groups:                        (*Tenant).synchronizedGroups,
		"POST clients/{id}/rotate-secret":         (*Tenant).rotateSecret,
		"POST clients/cimd/preview":               (*Tenant).previewCIMD,
		"POST clients/cimd/register":              (*Tenant).registerCIMD,
		"GET clients/search":                      (*Tenant).searchClients,
	}
}

func tenantHandlers() map[string]handler {
	return map[string]handler{
		"POST branding/phone/providers/{id}/try":           notified("branding/phone/providers"),
		"POST branding/phone/templates/{id}/try":           notified("branding/phone/templates"),
		"PATCH branding/phone/templates/{id}/reset":        (*Tenant).resetPhoneTemplate,
		"GET branding/themes/default":                      (*Tenant).defaultTheme,
		"GET branding/templates/universal-login":           (*Tenant).universalLoginTemplate,
		"PUT branding/templates/universal-login":           (*Tenant).universalLoginTemplate,
		"DELETE branding/templates/universal-login":        (*Tenant).universalLoginTemplate,
		"GET custom-domains/default":                       (*Tenant).defaultCustomDomain,
		"PATCH custom-domains/default":                     (*Tenant).defaultCustomDomain,
		"POST custom-domains/{id}/test":                    (*Tenant).testCustomDomain,
		"POST custom-domains/{id}/verify":                  (*Tenant).verifyCustomDomain,
		"GET guardian/factors":                             (*Tenant).listFactors,
		"PUT guardian/factors/{name}":                      (*Tenant).setFactor,
		"POST keys/signing/rotate":                         (*Tenant).rotateSigningKey,
		"PUT keys/signing/{kid}/revoke":                    (*Tenant).revokeSigningKey,
		"POST keys/encryption/rekey":                       (*Tenant).rekey,
		"POST keys/encryption/{kid}":                       (*Tenant).importEncryptionKey,
		"POST keys/encryption/{kid}/wrapping-key":          (*Tenant).wrappingKey,
		"DELETE keys/encryption/{kid}":                     (*Tenant).destroyEncryptionKey,
		"GET network-acls/{id}":                            (*Tenant).getNetworkACL,
		"DELETE network-acls/{id}":                         (*Tenant).deleteNetworkACL,
		"GET prompts/rendering":                            (*Tenant).listRenderings,
		"PATCH prompts/rendering":                          (*Tenant).updateRenderings,
		"GET prompts/{prompt}/screen/{screen}/rendering":   (*Tenant).screenRendering,
		"PATCH prompts/{prompt}/screen/{screen}/rendering": (*Tenant).screenRendering,

		"POST jobs/users-exports":         (*Tenant).exportUsers,
		"POST jobs/users-imports":         (*Tenant).importUsers,
		"POST jobs/verification-email":    (*Tenant).sendVerificationMail,
		"GET jobs/{id}":                   (*Tenant).getJob,
		"GET jobs/{id}/errors":            (*Tenant).getJobErrors,
		"POST tickets/email-verification": ticket("/u/email-verification"),
		"POST tickets/password-change":    ticket("/u/reset-verify"),
		"GET stats/active-users":          (*Tenant).activeUsers,
		"GET stats/daily":                 (*Tenant).dailyStats,

		"POST actions/actions/{id}/test":                                (*Tenant).testAction,
		"GET event-streams/{id}/deliveries":                             (*Tenant).listDeliveries,
		"POST event-streams/{id}/redeliver":                             (*Tenant).redeliver,
		"POST event-streams/{id}/redeliver/{event_id}":                  (*Tenant).redeliver,
		"POST event-streams/{id}/test":                                  (*Tenant).testStream,
		"GET events":                                                    (*Tenant).events,
		"POST experimentation/experiments/{id}/status":                  setStatus("experimentation/experiments"),
		"POST experimentation/experiments/{id}/validate":                (*Tenant).validateExperiment,
		"POST experimentation/feature-flags/{id}/status":                setStatus("experimentation/feature-flags"),
		"PUT rules-configs/{key}":                                       (*Tenant).setRulesConfig,
		"GET hooks/{id}/secrets":                                        (*Tenant).hookSecrets,
		"PATCH hooks/{id}/secrets":                                      (*Tenant).hookSecrets,
		"POST hooks/{id}/secrets":                                       (*Tenant).hookSecrets,
		"DELETE hooks/{id}/secrets":                                     (*Tenant).hookSecrets,
		"POST self-service-profiles/{id}/sso-ticket":                    (*Tenant).ssoTicket,
		"POST self-service-profiles/{profileId}/sso-ticket/{id}/revoke": (*Tenant).revokeSSOTicket,
	}
}
