package redact

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// noteAll notes the secrets of a document, as of one resource.
func noteAll(t *testing.T, key Key, schema *managementapi.Schema, doc string) (*Noted, map[string]Secret) {
	t.Helper()
	noted, byMarker := new(Noted), map[string]Secret{}
	for _, s := range Secrets(schema, []byte(doc)) {
		marker := key.Marker(Place{Tenant: "t", Resource: "/r", Member: s.Member}, s.Value)
		byMarker[marker] = s
		if !noted.Add(s, marker) {
			t.Fatal("the set is full")
		}
	}
	return noted, byMarker
}

func clean(t *testing.T, r *Redactor, doc string) string {
	t.Helper()
	got, _, err := r.Clean([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestNotedValuesAreHiddenWhereverTheyStand(t *testing.T) {
	noted := new(Noted)
	noted.Add(Secret{Member: "/sink/httpAuthorization", Value: liveToken}, "[REDACTED:k7q2m9xa]")
	noted.Add(Secret{Member: "/sink/short", Value: "pw1"}, "[REDACTED:bbbbbbbb]")
	noted.Add(Secret{Member: "/n", Value: "4711471147"}, "[REDACTED:cccccccc]")
	base := new(Redactor)
	r := base.With(noted)
	base.Remember("a-token-remembered-later")
	for doc, want := range map[string]string{
		`{"else":"` + liveToken + `"}`:                             `{"else":"[REDACTED:k7q2m9xa]"}`,
		`{"a":"x ` + liveToken + ` y"}`:                            `{"a":"x [REDACTED:k7q2m9xa] y"}`,
		`{"` + liveToken + `":1}`:                                  `{"[REDACTED:k7q2m9xa]":1}`,
		`{"a":"a-token-remembered-later"}`:                         `{"a":"[REDACTED]"}`,
		`{"short":"pw1","other":"pw1","a":["pw1","has pw1"]}`:      `{"short":"[REDACTED:bbbbbbbb]","other":"pw1","a":["pw1","has pw1"]}`,
		`{"list":4711471147,"longer":14711471147,"n":"x47114711"}`: `{"list":"[REDACTED:cccccccc]","longer":14711471147,"n":"x47114711"}`,
		`{"client_secret":"[REDACTED:zzzzzzzz]"}`:                  `{"client_secret":"[REDACTED:zzzzzzzz]"}`,
		`{"client_secret":"[REDACTED:zzzzzzzz] "}`:                 `{"client_secret":"[REDACTED]"}`,
	} {
		if got := clean(t, r, doc); got != want {
			t.Errorf("%s became\n%s, want\n%s", doc, got, want)
		}
		if got := clean(t, r, want); got != want {
			t.Errorf("%s became %s", want, got)
		}
	}
	if got := clean(t, base, `{"a":"x4711471147"}`); got != `{"a":"x4711471147"}` {
		t.Error("another call hides what this one noted:", got)
	}
	for name, write := range writings {
		doc := "<p>" + write(liveToken) + "</p>"
		for what, got := range map[string]string{"a text": r.Text(doc), "bytes": string(r.Values([]byte(doc))),
			"a document": clean(t, r, quoted(doc))} {
			if !strings.Contains(got, markerStart) || strings.Contains(got, "NiJ9") || strings.Contains(got, "c2ln") ||
				strings.Contains(got, "U1Nj") {
				t.Errorf("%s, %s: %s became %s", what, name, doc, got)
			}
		}
	}
}

// Equal values in two places have the markers of these places.
func TestNotedValuesAtSeveralPlaces(t *testing.T) {
	noted := new(Noted)
	for i, member := range []string{"/a/secret", "/b/secret", "/c", "/c"} {
		noted.Add(Secret{Member: member, Value: "same-value"}, fmt.Sprintf("[REDACTED:%d]", i))
	}
	r := new(Redactor).With(noted)
	got := clean(t, r, `{"x":{"b":{"secret":"same-value"},"a":{"secret":"same-value"}},"l":[{"c":"same-value"},`+
		`{"c":"same-value"},{"c":"same-value"}]}`)
	if want := `{"x":{"b":{"secret":"[REDACTED:1]"},"a":{"secret":"[REDACTED:0]"}},"l":[{"c":"[REDACTED:2]"},` +
		`{"c":"[REDACTED:3]"},{"c":"[REDACTED]"}]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOverlappingValues(t *testing.T) {
	noted := new(Noted)
	noted.Add(Secret{Value: "abcdefgh12"}, "[REDACTED:a]")
	noted.Add(Secret{Value: "gh12345678"}, "[REDACTED:b]")
	noted.Add(Secret{Value: "abcdefgh12-and-more"}, "[REDACTED:c]")
	noted.Add(Secret{Value: "REDACTED"}, "[REDACTED:d]")
	noted.Add(Secret{Value: "[REDACTED:e]"}, "[REDACTED:f]")
	r := new(Redactor).With(noted)
	for in, want := range map[string]string{
		"abcdefgh12":                "[REDACTED:a]",
		"abcdefgh12345678":          "[REDACTED]",
		"abcdefgh12-and-more!":      "[REDACTED:c]!",
		"abcdefgh12 gh12345678":     "[REDACTED:a] [REDACTED:b]",
		"[REDACTED] [REDACTED:e]":   "[REDACTED] [REDACTED:e]",
		"is REDACTED":               "is [REDACTED:d]",
		"abcdefgh%31%32 abcdefgh12": "[REDACTED] [REDACTED:a]",
		"%61bcdefgh1%25322 abcdefg": "[REDACTED]2 abcdefg",
	} {
		if got := r.Text(in); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

// What the caller wrote is shown as it came, whether it is equal to a secret or not: hiding it would say that a guess is
// right. The secret itself stays hidden.
func TestGuessesAreShown(t *testing.T) {
	doc := `{"name":"my %s","client_secret":"the-stored-secret","note":"%s"}`
	var outputs [2]string
	for i, guess := range []string{"the-stored-secret", "another-wrong-one"} {
		noted, _ := noteAll(t, Key{1}, nil, `{"client_secret":"the-stored-secret"}`)
		noted.Show(guess)
		noted.Show("my " + guess)
		r := new(Redactor).With(noted)
		outputs[i] = strings.ReplaceAll(clean(t, r, fmt.Sprintf(doc, guess, guess))+r.Text("rejected: my "+guess), guess, "GUESS")
	}
	if outputs[0] != outputs[1] || !strings.Contains(outputs[0], `"GUESS"`) || strings.Contains(outputs[0], "stored") {
		t.Errorf("%s\n%s", outputs[0], outputs[1])
	}
	// What the caller sends as a secret has no fingerprint.
	noted, _ := noteAll(t, Key{1}, nil, `{"client_secret":"the-stored-secret"}`)
	noted.Add(Secret{Member: "/client_secret", Value: "the-stored-secret"}, Marker)
	if got := clean(t, new(Redactor).With(noted), `{"client_secret":"the-stored-secret"}`); got != `{"client_secret":"[REDACTED]"}` {
		t.Error(got)
	}
}

func TestNotedIsBounded(t *testing.T) {
	noted := new(Noted)
	big := strings.Repeat("x", 1<<20)
	for i := range 4 {
		if !noted.Add(Secret{Value: fmt.Sprint(i, big)[:1<<20]}, "[REDACTED:a]") {
			t.Fatal(i)
		}
	}
	if noted.Add(Secret{Value: "one more"}, "[REDACTED:a]") {
		t.Error("it is not full")
	}
	if !noted.Add(Secret{Value: "[REDACTED]"}, "[REDACTED:a]") || !noted.Add(Secret{}, "[REDACTED:a]") {
		t.Error("nothing had to be noted")
	}
}

// Many values that begin alike cost no more than a few.
func TestManyNotedValuesAreFast(t *testing.T) {
	noted := new(Noted)
	var doc strings.Builder
	doc.WriteString(`[""`)
	for i := range 6_000 {
		value := fmt.Sprintf("https://example.auth0.com/lo/reset?ticket=%020d", i)
		noted.Add(Secret{Member: "/ticket", Value: value}, fmt.Sprintf("[REDACTED:%d]", i))
		fmt.Fprintf(&doc, `,"%s","https://example.auth0.com/lo/reset?ticket=!%025d"`, value, i)
	}
	doc.WriteString("]")
	began := time.Now()
	got := clean(t, new(Redactor).With(noted), doc.String())
	if took := time.Since(began); took > 2*time.Minute {
		t.Errorf("it took %v", took)
	}
	if n := len(FindMarkers(got)); n != 6_000 {
		t.Errorf("%d values are hidden", n)
	}
}

func TestSecrets(t *testing.T) {
	schema, err := managementapi.ParseSchema(`{items:[{id:string code?!:string pin?!:integer all?!:{...} name?:string}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for doc, want := range map[string]string{
		`{"items":[{"id":"1"},{"code":"c","name":"n","pin":12,"all":{"a":["x",true,{"b":"y"}]}}]}`: `items[1].code /items/code "c"; ` +
			`items[1].pin /items/pin "12" number; items[1].all.a[0] /items/all/a "x"; items[1].all.a[2].b /items/all/a/b "y"`,
		`{"code":"c","client_secret":"s","a/b~":{"password":"p"}}`:             `client_secret /client_secret "s"; ["a/b~"].password /a~1b~0/password "p"`,
		`{"note":"see https://u:pw@h and Bearer abcdefgh123"}`:                 `note /note "abcdefgh123" part; note /note "pw" part`,
		`{"log":"{ \"password\" : \"a\\\"b\" }"}`:                              `log /log "a\\\"b" part`,
		`{"client_secret":"[REDACTED:k7q2m9xa]","note":"password=[REDACTED]"}`: ``,
		`password=abc`: ` "abc" part`,
	} {
		var got []string
		for _, s := range Secrets(schema, []byte(doc)) {
			text := fmt.Sprintf("%s %s %q", s.At, s.Member, s.Value)
			if s.Part {
				text += " part"
			}
			if s.Number {
				text += " number"
			}
			got = append(got, text)
		}
		if text := strings.TrimLeft(strings.Join(got, "; "), " "); text != strings.TrimLeft(want, " ") {
			t.Errorf("%s:\ngot  %s\nwant %s", doc, text, want)
		}
	}
}

// restored puts the values back in the place of the markers of a document that was hidden.
func restored(doc string, byMarker map[string]Secret) (string, error) {
	var value any
	if err := json.Unmarshal([]byte(doc), &value); err != nil {
		return "", err
	}
	var walk func(any) any
	walk = func(value any) any {
		switch value := value.(type) {
		case map[string]any:
			for name, one := range value {
				value[name] = walk(one)
			}
		case []any:
			for i, one := range value {
				value[i] = walk(one)
			}
		case string:
			if s := byMarker[value]; s.Number {
				return json.Number(s.Value)
			}
			for _, found := range FindMarkers(value) {
				if s, ok := byMarker[found.Text]; ok {
					value = strings.ReplaceAll(value, found.Text, s.Value)
				}
			}
			return value
		}
		return value
	}
	out, err := json.Marshal(walk(value))
	return string(out), err
}

// What is hidden and put back is the document as it was.
func TestHideAndPutBack(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	key := NewKey()
	for range 3000 {
		h := &hiddenDocument{text: "a"}
		for range random.IntN(10) {
			h.plan = append(h.plan, byte(random.IntN(256)))
		}
		doc := h.document()
		if bare(doc) != doc || strings.Contains(doc, `\u`) {
			continue // what is stripped is not put back
		}
		checkIdentity(t, key, nil, doc)
	}
}

func checkIdentity(t *testing.T, key Key, schema *managementapi.Schema, doc string) {
	t.Helper()
	noted, byMarker := noteAll(t, key, schema, doc)
	hidden := clean(t, new(Redactor).With(noted), doc)
	got, err := restored(hidden, byMarker)
	if err != nil {
		t.Fatal(err)
	}
	want, err := restored(doc, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Fatalf("%s\nbecame %s\nand    %s\nwant   %s", doc, hidden, got, want)
	}
}

// No noted value survives any writing, hiding twice is hiding once, and what was hidden can be put back.
func FuzzNoted(f *testing.F) {
	f.Add("the-stored-secret", "a", byte(0))
	f.Add(`pass\word"%41&amp;`, `\u0065%25`, byte(3))
	f.Add("[REDACTED", "]", byte(1))
	f.Add("pässwörd-密码", "&#x41;", byte(7))
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(writings)), func(name string) bool {
		// These write the live token alone: a digit behind a reference without its end would belong to it.
		return strings.HasSuffix(name, " escape") || name == "no semicolon"
	})
	f.Fuzz(func(t *testing.T, secret, around string, how byte) {
		secret, around = bare(strings.ToValidUTF8(secret, "")), strings.ToValidUTF8(around, "")
		if len(secret) < minValue || len(secret) > 200 || len(around) > 200 || strings.Contains(secret, "\ufffd") ||
			strings.Contains(bare(around), secret) || strings.Contains(secret, MarkerStart) ||
			strings.Contains(MarkerStart+":", secret) || strings.Contains(Marker, secret) { // every marker holds it
			return
		}
		noted, _ := noteAll(t, Key{1}, nil, encoded(map[string]string{"client_secret": secret}))
		r := new(Redactor).With(noted)
		if len(FindMarkers(clean(t, r, quoted(around)))) == 0 { // what is hidden in another form is not put back
			checkIdentity(t, Key{1}, nil, encoded(map[string]string{"client_secret": secret, "name": bare(around)}))
		}
		write := writings[names[int(how)%len(names)]]
		text := quoted(around + " " + write(secret) + " " + around)
		hidden := clean(t, r, text)
		if strings.Contains(unquoted([]byte(hidden)), secret) || len(FindMarkers(hidden)) == 0 {
			t.Fatalf("%s: %s became %s", names[int(how)%len(names)], text, hidden)
		}
		if again := clean(t, r, hidden); again != hidden {
			t.Fatalf("%s became %s", hidden, again)
		}
	})
}

func encoded(v any) string {
	out, _ := json.Marshal(v) // strings always encode
	return string(out)
}

// An answer of 100 applications, each with a secret.
func BenchmarkNoted(b *testing.B) {
	var doc strings.Builder
	doc.WriteString(`[{}`)
	for i := range 100 {
		fmt.Fprintf(&doc, `,{"client_id":"id%[1]d","client_secret":"%[1]dsecret%[2]s","name":"Shop %[1]d","callbacks":["https://a%[1]d.example/cb"]}`,
			i, strings.Repeat("x", 60))
	}
	doc.WriteString("]")
	answer := []byte(doc.String())
	o, _ := managementapi.ByName("GET /api/v2/clients")
	key := NewKey()
	var noted *Noted
	note := func() {
		noted = new(Noted)
		for _, s := range Secrets(o.Answer, answer) {
			noted.Add(s, key.Marker(Place{Resource: "/api/v2/clients/" + s.At.String(), Member: s.Member}, s.Value))
		}
	}
	b.Run("note", func(b *testing.B) {
		b.SetBytes(int64(len(answer)))
		for b.Loop() {
			note()
		}
	})
	b.Run("hide", func(b *testing.B) {
		r := new(Redactor).With(noted)
		b.SetBytes(int64(len(answer)))
		for b.Loop() {
			if _, _, err := r.Clean(answer); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A text that begins like a noted value is compared with it alone: the document behind it is not copied each time.
func TestLittleIsCopiedForTextsThatBeginLikeAValue(t *testing.T) {
	const texts, most = 1000, 1 << 20
	noted := new(Noted)
	noted.Add(Secret{Value: "sessionA1b2C3d4"}, "[REDACTED:k7q2m9xa]")
	answer := []byte(`["` + strings.Repeat(`sessionA and more of a text","`, texts) + `"]`)
	r := new(Redactor).With(noted)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := r.Clean(answer); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > most {
		t.Errorf("%d bytes were allocated for %d, want at most %d", n, len(answer), most)
	}
}

// A member's name is not hidden because its short value equals it.
func TestNamesAreNotShortSecrets(t *testing.T) {
	doc := []byte(`{"firebase":{"secret":"secret"}}`)
	var noted Noted
	for _, secret := range Secrets(nil, doc) {
		noted.Add(secret, "[REDACTED:k7q2m9xa]")
	}
	shown, err := new(Redactor).With(&noted).JSON(doc)
	if want := `{"firebase":{"secret":"[REDACTED:k7q2m9xa]"}}`; err != nil || string(shown) != want {
		t.Errorf("%s, %v", shown, err)
	}
}

// A secret can equal a name of the Management API: the name stays, or the document could not be written back.
func TestNamesOfTheAPIStay(t *testing.T) {
	noted := new(Noted)
	noted.Add(Secret{Member: "/options/configuration/FIELD", Value: "username"}, "[REDACTED:k7q2m9xa]")
	noted.Add(Secret{Member: "/sink/httpCustomHeaders/value", Value: "httpEndpoint"}, "[REDACTED:bbbbbbbb]")
	r := new(Redactor).With(noted)
	const doc = `{"username":{"httpEndpoint":"about username"},"my username":1}`
	const want = `{"username":{"httpEndpoint":"about [REDACTED:k7q2m9xa]"},"my [REDACTED:k7q2m9xa]":1}`
	if got := clean(t, r, doc); got != want {
		t.Errorf("became %s", got)
	}
}
