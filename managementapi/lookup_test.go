package managementapi

import (
	"maps"
	"net/url"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	for _, test := range []struct {
		method, path, want string
		parameters         map[string]string
	}{
		{"GET", "/api/v2/clients", "GET /api/v2/clients", nil},
		{"GET", "/api/v2/clients/abc", "GET /api/v2/clients/{id}", map[string]string{"id": "abc"}},
		{"GET", "/api/v2/clients/search", "GET /api/v2/clients/search", nil},
		{"PATCH", "/api/v2/clients/search", "PATCH /api/v2/clients/{id}", map[string]string{"id": "search"}},
		{"GET", "/api/v2/%63lients/abc", "GET /api/v2/clients/{id}", map[string]string{"id": "abc"}},
		{"GET", "/api/v2/users/auth0%7C5f7c8ec7", "GET /api/v2/users/{id}", map[string]string{"id": "auth0|5f7c8ec7"}},
		{"GET", "/api/v2/users/auth0|5f7c8ec7", "GET /api/v2/users/{id}", map[string]string{"id": "auth0|5f7c8ec7"}},
		{"GET", "/api/v2/users/waad%7Ca_b.com%23EXT%23%40c.com/roles", "GET /api/v2/users/{id}/roles",
			map[string]string{"id": "waad|a_b.com#EXT#@c.com"}},
		{"DELETE", "/api/v2/users/a%2Fb%3Fc%3Bd%20e", "DELETE /api/v2/users/{id}", map[string]string{"id": "a/b?c;d e"}},
		{"GET", "/api/v2/users/%252e%252e", "GET /api/v2/users/{id}", map[string]string{"id": "%2e%2e"}},
		{"GET", "/api/v2/resource-servers/https%3A%2F%2Fapi.example.com%2F", "GET /api/v2/resource-servers/{id}",
			map[string]string{"id": "https://api.example.com/"}},
		{"GET", "/api/v2/organizations/name/acme", "GET /api/v2/organizations/name/{name}",
			map[string]string{"name": "acme"}},
		{"GET", "/api/v2/organizations/name/members", "GET /api/v2/organizations/name/{name}",
			map[string]string{"name": "members"}},
		{"GET", "/api/v2/organizations/acme/members", "GET /api/v2/organizations/{id}/members",
			map[string]string{"id": "acme"}},
		// "name" is a literal there, and yet an organization's id here: the literal leads nowhere.
		{"GET", "/api/v2/organizations/name/members/auth0%7C1/roles",
			"GET /api/v2/organizations/{id}/members/{user_id}/roles", map[string]string{"id": "name", "user_id": "auth0|1"}},
		{"DELETE", "/api/v2/users/a/identities/google-oauth2/1", "DELETE /api/v2/users/{id}/identities/{provider}/{user_id}",
			map[string]string{"id": "a", "provider": "google-oauth2", "user_id": "1"}},
		{"PUT", "/api/v2/guardian/factors/sms", "PUT /api/v2/guardian/factors/{name}", map[string]string{"name": "sms"}},
		{"GET", "/api/v2/users/ünï", "GET /api/v2/users/{id}", map[string]string{"id": "ünï"}},
		{"GET", "/api/v2/users/{id}", "GET /api/v2/users/{id}", map[string]string{"id": "{id}"}},

		{"POST", "/api/v2/clients/abc", "", nil},
		{"get", "/api/v2/clients", "", nil},
		{"HEAD", "/api/v2/clients", "", nil},
		{"GET", "/api/v2/clients/", "", nil},
		{"GET", "/api/v2//clients", "", nil},
		{"GET", "//api/v2/clients", "", nil},
		{"GET", "api/v2/clients", "", nil},
		{"GET", "", "", nil},
		{"GET", "/", "", nil},
		{"GET", "/api/v2", "", nil},
		{"GET", "/api/v2/clients/abc/def", "", nil},
		{"GET", "/api/v2/clients/a%2Fb/c", "", nil},
		{"GET", "/api/v2/clients%2Fabc", "", nil},
		{"GET", "/api/v2/clients/..", "", nil},
		{"GET", "/api/v2/clients/%2e%2E", "", nil},
		{"GET", "/api/v2/clients/.", "", nil},
		{"GET", "/api/v2/clients/%zz", "", nil},
		{"GET", "/api/v2/clients/abc%", "", nil},
		{"GET", "/oauth/token", "", nil},
	} {
		o, parameters, ok := Lookup(test.method, test.path)
		switch {
		case !ok && test.want != "", ok && o.Name() != test.want:
			t.Errorf("%s %s: %v, want %s", test.method, test.path, o, test.want)
		case ok && !maps.Equal(parameters, test.parameters):
			t.Errorf("%s %s: %v, want %v", test.method, test.path, parameters, test.parameters)
		}
	}
}

// Every operation is found by a path that its own template makes, with ids as Auth0 has them.
func TestLookupFindsEveryOperation(t *testing.T) {
	for _, id := range []string{"con_1", "auth0|5f7c", "a b", "x#EXT#@y", "a/b", "a?b", "a;b", "%2e", "...", "é\x00"} {
		for o := range All() {
			values := map[string]string{}
			for _, p := range o.PathParameters {
				values[p.Name] = id
			}
			path, err := o.FillPath(values)
			if err != nil {
				t.Fatal(err)
			}
			found, parameters, ok := Lookup(o.Method, path)
			if !ok || found != o || !maps.Equal(parameters, values) {
				t.Errorf("%s: %s is %v with %v", o.Name(), path, found, parameters)
			}
		}
	}
}

func TestFillPathRefuses(t *testing.T) {
	o, _ := ByName("GET /api/v2/users/{id}")
	for _, id := range []string{"", ".", ".."} {
		if path, err := o.FillPath(map[string]string{"id": id}); err == nil {
			t.Errorf("%q: %s", id, path)
		}
	}
	// A value that looks like a parameter stays what it is.
	o, _ = ByName("DELETE /api/v2/users/{id}/identities/{provider}/{user_id}")
	path, err := o.FillPath(map[string]string{"id": "{provider}", "provider": "{user_id}", "user_id": "{id}"})
	if want := "/api/v2/users/%7Bprovider%7D/identities/%7Buser_id%7D/%7Bid%7D"; err != nil || path != want {
		t.Errorf("%s %v", path, err)
	}
}

func FuzzLookup(f *testing.F) {
	for _, path := range []string{
		"/api/v2/clients/a", "/api/v2/users/auth0%7C1/roles", "//", "/api/v2/%", "/api/v2/organizations/name/x",
	} {
		f.Add("GET", path)
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		o, parameters, ok := Lookup(method, path)
		if !ok {
			return
		}
		if o.Method != method || len(parameters) != len(o.PathParameters) {
			t.Fatalf("%q %q: %s with %v", method, path, o.Name(), parameters)
		}
		filled, err := o.FillPath(parameters)
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		// What the operation makes of its parameters is what the request said.
		want, _ := url.PathUnescape(path)
		if got, _ := url.PathUnescape(filled); got != want {
			t.Fatalf("%q became %q", path, filled)
		}
		if strings.Count(filled, "/") != strings.Count(path, "/") {
			t.Fatalf("%q became %q", path, filled)
		}
	})
}
