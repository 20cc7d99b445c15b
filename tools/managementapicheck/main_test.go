package main

import (
	"strings"
	"testing"
)

// Each kind of difference is reported.
func TestRunReports(t *testing.T) {
	var out strings.Builder
	err := run(&out, "testdata", false)
	if err == nil {
		t.Fatal("nothing was found")
	}
	for _, want := range []string{
		"operation GET /api/v2/clients/{id} scopes: ",
		"operation GET /api/v2/rules/{id} lifecycle: GA, the list beta",
		"operation GET /api/v2/invented: we do not have it",
		"operation POST /api/v2/clients: the list does not have it",
		"schema CreateRuleRequestContent.name: we have ",
		"schema CreateRuleRequestContent.order?: we have ",
		`schema CreateRuleRequestContent.invented: we have -, the description "a"|null`,
		"schema GET /api/v2/clients per_page?: we have ",
		"schema GET /api/v2/clients invented?: we have -, the description string",
		"request POST /api/v2/rules body /stage unknown: ",
		"request GET /api/v2/rules query /per_page range: ",
		"request GET /api/v2/rules query /invented unknown: ",
		"request GET /api/v2/invented/a: there is no such operation",
		"request POST /api/v2/roles body: is required",
		"answer POST /api/v2/rules /invented unknown: ",
		"known.txt: nothing is ",
		"6 recordings with 1 bodies",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not reported: %s", want)
		}
	}
	for _, unwanted := range []string{"nonsense", "json schema ", " library: "} {
		if strings.Contains(out.String(), unwanted) {
			t.Errorf("reported: %s", unwanted)
		}
	}
}

func TestSuggest(t *testing.T) {
	var out strings.Builder
	if err := run(&out, "testdata", true); err != nil {
		t.Fatal(err)
	}
	want := "CreateRuleRequestContent.name: string(3..9)\n"
	if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "invented") {
		t.Error(out.String())
	}
}
