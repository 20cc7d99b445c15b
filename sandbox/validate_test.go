package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

func TestFormats(t *testing.T) {
	for _, test := range []struct{ format, good, bad string }{
		{
			"callback-url",
			"https://a.example/cb http://localhost:3000 com.example.app://cb https://*.a.example/cb urn:x:y " +
				"https://{organization_name}.a.example/cb",
			"nowhere /cb :cb 1a:b a_b:c a: https://a.example,https://b.example",
		},
		{
			"url-with-placeholders", "https://a.example https://{organization_name}.a.example file://* capacitor://localhost",
			"a.example localhost:3000 https:// https:/a https://a,b",
		},
		{"absolute-uri-or-empty", "https://a.example/l.png", "logo.png"},
		{"absolute-https-uri-with-placeholders-or-empty", "https://{organization_name}.a.example/login", "http://a.example"},
		{"forms-custom-identifier", "step_1", ""},
		{"unknown", "anything", ""},
	} {
		for text := range strings.FieldsSeq(test.good) {
			if !hasFormat(test.format, text) {
				t.Errorf("%s refuses %s", test.format, text)
			}
		}
		for text := range strings.FieldsSeq(test.bad) {
			if hasFormat(test.format, text) {
				t.Errorf("%s takes %s", test.format, text)
			}
		}
	}
	for _, format := range []string{"absolute-uri-or-empty", "absolute-https-uri-or-empty"} {
		if !hasFormat(format, "") {
			t.Errorf("%s refuses an empty text", format)
		}
	}
	for _, format := range []string{"callback-url", "url", "forms-custom-identifier"} {
		if hasFormat(format, "") {
			t.Errorf("%s takes an empty text", format)
		}
	}
}

// Every problem is told, each with its place.
func TestProblemsAreWorded(t *testing.T) {
	for _, test := range []struct{ schema, value, want string }{
		{`{a:string}`, `{"a":1}`, "'Expected type string but found type integer' on property a."},
		{`{a:string}`, `{}`, "'Missing required property: a'."},
		{`{a?:{}}`, `{"a":{"x":1,"b":2},"z":3}`, "'Additional properties not allowed: b,x' on property a.|" +
			"'Additional properties not allowed: z'."},
		{`{a:[{b:"x"|"y"}]}`, `{"a":[{"b":"x"},{"b":"z"}]}`, "'No enum match for: z' on property a[1].b."},
		{`{a:[any](1..2)}`, `{"a":[]}`, "'Array is too short (0), minimum 1' on property a."},
		{`{a:[any](1..2)}`, `{"a":[1,2,3]}`, "'Array is too long (3), maximum 2' on property a."},
		{`{a:number(0..1)}`, `{"a":-0.5}`, "'Value -0.5 is less than minimum 0' on property a."},
		{`{a:number(0..1)}`, `{"a":1e9}`, "'Value 1e9 is greater than maximum 1' on property a."},
		{`{a:number}`, `{"a":1e999}`, "'Value 1e999 is out of range' on property a."},
		{`{a:string(2..3)}`, `{"a":"é"}`, "'String is too short (1 chars), minimum 2' on property a."},
		{`{a:string(2..3)}`, `{"a":"éééé"}`, "'String is too long (4 chars), maximum 3' on property a."},
		{`{...}(1..1)`, `{}`, "'Too few properties defined (0), minimum 1'."},
		{`{...}(1..1)`, `{"a":1,"b":2}`, "'Too many properties defined (2), maximum 1'."},
		{`{a:string(pattern="^[a-z]+$")}`, `{"a":"A"}`, "'String does not match pattern ^[a-z]+$: A' on property a."},
		{`{a:{b:string}}`, `{"a":[]}`, "'Expected type object but found type array' on property a."},
		{`{"x/y":{"0":string}}`, `{"x/y":{"0":null}}`, "'Expected type string but found type null' on property x/y.0."},
		{`{a:string|[string]}`, `{"a":true}`, "'Expected type string but found type boolean' on property a."},
	} {
		schema, err := managementapi.ParseSchema(test.schema)
		if err != nil {
			t.Fatalf("%s: %v", test.schema, err)
		}
		decoder := json.NewDecoder(strings.NewReader(test.value))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(wordProblems(value, schema.Check(value)), "|"); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.schema, test.value, got, test.want)
		}
	}
}

// Whatever is sent, the answer is JSON, an error has its members, and nothing is a failure of the tenant.
func FuzzBodies(f *testing.F) {
	names := slices.Sorted(maps.Keys(handlers(newTables())))
	bodies := []string{
		`{"name":"x"}`, `{}`, `[]`, `null`, `{"name":`, `"x"`, `{"name":{"a":[[[[]]]]}}`, `{"bindings":[{"ref":null}]}`,
		`{"name":"x","nodes":[{"id":"a","type":"STEP","config":{"components":[{"category":"FIELD"}]}}]}`,
		`{"identifier":"urn:a","scopes":[{"value":"a"},{"value":"a"}],"token_lifetime":1e400}`,
		`{"name":"x","client_authentication_methods":{"private_key_jwt":{"credentials":[{"pem":"x",` +
			`"credential_type":"public_key"}]}}}`,
		`{"name":"x","supported_triggers":[{"id":"post-login"}],"secrets":[{}],"modules":[{}],"deploy":true}`,
		`{"name":"\ud800","client_metadata":{"~/":"\u0000"}}`,
	}
	for at, body := range bodies {
		for i := at; i < len(names); i += len(bodies) {
			f.Add(uint16(i), body, "page=0&hydrate[]=x&hydrate=y")
		}
	}
	f.Fuzz(func(t *testing.T, index uint16, body, query string) {
		operation, known := managementapi.ByName(names[int(index)%len(names)])
		if !known {
			t.Fatal("no operation")
		}
		c := newCaller(t, Options{Empty: true})
		path := somePath(t, operation)
		request, err := http.NewRequestWithContext(t.Context(), operation.Method, "https://"+c.tenant.Domain()+path,
			strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.URL.RawQuery = query
		request.Header.Set("Authorization", "Bearer "+c.token)
		response, err := c.tenant.Transport().RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		a := read(t, operation.Name(), response)
		if a.status >= 500 || a.status >= 400 &&
			(a.object()["message"] == nil || a.object()["statusCode"] != number(a.status)) {
			t.Errorf("%d %s", a.status, a.text)
		}
	})
}
