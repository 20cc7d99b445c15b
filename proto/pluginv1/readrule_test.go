package pluginv1

import (
	"slices"
	"testing"
)

func TestParseReadRule(t *testing.T) {
	rule, err := ParseReadRule("project:src/*.csproj")
	if err != nil || rule.Root != "project" || !slices.Equal(rule.Segments, []string{"src", "*.csproj"}) {
		t.Errorf("%+v, %v", rule, err)
	}
	for _, text := range []string{"project:package.json", "a-1:*/build.gradle"} {
		if _, err := ParseReadRule(text); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"", "package.json", "project:", ":a", "Project:a", "project:/a", "project:../a",
		"project:a/../b", "project:**/a", "project:.git/config", "project:.ssh/id", "project:a\\b", "project:a/./b",
		"project:a?", "project:1/2/3/4/5/6/7", "project:a/.hidden/b", "project:.env*", "project:.env",
		"project:*.env", "project:a/PROD.ENV", "project:ENV~1", "project:SSH~2/*"} {
		if rule, err := ParseReadRule(text); err == nil {
			t.Errorf("%q: %+v", text, rule)
		}
	}
}

func TestMatchName(t *testing.T) {
	for _, tt := range []struct {
		segment, name string
		want          bool
	}{
		{"package.json", "package.json", true}, {"package.json", "Package.json", false}, {"*.csproj", "App.csproj", true},
		{"*.csproj", ".csproj", false}, {"*", ".env", false}, {".env*", ".env.local", false}, {"a[1]", "a[1]", true},
		{"a[1]", "a1", false}, {"*", "a", true}, {"*", "prod.env", false}, {"*", "Prod.ENV", false}, {"*", "env.go", true},
	} {
		if got := MatchName(tt.segment, tt.name); got != tt.want {
			t.Errorf("%q, %q: %v", tt.segment, tt.name, got)
		}
	}
}

func TestIsEnvFile(t *testing.T) {
	for _, name := range []string{".env", ".env.local", ".ENV", "prod.env", ".dev.vars", ".dev.vars.staging", ".flaskenv"} {
		if !IsEnvFile(name) {
			t.Error(name)
		}
	}
	for _, name := range []string{"", "env", ".envrc", ".npmrc", "package.json", "a.env.sh", ".env~", "ci.yml", ".environment"} {
		if IsEnvFile(name) {
			t.Error(name)
		}
	}
}
