package sandbox

import (
	"strings"
	"testing"
)

func TestCreateAPI(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	a := c.post("/api/v2/resource-servers", `{"name":"Orders","identifier":"https://api.example/orders"}`).want(201)
	if got := memberNames(a.object()); got != "allow_offline_access id identifier name signing_alg "+
		"skip_consent_for_verifiable_first_party_clients subject_type_authorization token_lifetime token_lifetime_for_web" {
		t.Errorf("a new API has %s", got)
	}
	a.is(`{"client":{"policy":"require_client_grant"},"user":{"policy":"allow_all"}}`, "subject_type_authorization")
	a.is("86400", "token_lifetime")
	a.is("7200", "token_lifetime_for_web")
	a.is(`"RS256"`, "signing_alg")
	if id := a.textAt("id"); len(id) != 24 || strings.Trim(id, hexDigits) != "" {
		t.Errorf("id %q is not 24 hex digits", id)
	}
	for _, key := range []string{a.textAt("id"), "https:%2F%2Fapi.example%2Forders", "https%3A%2F%2Fapi.example%2Forders",
		"https%3a%2f%2fapi.example%2forders"} {
		c.get("/api/v2/resource-servers/"+key).want(200).is(`"Orders"`, "name")
	}
	c.get("/api/v2/resource-servers/https://api.example/orders").refused(404, "", "Not Found")
	c.get("/api/v2/resource-servers/nobody").refused(404, "inexistent_resource_server",
		"The resource server does not exist")
	c.post("/api/v2/resource-servers", `{"identifier":"https://api.example/orders"}`).
		refused(409, "resource_server_conflict", "A resource server with the same identifier already exists.")
}

func TestAPISigningSecret(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	a := c.post("/api/v2/resource-servers", `{"identifier":"urn:a","signing_alg":"HS256"}`).want(201)
	made := a.textAt("signing_secret")
	if len(made) != 32 {
		t.Errorf("signing_secret is %q", made)
	}
	base := "/api/v2/resource-servers/" + a.textAt("id")
	c.get(base).want(200).is(`"`+made+`"`, "signing_secret")
	c.patch(base, `{"signing_secret":"a secret of my own"}`).want(200).is(`"a secret of my own"`, "signing_secret")
	if c.patch(base, `{"signing_alg":"RS256"}`).want(200).object()["signing_secret"] != nil {
		t.Error("RS256 kept the signing_secret")
	}
	c.post("/api/v2/resource-servers", `{"identifier":"urn:b","signing_alg":"HS256","signing_secret":"short"}`).
		refused(400, "invalid_body", "'String is too short (5 chars), minimum 16' on property signing_secret")
}

func TestPatchAPI(t *testing.T) {
	full := `{"identifier":"urn:a","name":"A","scopes":[{"value":"read:a","description":"Read"},{"value":"write:a"}],
		"authorization_details":[{"type":"payment"}],"consent_policy":"transactional-authorization-with-mfa",
		"proof_of_possession":{"mechanism":"mtls","required":true},
		"token_encryption":{"format":"compact-nested-jwe","encryption_key":{"name":"k","alg":"RSA-OAEP-256","pem":"-----BEGIN PUBLIC KEY-----"}}}`
	for _, test := range []struct{ patch, member, want string }{
		{`{"name":"B"}`, "scopes", `[{"value":"read:a","description":"Read"},{"value":"write:a"}]`},
		{`{"scopes":[{"value":"read:a","description":"Changed"}]}`, "scopes", `[{"value":"read:a","description":"Changed"}]`},
		{`{"scopes":[]}`, "scopes", `[]`},
		{`{"token_lifetime":0}`, "token_lifetime", `0`},
		{`{"subject_type_authorization":{"user":{"policy":"deny_all"}}}`, "subject_type_authorization",
			`{"user":{"policy":"deny_all"}}`},
		{`{"proof_of_possession":{"mechanism":"dpop","required":false}}`, "proof_of_possession",
			`{"mechanism":"dpop","required":false}`},
		{`{"authorization_details":null}`, "authorization_details", `null`},
		{`{"consent_policy":null}`, "consent_policy", `null`},
		{`{"proof_of_possession":null}`, "proof_of_possession", `null`},
		{`{"token_encryption":null}`, "token_encryption", `null`},
		{`{}`, "consent_policy", `"transactional-authorization-with-mfa"`},
	} {
		t.Run(test.patch, func(t *testing.T) {
			c := newCaller(t, Options{Empty: true})
			made := c.post("/api/v2/resource-servers", full).want(201)
			if key, _ := made.at("token_encryption",
				"encryption_key").(object); memberNames(key) != "alg name thumbprint_sha256" {
				t.Errorf("the key comes back as %s", memberNames(key))
			}
			c.patch("/api/v2/resource-servers/urn%3Aa", test.patch).want(200).is(test.want, test.member)
			after := c.get("/api/v2/resource-servers/" + made.textAt("id")).want(200)
			after.is(test.want, test.member)
			if _, there := after.object()[test.member]; there != (test.want != "null") {
				t.Errorf("%s is there: %v", test.member, there)
			}
		})
	}
}

func TestAPIValidation(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	c.post("/api/v2/resource-servers", `{"identifier":"urn:a"}`).want(201)
	for body, message := range map[string]string{
		`{"name":"x"}`: "'Missing required property: identifier'",
		`{"identifier":""}`: "'String is too short (0 chars), minimum 1' on " +
			"property identifier.",
		`{"identifier":"x","name":"<x>"}`: "'String does not match pattern ^[^<>]+$: <x>' on " +
			"property name.",
		`{"identifier":"x","signing_alg":"ES256"}`: "'No enum match for: ES256' on property signing_alg.",
		`{"identifier":"x","token_lifetime":2592001}`: "'Value 2592001 is greater than maximum 2592000' on " +
			"property token_lifetime.",
		`{"identifier":"x","token_lifetime":-1}`: "'Value -1 is less than minimum 0' on property " +
			"token_lifetime.",
		`{"identifier":"x","token_lifetime":"1"}`: "'Expected type integer but found type string' on " +
			"property token_lifetime.",
		`{"identifier":"x","scopes":["read:x"]}`: "'Expected type object but found type string' on " +
			"property scopes[0].",
		`{"identifier":"x","scopes":[{"description":"d"}]}`: "'Missing required property: value' on property " +
			"scopes[0].",
		`{"identifier":"x","scopes":[{"value":"a"},{"value":"a"}]}`: "'Array items are not unique (indexes 0 and 1)' on " +
			"property scopes.",
		`{"identifier":"x","nonsense":true}`: "'Additional properties not allowed: nonsense'",
	} {
		c.post("/api/v2/resource-servers", body).refused(400, "invalid_body", "Payload validation error: "+message)
	}
	for body, message := range map[string]string{
		`{"identifier":"urn:b"}`: "'Additional properties not allowed: identifier'",
		`{"name":null}`:          "'Expected type string but found type null' on property name.",
		`{"scopes":null}`:        "'Expected type array but found type null' on property scopes.",
	} {
		c.patch("/api/v2/resource-servers/urn:a", body).refused(400, "invalid_body", "Payload validation error: "+message)
	}
	c.patch("/api/v2/resource-servers/nobody", `{}`).refused(404, "inexistent_resource_server", "")
}

func TestSystemAPI(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	system := c.get("/api/v2/resource-servers").want(200)
	system.is("true", 0, "is_system")
	if system.textAt(0, "identifier") != c.tenant.Audience() {
		t.Errorf("the only API of an empty tenant is %s", system.textAt(0, "identifier"))
	}
	id := system.textAt(0, "id")
	for body, message := range map[string]string{
		`{"name":"x","scopes":[],"token_lifetime":60}`: "'Additional properties not allowed: name,scopes'.",
		`{"subject_type_authorization":{"client":{"policy":"deny_all"}}}`: "'Additional properties not allowed: client' " +
			"on property subject_type_authorization.",
	} {
		c.patch("/api/v2/resource-servers/"+id, body).refused(400, "invalid_body", "Payload validation error: "+message)
	}
	c.patch("/api/v2/resource-servers/"+id,
		`{"token_lifetime":60,"subject_type_authorization":{"user":{"policy":"deny_all"}}}`).
		want(200).is("60", "token_lifetime")
	c.delete("/api/v2/resource-servers/"+id).refused(400, "operation_not_supported", "System resource servers")
}

func TestAPIIdentifierFilter(t *testing.T) {
	c := newCaller(t, Options{})
	for query, want := range map[string]int{
		"identifiers=urn:harbourlight:warehouse":                             1,
		"identifiers=urn:harbourlight:warehouse&identifiers=recommendations": 2,
		"identifiers=urn:harbourlight:warehouse,recommendations":             2,
		"identifiers[]=recommendations":                                      1,
		"identifiers=nobody":                                                 0,
		"":                                                                   7,
	} {
		if got := len(c.get("/api/v2/resource-servers?" + query).want(200).array()); got != want {
			t.Errorf("%s gives %d APIs, want %d", query, got, want)
		}
	}
}

func TestDeleteAPI(t *testing.T) {
	c := newCaller(t, Options{})
	c.delete("/api/v2/resource-servers/urn%3Aharbourlight%3Awarehouse").want(204)
	c.get("/api/v2/resource-servers/urn%3Aharbourlight%3Awarehouse").refused(404, "inexistent_resource_server", "")
	c.delete("/api/v2/resource-servers/urn%3Aharbourlight%3Awarehouse").want(204)
	c.get("/api/v2/client-grants?audience=urn:harbourlight:warehouse").want(200).is("[]")
}

func TestGrants(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	client := c.post("/api/v2/clients", `{"name":"machine"}`).want(201).textAt("client_id")
	c.post("/api/v2/resource-servers", `{"identifier":"urn:a","scopes":[{"value":"read"},{"value":"write"}]}`).want(201)
	with := func(rest string) string { return `{"client_id":"` + client + `","audience":"urn:a"` + rest + `}` }

	made := c.post("/api/v2/client-grants", with(`,"scope":["read"]`)).want(201)
	id := made.textAt("id")
	if !strings.HasPrefix(id, "cgr_") || memberNames(made.object()) != "audience client_id id scope subject_type" {
		t.Errorf("a new grant is %s", made.text)
	}
	made.is(`"client"`, "subject_type")
	c.get("/api/v2/client-grants/"+id).want(200).is(`["read"]`, "scope")
	c.post("/api/v2/client-grants", with(`,"scope":[]`)).refused(409, "client_grant_conflict", "already exists")
	c.post("/api/v2/client-grants", with(`,"scope":[],"subject_type":"user"`)).want(201)
	c.post("/api/v2/client-grants", `{"audience":"urn:a","scope":["read"],"default_for":"third_party_clients"}`).want(201)

	c.patch("/api/v2/client-grants/"+id,
		`{"scope":["read","write"],"organization_usage":"allow"}`).want(200).is(`["read","write"]`, "scope")
	c.patch("/api/v2/client-grants/"+id, `{"scope":[],"organization_usage":null}`).want(200).is(`null`,
		"organization_usage")
	c.get("/api/v2/client-grants/"+id).want(200).is(`[]`, "scope")
	c.patch("/api/v2/client-grants/"+id, `{"audience":"urn:b"}`).refused(400, "invalid_body",
		"'Additional properties not allowed: audience'")
	c.patch("/api/v2/client-grants/"+id, `{"scope":["fly"]}`).refused(400, "invalid_scope", "fly")
	c.patch("/api/v2/client-grants/cgr_x", `{"scope":[]}`).refused(404, "inexistent_client_grant", "")

	for query, want := range map[string]int{
		"audience=urn:a": 3, "audience=urn:a&client_id=" + client: 2, "client_id=nobody": 0, "subject_type=user": 1,
		"allow_any_organization=true": 0,
	} {
		if got := len(c.get("/api/v2/client-grants?" + query).want(200).array()); got != want {
			t.Errorf("%s gives %d grants, want %d", query, got, want)
		}
	}
	c.delete("/api/v2/client-grants/" + id).want(204)
	c.get("/api/v2/client-grants/"+id).refused(404, "inexistent_client_grant", "")
	c.delete("/api/v2/client-grants/" + id).want(204)
}

func TestGrantRefusals(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	client := c.post("/api/v2/clients", `{"name":"machine"}`).want(201).textAt("client_id")
	express := c.post("/api/v2/clients",
		`{"name":"express","app_type":"express_configuration"}`).want(201).textAt("client_id")
	c.post("/api/v2/resource-servers", `{"identifier":"urn:a"}`).want(201)
	for _, test := range []struct {
		body          string
		status        int
		code, message string
	}{
		{`{"client_id":"` + client + `","scope":[]}`, 400, "invalid_body", "'Missing required property: audience'"},
		{`{"client_id":"` + client + `","audience":"urn:a"}`, 400, "invalid_body", "'Missing required property: scope'"},
		{`{"audience":"urn:a","scope":[]}`, 400, "invalid_body", "'Missing required property: client_id'"},
		{`{"client_id":"` + client + `","audience":"urn:a","scope":"read"}`, 400, "invalid_body",
			"'Expected type array but found type string' on property scope."},
		{`{"client_id":"nobody","audience":"urn:a","scope":[]}`, 404, "inexistent_client", "The client does not exist"},
		{`{"client_id":"` + client + `","audience":"urn:b","scope":[]}`, 404, "inexistent_resource_server",
			"The resource server does not exist"},
		{`{"client_id":"` + client + `","audience":"urn:a","scope":["fly"]}`, 400, "invalid_scope", "fly"},
		{`{"client_id":"` + express + `","audience":"urn:a","scope":[]}`, 400, "validation_error",
			"Client of type express_configuration cannot be used"},
	} {
		c.post("/api/v2/client-grants", test.body).refused(test.status, test.code, test.message)
	}
	c.post("/api/v2/client-grants", `{"client_id":"`+client+`","audience":"urn:a","allow_all_scopes":true}`).want(201)
}
