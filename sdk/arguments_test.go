package sdk

import (
	"encoding/json"
	"strings"
	"testing"
)

type embedded struct {
	Page *int `json:"page"`
}

func TestDecodeArguments(t *testing.T) {
	type input struct {
		embedded
		Deep *struct {
			N int64 `json:"n"`
		} `json:"deep"`
		F    float64        `json:"f"`
		Free map[string]any `json:"free"`
	}
	tests := map[string]struct {
		args string
		page int
		err  string
	}{
		"a whole number with a fraction": {args: `{"page":1.0,"free":{"a":1.0}}`, page: 1},
		"an exponent":                    {args: `{"page":1e3}`, page: 1000},
		"nested":                         {args: `{"page":2,"deep":{"n":3600.0}}`, page: 2},
		"too large":                      {args: `{"page":1180591620717411303424}`, err: "page: the number is larger"},
		"too large, nested":              {args: `{"deep":{"n":1e30}}`, err: "deep.n: the number is larger"},
		"an enormous exponent":           {args: `{"page":1e999999999}`, err: "page: the number"},
		"another type":                   {args: `{"page":"x"}`, err: "page: a string does not fit"},
		"not an object":                  {args: `{`, err: "not a JSON object"},
	}
	for name, tt := range tests {
		var in input
		err := decodeArguments(json.RawMessage(tt.args), &in)
		if tt.err == "" && (err != nil || in.Page == nil || *in.Page != tt.page) {
			t.Errorf("%s: %v, %+v", name, err, in)
		}
		if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) ||
			strings.Contains(err.Error(), "Go struct")) {
			t.Errorf("%s: error %v, want %q", name, err, tt.err)
		}
	}
}

func TestFitItems(t *testing.T) {
	items := make([]Object, 10)
	for i := range items {
		items[i] = Object{{Name: "a", Value: json.RawMessage(`"` + strings.Repeat("x", 91) + `"`)}} // 99 bytes, and a comma
	}
	for budget, want := range map[int]int{0: 10, 800: 7, 10: 1, 100000: 10} {
		if got := (&Call{budget: budget}).FitItems(items); got != want {
			t.Errorf("budget %d: %d items, want %d", budget, got, want)
		}
	}
}
