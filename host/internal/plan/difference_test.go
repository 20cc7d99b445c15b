package plan

import (
	"encoding/json"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

func TestDifferences(t *testing.T) {
	tests := map[string]struct{ before, after, want string }{
		"a value":         {`{"a":1,"b":2}`, `{"a":1,"b":3}`, `[{"field":"b","before":2,"after":3}]`},
		"order and space": {`{"a":1,"b":[1,2]}`, `{ "b":[1, 2],"a":1}`, `null`},
		"deep": {`{"a":{"b":{"c":1,"d":2}}}`, `{"a":{"b":{"c":"x","d":2}}}`,
			`[{"field":"a.b.c","before":1,"after":"x"}]`},
		"a list of numbers": {`{"a":[1,2]}`, `{"a":[2,1]}`, `[{"field":"a","before":[1,2],"after":[2,1]}]`},
		"new and gone":      {`{"a":1}`, `{"b":null}`, `[{"field":"a","before":1},{"field":"b","after":null}]`},
		"numbers as they are": {`{"a":9007199254740992}`, `{"a":9007199254740993}`,
			`[{"field":"a","before":9007199254740992,"after":9007199254740993}]`},
		"a secret": {`{"client_secret":"one"}`, `{"client_secret":"two"}`,
			`[{"field":"client_secret","before":"[REDACTED]","after":"[REDACTED]"}]`},
		"the same secret": {`{"client_secret":"one"}`, `{"client_secret":"one"}`, `null`},
		"when it was changed": {`{"updated_at":"1","x":{"updated_at":"1"}}`,
			`{"updated_at":"2","x":{"updated_at":"2"}}`, `[{"field":"x.updated_at","before":"1","after":"2"}]`},
		"nothing there before":      {``, `{"a":1}`, `[{"field":"a","after":1}]`},
		"nothing there after":       {`{"a":1}`, ``, `[{"field":"","before":{"a":1}}]`},
		"not objects":               {`[1]`, `[2]`, `[{"field":"","before":[1],"after":[2]}]`},
		"an object becomes a value": {`{"a":{"b":1}}`, `{"a":5}`, `[{"field":"a","before":{"b":1},"after":5}]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var change Change
			if tt.before != "" {
				change.Before = json.RawMessage(tt.before)
			}
			if tt.after != "" {
				change.After = json.RawMessage(tt.after)
			}
			found, err := change.Differences(new(redact.Redactor).JSON)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(found)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
