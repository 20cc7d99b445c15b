package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const clientSchema = `{
	"type": "object", "additionalProperties": false, "required": ["name"],
	"properties": {
		"name": {"type": "string", "minLength": 1, "maxLength": 20},
		"id": {"type": "string", "pattern": "^[a-z]+$"},
		"per_page": {"type": "integer", "minimum": 1, "maximum": 100},
		"ratio": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
		"step": {"type": "integer", "multipleOf": 5},
		"share": {"type": "number", "minimum": 0.5},
		"cap": {"type": "integer", "maximum": 9},
		"enabled": {"type": "boolean"},
		"app_type": {"type": "string", "enum": ["native", "spa", "regular_web"]},
		"grant": {"enum": ["urn:ietf:params:oauth:grant-type:device_code"]},
		"kind": {"const": "fixed"},
		"callbacks": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3, "uniqueItems": true},
		"flags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
		"items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
		"jwt_configuration": {"type": "object", "additionalProperties": false, "required": ["alg"], "properties": {
			"alg": {"enum": ["RS256", "HS256"]}, "lifetime": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"type": "null"}]}}},
		"metadata": {"type": "object", "description": "Anything.", "additionalProperties": true},
		"labels": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 3}, "minProperties": 1},
		"nullable_map": {"description": "Anything.", "anyOf": [{"type": "object", "additionalProperties": true}, {"type": "null"}]},
		"nullable_enum": {"anyOf": [{"enum": ["x", "y"]}, {"type": "null"}]},
		"client_secret": {"type": "string", "minLength": 10},
		"secrets": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
			"name": {"type": "string"}, "value": {"type": "string", "maxLength": 5}}}},
		"token_lifetime": {"type": "integer"},
		"token_kind": {"enum": ["opaque", "jwt"]},
		"password": {"anyOf": [{"type": "string", "pattern": "^[0-9]+$"}, {"type": "null"}]},
		"who": {"type": "object", "additionalProperties": false, "properties": {"id": {"type": "string"}, "email": {"type": "string"}, "a": {"type": "string"}, "b": {"type": "string"}},
			"anyOf": [{"required": ["id"]}, {"required": ["email", "a"]}], "dependentRequired": {"a": ["b"]}},
		"node": {"oneOf": [
			{"type": "object", "additionalProperties": false, "required": ["type", "url"], "properties": {"type": {"const": "fetch"}, "url": {"type": "string"}}},
			{"type": "object", "additionalProperties": false, "required": ["type", "text"], "properties": {"type": {"const": "show"}, "text": {"type": "string"}}}]},
		"overlap": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
		"pick": {"$ref": "#/$defs/item"}
	},
	"$defs": {"item": {"type": "object", "additionalProperties": false, "properties": {"size": {"type": "integer", "minimum": 1}}}}
}`

func toolWith(effect pluginv1.Effect, schema string) *Tool {
	m := aTool("auth0_x", effect)
	m.InputSchema = json.RawMessage(schema)
	p := &Plugin{Manifest: aManifest("things", m)}
	return newTool(p, m)
}

func TestTheTestSchemaIsOneThatTheHostAccepts(t *testing.T) {
	if err := ValidateManifest(toolWith(pluginv1.EffectRead, clientSchema).Plugin.Manifest); err != nil {
		t.Fatal(err)
	}
}

func TestCheckArgumentsAccepts(t *testing.T) {
	tool := toolWith(pluginv1.EffectRead, clientSchema)
	for _, in := range []string{
		`{"name":"a"}`,
		` { "name" : "a" , "per_page" : 100 } `,
		`{"name":"a","per_page":1.0,"step":1e1}`,
		`{"name":"a","ratio":0.99999999999999999999999999999999999}`,
		`{"name":"日本語","metadata":{"n":123456789012345678901234567890,"deep":[[{"x":null}]],"":1,"A":1,"a":2}}`,
		`{"name":"a","nullable_map":null,"nullable_enum":null,"jwt_configuration":{"alg":"RS256","lifetime":null}}`,
		`{"name":"a","who":{"id":"x"},"node":{"type":"show","text":"t"},"items":[{},{"size":2}]}`,
		`{"name":"[REDACTED]"}`, // a reading tool may look for it
	} {
		if err := tool.check(json.RawMessage(in)); err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
	without := toolWith(pluginv1.EffectDestroy, emptySchema)
	for _, in := range []json.RawMessage{nil, {}, json.RawMessage(" \n"), json.RawMessage("{}")} {
		if err := without.check(in); err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestCheckArgumentsWording(t *testing.T) {
	tool := toolWith(pluginv1.EffectRead, clientSchema)
	valid := "valid here: app_type, callbacks, cap, client_secret, enabled, flags, grant, id, items, " +
		"jwt_configuration, kind, labels, metadata, name, " +
		"node, nullable_enum, nullable_map, overlap, password, per_page, pick, ratio, secrets, share, step, token_kind, " +
		"token_lifetime, who"
	long := strings.Repeat("x", 50)
	for _, tt := range []struct{ in, want string }{
		// missing and unknown
		{`{}`, `missing required argument "name"`},
		{`{"name":"a","jwt_configuration":{}}`, `missing required argument "jwt_configuration.alg"`},
		{`{"name":"a","foo":1}`, `unknown argument "foo"; ` + valid},
		{`{"name":"a","perPage":1}`, `unknown argument "perPage"; did you mean "per_page"?`},
		{`{"name":"a","a b\u202e":1}`, `unknown argument "a b\u202e"; ` + valid},
		{`{"name":"a","` + long + `":1}`, `unknown argument "` + long[:40] + `"…; ` + valid},
		{`{"name":"a","perpage":1,"xyzzy":2}`, `unknown arguments "perpage" (did you mean "per_page"?), "xyzzy"; ` + valid},
		{`{"name":"a","jwt_configuration":{"alg":"RS256","algo":"x"}}`,
			`unknown argument "jwt_configuration.algo"; did you mean "alg"? valid here: alg, lifetime`},
		{`{"name":"a","items":[{},{"siez":1}]}`, `unknown argument "items[1].siez"; did you mean "size"? valid here: size`},
		// types
		{`{"name":"a","per_page":"abc"}`, `per_page must be an integer from 1 to 100, not a string ("abc")`},
		{`{"name":"a","per_page":"` + long + `"}`,
			`per_page must be an integer from 1 to 100, not a string ("` + long[:40] + `"…)`},
		{`{"name":"a","per_page":1.5}`, `per_page must be an integer from 1 to 100, not 1.5`},
		{`{"name":"a","items":[null]}`, `items[0] must be an object, not null; leave it out to keep what is there`},
		{`{"name":null}`, `missing required argument "name"`},
		{`{"name":"a","per_page":true}`, `per_page must be an integer from 1 to 100, not true`},
		{`{"name":["a"]}`, `name must be a string of 1 to 20 characters, not an array`},
		{`{"name":"a","enabled":"true"}`, `enabled must be true or false, not a string ("true")`},
		{`{"name":"a","callbacks":"https://a"}`,
			`callbacks must be an array of strings with 1 to 3 items, not a string ("https://a")`},
		{`{"name":"a","callbacks":["x",3]}`, `callbacks[1] must be a string, not 3`},
		{`{"name":"a","flags":{}}`, `flags must be an array of values that are each one of "a", "b", not an object`},
		{`{"name":"a","items":5}`, `items must be an array in which each item is an object, not 5`},
		{`{"name":"a","jwt_configuration":"{\"alg\":\"RS257\"}"}`,
			`jwt_configuration must be an object, not a string that holds JSON: give the value itself,` +
				` without quotes around it`},
		{`{"name":"a","pick":7}`, `pick must be an object, not 7`},
		// ranges and sizes
		{`{"name":"a","per_page":0}`, `per_page must be an integer from 1 to 100, not 0`},
		{`{"name":"a","per_page":12345678901234567890123456789012345678901234567890}`,
			`per_page must be an integer from 1 to 100, not 1234567890123456789012345678901234567890…`},
		{`{"name":"a","ratio":1}`, `ratio must be a number greater than 0 less than 1, not 1`},
		{`{"name":"a","share":0.25}`, `share must be a number of at least 0.5, not 0.25`},
		{`{"name":"a","cap":10}`, `cap must be an integer of at most 9, not 10`},
		{`{"name":"a","step":7}`, `step must be an integer that is a multiple of 5, not 7`},
		{`{"name":""}`, `name must be a string of 1 to 20 characters, not one of 0`},
		{`{"name":"` + long + `"}`, `name must be a string of 1 to 20 characters, not one of 50`},
		{`{"name":"a","callbacks":[]}`, `callbacks must be an array of strings with 1 to 3 items, not one with 0`},
		{`{"name":"a","callbacks":["a","b","a"]}`, `callbacks[0] and callbacks[2] are equal: each item may be given once`},
		{`{"name":"a","labels":{}}`, `labels must be an object with at least 1 member, not one with 0`},
		{`{"name":"a","labels":{"a":"long"}}`, `labels.a must be a string of at most 3 characters, not one of 4`},
		{`{"name":"a","items":[{"size":0}]}`, `items[0].size must be an integer of at least 1, not 0`},
		{`{"name":"a","id":"A1"}`, `id must be a string that matches ^[a-z]+$, not "A1"`},
		// choices
		{`{"name":"a","app_type":"sap"}`,
			`app_type must be one of "native", "spa", "regular_web", not "sap"; did you mean "spa"?`},
		{`{"name":"a","app_type":"desktop"}`, `app_type must be one of "native", "spa", "regular_web", not "desktop"`},
		{`{"name":"a","app_type":5}`, `app_type must be one of "native", "spa", "regular_web", not 5`},
		{`{"name":"a","grant":"implicit"}`, `grant must be "urn:ietf:params:oauth:grant-type:device_code", not "implicit"`},
		{`{"name":"a","kind":"loose"}`, `kind must be "fixed", not "loose"`},
		{`{"name":"a","flags":["a","c"]}`, `flags[1] must be one of "a", "b", not "c"`},
		{`{"name":"a","jwt_configuration":{"alg":"RS256","lifetime":"x"}}`,
			`jwt_configuration.lifetime must be an integer from 1 to 9 or null, not a string ("x")`},
		{`{"name":"a","jwt_configuration":{"alg":"RS256","lifetime":10}}`,
			`jwt_configuration.lifetime must be an integer from 1 to 9, not 10`},
		{`{"name":"a","nullable_enum":"z"}`, `nullable_enum must be one of "x", "y" or null, not a string ("z")`},
		{`{"name":"a","nullable_map":"{\"secret\":\"hunter2\",\"secret\":1}"}`,
			`nullable_map must be an object or null, not a string that holds JSON`},
		{`{"name":"a","who":{}}`, `who needs "id" or "email" and "a"`},
		{`{"name":"a","who":{"id":"x","a":"y"}}`, `missing argument "who.b": it is required together with "who.a"`},
		{`{"name":"a","node":{"type":"show","url":"u","text":"t"}}`, `unknown argument "node.url"; valid here: text, type`},
		{`{"name":"a","node":{"type":"fetch"}}`, `missing required argument "node.url"`},
		{`{"name":"a","node":{"type":"show","url":"u","x":1}}`, "missing required argument \"node.text\"\nunknown " +
			"arguments \"node.url\", \"node.x\"; valid here: text, type"},
		{`{"name":"a","node":4}`, `node must be an object, not 4`},
		{`{"name":"a","overlap":4}`, `overlap fits more than one of the forms allowed here, and must fit exactly one`},
		{`{"name":"a","overlap":"x"}`, `overlap must be an integer or a number, not a string ("x")`},
		{`{"name":"a","kind":{"a":1}}`, `kind must be "fixed", not an object`},
		{`{"name":"a","node":{"type":"other","text":"t"}}`, `node.type must be "fetch" or "show", not "other"`},
		// secrets are never repeated
		{`{"name":"a","client_secret":"hunter2"}`, `client_secret must be a string of at least 10 characters`},
		{`{"name":"a","client_secret":99887766}`, `client_secret must be a string of at least 10 characters, not a number`},
		{`{"name":"a","secrets":"hunter2"}`, `secrets must be an array of objects, not a string`},
		{`{"name":"a","secrets":[{"name":5,"value":"hunter2"}]}`, "secrets[0].name must be a string, not a " +
			"number\nsecrets[0].value must be a string of at most 5 characters"},
		{`{"name":"a","token_lifetime":"hunter2"}`, `token_lifetime must be an integer, not a string`},
		{`{"name":"a","enabled":"{\"password\":\"hunter2\"}"}`,
			`enabled must be true or false, not a string that holds JSON`},
		{`{"name":"a","id":"{\"password\":\"hunter2\"}"}`,
			`id must be a string that matches ^[a-z]+$, not a string that holds JSON`},
		{`{"name":"a","token_kind":"hunter2"}`, `token_kind must be one of "opaque", "jwt"`},
		{`{"name":"a","password":"hunter2"}`, `password must be a string that matches ^[0-9]+$`},
		{`{"name":"a","password":99887766}`, `password must be a string that matches ^[0-9]+$ or null, not a number`},
		// the document itself
		{`[]`, `the arguments must be a JSON object, not an array`},
		{`null`, `missing required argument "name"`},
		{`"x"`, `the arguments must be a JSON object, not a string`},
		{`{"name":"a"`, `the arguments are refused: not valid JSON at byte 11`},
		{`{"name":"a","name":"b"}`, `name: the key is given twice`},
		{`{"name":"a","metadata":{"x":[{"y":1,"y":2}]}}`, `metadata.x[0].y: the key is given twice`},
		{`{"name":"a","per_page":1e999999}`, `per_page: a number with an exponent beyond 400`},
		{`{"name":"a","metadata":` + strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70) + `}`,
			`metadata` + strings.Repeat(".a", 64) + `: nested deeper than 64 levels`},
		{`{"name":"a"}` + strings.Repeat(" ", maxArgumentBytes), `the arguments are larger than 1048576 bytes`},
		// several at once, in order
		{`{"per_page":0,"enabled":1,"callbacks":[2,1]}`, "callbacks[0] must be a string, not 2\ncallbacks[1] must be a " +
			"string, not 1\nenabled must be true or false, not 1\nmissing required argument \"name\"\nper_page must be an " +
			"integer from 1 to 100, not 0"},
	} {
		err := tool.check(json.RawMessage(tt.in))
		var typed *ArgumentError
		if !errors.As(err, &typed) {
			t.Errorf("%.100s: got %v, want an *ArgumentError", tt.in, err)
			continue
		}
		var texts []string
		for _, p := range typed.Problems {
			texts = append(texts, p.Text)
		}
		got := strings.Join(texts, "\n")
		if got != tt.want {
			t.Errorf("%.100s\ngot  %s\nwant %s", tt.in, got, tt.want)
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "99887766") {
			t.Errorf("%s: a secret is repeated: %v", tt.in, err)
		}
	}
}

// Of a value with a type of its own, such as a form's component, what does not fit is told of its type; where the type
// itself does not fit, all that there are.
func TestFormsAreToldByTheirConstants(t *testing.T) {
	form := func(category, kind, config string) string {
		return closed(`"category":{"enum":["` + category + `"]},"type":{"enum":["` + kind + `"]},"config":` + closed(config))
	}
	tool := toolWith(pluginv1.EffectRead, closed(`"parts":{"type":"array","items":{"anyOf":[`+
		form("BLOCK", "LINE", `"text":{"type":"string"}`)+`,`+form("BLOCK", "HTML", `"content":{"type":"string"}`)+`,`+
		form("FIELD", "TEXT", `"max":{"type":"integer"}`)+`,`+form("FIELD", "DATE", `"format":{"type":"string"}`)+`]}}`))
	for in, want := range map[string]string{
		`{"category":"FIELD","type":"TEXT","config":{"format":"x"}}`: `unknown argument "parts[0].config.format"; valid ` +
			`here: max`,
		`{"category":"FIELD","type":"TEXTT"}`: `parts[0].type must be "DATE" or "TEXT",` +
			` not "TEXTT"; did you mean "TEXT"?`,
		`{"category":"BLOCK","type":"DATE"}`: `parts[0].category must be "FIELD", not "BLOCK"`,
		`{"type":"NONE"}`: `parts[0].type must be one of "DATE", "HTML", "LINE",` +
			` "TEXT", not "NONE"`,
	} {
		err := tool.check(json.RawMessage(`{"parts":[` + in + `]}`))
		if err == nil || !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("%s\ngot  %v\nwant %s", in, err, want)
		}
	}
}

func TestCheckArgumentsOfAToolWithoutAny(t *testing.T) {
	err := toolWith(pluginv1.EffectRead, emptySchema).check(json.RawMessage(`{"a":1}`))
	wantError(t, err, `invalid arguments for auth0_x: unknown argument "a"; this tool takes no arguments`)
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprintf(`"x%02d":1`, i)
	}
	err = toolWith(pluginv1.EffectRead, emptySchema).check(json.RawMessage("{" + strings.Join(many, ",") + "}"))
	wantError(t, err, `unknown arguments "x00", "x01"`, `"x19", … (30 in all); this tool takes no arguments`)
	err = toolWith(pluginv1.EffectRead, closed(`"a":`+emptySchema)).check(json.RawMessage(`{"a":{"b":1}}`))
	wantError(t, err, `unknown argument "a.b"; nothing is valid here`)
}

func TestArgumentErrorText(t *testing.T) {
	err := &ArgumentError{Tool: "auth0_x", Problems: []ArgumentProblem{{"a", "a is wrong"}, {"b", "b is wrong"}}}
	if got, want := err.Error(), "invalid arguments for auth0_x, 2 problems:\n- a is wrong\n- b is wrong"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var many []string
	for range 30 {
		many = append(many, "1")
	}
	got := toolWith(pluginv1.EffectRead, closed(`"list":{"type":"array","items":{"type":"string"}}`)).
		check(json.RawMessage(`{"list":[` + strings.Join(many, ",") + `]}`)).Error()
	if strings.Count(got, "\n") != 21 || !strings.HasSuffix(got, "\n- … and 10 more") ||
		!strings.Contains(got, "30 problems") {
		t.Errorf("got %s", got)
	}
	if strings.Index(got, "list[2]") > strings.Index(got, "list[10]") {
		t.Errorf("indices are not in order: %s", got)
	}
}

func TestRedactedArguments(t *testing.T) {
	// Not "leave it out": an item of a list that is replaced would lose its secret.
	const rest = ", which names no stored value, so that sending it back would overwrite the real one: read it again " +
		"and " +
		"send the marker of that answer, which looks like [REDACTED:k7q2m9xa], or give a new value"
	for _, effect := range []pluginv1.Effect{pluginv1.EffectWrite, pluginv1.EffectDestroy} {
		tool := toolWith(effect, clientSchema)
		for in, want := range map[string][]ArgumentProblem{
			`{"name":"[REDACTED]"}`: {{"name", "name contains [REDACTED]" + rest}},
			`{"name":"a","metadata":{"a":[{"b":"x [REDACTED] y"}],"pre[REDACTED]":1}}`: {
				{"metadata.a[0].b", "metadata.a[0].b contains [REDACTED]" + rest},
				{`metadata["pre[REDACTED]"]`,
					`metadata["pre[REDACTED]"] has a key that contains the marker of a hidden value: leave it out`}},
			`{"name":"\u005bREDACTED]","enabled":1}`: {
				{"name", "name contains [REDACTED]" + rest}, {"enabled", "enabled must be true or false, not 1"}},
		} {
			var typed *ArgumentError
			if err := tool.check(json.RawMessage(in)); !errors.As(err, &typed) {
				t.Errorf("%s: got %v", in, err)
			} else if diff := cmp.Diff(want, typed.Problems); diff != "" {
				t.Errorf("%s: %s", in, diff)
			}
		}
		if err := tool.check(json.RawMessage(`{"name":"REDACTED [redacted]"}`)); err != nil {
			t.Errorf("a text that is not the marker: %v", err)
		}
	}
}

// The validator walks objects in random order; callers compare and cache texts.
func TestArgumentErrorsAreDeterministic(t *testing.T) {
	tool := toolWith(pluginv1.EffectWrite, clientSchema)
	in := json.RawMessage(`{"per_page":0,"enabled":1,"x":1,"y":2,"jwt_configuration":{"z":1},"node":{"type":"?"},` +
		`"labels":{"A":1,"B":2},"metadata":{"b":"[REDACTED]","a":"[REDACTED]"}}`)
	first := tool.check(in).Error()
	for range 50 {
		if again := tool.check(in).Error(); again != first {
			t.Fatalf("first %s\nagain %s", first, again)
		}
	}
}

func TestCheckArgumentsConcurrently(t *testing.T) {
	tool := toolWith(pluginv1.EffectWrite, clientSchema)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := tool.check(json.RawMessage(`{"name":"a"}`)); err != nil {
				t.Error(err)
			}
			err := tool.check(json.RawMessage(fmt.Sprintf(`{"name":"a","per_page":%d}`, 1000+i)))
			if err == nil || !strings.Contains(err.Error(), fmt.Sprint(1000+i)) {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
}

func TestCheckArgumentsWithAFaultySchema(t *testing.T) {
	for _, schema := range []string{`{"type":`, `{"type":"object","properties":{"a":{"pattern":"("}}}`} {
		err := toolWith(pluginv1.EffectRead, schema).check(nil)
		wantError(t, err, "tool auth0_x of plugin things cannot be called, its manifest is faulty: inputSchema")
		var typed *ArgumentError
		if errors.As(err, &typed) {
			t.Error("the caller is blamed for the plugin's mistake")
		}
	}
}

func FuzzCheckArguments(f *testing.F) {
	for _, s := range []string{
		``, `{}`, `{"name":"a"}`, `{"name":1,"foo":{"a":[1,"x"]},"node":{"type":"show"}}`,
		`{"name":"a","secrets":[{"name":1,"value":"long value"}]}`,
		`{"name":"a","per_page":1e400,"labels":{"A":"[REDACTED]"}}`,
		`{"name":"a","who":{"a":"x"},"callbacks":["a","a"],"overlap":1}`,
		`{"name":"a","more":{"cap":3,"made":1},"items":"[{}]","per_page":null}`, `{"name":"a","more":"{\"cap\":3}","cap":1}`,
	} {
		f.Add([]byte(s))
	}
	schema := strings.Replace(clientSchema, `"enabled":`, `"kind2": {"type": "string", "fold": "more"}, "enabled":`, 1)
	schema = strings.Replace(schema, `"cap": {`, `"made": {"readOnly": true}, "cap": {"fold": "more", `, 1)
	writer, reader := toolWith(pluginv1.EffectWrite, schema), toolWith(pluginv1.EffectRead, schema)
	f.Fuzz(func(t *testing.T, raw []byte) {
		meant, err := writer.CheckArguments(raw)
		var typed *ArgumentError
		if err != nil && !errors.As(err, &typed) {
			t.Fatalf("not an *ArgumentError: %v", err)
		}
		if err == nil {
			if again, err := writer.CheckArguments(meant); err != nil || string(again) != string(meant) {
				t.Errorf("%q is meant as %q, which is meant as %q (%v)", raw, meant, again, err)
			}
			if readErr := reader.check(raw); readErr != nil {
				t.Errorf("a reading tool refuses what a writing one accepts: %v", readErr)
			}
			var plain map[string]any
			if len(strings.TrimSpace(string(raw))) > 0 && json.Unmarshal(raw, &plain) != nil {
				t.Errorf("accepted %q, which is not a JSON object", raw)
			}
			return
		}
		for _, p := range typed.Problems {
			if p.Text == "" || strings.Contains(p.Text, anyValue) || checkText(p.Text, false) != nil &&
				!strings.Contains(p.Text, "\uFFFD") {
				t.Errorf("%q: unreadable: %q", raw, p.Text)
			}
		}
		if again := writer.check(raw); again == nil || again.Error() != err.Error() {
			t.Errorf("first %v, then %v", err, again)
		}
	})
}

// check is CheckArguments for tests that look at its error alone.
func (t *Tool) check(raw json.RawMessage) error {
	_, err := t.CheckArguments(raw)
	return err
}
