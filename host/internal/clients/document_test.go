package clients

import (
	"math"
	"testing"
)

// The proof that an edit changed nothing else must itself be able to fail.
func TestIsOnlyEntry(t *testing.T) {
	type object = map[string]any
	entry := func(args ...any) object {
		return object{"command": ourCommand, "args": args, "env": object{}}
	}
	c := &Change{Client: Client{key: "servers"}, Name: "auth0"}
	for name, tt := range map[string]struct {
		before, after object
		fields        []field
		want          bool
	}{
		"added": {object{"a": 1},
			object{"a": 1, "servers": object{"auth0": object{"command": ourCommand,
				"args": []any{"run"}}}}, ours().fields(false), true},
		"updated": {object{"servers": object{"auth0": entry("x")}},
			object{"servers": object{"auth0": entry("run")}}, ours().fields(false), true},
		"not updated": {object{"servers": object{"auth0": entry("x")}},
			object{"servers": object{"auth0": entry("x")}}, ours().fields(false), false},
		"another key of ours": {object{"servers": object{"auth0": entry("run")}},
			object{"servers": object{"auth0": object{"command": ourCommand,
				"args": []any{"run"}}}}, ours().fields(false), false},
		"another setting": {object{"a": 1},
			object{"a": 2, "servers": object{"auth0": object{"command": ourCommand,
				"args": []any{"run"}}}}, ours().fields(false), false},
		"removed": {object{"a": 1, "servers": object{"auth0": 1}}, object{"a": 1, "servers": object{}}, nil,
			true},
		"removed, with the list":  {object{"a": 1, "servers": object{"auth0": 1}}, object{"a": 1}, nil, true},
		"not removed":             {object{"servers": object{"auth0": 1}}, object{"servers": object{"auth0": 1}}, nil, false},
		"removed, with a setting": {object{"a": 1, "servers": object{"auth0": 1}}, object{"servers": object{}}, nil, false},
		"removed, with a server":  {object{"servers": object{"auth0": 1, "x": 1}}, object{"servers": object{}}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.isOnlyEntry(tt.before, tt.after, tt.fields); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// An edit that is wrong, whatever the reason, does not become a change.
func TestFinishRefusesAWrongEdit(t *testing.T) {
	const in = `{"a":1,"mcpServers":{"x":{}}}`
	client, err := Find("cursor")
	if err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]edit{
		"takes a setting out": {span: span{1, 7}},
		"changes a setting":   {span{5, 6}, "2"},
		"breaks the document": {span: span{0, 1}},
		"breaks the list":     {span{20, 28}, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := parse(client, []byte(in))
			if err != nil {
				t.Fatal(err)
			}
			fields := ours().fields(false)
			edits, err := doc.set("auth0", fields)
			if err != nil {
				t.Fatal(err)
			}
			c := &Change{Client: client, Name: "auth0", Path: "mcp.json", Before: []byte(in), body: []byte(in),
				After: []byte(in)}
			wantError(t, c.finish(doc, append(edits, wrong), fields), "mcp.json", "auth0", "left as it is")
			if !c.NoOp() || c.Diff() != "" {
				t.Errorf("there is a change: %s", c.After)
			}
		})
	}
}

func TestEqual(t *testing.T) {
	type object = map[string]any
	for _, tt := range []struct {
		a, b any
		want bool
	}{
		{math.NaN(), math.NaN(), true},
		{math.NaN(), 1.0, false},
		{1.0, 1.0, true},
		{1.0, int64(1), false},
		{[]any{1, object{"a": math.NaN()}}, []any{1, object{"a": math.NaN()}}, true},
		{[]any{1, 2}, []any{2, 1}, false},
		{[]any{}, object{}, false},
		{object{"a": nil}, object{"b": nil}, false},
		{object{"a": nil}, object{}, false},
		{object{}, nil, false},
		{"a", "a", true},
		{nil, nil, true},
	} {
		if got := equal(tt.a, tt.b); got != tt.want {
			t.Errorf("%v and %v: got %v", tt.a, tt.b, got)
		}
	}
}

func TestSplice(t *testing.T) {
	for name, tt := range map[string]struct {
		edits []edit
		want  string
	}{
		"nothing":              {nil, "0123456789"},
		"order does not count": {[]edit{{span{5, 6}, "b"}, {span{1, 2}, "a"}}, "0a234b6789"},
		"insertions in order":  {[]edit{insert(1, "a"), insert(1, "b")}, "0ab123456789"},
		"taken out twice":      {[]edit{{span: span{1, 5}}, {span: span{3, 8}}}, "089"},
		"one inside the other": {[]edit{{span: span{1, 8}}, {span: span{3, 4}}}, "089"},
		"at the end":           {[]edit{insert(10, "a")}, "0123456789a"},
	} {
		if got := string(splice([]byte("0123456789"), tt.edits)); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

func TestLineColumn(t *testing.T) {
	body := []byte("é\r\nab\n")
	for _, tt := range []struct{ offset, line, column int }{{0, 1, 1}, {2, 1, 2}, {4, 2, 1}, {5, 2, 2}, {7, 3, 1},
		{99, 3, 1}} {
		if line, column := lineColumn(body, tt.offset); line != tt.line || column != tt.column {
			t.Errorf("%d: got %d:%d, want %d:%d", tt.offset, line, column, tt.line, tt.column)
		}
	}
	for _, tt := range []struct{ line, column, offset int }{{1, 1, 0}, {1, 3, 2}, {2, 2, 5}, {3, 1, 7}, {9, 9, 7}} {
		if offset := offsetOf(body, tt.line, tt.column); offset != tt.offset {
			t.Errorf("%d:%d: got %d, want %d", tt.line, tt.column, offset, tt.offset)
		}
	}
}
