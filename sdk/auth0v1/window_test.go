package auth0v1_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func number(i int) string { return fmt.Sprint("Thing ", i) }

type listing struct {
	Things     []struct{ ID string } `json:"things"`
	Total      *int                  `json:"total"`
	Pagination struct {
		HasNext bool `json:"has_next"`
	} `json:"pagination"`
	Note string `json:"note"`
}

func listed(t *testing.T, s *tenant, args string) listing {
	t.Helper()
	r := sdktest.Call(t, plugin(s), s, "list", args)
	var l listing
	if r.Failure != nil || json.Unmarshal(r.JSON, &l) != nil {
		t.Fatalf("%s: %s %v", args, r.JSON, r.Failure)
	}
	return l
}

// Following has_next shows every thing once, although checkpoints have another order than
// pages, and never asks for a page that Auth0 refuses.
func TestEveryPageOfALongList(t *testing.T) {
	for _, size := range []int{100, 70} {
		s := &tenant{n: 1150, window: true, checkpoint: true, nameOf: number}
		seen := map[string]bool{}
		next := true
		for page := 0; next; page++ {
			l := listed(t, s, fmt.Sprintf(`{"per_page":%d,"page":%d}`, size, page))
			for _, thing := range l.Things {
				if seen[thing.ID] {
					t.Errorf("%s came twice", thing.ID)
				}
				seen[thing.ID] = true
			}
			if len(l.Things) == 0 || *l.Total != 1150 || l.Note != "" {
				t.Fatalf("page %d: %d things, total %d, note %q", page, len(l.Things), *l.Total, l.Note)
			}
			next = l.Pagination.HasNext
		}
		if len(seen) != 1150 {
			t.Errorf("per_page %d: saw %d things", size, len(seen))
		}
		if l := listed(t, s, `{"page":4611686018427387}`); len(l.Things) > 0 || l.Pagination.HasNext || *l.Total != 1150 {
			t.Errorf("past the end: %+v", l)
		}
		if l := listed(t, s, `{"include_totals":false,"page":57}`); len(l.Things) != 10 || l.Total != nil ||
			l.Pagination.HasNext {
			t.Errorf("without totals: %+v", l)
		}
	}
}

func TestEndOfTheWindow(t *testing.T) {
	for _, s := range []*tenant{
		{window: true},                    // an API without checkpoints
		{window: true, ignoresTake: true}, // one that ignores them after all
	} {
		s.nameOf = number
		for _, tt := range []struct {
			n, shown int
			args     string
			next     bool
			note     string
		}{
			{1150, 100, `{"per_page":100,"page":8}`, true, ""},
			{1150, 100, `{"per_page":100,"page":9}`, false, "first 1000 of 1150 things; to reach others, filter by name"},
			{1150, 30, `{"per_page":30,"page":32}`, true, ""},
			{1150, 10, `{"per_page":30,"page":33}`, false, "first 1000 of 1150 things"},
			{1150, 100, `{"per_page":100,"page":9,"include_totals":false}`, false, "first 1000 things: there may be more"},
			{1000, 100, `{"per_page":100,"page":9}`, false, ""},
			{1000, 10, `{"per_page":30,"page":33}`, false, ""},
			{995, 5, `{"per_page":30,"page":33}`, false, ""},
			{5, 0, `{"per_page":30,"page":20}`, false, ""},
		} {
			s.n = tt.n
			l := listed(t, s, tt.args)
			if len(l.Things) != tt.shown || l.Pagination.HasNext != tt.next || !strings.Contains(l.Note, tt.note) ||
				(tt.note == "") != (l.Note == "") {
				t.Errorf("%s of %d: %d things, has_next %v, note %q", tt.args, tt.n, len(l.Things), l.Pagination.HasNext, l.Note)
			}
		}
		s.n = 1150
		f := sdktest.Call(t, plugin(s), s, "list", `{"per_page":30,"page":34}`).Failure
		if f.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT ||
			!strings.Contains(f.GetMessage(), "first 1000 things, which is all that Auth0 lists: filter by name") {
			t.Errorf("a page beyond the window: %v", f)
		}
	}
	// A list whose pages reach further than expected is not cut.
	s := &tenant{n: 1150, nameOf: number}
	if l := listed(t, s, `{"per_page":100,"page":11}`); len(l.Things) != 50 || *l.Total != 1150 {
		t.Errorf("without a window: %+v", l)
	}
}
