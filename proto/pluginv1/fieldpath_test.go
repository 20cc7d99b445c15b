package pluginv1

import (
	"strings"
	"testing"
)

func TestFieldPath(t *testing.T) {
	for path, want := range map[string]string{
		"*": "", "name": "name", "logs[].user_agent": "logs [] user_agent", "[].a-b.C": "[] a-b C", "m[][].x": "m [] [] x", "client_metadata": "client_metadata",
	} {
		p, err := ParseFieldPath(path)
		if err != nil || strings.Join(p.Steps(), " ") != want || p.String() != path {
			t.Errorf("%q: %q, %v", path, p.Steps(), err)
		}
	}
	for _, path := range []string{"", ".", "a.", ".a", "a..b", "[", "[]]", "a[", "a[]b", "a]b", "a.[]", "a[0]", "a b", "**", "a.*", "a\u200bb", "[]a", "$.a"} {
		if p, err := ParseFieldPath(path); err == nil {
			t.Errorf("ParseFieldPath(%q) = %q", path, p.Steps())
		}
	}
}
