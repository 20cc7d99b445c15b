package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestMachineToken(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Now: clock.now})
	deploy, err := c.tenant.Credentials("Deploy Pipeline")
	if err != nil {
		t.Fatal(err)
	}
	post := func(pairs ...string) answer {
		t.Helper()
		return c.form(tokenPath, append([]string{"grant_type", grantMachine, "client_id", deploy.ClientID, "client_secret",
			deploy.ClientSecret}, pairs...)...)
	}
	all := post("audience", c.tenant.Audience()).want(200)
	if got := memberNames(all.object()); got != "access_token expires_in scope token_type" {
		t.Errorf("members are %s", got)
	}
	claims := all.claims()
	if claims["sub"] != deploy.ClientID+"@clients" || claims["azp"] != deploy.ClientID ||
		claims["gty"] != "client-credentials" || claims["aud"] != c.tenant.Audience() {
		t.Errorf("claims are %v", claims)
	}
	if got := len(strings.Fields(all.textAt("scope"))); got != 10 {
		t.Errorf("%d scopes are granted without asking, want the grant's 10", got)
	}
	c.as(all).get("/api/v2/clients").want(200)
	c.as(all).delete("/api/v2/clients/x").refused(403, "insufficient_scope", "delete:clients")

	narrow := post("audience", c.tenant.Audience(), "scope", "read:logs").want(200)
	narrow.is(`"read:logs"`, "scope")
	c.as(narrow).get("/api/v2/clients").refused(403, "insufficient_scope", "read:clients")
	if narrow.textAt("access_token") == post("audience", c.tenant.Audience(), "scope",
		"read:logs").textAt("access_token") {
		t.Error("two tokens of one second are the same")
	}
	post().denied(400, "invalid_request", "Missing required parameter: audience")
	post("audience", c.tenant.Audience(), "scope", "read:logs delete:clients read:users").denied(403, "access_denied",
		"Client has not been granted scopes: delete:clients, read:users")
	post("audience", "https://nowhere.example/").denied(403, "access_denied",
		"Service not enabled within domain: https://nowhere.example/")
	post("audience", wildcardAudience).denied(403, "access_denied", "Service not enabled within domain")
	post("audience", "https://api.harbourlight.example/orders").denied(403, "access_denied",
		`not authorized to access "https://api.harbourlight.example/orders"`)

	clock.advance(tokenLifetime - time.Second)
	c.as(all).get("/api/v2/clients").want(200)
	clock.advance(time.Second)
	c.as(all).get("/api/v2/clients").refused(401, "", "Invalid token")
}

func TestTokenLifetimes(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Now: clock.now})
	orders, err := c.tenant.Credentials("Order Importer")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(audience string) answer {
		return c.formAs(orders, tokenPath, "grant_type", grantMachine, "audience", audience).want(200)
	}
	made := ask("https://api.harbourlight.example/orders")
	made.is("7200", "expires_in")
	if got := string(encode(made.claims()["permissions"])); got != `["read:orders","create:orders"]` {
		t.Errorf("permissions are %s", got)
	}
	c.as(made).get("/api/v2/clients").refused(401, "", "Bad audience: https://api.harbourlight.example/orders")
	plain := ask("urn:harbourlight:warehouse")
	plain.is("600", "expires_in")
	if _, there := plain.claims()["permissions"]; there {
		t.Error("an API without authorization in its dialect gets permissions")
	}
	c.tenant.SetSignIn(SignIn{TokenLifetime: 90 * time.Second})
	ask("urn:harbourlight:warehouse").is("90", "expires_in")
	person := c.signIn("read:clients")
	person.is("90", "expires_in")
	clock.advance(90 * time.Second)
	c.as(person).get("/api/v2/clients").refused(401, "", "Invalid token")
}

func TestClientAuthentication(t *testing.T) {
	c := newCaller(t, Options{})
	machine, err := c.tenant.AddMachine(Machine{Name: "Robot", Scopes: []string{"read:clients"}})
	if err != nil {
		t.Fatal(err)
	}
	ask := []string{"grant_type", grantMachine, "audience", c.tenant.Audience()}
	with := func(more ...string) []string { return append(ask[:len(ask):len(ask)], more...) }
	wrong := Credentials{machine.ClientID, machine.ClientSecret + "x"}
	id, secret := machine.ClientID, machine.ClientSecret

	c.form(tokenPath, with("client_id", id, "client_secret", secret)...).want(200).is(`"read:clients"`, "scope")
	c.formAs(machine, tokenPath, ask...).want(200)
	c.formAs(machine, tokenPath, with("client_id", id)...).want(200)

	c.form(tokenPath, ask...).denied(401, "invalid_client", "Missing client_id")
	c.form(tokenPath, with("client_id", id)...).denied(401, "access_denied", "Unauthorized")
	c.form(tokenPath, with("client_id", id, "client_secret", wrong.ClientSecret)...).denied(401, "access_denied",
		"Unauthorized")
	c.form(tokenPath, with("client_id", "nobody", "client_secret", secret)...).denied(401, "access_denied", "Unauthorized")
	refused := c.formAs(wrong, tokenPath, ask...)
	refused.denied(401, "access_denied", "Unauthorized")
	if got := refused.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Basic ") {
		t.Errorf("WWW-Authenticate is %q", got)
	}
	c.formAs(machine, tokenPath, with("client_secret", secret)...).denied(400, "invalid_request", "credentials once")
	c.formAs(machine, tokenPath, with("client_id", DeviceClientID)...).denied(400, "invalid_request", "credentials once")
	c.formAs(Credentials{"%zz", "x"}, tokenPath, ask...).denied(401, "invalid_client", "can't be read")
	bearer := c.request("POST", tokenPath, "grant_type=client_credentials")
	bearer.Header.Set("Authorization", "Bearer x")
	bearer.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c.send(bearer).denied(401, "invalid_client", "can't be read")

	// A public client and one that signs in with a key have no secret to use.
	c.form(tokenPath, with("client_id", DeviceClientID)...).denied(403, "unauthorized_client",
		"Grant type 'client_credentials' not allowed")
	stock := c.tenant.clients.items[clientIndex(c.tenant, "Stock Sync")]
	own, _ := stock["client_id"].(string)
	hidden, _ := stock["client_secret"].(string)
	c.form(tokenPath, with("client_id", own, "client_secret", hidden)...).denied(401, "access_denied", "Unauthorized")

	c.with("delete:clients").delete("/api/v2/clients/" + id).want(204)
	c.formAs(machine, tokenPath, ask...).denied(401, "access_denied", "Unauthorized")
}

func clientIndex(t *Tenant, name string) int {
	for i, client := range t.clients.items {
		if client["name"] == name {
			return i
		}
	}
	return -1
}

// What the Management API says of an application and its grants holds at the token
// endpoint at once.
func TestManagementChangesHoldAtTheTokenEndpoint(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	made := c.post("/api/v2/clients",
		`{"name":"Nightly","app_type":"non_interactive","grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_post"}`).want(201)
	who, err := c.tenant.Credentials("Nightly")
	if err != nil || who.ClientSecret != made.textAt("client_secret") {
		t.Fatalf("credentials %v (%v)", who.ClientID, err)
	}
	ask := func() answer {
		return c.formAs(who, tokenPath, "grant_type", grantMachine, "audience", c.tenant.Audience())
	}
	ask().denied(403, "access_denied", "Client is not authorized to access")
	grant := c.post("/api/v2/client-grants",
		`{"client_id":"`+who.ClientID+`","audience":"`+c.tenant.Audience()+`","scope":["read:logs"]}`).want(201).textAt("id")
	ask().want(200).is(`"read:logs"`, "scope")
	c.patch("/api/v2/client-grants/"+grant, `{"scope":["read:forms","read:logs"]}`).want(200)
	if got := strings.Fields(ask().want(200).textAt("scope")); len(got) != 2 {
		t.Errorf("scopes are %v", got)
	}
	c.patch("/api/v2/client-grants/"+grant, `{"allow_all_scopes":true}`).want(200)
	if got := strings.Fields(ask().want(200).textAt("scope")); len(got) != len(managementScopes()) {
		t.Errorf("%d scopes with a grant of all", len(got))
	}
	c.patch("/api/v2/clients/"+who.ClientID, `{"grant_types":["authorization_code"]}`).want(200)
	ask().denied(403, "unauthorized_client", "not allowed for the client")
}

// An application whose settings don't say how it shows who it is does what its type
// does by default.
func TestAuthenticationByType(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	for kind, public := range map[string]bool{"native": true, "spa": true, "regular_web": false,
		"non_interactive": false} {
		id := c.post("/api/v2/clients",
			`{"name":"`+kind+`","app_type":"`+kind+`","grant_types":["refresh_token"]}`).want(201).textAt("client_id")
		if a := c.refresh(id, "x"); public {
			a.denied(403, "invalid_grant", "")
		} else {
			a.denied(401, "access_denied", "Unauthorized")
		}
		if who, err := c.tenant.Credentials(kind); err != nil || (who.ClientSecret == "") != public {
			t.Errorf("%s: secret there: %v (%v)", kind, who.ClientSecret != "", err)
		}
	}
}

// An API that is gone gives no more tokens, nor does one that the client may no longer
// use.
func TestTheAPIChangesDuringASignIn(t *testing.T) {
	const orders = "https://api.harbourlight.example/orders"
	for name, test := range map[string]struct {
		change func(caller)
		says   string
	}{
		"gone": {func(c caller) {
			c.delete("/api/v2/resource-servers/" + strings.ReplaceAll(orders, "/", "%2F")).want(204)
		}, "Service not found: " + orders},
		"refused": {func(c caller) {
			c.patch("/api/v2/resource-servers/"+strings.ReplaceAll(orders, "/", "%2F"),
				`{"subject_type_authorization":{"user":{"policy":"deny_all"},"client":{"policy":"deny_all"}}}`).want(200)
		}, "Client is not authorized to access"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCaller(t, Options{})
			kiosk, err := c.tenant.Credentials("Kiosk Device")
			if err != nil {
				t.Fatal(err)
			}
			code := func() string {
				a := c.form(devicePath, "client_id", kiosk.ClientID, "audience", orders, "scope",
					"offline_access read:orders").want(200)
				if err := c.tenant.Approve(a.textAt("user_code")); err != nil {
					t.Fatal(err)
				}
				return a.textAt("device_code")
			}
			exchange := func(code string) answer {
				return c.form(tokenPath, "grant_type", grantDevice, "client_id", kiosk.ClientID, "device_code", code)
			}
			token, late := exchange(code()).want(200).textAt("refresh_token"), code()
			test.change(c)
			exchange(late).denied(403, "access_denied", test.says)
			c.refresh(kiosk.ClientID, token).denied(403, "access_denied", test.says)
		})
	}
}

// What a user can grant to a client depends on the API's policy, the client's
// grants, and on whose client it is.
func TestAccessPolicies(t *testing.T) {
	const orders = "https://api.harbourlight.example/orders"
	policy := func(c caller, user string) {
		c.patch("/api/v2/resource-servers/"+strings.ReplaceAll(orders, "/", "%2F"),
			`{"subject_type_authorization":{"user":{"policy":"`+user+`"},"client":{"policy":"require_client_grant"}}}`).want(200)
	}
	for _, test := range []struct {
		policy      string
		first, gave bool
		scope       string // empty: refused
	}{
		{"allow_all", true, false, "read:orders delete:orders"},
		{"allow_all", false, false, ""},
		{"allow_all", false, true, "read:orders"},
		{"require_client_grant", true, false, ""},
		{"require_client_grant", true, true, "read:orders"},
		{"deny_all", true, true, ""},
	} {
		t.Run(fmt.Sprintf("%s first party %v grant %v", test.policy, test.first, test.gave), func(t *testing.T) {
			c := newCaller(t, Options{})
			kiosk, err := c.tenant.Credentials("Kiosk Device")
			if err != nil {
				t.Fatal(err)
			}
			policy(c, test.policy)
			c.patch("/api/v2/clients/"+kiosk.ClientID, fmt.Sprintf(`{"is_first_party":%v}`, test.first)).want(200)
			if test.gave {
				c.post("/api/v2/client-grants",
					`{"client_id":"`+kiosk.ClientID+`","audience":"`+orders+`","scope":["read:orders"],"subject_type":"user"}`).want(201)
			}
			code := c.form(devicePath, "client_id", kiosk.ClientID, "audience", orders, "scope", "read:orders delete:orders")
			if test.scope == "" {
				code.denied(403, "access_denied", "Client is not authorized to access")
				return
			}
			if err := c.tenant.Approve(code.want(200).textAt("user_code")); err != nil {
				t.Fatal(err)
			}
			c.form(tokenPath, "grant_type", grantDevice, "client_id", kiosk.ClientID, "device_code",
				code.textAt("device_code")).want(200).is(`"`+test.scope+`"`, "scope")
		})
	}
}

func TestCredentials(t *testing.T) {
	tenant := New(Options{})
	deploy, err := tenant.Credentials("Deploy Pipeline")
	if err != nil || len(deploy.ClientID) != 32 || len(deploy.ClientSecret) != 64 {
		t.Errorf("the deploy pipeline has an id of %d and a secret of %d characters (%v)", len(deploy.ClientID),
			len(deploy.ClientSecret), err)
	}
	for name, want := range map[string]string{"Nobody": "0 applications", "Staff Dashboard": "2 applications"} {
		if _, err := tenant.Credentials(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if stock, err := tenant.Credentials("Stock Sync"); err != nil || stock.ClientSecret != "" {
		t.Errorf("an application with a key has the secret %q (%v)", stock.ClientSecret, err)
	}
}

func TestAddMachineRefusals(t *testing.T) {
	tenant := New(Options{Empty: true})
	if _, err := tenant.AddMachine(Machine{Name: "x", Scopes: []string{"read:clients", "read:minds"}}); err == nil ||
		!strings.Contains(err.Error(), "read:minds") {
		t.Errorf("an unknown scope gives %v", err)
	}
	if _, err := tenant.AddMachine(Machine{Name: "x", Algorithm: "HS256"}); err == nil ||
		!strings.Contains(err.Error(), "HS256") {
		t.Errorf("a symmetric algorithm gives %v", err)
	}
	if got := len(tenant.clients.items); got != 2 {
		t.Errorf("%d clients after refusals, want the tenant's own 2", got)
	}
}

// The client of the sign-in host is none of the tenant's.
func TestTheSignInHostsClientsAreNotListed(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	other := c.tenant.AddDevice("A program", true)
	for _, id := range []string{DeviceClientID, other.ClientID} {
		c.get("/api/v2/clients/"+id).refused(404, "inexistent_client", "does not exist")
	}
	if got := len(c.get("/api/v2/clients").want(200).array()); got != 2 {
		t.Errorf("%d clients are listed, want 2", got)
	}
}
