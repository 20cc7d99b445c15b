package jsondoc

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

func FuzzValid(f *testing.F) {
	for _, s := range []string{"", " ", `{"a":[1,-2.5e3,"\u00e9\n",null,true]}`, `{"a":1,"a":2}`, `"\ud83d\ude00"`,
		`"\ud83d"`,
		`"\ud83dx"`, `"\udc00"`, "\"\xff\"", "\"\xe2\x84\"", `"\ud83d\ud83d\ude00\/\u0000"`, "\"\x7f\x00\"", "\"\n\"",
		"\ufeff{}", "{}\x00", `{} {}`, `{}x`, `tru`, `-`, `-0`,
		`01`, `1.`, `1e+`, `.5`, `1e400`, `"\u00"`, `"\x"`, `[1,]`, `{"a":1,}`, `{"a"}`, `{a:1}`, "\r\n\t [ ] ", "\v1",
		strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, want := Valid(data), json.Valid(data); got != want {
			t.Fatalf("%q: %v, encoding/json says %v", data, got, want)
		}
		var text string
		if quoted := bytes.TrimSpace(data); json.Unmarshal(quoted, &text) == nil && quoted[0] == '"' {
			if got := Unquote(quoted); string(got) != text {
				t.Fatalf("%q: %q, encoding/json says %q", quoted, got, text)
			}
		}
	})
}

// What is split is what encoding/json splits.
func FuzzValues(f *testing.F) {
	for _, s := range []string{`[1, {"a":[2]} ,"x" ]`, `[]`, ` {"a" : 1,"b":[ ],"a":2 ,"\u0061":{"c":null} } `, `{}`,
		`null`, `"a"`,
		"[\"\xff\"]", "{\"\xff\":1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			// No promise but that they return.
			ValuesOf(data)
			ValueOf(data, "a")
			return
		}
		var want []json.RawMessage
		isArray := json.Unmarshal(data, &want) == nil && want != nil
		got, ok := ValuesOf(data)
		if ok != isArray || !slices.EqualFunc(got, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			t.Fatalf("%q: %q, %v; encoding/json says %q", data, got, ok, want)
		}
		var object map[string]json.RawMessage
		_ = json.Unmarshal(data, &object) // not an object: empty
		for _, name := range append(slices.Collect(maps.Keys(object)), "a", "b") {
			if got := ValueOf(data, name); !bytes.Equal(got, object[name]) {
				t.Fatalf("%q: %q is %q; encoding/json says %q", data, name, got, object[name])
			}
		}
	})
}

func BenchmarkValid(b *testing.B) {
	doc := []byte(`[{}` + strings.Repeat(`,{"log_id":"9002023","date":"2026-03-01T00:00:00Z","type":"s","n":12}`, 700) +
		`]`)
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if !Valid(doc) {
			b.Fatal("not valid")
		}
	}
}
