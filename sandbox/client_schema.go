package sandbox

import (
	"maps"
	"strings"
)

// clientSchema is the body of creating (create is true) or changing an
// application. Nulls are for changes only, and there only for the settings that
// they can switch off.
func clientSchema(create bool) *schema {
	off := func(s *schema) *schema {
		if create {
			return s
		}
		return s.nullable()
	}
	props := map[string]*schema{}
	maps.Copy(props, clientTextSchemas(off))
	maps.Copy(props, clientFlagSchemas(off))
	maps.Copy(props, clientSettingSchemas(off))
	if create {
		props["resource_server_identifier"] = text("The identifier of the resource server that this client is linked to")
		return record("", props, "name")
	}
	return record("", props)
}

// clientTextSchemas are the members that are texts or lists of texts.
func clientTextSchemas(off func(*schema) *schema) map[string]*schema {
	return map[string]*schema{
		"name":                text("The name of the client").length(1, 255).checked(noAngles),
		"description":         text("Free text description of the purpose of the Client").length(0, 140),
		"client_secret":       text("The secret used to sign tokens for the client").length(1, 512),
		"logo_uri":            text("The URL of the client logo").checked(absoluteOrEmpty),
		"app_type":            text("The type of application this client represents").oneOf(clientAppTypes()...),
		"callbacks":           urls(callbackURL, "A set of URLs that are valid to call back from Auth0"),
		"allowed_logout_urls": urls(callbackURL, "URLs that are valid to redirect to after logout"),
		"allowed_origins":     urls(originURL, "A set of URLs that represents valid origins for CORS"),
		"web_origins":         urls(originURL, "A set of URLs that represents valid web origins"),
		"client_aliases":      texts("List of audiences for SAML protocol"),
		"allowed_clients":     texts("Ids of clients that will be allowed to perform delegation requests"),
		"grant_types": list(text("A grant type").checked(grantType),
			"A set of grant types that the client is authorized to use"),
		"custom_login_page":         text("The content of the custom login page"),
		"custom_login_page_preview": text("The content of the custom login page, for previews"),
		"form_template":             text("Form template for WS-Federation protocol"),
		"cross_origin_loc":          off(text("URL of the cross origin verification").checked(absoluteOrEmpty)),
		"initiate_login_uri":        text("Initiate login uri, must be https").checked(httpsOrEmpty),
		"token_endpoint_auth_method": off(text("The requested authentication method for the token endpoint").
			oneOf("none", "client_secret_post", "client_secret_basic")),
		"organization_usage": off(text("How to proceed during an authentication transaction with "+
			"regards an organization").oneOf("deny", "allow", "require")),
		"organization_require_behavior": off(text("How to proceed when an organization is required").oneOf("no_prompt",
			"pre_login_prompt", "post_login_prompt")),
		"compliance_level": off(text("The compliance level").oneOf("none", "fapi1_adv_pkj_par",
			"fapi1_adv_mtls_par", "fapi2_sp_pkj_mtls", "fapi2_sp_mtls_mtls")),
		"async_approval_notification_channels": off(texts("Notification channels for asynchronous approvals")),
	}
}

// clientFlagSchemas are the members that are true or false.
func clientFlagSchemas(off func(*schema) *schema) map[string]*schema {
	return map[string]*schema{
		"is_first_party":                        flag("Whether this client is a first party client"),
		"is_token_endpoint_ip_header_trusted":   flag("Whether the IP header of the token endpoint is trusted"),
		"oidc_conformant":                       flag("Whether this client will conform to strict OIDC specifications"),
		"sso":                                   flag("Whether Auth0 does Single Sign On instead of the identity provider"),
		"sso_disabled":                          flag("Whether Single Sign On is disabled"),
		"cross_origin_auth":                     flag("Whether this client can make cross-origin authentication requests"),
		"cross_origin_authentication":           flag("Whether this client can make cross-origin authentication requests"),
		"custom_login_page_on":                  flag("Whether the custom login page is to be used"),
		"require_pushed_authorization_requests": flag("Whether Pushed Authorization Requests are mandatory"),
		"require_proof_of_possession":           flag("Whether Proof-of-Possession is mandatory"),
		"skip_non_verifiable_callback_uri_confirmation_prompt": off(flag("Whether the confirmation prompt for " +
			"non-verifiable callbacks is skipped")),
	}
}

// clientSettingSchemas are the members that are objects, lists of choices or numbers.
func clientSettingSchemas(off func(*schema) *schema) map[string]*schema {
	return map[string]*schema{
		"jwt_configuration":             off(jwtConfigurationSchema()),
		"refresh_token":                 off(refreshTokenSchema()),
		"client_metadata":               clientMetadataSchema(),
		"addons":                        off(freeForm("Addons enabled for this client")),
		"mobile":                        off(mobileSchema()),
		"native_social_login":           off(nativeSocialLoginSchema()),
		"oidc_logout":                   off(freeForm("Configuration for OIDC backchannel logout")),
		"oidc_backchannel_logout":       off(freeForm("Configuration for OIDC backchannel logout")),
		"session_transfer":              off(freeForm("Native to Web SSO Configuration")),
		"encryption_key":                off(freeForm("The client's encryption key")),
		"default_organization":          off(freeForm("Default organization")),
		"client_authentication_methods": off(freeForm("Client authentication methods")),
		"signed_request_object":         off(freeForm("Configuration for JWT-secured Authorization Requests")),
		"token_exchange":                off(freeForm("Token exchange configuration")),
		"token_quota":                   off(freeForm("Token quota")),
		"token_vault_privileged_access": off(freeForm("Token vault configuration")),
		"express_configuration":         off(freeForm("Express configuration")),
		"my_organization_configuration": off(freeForm("My organization configuration")),
		"fedcm_login":                   off(freeForm("FedCM login configuration")),
		"organization_discovery_methods": off(list(text("A discovery method").oneOf("email", "organization_name"),
			"Methods for discovering organizations")),
		"par_request_expiry": off(whole(10, 600, "How long a Pushed Authorization Request URI remains valid, "+
			"in seconds")),
	}
}

func urls(check func(string) string, meaning string) *schema {
	return list(text(meaning).checked(check), meaning)
}

func clientAppTypes() []string {
	return []string{
		"native", "spa", "regular_web", "non_interactive", "resource_server", "express_configuration",
		"rms", "box", "cloudbees", "concur", "dropbox", "mscrm", "echosign", "egnyte", "newrelic", "office365",
		"salesforce", "sentry", "sharepoint", "slack", "springcm", "zendesk", "zoom", "sso_integration", "oag",
	}
}

func grantType(value string) string {
	switch value {
	case "authorization_code", "implicit", "refresh_token", "client_credentials", "password":
		return ""
	}
	if strings.HasPrefix(value, "http://auth0.com/oauth/") || strings.HasPrefix(value, "urn:") {
		return ""
	}
	return "No enum match for: " + value
}

func jwtConfigurationSchema() *schema {
	return record("Configuration related to JSON Web Tokens", map[string]*schema{
		"lifetime_in_seconds": whole(1, 2592000, "The amount of seconds the JWT will be valid"),
		"secret_encoded":      flag("Whether the client secret is base64 encoded"),
		"scopes":              freeForm("Configuration related to id token claims"),
		"alg":                 text("Algorithm used to sign JWTs").oneOf("HS256", "RS256", "RS512", "PS256"),
	})
}

func refreshTokenSchema() *schema {
	return record("Refresh token configuration", map[string]*schema{
		"rotation_type":   text("Refresh token rotation type").oneOf("rotating", "non-rotating"),
		"expiration_type": text("Refresh token expiration type").oneOf("expiring", "non-expiring"),
		"leeway": whole(0, 2592000, "Period in seconds where the previous refresh token can be "+
			"exchanged"),
		"token_lifetime": whole(1, 157788000, "Period in seconds for which refresh tokens remain valid"),
		"idle_token_lifetime": whole(1, 157788000, "Period in seconds for which refresh tokens remain valid "+
			"without use"),
		"infinite_token_lifetime":      flag("Whether refresh tokens have an infinite lifetime"),
		"infinite_idle_token_lifetime": flag("Whether refresh tokens have an infinite idle lifetime"),
		"policies": list(record("A policy", map[string]*schema{
			"audience": text("The identifier of the resource server"),
			"scope":    texts("The scopes"),
		}, "audience", "scope"), "Policies for multi-resource refresh tokens").nullable(),
	}, "rotation_type", "expiration_type")
}

func clientMetadataSchema() *schema {
	value := text("Metadata value").length(0, 255)
	value.types = append(value.types, "integer", "number", "boolean", "null")
	s := freeForm("Metadata associated with the client").length(0, 10)
	value.bounded, value.check = false, func(v string) string {
		if len([]rune(v)) > 255 {
			return "String is too long (" + number(len([]rune(v))).String() + " chars), maximum 255"
		}
		return ""
	}
	s.items = value
	return s
}

func mobileSchema() *schema {
	return record("Additional configuration for native mobile apps", map[string]*schema{
		"android": record("Android native app configuration", map[string]*schema{
			"app_package_name":         text("Application package name found in AndroidManifest.xml"),
			"sha256_cert_fingerprints": texts("sha256 fingerprints of the app's signing certificate"),
		}),
		"ios": record("iOS native app configuration", map[string]*schema{
			"team_id":               text("Identifier assigned to the Apple account"),
			"app_bundle_identifier": text("Assigned by developer to the app as its unique identifier"),
		}),
	})
}

func nativeSocialLoginSchema() *schema {
	enabled := func(meaning string) *schema {
		return record(meaning, map[string]*schema{"enabled": flag("Whether native social login is enabled")})
	}
	return record("Configure native social settings", map[string]*schema{
		"apple":    enabled("Native Social Login support for the Apple connection"),
		"facebook": enabled("Native Social Login support for the Facebook connection"),
		"google":   enabled("Native Social Login support for the Google connection"),
	})
}
