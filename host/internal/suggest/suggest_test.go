package suggest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNear(t *testing.T) {
	candidates := []string{"per_page", "page", "include_totals", "client_id", "name"}
	for _, tt := range []struct {
		name string
		want []string
	}{
		{"perPage", []string{"per_page", "page"}},
		{"PER-PAGE", []string{"per_page", "page"}},
		{"per_pgae", []string{"per_page"}},
		{"totals", []string{"include_totals"}},
		{"clientid", []string{"client_id"}},
		{"naem", []string{"name"}},
		{"colour", []string{}},
		{"pa", []string{}},
		{"", nil},
		{"***", nil},
	} {
		if diff := cmp.Diff(tt.want, Near(tt.name, candidates, 5)); diff != "" {
			t.Errorf("Near(%q): %s", tt.name, diff)
		}
	}
}

func TestNearKeepsTheLimit(t *testing.T) {
	if got := Near("log", []string{"log3", "log1", "log2"}, 2); !cmp.Equal(got, []string{"log1", "log2"}) {
		t.Errorf("got %q", got)
	}
}

func TestEditDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "axc", 1}, {"kitten",
			"sitting", 3},
	} {
		if got := editDistance(tt.a, tt.b); got != tt.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
