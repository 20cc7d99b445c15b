package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

func TestTablesAreWellFormed(t *testing.T) {
	tables, err := readTables()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(tables.operations); n < 400 {
		t.Errorf("%d operations", n)
	}
	if n, m := len(tables.secrets), len(tables.destinations); n < 100 || m < 50 {
		t.Errorf("%d rows of secrets, %d of destinations", n, m)
	}
}

func TestParseOperation(t *testing.T) {
	row, err := parseOperation(`POST /api/v2/a/{id} read:a,write:a EA adds optional once=x,y merge=m ` +
		`body={a:string b?:integer(1..)} answer=- query={q?:string}`)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case row.method != "POST" || row.path != "/api/v2/a/{id}" || row.lifecycle != managementapi.EA,
		!slices.Equal(row.scopes, []string{"read:a", "write:a"}),
		!row.adds || !row.optional || row.destroy,
		!slices.Equal(row.once, []string{"x", "y"}) || !slices.Equal(row.merge, []string{"m"}),
		row.body != "{a:string b?:integer(1..)}" || row.answer != "-" || row.query != "{q?:string}":
		t.Errorf("%+v", row)
	}
	for _, line := range []string{"POST /a scope", "POST /a scope GA nonsense", "POST /a scope GA a=b"} {
		if row, err := parseOperation(line); err == nil {
			t.Errorf("%s: %+v", line, row)
		}
	}
}

func TestAddTypeRefuses(t *testing.T) {
	tables := &tables{types: map[string]*managementapi.Schema{}, parts: map[string][]partRow{}}
	if err := tables.addType("A: string"); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"A: string", "A", "B: strin", "B.c: ", "GET /a b: {"} {
		if err := tables.addType(line); err == nil {
			t.Errorf("%s is taken", line)
		}
	}
}

// mark runs the marks over one definition, and returns it and what was wrong.
func mark(t *testing.T, notation string, rows ...string) (string, error) {
	t.Helper()
	schema, err := managementapi.ParseSchema(notation)
	if err != nil {
		t.Fatal(err)
	}
	tables := &tables{}
	for _, line := range rows {
		row, err := parseMark(line)
		if err != nil {
			t.Fatal(err)
		}
		tables.secrets = append(tables.secrets, row)
	}
	a := &assembler{tables: tables, definitions: map[string]*managementapi.Schema{"Thing": schema}}
	a.mark()
	return schema.String(), errors.Join(a.errs...)
}

func TestMarks(t *testing.T) {
	for _, test := range []struct {
		notation string
		rows     []string
		want     string
	}{
		{`{a?:string}`, []string{"Thing.a r"}, `{a?!:string}`},
		{`{a?:[{b?:string}]}`, []string{"Th*.b r"}, `{a?:[{b?!:string}]}`},
		{`{a:string ab:string}`, []string{"*.a* r", "- *.ab r"}, `{a!:string ab:string}`},
		{`{a:string ab:string}`, []string{"- *.a* r", "*.ab r"}, `{a:string ab!:string}`},
		{`{a:string ...string}`, []string{"Thing.... r"}, `{a:string ...!string}`},
	} {
		if got, err := mark(t, test.notation, test.rows...); err != nil || got != test.want {
			t.Errorf("%s %v: %s %v", test.notation, test.rows, got, err)
		}
	}
}

// A member that sounds secret needs a row, and a row that marks nothing is an error.
func TestMarksMustBeDecided(t *testing.T) {
	for _, notation := range []string{
		`{api_token?:string}`, `{a:{clientSecret:string|null}}`, `{password?:any}`, `{keys?:string secrets:[string]}`,
		`{ticket:{...string}}`,
	} {
		if _, err := mark(t, notation); err == nil || !strings.Contains(err.Error(), "no row decides") {
			t.Errorf("%s: %v", notation, err)
		}
	}
	for _, notation := range []string{
		`{token_lifetime:integer}`, `{password:boolean}`, `{secret:"a"|"b"}`, `{ticket:{a:string}}`, `{name:string}`,
		`{token_at:string(format=date-time)}`,
	} {
		if _, err := mark(t, notation); err != nil {
			t.Errorf("%s: %v", notation, err)
		}
	}
	if _, err := mark(t, `{a:string}`, "Thing.b r"); err == nil {
		t.Error("a row that matches nothing is taken")
	}
	for _, line := range []string{"Thing.a", "Thing r", "- Thing.a"} {
		if _, err := parseMark(line); err == nil {
			t.Errorf("%s is taken", line)
		}
	}
}
