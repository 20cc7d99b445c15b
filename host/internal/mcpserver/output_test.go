package mcpserver

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestFit(t *testing.T) {
	list := `{"logs":[` + strings.TrimSuffix(strings.Repeat(`{"id":"0123456789"},`, 100), ",") + `],"count":100,"total":250}`
	object := `{"id":"x","code":"` + strings.Repeat("a", 5000) + `","name":"n"}`
	tests := map[string]struct {
		doc    string
		budget int
		want   []string
		not    string
	}{
		"small":         {`{"a":1}`, 100, []string{`{"a":1}`}, "truncated"},
		"list":          {list, 1000, []string{`"total":250`, `of 100 logs are shown`}, ""},
		"large member":  {object, 1000, []string{`"id":"x"`, `"name":"n"`, `code (5002 bytes)`}, "aaaa"},
		"bare list":     {`[` + strings.Repeat(`{"a":1},`, 200) + `{}]`, 500, []string{`{"items":[{"a":1}`, "of 201 items"}, ""},
		"one huge item": {`{"logs":["` + strings.Repeat("b", 3000) + `"],"count":1}`, 500, []string{`logs (3004 bytes)`, `"count":1`}, "bbbb"},
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
	if _, err := fit([]byte(`"`+strings.Repeat("a", 500)+`"`), 100); err == nil {
		t.Error("a text over the budget passed")
	}
}

// What is left of a list is its beginning, unchanged and as long as fits.
func TestFitKeepsWholeItems(t *testing.T) {
	var items []string
	for i := range 50 {
		items = append(items, `{"n":`+strings.Repeat("7", i+1)+`}`)
	}
	doc := `{"x":[` + strings.Join(items, ",") + `]}`
	for budget := 300; budget < len(doc); budget += 37 {
		got, err := fit([]byte(doc), budget)
		if err != nil {
			t.Fatal(err)
		}
		var parsed struct{ X []json.RawMessage }
		if err := json.Unmarshal(got, &parsed); err != nil || len(got) > budget || len(parsed.X) == 0 {
			t.Fatalf("budget %d: %d bytes, %d items, %v", budget, len(got), len(parsed.X), err)
		}
		for i, item := range parsed.X {
			if string(item) != items[i] {
				t.Fatalf("budget %d: item %d is %s", budget, i, item)
			}
		}
	}
}
