package main

import (
	"bytes"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/tools/internal/reference"
)

// render compiles every schema that managementapi writes, with a library for JSON Schema.
func render() (out []reference.Finding) {
	for o := range managementapi.All() {
		for part, s := range map[string]*managementapi.Schema{"body": o.Body, "answer": o.Answer} {
			if s == nil {
				continue
			}
			if _, err := compile(s); err != nil {
				out = append(out, reference.Finding{At: "json schema " + o.Name() + " " + part, What: err.Error()})
			}
		}
	}
	return out
}

func compile(s *managementapi.Schema) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.JSONSchema()))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("schema.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("schema.json")
}

// agree says where the library's verdict about a value is another than ours.
func agree(s *managementapi.Schema, value any) string {
	compiled, err := compile(s)
	if err != nil {
		return err.Error()
	}
	problems, verdict := s.Check(value), compiled.Validate(value)
	if (len(problems) == 0) != (verdict == nil) {
		return fmt.Sprintf("we say %v, the library %v", problems, verdict)
	}
	return ""
}
