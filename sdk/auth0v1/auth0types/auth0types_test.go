package auth0types

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	const theirs = `{"kinds":["object"],"fields":{
		"name":{"kinds":["string"]},
		"alg":{"kinds":["string"],"enum":["RS256","HS256"]},
		"count":{"kinds":["integer"]},
		"list":{"kinds":["array"],"items":{"kinds":["object"],"fields":{"id":{"kinds":["string"]}}}},
		"value":{"kinds":["number","string"]},
		"metadata":{"kinds":["object"],"values":{}}}}`
	const same = `{"type":"object","properties":{
		"name":{"type":"string"},
		"alg":{"anyOf":[{"type":"string","enum":["HS256","RS256"]},{"type":"null"}]},
		"count":{"type":"integer"},
		"list":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"}}}},
		"value":{"anyOf":[{"type":"string"},{"type":"number"}]},
		"metadata":{"type":"object","additionalProperties":{}}}}`
	tests := map[string]struct {
		replace, with string
		except        map[string]string
		want          string // one difference; empty: none
		unused        string
	}{
		"same":            {},
		"null is no kind": {replace: `"type":"integer"`, with: `"anyOf":[{"type":"integer"},{"type":"null"}]`},
		"missing":         {replace: `"count":{"type":"integer"},`, want: "count: is missing here"},
		"unknown":         {replace: `"count":`, with: `"id":{"type":"string"},"count":`, want: "id: is not a field"},
		"kind": {replace: `"type":"integer"`, with: `"type":"string"`,
			want: "count: is string here, integer there"},
		"alternative":   {replace: `,{"type":"number"}`, want: "value: is string here"},
		"enum":          {replace: `"HS256",`, want: "alg: allows [RS256] here"},
		"enum left out": {replace: `,"enum":["HS256","RS256"]`, want: "alg: allows [] here"},
		"nested": {replace: `"id":{"type":"string"}`, with: `"id":{"type":"boolean"}`,
			want: "list[].id: is boolean here"},
		"excused": {replace: `"type":"integer"`, with: `"type":"string"`,
			except: map[string]string{"count": "why"}},
		"excused from above": {replace: `"id":{"type":"string"}`, with: `"id":{"type":"boolean"}`,
			except: map[string]string{"list": "why"}},
		"stale exception": {except: map[string]string{"count": "why"}, unused: "count"},
	}
	for name, tt := range tests {
		var ours schema
		if err := json.Unmarshal([]byte(strings.Replace(same, tt.replace, tt.with, 1)), &ours); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var known shape
		if err := json.Unmarshal([]byte(theirs), &known); err != nil {
			t.Fatal(err)
		}
		got, used := compare(&ours, &known, tt.except)
		if (tt.want == "" && len(got) > 0) || (tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], tt.want))) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
		for path := range tt.except {
			if used[path] == (path == tt.unused) {
				t.Errorf("%s: exception %s used: %v", name, path, used[path])
			}
		}
	}
}
