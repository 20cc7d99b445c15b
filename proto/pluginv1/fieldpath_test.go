package pluginv1

import (
	"strings"
	"testing"
)

func TestFieldPath(t *testing.T) {
	for path, want := range map[string]string{
		"*": "", "name": "name", "logs[].user_agent": "logs [] user_agent", "[].a-b.C": "[] a-b C", "m[][].x": "m [] [] x",
		"client_metadata": "client_metadata",
	} {
		p, err := ParseFieldPath(path)
		if err != nil || strings.Join(p.Steps(), " ") != want || p.String() != path {
			t.Errorf("%q: %q, %v", path, p.Steps(), err)
		}
	}
	for _, path := range []string{"", ".", "a.", ".a", "a..b", "[", "[]]", "a[", "a[]b", "a]b", "a.[]", "a[0]", "a b",
		"**", "a.*", "a\u200bb", "[]a", "$.a"} {
		if p, err := ParseFieldPath(path); err == nil {
			t.Errorf("ParseFieldPath(%q) = %q", path, p.Steps())
		}
	}
}

// What is accepted is read one way only: its steps say all of it.
func FuzzFieldPath(f *testing.F) {
	f.Fuzz(func(t *testing.T, path string) {
		p, err := ParseFieldPath(path)
		if err != nil {
			return
		}
		var again strings.Builder
		for _, step := range p.Steps() {
			if step != "[]" && again.Len() > 0 {
				again.WriteByte('.')
			}
			again.WriteString(step)
		}
		if path != AnyField && again.String() != path || path == AnyField && len(p.Steps()) != 0 {
			t.Errorf("%q has the steps %q", path, p.Steps())
		}
		for _, r := range path {
			if r < '!' || r > '~' {
				t.Errorf("%q holds %U", path, r)
			}
		}
	})
}
