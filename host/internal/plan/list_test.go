package plan

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// differences are the lines that a change of a document's list makes.
func differences(t testing.TB, change Change) []string {
	t.Helper()
	found, err := change.Differences(new(redact.Redactor).JSON)
	if err != nil {
		t.Fatal(err)
	}
	return lines(found)
}

func lines(found []Difference) []string {
	var out []string
	for _, d := range found {
		switch {
		case d.Items != "":
			out = append(out, d.Field+": "+d.Items)
		case d.Before == nil:
			out = append(out, fmt.Sprintf("%s: new %s", d.Field, d.After))
		case d.After == nil:
			out = append(out, fmt.Sprintf("%s: gone %s", d.Field, d.Before))
		default:
			out = append(out, fmt.Sprintf("%s: %s → %s", d.Field, d.Before, d.After))
		}
	}
	return out
}

func TestItemsAreAligned(t *testing.T) {
	tests := map[string]struct {
		before, after string
		want          []string
	}{
		"an item is inserted": {
			`{"nodes":[{"id":"a","next":"b"},{"id":"b","next":"$ending"}]}`,
			`{"nodes":[{"id":"a","next":"x"},{"id":"x","next":"b"},{"id":"b","next":"$ending"}]}`,
			[]string{`nodes: 1 a (changed), + 2 x, 3 b`, `nodes[a].next: "b" → "x"`, `nodes[x]: new {"id":"x","next":"b"}`},
		},
		"an item deep inside": {
			`{"nodes":[{"id":"a","config":{"components":[{"id":"c","label":"A"},{"id":"d"}]}}]}`,
			`{"nodes":[{"id":"a","config":{"components":[{"id":"c","label":"B"},{"id":"e"},{"id":"d"}]}}]}`,
			[]string{`nodes[a].config.components: 1 c (changed), + 2 e, 3 d`,
				`nodes[a].config.components[c].label: "A" → "B"`, `nodes[a].config.components[e]: new {"id":"e"}`},
		},
		"only a value": {`{"l":[{"id":"a","x":1},{"id":"b","x":1}]}`, `{"l":[{"id":"a","x":1},{"id":"b","x":2}]}`,
			[]string{`l[b].x: 1 → 2`}},
		"gone and moved": {
			`{"l":[{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"}]}`,
			`{"l":[{"name":"d"},{"name":"a"},{"name":"c"}]}`,
			[]string{`l: 1 d (was 4), 2 a, - b (was 2), 3 c`, `l[b]: gone {"name":"b"}`},
		},
		"moved and changed": {
			`{"l":[{"id":"a","x":1},{"id":"b"},{"id":"c"}]}`,
			`{"l":[{"id":"b"},{"id":"c"},{"id":"a","x":2}]}`,
			[]string{`l: 1 b, 2 c, 3 a (was 1, changed)`, `l[a].x: 1 → 2`}},
		"texts": {`{"callbacks":["https://a/cb","https://b/cb"]}`, `{"callbacks":["https://b/cb","https://c/cb?x=1"]}`,
			[]string{`callbacks: - https://a/cb (was 1), 1 https://b/cb, + 2 https://c/cb?x=1`}},
		"moved behind a new one": {`{"l":["a","b"]}`, `{"l":["x","b","a"]}`, []string{`l: + 1 x, 2 b (moved), 3 a`}},
		"another order":          {`{"l":["a","b"]}`, `{"l":["b","a"]}`, []string{`l: 1 b (was 2), 2 a`}},
		"twice":                  {`{"l":["a","a"]}`, `{"l":["a","a","a"]}`, []string{`l: 1 a, 2 a, + 3 a`}},
		"all new":                {`{"l":[]}`, `{"l":["a"]}`, []string{`l: + 1 a`}},
		"all gone":               {`{"l":["a"]}`, `{"l":[]}`, []string{`l: - a (was 1)`}},
		"many stay": {`{"l":["a","b","c","d","e","f"]}`, `{"l":["a","b","c","d","x","e","f"]}`,
			[]string{`l: 1–4 unchanged, + 5 x, 6 e, 7 f`}},
		"texts that imitate": {`{"l":["a"]}`, `{"l":["a","b, + 3 c","(was 1)","x\n+ 9 y","4 unchanged"]}`,
			[]string{`l: 1 a, + 2 "b, + 3 c", + 3 "(was 1)", + 4 "x\n+ 9 y", + 5 "4 unchanged"`}},
		"names that imitate": {`{"l":[]}`, `{"l":[{"id":"a].x: 1 → 2"}],"m[a].x":1}`,
			[]string{`l: + 1 "a].x: 1 → 2"`, `l["a].x: 1 → 2"]: new {"id":"a].x: 1 → 2"}`, `"m[a].x": new 1`}},
		"no keys": {`{"l":[{"x":1},{"x":2},{"x":3}]}`, `{"l":[{"x":1},{"x":9},{"x":3},{"x":4}]}`,
			[]string{`l: 1, 2 (changed), 3, + 4`, `l[#2].x: 2 → 9`, `l[#4]: new {"x":4}`}},
		"no keys, one gone": {
			`{"l":[[1],[2],[3]]}`,
			`{"l":[[1],[3]]}`,
			[]string{`l: 1, - (was 2), 2`, `l[#2 before]: gone [2]`},
		},
		"the same id twice": {`{"l":[{"id":"a","x":1}]}`, `{"l":[{"id":"a","x":1},{"id":"a","x":2}]}`,
			[]string{`l: 1, + 2`, `l[#2]: new {"id":"a","x":2}`}},
		"names are what users call them": {
			`{"l":[{"id":"r1","name":"Admin"}]}`,
			`{"l":[{"id":"r1","name":"Admin"},{"id":"r2","name":"Reader"}]}`,
			[]string{`l: 1 Admin, + 2 Reader`, `l[Reader]: new {"id":"r2","name":"Reader"}`}},
		"one name for two": {
			`{"l":[{"id":"r1","name":"Admin"}]}`,
			`{"l":[{"id":"r1","name":"Admin"},{"id":"r2","name":"Admin"}]}`,
			[]string{`l: 1 r1, + 2 r2`, `l[r2]: new {"id":"r2","name":"Admin"}`}},
		"scopes": {`{"scopes":[{"value":"read","description":"R"}]}`,
			`{"scopes":[{"value":"read","description":"Read"},{"value":"write"}]}`,
			[]string{`scopes: 1 read (changed), + 2 write`, `scopes[read].description: "R" → "Read"`,
				`scopes[write]: new {"value":"write"}`}},
		"what Auth0 adds is not removed": {`{"secrets":[{"name":"KEY","updated_at":"1"}]}`,
			`{"secrets":[{"name":"KEY"},{"name":"NEW","value":"geheim"}]}`,
			[]string{`secrets: 1 KEY (changed), + 2 NEW`, `secrets[NEW]: new {"name":"NEW","value":"[REDACTED]"}`}},
		"a secret in a list": {
			`{"l":["a"]}`,
			`{"l":["a","https://u:geheim@h"]}`,
			[]string{`l: 1 a, + 2 "https://u:[REDACTED]@h"`},
		},
		"a hidden key": {
			`{"l":[]}`,
			`{"l":[{"name":"https://u:geheim@h"}]}`,
			[]string{`l: + 1`, `l[#1]: new {"name":"https://u:[REDACTED]@h"}`},
		},
		"a list becomes text":  {`{"l":["a"]}`, `{"l":"a"}`, []string{`l: ["a"] → "a"`}},
		"a document is a list": {`["a","b"]`, `["b"]`, []string{`: - a (was 1), 1 b`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := differences(t, Change{Before: json.RawMessage(tt.before), After: json.RawMessage(tt.after)})
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

const twoBound = `{"bindings":[
	{"id":"b1","trigger_id":"post-login","display_name":"Ask for the profile","action":{"id":"a1","name":"Ask"}},
	{"id":"b2","trigger_id":"post-login","display_name":"Add roles","action":{"id":"a2","name":"Add roles"}}],"total":2}`

func TestBindingsAreKnownByTheirActions(t *testing.T) {
	ref := func(kind, value, more string) string {
		return fmt.Sprintf(`{"ref":{"type":%q,"value":%q}%s}`, kind, value, more)
	}
	body := func(refs ...string) string { return `{"bindings":[` + strings.Join(refs, ",") + `]}` }
	first, second := ref("action_id", "a1", ""), ref("binding_id", "b2", `,"display_name":"Add roles"`)
	third := ref("action_id", "a3", `,"display_name":"Render form"`)
	tests := map[string]struct {
		body, answer string
		want         []string
	}{
		"one more": {body: body(first, second, third), want: []string{
			`bindings: 1 Ask for the profile, 2 Add roles, + 3 Render form`,
			`bindings[Render form]: new {"display_name":"Render form","ref":{"type":"action_id","value":"a3"}}`}},
		"by name": {body: body(ref("action_name", "Ask", ""), second), want: nil},
		"another order": {body: body(second, first),
			want: []string{`bindings: 1 Add roles (was 2), 2 Ask for the profile`}},
		"another name": {body: body(first, ref("action_id", "a2", `,"display_name":"Roles"`)),
			want: []string{`bindings[Roles].display_name: "Add roles" → "Roles"`}},
		"a name cleared": {body: body(first, ref("action_id", "a2", `,"display_name":null`)),
			want: []string{`bindings[Add roles].display_name: "Add roles" → null`}},
		"a secret for one": {body: body(first, ref("action_id", "a2", `,"secrets":[{"name":"K","value":"geheim"}]`)),
			want: []string{`bindings[Add roles].secrets: new [{"name":"K","value":"[REDACTED]"}]`}},
		"a foreign Action under a known name": {body: body(first, ref("action_id", "evil", `,"display_name":"Add roles"`)),
			want: []string{`bindings: 1 a1, - a2 (was 2), + 2 evil`}},
		"what is sent beside the reference": {body: body(first, ref("action_id", "a2", `,"action":{"id":"evil"}`)),
			want: []string{`bindings[Add roles].action`}},
		"the answer has new ids": {body: body(first, second, third), answer: `{"bindings":[
			{"id":"n1","updated_at":"2","display_name":"Ask for the profile","action":{"id":"a1","updated_at":"2"}},
			{"id":"n2","updated_at":"2","display_name":"Add roles","action":{"id":"a2"}},
			{"id":"n3","display_name":"Render form","action":{"id":"a3","name":"Render","code":"f()"}}]}`,
			want: []string{`bindings: 1 Ask for the profile, 2 Add roles, + 3 Render form`,
				`bindings[Render form]: new {"action":{"id":"a3","name":"Render"},"display_name":"Render form"}`}},
		"they are sent as they were answered": {body: twoBound, answer: strings.Replace(twoBound, "b2", "b3", 1),
			want: []string{`bindings[Add roles].id: "b2" → "b3"`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			change := Change{Body: []byte(tt.body), Before: json.RawMessage(twoBound)}
			if change.After = merged(change.Before, change.Body); tt.answer != "" {
				change.After = json.RawMessage(tt.answer)
			}
			found, err := change.Reported(new(redact.Redactor).JSON)
			if err != nil {
				t.Fatal(err)
			}
			got := lines(found)
			for i, want := range tt.want {
				if i >= len(got) || !strings.HasPrefix(got[i], want) {
					t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
				}
			}
			if tt.want == nil && got != nil {
				t.Errorf("got %s", got)
			}
		})
	}
}

// generator makes documents whose texts are all different.
type generator struct {
	*rand.Rand
	texts int
}

func (g *generator) text() string {
	g.texts++
	return fmt.Sprintf("t%d.", g.texts)
}

func (g *generator) value(depth int) any {
	switch n := g.IntN(6); {
	case depth == 0 || n == 0:
		return g.text()
	case n < 3:
		object := map[string]any{}
		for i := range g.IntN(3) {
			object[fmt.Sprintf("m%d", i)] = g.value(depth - 1)
		}
		if g.IntN(2) == 0 {
			object[keyMembers[g.IntN(len(keyMembers))]] = g.text()
		}
		return object
	default:
		items := []any{}
		for range g.IntN(6) {
			items = append(items, g.value(depth-1))
		}
		return items
	}
}

// edited is a value with some of its parts changed, moved, removed and added.
func (g *generator) edited(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, below := range value {
			if g.IntN(8) > 0 {
				out[name] = g.edited(below)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, below := range value {
			switch g.IntN(10) {
			case 0:
				continue
			case 1:
				out = append(out, g.value(2))
			}
			out = append(out, g.edited(below))
		}
		if g.IntN(4) == 0 {
			g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		}
		return out
	default:
		if g.IntN(10) == 0 {
			return g.text()
		}
		return value
	}
}

func texts(value any) []string {
	var all []string
	switch value := value.(type) {
	case map[string]any:
		for _, below := range value {
			all = append(all, texts(below)...)
		}
	case []any:
		for _, below := range value {
			all = append(all, texts(below)...)
		}
	case string:
		all = append(all, value)
	}
	return all
}

// Whatever is new in a document is shown, wherever it stands, and whatever is gone; what
// stays where it was is not. Equal documents have no differences, others have some.
func TestDifferencesAreComplete(t *testing.T) {
	for seed := range uint64(3000) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
		before := map[string]any{"list": []any{g.value(4), g.value(4)}, "member": g.value(3)}
		after := g.edited(before)
		was, is := encoded(before), encoded(after)
		change := Change{Before: json.RawMessage(was), After: json.RawMessage(is)}
		got := strings.Join(differences(t, change), "\n")
		if (got == "") != (was == is) {
			t.Fatalf("seed %d: %s\n%s\n%s", seed, was, is, got)
		}
		old := map[string]bool{}
		for _, text := range texts(before) {
			old[text] = true
		}
		for _, text := range texts(after) {
			if !old[text] && !strings.Contains(got, text) {
				t.Fatalf("seed %d: %s is sent and not shown\n%s\n%s\n%s", seed, text, was, is, got)
			}
			delete(old, text)
		}
		for text := range old {
			if !strings.Contains(got, text) {
				t.Fatalf("seed %d: %s is gone and not shown\n%s\n%s\n%s", seed, text, was, is, got)
			}
		}
	}
}

// The time that it takes grows with the length of a list, not with its square.
func TestLongLists(t *testing.T) {
	var before, after []string
	for i := range 100_000 {
		before = append(before, fmt.Sprint("item ", i))
	}
	after = append(slices.Clone(before[50_000:]), before[:50_000]...)
	slices.Reverse(after[:30_000])
	change := Change{Before: json.RawMessage(encoded(map[string]any{"l": before})),
		After: json.RawMessage(encoded(map[string]any{"l": after}))}
	if got := differences(t, change); len(got) != 1 || !strings.HasSuffix(got[0], "50001–100000 unchanged") {
		t.Errorf("%d differences: %.200s", len(got), got)
	}
}

// Two documents have differences if and only if they are not the same, whatever they hold.
func FuzzDifferences(f *testing.F) {
	f.Add(`{"l":[{"id":"a"}]}`, `{"l":[{"id":"b"}]}`)
	f.Add(twoBound, `{"bindings":[{"ref":{"type":"action_id","value":"a1"}}]}`)
	f.Add(`{"l":["a","b"]}`, `{"l":[["a"],"b",{"id":1}]}`)
	f.Fuzz(func(t *testing.T, before, after string) {
		change := Change{Body: []byte(after), Before: json.RawMessage(before), After: json.RawMessage(after)}
		found, err := change.Differences(new(redact.Redactor).JSON)
		if err != nil {
			return
		}
		if _, err := change.Reported(new(redact.Redactor).JSON); err != nil {
			t.Error(err)
		}
		was, _ := decode(change.Before)
		is, _ := decode(change.After)
		ours := strings.Contains(before, `ated_at`) || strings.Contains(after, `"ref"`) // Auth0's own, or by reference
		if same := encoded(was) == encoded(is); same != (len(found) == 0) && !ours {
			t.Errorf("%s and %s: %v", before, after, lines(found))
		}
	})
}
