package auth

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
)

// canary is in every secret of these tests, so that one look finds any of them.
const canary = "CANARY"

// noCanary fails if a secret shows in anything that a user or a log may see.
func noCanary(t *testing.T, shown ...any) {
	t.Helper()
	for _, v := range shown {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if text := fmt.Sprintf(format, v); strings.Contains(text, canary) {
				t.Errorf("%T shows a secret with %s: %s", v, format, text)
			}
		}
	}
}

// answerStep is what a scripted endpoint does with one request.
type answerStep func(*http.Request) (*http.Response, error)

// endpointScript is an OAuth endpoint in process that answers as scripted, the last
// step again and again, and keeps what it was sent.
type endpointScript struct {
	steps []answerStep

	mu    sync.Mutex
	sent  []url.Values
	times []time.Time
}

func (e *endpointScript) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	step := e.steps[min(len(e.sent), len(e.steps)-1)]
	form.Set("PATH", r.URL.String())
	e.sent, e.times = append(e.sent, form), append(e.times, time.Now())
	e.mu.Unlock()
	return step(r)
}

func (e *endpointScript) requests() []url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]url.Values(nil), e.sent...)
}

func says(status int, format string, args ...any) answerStep {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Request: r,
			Body: io.NopCloser(strings.NewReader(fmt.Sprintf(format, args...)))}, nil
	}
}

func saysError(status int, code string) answerStep {
	return says(status, `{"error":%q,"error_description":"the reason for %s"}`, code, code)
}

func breaks(err error) answerStep {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs answers nothing until the request is given up.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

const testTenant = "tenant.us.auth0.com"

// testJWT makes an access token whose signature, which is not checked, is the canary.
func testJWT(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SigningString()
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + canary + "00"
}

func tenantJWT(t *testing.T, id string) string {
	t.Helper()
	return testJWT(t, jwt.MapClaims{"aud": "https://" + testTenant + "/api/v2/", "jti": id})
}

func TestAnswersOfAnEndpoint(t *testing.T) {
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed: the form reached another server")
	}))
	defer elsewhere.Close()
	tests := map[string]struct {
		handler   http.HandlerFunc
		want      string // ends with "(" where the system words the rest
		temporary bool
	}{
		"error of OAuth": {answerWith(403, `{"error":"access_denied","error_description":"No."}`),
			"HOST answered access_denied (No.)", false},
		"error with 200": {answerWith(200, `{"error":"invalid_grant"}`), "HOST answered invalid_grant", false},
		"fault with an OAuth body": {answerWith(503, `{"error":"temporarily_unavailable"}`),
			"HOST answered temporarily_unavailable", true},
		"rate limit": {answerWith(429, `{"statusCode":429,"error":"Too Many Requests"}`),
			"HOST answered Too Many Requests", true},
		"a gateway's JSON": {answerWith(401, `{"error":"Unauthorized","message":"`+canary+`"}`),
			"HOST answered Unauthorized", true},
		"fault with a page": {answerWith(502, "<html>"+canary),
			"HOST answered 502 Bad Gateway: the answer is not one of OAuth", true},
		"page with 200": {answerWith(200, "<html>"+canary),
			"HOST answered 200 OK: the answer is not one of OAuth", true},
		"page with 403": {answerWith(403, "<html>"+canary),
			"HOST answered 403 Forbidden: the answer is not one of OAuth", true},
		"cut JSON": {answerWith(200, `{"access_token":"`+canary), "HOST answered 200 OK: the answer is not one of OAuth",
			true},
		"another type": {answerWith(200, `{"access_token":["`+canary+`"]}`),
			"HOST answered 200 OK: the answer is not one of OAuth", true},
		"no token": {answerWith(200, `{}`), "HOST answered 200 OK: the answer holds no bearer token", true},
		"null":     {answerWith(200, `null`), "HOST answered 200 OK: the answer holds no bearer token", true},
		"token that breaks headers": {answerWith(200, `{"access_token":"`+canary+`\r\nX: y"}`),
			"HOST answered 200 OK: the answer holds no bearer token", true},
		"another token type": {answerWith(200, `{"access_token":"`+canary+`","token_type":"DPoP"}`),
			"HOST answered 200 OK: the answer holds no bearer token", true},
		"too large": {answerWith(200, `{"access_token":"`+strings.Repeat("x", maxAnswerBytes)+`"}`),
			"HOST answered 200 OK: the answer is over 1 MiB", true},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "HOST answered 307 Temporary Redirect: it redirects, which is not followed: check the domain", true},
		"description that repeats the secret, with control characters": {answerWith(401,
			`{"error":"invalid_client","error_description":"bad `+canary+`secret\u001b[31m\n!"}`),
			"HOST answered invalid_client (bad [client_secret] [31m !)", false},
		"dropped": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			"HOST closed the connection before it had answered: check the network and the proxy settings", true},
		"dropped in the body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"access_token":"`+canary)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "HOST closed the connection before it had answered: check the network and the proxy settings", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewTLSServer(tt.handler)
			defer server.Close()
			transport := server.Client().Transport.(*http.Transport)
			transport.ForceAttemptHTTP2 = false
			host := server.Listener.Addr().String()
			form := url.Values{"client_secret": {canary + "secret"}}
			_, err := OAuth{Transport: transport, UserAgent: "auth0-mcp/test"}.requestToken(t.Context(), host, form, Session{})
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.ReplaceAll(err.Error(), host, "HOST"); got != tt.want && (!strings.HasSuffix(tt.want, "(") ||
				!strings.HasPrefix(got, tt.want)) {
				t.Errorf("error\n  %s\nwant\n  %s", got, tt.want)
			}
			if temporary(err) != tt.temporary {
				t.Errorf("temporary = %v", !tt.temporary)
			}
			noCanary(t, err)
		})
	}
}

func answerWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Whatever an endpoint answers, an error shows none of it but a line of OAuth's own
// fields, and a token that is taken can be sent.
func FuzzAnswer(f *testing.F) {
	f.Add(200, `{"access_token":"a","expires_in":"1e9","scope":"a b"}`)
	f.Add(403, `{"error":"slow_down","error_description":"\u001b[2J`+canary+`"}`)
	f.Add(503, `<html>`+canary)
	f.Fuzz(func(t *testing.T, status int, body string) {
		script := &endpointScript{steps: []answerStep{says(status, "%s", body)}}
		s, err := OAuth{Transport: script}.requestToken(t.Context(), "h.example", url.Values{"refresh_token": {canary}},
			Session{})
		if err == nil && !headerSafe(s.AccessToken) {
			t.Errorf("took the token %q", s.AccessToken)
		}
		text := errorText(err)
		if len(text) > 4*2*quotedRunes+100 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("error %q", text)
		}
		noCanary(t, err)
	})
}

func TestDescriptionIsCut(t *testing.T) {
	got := quotable(strings.Repeat("é", quotedRunes+1), nil)
	if want := strings.Repeat("é", quotedRunes); got != want {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}

func TestRequest(t *testing.T) {
	script := &endpointScript{steps: []answerStep{func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPost || r.URL.String() != "https://h.example:8443/oauth/token" || r.Header.Get(
			"User-Agent") != "auth0-mcp/test" ||
			r.Header.Get("Accept") != "application/json" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		return says(200, `{}`)(r)
	}}}
	o := OAuth{Transport: script, UserAgent: "auth0-mcp/test"}
	if err := o.post(t.Context(), "h.example:8443", tokenPath, url.Values{"a": {"b c"}}, nil); err != nil {
		t.Fatal(err)
	}
	if got := script.requests()[0].Get("a"); got != "b c" {
		t.Errorf("form: %q", got)
	}
	for _, domain := range []string{"", "user@evil.example", "h.example/path", "h.example?q", "h example", "h.example#f"} {
		if err := o.post(t.Context(), domain, tokenPath, nil, nil); err == nil {
			t.Errorf("a request was sent to %q", domain)
		}
	}
	if n := len(script.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestRequestIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := OAuth{Transport: &endpointScript{steps: []answerStep{hangs}}}
		begun := time.Now()
		err := o.post(t.Context(), "h.example", tokenPath, nil, nil)
		if took := time.Since(begun); took != requestTimeout || !temporary(err) || !timedOut(err) {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

func TestTokenLife(t *testing.T) {
	issued := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	const hour = time.Hour
	tests := map[string]struct {
		expiresIn string // JSON
		claims    jwt.MapClaims
		want      time.Duration // after the request; 0: unknown
	}{
		"expires_in":           {`3600`, nil, hour},
		"expires_in as a text": {`"3600"`, nil, hour},
		"expires_in beats exp": {`3600`, jwt.MapClaims{"exp": issued.Add(9 * hour).Unix()}, hour},
		"exp, by the server's own clock": {`0`, jwt.MapClaims{"iat": issued.Unix(), "exp": issued.Add(2 * hour).Unix()},
			2 * hour},
		"exp alone": {`0`, jwt.MapClaims{"exp": time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC).Unix()},
			hour}, // a bubble's clock begins with 2000
		"neither":               {`0`, nil, 0},
		"null":                  {`null`, nil, 0},
		"negative":              {`-5`, nil, 0},
		"not a number":          {`{"a":[1]}`, nil, 0},
		"beyond any year":       {`1e300`, nil, (1<<31 - 1) * time.Second},
		"exp beyond any year":   {`0`, jwt.MapClaims{"iat": 0, "exp": 1e15}, (1<<31 - 1) * time.Second},
		"ended before it began": {`0`, jwt.MapClaims{"iat": issued.Unix(), "exp": issued.Add(-hour).Unix()}, -hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now() // decades from the server's clock
				o := OAuth{Transport: &endpointScript{steps: []answerStep{func(r *http.Request) (*http.Response, error) {
					time.Sleep(2 * time.Second) // a slow answer must not lengthen the life
					return says(200, `{"access_token":%q,"expires_in":%s}`, testJWT(t, tt.claims), tt.expiresIn)(r)
				}}}}
				s, err := o.requestToken(t.Context(), "h.example", nil, Session{ExpiresAt: begun})
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case tt.want == 0 && !s.ExpiresAt.IsZero():
					t.Errorf("ends at %v, want unknown", s.ExpiresAt)
				case tt.want != 0 && !s.ExpiresAt.Equal(begun.Add(tt.want)):
					t.Errorf("ends after %v, want %v", s.ExpiresAt.Sub(begun), tt.want)
				}
				if _, err := s.ExpiresAt.MarshalJSON(); err != nil {
					t.Errorf("cannot be stored: %v", err)
				}
				if !s.IssuedAt.Equal(begun) {
					t.Errorf("issued %v, want %v", s.IssuedAt, begun)
				}
			})
		})
	}
}

func TestScopeThatWasGranted(t *testing.T) {
	tests := map[string]struct{ answer, token, before, want string }{
		"the answer's":       {`,"scope":"a"`, "b", "c", "a"},
		"the token's":        {``, "b", "c", "b"},
		"what was asked for": {``, "", "c", "c"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			token := testJWT(t, jwt.MapClaims{"scope": tt.token})
			o := OAuth{Transport: &endpointScript{steps: []answerStep{says(200, `{"access_token":%q%s}`, token, tt.answer)}}}
			s, err := o.requestToken(t.Context(), "h.example", nil, Session{Scope: tt.before})
			if err != nil || s.Scope != tt.want {
				t.Errorf("scope %q, %v; want %q", s.Scope, err, tt.want)
			}
		})
	}
}

var errTestNetwork = errors.New("network is down")
