package tenant

import "testing"

func TestNormalizeDomain(t *testing.T) {
	good := map[string]string{
		"mytenant.us.auth0.com": "mytenant.us.auth0.com", " HTTPS://MyTenant.eu.auth0.com/ ": "mytenant.eu.auth0.com",
		"http://login.example.com//": "login.example.com",
		"127.0.0.1:8443":             "127.0.0.1:8443", "localhost:3000": "localhost:3000",
		"https://[::1]:8443":    "[::1]:8443",
		"xn--bcher-kva.example": "xn--bcher-kva.example",
	}
	for in, want := range good {
		if got, err := NormalizeDomain(in); err != nil || got != want {
			t.Errorf("NormalizeDomain(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", " ", "https://", "mytenant", "ftp://x.example", "a@b.example", "x.example/path",
		"x.example?q", "x.example#f", "bücher.example", "x y.example", "x.example:", "-x.example", "x..example",
		"x.example:99999999"} {
		if got, err := NormalizeDomain(in); err == nil {
			t.Errorf("NormalizeDomain(%q) = %q", in, got)
		}
	}
}
