package jsondoc

import (
	"encoding/json"
	"testing"
)

func TestWritingIsTheInverseOfSplitting(t *testing.T) {
	for _, doc := range []string{`{}`, `{"a<b":[1, 2],"":"</script>&","é\"":{"x":1e400}}`} {
		fields, err := Fields([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if got := Object(fields); string(got) != doc {
			t.Errorf("got %s, want %s", got, doc)
		}
	}
	for _, doc := range []string{`[]`, `[1,"a,b",{"c": [2]},null]`} {
		items, err := Items([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if got := Array(items); string(got) != doc {
			t.Errorf("got %s, want %s", got, doc)
		}
	}
}

func TestEncodeLeavesMarkupAlone(t *testing.T) {
	got, err := Encode(map[string]any{"b": json.Number("1.0"), "a": "<&>\u2028"})
	if want := `{"a":"<&>\u2028","b":1.0}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
