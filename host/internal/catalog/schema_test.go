package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// closed is an object schema with the given properties, closed.
func closed(properties string) string {
	return `{"type":"object","additionalProperties":false,"properties":{` + properties + `}}`
}

const (
	formA = `{"type":"object","additionalProperties":false,"required":["type"],"properties":{"type":{"const":"a"}}}`
	formB = `{"type":"object","additionalProperties":false,"required":["type"],"properties":{"type":{"enum":["b"]},` +
		`"n":{"readOnly":true}}}`
)

var goodSchemas = []string{
	emptySchema,
	closed(`"id":{"type":"string","minLength":1,"maxLength":64,"pattern":"^[a-z]+$","format":"uri"},` +
		`"n":{"type":"integer","minimum":1,"maximum":100,"default":50}`),
	closed(`"on":{"type":"boolean"},"kind":{"enum":["a","b",null]},"fixed":{"const":3},"share":{"type":"number",` +
		`"exclusiveMinimum":0,"multipleOf":0.5}`),
	closed(`"list":{"type":"array","items":{"type":"string"},"minItems":1,"uniqueItems":true}`),
	closed(`"nested":` + closed(`"deeper":`+closed(`"x":{"type":"null"}`))),
	closed(`"labels":{"type":"object","additionalProperties":{"type":"string"},"maxProperties":10}`),
	closed(`"metadata":{"type":"object","description":"Anything the application keeps.","additionalProperties":true}`),
	closed(`"metadata":{"type":"object","description":"Anything.","additionalProperties":{}}`),
	closed(`"nodes":{"type":"array","description":"The form's nodes.","items":{"type":"object",` +
		`"additionalProperties":true}}`),
	closed(`"metadata":{"description":"Anything, or null.","anyOf":[{"type":"object","additionalProperties":true},` +
		`{"type":"null"}]}`),
	closed(`"a":{"readOnly":true},"any":{"description":"Any."},"b":{"fold":"more","anyOf":[{"type":"array",` +
		`"items":{"enum":["x"]}},{"type":"null"}]},"c":{"fold":true,"type":"object","description":"C.",` +
		`"additionalProperties":true}`),
	closed(`"forms":{"type":"array","items":{"anyOf":[` + formA + `,` + formB + `]}}`),
	closed(`"when":{"anyOf":[{"type":"integer","minimum":0},{"type":"null"}]}`),
	closed(`"who":{"type":"object","additionalProperties":false,"properties":{"id":{"type":"string"},` +
		`"name":{"type":"string"}},"anyOf":[{"required":["id"]},{"required":["name"]}]}`),
	`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false,` +
		`"required":["a"],"properties":{"a":{"$ref":"#/$defs/item"},"b":{"type":"array","items":{"$ref":"#/$defs/item"}}},` +
		`"$defs":{"item":` + closed(`"x":{"type":"string"}`) + `}}`,
}

func TestSchemaAccepted(t *testing.T) {
	for _, s := range goodSchemas {
		doc, err := jsondoc.Decode([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range schemaProblems(doc, len(s)) {
			t.Errorf("%s: %v", s, err)
		}
		if _, err := compileSchema(doc); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestSchemaRefused(t *testing.T) {
	// Few and shallow as written, 4^9 schemas written out.
	growing := `"$defs":{"d0":{"type":"string"}`
	for i := range 9 {
		ref := fmt.Sprintf(`{"$ref":"#/$defs/d%d"}`, i)
		growing += fmt.Sprintf(`,"d%d":{"anyOf":[%s,%s,%s,%s]}`, i+1, ref, ref, ref, ref)
	}
	deep := `{"type":"string"}`
	for range 30 {
		deep = closed(`"a":` + deep)
	}
	withRoot := func(extra string) string { return strings.TrimSuffix(emptySchema, "}") + "," + extra + "}" }
	for name, tt := range map[string]struct{ schema, want string }{
		"true":          {"true", "inputSchema must be a JSON object"},
		"null":          {"null", "inputSchema must be a JSON object"},
		"no type":       {`{"additionalProperties":false}`, `inputSchema: the top level must have "type": "object"`},
		"not an object": {`{"type":"string"}`, `the top level must have "type": "object"`},
		"an open top":   {`{"type":"object"}`, `the top level must have "additionalProperties": false`},
		"a map at the top": {`{"type":"object","description":"Anything.","additionalProperties":true}`,
			`the top level must have "additionalProperties": false`},
		"anyOf at the top":     {withRoot(`"anyOf":[{"required":["a"]}]`), "anyOf at the top level"},
		"another draft":        {withRoot(`"$schema":"http://json-schema.org/draft-07/schema#"`), "$schema must be"},
		"an odd argument name": {closed(`"a b":{"type":"string"}`), `argument "a b"`},
		"an open object inside": {closed(`"a":{"type":"object","properties":{}}`),
			`inputSchema.properties.a: an object must have "additionalProperties": false`},
		"a map without a word": {closed(`"a":{"type":"object","additionalProperties":true}`),
			"inputSchema.properties.a: a free-form map needs a description"},
		"a map of anything": {closed(`"a":{"type":"object","additionalProperties":{"default":1}}`),
			`additionalProperties: has no "type"`},
		"a property is true": {closed(`"a":true`), "inputSchema.properties.a: must be a schema object, not true"},
		"no type inside": {closed(`"a":{"description":" "}`),
			`inputSchema.properties.a: has no "type": any value would be allowed`},
		"properties, no type": {closed(`"a":{"properties":{}}`), `"properties" without "type"`},
		"array without items": {closed(`"a":{"type":"array"}`), `inputSchema.properties.a: an array must have "items"`},
		"array of anything": {closed(`"a":{"type":"array","items":true}`),
			"inputSchema.properties.a.items: must be a schema object, not true"},
		"a tuple": {closed(`"a":{"type":"array","items":[{"type":"string"}]}`),
			"items: must be a schema object, not an array"},
		"prefixItems": {closed(`"a":{"type":"array","items":{"type":"string"},"prefixItems":[]}`),
			`keyword "prefixItems"`},
		"a union":               {closed(`"a":{"type":["string","null"]}`), `inputSchema.properties.a: "type" is a list`},
		"an unknown type":       {closed(`"a":{"type":"text"}`), `unknown "type"`},
		"a remote reference":    {closed(`"a":{"$ref":"https://example.com/schema"}`), "$ref must be #/$defs/NAME"},
		"a reference to a file": {closed(`"a":{"$ref":"file:///etc/passwd"}`), "$ref must be #/$defs/NAME"},
		"a dangling reference":  {closed(`"a":{"$ref":"#/$defs/none"}`), "$ref must be #/$defs/NAME"},
		"a reference elsewhere": {closed(`"a":{"$ref":"#/properties/b"},"b":{"type":"string"}`),
			"$ref must be #/$defs/NAME"},
		"a reference to itself": {withRoot(`"$defs":{"a":{"$ref":"#/$defs/a"}},"properties":{"a":{"$ref":"#/$defs/a"}}`),
			"inputSchema.$defs.a: refers to itself"},
		"a circle": {withRoot(`"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"type":"array","items":{"$ref":"#/$defs/a"}}},` +
			`"properties":{"x":{"$ref":"#/$defs/a"}}`), "refers to itself"},
		"growing references": {withRoot(growing + `},"properties":{"a":{"$ref":"#/$defs/d9"}}`),
			"too large with every $ref written out"},
		"too deep": {deep, "too large with every $ref written out"},
		"$id":      {closed(`"a":{"$id":"https://example.com/","type":"string"}`), `keyword "$id"`},
		"patternProperties": {closed(`"a":{"type":"object","additionalProperties":false,"patternProperties":{"":true}}`),
			`keyword "patternProperties"`},
		"unevaluatedProperties": {closed(`"a":{"type":"object","unevaluatedProperties":false,"additionalProperties":false}`),
			`keyword "unevaluatedProperties"`},
		"not": {closed(`"a":{"type":"string","not":{}}`), `keyword "not"`},
		"$defs inside": {closed(`"a":{"type":"string","$defs":{}}`),
			`inputSchema.properties.a: "$defs" belongs at the top level`},
		"an empty anyOf": {closed(`"a":{"anyOf":[]}`), "anyOf must be a list of schemas"},
		"an open branch": {closed(`"a":{"anyOf":[{"type":"null"},{"type":"object"}]}`),
			`anyOf[1]: an object must have "additionalProperties": false`},
		"only requires, no type": {closed(`"a":{"anyOf":[{"required":["x"]}]}`), `anyOf[0]: has no "type"`},
		"requires the forbidden": {closed(`"a":{"type":"object","additionalProperties":false,"required":["x"]}`),
			`requires "x", which it does not allow`},
		"poisoned description": {closed(`"a":{"type":"string","description":"A name.\u200b"}`),
			"inputSchema.properties.a: description holds the control or invisible character U+200B"},
		"poisoned title": {closed(`"a":{"type":"string","title":"A\nB"}`),
			"title holds the control or invisible character U+000A"},
		"poisoned enum": {closed(`"a":{"enum":["a\u202e"]}`),
			"enum holds the control or invisible character U+202E"},
		"poisoned default": {closed(`"a":{"type":"string","default":{"k\u200d":"v"}}`),
			"holds the control or invisible character U+200D"},
		"poisoned name": {closed(`"a":` + closed(`"b\u200b":{"type":"string"}`)),
			"holds the control or invisible character U+200B"},
		"poison in $defs": {withRoot(`"$defs":{"a":{"type":"string","description":"\u200b"}}`),
			"inputSchema.$defs.a: description holds"},
		"a long description": {closed(`"a":{"type":"string","description":"` + strings.Repeat("a", 2049) + `"}`),
			"must be a text of at most 2048 bytes"},
		"a description as list": {closed(`"a":{"type":"string","description":["a"]}`), "description must be a text"},
		"properties as list": {`{"type":"object","additionalProperties":false,"properties":[]}`,
			"properties must be an object, not an array"},
		"propertyNames": {closed(`"a":{"type":"object","additionalProperties":{"type":"string"},` +
			`"propertyNames":{"pattern":"^a$"}}`), `keyword "propertyNames"`},
		"another fold":   {closed(`"a":{"type":"string","fold":"all"}`), `fold must be true, or for an argument "more"`},
		"more in a list": {closed(`"a":{"type":"array","items":{"type":"string","fold":"more"}}`), `fold must be true`},
		"more by itself": {closed(`"a":{"type":"string","fold":"more"},"more":{"type":"string"}`),
			"argument more: the host adds one of this name"},
		"beside a reference": {withRoot(`"$defs":{"a":{"type":"string"}},"properties":{"a":{"type":"object",` +
			`"$ref":"#/$defs/a","properties":{}}}`),
			"inputSchema.properties.a: properties beside $ref"},
		"$defs as list": {withRoot(`"$defs":[]`), "$defs must be an object"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := jsondoc.Decode([]byte(tt.schema))
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, p := range schemaProblems(doc, len(tt.schema)) {
				texts = append(texts, p.Error())
			}
			if all := strings.Join(texts, "\n"); !strings.Contains(all, tt.want) {
				t.Errorf("got %q, want %q", all, tt.want)
			}
		})
	}
}

// A schema is never fetched from anywhere, also if the structural check were
// left out.
func TestCompileFetchesNothing(t *testing.T) {
	for _, ref := range []string{"https://example.com/x", "file:///etc/hostname", "other.json"} {
		var doc any
		if err := json.Unmarshal([]byte(`{"$ref":"`+ref+`"}`), &doc); err != nil {
			t.Fatal(err)
		}
		_, err := compileSchema(doc)
		wantError(t, err, errRemoteSchema.Error())
	}
}
