package mcpserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// writeSteps puts what the plugin is to send into its file.
func writeSteps(t *testing.T, file string, steps ...fakeplugin.Step) {
	t.Helper()
	data, err := json.Marshal(steps)
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// sentWrites are the requests that reached the tenant and may have changed it.
func sentWrites(tenant *sandbox.Tenant) []string {
	var all []string
	for _, r := range tenant.Requests() {
		if r.Method != http.MethodGet {
			all = append(all, r.Method+" "+r.Path+" "+string(r.Body))
		}
	}
	return all
}

// A plugin shows one plan and, once it is approved, sends something else. Nothing reaches
// the tenant but the steps that were approved, in their order, and the caller is told.
func TestPluginThatDeviatesFromItsPlan(t *testing.T) {
	t.Parallel()
	patch := func(path, name string) fakeplugin.Step {
		return fakeplugin.Step{Method: "PATCH", Path: path, Body: json.RawMessage(fmt.Sprintf(`{"code":"// %s"}`, name))}
	}
	deploy := func(path string) fakeplugin.Step { return fakeplugin.Step{Method: "POST", Path: path + "/deploy"} }
	approved := func(path string) []fakeplugin.Step {
		return []fakeplugin.Step{patch(path, "first"), deploy(path), patch(path, "second")}
	}
	tests := map[string]struct {
		sent    func(path string) []fakeplugin.Step
		reached int // so many of the approved steps, from the first
	}{
		"as approved": {approved, 3},
		"another order": {func(p string) []fakeplugin.Step {
			return []fakeplugin.Step{patch(p, "first"), patch(p, "second"), deploy(p)}
		}, 1},
		"the end first": {func(p string) []fakeplugin.Step {
			return []fakeplugin.Step{deploy(p), patch(p, "first"), patch(p, "second")}
		}, 0},
		"a step twice": {func(p string) []fakeplugin.Step {
			return []fakeplugin.Step{patch(p, "first"), patch(p, "first"), deploy(p)}
		}, 1},
		"another body": {func(p string) []fakeplugin.Step {
			return []fakeplugin.Step{patch(p, "first"), deploy(p), patch(p, "third")}
		}, 2},
		"one more": {func(p string) []fakeplugin.Step { return append(approved(p), patch(p, "third")) }, 3},
		"another target": {func(p string) []fakeplugin.Step { return []fakeplugin.Step{patch(p+"x", "first"), deploy(p)} },
			0},
		"another method": {func(p string) []fakeplugin.Step {
			s := patch(p, "first")
			s.Method = "PUT"
			return []fakeplugin.Step{s}
		}, 0},
		"another request": {func(string) []fakeplugin.Step {
			return []fakeplugin.Step{{Method: "POST", Path: "/api/v2/clients", Body: json.RawMessage(`{"name":"n"}`)}}
		}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := connectApproving(t, approval.Elicit, `{"elicitation":{}}`)
			path, file := "/api/v2/actions/actions/"+a.anAction(t), filepath.Join(t.TempDir(), "steps")
			writeSteps(t, file, approved(path)...)
			a.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":"w","method":"tools/call","params":{"name":"auth0_ok_write",`+
				`"arguments":{"do":"steps","file":%q}}}`, file))
			id, text := a.asked(t)
			if first := strings.Index(text, "// first"); first < 0 ||
				strings.LastIndex(text, "// second") < strings.Index(text, "POST "+path+"/deploy") {
				t.Fatalf("the question: %s", text)
			}
			writeSteps(t, file, tt.sent(path)...)
			a.send(`{"jsonrpc":"2.0","id":` + id + `,"result":{"action":"accept"}}`)
			o := outcomeOf(t, a.wait(`"w"`))
			var want []string
			for _, s := range approved(path)[:tt.reached] {
				want = append(want, s.Method+" "+s.Path+" "+string(s.Body))
			}
			got := sentWrites(a.tenant)
			if !slices.Equal(got, want) {
				t.Errorf("reached the tenant:\n%q\nwant\n%q", got, want)
			}
			if faithful := name == "as approved"; o.IsError == faithful {
				t.Errorf("%+v", o)
			}
			for _, r := range a.tenant.Requests() {
				made := r.Method != http.MethodGet && r.Processed/100 == 2
				if told := o.Content[len(o.Content)-1].Text; made && !strings.Contains(told, r.Method+" "+r.Path) {
					t.Errorf("%s %s is not told: %s", r.Method, r.Path, told)
				}
			}
			if o.IsError && tt.reached == 0 && !strings.Contains(o.Content[0].Text, "Nothing was changed.") {
				t.Errorf("%s", o.Content[0].Text)
			}
		})
	}
}

// anAction is the id of one of the tenant's Actions.
func (a *approving) anAction(t *testing.T) string {
	t.Helper()
	text, _ := a.call("ok", fakeplugin.Read, `{"do":"request","path":"/api/v2/actions/actions"}`)
	var list struct{ Actions []struct{ ID string } }
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list.Actions) == 0 {
		t.Fatalf("no Actions: %v: %s", err, text)
	}
	return list.Actions[0].ID
}

// A target that another writer changes between two steps of a plan is left as it is.
func TestTargetChangedBetweenSteps(t *testing.T) {
	t.Parallel()
	a := connectApproving(t, approval.Elicit, `{"elicitation":{}}`)
	dir := t.TempDir()
	file, mark, await := filepath.Join(dir, "steps"), filepath.Join(dir, "mark"), filepath.Join(dir, "await")
	first := fakeplugin.Step{Method: "PATCH", Path: a.target, Body: json.RawMessage(`{"description":"first"}`)}
	second := fakeplugin.Step{Method: "PATCH", Path: a.target,
		Body: json.RawMessage(`{"callbacks":["https://second.example/cb"]}`)}
	writeSteps(t, file, first, second)
	a.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":"w","method":"tools/call","params":{"name":"auth0_ok_write",`+
		`"arguments":{"do":"steps","file":%q}}}`, file))
	id, _ := a.asked(t)
	second.Mark, second.Await = mark, await
	writeSteps(t, file, first, second)
	a.send(`{"jsonrpc":"2.0","id":` + id + `,"result":{"action":"accept"}}`)
	within(t, "the second step is next", func() bool { _, err := os.Stat(mark); return err == nil })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "https://"+a.tenant.Domain()+a.target,
		bytes.NewReader([]byte(`{"callbacks":["https://other.example/cb"]}`)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.tenant.Token())
	r.Header.Set("Content-Type", "application/json")
	answer, err := a.tenant.Transport().RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	_ = answer.Body.Close()
	if err := os.WriteFile(await, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := outcomeOf(t, a.wait(`"w"`))
	if got := sentWrites(a.tenant); len(got) != 2 || strings.Contains(strings.Join(got, ""), "second.example") {
		t.Errorf("reached the tenant: %q", got)
	}
	if text := o.Content[0].Text; !o.IsError || !strings.Contains(text, "PATCH "+a.target+" was not sent") ||
		!strings.Contains(text, "This call changed the tenant: PATCH "+a.target+".") {
		t.Errorf("%+v", o)
	}
}

// A call that sends thousands of refused requests has one record, which counts them, and
// none of them reaches the tenant.
func TestRefusedRequestsDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	const many = 5000
	folder := filepath.Join(t.TempDir(), "audit")
	c := connectAudited(t, catalog.Filter{}, folder)
	text, isError := c.call("ok", fakeplugin.Write, fmt.Sprintf(`{"do":"delete","n":%d,"path":"/api/v2/clients/x"}`, many))
	if !isError || !strings.Contains(text, "went beyond what auth0_ok_write declares") ||
		!strings.HasSuffix(text, "Nothing was changed.") {
		t.Errorf("%s", text)
	}
	if n := len(c.tenant.Requests()); n != 0 {
		t.Errorf("%d requests reached the tenant", n)
	}
	records := recorded(t, folder)
	if len(records) != 1 || len(records[0].Counted) != 1 || records[0].Counted[0].Count != many ||
		records[0].Outcome != audit.Refused {
		t.Errorf("%d records, the first: %+v", len(records), records[0])
	}
}

// A plugin that goes beyond what its tool declares is refused each time, nothing
// reaches the tenant, and the user is told although the plugin hides it.
func TestLyingPlugin(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tool         int
		method, path string
	}{
		"a reading tool sends POST":       {fakeplugin.Read, "POST", "/api/v2/clients"},
		"a reading tool sends PATCH":      {fakeplugin.Read, "PATCH", "/api/v2/clients/x"},
		"a reading tool sends DELETE":     {fakeplugin.Read, "DELETE", "/api/v2/clients/x"},
		"a writing tool sends DELETE":     {fakeplugin.Write, "DELETE", "/api/v2/clients/x"},
		"a path that is not declared":     {fakeplugin.Narrow, "GET", "/api/v2/clients"},
		"outside the Management API":      {fakeplugin.Destroy, "POST", "/oauth/token"},
		"climbing out":                    {fakeplugin.Read, "GET", "/api/v2/../../oauth/token"},
		"climbing out, encoded":           {fakeplugin.Read, "GET", "/api/v2/%2e%2e/%2e%2e/oauth/token"},
		"climbing out, encoded twice":     {fakeplugin.Read, "GET", "/api/v2/%252e%252e%252foauth"},
		"climbing out inside a parameter": {fakeplugin.Read, "GET", "/api/v2/clients/x%2F..%2F..%2F..%2Foauth%2Ftoken"},
		"another host":                    {fakeplugin.Read, "GET", "//elsewhere.example/api/v2/clients"},
	}
	c := connect(t, catalog.Filter{}, "ok")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text, isError := c.call("ok", tt.tool, fmt.Sprintf(`{"do":"request","method":%q,"path":%q}`, tt.method, tt.path))
			if !isError || !strings.Contains(text, "went beyond") || !strings.Contains(text, tt.path) {
				t.Errorf("answer: %s", text)
			}
		})
	}
	if reached := c.tenant.Requests(); len(reached) != 0 {
		t.Errorf("reached the tenant: %v", reached)
	}
	if text, isError := c.call("ok", fakeplugin.Narrow, `{"do":"request","path":"/api/v2/logs"}`); isError ||
		!strings.Contains(text, "log_id") {
		t.Errorf("what is declared: %s", text)
	}
}

func TestReadOnlyLetsNoWriteLeave(t *testing.T) {
	t.Parallel()
	c := connect(t, catalog.Filter{ReadOnly: true}, "ok")
	if text, isError := c.call("ok", fakeplugin.Write,
		`{"do":"request","method":"POST","path":"/api/v2/clients"}`); !isError || !strings.Contains(text, "read-only") {
		t.Errorf("a writing tool by its name: %s", text)
	}
	if text, isError := c.call("ok", fakeplugin.Read,
		`{"do":"request","method":"POST","path":"/api/v2/clients"}`); !isError {
		t.Errorf("a lying plugin: %s", text)
	}
	if reached := c.tenant.Requests(); len(reached) != 0 {
		t.Errorf("reached the tenant: %v", reached)
	}
}
