package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

type nested struct {
	Alg      string                                      `json:"alg,omitempty" schema:"enum=RS256|HS256"`
	Lifetime *int                                        `json:"lifetime,omitempty" jsonschema:"Seconds." schema:"min=1,null"`
	Metadata map[string]string                           `json:"metadata,omitempty" schema:"free"`
	Default  OneOf[string, OneOf[float64, []nestedItem]] `json:"default,omitzero" jsonschema:"Any." schema:"null"`
}

type nestedItem struct {
	Value string `json:"value"`
}

type input struct {
	ID      string   `json:"id" jsonschema:"The id."`
	PerPage *int     `json:"per_page,omitempty" schema:"min=1,max=100,default=20"`
	Grants  []string `json:"grants,omitempty" schema:"enum=a|b,max=2,fold"`
	Nested  *nested  `json:"nested,omitempty"`
}

func TestSchema(t *testing.T) {
	got, err := Schema[input]()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"object","properties":{` +
		`"id":{"type":"string","description":"The id."},` +
		`"per_page":{"type":"integer","default":20,"minimum":1,"maximum":100},` +
		`"grants":{"fold":true,"type":"array","maxItems":2,"items":{"type":"string","enum":["a","b"]}},` +
		`"nested":{"type":"object","properties":{` +
		`"alg":{"type":"string","enum":["RS256","HS256"]},` +
		`"lifetime":{"anyOf":[{"type":"integer","minimum":1},{"type":"null"}],"description":"Seconds."},` +
		`"metadata":{"type":"object","additionalProperties":{"type":"string"}},` +
		`"default":{"description":"Any.","anyOf":[{"type":"string"},{"type":"number"},{"type":"array",` +
		`"items":{"type":"object","properties":{"value":{"type":"string"}},"required":["value"],` +
		`"additionalProperties":false}},{"type":"null"}]}` +
		`},"additionalProperties":false}},` +
		`"required":["id"],"additionalProperties":false}`
	if canonical(t, string(got)) != canonical(t, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSchemaRefusesOpenInput(t *testing.T) {
	for name, schema := range map[string]func() error{
		"a map that is not marked": func() error {
			_, err := Schema[struct {
				M map[string]string `json:"m"`
			}]()
			return err
		},
		"any": func() error {
			_, err := Schema[struct {
				A any `json:"a"`
			}]()
			return err
		},
		"any beside a type": func() error {
			_, err := Schema[struct {
				O OneOf[string, []any] `json:"o"`
			}]()
			return err
		},
		"a misspelt tag": func() error {
			_, err := Schema[struct {
				N int `json:"n" schema:"minimum=1"`
			}]()
			return err
		},
		"not a struct": func() error { _, err := Schema[string](); return err },
	} {
		if schema() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestManifestNamesEveryMistake(t *testing.T) {
	fn := func(context.Context, *Call, input) (any, error) { return nil, nil }
	_, err := Plugin{Name: "Bad Name", Tools: []Tool{
		NewTool("auth0_x", "", "", fn),
		NewTool("auth0_x", Read, "Twice.", fn, Paths("GET /oauth/token")),
	}}.Manifest()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"Bad Name"`, "no version", "no description", `effect ""`, "declared twice",
		"/oauth/token"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not mention %s:\n%v", want, err)
		}
	}
}

// What was done before an error goes with it, whatever kind it is, and does not
// stay on an error that is used again.
func TestPartly(t *testing.T) {
	known := NotFound("no such thing")
	for name, tt := range map[string]struct {
		err    error
		status int
		code   pluginv1.Failure_Code
	}{
		"known":    {fmt.Errorf("deploying: %w", Partly("One is done.", known)), 0, pluginv1.Failure_CODE_NOT_FOUND},
		"of Auth0": {Partly("One is done.", errors.New("409")), 409, pluginv1.Failure_CODE_API},
		"ended":    {Partly("One is done.", context.Canceled), 0, pluginv1.Failure_CODE_CALL_ENDED},
		"other":    {Partly("One is done.", errors.New("odd")), 0, pluginv1.Failure_CODE_INTERNAL},
	} {
		if f := toFailure(tt.err, tt.status); f.GetCode() != tt.code || f.GetDone() != "One is done." ||
			f.GetMessage() == "" {
			t.Errorf("%s: %v", name, f)
		}
	}
	if f := toFailure(known, 0); f.GetDone() != "" {
		t.Errorf("used again: %v", f)
	}
}

func TestBodyKeepsWhatWasGiven(t *testing.T) {
	c := &Call{arguments: []byte(`{"id":"x","logo_uri":null,"callbacks":[],"sso":false,"n":0,"big":9007199254740993,` +
		`"s":"a<b"}`)}
	got, err := c.Body("id")
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"logo_uri":null,"callbacks":[],"sso":false,"n":0,"big":9007199254740993,"s":"a<b"}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// canonical orders the members, so that the comparison is about meaning.
func canonical(t *testing.T, doc string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
