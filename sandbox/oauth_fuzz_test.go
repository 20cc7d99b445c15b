package sandbox

import (
	"net/http"
	"strings"
	"testing"
)

// Whatever is sent to the Authentication API, it answers in its own words, and never
// that it broke.
func FuzzOAuth(f *testing.F) {
	form := "application/x-www-form-urlencoded"
	f.Add(tokenPath, form, "", "grant_type="+grantDevice+"&client_id="+DeviceClientID+"&device_code=x")
	f.Add(tokenPath, form, "Basic eDp5", "grant_type=client_credentials&audience=a")
	f.Add(tokenPath, form, "",
		"grant_type=client_credentials&client_assertion_type="+assertionType+"&client_assertion=e30.e30.e30")
	f.Add(tokenPath, "application/json", "", `{"grant_type":"refresh_token","refresh_token":"v1.x"}`)
	f.Add(devicePath, form, "", "client_id="+DeviceClientID+"&scope=a+b&audience=https://*.auth0.com/api/v2/")
	f.Add(revokePath, form, "", "client_id="+DeviceClientID+"&token=x")
	f.Add(activatePath, form, "", "user_code=%00&action=confirm")
	tenant := New(Options{Empty: true})
	f.Fuzz(func(t *testing.T, path, media, authorization, body string) {
		if _, served := oauthRoutes()[path]; !served {
			return
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://x"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		request.Header.Set("Content-Type", media)
		request.Header.Set("Authorization", authorization)
		response, err := tenant.Transport().RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode >= 500 {
			t.Fatalf("status %d", response.StatusCode)
		}
		if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
			return
		}
		a := read(t, path, response)
		if a.status != 200 && a.textAt("error") == "" {
			t.Errorf("status %d without an error: %s", a.status, a.text)
		}
	})
}

// A token is what its signature says, or nothing.
func FuzzReadAssertion(f *testing.F) {
	for _, seed := range []string{"", "e30.e30.", "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOlsiYSJdfQ.AA", "a.b.c"} {
		f.Add(seed)
	}
	key := newKey(f)
	f.Fuzz(func(t *testing.T, text string) {
		a, whole := readAssertion(text)
		if !whole {
			return
		}
		if !strings.HasPrefix(text, a.signed+".") || strings.Count(text, ".") != 2 {
			t.Errorf("of %q, %q is signed", text, a.signed)
		}
		if (assertionKey{algorithm: a.head.Algorithm, key: &key.PublicKey}).verifies(a.signed, a.signature) {
			t.Errorf("%q is signed with a key that was never used", text)
		}
	})
}
