package applications

import "slices"

// askable are the members that the parameter fields of GET /api/v2/clients takes. It
// refuses others.
func askable() []string {
	return []string{
		"name", "description", "callbacks", "oidc_backchannel_logout", "oidc_logout", "session_transfer",
		"allowed_origins", "web_origins", "client_id", "tenant", "global", "config_route", "callback_url_template",
		"jwt_configuration", "api_type", "logo_uri", "allowed_clients", "owners", "custom_login_page",
		"custom_login_page_on", "sso", "addons", "form_template", "custom_login_page_preview", "encryption_key",
		"client_secret", "signing_keys", "mobile", "token_endpoint_auth_method", "allowed_logout_urls", "app_type",
		"is_first_party", "oidc_conformant", "client_metadata", "is_token_endpoint_ip_header_trusted",
		"initiate_login_uri", "grant_types", "refresh_token", "default_organization", "organization_usage",
		"organization_require_behavior", "organization_discovery_methods", "client_authentication_methods",
		"require_pushed_authorization_requests", "require_proof_of_possession", "id_token", "signed_request_object",
		"compliance_level", "skip_non_verifiable_callback_uri_confirmation_prompt", "token_exchange", "token_quota",
		"identity_assertion_authorization_grant", "third_party_security_mode", "subject_type_authorization",
		"resource_server_identifier", "express_configuration", "my_organization_configuration",
		"async_approval_notification_channels", "token_vault_privileged_access", "registration_type",
		"external_metadata_type", "external_metadata_created_by", "external_client_id", "redirection_policy",
	}
}

// members are all that an application is known to have.
func members() []string {
	return slices.Concat(askable(), []string{
		"client_aliases", "sso_disabled", "cross_origin_authentication", "cross_origin_loc", "native_social_login",
		"fedcm_login", "par_request_expiry", "jwks_uri", "created_at", "updated_at", "b2b_integration_configuration",
		"anonymous_sessions",
	})
}

// secret are the members that are asked for by name only.
func secret() []string { return []string{"client_secret", "signing_keys", "encryption_key"} }
