package sandbox

import (
	"strings"
	"testing"
	"time"
)

func (c caller) refresh(client, token string, more ...string) answer {
	c.t.Helper()
	return c.form(tokenPath, append([]string{"grant_type", grantRefresh, "client_id", client, "refresh_token", token},
		more...)...)
}

const offlineScope = "offline_access read:clients read:logs"

func TestRotation(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Now: clock.now})
	first := c.signIn(offlineScope)
	first.is(`"`+offlineScope+`"`, "scope")
	second := c.refresh(DeviceClientID, first.textAt("refresh_token")).want(200)
	second.is(`"`+offlineScope+`"`, "scope")
	if second.textAt("refresh_token") == first.textAt("refresh_token") ||
		second.textAt("access_token") == first.textAt("access_token") {
		t.Error("a renewal gives an old token")
	}
	if claims := second.claims(); claims["sub"] != personID || claims["azp"] != DeviceClientID ||
		claims["aud"] != c.tenant.Audience() {
		t.Errorf("claims are %v", claims)
	}
	c.as(second).get("/api/v2/clients").want(200)
	third := c.refresh(DeviceClientID, second.textAt("refresh_token")).want(200)

	// The first comes again: stolen. No one can continue, except with access tokens.
	c.refresh(DeviceClientID, first.textAt("refresh_token")).denied(403, "invalid_grant",
		"Unknown or invalid refresh token.")
	c.refresh(DeviceClientID, third.textAt("refresh_token")).denied(403, "invalid_grant",
		"Unknown or invalid refresh token.")
	c.as(third).get("/api/v2/clients").want(200)
	if got := len(c.tenant.oauth.refresh); got != 0 {
		t.Errorf("%d tokens of a dead family are kept", got)
	}
}

func TestWithoutRotation(t *testing.T) {
	c := newCaller(t, Options{})
	program := c.tenant.AddDevice("A program", false)
	code := c.form(devicePath, "client_id", program.ClientID, "audience", wildcardAudience, "scope",
		offlineScope).want(200)
	if err := c.tenant.Approve(code.textAt("user_code")); err != nil {
		t.Fatal(err)
	}
	made := c.form(tokenPath, "grant_type", grantDevice, "client_id", program.ClientID, "device_code",
		code.textAt("device_code")).want(200)
	for range 3 {
		again := c.refresh(program.ClientID, made.textAt("refresh_token")).want(200)
		if _, rotated := again.object()["refresh_token"]; rotated {
			t.Error("a client without rotation gets another refresh token")
		}
	}
}

func TestRefreshScopes(t *testing.T) {
	c := newCaller(t, Options{})
	token := c.signIn(offlineScope).textAt("refresh_token")
	narrow := c.refresh(DeviceClientID, token, "scope", "read:logs update:clients").want(200)
	narrow.is(`"read:logs"`, "scope")
	// Narrowing is for the one answer.
	wide := c.refresh(DeviceClientID, narrow.textAt("refresh_token")).want(200)
	wide.is(`"`+offlineScope+`"`, "scope")
	// A user with fewer scopes since then grants less.
	c.tenant.SetSignIn(SignIn{UserScopes: []string{"read:logs"}})
	c.refresh(DeviceClientID, wide.textAt("refresh_token")).want(200).is(`"offline_access read:logs"`, "scope")
}

// A renewal can come back for another tenant than the sign-in.
func TestRefreshFollowsTheChosenTenant(t *testing.T) {
	c := newCaller(t, Options{})
	token := c.signIn(offlineScope).textAt("refresh_token")
	c.tenant.SetSignIn(SignIn{TenantAudiences: []string{"https://other.example/api/v2/"}})
	if got := c.refresh(DeviceClientID, token).want(200).claims()["aud"]; got != "https://other.example/api/v2/" {
		t.Errorf("aud is %v", got)
	}
}

func TestWhoGetsARefreshToken(t *testing.T) {
	c := newCaller(t, Options{})
	kiosk, err := c.tenant.Credentials("Kiosk Device")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, client, audience, scope string
		withhold                      bool
		want                          bool
	}{
		{"asked for", DeviceClientID, wildcardAudience, offlineScope, false, true},
		{"not asked for", DeviceClientID, wildcardAudience, "read:clients", false, false},
		{"withheld", DeviceClientID, wildcardAudience, offlineScope, true, false},
		{"an API that allows it", kiosk.ClientID, "https://api.harbourlight.example/orders", "offline_access read:orders",
			true, true},
		{"an API that doesn't", kiosk.ClientID, "https://api.harbourlight.example/catalogue/", "offline_access read:books",
			false, false},
		{"the Management API itself", kiosk.ClientID, c.tenant.Audience(), offlineScope, false, false},
		{"no API", kiosk.ClientID, "", "offline_access openid", false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := c.in(t)
			c.tenant.SetSignIn(SignIn{WithholdRefreshTokens: test.withhold})
			code := c.form(devicePath, "client_id", test.client, "audience", test.audience, "scope", test.scope).want(200)
			if err := c.tenant.Approve(code.textAt("user_code")); err != nil {
				t.Fatal(err)
			}
			made := c.form(tokenPath, "grant_type", grantDevice, "client_id", test.client, "device_code",
				code.textAt("device_code")).want(200)
			_, got := made.object()["refresh_token"]
			said := strings.Contains(made.textAt("scope"), scopeOffline)
			if got != test.want || said != test.want {
				t.Errorf("refresh token there: %v, in the scope: %v, want %v", got, said, test.want)
			}
			if got {
				c.refresh(test.client, made.textAt("refresh_token")).want(200)
			}
		})
	}
}

func TestRefreshTokensEnd(t *testing.T) {
	const idle, life = 1296000 * time.Second, 2592000 * time.Second // rotatingRefreshToken
	for _, test := range []struct {
		name  string
		waits []time.Duration
		ends  bool
	}{
		{"idle for less", []time.Duration{idle - time.Second}, false},
		{"idle for too long", []time.Duration{idle}, true},
		{"used in time", []time.Duration{idle - time.Second, idle - time.Second}, false},
		{"too old, however used", []time.Duration{life / 3, life / 3, life / 3}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := newClock()
			c := newCaller(t, Options{Now: clock.now})
			token := c.signIn(offlineScope).textAt("refresh_token")
			for i, wait := range test.waits {
				clock.advance(wait)
				a := c.refresh(DeviceClientID, token)
				if i == len(test.waits)-1 && test.ends {
					a.denied(403, "invalid_grant", "Unknown or invalid refresh token.")
					return
				}
				token = a.want(200).textAt("refresh_token")
			}
		})
	}
}

// The client's settings are those of the moment: a grant type that it lost gives no
// refresh token, and a scope that its API lost is not renewed.
func TestRefreshFollowsTheClientsSettings(t *testing.T) {
	const orders = "https://api.harbourlight.example/orders"
	c := newCaller(t, Options{})
	kiosk, err := c.tenant.Credentials("Kiosk Device")
	if err != nil {
		t.Fatal(err)
	}
	start := func() answer {
		code := c.form(devicePath, "client_id", kiosk.ClientID, "audience", orders, "scope",
			"offline_access read:orders").want(200)
		if err := c.tenant.Approve(code.textAt("user_code")); err != nil {
			t.Fatal(err)
		}
		return c.form(tokenPath, "grant_type", grantDevice, "client_id", kiosk.ClientID, "device_code",
			code.textAt("device_code")).want(200)
	}
	token := start().textAt("refresh_token")
	c.patch("/api/v2/clients/"+kiosk.ClientID, `{"is_first_party":false}`).want(200)
	c.refresh(kiosk.ClientID, token).denied(403, "access_denied", "Client is not authorized to access")
	c.patch("/api/v2/clients/"+kiosk.ClientID,
		`{"is_first_party":true,"grant_types":["urn:ietf:params:oauth:grant-type:device_code"]}`).want(200)
	if made := start(); strings.Contains(made.text, "refresh_token") || strings.Contains(made.text, scopeOffline) {
		t.Errorf("a client without the grant type gets %s", made.text)
	}
	c.refresh(kiosk.ClientID, token).denied(403, "unauthorized_client", "Grant type 'refresh_token' not allowed")
}

// A client with a leeway may send the latest token once more, for a moment: it may
// have lost the answer.
func TestLeeway(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Now: clock.now})
	kiosk, err := c.tenant.Credentials("Kiosk Device")
	if err != nil {
		t.Fatal(err)
	}
	c.patch("/api/v2/clients/"+kiosk.ClientID,
		`{"refresh_token":{"rotation_type":"rotating","expiration_type":"expiring","leeway":30}}`).want(200)
	start := func() string {
		code := c.form(devicePath, "client_id", kiosk.ClientID, "audience", "https://api.harbourlight.example/orders",
			"scope", "offline_access read:orders").want(200)
		if err := c.tenant.Approve(code.textAt("user_code")); err != nil {
			t.Fatal(err)
		}
		return c.form(tokenPath, "grant_type", grantDevice, "client_id", kiosk.ClientID, "device_code",
			code.textAt("device_code")).want(200).textAt("refresh_token")
	}
	first := start()
	second := c.refresh(kiosk.ClientID, first).want(200).textAt("refresh_token")
	clock.advance(29 * time.Second)
	sibling := c.refresh(kiosk.ClientID, first).want(200).textAt("refresh_token")
	third := c.refresh(kiosk.ClientID, sibling).want(200).textAt("refresh_token")
	c.refresh(kiosk.ClientID, second).want(200)
	c.refresh(kiosk.ClientID, first).denied(403, "invalid_grant", "") // the one before the latest, now
	c.refresh(kiosk.ClientID, third).denied(403, "invalid_grant", "")

	late := start()
	c.refresh(kiosk.ClientID, late).want(200)
	clock.advance(29 * time.Second)
	c.refresh(kiosk.ClientID, late).want(200)
	clock.advance(time.Second) // 30 s after the first exchange, whatever came between
	c.refresh(kiosk.ClientID, late).denied(403, "invalid_grant", "")
}

func TestRefreshRefusals(t *testing.T) {
	c := newCaller(t, Options{})
	other := c.tenant.AddDevice("Another program", true)
	token := c.signIn(offlineScope).textAt("refresh_token")
	c.form(tokenPath, "grant_type", grantRefresh, "client_id", DeviceClientID).denied(400, "invalid_request",
		"Missing required parameter: refresh_token")
	c.refresh(DeviceClientID, "v1.nonsense").denied(403, "invalid_grant", "Unknown or invalid refresh token.")
	c.refresh(other.ClientID, token).denied(403, "invalid_grant", "Unknown or invalid refresh token.")
	c.refresh("nobody", token).denied(401, "access_denied", "Unauthorized")
	deploy, err := c.tenant.Credentials("Deploy Pipeline")
	if err != nil {
		t.Fatal(err)
	}
	c.formAs(deploy, tokenPath, "grant_type", grantRefresh, "refresh_token", token).denied(403, "unauthorized_client",
		"Grant type 'refresh_token' not allowed")
	c.refresh(DeviceClientID, token).want(200)
}

func TestRevoke(t *testing.T) {
	c := newCaller(t, Options{})
	other := c.tenant.AddDevice("Another program", true)
	deploy, err := c.tenant.Credentials("Deploy Pipeline")
	if err != nil {
		t.Fatal(err)
	}
	made := c.signIn(offlineScope)
	token := c.refresh(DeviceClientID, made.textAt("refresh_token")).want(200).textAt("refresh_token")

	// None of these touches it.
	c.form(revokePath, "client_id", other.ClientID, "token", token).want(200)
	c.form(revokePath, "client_id", DeviceClientID, "token", "nonsense").want(200)
	c.form(revokePath, "client_id", DeviceClientID, "token", made.textAt("access_token")).want(200)
	c.formAs(deploy, revokePath, "token", token).want(200)
	c.form(revokePath, "client_id", DeviceClientID).denied(400, "invalid_request", "Missing required parameter: token")
	c.form(revokePath, "token", token).denied(401, "invalid_client", "Missing client_id")
	c.form(revokePath, "client_id", deploy.ClientID, "token", token).denied(401, "access_denied", "Unauthorized")
	c.form(revokePath, "client_id", "nobody", "token", token).denied(401, "access_denied", "Unauthorized")
	token = c.refresh(DeviceClientID, token).want(200).textAt("refresh_token")

	if a := c.form(revokePath, "client_id", DeviceClientID, "token", token, "token_type_hint",
		"refresh_token").want(200); a.text != "" {
		t.Errorf("the answer is %q", a.text)
	}
	c.refresh(DeviceClientID, token).denied(403, "invalid_grant", "Unknown or invalid refresh token.")
	c.form(revokePath, "client_id", DeviceClientID, "token", token).want(200)
	c.as(made).get("/api/v2/clients").want(200)
}

// A token of the family that was rotated away revokes it as well.
func TestRevokeTakesTheFamily(t *testing.T) {
	c := newCaller(t, Options{})
	old := c.signIn(offlineScope).textAt("refresh_token")
	latest := c.refresh(DeviceClientID, old).want(200).textAt("refresh_token")
	elsewhere := c.signIn(offlineScope).textAt("refresh_token")
	c.form(revokePath, "client_id", DeviceClientID, "token", old).want(200)
	c.refresh(DeviceClientID, latest).denied(403, "invalid_grant", "")
	c.refresh(DeviceClientID, elsewhere).want(200)
}
