package applications

import (
	_ "embed"

	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

type listInput struct {
	Name         string `json:"name,omitempty" jsonschema:"Part of it, in any case."`
	AppType      string `json:"app_type,omitempty" schema:"enum=native|spa|regular_web|non_interactive|resource_server|express_configuration|rms|box|cloudbees|concur|dropbox|mscrm|echosign|egnyte|newrelic|office365|salesforce|sentry|sharepoint|slack|springcm|zendesk|zoom|sso_integration|oag,fold" jsonschema:"spa, native …"`
	IsFirstParty *bool  `json:"is_first_party,omitempty"`
	auth0v1.PageOf
	auth0v1.FieldsOf
}

type getInput struct {
	ClientID string `json:"client_id,omitempty" jsonschema:"Id or exact name."`
	Name     string `json:"name,omitempty"`
}

// createSchema and updateSchema are all that the Management API takes: see schemas.txt.
var (
	//go:embed schemas/auth0_create_application.json
	createSchema []byte
	//go:embed schemas/auth0_update_application.json
	updateSchema []byte
)

// createInput and updateInput are what the tools read of their arguments, which are sent as the caller wrote them.
type createInput struct {
	AppType   string   `json:"app_type"`
	Callbacks []string `json:"callbacks"`
}

type updateInput struct {
	ClientID  string   `json:"client_id"`
	Callbacks []string `json:"callbacks"`
}
