package pluginv1

import (
	"net/url"
	pathpkg "path"
	"strings"
	"testing"
)

func TestCleanPathKeepsIdentifiers(t *testing.T) {
	for _, path := range []string{
		"/api/v2/clients", "/api/v2/resource-servers/https%3A%2F%2Fapi.example.com%2Fv1", "/api/v2/resource-servers/https:%2F%2Fapi.example.com%2F",
		"/api/v2/users/auth0%7Cabc", "/api/v2/x/a..b",
	} {
		if !CleanPath(path) {
			t.Errorf("%s refused", path)
		}
	}
}

func TestCleanPathRefuses(t *testing.T) {
	for _, path := range []string{
		"/api/v2/../../oauth/token", "/api/v2/%2e%2e/x", "/api/v2/%252e%252e%252fx", "/api/v2/x%2F..%2F..%2Foauth", `/api/v2/..\x`, "/api/v2//x", "/api/v2/a;b", "/api/v2/", "/api/v2",
		`/api/v2/clients/"%2Fcredentials`, "/api/v2/clients/{%2Fx", "/api/v2/clients/é%2Fx", "/api/v2/clients/é", "/api/v2/x%", "/api/v2/x?y", "/api/v2/x#y", "/api/v2/x%3Fy",
	} {
		if CleanPath(path) {
			t.Errorf("%s accepted", path)
		}
	}
}

func FuzzCleanPath(f *testing.F) {
	f.Fuzz(func(t *testing.T, p string) {
		if !CleanPath(p) {
			return
		}
		target, err := url.Parse("https://tenant.example" + p + "?q")
		if err != nil || target.Host != "tenant.example" || target.User != nil || target.RawQuery != "q" || target.Fragment != "" || target.EscapedPath() != p {
			t.Fatalf("%q leads to %v, %v", p, target, err)
		}
		// Whatever a server does first, the path must not leave the API.
		decoded := p
		for range 4 {
			for _, seen := range []string{decoded, strings.ReplaceAll(decoded, `\`, "/")} {
				if clean := pathpkg.Clean(seen) + "/"; !strings.HasPrefix(clean, BasePath) {
					t.Fatalf("%q becomes %q", p, clean)
				}
			}
			var err error
			if decoded, err = url.PathUnescape(decoded); err != nil {
				break
			}
		}
	})
}
