package sandbox

import (
	"strings"
	"testing"
)

func TestWritesAreLogged(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	made := c.post("/api/v2/clients", `{"name":"Till","app_type":"non_interactive"}`).want(201)
	id, secret := made.textAt("client_id"), made.textAt("client_secret")
	c.patch("/api/v2/clients/"+id, `{"client_secret":"a secret of forty characters, chosen here!","name":"Desk"}`).want(200)
	c.patch("/api/v2/clients/"+id+"?x=1", `{"app_type":"desktop"}`).want(400)
	c.with("read:clients").patch("/api/v2/clients/"+id, `{}`).want(403)
	c.get("/api/v2/clients/" + id).want(200)
	c.get("/api/v2/clients/none").want(404)
	c.delete("/api/v2/clients/" + id).want(204)

	a := c.get("/api/v2/logs").want(200)
	if got := len(a.array()); got != 5 {
		t.Fatalf("%d events, want 5: %s", got, a.text)
	}
	for i, want := range []struct{ kind, description, method, status string }{ // the latest first
		{`"sapi"`, `"Delete an application"`, `"delete"`, `204`},
		{`"fapi"`, `"Update an application"`, `"patch"`, `403`},
		{`"fapi"`, `"Update an application"`, `"patch"`, `400`},
		{`"sapi"`, `"Update an application"`, `"patch"`, `200`},
		{`"sapi"`, `"Create an application"`, `"post"`, `201`},
	} {
		a.is(want.kind, i, "type")
		a.is(want.description, i, "description")
		a.is(want.method, i, "details", "request", "method")
		a.is(want.status, i, "details", "response", "statusCode")
	}
	a.is(`null`, 0, "details", "request", "body")
	a.is(`{}`, 0, "details", "response", "body")
	a.is(`"/api/v2/clients/`+id+`"`, 0, "details", "request", "path")
	a.is(`"invalid_query_string"`, 2, "details", "response", "body", "errorCode")
	a.is(`{"x":"1"}`, 2, "details", "request", "query")
	a.is(`{"client_secret":"*****","name":"Desk"}`, 3, "details", "request", "body")
	a.is(`{"app_type":"non_interactive","name":"Till"}`, 4, "details", "request", "body")
	a.is(`"*****"`, 4, "details", "response", "body", "client_secret")
	if strings.Contains(a.text, secret) || strings.Contains(a.text, "chosen here") {
		t.Errorf("the log holds a secret: %s", a.text)
	}
}

// What an error says of a secret is masked too.
func TestLoggedErrorsHoldNoSecret(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	c.post("/api/v2/clients", `{"name":"Till","no_such":"a secret"}`).want(400)
	c.patch("/api/v2/emails/provider", `{"credentials":{"api_key":12345678}}`).want(400)
	for _, secret := range []string{"a secret", "12345678"} {
		if a := c.get("/api/v2/logs").want(200); strings.Contains(a.text, secret) {
			t.Errorf("the log holds %s: %s", secret, a.text)
		}
	}
}

// A sandbox that runs for weeks keeps its size, and gives each event an id of its own.
func TestOldEventsAreDropped(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now})
	var first, last string
	for range maxLogs + 3 {
		if last = c.tenant.AddLog(object{"type": "s"}); first == "" {
			first = last
		}
	}
	c.get("/api/v2/logs/" + first).want(404)
	c.get("/api/v2/logs/" + last).want(200)
	if next := c.tenant.AddLog(object{"type": "s"}); next <= last || len(c.tenant.logs) != maxLogs {
		t.Errorf("%s after %s, with %d events", next, last, len(c.tenant.logs))
	}
}
