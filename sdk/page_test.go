package sdk

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestPage(t *testing.T) {
	items := func(n int) []Object { return make([]Object, n) }
	tests := map[string]struct {
		page Page
		want string
	}{
		"first": {Page{Name: "x", Items: items(2), Number: 0, Size: 2, Total: 5},
			`"count":2,"total":5,"pagination":{"page":0,"per_page":2,"total_pages":3,"has_next":true}}`},
		"last": {Page{Name: "x", Items: items(1), Number: 2, Size: 2, Total: 5},
			`"count":1,"total":5,"pagination":{"page":2,"per_page":2,"total_pages":3,"has_next":false}}`},
		"exact end": {Page{Name: "x", Items: items(2), Number: 1, Size: 2, Total: 4},
			`"count":2,"total":4,"pagination":{"page":1,"per_page":2,"total_pages":2,"has_next":false}}`},
		"past end": {Page{Name: "x", Number: 9, Size: 2, Total: 5},
			`"count":0,"total":5,"pagination":{"page":9,"per_page":2,"total_pages":3,"has_next":false}}`},
		"empty": {Page{Name: "x", Number: 0, Size: 20, Total: 0},
			`"count":0,"total":0,"pagination":{"page":0,"per_page":20,"total_pages":0,"has_next":false}}`},
		"unknown": {Page{Name: "x", Items: items(2), Number: 3, Size: 2, Total: UnknownTotal},
			`"count":2,"total":null,"pagination":{"page":3,"per_page":2,"total_pages":null,"has_next":true}}`},
		"unknown end": {Page{Name: "x", Items: items(1), Number: 3, Size: 2, Total: UnknownTotal},
			`"count":1,"total":null,"pagination":{"page":3,"per_page":2,"total_pages":null,"has_next":false}}`},
		"note": {Page{Name: "x", Number: 0, Size: 2, Total: 0, Note: "stopped"},
			`"count":0,"total":0,"pagination":{"page":0,"per_page":2,"total_pages":0,"has_next":false},"note":"stopped"}`},
	}
	for name, tt := range tests {
		got, err := json.Marshal(tt.page)
		if err != nil {
			t.Fatal(err)
		}
		list, _ := json.Marshal(append([]Object{}, tt.page.Items...))
		if want := `{"x":` + string(list) + `,` + tt.want; string(got) != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

func TestObjectKeepsOrderAndText(t *testing.T) {
	const doc = `{"z":1.0,"a":null,"n":123456789012345678901234567890,"l":[],"m":{"b":1,"a":2},"s":"<&>"}`
	var o Object
	if err := json.Unmarshal([]byte(doc), &o); err != nil {
		t.Fatal(err)
	}
	got, err := encode(o)
	if err != nil || string(got) != doc {
		t.Errorf("got %s (%v), want %s", got, err, doc)
	}
	got, _ = encode(o.Pick("s", "a"))
	if string(got) != `{"a":null,"s":"<&>"}` {
		t.Errorf("Pick = %s", got)
	}
	if err := json.Unmarshal([]byte(`[1]`), &o); err == nil {
		t.Error("an array passed for an object")
	}
}

func FuzzObject(f *testing.F) {
	for _, doc := range []string{`{}`, ` {"a" : [1, {"b":null}] ,"a":"\u00e9\ud800"} `, `[{"a":1},{}]`, `{"b\u0062":1}`,
		`{"a":1}x`, `{"a"`,
		"{\"\xff\":\"\xfe\"}"} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		// What was not checked may be anything.
		_, _ = Object{{Name: "list", Value: doc}}.Objects("list")
		var want any
		if json.Unmarshal(doc, &want) != nil {
			return // it may be refused, and must end
		}
		o, err := ParseObject(doc)
		if _, isObject := want.(map[string]any); isObject != (err == nil) {
			t.Fatalf("%q: %v", doc, err)
		} else if err != nil {
			return
		}
		var got any
		if raw, err := encode(o); err != nil || json.Unmarshal(raw, &got) != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q became %s, %v", doc, raw, err)
		}
		// The second is read with the names of the one before it.
		for _, before := range []string{string(doc), `{"a":1,"b\\u0062":2}`} {
			list, err := ParseObjects([]byte("[" + before + "," + string(doc) + ",{}]"))
			if err != nil || len(list) != 3 || !reflect.DeepEqual(list[1].Without(), o.Without()) {
				t.Fatalf("a list of %q and %q: %v, %v", before, doc, list, err)
			}
		}
	})
}
