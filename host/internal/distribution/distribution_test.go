package distribution

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

func locked(t *testing.T) Distribution {
	t.Helper()
	d, err := Parse([]byte(`{"name":"Acme","read_only":true,"tools":["auth0_list_*","auth0_get_*"],"approve":"Elicit",
		"locked":["read_only","tools","approve","plugins"]}`))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What is not locked is a default, and what is locked can be narrowed and not widened.
func TestWhatAUserMayChange(t *testing.T) {
	yes, no := true, false
	closed, open := locked(t), locked(t)
	open.Locked = nil
	for _, c := range []struct {
		name    string
		d       Distribution
		given   *bool
		want    bool
		refused bool
	}{
		{"locked, nothing is given", closed, nil, true, false},
		{"locked, narrowed", closed, &yes, true, false},
		{"locked, widened", closed, &no, true, true},
		{"default, nothing is given", open, nil, true, false},
		{"default, widened", open, &no, false, false},
		{"plain, nothing is given", Distribution{}, nil, false, false},
		{"plain, narrowed", Distribution{}, &yes, true, false},
	} {
		got, err := c.d.ChooseReadOnly("--read-only", c.given)
		var refused *LockedError
		if got != c.want || errors.As(err, &refused) != c.refused {
			t.Errorf("read-only, %s: %v, %v", c.name, got, err)
		}
	}
	for _, c := range []struct {
		name        string
		d           Distribution
		given, want approval.Mode
		refused     bool
	}{
		{"locked, nothing is given", closed, "", approval.Elicit, false},
		{"locked, stricter", closed, approval.Terminal, approval.Terminal, false},
		{"locked, widened", closed, approval.None, approval.Elicit, true},
		{"default, widened", open, approval.None, approval.None, false},
		{"plain", Distribution{}, "", "", false},
	} {
		got, err := c.d.ChooseApprove("--approve", c.given)
		var refused *LockedError
		if got != c.want || errors.As(err, &refused) != c.refused {
			t.Errorf("approve, %s: %q, %v", c.name, got, err)
		}
	}
	patterns := []string{"auth0_*_logs"}
	if f := closed.Filter(patterns, nil); !reflect.DeepEqual(f.Within, closed.Tools) || !reflect.DeepEqual(f.Patterns,
		patterns) {
		t.Errorf("locked tools: %+v", f)
	}
	if f := open.Filter(patterns, nil); f.Within != nil || !reflect.DeepEqual(f.Patterns, patterns) {
		t.Errorf("default tools, others given: %+v", f)
	}
	if f := open.Filter(nil, nil); f.Within != nil || !reflect.DeepEqual(f.Patterns, open.Tools) {
		t.Errorf("default tools: %+v", f)
	}
	checkPresets(t)
	if closed.CheckPlugins("plugin install") == nil || open.CheckPlugins("plugin install") != nil {
		t.Error("plugins: a lock refuses, a default does not")
	}
}

// checkPresets: without any selection there is the default preset, and only then.
func checkPresets(t *testing.T) {
	t.Helper()
	security, reading, support := []string{"security"}, []string{"auth0_get_*"}, []string{"support"}
	open, locked := Distribution{Preset: security}, Distribution{Preset: security, Locked: []Setting{Preset}}
	type filter = catalog.Filter
	for name, c := range map[string]struct {
		d                 Distribution
		patterns, presets []string
		want              filter
	}{
		"plain":                     {want: filter{Presets: []string{"default"}}},
		"patterns":                  {patterns: reading, want: filter{Patterns: reading}},
		"a preset":                  {presets: support, want: filter{Presets: support}},
		"both":                      {patterns: reading, presets: support, want: filter{Patterns: reading, Presets: support}},
		"a default, nothing given":  {d: open, want: filter{Presets: security}},
		"a default, widened":        {d: open, presets: support, want: filter{Presets: support}},
		"a default, patterns given": {d: open, patterns: reading, want: filter{Patterns: reading, Presets: security}},
		"locked, nothing given":     {d: locked, want: filter{WithinPresets: security}},
		"locked, widened":           {d: locked, presets: support, want: filter{Presets: support, WithinPresets: security}},
		"default tools":             {d: Distribution{Tools: reading}, want: filter{Patterns: reading}},
	} {
		if got := c.d.Filter(c.patterns, c.presets); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                    "name",
		`{"name":" Acme"}`:      "name",
		`{"name":"Ac\u202eme"}`: "name",
		`{"name":"` + strings.Repeat("x", 65) + `"}`:         "name",
		`{"name":"A","name":"B"}`:                            "name",
		`{"name":"A","tool":["x"]}`:                          "tool",
		`{"name":"A","tools":[]}`:                            "tools",
		`{"name":"A","preset":["supprt"]}`:                   "did you mean support?",
		`{"name":"A","preset":[]}`:                           "preset",
		`{"name":"A","locked":["preset"]}`:                   "preset is not set",
		`{"name":"A","approve":"perhaps"}`:                   "approve",
		`{"name":"A","locked":["read_only"]}`:                "read_only is not set",
		`{"name":"A","approve":"none","locked":["approve"]}`: "approve is not set",
		`{"name":"A","locked":["profile"]}`:                  "profile",
		`[]`:                                                 "distribution",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(strings.ToLower(err.Error()), want) {
			t.Errorf("%s: got %v, want an error about %s", text, err, want)
		}
	}
}

func TestString(t *testing.T) {
	for d, want := range map[*Distribution]string{
		{}:             "",
		{Name: "Acme"}: "Acme",
		{Name: "Acme", ReadOnly: true, Approve: approval.Terminal, Locked: []Setting{ReadOnly,
			Plugins}}: "Acme: --read-only " +
			"(locked), --approve terminal, its own plugins only (locked)",
	} {
		if got := d.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
