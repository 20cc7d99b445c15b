package managementapi

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestSecretMembers(t *testing.T) {
	data, err := os.ReadFile("testdata/secrets.txt")
	if err != nil {
		t.Fatal(err)
	}
	var at string
	var s *Schema
	checked := map[string]int{}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		switch words[0] {
		case "destination":
			checked[words[0]]++
			if !s.Destination(strings.Split(words[1], ".")...) {
				t.Errorf("%s: %s is no destination", at, words[1])
			}
		case "secret", "public":
			checked[words[0]]++
			if got := s.Secret(strings.Split(words[1], ".")...); got != (words[0] == "secret") {
				t.Errorf("%s: %s is secret: %v", at, words[1], got)
			}
		default:
			at = strings.TrimSpace(line)
			o, ok := ByName(words[0] + " " + words[1])
			if !ok {
				t.Fatalf("there is no %s", at)
			}
			if s = o.Answer; words[2] == "body" {
				s = o.Body
			}
			if s == nil {
				t.Fatalf("there is no %s", at)
			}
		}
	}
	if checked["secret"] < 90 || checked["public"] < 80 || checked["destination"] < 25 {
		t.Errorf("checked %v", checked)
	}
}

func TestSecretsOfADocument(t *testing.T) {
	for _, test := range []struct{ schema, document, want string }{
		{`{a?!:string b?:string}`, `{"a":"x","b":"y"}`, `a="x"`},
		{`{a?!:string}`, `{"a":""}`, ``},
		{`{a?!:string}`, `{"a":null}`, ``},
		{`{a?!:[string]}`, `{"a":["x","y"]}`, `a=["x","y"]`},
		{`{a?!:{...}}`, `{"a":{"b":{"c":1}}}`, `a={"b":{"c":1}}`},
		{`{a?!:string|{key?!:string cert?:string ...}}`, `{"a":{"key":"x","cert":"y","other":"z"}}`, `a.key="x" a.other="z"`},
		{`{a?!:string|{key?!:string cert?:string ...}}`, `{"a":"x"}`, `a="x"`},
		{`{a?!:[{key?!:string cert?:string}]}`, `{"a":[{"key":"x","cert":"y"}]}`, `a.0.key="x"`},
		{`[{a!:string}|{b:string}]`, `[{"a":"x"},{"a":"y","b":"z"}]`, `0.a="x" 1.a="y"`},
		{`{...!string}`, `{"x":"1","y":"2"}`, `x="1" y="2"`},
		{`{name:string ...!}`, `{"name":"n","x":{"y":"2"}}`, `x={"y":"2"}`},
		{`{a?:{...{b?!:string}}}`, `{"a":{"any":{"b":"x"}}}`, `a.any.b="x"`},
		{`string`, `{"a":"x"}`, ``},
		{`{a?:any}`, `{"a":{"client_secret":"x"}}`, ``},
		{`{a!:string}`, `"text"`, ``},
	} {
		s, err := ParseSchema(test.schema)
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if err := json.Unmarshal([]byte(test.document), &document); err != nil {
			t.Fatal(err)
		}
		var got []string
		for found := range s.Secrets(document) {
			value, _ := json.Marshal(found.Value)
			got = append(got, strings.Join(found.Path, ".")+"="+string(value))
			if !s.Secret(found.Path...) {
				t.Errorf("%s: %v was found and is not secret", test.schema, found.Path)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s of %s: %v, want %s", test.schema, test.document, got, test.want)
		}
	}
	s, _ := ParseSchema(`{a!:string b!:string}`)
	for found := range s.Secrets(map[string]any{"a": "1", "b": "2"}) { // can be left
		if found.Path[0] != "a" {
			t.Error(found)
		}
		break
	}
}

func TestDestinationsOfADocument(t *testing.T) {
	o, _ := ByName("PATCH /api/v2/log-streams/{id}")
	sink := map[string]any{"httpEndpoint": "https://a.example", "httpAuthorization": "x"}
	var got []string
	for found := range o.Body.Destinations(map[string]any{"name": "n", "sink": sink}) {
		got = append(got, strings.Join(found.Path, "."))
	}
	if !slices.Equal(got, []string{"sink.httpEndpoint"}) {
		t.Error(got)
	}
}
