package mcpserver

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// Environment, arguments and memory of a plugin hold no token, although requests
// went out with it and the tenant's answers quote it.
func TestPluginNeverHoldsTheToken(t *testing.T) {
	t.Setenv("AUTH0_TOKEN", "set-to-be-inherited")
	c := connect(t, catalog.Filter{}, "ok")
	if text, isError := c.call("ok", fakeplugin.Read, `{"do":"request","path":"/api/v2/clients"}`); isError ||
		!strings.Contains(text, "client_id") {
		t.Fatalf("the request did not go out: %s", text)
	}
	for name, rule := range echoes(c.token) {
		c.tenant.Fail(rule)
		answer, _ := c.call("ok", fakeplugin.Read, `{"do":"request","path":"/api/v2/clients"}`)
		if !strings.Contains(answer, "the echo of") || strings.Contains(answer, c.token) {
			t.Errorf("%s: %s", name, answer)
		}
	}
	text, _ := c.call("ok", fakeplugin.Read, `{}`)
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte(c.token)[len(c.token)-24:] // the signature: no other token has it
	for _, file := range []string{"environ", "cmdline"} {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if err != nil || bytes.Contains(data, secret) || bytes.Contains(data, []byte("set-to-be-inherited")) {
			t.Errorf("%s holds a token (%v)", file, err)
		}
	}
	// The scan proves nothing unless it finds what is there.
	if n := scan(t, pid, []byte("client_id")); n == 0 {
		t.Error("the scan of the memory found nothing of an answer")
	}
	if n := scan(t, pid, secret); n != 0 {
		t.Errorf("the memory holds the token %d times", n)
	}
}

// echoes are answers of a tenant that quote the token which it was sent.
func echoes(token string) map[string]sandbox.FaultRule {
	bearer := "Bearer " + token
	quoted := url.QueryEscape(bearer)
	return map[string]sandbox.FaultRule{
		"an answer": {Status: http.StatusOK, Body: `{"says":"the echo of ` + bearer + `"}`},
		"an error page": {Status: http.StatusForbidden, Body: "<p>the echo of " + bearer + "</p>",
			Header: http.Header{"Content-Type": {"text/html"}, "X-Request-Headers": {bearer}}},
		"an error of the API": {Status: http.StatusBadRequest, Body: `{"statusCode":400,"error":"Bad Request",` +
			`"message":"the echo of ` + bearer + `"}`},
		"in base64": {Status: http.StatusOK, Body: `"the echo of ` + base64.StdEncoding.EncodeToString([]byte(bearer)) +
			`"`},
		"percent-encoded": {Status: http.StatusOK, Body: `"the echo of ` + quoted + `"`},
	}
}

// scan counts a text in a process's writable memory.
func scan(t *testing.T, pid int, want []byte) int {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	found := 0
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") {
			continue
		}
		chunk := make([]byte, 1<<20)
		for at := from; at < to; at += int64(len(chunk) - len(want)) {
			n, err := mem.ReadAt(chunk[:min(int64(len(chunk)), to-at)], at)
			if n == 0 && err != nil {
				break // reserved and never touched
			}
			found += bytes.Count(chunk[:n], want)
		}
	}
	return found
}
