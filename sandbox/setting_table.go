package sandbox

// settingTable lists the objects that exist once.
func settingTable() []*setting {
	out := append(protectionSettings(), guardianSettings()...)
	return append(out, []*setting{
		{path: "branding", defaults: `{}`},
		{path: "connections/{id}/directory-provisioning", missing: "The directory provisioning does not exist.",
			code: "inexistent_directory_provisioning", conflict: "A directory provisioning exists already.",
			defaults:  `{"synchronize_automatically":false,"synchronize_groups":"off","mapping":[` + directoryMapping + `]}`,
			completed: completeProvisioning},
		{path: "connections/{id}/directory-provisioning/default-mapping", defaults: `{"mapping":[` + directoryMapping + `]}`},
		{path: "connections/{id}/scim-configuration", missing: "The SCIM configuration does not exist.",
			code: "inexistent_scim_configuration", conflict: "A SCIM configuration exists already.",
			defaults:  `{"user_id_attribute":"externalId","mapping":[` + scimMapping + `]}`,
			completed: completeSCIMConfiguration},
		{path: "connections/{id}/scim-configuration/default-mapping", defaults: `{"mapping":[` + scimMapping + `]}`},
		{path: "emails/provider", missing: "There is not a configured email provider", code: "inexistent_email_provider",
			conflict: "An email provider is configured already.", completed: hideEmailCredentials},
		{path: "keys/custom-signing", missing: "There are no custom signing keys.", code: "inexistent_custom_signing_keys"},
		{path: "prompts", defaults: `{"universal_login_experience":"new","identifier_first":false,
			"webauthn_platform_first_factor":false}`},
		{path: "prompts/{prompt}/custom-text/{language}"},
		{path: "prompts/{prompt}/partials"},
		{path: "risk-assessments/settings", defaults: `{"enabled":false}`},
		{path: "risk-assessments/settings/new-device", defaults: `{"remember_for":30}`},
		{path: "self-service-profiles/{id}/custom-text/{language}/{page}"},
		{path: "supplemental-signals", defaults: `{"akamai_enabled":false}`},
		{path: "tenants/settings", defaults: tenantSettings},
	}...)
}

const (
	directoryMapping = `{"auth0":"external_id","idp":"id"},{"auth0":"email","idp":"primaryEmail"},
		{"auth0":"given_name","idp":"name.givenName"},{"auth0":"family_name","idp":"name.familyName"},
		{"auth0":"name","idp":"name.fullName"},{"auth0":"blocked","idp":"suspended"}`
	scimMapping = `{"auth0":"preferred_username","scim":"userName"},
		{"auth0":"email","scim":"emails[primary eq true].value"},{"auth0":"app_metadata.external_id","scim":"externalId"},
		{"auth0":"blocked","scim":"active"},{"auth0":"given_name","scim":"name.givenName"},
		{"auth0":"family_name","scim":"name.familyName"}`
	tenantSettings = `{"allowed_logout_urls":[],"acr_values_supported":[],"default_audience":"","default_directory":"",
		"change_password":{"enabled":false,"html":""},"guardian_mfa_page":{"enabled":false,"html":""},
		"error_page":{"html":"","show_log_link":false,"url":""},"device_flow":{"charset":"base20","mask":"****-****"},
		"enabled_locales":["en"],"friendly_name":"Harbourlight Books","picture_url":"",
		"support_email":"support@harbourlight.example","support_url":"https://harbourlight.example/help",
		"idle_session_lifetime":72,"session_lifetime":168,"sandbox_version":"22","sandbox_versions_available":["22","18"],
		"session_cookie":{"mode":"persistent"},"sessions":{"oidc_logout_prompt_enabled":true},
		"oidc_logout":{"rp_logout_end_session_endpoint_discovery":true},"mtls":{"enable_endpoint_aliases":false},
		"customize_mfa_in_postlogin_action":false,"pushed_authorization_requests_supported":false,
		"flags":{"allow_changing_enable_sso":false,"allow_legacy_delegation_grant_types":false,
			"allow_legacy_ro_grant_types":false,"allow_legacy_tokeninfo_endpoint":false,"dashboard_log_streams_next":false,
			"disable_clickjack_protection_headers":false,"disable_fields_map_fix":false,
			"disable_impersonation":true,"disable_management_api_sms_obfuscation":false,
			"enable_adfs_waad_email_verification":false,"enable_apis_section":true,"enable_client_connections":false,
			"enable_dynamic_client_registration":false,"enable_idtoken_api2":false,
			"enable_legacy_profile":false,"enable_pipeline2":true,
			"enable_public_signup_user_exists_error":false,"enable_sso":true,"mfa_show_factor_list_on_enrollment":false,
			"no_disclose_enterprise_connections":true,"remove_alg_from_jwks":false,"revoke_refresh_token_grant":false}}`
)

func protectionSettings() []*setting {
	return []*setting{
		{path: "attack-protection/bot-detection", defaults: `{"bot_detection_level":"medium",
			"challenge_password_policy":"when_risky","challenge_passwordless_policy":"when_risky",
			"challenge_password_reset_policy":"when_risky","allowlist":[],"monitoring_mode_enabled":false}`},
		{path: "attack-protection/breached-password-detection", defaults: `{"enabled":true,"shields":["block"],
			"admin_notification_frequency":[],"method":"standard","stage":{"pre-user-registration":{"shields":[]},
			"pre-change-password":{"shields":[]}}}`},
		{path: "attack-protection/brute-force-protection", defaults: `{"enabled":true,
			"shields":["block","user_notification"],"mode":"count_per_identifier_and_ip","allowlist":[],"max_attempts":10}`},
		{path: "attack-protection/captcha", defaults: `{"active_provider_id":"auth_challenge","simple_captcha":{},
			"auth_challenge":{"fail_open":false},"recaptcha_v2":{"site_key":""},
			"recaptcha_enterprise":{"site_key":"","project_id":""},"hcaptcha":{"site_key":""},
			"friendly_captcha":{"site_key":""},"arkose":{"site_key":"","client_subdomain":"client-api",
			"verify_subdomain":"verify-api","fail_open":false}}`, completed: hideCaptchaSecrets},
		{path: "attack-protection/phone-provider-protection", defaults: `{"type":"exponential"}`},
		{path: "attack-protection/suspicious-ip-throttling", defaults: `{"enabled":true,
			"shields":["block","admin_notification"],"allowlist":[],"stage":{"pre-login":{"max_attempts":100,"rate":864000},
			"pre-user-registration":{"max_attempts":50,"rate":1200},
			"pre-custom-token-exchange":{"max_attempts":10,"rate":600000}}}`},
	}
}

func guardianSettings() []*setting {
	const (
		phone = "guardian/factors/phone/"
		sms   = "guardian/factors/sms/"
		push  = "guardian/factors/push-notification/"
		texts = `{"enrollment_message":"{{code}} is your code to enrol with {{tenant.friendly_name}}.",
			"verification_message":"{{code}} is your code for {{tenant.friendly_name}}."}`
	)
	return []*setting{
		{path: "guardian/factors/duo/settings"},
		{path: phone + "message-types", defaults: `{"message_types":["sms"]}`},
		{path: phone + "providers/twilio"},
		{path: phone + "selected-provider", defaults: `{"provider":"auth0"}`},
		{path: phone + "templates", defaults: texts},
		{path: push + "providers/apns", defaults: `{"enabled":false}`, hidden: []string{"p12"}},
		{path: push + "providers/fcm"},
		{path: push + "providers/fcmv1"},
		{path: push + "providers/sns"},
		{path: push + "selected-provider", defaults: `{"provider":"guardian"}`},
		{path: sms + "providers/twilio"},
		{path: sms + "selected-provider", defaults: `{"provider":"auth0"}`},
		{path: sms + "templates", defaults: texts},
		{path: "guardian/policies", defaults: `[]`},
	}
}
