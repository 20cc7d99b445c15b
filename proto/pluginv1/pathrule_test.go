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
		{"GET /api/v2/clients", "GET", "/api/v2/%63lients", true},
		{"GET /api/v2/clients", "GET", "/api/v2/clients/abc", false},
		{"GET /api/v2/clients/{id}", "GET", "/api/v2/clients/abc", true},
		{"GET /api/v2/clients/{id}", "GET", "/api/v2/clients/%7Bid%7D", true},
		{"GET /api/v2/clients/{id}", "GET", "/api/v2/clients%2Fabc", false},
		{"GET /api/v2/clients/{id}/credentials", "GET", "/api/v2/clients/x%2Fcredentials", false},
		{"GET /api/v2/clients/{id}/credentials", "GET", "/api/v2/clients/x%2Fy/credentials", true},
		{"GET /api/v2/clients/{id}", "GET", "/api/v2/clients/a/b", false},
		{"GET /api/v2/clients/{id}", "GET", "/api/v2/grants/abc", false},
		{"GET /api/v2/resource-servers/{id}", "GET", "/api/v2/resource-servers/https%3A%2F%2Fapi.example.com%2F", true},
	}
	for _, tt := range tests {
		r, err := ParsePathRule(tt.rule)
		if err != nil {
			t.Fatal(err)
		}
		path, err := ParsePath(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Match(tt.method, path); got != tt.want {
			t.Errorf("%q.Match(%s %s) = %v, want %v", tt.rule, tt.method, tt.path, got, tt.want)
		}
	}
}

func TestParsePathRuleRefuses(t *testing.T) {
	for _, rule := range []string{
		"", "/api/v2/clients", "GET", "TRACE /api/v2/clients", "get /api/v2/clients", "GET /oauth/token",
		"GET https://x/api/v2/clients",
		"GET /api/v2/", "GET /api/v2/../x", "GET /api/v2//x", "GET /api/v2/{", "GET /api/v2/{}", "GET /api/v2/a{b}",
		"GET /api/v2/x?y=1", "GET /api/v2/%2e%2e/x",
		"GET /api/v2/a;b", "GET /api/v2/é", "GET /api/v2/a\x00", "GET /api/v2/\xfd", "GET /api/v2/a|b",
		"GET /api/v2/" + strings.Repeat("a", MaxPathBytes),
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
		// The same, by an expression instead of a loop, on the path as it is sent.
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
		fits := regexp.MustCompile(`^` + expression.String() + `\z`)
		itself := strings.NewReplacer("{", "%7B", "}", "%7D").Replace(pattern)
		for _, p := range []string{path, itself, BasePath + path, strings.ReplaceAll(itself, "%7D", "/%7D"),
			strings.ReplaceAll(itself, "%7D", "%2F%7D")} {
			parsed, err := ParsePath(p)
			if err != nil {
				continue
			}
			want := fits.MatchString(parsed.String()) && (method == ruleMethod || method == "HEAD" && ruleMethod == "GET")
			if got := r.Match(method, parsed); got != want {
				t.Errorf("%q.Match(%q, %q) = %v", rule, method, p, got)
			}
		}
		if parsed, err := ParsePath(itself); err != nil || !r.Match(ruleMethod, parsed) {
			t.Errorf("%q does not match itself: %v", rule, err)
		}
	})
}
