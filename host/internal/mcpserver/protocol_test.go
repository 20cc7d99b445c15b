package mcpserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
)

// However full it is of reads, that stops no write, and no ping and no
// cancellation ever; what is too much is told so at once.
func TestFullPoolsOfRealCalls(t *testing.T) {
	t.Parallel()
	c := connect(t, catalog.Filter{}, "ok")
	tools := fakeplugin.Manifest("ok").Tools
	wait := func(id string, tool int) {
		c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"method":"tools/call","params":{"name":%q,"arguments":{"do":"wait"}}}`,
			id, tools[tool].Name))
	}
	busy := func(id string, tool int, what string) {
		t.Helper()
		wait(id, tool)
		if r := c.wait(fmt.Sprintf("%q", id)); r.Error == nil || r.Error.Code != -32000 ||
			!strings.Contains(r.Error.Message, what) {
			t.Errorf("one call too many: %s %+v", r.Result, r.Error)
		}
	}
	const reads, writes = stdio.DefaultReads + stdio.DefaultReadsQueued, stdio.DefaultWrites + stdio.DefaultWritesQueued
	for i := range reads {
		wait(fmt.Sprint("r", i), fakeplugin.Read)
	}
	busy("one more", fakeplugin.Read, "64 reading calls are running and 256 are waiting")
	if text, isError := c.call("ok", fakeplugin.Write, `{}`); isError {
		t.Errorf("a write behind reads: %s", text)
	}
	for i := range writes {
		wait(fmt.Sprint("w", i), []int{fakeplugin.Write, fakeplugin.Destroy}[i%2])
	}
	busy("one more", fakeplugin.Destroy, "16 writing calls are running and 64 are waiting")
	if r := c.request("ping", `{}`); string(r.Result) != `{}` {
		t.Errorf("ping: %s %+v", r.Result, r.Error)
	}
	for i := range reads {
		c.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"r%d"}}`, i))
	}
	for i := range writes {
		c.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"w%d"}}`, i))
	}
	for _, tool := range []int{fakeplugin.Read, fakeplugin.Write} {
		if text, isError := c.call("ok", tool, `{}`); isError {
			t.Errorf("a call when all were cancelled: %s", text)
		}
	}
	if len(c.other) > 0 {
		t.Errorf("%d calls that were cancelled were answered, first %s", len(c.other), c.other[0])
	}
}

// What came before the handshake is refused in its turn, also right before it, and
// what comes right behind it is served: nothing waits for an answer.
func TestHandshakeInOneBurst(t *testing.T) {
	t.Parallel()
	c := dial(t, catalog.Filter{}, func(*Config) {}, "ok")
	call := func(id string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"auth0_ok_read","arguments":{}}}`
	}
	c.send(strings.Join([]string{
		call(`"early"`), `{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-06-18",` +
			`"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
		call(`"late"`), `{"jsonrpc":"2.0","id":"l","method":"tools/list"}`,
	}, "\n"))
	if r := c.wait(`"early"`); r.Error == nil || r.Error.Code != -32600 ||
		!strings.Contains(r.Error.Message, "send initialize first") {
		t.Errorf("before the handshake: %s %+v", r.Result, r.Error)
	}
	if r := c.wait(`"l"`); r.Error != nil {
		t.Errorf("tools/list: %+v", r.Error)
	}
	for _, line := range c.other {
		if strings.Contains(line, `"late"`) {
			return // it was faster than tools/list
		}
	}
	if r := c.wait(`"late"`); r.Error != nil {
		t.Errorf("behind the handshake: %+v", r.Error)
	}
}

// A request that carries its version makes no handshake for those that do not.
func TestVersionOfOneRequestIsNotAnothers(t *testing.T) {
	t.Parallel()
	c := dial(t, catalog.Filter{}, func(*Config) {}, "ok")
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientCapabilities":{}}`
	if r := c.request("tools/call", `{`+meta+`,"name":"auth0_ok_write","arguments":{}}`); r.Error != nil {
		t.Errorf("a call with its version: %+v", r.Error)
	}
	for _, method := range []string{"tools/list", "tools/call", "logging/setLevel"} {
		if r := c.request(method, `{"name":"auth0_ok_read","level":"info"}`); r.Error == nil || r.Error.Code != -32600 {
			t.Errorf("%s without: %s %+v", method, r.Result, r.Error)
		}
	}
}
