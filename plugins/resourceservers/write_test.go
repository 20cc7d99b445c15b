package resourceservers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// deadSecret is long enough for Auth0 and of no use.
const deadSecret = "dead-secret-of-a-test"

const everything = `{
	"name": "Tides", "identifier": "https://tides.example/v1?zone=<north>",
	"scopes": [{"value":"read:tides","description":"Read & compare"}, {"value":"write:tides"}],
	"signing_alg": "RS512", "allow_offline_access": true, "token_lifetime": 0, "token_dialect": "rfc9068_profile_authz",
	"skip_consent_for_verifiable_first_party_clients": false, "enforce_policies": true,
	"token_encryption": {"format":"compact-nested-jwe","encryption_key":{"name":"k1","alg":"RSA-OAEP-256","kid":"k1","pem":"-----BEGIN PUBLIC KEY-----\nno key\n-----END PUBLIC KEY-----"}},
	"consent_policy": "transactional-authorization-with-mfa", "authorization_details": [{"type":"payment"},{"type":"refund"}],
	"proof_of_possession": {"mechanism":"mtls","required":false,"required_for":"public_clients"}
}`

func TestCreate(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	answer := decoded(t, succeed(t, auth0, "auth0_create_resource_server", everything))
	if sent := s.Requests()[0].Body; !reflect.DeepEqual(decoded(t, sent), decoded(t, []byte(everything))) {
		t.Errorf("the body is %s", sent)
	}
	stored := get(t, auth0, "https://tides.example/v1?zone=<north>")
	if !reflect.DeepEqual(stored, answer) || stored["id"] == nil {
		t.Errorf("created %v, read back %v", answer, stored)
	}
	want := decoded(t, []byte(everything))
	key := want["token_encryption"].(map[string]any)["encryption_key"].(map[string]any)
	delete(key, "pem") // Auth0 shows a key by its id
	for name, value := range want {
		if !reflect.DeepEqual(stored[name], value) {
			t.Errorf("%s is %v, want %v", name, stored[name], value)
		}
	}
}

func TestCreateLeavesDefaultsToAuth0(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	const args = `{"name":"Tides","identifier":"urn:tides"}`
	answer := decoded(t, succeed(t, auth0, "auth0_create_resource_server", args))
	if sent := s.Requests()[0].Body; !reflect.DeepEqual(decoded(t, sent), decoded(t, []byte(args))) {
		t.Errorf("the body is %s", sent)
	}
	if answer["signing_alg"] != "RS256" || answer["subject_type_authorization"] == nil {
		t.Errorf("the answer is %v", answer)
	}
}

func TestUpdate(t *testing.T) {
	for _, tt := range []struct{ change, member, want string }{
		{`"name":"Tide tables"`, "name", `"Tide tables"`},
		{`"name":"Tide tables"`, "scopes", `[{"value":"read:tides","description":"Read & compare"},{"value":"write:tides"}]`},
		{`"scopes":[{"value":"read:tides"}]`, "scopes", `[{"value":"read:tides"}]`},
		{`"scopes":[]`, "scopes", `[]`},
		{`"authorization_details":[]`, "authorization_details", `[]`},
		{`"authorization_details":null`, "authorization_details", ``},
		{`"consent_policy":null`, "consent_policy", ``},
		{`"token_encryption":null`, "token_encryption", ``},
		{`"proof_of_possession":null`, "proof_of_possession", ``},
		{`"proof_of_possession":{"mechanism":"dpop","required":true}`, "proof_of_possession",
			`{"mechanism":"dpop","required":true}`},
		{`"allow_offline_access":false`, "allow_offline_access", `false`},
		{`"enforce_policies":false`, "enforce_policies", `false`},
		{`"token_lifetime":2592000`, "token_lifetime", `2592000`},
		{`"token_dialect":"access_token"`, "token_dialect", `"access_token"`},
		{`"signing_alg":"PS256"`, "signing_alg", `"PS256"`},
		{`"skip_consent_for_verifiable_first_party_clients":true`, "skip_consent_for_verifiable_first_party_clients", `true`},
	} {
		t.Run(tt.change, func(t *testing.T) {
			s, auth0 := tenant(t, sandbox.Options{Empty: true})
			id := seed(t, auth0, everything)
			s.ResetRequests()
			answer := decoded(t, succeed(t, auth0, "auth0_update_resource_server", fmt.Sprintf(`{"id":%q,%s}`, id, tt.change)))
			sent := writes(s)
			if len(sent) != 1 || !reflect.DeepEqual(decoded(t, sent[0].Body), decoded(t, []byte("{"+tt.change+"}"))) {
				t.Errorf("sent %d requests, first %s", len(sent), sent[0].Body)
			}
			stored := get(t, auth0, id)
			if !reflect.DeepEqual(answer, stored) {
				t.Errorf("answered %v, read back %v", answer, stored)
			}
			value, there := stored[tt.member]
			if there != (tt.want != "") {
				t.Fatalf("%s is there: %v", tt.member, there)
			}
			if !there {
				return
			}
			var want any
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(value, want) {
				t.Errorf("%s is %v, want %v", tt.member, value, want)
			}
		})
	}
}

// writes are the requests that were to change the tenant.
func writes(s *sandbox.Tenant) []sandbox.Request {
	return slices.DeleteFunc(s.Requests(), func(r sandbox.Request) bool { return r.Method == http.MethodGet })
}

func TestUpdateByIdentifier(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	succeed(t, auth0, "auth0_update_resource_server", fmt.Sprintf(`{"id":%q,"name":"Orders, renamed"}`, orders))
	if sent := writes(s)[0]; sent.Method != http.MethodPatch ||
		sent.Path != "/api/v2/resource-servers/"+get(t, auth0, orders)["id"].(string) {
		t.Errorf("sent %s %s", sent.Method, sent.Path)
	}
	if name := get(t, auth0, orders)["name"]; name != "Orders, renamed" {
		t.Errorf("the name is %v", name)
	}
}

func TestSigningSecretArrives(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	for _, tt := range []struct{ tool, args, want string }{
		{"auth0_create_resource_server",
			`{"name":"Tides","identifier":"urn:tides","signing_alg":"HS256","signing_secret":"` + deadSecret + `"}`, deadSecret},
		{"auth0_update_resource_server", `{"id":"urn:tides","signing_secret":"` + deadSecret + `-2"}`, deadSecret + "-2"},
		{"auth0_update_resource_server", `{"id":"urn:tides","signing_alg":"HS256","signing_secret":"` + deadSecret + `-3"}`,
			deadSecret + "-3"},
	} {
		s.ResetRequests()
		succeed(t, auth0, tt.tool, tt.args)
		sent := decoded(t, writes(s)[0].Body)
		want := decoded(t, []byte(tt.args))
		delete(want, "id")
		if !reflect.DeepEqual(sent, want) {
			t.Errorf("%s sent %v, want %v", tt.tool, sent, want)
		}
		if got := get(t, auth0, "urn:tides")["signing_secret"]; got != tt.want {
			t.Errorf("%s: the secret is %v, want %s", tt.tool, got, tt.want)
		}
	}
}

// A read does not show the PEM of the key, so an API that is written back has none.
func TestStoredKeyStays(t *testing.T) {
	const anew = `{"token_encryption":{"format":"compact-nested-jwe","encryption_key":{"alg":"RSA-OAEP-512",` +
		`"pem":"-----BEGIN PUBLIC KEY-----\nno key\n-----END PUBLIC KEY-----"}}}`
	const asRead = `"token_encryption":{"format":"compact-nested-jwe","encryption_key":{"name":"k1",` +
		`"alg":"RSA-OAEP-256","kid":"k1"}}`
	for change, want := range map[string]string{
		`{"token_lifetime":60,` + asRead + `}`: `{"token_lifetime":60}`,
		`{"token_encryption":null}`:            `{"token_encryption":null}`,
		anew:                                   anew,
		`{` + asRead + `}`:                     "nothing to update",
		`{` + strings.Replace(asRead, "256", "512", 1) + `}`:      "encryption_key.pem",
		`{` + strings.Replace(asRead, `,"kid":"k1"`, "", 1) + `}`: "encryption_key.pem",
	} {
		s, auth0 := tenant(t, sandbox.Options{Empty: true})
		seed(t, auth0, everything)
		s.ResetRequests()
		f := sdktest.Call(t, Plugin(), auth0, "auth0_update_resource_server", `{"id":"Tides",`+change[1:]).Failure
		sent := writes(s)
		if strings.HasPrefix(want, "{") {
			if f != nil || len(sent) != 1 || string(sent[0].Body) != want {
				t.Errorf("%s: sent %v (%v)", change, sent, f)
			}
		} else if f.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT || !strings.Contains(f.GetMessage(), want) ||
			len(sent) > 0 {
			t.Errorf("%s: %v, sent %v", change, f, sent)
		}
	}
}

// An identifier goes into the path as it is, whatever it holds.
func TestIdentifiersGoIntoThePathAsTheyAre(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	for _, identifier := range []string{reports, "https://api.harbourlight.example/catalogue/"} {
		s.ResetRequests()
		succeed(t, auth0, "auth0_update_resource_server", fmt.Sprintf(`{"id":%q,"name":"Renamed"}`, identifier))
		if sent := s.Requests()[0].Path; sent != "/api/v2/resource-servers/"+url.PathEscape(identifier) {
			t.Errorf("%s: asked for %s", identifier, sent)
		}
		if api := get(t, auth0, identifier); api["name"] != "Renamed" || api["identifier"] != identifier {
			t.Errorf("%s became %v", identifier, api)
		}
	}
}

func TestRefusals(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{})
	for _, tt := range []struct{ tool, args, want string }{
		{"auth0_create_resource_server", `{"name":"Tides","identifier":"urn:tides","signing_secret":"` + deadSecret + `"}`,
			"signing_alg HS256"},
		{"auth0_create_resource_server",
			`{"name":"Tides","identifier":"urn:tides","signing_alg":"PS256","signing_secret":"` + deadSecret + `"}`,
			"signing_alg HS256"},
		{"auth0_update_resource_server", `{"id":"urn:tides","signing_alg":"RS256","signing_secret":"` + deadSecret + `"}`,
			"signing_alg HS256"},
		{"auth0_update_resource_server", `{"id":"urn:tides"}`, "nothing to update"},
	} {
		f := sdktest.Call(t, Plugin(), auth0, tt.tool, tt.args).Failure
		if f.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT || !strings.Contains(f.GetMessage(), tt.want) {
			t.Errorf("%s %s: %v, want a mention of %s", tt.tool, tt.args, f, tt.want)
		}
		if strings.Contains(f.GetMessage(), deadSecret) {
			t.Errorf("%s tells the secret: %v", tt.tool, f)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent for arguments that make no sense", n)
	}
}

func TestWriteFailures(t *testing.T) {
	for _, tt := range []struct {
		tool, args string
		status     int
	}{
		{"auth0_create_resource_server", fmt.Sprintf(`{"name":"Again","identifier":%q}`, orders), http.StatusConflict},
		{"auth0_update_resource_server", fmt.Sprintf(`{"id":%q,"scopes":[{"value":"a"},{"value":"a"}]}`, orders),
			http.StatusBadRequest},
		{"auth0_update_resource_server", `{"id":"SYSTEM","name":"Mine now"}`, http.StatusBadRequest},
	} {
		s, auth0 := tenant(t, sandbox.Options{})
		f := sdktest.Call(t, Plugin(), auth0, tt.tool, strings.Replace(tt.args, "SYSTEM", s.Audience(), 1)).Failure
		if f.GetCode() != pluginv1.Failure_CODE_API || int(f.GetHttpStatus()) != tt.status {
			t.Errorf("%s %s: %v, want status %d", tt.tool, tt.args, f, tt.status)
		}
		if n := len(writes(s)); n != 1 {
			t.Errorf("%s %s: %d writes", tt.tool, tt.args, n)
		}
	}
}
