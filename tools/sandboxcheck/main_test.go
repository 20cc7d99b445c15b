package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// replayed replays requests of one source against the sandbox.
func replayed(t *testing.T, lines ...string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range files() {
		content := ""
		for _, line := range lines {
			if strings.Contains(line, "/api/v2/"+file) {
				content += line + "\n"
			}
		}
		if err := os.WriteFile(filepath.Join(dir, file+".jsonl"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sources, err := readRecordings(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found findings
	for _, all := range sources {
		newReplay(&found).all(t.Context(), all)
	}
	return found.first
}

const (
	made = `{"source":"s","method":"POST","path":"/api/v2/forms","body":{"name":"f"},"status":201,"response":` +
		`{"id":"ap_recorded","name":"f","languages":{"primary":"en"},"ending":{"resume_flow":true},"created_at":"1",` +
		`"updated_at":"1"}}`
	read = `{"source":"s","method":"GET","path":"/api/v2/forms/ap_recorded","body":null,"status":200,"response":` +
		`{"id":"ap_recorded","name":"f","languages":{"primary":"en"},"ending":{"resume_flow":true},"created_at":"1",` +
		`"updated_at":"1"}}`
	removed = `{"source":"s","method":"DELETE","path":"/api/v2/forms/ap_recorded","body":null,"status":204,` +
		`"response":null}`
)

func TestReplayAgrees(t *testing.T) {
	list := `{"source":"s","method":"GET","path":"/api/v2/forms?include_totals=true","body":null,"status":200,` +
		`"response":{"start":0,"limit":50,"total":9,"forms":[]}}`
	if found := replayed(t, made, read, list, removed); len(found) > 0 {
		t.Errorf("differences: %v", found)
	}
	// An object from before the recordings is made first.
	if found := replayed(t, strings.Replace(read, `"name":"f"`, `"name":"older"`, 1), removed); len(found) > 0 {
		t.Errorf("differences: %v", found)
	}
}

func TestReplayFindsDifferences(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"a status", []string{strings.Replace(made, `"status":201`, `"status":200`, 1)}, "POST /api/v2/forms status"},
		{"a value", []string{strings.Replace(made, `"primary":"en"`, `"primary":"de"`, 1)},
			"POST /api/v2/forms languages primary value"},
		{"a member that we lack", []string{strings.Replace(made, `"name":"f","languages"`, `"name":"f","x":1,"languages"`,
			1)},
			"POST /api/v2/forms x missing"},
		{"a member that we add", []string{made, strings.Replace(read, `"languages":{"primary":"en"},`, "", 1)},
			"GET /api/v2/forms/{id} languages more"},
		{"another object", []string{made, strings.Replace(read, `"name":"f"`, `"name":"g"`, 1)},
			"GET /api/v2/forms/{id} name value"},
		{"no operation", []string{strings.Replace(read, "/forms/", "/forms/x/", 1)}, "GET /api/v2/forms/x/ap_recorded"},
		{"an envelope", []string{`{"source":"s","method":"GET","path":"/api/v2/forms","body":null,"status":200,` +
			`"response":{"forms":[]}}`},
			"GET /api/v2/forms envelope"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := replayed(t, test.lines...)
			if _, there := found[test.want]; !there || len(found) != 1 {
				t.Errorf("differences: %v, want %s", found, test.want)
			}
		})
	}
}

const (
	role = `{"source":"s","method":"POST","path":"/api/v2/roles","body":{"name":"Reader"},"status":200,"response":` +
		`{"id":"rol_abcdefghijklmnop","name":"Reader","description":null}}`
	given = `{"source":"s","method":"POST","path":"/api/v2/users/auth0%7Cabcdef0123456789/roles","body":` +
		`{"roles":["rol_abcdefghijklmnop"]},"status":204,"response":null}`
	has = `{"source":"s","method":"GET","path":"/api/v2/users/auth0%7Cabcdef0123456789/roles?include_totals=true",` +
		`"body":null,"status":200,"response":{"start":0,"limit":50,"total":1,"roles":[{"id":"rol_abcdefghijklmnop",` +
		`"name":"Another name","description":null}]}}`
	missing = `{"source":"s","method":"GET","path":"/api/v2/rules/rul_abcdefghijklmnop","body":null,"status":404,"response":` +
		`{"statusCode":404,"error":"Not Found","message":"The rule does not exist","errorCode":"inexistent_rule"}}`
)

// Of most resources the form of an answer is compared, and what a request refers to is made if it is not there.
func TestReplayComparesForms(t *testing.T) {
	if found := replayed(t, role, given, has, missing); len(found) > 0 {
		t.Errorf("differences: %v", found)
	}
	for _, test := range []struct{ name, line, want string }{
		{"a type", strings.Replace(role, `"name":"Reader","description"`, `"name":7,"description"`, 1),
			"POST /api/v2/roles name type"},
		{"a member that we lack", strings.Replace(role, `"description":null`, `"description":null,"x":1`, 1),
			"POST /api/v2/roles x missing"},
		{"a member that we add", strings.Replace(role, `,"description":null`, "", 1),
			"POST /api/v2/roles description more"},
		{"a status", strings.Replace(missing, `"status":404`, `"status":400`, 1), "GET /api/v2/rules/{id} status"},
		{"an error's member", strings.Replace(missing, `,"errorCode":"inexistent_rule"`, "", 1),
			"GET /api/v2/rules/{id} errorCode more"},
		{"what the request gave", `{"source":"s","method":"PATCH","path":"/api/v2/tenants/settings","body":` +
			`{"support_email":null},"status":200,"response":{"support_email":"a@example.com"}}`,
			"PATCH /api/v2/tenants/settings status"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if found := replayed(t, test.line); found[test.want] == "" || len(found) != 1 {
				t.Errorf("differences: %v, want %s", found, test.want)
			}
		})
	}
}
