package toolcall

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestUntrusted(t *testing.T) {
	const doc = `{"logs":[{"ip":"x"},{"ua":"","n":1},{"ua":"y","d":{"k":1}}],"empty":{},"list":[1,2],"m\"e":{"a":"b"},"none":null,"deep":{"a":[[{"b":"c"}]]}}`
	for name, tt := range map[string]struct {
		declared []string
		answer   string
		want     string
	}{
		"nothing declared":         {nil, doc, "*"},
		"everything":               {[]string{"logs", "*"}, doc, "*"},
		"in the order declared":    {[]string{"logs[].ua", "logs[].ip", "logs[].gone"}, doc, "logs[].ua logs[].ip"},
		"all below":                {[]string{"logs", "logs[]", "logs[].d", "deep"}, doc, "logs logs[] logs[].d deep"},
		"nothing is said":          {[]string{"empty", "list", "list[]", "none", "logs[].n", "gone"}, doc, ""},
		"an empty text":            {[]string{"a"}, `{"a":""}`, ""},
		"lists of lists":           {[]string{"deep.a[][].b", "deep.a[].b"}, doc, "deep.a[][].b"},
		"a list, not an object":    {[]string{"logs.ua"}, doc, ""},
		"not a list":               {[]string{"deep[].a"}, doc, ""},
		"an answer that is a list": {[]string{"[].a", "[]"}, `[{"a":"b"}]`, "[].a []"},
		"an answer that is a text": {[]string{"a"}, `"a"`, ""},
		"escaped":                  {[]string{"a"}, `{"\u0061":"b"}`, "a"},
		"quotes inside":            {[]string{"b"}, `{"a":"\"b\":\"c\"","b":"\\"}`, "b"},
		"a faulty declaration":     {[]string{"a..b"}, doc, "*"},
	} {
		if got := strings.Join(declared(tt.declared).untrusted([]byte(tt.answer), false), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if got := declared([]string{"[].a"}).untrusted([]byte(`{"items":[{"a":"b"}],"truncated":{}}`), true); fmt.Sprint(got) != "[*]" {
		t.Errorf("of a list that was cut: %q", got)
	}
}

// The scan finds what decoding finds, in any document.
func FuzzUntrusted(f *testing.F) {
	f.Fuzz(func(t *testing.T, doc []byte, path string) {
		parsed, err := pluginv1.ParseFieldPath(path)
		if err != nil || path == pluginv1.AnyField || !json.Valid(doc) || !utf8.Valid(doc) {
			return
		}
		answer, err := new(redact.Redactor).JSON(doc)
		if err != nil {
			return
		}
		var tree any
		dec := json.NewDecoder(strings.NewReader(string(answer)))
		dec.UseNumber()
		if dec.Decode(&tree) != nil {
			t.Fatalf("%q", answer)
		}
		got := len(declared([]string{path}).untrusted(answer, false)) > 0
		// Of two members of one name decoding keeps the second, the scan sees both.
		if want := saysSomething(tree, parsed.Steps()); want && !got || got && !want && !duplicates(answer) {
			t.Errorf("%s in %q: found %v, want %v", path, answer, got, want)
		}
	})
}

func saysSomething(v any, steps []string) bool {
	if len(steps) > 0 {
		switch v := v.(type) {
		case []any:
			return steps[0] == "[]" && slices.ContainsFunc(v, func(item any) bool { return saysSomething(item, steps[1:]) })
		case map[string]any:
			return steps[0] != "[]" && saysSomething(v[steps[0]], steps[1:])
		}
		return false
	}
	switch v := v.(type) {
	case string:
		return v != ""
	case []any:
		return slices.ContainsFunc(v, func(item any) bool {
			_, text := item.(string)
			return text || saysSomething(item, nil)
		})
	case map[string]any:
		return len(v) > 0
	}
	return false
}

// duplicates reports whether a document has more names than its decoded form.
func duplicates(doc []byte) bool {
	var tree any
	_ = json.Unmarshal(doc, &tree)
	again, _ := json.Marshal(tree)
	return strings.Count(string(again), `":`) < strings.Count(string(doc), `":`)
}
