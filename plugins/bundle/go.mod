module github.com/auth0-mcp/auth0-mcp/plugins/bundle

go 1.26.0

require (
	github.com/auth0-mcp/auth0-mcp/managementapi v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/actions v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/applications v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/connections v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/diagnosis v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/export v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/flows v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/forms v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/grants v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/keys v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/logs v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/logstreams v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/management v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/onboarding v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/organizations v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/protection v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/resourceservers v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/roles v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/tenant v0.0.0
	github.com/auth0-mcp/auth0-mcp/plugins/users v0.0.0
	github.com/auth0-mcp/auth0-mcp/sandbox v0.0.0
	github.com/auth0-mcp/auth0-mcp/sdk v0.0.0
)

require (
	github.com/PuerkitoBio/rehttp v1.4.0 // indirect
	github.com/auth0-mcp/auth0-mcp/proto v0.0.0 // indirect
	github.com/auth0-mcp/auth0-mcp/sdk/auth0v1 v0.0.0 // indirect
	github.com/auth0/go-auth0 v1.45.0 // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.0 // indirect
	github.com/fatih/color v1.13.0 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/goccy/go-json v0.10.5 // indirect
	github.com/golang/protobuf v1.5.4 // indirect
	github.com/google/jsonschema-go v0.4.3 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/hashicorp/go-hclog v1.6.3 // indirect
	github.com/hashicorp/go-plugin v1.8.0 // indirect
	github.com/hashicorp/yamux v0.1.2 // indirect
	github.com/lestrrat-go/blackmagic v1.0.3 // indirect
	github.com/lestrrat-go/httpcc v1.0.1 // indirect
	github.com/lestrrat-go/httprc v1.0.6 // indirect
	github.com/lestrrat-go/iter v1.0.2 // indirect
	github.com/lestrrat-go/jwx/v2 v2.1.6 // indirect
	github.com/lestrrat-go/option v1.0.1 // indirect
	github.com/mattn/go-colorable v0.1.12 // indirect
	github.com/mattn/go-isatty v0.0.17 // indirect
	github.com/oklog/run v1.1.0 // indirect
	github.com/segmentio/asm v1.2.0 // indirect
	golang.org/x/crypto v0.57.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/oauth2 v0.36.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260817212433-ac3dfec99bb1 // indirect
	google.golang.org/grpc v1.85.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace (
	github.com/auth0-mcp/auth0-mcp/managementapi => ../../managementapi
	github.com/auth0-mcp/auth0-mcp/plugins/actions => ../actions
	github.com/auth0-mcp/auth0-mcp/plugins/applications => ../applications
	github.com/auth0-mcp/auth0-mcp/plugins/connections => ../connections
	github.com/auth0-mcp/auth0-mcp/plugins/diagnosis => ../diagnosis
	github.com/auth0-mcp/auth0-mcp/plugins/export => ../export
	github.com/auth0-mcp/auth0-mcp/plugins/flows => ../flows
	github.com/auth0-mcp/auth0-mcp/plugins/forms => ../forms
	github.com/auth0-mcp/auth0-mcp/plugins/grants => ../grants
	github.com/auth0-mcp/auth0-mcp/plugins/keys => ../keys
	github.com/auth0-mcp/auth0-mcp/plugins/logs => ../logs
	github.com/auth0-mcp/auth0-mcp/plugins/logstreams => ../logstreams
	github.com/auth0-mcp/auth0-mcp/plugins/management => ../management
	github.com/auth0-mcp/auth0-mcp/plugins/onboarding => ../onboarding
	github.com/auth0-mcp/auth0-mcp/plugins/organizations => ../organizations
	github.com/auth0-mcp/auth0-mcp/plugins/protection => ../protection
	github.com/auth0-mcp/auth0-mcp/plugins/resourceservers => ../resourceservers
	github.com/auth0-mcp/auth0-mcp/plugins/roles => ../roles
	github.com/auth0-mcp/auth0-mcp/plugins/tenant => ../tenant
	github.com/auth0-mcp/auth0-mcp/plugins/users => ../users
	github.com/auth0-mcp/auth0-mcp/proto => ../../proto
	github.com/auth0-mcp/auth0-mcp/sandbox => ../../sandbox
	github.com/auth0-mcp/auth0-mcp/sdk => ../../sdk
	github.com/auth0-mcp/auth0-mcp/sdk/auth0v1 => ../../sdk/auth0v1
)
