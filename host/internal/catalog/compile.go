package catalog

import (
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaURL names a tool's schema to the validator. It is never fetched; .invalid
// resolves nowhere.
const schemaURL = "https://schema.invalid/tool"

var errRemoteSchema = errors.New("a schema refers to nothing outside itself")

// noLoader replaces the validator's own loader, which reads local files.
type noLoader struct{}

func (noLoader) Load(string) (any, error) {
	return nil, errRemoteSchema
}

// compileSchema compiles an input schema, decoded by jsondoc.Decode, under draft
// 2020-12. The validator's metaschema catches what the structural check leaves
// to it: keywords with values of the wrong kind, patterns that do not compile.
func compileSchema(doc any, vocabularies ...*jsonschema.Vocabulary) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(noLoader{})
	for _, v := range vocabularies {
		compiler.RegisterVocabulary(v)
		compiler.AssertVocabs()
	}
	if err := compiler.AddResource(schemaURL, doc); err != nil {
		return nil, fmt.Errorf("%s: %w", schemaPrefix, err)
	}
	compiled, err := compiler.Compile(schemaURL)
	if err != nil {
		return nil, fmt.Errorf("%s is not a valid schema (draft 2020-12): %w", schemaPrefix, err)
	}
	return compiled, nil
}
