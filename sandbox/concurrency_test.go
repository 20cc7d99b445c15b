package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Readers and writers of everything at once: the race detector is the judge, and
// nothing may be lost.
func TestConcurrentUse(t *testing.T) {
	tenant := New(Options{BuildTime: -1})
	const workers, rounds = 8, 12
	var wait sync.WaitGroup
	for worker := range workers {
		wait.Go(func() {
			c := caller{t, tenant, tenant.Token()}
			for round := range rounds {
				name := fmt.Sprintf("w%d-%d", worker, round)
				c.steps(name)
			}
		})
	}
	wait.Go(func() {
		for range rounds {
			tenant.AddLog(map[string]any{"type": "s"})
			tenant.Fail(FaultRule{Path: "/nowhere", Status: 500, Latency: time.Millisecond})
			_ = tenant.Requests()
			_ = tenant.Token("read:logs")
		}
		tenant.ClearFaults()
	})
	wait.Wait()

	c := caller{t, tenant, tenant.Token()}
	c.get("/api/v2/resource-servers?include_totals=true").want(200).is(number(7+workers*rounds).String(), "total")
	c.get("/api/v2/forms?include_totals=true").want(200).is("5", "total")
	c.get("/api/v2/clients?include_totals=true").want(200).is("14", "total")
}

// steps takes one of each thing through its life. It may run on any goroutine, so
// it reports with Errorf alone.
func (c caller) steps(name string) {
	try := func(method, path, body string, want int) string {
		request, err := http.NewRequestWithContext(c.t.Context(), method, "https://x/api/v2/"+path, strings.NewReader(body))
		if err != nil {
			c.t.Error(err)
			return ""
		}
		request.Header.Set("Authorization", "Bearer "+c.token)
		response, err := c.tenant.Transport().RoundTrip(request)
		if err != nil {
			c.t.Error(err)
			return ""
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != want {
			c.t.Errorf("%s %s: status %d, want %d: %s (%v)", method, path, response.StatusCode, want, text, err)
			return ""
		}
		var made struct {
			ID     string `json:"id"`
			Client string `json:"client_id"`
		}
		if method == http.MethodPost {
			if err := json.Unmarshal(text, &made); err != nil {
				c.t.Errorf("%s %s: %v", method, path, err)
			}
		}
		return cmp.Or(made.ID, made.Client)
	}
	client := try("POST", "clients", `{"name":"`+name+`"}`, 201)
	try("POST", "resource-servers", `{"identifier":"urn:`+name+`","scopes":[{"value":"read"}]}`, 201)
	grant := try("POST", "client-grants", `{"client_id":"`+client+`","audience":"urn:`+name+`","scope":["read"]}`, 201)
	try("PATCH", "client-grants/"+grant, `{"scope":[]}`, 200)
	try("PATCH", "clients/"+client, `{"client_metadata":{"a":"b"}}`, 200)
	try("GET", "clients?per_page=100&include_totals=true", "", 200)
	try("GET", "logs?per_page=20&q=type:fp", "", 200)
	form := try("POST", "forms", `{"name":"`+name+`"}`, 201)
	try("PATCH", "forms/"+form, `{"style":{"css":"a"}}`, 200)
	try("DELETE", "forms/"+form, "", 204)
	action := try("POST", "actions/actions", `{"name":"`+name+`","supported_triggers":[{"id":"post-change-password"}]}`,
		201)
	try("POST", "actions/actions/"+action+"/deploy", "", 200)
	try("GET", "actions/actions?per_page=100", "", 200)
	try("GET", "actions/triggers/post-change-password/bindings", "", 200)
	try("DELETE", "actions/actions/"+action, "", 204)
	try("DELETE", "clients/"+client, "", 204)
}
