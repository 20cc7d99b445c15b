package auth

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// The whole of it, against the sandbox: the user takes twelve seconds.
func TestDeviceLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{})
		o := OAuth{Transport: tenant.Transport()}
		login, err := o.StartDevice(t.Context(), "dev", Profile{Scopes: []string{"read:clients", "read:logs"}})
		if err != nil {
			t.Fatal(err)
		}
		if login.UserCode == "" || login.Interval != 5*time.Second ||
			!login.ExpiresAt.Equal(time.Now().Add(15*time.Minute)) ||
			!strings.HasPrefix(login.VerificationURIComplete, login.VerificationURI+"?user_code=") {
			t.Errorf("%v: code %q, page %q, interval %v, end %v", login, login.UserCode, login.VerificationURIComplete,
				login.Interval, login.ExpiresAt)
		}
		go func() {
			time.Sleep(12 * time.Second)
			if err := tenant.Approve(login.UserCode); err != nil {
				t.Error(err)
			}
		}()
		begun := time.Now()
		s, err := login.Poll(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != 15*time.Second {
			t.Errorf("took %v: the questions are not 5 s apart", took)
		}
		want := Session{Profile: "dev", Domain: tenant.Domain(), Method: Device, AuthDomain: DefaultAuthDomain,
			ClientID: DefaultClientID, Audience: DefaultAudience,
			AccessToken: s.AccessToken, RefreshToken: s.RefreshToken, Scope: s.Scope}
		if !sameSession(s, want) || s.AccessToken == "" || s.RefreshToken == "" {
			t.Errorf("session: %v", s)
		}
		if got := s.Scopes(); !slices.Equal(got, []string{"offline_access", "read:clients", "read:logs"}) {
			t.Errorf("scopes: %q", got)
		}
		if !s.ValidAt(time.Now()) || !s.Renewable() {
			t.Error("not valid, or not renewable")
		}
	})
}

func TestDeviceLoginWithoutRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{SignIn: sandbox.SignIn{WithholdRefreshTokens: true}})
		login, err := OAuth{Transport: tenant.Transport()}.StartDevice(t.Context(), "dev", Profile{})
		if err != nil {
			t.Fatal(err)
		}
		if err := tenant.Approve(login.UserCode); err != nil {
			t.Fatal(err)
		}
		s, err := login.Poll(t.Context())
		if err != nil || s.Renewable() || !s.ValidAt(time.Now()) {
			t.Errorf("%v, renewable %v, %v", s, s.Renewable(), err)
		}
	})
}

func TestDeviceRequest(t *testing.T) {
	script := &endpointScript{steps: []answerStep{saysError(403, "unauthorized_client")}}
	p := Profile{AuthDomain: "auth.example", ClientID: "client", Audience: "https://api.example",
		Scopes: []string{"offline_access", "a"}}
	_, err := OAuth{Transport: script}.StartDevice(t.Context(), "dev", p)
	var answer *OAuthError
	if !errors.As(err, &answer) || answer.Code != "unauthorized_client" {
		t.Errorf("error: %v", err)
	}
	want := url.Values{"PATH": {"https://auth.example/oauth/device/code"}, "client_id": {"client"},
		"audience": {"https://api.example"}, "scope": {"offline_access a"}}
	if got := script.requests()[0]; got.Encode() != want.Encode() {
		t.Errorf("sent %v\nwant %v", got, want)
	}
}

func TestDeviceAnswerIsChecked(t *testing.T) {
	const whole = `"device_code":"CANARY","user_code":"AB-CD","verification_uri":"https://a.example/x","expires_in":60`
	tests := map[string]struct {
		body string
		ok   bool
	}{
		"whole":                      {`{` + whole + `}`, true},
		"no device code":             {`{` + whole + `,"device_code":""}`, false},
		"no end":                     {`{` + whole + `,"expires_in":0}`, false},
		"code that moves a line":     {`{` + whole + `,"user_code":"A\u001b[2J"}`, false},
		"no code":                    {`{` + whole + `,"user_code":""}`, false},
		"endless code":               {`{` + whole + `,"user_code":"` + strings.Repeat("A", 200) + `"}`, false},
		"page by http":               {`{` + whole + `,"verification_uri":"http://a.example/x"}`, false},
		"page is a file":             {`{` + whole + `,"verification_uri":"file:///etc/passwd"}`, false},
		"page is a command":          {`{` + whole + `,"verification_uri_complete":"https://a.example/ & calc"}`, false},
		"page with user information": {`{` + whole + `,"verification_uri":"https://auth0.com@evil.example/"}`, false},
		"complete page is a file":    {`{` + whole + `,"verification_uri_complete":"file:///x"}`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			login, err := OAuth{Transport: &endpointScript{steps: []answerStep{says(200, "%s",
				tt.body)}}}.StartDevice(t.Context(), "dev", Profile{})
			if (err == nil) != tt.ok {
				t.Fatalf("error: %v", err)
			}
			noCanary(t, login, err)
			if tt.ok {
				noCanary(t, *login)
				if login.Interval != defaultInterval {
					t.Errorf("interval %v", login.Interval)
				}
			}
		})
	}
}

// pollScript begins a sign-in whose token endpoint answers as scripted.
func pollScript(t *testing.T, expiresIn int, steps ...answerStep) (*DeviceLogin, *endpointScript) {
	t.Helper()
	script := &endpointScript{steps: append([]answerStep{says(200,
		`{"device_code":"%s-device","user_code":"AB","verification_uri":"https://a.example/x","expires_in":%d,"interval":5}`,
		canary, expiresIn)}, steps...)}
	login, err := OAuth{Transport: script}.StartDevice(t.Context(), "dev", Profile{})
	if err != nil {
		t.Fatal(err)
	}
	return login, script
}

func TestPoll(t *testing.T) {
	pending, slow := saysError(403, "authorization_pending"), saysError(429, "slow_down")
	granted := says(200, `{"access_token":%q,"refresh_token":"%s-refresh","expires_in":86400}`, tenantJWT(t, "1"), canary)
	const again = ": sign in again with `auth0-mcp init --profile dev`"
	tests := map[string]struct {
		steps []answerStep
		at    []time.Duration // when each question was asked
		is    error
		want  string // the error's text, without the place
	}{
		"granted":           {[]answerStep{pending, granted}, at(5, 10), nil, ""},
		"slow_down is kept": {[]answerStep{slow, pending, granted}, at(5, 15, 25), nil, ""},
		"slow_down adds up": {[]answerStep{slow, slow, granted}, at(5, 15, 30), nil, ""},
		"rate limit": {[]answerStep{says(429, `{"error":"Too Many Requests"}`), pending, granted}, at(5, 15, 25),
			nil, ""},
		"network":                {[]answerStep{breaks(errTestNetwork), granted}, at(5, 10), nil, ""},
		"timeout makes it rarer": {[]answerStep{hangs, pending, granted}, at(5, 25, 35), nil, ""},
		"fault":                  {[]answerStep{says(503, "<html>"), granted}, at(5, 10), nil, ""},
		"fault with an error":    {[]answerStep{saysError(500, "server_error"), granted}, at(5, 10), nil, ""},
		"malformed":              {[]answerStep{says(200, `{"access_token`), granted}, at(5, 10), nil, ""},
		"access_denied": {[]answerStep{pending, saysError(403, "access_denied")}, at(5, 10), ErrDenied,
			"the sign-in was refused in the browser (auth0.auth0.com answered access_denied (the reason for access_denied))" +
				again},
		"expired_token": {[]answerStep{saysError(403, "expired_token")}, at(5), ErrCodeExpired,
			"the code expired before it was confirmed (auth0.auth0.com answered expired_token (the reason for expired_token))" +
				again},
		"invalid_grant": {[]answerStep{saysError(403, "invalid_grant")}, at(5), ErrCodeInvalid,
			"the code is no longer known (auth0.auth0.com answered invalid_grant (the reason for invalid_grant))" + again},
		"another error": {[]answerStep{saysError(401, "invalid_client")}, at(5), nil,
			"auth0.auth0.com answered invalid_client (the reason for invalid_client)" + again},
		"end": {[]answerStep{pending}, at(5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55), ErrCodeExpired,
			"the code expired before it was confirmed" + again},
		"end without network": {[]answerStep{slow, slow, slow, breaks(errTestNetwork)}, at(5, 15, 30, 50), ErrCodeExpired,
			"the code expired before it was confirmed; the last request failed: no answer from auth0.auth0.com (network is " +
				"down): check the network, the domain and the proxy settings" + again},
		"end while it hangs": {[]answerStep{slow, slow, hangs}, at(5, 15, 30), ErrCodeExpired,
			"the code expired before it was confirmed; the last request failed: auth0.auth0.com did not answer in time: " +
				"check the network and the proxy settings" + again},
		"token without a tenant": {[]answerStep{says(200, `{"access_token":%q}`, testJWT(t, nil))}, at(5), nil,
			"the token names no audience, so it is for no tenant: one must be https://TENANT/api/v2/" + again},
		"token that is no JWT": {[]answerStep{says(200, `{"access_token":"%s"}`, canary)}, at(5), nil,
			"the token does not say which tenant it is for: it is not a JSON Web Token: give an access token of the " +
				"Management API" + again},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				login, script := pollScript(t, 58, tt.steps...)
				begun := time.Now()
				s, err := login.Poll(t.Context())
				var asked []time.Duration
				for _, when := range script.times[1:] {
					asked = append(asked, when.Sub(begun))
				}
				if !slices.Equal(asked, tt.at) {
					t.Errorf("asked after %v, want %v", asked, tt.at)
				}
				want := ""
				if tt.want != "" {
					want = "signing in at auth0.auth0.com: " + tt.want
				}
				if got := errorText(err); got != want || (tt.is != nil && !errors.Is(err, tt.is)) {
					t.Errorf("error\n  %s\nwant\n  %s", got, want)
				}
				if err == nil && (s.Domain != testTenant || s.RefreshToken != canary+"-refresh" || !s.Renewable()) {
					t.Errorf("session %v", s)
				}
				if took := time.Since(begun); took > 58*time.Second {
					t.Errorf("took %v: went on after the code's end", took)
				}
				noCanary(t, err, s)
				for _, form := range script.requests()[1:] {
					if form.Get("grant_type") != deviceGrant || form.Get("device_code") != canary+"-device" || form.Get(
						"client_id") != DefaultClientID {
						t.Errorf("sent %v", form)
					}
				}
			})
		})
	}
}

func at(seconds ...int) []time.Duration {
	var list []time.Duration
	for _, s := range seconds {
		list = append(list, time.Duration(s)*time.Second)
	}
	return list
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// However long the network is away, a user who has confirmed does not wait long
// when it is back.
func TestTimeoutsStretchTheIntervalToAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		login, _ := pollScript(t, 900, hangs)
		if _, err := login.Poll(t.Context()); !errors.Is(err, ErrCodeExpired) {
			t.Error(err)
		}
		if login.Interval != maxTimeoutInterval {
			t.Errorf("interval %v", login.Interval)
		}
	})
}

func TestPollIsCancelled(t *testing.T) {
	tests := map[string]struct {
		step  answerStep
		after time.Duration
	}{
		"between two questions": {saysError(403, "authorization_pending"), 7 * time.Second},
		"within a question":     {hangs, 7 * time.Second},
		"before the first":      {hangs, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				login, _ := pollScript(t, 900, tt.step)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(tt.after, cancel)
				begun := time.Now()
				_, err := login.Poll(ctx)
				if took := time.Since(begun); took != tt.after || !errors.Is(err, context.Canceled) {
					t.Errorf("after %v: %v", took, err)
				}
				if want := "the sign-in was given up: context canceled"; errorText(err) != want {
					t.Errorf("error %q, want %q", err, want)
				}
			})
		})
	}
}
