package toolcall

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFit(t *testing.T) {
	object := `{"id":"x","code":"` + strings.Repeat("a", 5000) + `","nodes":[` +
		strings.TrimSuffix(strings.Repeat(`{"n":1},`, 50), ",") + `],"name":"n"}`
	tests := map[string]struct {
		doc    string
		budget int
		want   []string
		not    string
	}{
		"small": {`{"a":1}`, 100, []string{`{"a":1}`}, "truncated"},
		"a large member": {object, 1000, []string{`"id":"x"`, `"name":"n"`, `code (5002 bytes)`, `"nodes":[{"n":1}`},
			"aaaa"},
		"never half a member": {object, 500, []string{`"id":"x"`, `nodes (401 bytes)`}, `"nodes":[`},
		"a bare list": {`[` + strings.Repeat(`{"a":1},`, 200) + `{}]`, 500,
			[]string{`{"items":[{"a":1}`, "of 201 items"}, ""},
		"one huge item": {`{"logs":[{"log_id":"1","details":"` + strings.Repeat("b", 3000) +
			`"}],"count":1,"total":9,"pagination":{"page":4,"per_page":1,"total_pages":9,"has_next":true}}`, 600,
			[]string{`"logs":[{"log_id":"1","left_out":"details (3002 bytes)"}]`, `"count":1`,
				`"page":4,"per_page":1,"total_pages":9,"has_next":true`}, "bbbb"},
	}
	for name, tt := range tests {
		got, err := fit([]byte(tt.doc), tt.budget)
		if err != nil || !json.Valid(got) || len(got) > tt.budget {
			t.Errorf("%s: %d bytes, valid %v, %v", name, len(got), json.Valid(got), err)
		}
		for _, want := range tt.want {
			if !strings.Contains(string(got), want) {
				t.Errorf("%s: %s is not in %s", name, want, got)
			}
		}
		if tt.not != "" && strings.Contains(string(got), tt.not) {
			t.Errorf("%s: %s is in %s", name, tt.not, got)
		}
	}
	for name, doc := range map[string]string{
		"a text":                 `"` + strings.Repeat("a", 500) + `"`,
		"a list behind a cursor": `{"logs":["` + strings.Repeat("a", 500) + `"],"count":1,"next_from":"9","has_next":true}`,
	} {
		if got, err := fit([]byte(doc), 300); err == nil {
			t.Errorf("%s was cut: %s", name, got)
		}
	}
}

// Whoever follows the pagination of cut pages sees every item once.
func TestPagingThroughCutPages(t *testing.T) {
	const total = 250
	fetch := func(number, size int) string {
		var items []string
		for i := number * size; i < min(total, (number+1)*size); i++ {
			items = append(items, fmt.Sprintf(`{"n":%d,"pad":%q}`, i, strings.Repeat("x", 5+i%7*20)))
		}
		pages := (total + size - 1) / size
		return fmt.Sprintf(`{"logs":[%s],"count":%d,"total":%d,"pagination":{"page":%d,"per_page":%d,"total_pages":%d,`+
			`"has_next":%v}}`,
			strings.Join(items, ","), len(items), total, number, size, pages, number+1 < pages)
	}
	for _, budget := range []int{600, 1000, 3000, 9000} {
		for _, perPage := range []int{7, 20, 100} {
			seen, number, size := 0, 0, perPage
			for range total + 1 {
				got, err := fit([]byte(fetch(number, size)), budget)
				if err != nil || len(got) > budget {
					t.Fatalf("budget %d: %d bytes, %v", budget, len(got), err)
				}
				var p struct {
					Logs       []struct{ N int }
					Count      int
					Pagination pagination
				}
				if err := json.Unmarshal(got, &p); err != nil || p.Count != len(p.Logs) {
					t.Fatalf("budget %d: count %d of %d items (%v)", budget, p.Count, len(p.Logs), err)
				}
				for _, item := range p.Logs {
					if item.N != seen {
						t.Fatalf("budget %d, per_page %d, page %d of %d: item %d, want %d", budget, perPage, number, size, item.N, seen)
					}
					seen++
				}
				if !p.Pagination.HasNext {
					break
				}
				number, size = p.Pagination.Page+1, p.Pagination.PerPage
			}
			if seen != total {
				t.Errorf("budget %d, per_page %d: %d items, want %d", budget, perPage, seen, total)
			}
		}
	}
}

func TestMiddleOut(t *testing.T) {
	if text := middleOut(strings.Repeat("é", 1000), 999); len(text) > 999 || !utf8.ValidString(text) {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}
