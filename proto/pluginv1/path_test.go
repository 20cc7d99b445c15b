package pluginv1

import (
	"errors"
	"net/url"
	pathpkg "path"
	"slices"
	"strings"
	"testing"
)

// An id is data: whatever it holds, it stays one segment and arrives as it is.
func TestPathKeepsIds(t *testing.T) {
	for _, id := range []string{
		"auth0|5f7c8ec7c33c6c004bbafe82", "a_b#EXT#@c.onmicrosoft.com", "https://api/", "https://api.example.com/v1?x=1",
		"a%2Fb", "100%", "%", "%zz", "%25",
		"a b", "a#b", "a?b", "a;b", "a|b", "a/b", "/a", "a@b", "a+b", "a:b", "a..b", "...", "a.", "é", "日本", "a[b]",
		`a"b`,
		"a\\b", "~", "*", "a&b=c,d$", "urn:x", "{id}",
	} {
		path, err := NewPath("users", id)
		if err != nil {
			t.Errorf("%q: %v", id, err)
			continue
		}
		back, err := ParsePath(path.String())
		if err != nil || !slices.Equal(back.Segments(), []string{"users", id}) || back.String() != path.String() {
			t.Errorf("%q is sent as %s, which reads as %q, %v", id, path, back.Segments(), err)
		}
	}
}

// Every escaped form of one path is the same path.
func TestPathHasOneForm(t *testing.T) {
	for escaped, want := range map[string]string{
		"/api/v2/clients":                                 "/api/v2/clients",
		"/api/v2/%63lients":                               "/api/v2/clients",
		"/api/v2/users/auth0%7cabc":                       "/api/v2/users/auth0%7Cabc",
		"/api/v2/users/a%40b":                             "/api/v2/users/a@b",
		"/api/v2/users/a%2fb":                             "/api/v2/users/a%2Fb",
		"/api/v2/users/a%252Fb":                           "/api/v2/users/a%252Fb",
		"/api/v2/users/a;b":                               "/api/v2/users/a%3Bb",
		"/api/v2/users/a[b]":                              "/api/v2/users/a%5Bb%5D",
		"/api/v2/resource-servers/https:%2F%2Fapi%2F":     "/api/v2/resource-servers/https:%2F%2Fapi%2F",
		"/api/v2/resource-servers/https%3A%2F%2Fapi%2F":   "/api/v2/resource-servers/https:%2F%2Fapi%2F",
		"/api/v2/users/a_b%23EXT%23@c.onmicrosoft.com":    "/api/v2/users/a_b%23EXT%23@c.onmicrosoft.com",
		"/api/v2/users/waad%7CX%20Y%3Fz/roles":            "/api/v2/users/waad%7CX%20Y%3Fz/roles",
		"/api/v2/resource-servers/%25E9":                  "/api/v2/resource-servers/%25E9",
		"/api/v2/resource-servers/%E6%97%A5%E6%9C%AC%2E":  "/api/v2/resource-servers/%E6%97%A5%E6%9C%AC.",
		"/api/v2/resource-servers/a%2E%2Eb%2F%2Ex%2F%2E%": "",
	} {
		path, err := ParsePath(escaped)
		if path.String() != want || (err == nil) != (want != "") {
			t.Errorf("%s is %s, %v; want %s", escaped, path, err, want)
		}
	}
}

func TestParsePathRefuses(t *testing.T) {
	for _, path := range []string{
		"", "/", "/api/v2", "/api/v2/", "/api/v2/x/", "/api/v2//x", "api/v2/x", "/api%2Fv2/x", "/%61pi/v2/x",
		"/oauth/token", "//evil.example/api/v2/x",
		"/api/v2/..", "/api/v2/.", "/api/v2/../../oauth/token", "/api/v2/x/./y", "/api/v2/%2e%2e/x", "/api/v2/.%2E/x",
		"/api/v2/%252e%252e%252fx",
		"/api/v2/%25252e%25252e", "/api/v2/%%32%65%%32%65", "/api/v2/%25%32%65%2e", "/api/v2/x%2F..%2F..%2Foauth",
		"/api/v2/x%5C..%5Coauth", "/api/v2/x%255C..",
		"/api/v2/..%2Fx", "/api/v2/x%2F.", "/api/v2/x%2F%2E%2E", "/api/v2/..;x", "/api/v2/..%3Bx", "/api/v2/..%253Bx%2Fy",
		"/api/v2/x%2F..%3Fy", "/api/v2/..%23",
		`/api/v2/..\x`, `/api/v2/a\b`, "/api/v2/%zz%2e%2e%2f..", "/api/v2/%25zz%2F%252e%252e%2Fx",
		"/api/v2/x%", "/api/v2/x%2", "/api/v2/x%zz", "/api/v2/x?y", "/api/v2/x#y", "/api/v2/a b", "/api/v2/é",
		"/api/v2/a|b", `/api/v2/"`, "/api/v2/{x", "/api/v2/<",
		"/api/v2/x%00", "/api/v2/x%0A", "/api/v2/x%0d%0ay", "/api/v2/x%7F", "/api/v2/x%C2%85", "/api/v2/x%ff",
		"/api/v2/x%C0%AE%C0%AE", "/api/v2/x\x00", "/api/v2/x\n",
		"/api/v2/x%2500", "/api/v2/%25C0%25AE%25C0%25AE", "/api/v2/x%25C0%25AF..%25E0%2580%25AFy", "/api/v2/x%25C1%259C..",
		"/api/v2/" + strings.Repeat("a",
			MaxPathBytes),
	} {
		parsed, err := ParsePath(path)
		var typed *PathError
		if !errors.As(err, &typed) || parsed.String() != "" || parsed.Segments() != nil {
			t.Errorf("%q is %v, %v", path, parsed, err)
		}
	}
	for _, segments := range [][]string{nil, {""}, {"users", ""}, {".."}, {"users", "a/../b"}, {"users", `a\..\b`},
		{"users", "%2e%2e"}, {"users", "a\x00"}, {"users", "\xff"},
		{"users", strings.Repeat("é", MaxPathBytes/4)}} {
		if path, err := NewPath(segments...); err == nil {
			t.Errorf("%q is %s", segments, path)
		}
	}
}

func TestPathParent(t *testing.T) {
	path, err := NewPath("users", "a/b", "roles")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/api/v2/users/a%2Fb", "/api/v2/users", ""} {
		parent, ok := path.Parent()
		if parent.String() != want || ok != (want != "") {
			t.Errorf("the parent of %s is %s, %v", path, parent, ok)
		}
		path = parent
	}
}

func FuzzParsePath(f *testing.F) {
	f.Fuzz(func(t *testing.T, p string) {
		path, err := ParsePath(p)
		if err != nil {
			return
		}
		sent := path.String()
		again, err := ParsePath(sent)
		if err != nil || again.String() != sent || !slices.Equal(again.Segments(), path.Segments()) {
			t.Fatalf("%q is sent as %q, which reads as %q: %v", p, sent, again, err)
		}
		target, err := url.Parse("https://tenant.example" + sent + "?q")
		if err != nil || target.Host != "tenant.example" || target.User != nil || target.RawQuery != "q" ||
			target.Fragment != "" || target.RequestURI() != sent+"?q" {
			t.Fatalf("%q leads to %v, %v", p, target, err)
		}
		// What a server that decodes each segment once sees is what rules are compared with.
		segments := strings.Split(strings.TrimPrefix(sent, BasePath), "/")
		for i := range segments {
			decoded, err := url.PathUnescape(segments[i])
			if err != nil || decoded == "" || i >= len(path.Segments()) || decoded != path.Segments()[i] {
				t.Fatalf("segment %d of %q is %q, compared was %q", i, sent, decoded, path.Segments())
			}
		}
		checkStaysInside(t, sent)
	})
}

// checkStaysInside checks that a path stays below the API whatever a server does
// first: any number of decodings, backslashes for slashes, parameters dropped.
func checkStaysInside(t *testing.T, sent string) {
	t.Helper()
	decoded := sent
	for range MaxPathBytes {
		for _, seen := range []string{decoded, strings.ReplaceAll(decoded, `\`, "/")} {
			if clean := pathpkg.Clean(seen) + "/"; !strings.HasPrefix(clean, BasePath) {
				t.Fatalf("%q becomes %q", sent, clean)
			}
		}
		next := decodeOnce(decoded)
		if next == decoded {
			return
		}
		decoded = next
	}
}

// decodeOnce is one decoding by a server that leaves malformed escapes alone.
func decodeOnce(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		if len(s) >= 3 {
			if decoded, err := url.PathUnescape(s[:3]); err == nil && s[0] == '%' {
				out.WriteString(decoded)
				s = s[3:]
				continue
			}
		}
		out.WriteByte(s[0])
		s = s[1:]
	}
	return out.String()
}
