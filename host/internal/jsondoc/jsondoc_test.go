package jsondoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	got, err := Decode([]byte(" {\"a\" : [1, 1.50, -2e3, 0.5E+1, true,false , null, " +
		"\"x\\u00e9\\\"\\\\\\ud83d\\ude00\"], \"b\":{}, \"c\":[] ,\"ä\":\"\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a": []any{json.Number("1"), json.Number("1.50"), json.Number("-2e3"), json.Number("0.5E+1"), true, false, nil,
			`xé"\😀`},
		"b": map[string]any{}, "c": []any{}, "ä": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is refused, by Check and by Decode alike. syntax: it is no JSON in any reader's opinion.
func TestRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		in, want string
		syntax   bool
	}{
		"nothing":                   {" \n", "empty, not a JSON document", true},
		"syntax":                    {`{"a":}`, "not valid JSON at byte 6", true},
		"cut off":                   {`{"a":1`, "not valid JSON at byte 6", true},
		"more after it":             {`{} {}`, "not valid JSON at byte 4", true},
		"NUL after it":              {"{}\x00", "not valid JSON at byte 3", true},
		"comma at the end":          {`[1,]`, "not valid JSON at byte 4", true},
		"leading zero":              {`[01]`, "not valid JSON at byte 3", true},
		"word":                      {`[nul]`, "not valid JSON at byte 5", true},
		"line end in a string":      {"\"a\nb\"", "not valid JSON at byte 3", true},
		"invalid UTF-8":             {"\"\xff\"", "not valid UTF-8", true},
		"a name twice":              {`{"a":{"b":1,"b":2}}`, "a.b: the key is given twice", false},
		"a name twice, one escaped": {`{"ab":1,"\u0061b":2}`, "ab: the key is given twice", false},
		"a name twice, in an array": {`[1,{"b":1,"b":2}]`, "[1].b: the key is given twice", false},
		"empty names":               {`{"":1,"":2}`, `[""]: the key is given twice`, false},
		"high surrogate alone": {`{"a":"\ud83d"}`, "a: a \\u escape that is half of a surrogate pair, which is no " +
			"character", false},
		"low surrogate alone": {`["\udE00x"]`, "[0]: a \\u escape that is half of a surrogate pair, which is no " +
			"character", false},
		"two high surrogates": {`"\ud83d\ud83d"`,
			"a \\u escape that is half of a surrogate pair, which is no character", false},
		"lone surrogates as names": {`{"\ud800":1,"\ud801":2}`, "a \\u escape that is half of a surrogate pair, which is " +
			"no character", false},
		"depth": {strings.Repeat("[", 66) + strings.Repeat("]", 66), "nested deeper than 64 levels",
			false},
		"depth of objects": {strings.Repeat(`{"a":`, 66) + "1" + strings.Repeat("}", 66),
			"nested deeper than 64 levels", false},
		"depth without an end":   {strings.Repeat("[", 1<<20), "nested deeper than 64 levels", false},
		"too many values":        {"[" + strings.Repeat("0,", DefaultValues) + "0]", "more than 50000 values", false},
		"exponent":               {`{"n":1e999999}`, "n: a number with an exponent beyond 400", false},
		"negative exponent":      {`{"n":1E-401}`, "n: a number with an exponent beyond 400", false},
		"exponent beyond an int": {`[1e+99999999999999999999]`, "[0]: a number with an exponent beyond 400", false},
		"digits":                 {strings.Repeat("1", 401), "a number of more than 400 characters", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(tt.in))
			var refused *Error
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) || refused.Syntax != tt.syntax {
				t.Errorf("got %v (syntax: %v), want %s (syntax: %v)", err, refused != nil && refused.Syntax, tt.want, tt.syntax)
			}
			if checked := Check([]byte(tt.in)); checked == nil || checked.Error() != err.Error() {
				t.Errorf("Check: %v, Decode: %v", checked, err)
			}
			if _, canonical := Canonical([]byte(tt.in)); canonical == nil || canonical.Error() != err.Error() {
				t.Errorf("Canonical: %v, Decode: %v", canonical, err)
			}
		})
	}
}

// Where a program may ignore the case of names, names that differ only in case are one. Elsewhere, as in metadata, they
// are two.
func TestNamesInAnyCase(t *testing.T) {
	rules := Rules{AnyCase: func(path Path) bool { return !path.Within(Path{Member("arguments")}) }}
	for in, want := range map[string]string{
		`{"action":"decline","ACTION":"accept"}`:      "ACTION: the key is given twice, in different case",
		`{"action":"decline","\u0041ction":"a"}`:      "Action: the key is given twice, in different case",
		`{"a":[{"task":1,"taſk":2}]}`:                 `a[0]["taſk"]: the key is given twice, in different case`,
		`{"a":{"key":1,"\u212Aey":2}}`:                "a[\"\u212aey\"]: the key is given twice, in different case",
		`{"a":1,"a":2}`:                               "a: the key is given twice",
		`{"arguments":{"x":{"Key":1,"key":2}}}`:       "",
		`{"arguments":{"Key":1,"key":2}}`:             "",
		`{"arguments":{"key":1,"key":2}}`:             "arguments.key: the key is given twice",
		`{"ARGUMENTS":{"Key":1,"key":2}}`:             "ARGUMENTS.key: the key is given twice, in different case",
		`{"a":{"arguments":{"x":1,"X":2}}}`:           "a.arguments.X: the key is given twice, in different case",
		`{"action":"decline","actions":1,"act ":"x"}`: "",
	} {
		got := ""
		if err := rules.Check([]byte(in)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

// However many names an object has, each is compared with all others.
func TestNamesOfLargeObjects(t *testing.T) {
	anyCase := Rules{AnyCase: func(Path) bool { return true }}
	for n := range 3 * maxFew {
		var members strings.Builder
		for i := range n {
			fmt.Fprintf(&members, `"name%d":{"name":1},`, i)
		}
		for i := range n {
			name := fmt.Sprintf("name%d", i)
			for last, want := range map[string][2]string{ // by the default rules, and by anyCase
				name:                  {name + ": the key is given twice", name + ": the key is given twice"},
				strings.ToUpper(name): {"", strings.ToUpper(name) + ": the key is given twice, in different case"},
				"other":               {"", ""},
			} {
				doc := []byte("{" + members.String() + `"` + last + `":1}`)
				if got := [2]string{text(Check(doc)), text(anyCase.Check(doc))}; got != want {
					t.Fatalf("%d names, then %s: got %q, want %q", n, last, got, want)
				}
			}
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// encoding/json is the reader whose folding counts: whatever two names it takes for one field, foldCase makes one.
func TestFoldingIsThatOfEncodingJSON(t *testing.T) {
	var v struct{ Task, Key, Straße, Σίσυφος string }
	for _, pair := range [][2]string{{"Task", "taſK"}, {"Key", "\u212aEY"}, {"Straße", "STRAẞE"}, {"Σίσυφος",
		"σίςυφοσ"}} {
		quoted, err := json.Marshal(map[string]string{pair[1]: "taken"})
		if err != nil {
			t.Fatal(err)
		}
		before := v
		if err := json.Unmarshal(quoted, &v); err != nil {
			t.Fatal(err)
		}
		if taken := v != before; !taken || foldCase(pair[0]) != foldCase(pair[1]) {
			t.Errorf("%q and %q: encoding/json takes them for one: %v; folded %q and %q", pair[0], pair[1], taken,
				foldCase(pair[0]), foldCase(pair[1]))
		}
	}
}

// Which documents count as equal is what approvals are bound to.
func TestCanonical(t *testing.T) {
	for name, tt := range map[string]struct {
		a, b  string
		equal bool
	}{
		"white space":         {`{"a":[1,2]}`, " {\n\"a\" :\t[ 1 , 2 ] }\r\n", true},
		"order of members":    {`{"a":{"c":1,"b":2},"z":0}`, `{"z":0,"a":{"b":2,"c":1}}`, true},
		"escapes":             {`{"é":"</é\n😀"}`, `{"\u00e9":"\u003c\/\u00E9\u000a\ud83d\ude00"}`, true},
		"order of items":      {`[1,2]`, `[2,1]`, false},
		"null and no member":  {`{"a":null}`, `{}`, false},
		"number and its text": {`{"a":1}`, `{"a":"1"}`, false},
		"case of names":       {`{"a":1}`, `{"A":1}`, false},
		"composed characters": {`"é"`, `"e\u0301"`, false},
		// Equal to most readers; see Canonical for why not here.
		"fraction of zero": {`1.0`, `1`, false},
		"exponent":         {`1e1`, `10`, false},
		"negative zero":    {`-0`, `0`, false},
		// Equal to a reader that computes with float64 only.
		"beyond float64": {`9007199254740993`, `9007199254740992`, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, errA := Canonical([]byte(tt.a))
			b, errB := Canonical([]byte(tt.b))
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			if bytes.Equal(a, b) != tt.equal {
				t.Errorf("%s and %s, equal should be %v", a, b, tt.equal)
			}
		})
	}
	got, err := Canonical([]byte(`{"b":"<&>\u2028","a":[1.50, {}]}`))
	if want := `{"a":[1.50,{}],"b":"<&>\u2028"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s: HMACs of the audit log depend on this form", got, err, want)
	}
}

func TestPath(t *testing.T) {
	for _, tt := range []struct {
		path Path
		want string
	}{
		{nil, ""},
		{Path{Member("jwt"), Member("alg")}, "jwt.alg"},
		{Path{Member("callbacks"), Item(2)}, "callbacks[2]"},
		{Path{Member("metadata"), Member("a.b"), Member("c")}, `metadata["a.b"].c`},
		{Path{Member("a\u202eb")}, `["a\u202eb"]`},
		{Path{Member("")}, `[""]`},
		{Path{Member(strings.Repeat("x", 50))}, `["` + strings.Repeat("x", 40) + `"…]`},
	} {
		if got := tt.path.String(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestPathsShareNoMemory(t *testing.T) {
	parent := append(make(Path, 0, 8), Member("a"))
	b, c := parent.With(Member("b")), parent.With(Member("c"))
	if b.String() != "a.b" || c.String() != "a.c" {
		t.Errorf("got %s and %s", b, c)
	}
	for _, s := range []string{`{"a":{"b":1,"b":2},"c":3}`, `[{"a":[0,{"x":1,"x":1}]}]`} {
		var refused *Error
		if err := Check([]byte(s)); !errors.As(err, &refused) ||
			refused.Path.String() != strings.TrimSuffix(err.Error(), ": the key is given twice") {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// A document that is only checked is not built up in memory, whatever it holds.
func TestCheckKeepsNothing(t *testing.T) {
	for name, doc := range map[string]string{
		"long strings": `{"a":"` + strings.Repeat(`\n`, 5<<20) + `","b":"` + strings.Repeat("x", 2<<20) + `"}`,
		"many items":   "[" + strings.Repeat(`{"a":[]},`, 15_000) + "0]",
		"long name":    `{"` + strings.Repeat("n", 10<<20) + `":1}`,
		"many names":   `{` + strings.Repeat(`"`+strings.Repeat("n", 190)+`":1,`, 49_000) + `"z":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			data := []byte(doc)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			err := Check(data)
			runtime.ReadMemStats(&after)
			if name != "many names" && err != nil { // those are equal: it ends at the second
				t.Fatal(err)
			}
			if took, most := after.TotalAlloc-before.TotalAlloc, uint64(12<<20); took > most {
				t.Errorf("checking %d bytes allocated %d, want at most %d", len(data), took, most)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-2.5e3,"\u00e9\n",null,true]}`, `{"a":1,"a":2}`, `"\ud83d\ude00"`, `"\ud83d"`, `{"A":1,"a":2}`,
		`[1e400,0.10,-0]`, "\"\x7f\u2028\"",
		`[[[]],{"":{}}]`, "{}\x00", `tru`, `-`, `1.`, `1e+`, `"\u00"`, strings.Repeat("[", 70),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Decode(data)
		checked := Check(data)
		if (err == nil) != (checked == nil) || err != nil && err.Error() != checked.Error() {
			t.Fatalf("%q: Decode says %v, Check %v", data, err, checked)
		}
		var refused *Error
		switch valid := json.Valid(data); {
		case err == nil && !valid:
			t.Fatalf("accepted %q, which is no JSON", data)
		case errors.As(err, &refused) && refused.Syntax && valid && !strings.Contains(err.Error(), "UTF-8"):
			t.Fatalf("%q is JSON, and was refused: %v", data, err)
		case err != nil:
			return
		}
		var want any
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatalf("accepted %q, which encoding/json refuses: %v", data, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", data, diff)
		}
		checkCanonical(t, data, got)
		// Names in one case: a field that encoding/json matches in any case has one candidate only.
		if (Rules{AnyCase: func(Path) bool { return true }}).Check(data) == nil {
			checkOneCase(t, data, got)
		}
	})
}

func checkCanonical(t *testing.T, data []byte, value any) {
	t.Helper()
	canonical, err := Canonical(data)
	if err != nil {
		t.Fatalf("%q can be decoded and has no canonical form: %v", data, err)
	}
	again, err := Canonical(canonical)
	if err != nil || !bytes.Equal(canonical, again) {
		t.Fatalf("%q: %s becomes %s, %v", data, canonical, again, err)
	}
	decoded, err := Decode(canonical)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(value, decoded); diff != "" {
		t.Errorf("%q and its canonical form differ: %s", data, diff)
	}
}

func checkOneCase(t *testing.T, data []byte, value any) {
	t.Helper()
	object, _ := value.(map[string]any)
	for a := range object {
		for b := range object {
			if a != b && strings.EqualFold(a, b) {
				t.Fatalf("%q has %q and %q", data, a, b)
			}
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	line := []byte(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"auth0_update_action",` +
		`"arguments":{"id":"x","code":"` +
		strings.Repeat(`exports.onExecute = async () => {};\n`, 2000) + `"}}}`)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if err := Check(line); err != nil {
			b.Fatal(err)
		}
	}
}

func TestSplit(t *testing.T) {
	fields, err := Fields([]byte(` {"b" : [1, {"x":null}] ,"a\u0062":1e5, "":{} } `))
	var got []string
	for _, f := range fields {
		got = append(got, f.Name+"="+string(f.Value))
	}
	if want := []string{`b=[1, {"x":null}]`, "ab=1e5", "={}"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	items, err := Items([]byte(`[ 1 ,"a", [] ]`))
	if err != nil || len(items) != 3 || string(items[1]) != `"a"` || string(items[2]) != "[]" {
		t.Errorf("%q, %v", items, err)
	}
	for _, empty := range []string{"{}", " { } "} {
		if fields, err := Fields([]byte(empty)); err != nil || len(fields) > 0 {
			t.Errorf("%s: %v, %v", empty, fields, err)
		}
	}
	for _, bad := range []string{"", "1", "[", "[]", `{"a"}`, `{"a":1,}`, `{"a":1`, `{"a":1 "b":2}`, `{a:1}`} {
		if fields, err := Fields([]byte(bad)); err == nil {
			t.Errorf("%s: %v", bad, fields)
		}
	}
	for _, bad := range []string{"{}", "[1,]", "[1 2]", "[1", "[,]"} {
		if items, err := Items([]byte(bad)); err == nil {
			t.Errorf("%s: %q", bad, items)
		}
	}
}
