package sandbox

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// device asks for a device code for the wildcard audience.
func (c caller) device(scope string) answer {
	c.t.Helper()
	return c.form(devicePath, "client_id", DeviceClientID, "audience", wildcardAudience, "scope", scope)
}

func (c caller) poll(code answer) answer {
	c.t.Helper()
	return c.form(tokenPath, "grant_type", grantDevice, "client_id", DeviceClientID, "device_code",
		code.textAt("device_code"))
}

// signIn takes the device flow to its end.
func (c caller) signIn(scope string) answer {
	c.t.Helper()
	code := c.device(scope).want(200)
	if err := c.tenant.Approve(code.textAt("user_code")); err != nil {
		c.t.Fatal(err)
	}
	return c.poll(code).want(200)
}

func TestDeviceCode(t *testing.T) {
	c := newCaller(t, Options{Domain: "bookshop.example"})
	a := c.device("read:clients").want(200)
	if got := memberNames(a.object()); got != "device_code expires_in interval user_code verification_uri "+
		"verification_uri_complete" {
		t.Errorf("members are %s", got)
	}
	code := a.textAt("user_code")
	if !regexp.MustCompile(`^[B-Z]{4}-[B-Z]{4}$`).MatchString(code) {
		t.Errorf("user_code is %q", code)
	}
	a.is(`"https://bookshop.example/activate"`, "verification_uri")
	a.is(`"https://bookshop.example/activate?user_code=`+code+`"`, "verification_uri_complete")
	a.is("900", "expires_in")
	a.is("5", "interval")
	if again := c.device("read:clients"); again.textAt("user_code") == code ||
		again.textAt("device_code") == a.textAt("device_code") {
		t.Error("two requests share a code")
	}
	c.form(devicePath, "client_id", DeviceClientID).want(200)
}

func TestDeviceCodeRefusals(t *testing.T) {
	c := newCaller(t, Options{})
	shop, err := c.tenant.Credentials("Harbourlight Shop")
	if err != nil {
		t.Fatal(err)
	}
	kiosk, err := c.tenant.Credentials("Kiosk Device")
	if err != nil || kiosk.ClientSecret != "" {
		t.Fatalf("the kiosk has credentials %v (%v)", kiosk, err)
	}
	c.form(devicePath).denied(400, "invalid_request", "Missing required parameter: client_id")
	c.form(devicePath, "client_id", "nobody").denied(403, "invalid_request", "Unknown client: nobody")
	c.form(devicePath, "client_id", shop.ClientID).denied(403, "unauthorized_client",
		"Grant type '"+grantDevice+"' not allowed for the client.")
	c.form(devicePath, "client_id", DeviceClientID, "audience", "https://nowhere.example/").denied(403, "access_denied",
		"Service not found: https://nowhere.example/")
	c.form(devicePath, "client_id", kiosk.ClientID, "audience",
		"https://reports.harbourlight.example/api?v=1&team=all").denied(403, "access_denied", "Client is not authorized "+
		"to access")
	c.form(devicePath, "client_id", kiosk.ClientID, "audience", "https://api.harbourlight.example/orders").want(200)
}

func TestDeviceFlow(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Now: clock.now})
	code := c.device("openid read:clients read:logs made:up read:clients").want(200)
	c.poll(code).denied(403, "authorization_pending", "User has yet to authorize device code.")
	if err := c.tenant.Approve(strings.ToLower(strings.ReplaceAll(code.textAt("user_code"), "-", ""))); err != nil {
		t.Fatal(err)
	}
	made := c.poll(code).want(200)
	if got := memberNames(made.object()); got != "access_token expires_in id_token scope token_type" {
		t.Errorf("members are %s", got)
	}
	made.is(`"openid read:clients read:logs"`, "scope")
	made.is("86400", "expires_in")
	made.is(`"Bearer"`, "token_type")
	claims := made.claims()
	want := `{"aud":["` + c.tenant.Audience() + `","https://` + c.tenant.Domain() + `/userinfo"],"azp":"` +
		DeviceClientID + `","exp":` + number(int(clock.now().Unix())+86400).String() +
		`,"iat":` + number(int(clock.now().Unix())).String() + `,"iss":"https://` + c.tenant.Domain() +
		`/","jti":"","scope":"openid read:clients read:logs","sub":"` + personID + `"}`
	claims["jti"] = ""
	if got := canonical(t, string(encode(claims))); got != canonical(t, want) {
		t.Errorf("claims are %s, want %s", got, want)
	}
	c.as(made).get("/api/v2/clients").want(200)
	c.as(made).get("/api/v2/client-grants").refused(403, "insufficient_scope", "read:client_grants")
	c.poll(code).denied(403, "invalid_grant", "exchanged before")

	// The user's token gives no access to the API, whatever the user may do.
	c.token = made.textAt("id_token")
	c.get("/api/v2/clients").refused(401, "", "Bad audience: "+DeviceClientID)
}

func TestPolling(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Now: clock.now})
	code := c.device("").want(200)
	for i, step := range []struct {
		wait time.Duration
		want string
	}{
		{0, "authorization_pending"}, {4999 * time.Millisecond, "slow_down"}, {5 * time.Second, "slow_down"},
		{15 * time.Second, "authorization_pending"}, {15 * time.Second, "authorization_pending"},
		{14 * time.Second, "slow_down"},
	} {
		clock.advance(step.wait)
		if got := c.poll(code).textAt("error"); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
	c.poll(code).denied(429, "slow_down", "interval of 20 seconds")
	// Once it is decided, there is nothing to slow down for.
	if err := c.tenant.Deny(code.textAt("user_code")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c.poll(code).denied(403, "access_denied", "refused")
	}
}

func TestDeviceCodeExpires(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Now: clock.now,
		SignIn: SignIn{CodeLifetime: 90 * time.Second, PollInterval: time.Millisecond}})
	code := c.device("read:clients").want(200)
	code.is("90", "expires_in")
	code.is("1", "interval")
	approvedInTime := c.device("read:clients").want(200)
	clock.advance(89 * time.Second)
	c.poll(code).denied(403, "authorization_pending", "")
	if err := c.tenant.Approve(approvedInTime.textAt("user_code")); err != nil {
		t.Fatal(err)
	}
	clock.advance(time.Second)
	c.poll(code).denied(403, "expired_token", "expired")
	c.poll(approvedInTime).denied(403, "expired_token", "expired")
	if err := c.tenant.Approve(code.textAt("user_code")); err == nil || !strings.Contains(err.Error(), "has expired") {
		t.Errorf("an expired code is approved with %v", err)
	}
	clock.advance(deviceMemory + time.Second)
	c.device("").want(200)
	if got := len(c.tenant.oauth.devices); got != 1 {
		t.Errorf("%d codes are remembered, want the new one", got)
	}
	c.poll(code).denied(403, "invalid_grant", "unknown")
}

func TestDecisionsAreFinal(t *testing.T) {
	c := newCaller(t, Options{})
	for _, first := range []func(string) error{c.tenant.Approve, c.tenant.Deny} {
		code := c.device("").want(200).textAt("user_code")
		if err := first(code); err != nil {
			t.Fatal(err)
		}
		for _, second := range []func(string) error{c.tenant.Approve, c.tenant.Deny} {
			if err := second(code); err == nil || !strings.Contains(err.Error(), "was used before") {
				t.Errorf("a second decision gives %v", err)
			}
		}
	}
	for _, code := range []string{"", "BBBB-BBBB", "-"} {
		if err := c.tenant.Approve(code); err == nil || !strings.Contains(err.Error(), "is not known") {
			t.Errorf("code %q is approved with %v", code, err)
		}
	}
}

func TestDeviceCodeBelongsToItsClient(t *testing.T) {
	c := newCaller(t, Options{})
	other := c.tenant.AddDevice("Another program", false)
	code := c.device("").want(200)
	if err := c.tenant.Approve(code.textAt("user_code")); err != nil {
		t.Fatal(err)
	}
	c.form(tokenPath, "grant_type", grantDevice, "client_id", other.ClientID, "device_code",
		code.textAt("device_code")).denied(403, "invalid_grant", "unknown")
	c.form(tokenPath, "grant_type", grantDevice, "client_id", "nobody", "device_code",
		code.textAt("device_code")).denied(401, "access_denied", "Unauthorized")
	c.form(tokenPath, "grant_type", grantDevice, "client_id", DeviceClientID).denied(400, "invalid_request",
		"Missing required parameter: device_code")
	c.poll(code).want(200)
}

func TestTenantAudiences(t *testing.T) {
	c := newCaller(t, Options{})
	userinfo := "https://" + c.tenant.Domain() + "/userinfo"
	for _, test := range []struct {
		name      string
		audiences []string
		scope     string
		want      string
		status    int
	}{
		{"the tenant's own", nil, "read:clients", `"` + c.tenant.Audience() + `"`, 200},
		{"with openid", nil, "openid read:clients", `["` + c.tenant.Audience() + `","` + userinfo + `"]`, 200},
		{"two tenants", []string{"https://a.example/api/v2/", c.tenant.Audience()}, "read:clients",
			`["https://a.example/api/v2/","` + c.tenant.Audience() + `"]`, 200},
		{"another tenant", []string{"https://a.example/api/v2/"}, "read:clients", `"https://a.example/api/v2/"`, 401},
		{"none", []string{}, "read:clients", `"` + userinfo + `"`, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := c.in(t)
			c.tenant.SetSignIn(SignIn{TenantAudiences: test.audiences})
			made := c.signIn(test.scope)
			if got := canonical(t, string(encode(made.claims()["aud"]))); got != test.want {
				t.Errorf("aud is %s, want %s", got, test.want)
			}
			c.as(made).get("/api/v2/clients").want(test.status)
		})
	}
}

func TestUserScopes(t *testing.T) {
	c := newCaller(t, Options{SignIn: SignIn{UserScopes: []string{"read:clients", "read:logs"}}})
	c.signIn("read:clients update:clients openid").is(`"read:clients openid"`, "scope")
	c.tenant.SetSignIn(SignIn{UserScopes: []string{}})
	c.signIn("read:clients").is(`""`, "scope")
	c.tenant.SetSignIn(SignIn{})
	c.signIn("read:clients update:clients").is(`"read:clients update:clients"`, "scope")
}
