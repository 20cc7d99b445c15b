package applications

import "github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"

type listInput struct {
	Name         string `json:"name,omitempty" jsonschema:"Part of the name, in any case."`
	AppType      string `json:"app_type,omitempty" schema:"enum=native|spa|regular_web|non_interactive|resource_server|express_configuration|rms|box|cloudbees|concur|dropbox|mscrm|echosign|egnyte|newrelic|office365|salesforce|sentry|sharepoint|slack|springcm|zendesk|zoom|sso_integration|oag"`
	IsFirstParty *bool  `json:"is_first_party,omitempty"`
	auth0v1.PageOf
	auth0v1.FieldsOf
}

type getInput struct {
	ClientID string `json:"client_id,omitempty"`
	Name     string `json:"name,omitempty" jsonschema:"The exact name."`
}

// createInput and updateInput are never sent: the caller's own JSON is. They are
// apart where Auth0 lets a change, and only a change, clear a setting with null.
type createInput struct {
	Name string `json:"name"`
	settings
	CrossOriginLoc              *string           `json:"cross_origin_loc,omitempty"`
	OrganizationUsage           string            `json:"organization_usage,omitempty" schema:"enum=deny|allow|require"`
	OrganizationRequireBehavior string            `json:"organization_require_behavior,omitempty" schema:"enum=no_prompt|pre_login_prompt|post_login_prompt"`
	TokenEndpointAuthMethod     string            `json:"token_endpoint_auth_method,omitempty" schema:"enum=none|client_secret_post|client_secret_basic"`
	JWTConfiguration            *jwtConfiguration `json:"jwt_configuration,omitempty"`
	RefreshToken                *createRefresh    `json:"refresh_token,omitempty"`
	Mobile                      *mobile           `json:"mobile,omitempty"`
	OIDCLogout                  *oidcLogout       `json:"oidc_logout,omitempty"`
	NativeSocialLogin           *socialLogin      `json:"native_social_login,omitempty"`
	ClientMetadata              map[string]string `json:"client_metadata,omitempty" jsonschema:"Yours to define." schema:"free"`
}

type updateInput struct {
	ClientID string  `json:"client_id"`
	Name     *string `json:"name,omitempty"`
	settings
	CrossOriginLoc              *string           `json:"cross_origin_loc,omitempty" schema:"null"`
	OrganizationUsage           string            `json:"organization_usage,omitempty" schema:"enum=deny|allow|require,null"`
	OrganizationRequireBehavior string            `json:"organization_require_behavior,omitempty" schema:"enum=no_prompt|pre_login_prompt|post_login_prompt,null"`
	TokenEndpointAuthMethod     string            `json:"token_endpoint_auth_method,omitempty" schema:"enum=none|client_secret_post|client_secret_basic,null"`
	JWTConfiguration            *jwtConfiguration `json:"jwt_configuration,omitempty" schema:"null"`
	RefreshToken                *updateRefresh    `json:"refresh_token,omitempty" schema:"null"`
	Mobile                      *mobile           `json:"mobile,omitempty" schema:"null"`
	OIDCLogout                  *oidcLogout       `json:"oidc_logout,omitempty" schema:"null"`
	NativeSocialLogin           *socialLogin      `json:"native_social_login,omitempty" schema:"null"`
	ClientMetadata              map[string]any    `json:"client_metadata,omitempty" jsonschema:"Yours to define; a null removes one." schema:"free"`
	SkipPrompt                  *bool             `json:"skip_non_verifiable_callback_uri_confirmation_prompt,omitempty" schema:"null"`
}

// settings are those that creating and changing take alike.
type settings struct {
	AppType                   string   `json:"app_type,omitempty" schema:"enum=spa|native|non_interactive|regular_web"`
	Description               *string  `json:"description,omitempty" schema:"max=140"`
	Callbacks                 []string `json:"callbacks,omitempty"`
	AllowedOrigins            []string `json:"allowed_origins,omitempty"`
	AllowedClients            []string `json:"allowed_clients,omitempty"`
	AllowedLogoutURLs         []string `json:"allowed_logout_urls,omitempty"`
	WebOrigins                []string `json:"web_origins,omitempty"`
	ClientAliases             []string `json:"client_aliases,omitempty"`
	GrantTypes                []string `json:"grant_types,omitempty"`
	IsFirstParty              *bool    `json:"is_first_party,omitempty"`
	OIDCConformant            *bool    `json:"oidc_conformant,omitempty"`
	SSO                       *bool    `json:"sso,omitempty"`
	SSODisabled               *bool    `json:"sso_disabled,omitempty"`
	CrossOriginAuthentication *bool    `json:"cross_origin_authentication,omitempty"`
	LogoURI                   *string  `json:"logo_uri,omitempty"`
	InitiateLoginURI          *string  `json:"initiate_login_uri,omitempty"`
}

type jwtConfiguration struct {
	Alg               string         `json:"alg,omitempty" schema:"enum=HS256|RS256|RS512|PS256"`
	LifetimeInSeconds *int           `json:"lifetime_in_seconds,omitempty"`
	SecretEncoded     *bool          `json:"secret_encoded,omitempty"`
	Scopes            map[string]any `json:"scopes,omitempty" jsonschema:"ID token claims." schema:"free"`
}

type createRefresh struct {
	refreshToken
	Policies []refreshPolicy `json:"policies,omitempty"`
}

type updateRefresh struct {
	refreshToken
	Policies []refreshPolicy `json:"policies,omitempty" schema:"null"`
}

type refreshToken struct {
	RotationType              string `json:"rotation_type,omitempty" schema:"enum=rotating|non-rotating"`
	ExpirationType            string `json:"expiration_type,omitempty" schema:"enum=expiring|non-expiring"`
	Leeway                    *int   `json:"leeway,omitempty"`
	TokenLifetime             *int   `json:"token_lifetime,omitempty"`
	IdleTokenLifetime         *int   `json:"idle_token_lifetime,omitempty"`
	InfiniteTokenLifetime     *bool  `json:"infinite_token_lifetime,omitempty"`
	InfiniteIdleTokenLifetime *bool  `json:"infinite_idle_token_lifetime,omitempty"`
}

type refreshPolicy struct {
	Audience string   `json:"audience,omitempty"`
	Scope    []string `json:"scope,omitempty"`
}

type mobile struct {
	Android *struct {
		AppPackageName         *string  `json:"app_package_name,omitempty"`
		SHA256CertFingerprints []string `json:"sha256_cert_fingerprints,omitempty"`
	} `json:"android,omitempty"`
	IOS *struct {
		TeamID              *string `json:"team_id,omitempty"`
		AppBundleIdentifier *string `json:"app_bundle_identifier,omitempty"`
	} `json:"ios,omitempty"`
}

type oidcLogout struct {
	URLs       []string `json:"backchannel_logout_urls,omitempty"`
	Initiators *struct {
		Mode     string   `json:"mode,omitempty" schema:"enum=custom|all"`
		Selected []string `json:"selected_initiators,omitempty" schema:"enum=rp-logout|idp-logout|password-changed|session-expired|session-revoked|account-deleted|email-identifier-changed|mfa-phone-unenrolled|account-deactivated"`
	} `json:"backchannel_logout_initiators,omitempty"`
	SessionMetadata *struct {
		Include *bool `json:"include,omitempty"`
	} `json:"backchannel_logout_session_metadata,omitempty"`
}

type socialLogin struct {
	Apple    *enabled `json:"apple,omitempty"`
	Facebook *enabled `json:"facebook,omitempty"`
	Google   *enabled `json:"google,omitempty"`
}

type enabled struct {
	Enabled *bool `json:"enabled,omitempty"`
}
