package cli

import (
	"strings"
	"testing"
)

func TestFolded(t *testing.T) {
	long := strings.Repeat("x", 90)
	half := strings.Repeat("y", 40)
	for _, tt := range []struct {
		words []string
		want  string
	}{
		{nil, ""},
		{[]string{"a"}, "a"},
		{[]string{"a", "b"}, "a b"},
		{[]string{half, half[1:]}, half + " " + half[1:]}, // 80 characters
		{[]string{half, half}, half + "\n" + half},
		{[]string{long, "a", "b"}, long + "\na b"},
		{[]string{"a", long}, "a\n" + long},
	} {
		if got := folded(tt.words, 80); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.words, got, tt.want)
		}
	}
}
