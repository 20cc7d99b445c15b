package catalog

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

const (
	// maxSchemaBytes is more than the largest list of tools that clients handle well.
	maxSchemaBytes = 64 << 10
	// maxSchemaDepth and maxSchemaNodes apply to the schema with every $ref expanded: some clients expand them, and
	// validation walks them.
	maxSchemaDepth = 24
	maxSchemaNodes = 5000

	draft202012  = "https://json-schema.org/draft/2020-12/schema"
	refPrefix    = "#/$defs/"
	schemaPrefix = "inputSchema"
)

// schemaProblems checks the form of an input schema by walking its JSON. It must be an object, closed at every level,
// without what MCP clients refuse (unions in "type", remote references, combinators at the top) and without keywords
// that this check does not know, since it could not tell what they allow. size is the number of bytes as declared.
// doc may be the error of decoding.
func schemaProblems(doc any, size int) []error {
	if err, ok := doc.(error); ok {
		return []error{fmt.Errorf("%s: %w", schemaPrefix, err)}
	}
	if size > maxSchemaBytes {
		return []error{fmt.Errorf("%s of %d bytes: at most %d are allowed", schemaPrefix, size, maxSchemaBytes)}
	}
	root, ok := doc.(map[string]any)
	if !ok {
		return []error{fmt.Errorf("%s must be a JSON object", schemaPrefix)}
	}
	c := schemaChecker{root: root}
	c.defs, _ = root["$defs"].(map[string]any)
	c.checkRoot()
	for _, name := range sortedNames(c.defs) {
		if !isDefinitionName(name) {
			c.report(jsondoc.Path{jsondoc.Member("$defs")}, "the name %s: want letters, digits, _ and -", jsondoc.Quote(name))
		}
		c.checkValue(jsondoc.Path{jsondoc.Member("$defs"), jsondoc.Member(name)}, c.defs[name], false)
	}
	if len(c.problems) == 0 {
		c.checkExpansion()
	}
	return c.problems
}

type schemaChecker struct {
	root     map[string]any
	defs     map[string]any
	problems []error
}

func (c *schemaChecker) report(at jsondoc.Path, format string, args ...any) {
	where := schemaPrefix
	if len(at) > 0 {
		where += "." + at.String()
	}
	c.problems = append(c.problems, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

func (c *schemaChecker) checkRoot() {
	if c.root["type"] != "object" {
		c.report(nil, `the top level must have "type": "object"`)
		return
	}
	if c.root["additionalProperties"] != false {
		c.report(nil, `the top level must have "additionalProperties": false`)
	}
	for _, keyword := range []string{"anyOf", "oneOf", "allOf", "$ref"} {
		if _, ok := c.root[keyword]; ok {
			c.report(nil, "%s at the top level makes some MCP clients drop the whole server", keyword)
		}
	}
	if v, ok := c.root["$schema"]; ok && v != draft202012 {
		c.report(nil, "$schema must be %s", draft202012)
	}
	if v, ok := c.root["$defs"]; ok && c.defs == nil {
		c.report(nil, "$defs must be an object, not %s", kindOf(v))
	}
	properties, _ := c.root["properties"].(map[string]any)
	for _, name := range sortedNames(properties) {
		if name == moreName && foldsMore(properties) {
			c.report(nil, "argument %s: the host adds one of this name, for the arguments that are folded into it", moreName)
		}
		if len(name) > 64 || !isArgumentName(name) {
			const format = "argument %s: some MCP clients refuse names other than 1 to 64 letters, digits, _, - and dots"
			c.report(nil, format, jsondoc.Quote(name))
		}
	}
	c.checkKeywords(nil, c.root, true)
	c.checkObject(nil, c.root, false)
}

// foldsMore reports whether some arguments are given in the argument "more".
func foldsMore(properties map[string]any) bool {
	for _, property := range properties {
		if schema, _ := property.(map[string]any); schema["fold"] == "more" {
			return true
		}
	}
	return false
}

func isArgumentName(s string) bool {
	return s != "" && onlyBytes(s, func(b byte) bool {
		return isASCIILetter(b) || isDigit(b) || b == '_' || b == '-' || b == '.'
	})
}

// checkValue checks the schema of a value. named is true if an enclosing array, map or combinator already has the
// description that a free-form map needs.
func (c *schemaChecker) checkValue(at jsondoc.Path, s any, named bool) {
	schema, ok := s.(map[string]any)
	if !ok {
		c.report(at, "must be a schema object, not %s: it would allow any value", kindOf(s))
		return
	}
	if len(at) > 4*maxSchemaDepth {
		c.report(at, "nested too deep")
		return
	}
	if text, ok := schema["description"].(string); ok && strings.TrimSpace(text) != "" {
		named = true
	}
	c.checkKeywords(at, schema, false)
	if schema["readOnly"] == true {
		return // whatever it is, it is dropped
	}
	_, refers := schema["$ref"]
	switch schema["type"] {
	case "object", "array":
		if refers {
			c.checkReferring(at, schema)
			break
		}
		if schema["type"] == "array" {
			c.checkArray(at, schema, named)
			break
		}
		c.checkObject(at, schema, named)
	case "string", "integer", "number", "boolean", "null":
	case nil:
		c.checkUntyped(at, schema, named)
	default:
		if _, isList := schema["type"].([]any); isList {
			c.report(at, `"type" is a list: write an anyOf, some MCP clients refuse lists`)
		} else {
			c.report(at, `unknown "type"`)
		}
	}
	c.checkCombinators(at, schema, named)
}

// checkReferring checks a schema with a type and a reference. What it refers to is checked there, and holds too.
func (c *schemaChecker) checkReferring(at jsondoc.Path, schema map[string]any) {
	for _, keyword := range []string{"properties", "additionalProperties", "items"} {
		if _, ok := schema[keyword]; ok {
			c.report(at, "%s beside $ref: write it into the definition", keyword)
		}
	}
}

// checkUntyped requires that a schema without a type restricts its values in another way, or says what they are for:
// without any it would allow all.
func (c *schemaChecker) checkUntyped(at jsondoc.Path, schema map[string]any, named bool) {
	if _, ok := schema["properties"]; ok {
		c.report(at, `"properties" without "type": "object" allows every value that is not an object`)
		return
	}
	for _, keyword := range []string{"enum", "const", "anyOf", "oneOf", "allOf", "$ref"} {
		if _, ok := schema[keyword]; ok {
			return
		}
	}
	if !named {
		c.report(at, `has no "type": any value would be allowed, which needs a description that says what it is for`)
	}
}

func (c *schemaChecker) checkObject(at jsondoc.Path, schema map[string]any, named bool) {
	properties, isObject := schema["properties"].(map[string]any)
	if v, ok := schema["properties"]; ok && !isObject {
		c.report(at, "properties must be an object, not %s", kindOf(v))
	}
	for _, name := range sortedNames(properties) {
		c.checkValue(at.With(jsondoc.Member("properties")).With(jsondoc.Member(name)), properties[name], false)
	}
	additional, present := schema["additionalProperties"]
	members, isSchema := additional.(map[string]any)
	switch {
	case !present:
		c.report(at, `an object must have "additionalProperties": false, or be a free-form map`)
	case additional == false:
		for _, name := range stringsIn(schema["required"]) {
			if _, ok := properties[name]; !ok {
				c.report(at, "requires %s, which it does not allow", jsondoc.Quote(name))
			}
		}
	case additional == true, isSchema && len(members) == 0:
		if !named {
			c.report(at, "a free-form map needs a description that says what it is for")
		}
	default:
		c.checkValue(at.With(jsondoc.Member("additionalProperties")), additional, named)
	}
}

func (c *schemaChecker) checkArray(at jsondoc.Path, schema map[string]any, named bool) {
	items, ok := schema["items"]
	if !ok {
		c.report(at, `an array must have "items"`)
		return
	}
	c.checkValue(at.With(jsondoc.Member("items")), items, named)
}

func (c *schemaChecker) checkCombinators(at jsondoc.Path, schema map[string]any, named bool) {
	_, typed := schema["type"]
	for _, keyword := range []string{"anyOf", "oneOf", "allOf"} {
		v, ok := schema[keyword]
		if !ok {
			continue
		}
		branches, ok := v.([]any)
		if !ok || len(branches) == 0 {
			c.report(at, "%s must be a list of schemas", keyword)
			continue
		}
		for i, branch := range branches {
			if typed && onlyRequires(branch) {
				continue // narrows the object around it, opens nothing
			}
			c.checkValue(at.With(jsondoc.Member(keyword)).With(jsondoc.Item(i)), branch, named)
		}
	}
	if v, ok := schema["$ref"]; ok {
		if _, ok := c.target(v); !ok {
			c.report(at, "$ref must be %sNAME with a NAME that exists: a schema refers to nothing outside itself", refPrefix)
		}
	}
}

// target resolves a local reference.
func (c *schemaChecker) target(ref any) (string, bool) {
	text, _ := ref.(string)
	name, ok := strings.CutPrefix(text, refPrefix)
	_, exists := c.defs[name]
	return name, ok && exists
}

func onlyRequires(branch any) bool {
	object, ok := branch.(map[string]any)
	if !ok || len(stringsIn(object["required"])) == 0 {
		return false
	}
	for keyword := range object {
		if keyword != "required" && keyword != "description" {
			return false
		}
	}
	return true
}

// checkKeywords refuses unknown keywords, and text with invisible characters: everything in a schema reaches the model.
func (c *schemaChecker) checkKeywords(at jsondoc.Path, schema map[string]any, root bool) {
	for _, keyword := range sortedNames(schema) {
		value := schema[keyword]
		switch keyword {
		case "$schema", "$defs":
			if !root {
				c.report(at, "%s belongs at the top level", jsondoc.Quote(keyword))
			}
		case "items", "additionalProperties", "anyOf", "oneOf", "allOf":
		case "properties":
			names, _ := value.(map[string]any)
			for _, name := range sortedNames(names) {
				if err := checkText(name, false); err != nil {
					c.report(at, "property %s %v", jsondoc.Quote(name), err)
				}
			}
		case "title", "description", "$comment":
			text, ok := value.(string)
			if !ok || len(text) > maxDescriptionBytes {
				c.report(at, "%s must be a text of at most %d bytes", keyword, maxDescriptionBytes)
			} else if err := checkText(text, keyword != "title"); err != nil {
				c.report(at, "%s %v", keyword, err)
			}
		case "fold":
			if value != true && (value != "more" || len(at) != 2) {
				c.report(at, `fold must be true, or for an argument "more"`)
			}
		case "type", "enum", "const", "$ref", "default", "examples", "deprecated", "readOnly", "writeOnly",
			"format", "pattern", "minLength", "maxLength",
			"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
			"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "required", "dependentRequired":
			if err := checkTexts(value); err != nil {
				c.report(at, "%s %v", keyword, err)
			}
		default:
			c.report(at, "keyword %s: the host cannot tell what it lets through", jsondoc.Quote(keyword))
		}
	}
}

// checkTexts checks every string and key in a JSON value.
func checkTexts(v any) error {
	switch v := v.(type) {
	case string:
		return checkText(v, true)
	case []any:
		for _, item := range v {
			if err := checkTexts(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, key := range sortedNames(v) {
			if err := checkText(key, false); err != nil {
				return err
			}
			if err := checkTexts(v[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkExpansion refuses circular references, and schemas that grow too large when every reference is expanded: twenty
// definitions that each refer twice to the next are a million schemas.
func (c *schemaChecker) checkExpansion() {
	e := expansion{checker: c, done: map[string]extent{}, open: map[string]bool{}}
	total := e.measure(c.root)
	switch {
	case e.circle != "":
		at := jsondoc.Path{jsondoc.Member("$defs"), jsondoc.Member(e.circle)}
		c.report(at, "refers to itself: arguments could be nested without end")
	case total.nodes > maxSchemaNodes, total.depth > maxSchemaDepth:
		const format = "too large with every $ref written out: at most %d schemas, %d levels deep"
		c.report(nil, format, maxSchemaNodes, maxSchemaDepth)
	}
}

type extent struct{ nodes, depth int }

type expansion struct {
	checker *schemaChecker
	done    map[string]extent
	open    map[string]bool
	circle  string
}

func (e *expansion) measure(s any) extent {
	schema, ok := s.(map[string]any)
	if !ok || e.circle != "" {
		return extent{}
	}
	total := extent{nodes: 1}
	add := func(child extent) {
		// Capped: doubling definitions would overflow an int.
		total.nodes = min(total.nodes+child.nodes, maxSchemaNodes+1)
		total.depth = max(total.depth, child.depth)
	}
	if properties, ok := schema["properties"].(map[string]any); ok {
		// Sorted, so that of several circles always the same one is reported.
		for _, name := range sortedNames(properties) {
			add(e.measure(properties[name]))
		}
	}
	for _, keyword := range []string{"items", "additionalProperties"} {
		add(e.measure(schema[keyword]))
	}
	for _, keyword := range []string{"anyOf", "oneOf", "allOf"} {
		branches, _ := schema[keyword].([]any)
		for _, branch := range branches {
			add(e.measure(branch))
		}
	}
	if name, ok := e.checker.target(schema["$ref"]); ok {
		add(e.definition(name))
	}
	total.depth++
	return total
}

func (e *expansion) definition(name string) extent {
	if known, ok := e.done[name]; ok {
		return known
	}
	if e.open[name] {
		e.circle = name
		return extent{}
	}
	e.open[name] = true
	size := e.measure(e.checker.defs[name])
	delete(e.open, name)
	e.done[name] = size
	return size
}

func stringsIn(v any) []string {
	list, _ := v.([]any)
	var texts []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// kindOf names the JSON kind of a decoded value, with its article.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}

func isDefinitionName(name string) bool {
	const most = 100
	return name != "" && len(name) <= most &&
		onlyBytes(name, func(b byte) bool { return isASCIILetter(b) || isDigit(b) || b == '_' || b == '-' })
}
