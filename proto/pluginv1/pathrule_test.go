package pluginv1

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPathRule(t *testing.T) {
	tests := []struct {
		rule, method, path string
		want               bool
	}{
		{"GET /api/v2/clients", "GET", "/api/v2/clients", true},
		{"GET /api/v2/clients", "HEAD", "/api/v2/clients", true},
		{"GET /api/v2/clients", "POST", "/api/v2/clients", false},
		{"POST /api/v2/clients", "HEAD", "/api/v2/clients", false},
		{"GET /api/v2/clients", "GET", "/api/v2/clients/", false},
		{"GET /api/v2/clients", "GET", "/api/v2/clients/abc", false},
		{"GET /api/v2/clients/{id}", "GET", "/api/v2/clients/abc", true},
		{"GET /api/v2/clients/{id}", "GET", "/api/v2/clients/", false},
		{"GET /api/v2/clients/{id}", "GET", "/api/v2/clients/a/b", false},
		{"GET /api/v2/clients/{id}", "GET", "/api/v2/grants/abc", false},
		{"GET /api/v2/resource-servers/{id}", "GET", "/api/v2/resource-servers/https%3A%2F%2Fapi.example.com%2F", true},
		{"PATCH /api/v2/actions/actions/{id}", "PATCH", "/oauth/token", false},
	}
	for _, tt := range tests {
		r, err := ParsePathRule(tt.rule)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Match(tt.method, tt.path); got != tt.want {
			t.Errorf("%q.Match(%s %s) = %v, want %v", tt.rule, tt.method, tt.path, got, tt.want)
		}
	}
}

func TestParsePathRuleRefuses(t *testing.T) {
	for _, rule := range []string{
		"", "/api/v2/clients", "GET", "TRACE /api/v2/clients", "get /api/v2/clients", "GET /oauth/token", "GET https://x/api/v2/clients",
		"GET /api/v2/", "GET /api/v2/../x", "GET /api/v2//x", "GET /api/v2/{", "GET /api/v2/{}", "GET /api/v2/a{b}", "GET /api/v2/x?y=1", "GET /api/v2/%2e%2e/x",
		"GET /api/v2/a;b", "GET /api/v2/é", "GET /api/v2/a\x00", "GET /api/v2/\xfd", "GET /api/v2/a|b",
	} {
		if _, err := ParsePathRule(rule); err == nil {
			t.Errorf("ParsePathRule(%q) accepted", rule)
		}
	}
}

// A rule matches what it is written like, segment by segment, and nothing else.
func FuzzPathRule(f *testing.F) {
	f.Fuzz(func(t *testing.T, rule, method, path string) {
		r, err := ParsePathRule(rule)
		if err != nil {
			return
		}
		ruleMethod, pattern, _ := strings.Cut(rule, " ")
		if r.Method() != ruleMethod || !slices.Contains(EffectDestroy.Methods(), ruleMethod) {
			t.Fatalf("%q is a rule for %s", rule, r.Method())
		}
		// The same, by an expression instead of a loop.
		var expression strings.Builder
		for i, segment := range strings.Split(pattern, "/") {
			if i > 0 {
				expression.WriteByte('/')
			}
			if strings.HasPrefix(segment, "{") {
				expression.WriteString("[^/]+")
			} else {
				expression.WriteString(regexp.QuoteMeta(segment))
			}
		}
		// (?s): a line feed is a character of a segment like any other here.
		fits := regexp.MustCompile(`(?s)^` + expression.String() + `\z`)
		for _, p := range []string{path, pattern, BasePath + path, strings.ReplaceAll(pattern, "}", "/}")} {
			want := fits.MatchString(p) && (method == ruleMethod || method == "HEAD" && ruleMethod == "GET")
			if got := r.Match(method, p); got != want {
				t.Errorf("%q.Match(%q, %q) = %v", rule, method, p, got)
			}
		}
		if !r.Match(ruleMethod, pattern) {
			t.Errorf("%q does not match itself", rule)
		}
	})
}
