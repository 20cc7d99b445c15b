package catalog

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCheckOutputSchema(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"type":"array","items":`, 10) + `{}` + strings.Repeat(`}`, 10)
	for schema, want := range map[string]string{
		`{"type":"object"}`: "",
		`{"type":"object","description":"A.","properties":{"a":{},"b":{"type":"array","items":{"type":"string"}}}}`: "",
		`[]`:                                 "want an object",
		`{"type":"array"}`:                   "want an object",
		`{"type":"object","required":["a"]}`: `the keyword "required"`,
		`{"type":"object","additionalProperties":false}`:                      `the keyword "additionalProperties"`,
		`{"type":"object","items":{}}`:                                        `the keyword "items"`,
		`{"type":"object","properties":[]}`:                                   ".properties: want an object",
		`{"type":"object","properties":{"a":true}}`:                           ".properties.a: want an object",
		`{"type":"object","properties":{"a":{"type":"null"}}}`:                ".properties.a.type: want one of",
		`{"type":"object","properties":{"a":{"type":["string"]}}}`:            ".properties.a.type: want one of",
		`{"type":"object","properties":{"a":{"enum":["x"]}}}`:                 `.properties.a: the keyword "enum"`,
		`{"type":"object","properties":{"a":{"description":1}}}`:              ".properties.a.description: want a string",
		`{"type":"object","description":"a\u202eb"}`:                          ".description",
		`{"type":"object","properties":{"a\u202eb":{}}}`:                      ".properties: a name",
		`{"type":"object","type":"object"}`:                                   "type",
		`{"type":"object","properties":{"a":` + deep + `}}`:                   "more than 8 levels",
		`{"type":"object","description":"` + strings.Repeat("a", 9000) + `"}`: "at most 8192",
	} {
		err := checkOutputSchema(json.RawMessage(schema))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v", schema, err)
		}
	}
	if err := checkOutputSchema(nil); err != nil {
		t.Error(err)
	}
}

func TestCheckOutput(t *testing.T) {
	t.Parallel()
	schema := json.RawMessage(`{"type":"object","properties":{"things":{"type":"array","items":{"type":"object",` +
		`"properties":{"id":{"type":"string"},"on":{"type":"boolean"}}}},"count":{"type":"integer"},"n":{"type":"number"},` +
		`"total":{}}}`)
	for answer, want := range map[string]string{
		`{}`: "",
		`{"things":[{"id":"a","on":true,"more":1},{}],"count":1e2,"n":1.5,"total":null,"other":[]}`: "",
		`{"truncated":{"left_out":"things"}}`:                                                       "",
		`[]`:                                                                                        "the answer is no object",
		`{"things":null}`:                                                                           "the answer.things is no array",
		`{"things":[{},{"id":7}]}`:                                                                  "the answer.things[1].id is no string",
		`{"things":[{"on":"[REDACTED]"}]}`:                                                          "the answer.things[0].on is no boolean",
		`{"count":1.5}`:                                                                             "the answer.count is no integer",
		`{"n":"1"}`:                                                                                 "the answer.n is no number",
	} {
		err := CheckOutput(schema, []byte(answer))
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: %v", answer, err)
		}
	}
	if err := CheckOutput(nil, []byte(`[1]`)); err != nil {
		t.Error(err)
	}
}
