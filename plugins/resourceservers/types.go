package resourceservers

import (
	_ "embed"

	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

type listInput struct {
	Identifiers []string `json:"identifiers,omitempty" schema:"max=10,fold"`
	auth0v1.PageOf
	auth0v1.FieldsOf
}

type getInput struct {
	ID string `json:"id" jsonschema:"Id, identifier or exact name."`
}

// createSchema and updateSchema are all that the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_create_resource_server.json
	createSchema []byte
	//go:embed schemas/auth0_update_resource_server.json
	updateSchema []byte
)

// createInput and updateInput are what the tools read of their arguments, which are sent
// as the caller wrote them.
type createInput struct {
	SigningAlg    string `json:"signing_alg"`
	SigningSecret string `json:"signing_secret"`
}

type updateInput struct {
	ID              string           `json:"id"`
	SigningAlg      string           `json:"signing_alg"`
	SigningSecret   string           `json:"signing_secret"`
	TokenEncryption *tokenEncryption `json:"token_encryption"`
}

// tokenEncryption is the encryption of an API's tokens, with what identifies its key.
type tokenEncryption struct {
	Format string `json:"format"`
	Key    struct {
		Name string `json:"name"`
		Alg  string `json:"alg"`
		Kid  string `json:"kid"`
		PEM  string `json:"pem"`
	} `json:"encryption_key"`
}
