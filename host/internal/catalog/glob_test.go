package catalog

import "testing"

func TestMatchGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "auth0_list_logs", true},
		{"auth0_list_*", "auth0_list_logs", true},
		{"auth0_list_*", "auth0_list_", true},
		{"auth0_list_*", "auth0_get_log", false},
		{"*_logs", "auth0_list_logs", true},
		{"*_log", "auth0_list_logs", false},
		{"auth0_*_client", "auth0_get_client_grant", false},
		{"*a*b*c", "xaxbxbxc", true},
		{"*a*b*c", "xaxcxb", false},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ä", true},
		{"?", "ab", false},
		{"auth0_???_log", "auth0_get_log", true},
		{"*?", "", false},
		{"*?", "a", true},
		{"AUTH0_*", "auth0_list_logs", false},
		{"[ab]", "a", false},
		{"[ab]", "[ab]", true},
		{`\*`, "*", false},
		{"a.c", "abc", false},
	} {
		if got := MatchGlob(tt.pattern, tt.name); got != tt.want {
			t.Errorf("MatchGlob(%q, %q) = %v, want %v", tt.pattern, tt.name, got, tt.want)
		}
	}
}

// referenceGlob is the definition, written down without any thought of speed.
func referenceGlob(pattern, name []rune) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	switch pattern[0] {
	case '*':
		for i := range len(name) + 1 {
			if referenceGlob(pattern[1:], name[i:]) {
				return true
			}
		}
		return false
	case '?':
		return len(name) > 0 && referenceGlob(pattern[1:], name[1:])
	default:
		return len(name) > 0 && name[0] == pattern[0] && referenceGlob(pattern[1:], name[1:])
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("*a?b*", "xxaxb")
	f.Add("auth0_list_*", "auth0_list_logs")
	f.Add("**??", "äö")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 10 || len(name) > 20 {
			return // the reference is exponential
		}
		if got, want := MatchGlob(pattern, name), referenceGlob([]rune(pattern), []rune(name)); got != want {
			t.Errorf("MatchGlob(%q, %q) = %v, want %v", pattern, name, got, want)
		}
	})
}
