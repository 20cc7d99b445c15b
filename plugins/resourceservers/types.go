package resourceservers

import "github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"

type listInput struct {
	Identifiers []string `json:"identifiers,omitempty" schema:"max=10"`
	auth0v1.PageOf
	auth0v1.FieldsOf
}

type getInput struct {
	ID string `json:"id" jsonschema:"Id, identifier (audience) or name."`
}

type createInput struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier"`
	settings
	TokenEncryption      *tokenEncryption      `json:"token_encryption,omitempty"`
	ConsentPolicy        string                `json:"consent_policy,omitempty" schema:"enum=transactional-authorization-with-mfa"`
	AuthorizationDetails []authorizationDetail `json:"authorization_details,omitempty" schema:"null"`
	ProofOfPossession    *proofOfPossession    `json:"proof_of_possession,omitempty"`
}

// updateInput has the settings of a resource server that a change may clear.
type updateInput struct {
	ID   string `json:"id" jsonschema:"Id or identifier."`
	Name string `json:"name,omitempty"`
	settings
	TokenEncryption      *tokenEncryption      `json:"token_encryption,omitempty" schema:"null"`
	ConsentPolicy        string                `json:"consent_policy,omitempty" schema:"enum=transactional-authorization-with-mfa,null"`
	AuthorizationDetails []authorizationDetail `json:"authorization_details,omitempty" schema:"null"`
	ProofOfPossession    *proofOfPossession    `json:"proof_of_possession,omitempty" schema:"null"`
}

// settings are those that can be set and changed, but not cleared.
type settings struct {
	Scopes                                    []scope `json:"scopes,omitempty"`
	SigningAlg                                string  `json:"signing_alg,omitempty" schema:"enum=HS256|RS256|RS512|PS256"`
	SigningSecret                             string  `json:"signing_secret,omitempty" schema:"min=16"`
	AllowOfflineAccess                        *bool   `json:"allow_offline_access,omitempty"`
	TokenLifetime                             *int    `json:"token_lifetime,omitempty" schema:"min=0,max=2592000"`
	TokenDialect                              string  `json:"token_dialect,omitempty" schema:"enum=access_token|access_token_authz|rfc9068_profile|rfc9068_profile_authz"`
	SkipConsentForVerifiableFirstPartyClients *bool   `json:"skip_consent_for_verifiable_first_party_clients,omitempty"`
	EnforcePolicies                           *bool   `json:"enforce_policies,omitempty"`
	Client                                    *client `json:"client,omitempty"`
}

// client has no members because Auth0 never documented any: older versions of
// the API took the object, the one of today refuses it.
type client struct{}

type scope struct {
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
}

type authorizationDetail struct {
	Type string `json:"type,omitempty"`
}

type tokenEncryption struct {
	Format        string        `json:"format,omitempty" schema:"enum=compact-nested-jwe"`
	EncryptionKey encryptionKey `json:"encryption_key,omitzero"`
}

type encryptionKey struct {
	Name string `json:"name,omitempty"`
	Alg  string `json:"alg,omitempty" schema:"enum=RSA-OAEP-256|RSA-OAEP-384|RSA-OAEP-512"`
	Kid  string `json:"kid,omitempty"`
	PEM  string `json:"pem,omitempty"`
}

type proofOfPossession struct {
	Mechanism   string `json:"mechanism,omitempty" schema:"enum=mtls|dpop"`
	Required    bool   `json:"required,omitempty"`
	RequiredFor string `json:"required_for,omitempty" schema:"enum=public_clients|all_clients"`
}
