// Package suggest finds the names that a misspelt one may mean.
package suggest

import (
	"cmp"
	"slices"
	"strings"
)

// Near returns the candidates that name may be a misspelling of, at most limit of them, the most similar first:
// those that differ only in case and separators, then those within a few edits, then those that contain it or are
// contained in it. Every "did you mean" of the program comes from here.
func Near(name string, candidates []string, limit int) []string {
	type ranked struct {
		name string
		rank int
	}
	const substringRank = 1000
	wanted := Fold(name)
	if wanted == "" || len(wanted) > 128 {
		return nil
	}
	// Short names differ by one edit without being misspelt: "ip" does not mean "id".
	tolerance := 0
	if len(wanted) > 2 {
		tolerance = min(max(len(wanted)/4, 1), 4)
	}
	var near []ranked
	for _, c := range candidates {
		folded := Fold(c)
		distance := editDistance(wanted, folded)
		switch {
		case folded == "":
		case distance <= tolerance:
			near = append(near, ranked{c, distance})
		case len(wanted) >= 3 && strings.Contains(folded, wanted), len(folded) >= 3 && strings.Contains(wanted, folded):
			near = append(near, ranked{c, substringRank + distance})
		}
	}
	slices.SortFunc(near, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name))
	})
	names := make([]string, 0, limit)
	for _, r := range near[:min(limit, len(near))] {
		names = append(names, r.name)
	}
	return names
}

// Fold drops case and everything that is not a letter or a digit, so that perPage, per-page and per_page become
// equal.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r > 0x7f:
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return -1
		}
	}, name)
}

// editDistance is the number of insertions, deletions, replacements and swaps of neighbours that turn a into b, in
// bytes (the optimal string alignment distance).
func editDistance(a, b string) int {
	older, old, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			replace := old[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			now[j] = min(replace, old[j]+1, now[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], older[j-2]+1)
			}
		}
		older, old, now = old, now, older
	}
	return old[len(b)]
}
