package catalog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// manyForms is a schema of a list whose items have one of 24 forms, told by two members.
func manyForms() string {
	var forms []string
	for i := range 24 {
		forms = append(forms,
			fmt.Sprintf(`{"type":"object","additionalProperties":false,"required":["id","category","type"],`+
				`"properties":{"id":{"type":"string"},"category":{"enum":["C%d"]},"type":{"const":"T%d"},`+
				`"n%d":{"type":"integer"}}}`,
				i%3, i, i))
	}
	return closed(`"parts":{"type":"array","items":{"anyOf":[` + strings.Join(forms, ",") + `]}}`)
}

// What is checked by its tags alone is told as what is compared with every form.
func TestManyForms(t *testing.T) {
	tool := toolWith(pluginv1.EffectWrite, manyForms())
	for in, want := range map[string]string{
		`{"id":"a","category":"C1","type":"T4","n4":1}`: "",
		`{"id":"a","category":"C1","type":"T4","n5":1}`: `unknown argument "parts[0].n5"; valid here: category, id, n4,` +
			` type`,
		`{"id":"a","category":"C1","type":"T4","n4":"x"}`: `parts[0].n4 must be an integer, not a string ("x")`,
		`{"category":"C1","type":"T4"}`:                   `missing required argument "parts[0].id"`,
		`{"id":"a","category":"C2","type":"T4"}`:          `parts[0].category must be "C1", not "C2"`,
		`{"id":"a","category":"C7","type":"T44"}`:         `parts[0].category must be one of "C0", "C1", "C2", not "C7"`,
		`{"id":"a","category":"C1"}`:                      `parts[0] needs "type"`,
		`{}`:                                              `parts[0] needs "category" and "type"`,
		`7`:                                               `parts[0] must be an object, not 7`,
		`{"id":"a","category":"C1","type":4}`:             `parts[0].type must be one of`,
	} {
		err := tool.check(json.RawMessage(`{"parts":[` + in + `]}`))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), ": "+want)) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
	if err := ValidateManifest(tool.Plugin.Manifest); err != nil {
		t.Error(err)
	}
}

// Of many problems the first are told, always the same, and all are counted.
func TestManyProblems(t *testing.T) {
	tool := toolWith(pluginv1.EffectWrite, manyForms())
	raw := json.RawMessage(`{"parts":[` + strings.Repeat(`{},`, 5_000) + `{}]}`)
	first := tool.check(raw).Error()
	for _, want := range []string{"5001 problems:\n- parts[0] needs", "\n- parts[19] needs", "… and 4981 more"} {
		if !strings.Contains(first, want) {
			t.Errorf("no %q in %.2000s", want, first)
		}
	}
	for range 5 {
		if again := tool.check(raw).Error(); again != first {
			t.Errorf("first %.500s, then %.500s", first, again)
		}
	}
}

// The worst that fits into the limits must not hold up the host for long, whatever the schema is.
func BenchmarkCheckLargestForms(b *testing.B) {
	tool := toolWith(pluginv1.EffectWrite, manyForms())
	raw := json.RawMessage(`{"parts":[` + strings.Repeat(`{},`, 49_000) + `{}]}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := tool.check(raw); err == nil {
			b.Fatal("accepted")
		}
	}
}
