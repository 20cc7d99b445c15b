package catalog

import (
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestAssign(t *testing.T) {
	tool := toolWith(pluginv1.EffectWrite, closed(`"name":{"type":"string"},"n":{"type":"integer"},"on":{"type":"boolean"},
		"note":{"anyOf":[{"type":"string"},{"type":"null"}]},"list":{"type":"array","items":{"type":"string"}},
		"clear":{"anyOf":[{"type":"array","items":{"type":"integer"}},{"type":"null"}]},"o":`+closed(`"a":{"type":"string"}`)))
	tests := map[string]struct {
		words     string // separated by |
		want, err string
	}{
		"a text as it is":         {words: `name=1`, want: `{"name":"1"}`},
		"a text with =":           {words: `name=a=b`, want: `{"name":"a=b"}`},
		"an empty text":           {words: `name=`, want: `{"name":""}`},
		"a number":                {words: `n=12345678901234567890`, want: `{"n":12345678901234567890}`},
		"a boolean":               {words: `on=true`, want: `{"on":true}`},
		"an object":               {words: `o={"a":"b"}`, want: `{"o":{"a":"b"}}`},
		"a list, item by item":    {words: `list=a|list=b`, want: `{"list":["a","b"]}`},
		"a list in one word":      {words: `list=a,b.c,e-mail:f_1|list=g`, want: `{"list":["a","b.c","e-mail:f_1","g"]}`},
		"a comma in a text":       {words: `name=a,b`, want: `{"name":"a,b"}`},
		"a comma in a URL":        {words: `list=https://a.example/?b=c,d`, want: `{"list":["https://a.example/?b=c,d"]}`},
		"a comma in a phrase":     {words: `list=Acme, Inc|list=a,`, want: `{"list":["Acme, Inc","a,"]}`},
		"numbers in one word":     {words: `clear=1,2`, want: `{"clear":[1,2]}`},
		"not all numbers":         {words: `clear=1,b`, err: "clear=b: want integer"},
		"a list as a whole":       {words: `list=["a"]`, want: `{"list":["a"]}`},
		"a null":                  {words: `note=null|clear=null`, want: `{"clear":null,"note":null}`},
		"a text called null":      {words: `name=null`, want: `{"name":"null"}`},
		"numbers in a list":       {words: `clear=1|clear=2`, want: `{"clear":[1,2]}`},
		"an unknown key":          {words: `x=1`, want: `{"x":"1"}`},
		"nothing":                 {want: `{}`},
		"no =":                    {words: `name`, err: "want key=value"},
		"no key":                  {words: `=a`, err: "want key=value"},
		"twice":                   {words: `name=a|name=b`, err: "name is given twice"},
		"not a number":            {words: `n=many`, err: "n=many: want integer"},
		"whole and item by item":  {words: `list=["a"]|list=b`, err: "give it once"},
		"item by item, and whole": {words: `list=b|list=["a"]`, err: "twice"},
	}
	for name, tt := range tests {
		var words []string
		if tt.words != "" {
			words = strings.Split(tt.words, "|")
		}
		got, err := tool.Assign(words)
		if tt.err == "" && (err != nil || string(got) != tt.want) {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, tt.want)
		}
		if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: error %v, want one that mentions %q", name, err, tt.err)
		}
	}
}
