package mcpserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// seenCall is what a client sees of a call.
type seenCall struct {
	isError bool
	text    string
	kind    string // _meta["auth0-mcp/error"]
}

func seenOf(t *testing.T, r reply) seenCall {
	t.Helper()
	var result struct {
		Content []struct{ Text string }
		IsError bool
		Meta    map[string]any `json:"_meta"`
	}
	if err := json.Unmarshal(r.Result, &result); err != nil || len(result.Content) == 0 {
		t.Fatalf("result %s, error %v: %v", r.Result, r.Error, err)
	}
	kind, _ := result.Meta[errorKind].(string)
	return seenCall{result.IsError, result.Content[0].Text, kind}
}

// connectTo is connect with a tenant of the test's, and a gate that change changes.
func connectTo(t *testing.T, tenant *sandbox.Tenant, change func(*egress.Config), roles ...string) *client {
	t.Helper()
	gate := egress.Config{Domain: tenant.Domain(), Transport: tenant.Transport(),
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tenant.Token()})}
	change(&gate)
	c := connectWith(t, catalog.Filter{}, func(cfg *Config) {
		cfg.Calls.Domain, cfg.Calls.Gate = tenant.Domain(), egress.New(gate)
	}, roles...)
	c.tenant = tenant
	return c
}

// api calls a tool that sends one request and fails as the SDK would.
func (c *client) api(tool int, method, path string) seenCall {
	c.t.Helper()
	return seenOf(c.t, c.request("tools/call",
		fmt.Sprintf(`{"name":%q,"arguments":{"do":"api","method":%q,"path":%q}}`, fakeplugin.Manifest("ok").Tools[tool].Name,
			method, path)))
}

// faultSeen is a fault of the tenant, and what a client sees of it.
type faultSeen struct {
	rule        sandbox.FaultRule
	read, write string // words of the text; "" for a call that works
	done        bool   // the write happened
}

// What the client sees of each fault of the tenant, through a real plugin process.
// How often requests reach the tenant is counted in egress's table too, in every
// way; here each row says whether a write was carried out.
func TestClientsViewOfTenantFaults(t *testing.T) {
	t.Parallel()
	status := func(code int) sandbox.FaultRule { return sandbox.FaultRule{Status: code} }
	body := func(text string) sandbox.FaultRule { return sandbox.FaultRule{Status: 200, Body: text} }
	const maybe, changed, notJSON = "may or may not have happened", "This call changed the tenant: POST", "is not JSON"
	viewFaults(t, time.Minute, map[string]faultSeen{
		"200, nothing":    {sandbox.FaultRule{Status: 200, Body: " "}, notJSON, notJSON, false},
		"200, half":       {sandbox.FaultRule{Malformed: true}, notJSON, notJSON, true},
		"200, HTML":       {body("<html>maintenance</html>"), notJSON, notJSON, false},
		"200, bytes":      {body("\x00\xff\xfe{"), notJSON, notJSON, false},
		"200, two values": {body(`{"a":1}{"b":2}`), notJSON, notJSON, false},
		"200, cut short":  {sandbox.FaultRule{ExtraLength: -1}, notJSON, notJSON, true},
		"200, cut off":    {sandbox.FaultRule{Drop: sandbox.DropInBody}, "closed the connection", changed, true},
		"204":             {status(204), notJSON, notJSON, false},
		"302": {sandbox.FaultRule{Status: 302, Header: http.Header{"Location": {"https://elsewhere.invalid/"}}},
			"is not followed", maybe, false},
		"400": {status(400), "400 Bad Request", "change it as Auth0's message says", false},
		"401": {status(401), "The token was rejected: sign in again", "The token was rejected",
			false},
		"403":              {status(403), "More scopes will not help", "More scopes will not help", false},
		"404":              {status(404), "Nothing is there", "Nothing is there", false},
		"409":              {status(409), "conflicts", "conflicts", false},
		"500":              {status(500), "try again later", maybe, false},
		"the clock is off": {sandbox.FaultRule{Skew: time.Hour}, "", "", true},
		"nothing is wrong": {sandbox.FaultRule{SlowBody: time.Millisecond}, "", "", true},
		"409 with a secret": {sandbox.FaultRule{Status: 409,
			Body: `{"statusCode":409,"message":"exists: {\"client_secret\":\"` + strings.Repeat("s3cr3t", 8) + `\"}"}`},
			"409 Conflict", "409 Conflict", false},
	})
	// A read meets these until its budget ends.
	viewFaults(t, 2*time.Second, map[string]faultSeen{
		"502":          {status(502), "try again later", maybe, false},
		"503":          {status(503), "try again later", maybe, false},
		"504":          {status(504), "try again later", maybe, false},
		"reset before": {sandbox.FaultRule{Drop: sandbox.DropBefore}, "closed the connection", maybe, false},
		"reset after":  {sandbox.FaultRule{Drop: sandbox.DropAfter}, "closed the connection", maybe, true},
		"no answer":    {sandbox.FaultRule{Latency: time.Hour}, "did not answer in time", maybe, false},
		"slow drip":    {sandbox.FaultRule{SlowBody: time.Hour}, "did not answer in time", changed, true},
	})
}

// viewFaults has a client call a tool that reads and one that writes under each fault, with this budget for a request.
func viewFaults(t *testing.T, budget time.Duration, tests map[string]faultSeen) {
	t.Helper()
	// One client for all: a fault must not spoil the next call, nor the process.
	tenant := sandbox.New(sandbox.Options{})
	c := connectTo(t, tenant, func(cfg *egress.Config) {
		cfg.ReadBudget, cfg.WriteBudget, cfg.SignIn = budget, budget, "sign in again"
	}, "ok")
	c.api(fakeplugin.Read, "GET", "/api/v2/logs") // the process runs
	running := len(c.children())
	if running != 1 && runtime.GOOS == "linux" {
		t.Fatalf("%d plugin processes: to count them proves nothing", running)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.rule.Times = -1
			for tool, method := range map[int]string{fakeplugin.Read: "GET", fakeplugin.Write: "POST"} {
				want := map[int]string{fakeplugin.Read: tt.read, fakeplugin.Write: tt.write}[tool]
				tenant.ClearFaults()
				tenant.ResetRequests()
				tenant.Fail(tt.rule)
				got := c.api(tool, method, "/api/v2/clients")
				if got.isError != (want != "") || !strings.Contains(got.text, want) || got.kind != "" ||
					strings.Contains(got.text, "s3cr3t") {
					t.Errorf("%s: %+v, want %q", method, got, want)
				}
				sent := tenant.Requests()
				processed := slices.ContainsFunc(sent, func(r sandbox.Request) bool { return r.Processed != 0 })
				if method == "POST" && (len(sent) != 1 || processed != tt.done) {
					t.Errorf("%d writes reached the tenant, done %v: want one, done %v", len(sent), processed, tt.done)
				}
			}
			tenant.ClearFaults()
			if got := c.api(fakeplugin.Read, "GET", "/api/v2/clients"); got.isError {
				t.Errorf("the next call: %+v", got)
			}
		})
	}
	if now := len(c.children()); now != running {
		t.Errorf("%d plugin processes, %d before", now, running)
	}
}

// remaining is a transport that remembers the smallest X-RateLimit-Remaining.
type remaining struct {
	to http.RoundTripper

	mu    sync.Mutex
	least int
}

func (r *remaining) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.to.RoundTrip(request)
	if err == nil {
		left, _ := strconv.Atoi(response.Header.Get("X-RateLimit-Remaining"))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.least = min(r.least, left)
	}
	return response, err
}

// take is the reply to a request whose reply may have come already.
func (c *client) take(id string) reply {
	c.t.Helper()
	for _, line := range c.other {
		var r reply
		if json.Unmarshal([]byte(line), &r) == nil && string(r.ID) == id {
			return r
		}
	}
	return c.wait(id)
}

// A storm: many calls of several plugins at once, against a limit that they would
// overrun. All are answered, the tenant sees each once, refuses none, and half of
// its limit is never touched.
func TestStormStaysWithinTheShare(t *testing.T) {
	const calls, limit = 24, 16
	tenant := sandbox.New(sandbox.Options{RateLimit: limit, RateWindow: 2 * time.Second})
	roles := []string{"one", "two", "three"}
	seen := &remaining{to: tenant.Transport(), least: limit}
	c := connectTo(t, tenant, func(cfg *egress.Config) { cfg.MaxWait, cfg.Transport = 5*time.Minute, seen }, roles...)
	for i := range calls {
		tool, method := fakeplugin.Read, "GET"
		if i%4 == 0 {
			tool, method = fakeplugin.Write, "POST"
		}
		c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":{"do":"api",`+
			`"method":%q,"path":"/api/v2/%s"},"_meta":{"progressToken":%d}}}`,
			1000+i, fakeplugin.Manifest(roles[i%3]).Tools[tool].Name, method, []string{"clients", "resource-servers"}[i%2], i))
	}
	answered := 0
	for i := range calls {
		// Replies come in any order: those that wait for another are kept.
		got := seenOf(t, c.take(strconv.Itoa(1000+i)))
		if got.kind != "" || strings.Contains(got.text, "429") {
			t.Errorf("call %d: %+v", i, got)
		}
		answered++
	}
	sent := tenant.Requests()
	if answered != calls || len(sent) != calls {
		t.Errorf("%d answers, %d requests reached the tenant: want %d", answered, len(sent), calls)
	}
	for _, r := range sent {
		if r.Status == http.StatusTooManyRequests {
			t.Errorf("%s %s was refused by the tenant", r.Method, r.Path)
		}
	}
	if least := seen.least; least < limit/2 {
		t.Errorf("only %d of %d were left to the tenant's applications", least, limit)
	}
	if !slices.ContainsFunc(c.other, func(line string) bool {
		return strings.Contains(line, "notifications/progress") &&
			strings.Contains(line, "waiting for the tenant's rate limit, ")
	}) {
		t.Errorf("the wait was not reported: %v", c.other)
	}
}

// A 429 of the tenant: the client learns when to come back, and until then nothing
// more is sent, by whatever tool.
func TestClientsViewOf429(t *testing.T) {
	t.Parallel()
	for tool, method := range map[int]string{fakeplugin.Read: "GET", fakeplugin.Write: "POST"} {
		t.Run(method, func(t *testing.T) {
			tenant := sandbox.New(sandbox.Options{})
			c := connectTo(t, tenant, func(*egress.Config) {}, "ok")
			tenant.Fail(sandbox.FaultRule{Status: http.StatusTooManyRequests, Reset: 90 * time.Second})
			got := c.api(tool, method, "/api/v2/clients")
			if got.kind != "rate_limited" || !strings.Contains(got.text, "Auth0 answered 429 Too Many Requests to "+method) ||
				!strings.Contains(got.text, "was not carried out: try again in ") {
				t.Errorf("answer: %+v", got)
			}
			if got := c.api(tool, method, "/api/v2/logs"); got.kind != "rate_limited" ||
				!strings.Contains(got.text, "was not sent") {
				t.Errorf("the next call: %+v", got)
			}
			if all := tenant.Requests(); len(all) != 1 || all[0].Processed != 0 {
				t.Errorf("reached the tenant: %+v", all)
			}
		})
	}
}

// A limit that is used up for long: calls fail at once, with the reset's time and
// the kind of the error, and nothing more reaches the tenant.
func TestUsedUpLimitFailsAtOnce(t *testing.T) {
	t.Parallel()
	tenant := sandbox.New(sandbox.Options{RateLimit: 2, RateWindow: time.Hour})
	c := connectTo(t, tenant, func(*egress.Config) {}, "ok")
	if got := c.api(fakeplugin.Read, "GET", "/api/v2/clients"); got.isError {
		t.Fatalf("the first call: %+v", got)
	}
	for range 3 {
		for tool, method := range map[int]string{fakeplugin.Read: "GET", fakeplugin.Write: "POST"} {
			got := c.api(tool, method, "/api/v2/clients")
			if got.kind != "rate_limited" || !strings.Contains(got.text, method+" /api/v2/clients was not sent: the 50 % of "+
				"the tenant's rate limit") || !strings.Contains(got.text, " UTC") {
				t.Errorf("%s: %+v", method, got)
			}
		}
	}
	if n := len(tenant.Requests()); n != 1 {
		t.Errorf("%d requests reached the tenant", n)
	}
}

// A call that waits for the limit and is cancelled never reaches the tenant.
func TestCancelledWhileItWaitsForTheLimit(t *testing.T) {
	t.Parallel()
	tenant := sandbox.New(sandbox.Options{RateLimit: 2, RateWindow: time.Hour})
	c := connectTo(t, tenant, func(cfg *egress.Config) { cfg.MaxWait = 2 * time.Hour }, "ok")
	c.api(fakeplugin.Read, "GET", "/api/v2/clients")
	c.send(`{"jsonrpc":"2.0","id":"waits","method":"tools/call","params":{"name":"auth0_ok_write",` +
		`"arguments":{"do":"api","method":"POST","path":"/api/v2/clients"},"_meta":{"progressToken":"p"}}}`)
	if note := c.message("notifications/progress"); !strings.HasPrefix(note, "waiting for the tenant's rate limit, ") {
		t.Errorf("told %q", note)
	}
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"waits"}}`)
	if got, isError := c.call("ok", fakeplugin.Read, `{}`); isError {
		t.Errorf("the next call: %s", got)
	}
	if n := len(tenant.Requests()); n != 1 ||
		slices.ContainsFunc(c.other, func(line string) bool { return strings.Contains(line, `"waits"`) }) {
		t.Errorf("%d requests reached the tenant; %v", n, c.other)
	}
}
