package sandbox

import (
	"strings"
	"testing"
)

func TestCreateClientDefaults(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	a := c.post("/api/v2/clients", `{"name":"plain"}`).want(201)
	want := "callback_url_template client_id client_secret cross_origin_auth cross_origin_authentication " +
		"custom_login_page_on encrypted global " +
		"grant_types is_first_party is_token_endpoint_ip_header_trusted jwt_configuration name oidc_conformant " +
		"refresh_token signing_keys sso_disabled tenant"
	if got := memberNames(a.object()); got != want {
		t.Errorf("a new client has\n%s, want\n%s", got, want)
	}
	a.is(`["authorization_code","implicit","refresh_token","client_credentials"]`, "grant_types")
	a.is(`{"lifetime_in_seconds":36000,"secret_encoded":false}`, "jwt_configuration")
	a.is(`{"expiration_type":"non-expiring","idle_token_lifetime":1296000,"infinite_idle_token_lifetime":true,"infinite_token_lifetime":true,"leeway":0,"rotation_type":"non-rotating","token_lifetime":2592000}`, "refresh_token")
	a.is("true", "is_first_party")
	a.is("false", "oidc_conformant")
	if id, secret := a.textAt("client_id"), a.textAt("client_secret"); len(id) != 32 || len(secret) != 64 {
		t.Errorf("client_id %q and client_secret %q are not 32 and 64 long", id, secret)
	}
	if key := a.textAt("signing_keys", 0, "key"); !strings.HasPrefix(key, "-----BEGIN RSA PRIVATE KEY-----") {
		t.Errorf("the creation shows the signing key %.40q", key)
	}
	kept := c.get("/api/v2/clients/" + a.textAt("client_id")).want(200)
	if keys, _ := kept.at("signing_keys", 0).(object); keys["key"] != nil || keys["cert"] == nil ||
		kept.object()["encrypted"] != nil {
		t.Errorf("later answers show the private key, or lack the certificate: %s", memberNames(keys))
	}
}

func TestCreateClientByType(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	c.post("/api/v2/resource-servers", `{"identifier":"https://api.example"}`).want(201)
	short := `["authorization_code","implicit","refresh_token"]`
	long := `["authorization_code","implicit","refresh_token","client_credentials"]`
	for _, test := range []struct{ body, grants, lifetime, jwt string }{
		{`{"name":"x","app_type":"spa","token_endpoint_auth_method":"none"}`, short, "2592000",
			`{"lifetime_in_seconds":36000,"secret_encoded":false}`},
		{`{"name":"x","app_type":"native"}`, short, "2592000", `{"lifetime_in_seconds":36000,"secret_encoded":false}`},
		{`{"name":"x","app_type":"regular_web","token_endpoint_auth_method":"client_secret_basic"}`, long, "31557600",
			`{"lifetime_in_seconds":36000,"secret_encoded":false}`},
		{`{"name":"x","app_type":"non_interactive","token_endpoint_auth_method":"client_secret_post","jwt_configuration":{"alg":"RS256"}}`, long, "31557600", `{"alg":"RS256","secret_encoded":false}`},
		{`{"name":"x","app_type":"resource_server","resource_server_identifier":"https://api.example"}`, `[]`, "2592000",
			`{"alg":"RS256","secret_encoded":false}`},
		{`{"name":"x","app_type":"native","grant_types":[]}`, `[]`, "2592000",
			`{"lifetime_in_seconds":36000,"secret_encoded":false}`},
		{`{"name":"x","jwt_configuration":{"lifetime_in_seconds":300,"alg":"HS256"}}`, long, "2592000",
			`{"alg":"HS256","lifetime_in_seconds":300,"secret_encoded":false}`},
		{`{"name":"x","refresh_token":{"rotation_type":"rotating","expiration_type":"expiring","token_lifetime":77}}`, long,
			"77", `{"lifetime_in_seconds":36000,"secret_encoded":false}`},
	} {
		a := c.post("/api/v2/clients", test.body).want(201)
		a.is(test.grants, "grant_types")
		a.is(test.lifetime, "refresh_token", "token_lifetime")
		a.is(test.jwt, "jwt_configuration")
	}
	api := c.get("/api/v2/resource-servers/https:%2F%2Fapi.example").want(200)
	if api.object()["client_id"] == nil {
		t.Error("the API doesn't name the client that stands for it")
	}
	c.post("/api/v2/clients",
		`{"name":"x","app_type":"resource_server","resource_server_identifier":"https://nowhere.example"}`).
		refused(400, "inexistent_resource_server", "https://nowhere.example")
}

func TestClientValidation(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	id := c.post("/api/v2/clients", `{"name":"x"}`).want(201).textAt("client_id")
	for body, message := range map[string]string{
		`{"description":"no name"}`: "'Missing required property: name'",
		`{"name":""}`:               "'String does not match pattern ^[^<>]+$: ' on property name.",
		`{"name":"<b>"}`:            "'String does not match pattern ^[^<>]+$: <b>' on property name.",
		`{"name":"x","nonsense":1,"client_id":"mine"}`: "'Additional properties not allowed: client_id,nonsense'",
		`{"name":5}`:                        "'Expected type string but found type integer' on property name.",
		`{"name":"x","app_type":"desktop"}`: "'No enum match for: desktop' on property app_type.",
		`{"name":"x","description":"` + strings.Repeat("é", 141) +
			`"}`: "'String is too long (141 chars), maximum 140' on property description.",
		`{"name":"x","callbacks":"https://a.example"}`: "'Expected type array but found type string' on " +
			"property callbacks.",
		`{"name":"x","callbacks":["https://a.example",7]}`: "'Expected type string but found type integer' on " +
			"property callbacks[1].",
		`{"name":"x","callbacks":["no address"]}`: "'Object didn't pass validation for format " +
			"callback-url: no address' on property callbacks[0].",
		`{"name":"x","initiate_login_uri":"http://a.example"}`: "'Object didn't pass validation for format " +
			"absolute-https-uri-with-placeholders-or-empty: http://a.example' on property initiate_login_uri.",
		`{"name":"x","logo_uri":"logo.png"}`: "'Object didn't pass validation for format " +
			"absolute-uri-or-empty: logo.png' on property logo_uri.",
		`{"name":"x","web_origins":["nowhere"]}`: "'Object didn't pass validation for format " +
			"url-with-placeholders: nowhere' on property web_origins[0].",
		`{"name":"x","grant_types":["magic"]}`: "'No enum match for: magic' on property " +
			"grant_types[0].",
		`{"name":"x","oidc_conformant":"true"}`: "'Expected type boolean but found type string' on " +
			"property oidc_conformant.",
		`{"name":"x","jwt_configuration":{"alg":"none"}}`: "'No enum match for: none' on property " +
			"jwt_configuration.alg.",
		`{"name":"x","jwt_configuration":{"lifetime_in_seconds":1.5}}`: "'Expected type integer but found type number'",
		`{"name":"x","refresh_token":{"rotation_type":"rotating"}}`: "'Missing required property: expiration_type' on " +
			"property refresh_token.",
		`{"name":"x","client_metadata":{"a":{}}}`: "'Expected type string but found type object' on " +
			"property client_metadata.a.",
		`{"name":"x","client_metadata":{"a":"` + strings.Repeat("m", 256) +
			`"}}`: "'String is too long (256 chars), maximum 255' on property client_metadata.a.",
		`{"name":"x","client_metadata":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1}}`: "'Too many properties defined (11), maximum 10' on property client_metadata.",
		`{"name":"x","token_endpoint_auth_method":null}`:                                                     "'Expected type string but found type null' on property token_endpoint_auth_method.",
	} {
		c.post("/api/v2/clients", body).refused(400, "invalid_body", "Payload validation error: "+message)
	}
	for body, message := range map[string]string{
		`{"name":null}`:            "'Expected type string but found type null' on property name.",
		`{"callbacks":null}`:       "'Expected type array but found type null' on property callbacks.",
		`{"grant_types":null}`:     "'Expected type array but found type null'",
		`{"is_first_party":null}`:  "'Expected type boolean but found type null'",
		`{"client_metadata":null}`: "'Expected type object but found type null'",
		`{}`:                       "'Too few properties defined (0), minimum 1'",
		`{"oidc_logout":null}`:     "'Expected type object but found type null' on property oidc_logout.",
		`{"addons":{"x":{}},"sso":1}`: "'Expected type boolean but found type integer' on property sso. (also) " +
			"Payload validation error: 'Additional properties not allowed: x' on property addons.",
		`{"resource_server_identifier":"x"}`: "'Additional properties not allowed: resource_server_identifier'",
		`{"signing_keys":[]}`:                "'Additional properties not allowed: signing_keys'",
	} {
		c.patch("/api/v2/clients/"+id, body).refused(400, "invalid_body", "Payload validation error: "+message)
	}
}

func TestPatchClient(t *testing.T) {
	for _, test := range []struct{ name, create, patch, member, want string }{
		{"others stay", `{"name":"a","description":"b"}`, `{"name":"c"}`, "description", `"b"`},
		{"lists are replaced", `{"name":"a","callbacks":["https://a.example","https://b.example"]}`,
			`{"callbacks":["https://c.example"]}`, "callbacks", `["https://c.example"]`},
		{"empty lists are kept", `{"name":"a","callbacks":["https://a.example"]}`, `{"callbacks":[]}`, "callbacks", `[]`},
		{"empty texts are kept", `{"name":"a","description":"b"}`, `{"description":""}`, "description", `""`},
		{"but not this one", `{"name":"a","initiate_login_uri":"https://a.example"}`, `{"initiate_login_uri":""}`,
			"initiate_login_uri", `null`},
		{"objects are replaced", `{"name":"a","mobile":{"android":{"app_package_name":"x.y"}}}`,
			`{"mobile":{"ios":{"team_id":"T"}}}`, "mobile", `{"ios":{"team_id":"T"}}`},
		{"addons too", `{"name":"a","addons":{"slack":{"team":"t"}}}`, `{"addons":{"zoom":{"account":"z"}}}`, "addons",
			`{"zoom":{"account":"z"}}`},
		{"empty objects are kept", `{"name":"a","addons":{"slack":{"team":"t"}}}`, `{"addons":{}}`, "addons", `{}`},
		{"refresh token settings are completed", `{"name":"a"}`,
			`{"refresh_token":{"rotation_type":"rotating","expiration_type":"expiring","leeway":5}}`, "refresh_token",
			`{"rotation_type":"rotating","expiration_type":"expiring","leeway":5,"token_lifetime":2592000,"idle_token_lifetime":1296000,"infinite_token_lifetime":false,"infinite_idle_token_lifetime":false}`},
		{"metadata is merged", `{"name":"a","client_metadata":{"keep":"1","drop":"2","change":"3"}}`,
			`{"client_metadata":{"drop":null,"change":"4","add":"5"}}`, "client_metadata",
			`{"keep":"1","change":"4","add":"5"}`},
		{"jwt_configuration is merged", `{"name":"a"}`, `{"jwt_configuration":{"alg":"RS256"}}`, "jwt_configuration",
			`{"alg":"RS256","lifetime_in_seconds":36000,"secret_encoded":false}`},
		{"session_transfer is completed", `{"name":"a","session_transfer":{"allow_refresh_token":true}}`,
			`{"session_transfer":{"enforce_device_binding":"none"}}`, "session_transfer",
			`{"allow_refresh_token":true,"allowed_authentication_methods":[],"can_create_session_transfer_token":false,"enforce_cascade_revocation":true,"enforce_device_binding":"none","enforce_online_refresh_tokens":true}`},
		{"numbers in open objects stay as written", `{"name":"a"}`,
			`{"addons":{"layer":{"providerId":"p","keyId":"k","privateKey":"x","n":1e400,"m":0.10}}}`, "addons",
			`{"layer":{"providerId":"p","keyId":"k","privateKey":"x","n":1e400,"m":0.10}}`},
		{"origins and logo", `{"name":"a","web_origins":["https://a.example"],"logo_uri":"https://a.example/l.png"}`,
			`{"allowed_origins":["https://*.a.example"],"logo_uri":""}`, "allowed_origins", `["https://*.a.example"]`},
		{"null clears refresh_token", `{"name":"a"}`, `{"refresh_token":null}`, "refresh_token", `null`},
		{"null clears organization_usage", `{"name":"a","organization_usage":"allow"}`, `{"organization_usage":null}`,
			"organization_usage", `null`},
		{"null clears native_social_login", `{"name":"a","native_social_login":{"apple":{"enabled":true}}}`,
			`{"native_social_login":null}`, "native_social_login", `null`},
		{"null clears the method", `{"name":"a","token_endpoint_auth_method":"client_secret_post"}`,
			`{"token_endpoint_auth_method":null}`, "token_endpoint_auth_method", `null`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCaller(t, Options{Empty: true})
			id := c.post("/api/v2/clients", test.create).want(201).textAt("client_id")
			c.patch("/api/v2/clients/"+id, test.patch).want(200).is(test.want, test.member)
			after := c.get("/api/v2/clients/" + id).want(200)
			after.is(test.want, test.member)
			if _, there := after.object()[test.member]; there != (test.want != "null") {
				t.Errorf("%s is there: %v", test.member, there)
			}
		})
	}
}

func TestClientSecretsNeedAScope(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	poor := c.with("read:clients", "create:clients", "update:clients")
	made := poor.post("/api/v2/clients", `{"name":"x"}`).want(201)
	id, secret := made.textAt("client_id"), made.textAt("client_secret")
	for _, a := range []answer{poor.get("/api/v2/clients/" + id), poor.get("/api/v2/clients"),
		poor.patch("/api/v2/clients/"+id, `{"name":"y"}`)} {
		if a.want(200); strings.Contains(a.text, secret) || strings.Contains(a.text, `"client_secret":`) ||
			strings.Contains(a.text, "signing_keys") {
			t.Errorf("%s shows secrets to a token without the scope", a.what)
		}
	}
	for _, scope := range []string{"read:client_keys", "read:client_credentials"} {
		rich := c.with("read:clients", "update:clients", scope)
		for _, a := range []answer{rich.get("/api/v2/clients/" + id), rich.get("/api/v2/clients"),
			rich.patch("/api/v2/clients/"+id, `{"name":"y"}`)} {
			if a.want(200); !strings.Contains(a.text, secret) || !strings.Contains(a.text, "signing_keys") {
				t.Errorf("%s hides the secret from a token with %s", a.what, scope)
			}
		}
	}
}

func TestClientWithItsOwnKeys(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	made := c.post("/api/v2/clients",
		`{"name":"x","client_authentication_methods":{"private_key_jwt":{"credentials":[{"name":"k","credential_type":"public_key","pem":"-----BEGIN PUBLIC KEY-----"}]}}}`).want(201)
	credential, _ := made.at("client_authentication_methods", "private_key_jwt", "credentials", 0).(object)
	if got := memberNames(credential); got != "alg created_at credential_type id kid name updated_at" {
		t.Errorf("the creation shows the key as %s", got)
	}
	id := made.textAt("client_id")
	kept := c.get("/api/v2/clients/" + id).want(200)
	kept.is(`{"private_key_jwt":{"credentials":[{"id":"`+credential["id"].(string)+`"}]}}`,
		"client_authentication_methods")
	if kept.object()["client_secret"] != nil {
		t.Error("a client with its own keys shows a client_secret")
	}
	back := c.patch("/api/v2/clients/"+id,
		`{"client_authentication_methods":null,"token_endpoint_auth_method":"client_secret_post"}`).want(200)
	if back.object()["client_secret"] == nil || back.object()["client_authentication_methods"] != nil {
		t.Errorf("back to a secret, the client has %s", memberNames(back.object()))
	}
}

func TestClientFilters(t *testing.T) {
	c := newCaller(t, Options{})
	count := func(query string) int {
		t.Helper()
		return len(c.get("/api/v2/clients?" + query).want(200).array())
	}
	all := count("")
	for _, test := range []struct {
		query string
		want  int
	}{
		{"is_global=true", 1}, {"is_global=false", all - 1}, {"is_first_party=false", 1}, {"is_first_party=true", all - 1},
		{"app_type=spa", 2}, {"app_type=spa,native", 5}, {"app_type=rms", 0},
		{"app_type=non_interactive&is_first_party=true", 4},
		{"q=client_grant.organization_id:org_1", 0},
	} {
		if got := count(test.query); got != test.want {
			t.Errorf("%s gives %d clients, want %d", test.query, got, test.want)
		}
	}
	c.get("/api/v2/clients?q=name:x").refused(400, "invalid_query_string", "on property q")
	c.get("/api/v2/clients?is_global=1").refused(400, "invalid_query_string", "on property is_global")
	list := c.get("/api/v2/clients").want(200)
	list.is("true", all-1, "global") // the global client comes last
}

func TestDeleteClient(t *testing.T) {
	c := newCaller(t, Options{})
	client := c.get("/api/v2/clients?app_type=non_interactive&fields=client_id,name").want(200)
	var id string
	for i := range client.array() {
		if client.textAt(i, "name") == "Order Importer" {
			id = client.textAt(i, "client_id")
		}
	}
	if len(c.get("/api/v2/client-grants?client_id="+id).want(200).array()) != 2 {
		t.Fatal("the seeded client has not two grants")
	}
	if a := c.delete("/api/v2/clients/" + id).want(204); a.text != "" {
		t.Errorf("a deletion answers %q", a.text)
	}
	c.get("/api/v2/clients/"+id).refused(404, "inexistent_client", "The client does not exist")
	c.patch("/api/v2/clients/"+id, `{"name":"x"}`).refused(404, "inexistent_client", "The client does not exist")
	c.delete("/api/v2/clients/" + id).want(204)
	if got := len(c.get("/api/v2/client-grants?client_id=" + id).want(200).array()); got != 0 {
		t.Errorf("the deleted client still has %d grants", got)
	}
	global := c.get("/api/v2/clients?is_global=true").want(200).textAt(0, "client_id")
	c.delete("/api/v2/clients/"+global).refused(400, "operation_not_supported", "global client")
}
