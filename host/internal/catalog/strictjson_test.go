package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeStrict(t *testing.T) {
	got, err := decodeStrict([]byte(" {\"a\" : [1, 1.50, -2e3, true,false , null, \"x\\u00e9\\\"\\\\\"], \"b\":{}, \"c\":[] ,\"ä\":\"\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a": []any{json.Number("1"), json.Number("1.50"), json.Number("-2e3"), true, false, nil, `xé"\`},
		"b": map[string]any{}, "c": []any{}, "ä": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeStrictRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"nothing":                    {" \n", "empty, not a JSON document"},
		"syntax":                     {`{"a":}`, "not valid JSON at byte 6"},
		"cut off":                    {`{"a":1`, "not valid JSON at byte 6"},
		"more after it":              {`{} {}`, "not valid JSON at byte 4"},
		"invalid UTF-8":              {"\"\xff\"", "not valid UTF-8"},
		"a key twice":                {`{"a":{"b":1,"b":2}}`, "a.b: the key is given twice"},
		"a key twice, escaped once":  {`{"ab":1,"\u0061b":2}`, "ab: the key is given twice"},
		"a key twice, in an array":   {`[1,{"b":1,"b":2}]`, "[1].b: the key is given twice"},
		"two lone surrogates":        {`{"\ud800":1,"\ud801":2}`, "the key is given twice"},
		"depth":                      {strings.Repeat("[", 100) + strings.Repeat("]", 100), "nested deeper than 64 levels"},
		"more depth than the parser": {strings.Repeat("[", 20000) + strings.Repeat("]", 20000), "not valid JSON"},
		"too many values":            {"[" + strings.Repeat("0,", maxJSONValues) + "0]", "more than 50000 values"},
		"exponent":                   {`{"n":1e999999}`, "n: a number with an exponent beyond 400"},
		"negative exponent":          {`{"n":1E-401}`, "n: a number with an exponent beyond 400"},
		"exponent beyond an int":     {`[1e+99999999999999999999]`, "[0]: a number with an exponent beyond 400"},
		"digits":                     {strings.Repeat("1", 401), "a number of more than 400 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodeStrict([]byte(tt.in))
			wantError(t, err, tt.want)
		})
	}
}

func TestLocation(t *testing.T) {
	for _, tt := range []struct {
		at   location
		want string
	}{
		{nil, ""},
		{location{keyStep("jwt"), keyStep("alg")}, "jwt.alg"},
		{location{keyStep("callbacks"), indexStep(2)}, "callbacks[2]"},
		{location{keyStep("metadata"), keyStep("a.b"), keyStep("c")}, `metadata["a.b"].c`},
		{location{keyStep("a\u202eb")}, `["a\u202eb"]`},
		{location{keyStep("")}, `[""]`},
		{location{keyStep(strings.Repeat("x", 50))}, `["` + strings.Repeat("x", 40) + `"…]`},
	} {
		if got := tt.at.String(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestLocationsShareNoMemory(t *testing.T) {
	parent := append(make(location, 0, 8), keyStep("a"))
	b, c := parent.with(keyStep("b")), parent.with(keyStep("c"))
	if b.String() != "a.b" || c.String() != "a.c" {
		t.Errorf("got %s and %s", b, c)
	}
}

func FuzzDecodeStrict(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,"\u00e9\n",null,true]}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decodeStrict(data)
		if err != nil {
			return
		}
		var want any
		dec := json.NewDecoder(strings.NewReader(string(data)))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatalf("accepted %q, which encoding/json refuses: %v", data, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", data, diff)
		}
	})
}
