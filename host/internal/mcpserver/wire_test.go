package mcpserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
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
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// The server launches the fake plugin.
func TestMain(m *testing.M) {
	os.Exit(fakeplugin.Run(m))
}

// client is an MCP client on pipes to a server with real plugin processes and a
// sandbox tenant.
type client struct {
	t      *testing.T
	binary string // the plugins' path, which no other client's have
	in     io.WriteCloser
	lines  *bufio.Scanner
	served chan error
	seen   *observed
	sent   chan string // the paths of what left for the tenant
	ended  chan error  // and how that ended
	tenant *sandbox.Tenant
	token  string
	nextID int
	other  []string // lines that were not the reply waited for
}

func connect(t *testing.T, filter catalog.Filter, roles ...string) *client {
	t.Helper()
	return connectWith(t, filter, func(*Config) {}, roles...)
}

// connectWith lets a test change the server's configuration.
func connectWith(t *testing.T, filter catalog.Filter, configure func(*Config), roles ...string) *client {
	t.Helper()
	c := dial(t, filter, configure, roles...)
	c.request("initialize", `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}`)
	return c
}

// dial is connectWith without the handshake.
func dial(t *testing.T, filter catalog.Filter, configure func(*Config), roles ...string) *client {
	t.Helper()
	path := ownProgram(t)
	var sources catalog.Sources
	for _, role := range roles {
		sources.Dev = append(sources.Dev,
			catalog.DevPlugin{Dir: filepath.Dir(path), Path: path, Manifest: fakeplugin.Manifest(role)})
	}
	plugins, err := catalog.Load(sources)
	if err != nil {
		t.Fatal(err)
	}
	selection, err := plugins.Select(filter)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, binary: path, tenant: sandbox.New(sandbox.Options{BuildTime: -1}), served: make(chan error, 1)}
	c.token = c.tenant.Token()
	c.seen, c.sent, c.ended = &observed{}, make(chan string, 1000), make(chan error, 1000)
	// A busy machine may need long for a start, and no test is about that.
	log := slog.New(slog.DiscardHandler)
	cfg := Config{Version: "test", Selection: selection, Log: log, Calls: toolcall.Config{
		Domain: c.tenant.Domain(), Plugins: supervisor.Config{StartTimeout: time.Minute},
		Observe: c.seen.add, Log: log,
		Gate: egress.New(egress.Config{Domain: c.tenant.Domain(),
			Transport: leaving{c.tenant.Transport(), c.sent, c.ended}, ReadOnly: filter.ReadOnly,
			Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: c.token})}),
	}}
	configure(&cfg)
	server := New(cfg)
	toServer, in := io.Pipe()
	out, fromServer := io.Pipe()
	c.in, c.lines = in, bufio.NewScanner(out)
	c.lines.Buffer(nil, 1<<20)
	go func() {
		c.served <- server.Serve(context.WithoutCancel(t.Context()), toServer, fromServer)
		_ = fromServer.Close()
	}()
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := <-c.served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if left := c.children(); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
	})
	return c
}

// leaving tells of each request when it goes to the tenant, and how that ended.
type leaving struct {
	http.RoundTripper
	paths chan<- string
	ends  chan<- error
}

func (l leaving) RoundTrip(r *http.Request) (*http.Response, error) {
	l.paths <- r.URL.Path
	answer, err := l.RoundTripper.RoundTrip(r)
	l.ends <- err
	return answer, err
}

// observed are the calls that were carried out.
type observed struct {
	mu    sync.Mutex
	calls []string
}

func (o *observed) add(tool string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, fmt.Sprint(tool, " ", ok))
}

func (o *observed) list() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.calls)
}

func TestObserveTellsWhatWasCarriedOut(t *testing.T) {
	t.Parallel()
	c := connect(t, catalog.Filter{}, "ok")
	c.call("ok", fakeplugin.Read, `{}`)
	c.call("ok", fakeplugin.Read, `{"do":"request","method":"DELETE","path":"/api/v2/clients/x"}`)
	c.call("ok", fakeplugin.Read, `{"undeclared":1}`)
	if got, want := fmt.Sprint(c.seen.list()), "[auth0_ok_read true auth0_ok_read false]"; got != want {
		t.Errorf("observed %s, want %s", got, want)
	}
}

// ownProgram is a path of the fake plugin for one client alone, by which its plugins
// are told from those of the tests beside it.
func ownProgram(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		return fakeplugin.Program() // a link needs rights there, and the name does not matter
	}
	link := filepath.Join(t.TempDir(), "plugin")
	if err := os.Symlink(fakeplugin.Program(), link); err != nil {
		t.Fatal(err)
	}
	return link
}

// children are the plugin processes of this client, by their role.
func (c *client) children() map[int]string {
	t := c.t
	t.Helper()
	found := map[int]string{}
	if runtime.GOOS != "linux" {
		return found
	}
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		data, _ := os.ReadFile(task)
		for field := range strings.FieldsSeq(string(data)) {
			pid, _ := strconv.Atoi(field)
			args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if parts := bytes.Split(args, []byte{0}); len(parts) > 1 && string(parts[0]) == c.binary {
				found[pid] = string(parts[1])
			}
		}
	}
	return found
}

func (c *client) send(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

type reply struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// request sends a request and waits for its reply; other lines are kept.
func (c *client) request(method, params string) reply {
	c.t.Helper()
	c.nextID++
	c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, c.nextID, method, params))
	return c.wait(strconv.Itoa(c.nextID))
}

func (c *client) wait(id string) reply {
	c.t.Helper()
	for c.lines.Scan() {
		var r reply
		if err := json.Unmarshal(c.lines.Bytes(), &r); err != nil {
			c.t.Fatalf("not JSON: %s", c.lines.Text())
		}
		if string(r.ID) == id {
			return r
		}
		c.other = append(c.other, c.lines.Text())
	}
	c.t.Fatalf("no reply to %s: %v", id, c.lines.Err())
	return reply{}
}

// patience is how long is waited for what comes in moments on a machine that is not busy.
const patience = time.Minute

// message waits for a notification and returns its message.
func (c *client) message(method string) string {
	c.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		c.request("ping", `{}`)
		for _, line := range c.other {
			var n struct {
				Method string
				Params struct{ Message string }
			}
			if json.Unmarshal([]byte(line), &n) == nil && n.Method == method {
				return n.Params.Message
			}
		}
	}
	c.t.Fatalf("no %s: %v", method, c.other)
	return ""
}

// call calls a tool and returns its text.
func (c *client) call(role string, tool int, args string) (text string, isError bool) {
	c.t.Helper()
	r := c.request("tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s,"_meta":{"progressToken":"p"}}`,
		fakeplugin.Manifest(role).Tools[tool].Name, args))
	if r.Error != nil {
		return r.Error.Message, true
	}
	return resultText(c.t, r)
}

func resultText(t *testing.T, r reply) (string, bool) {
	t.Helper()
	var result struct {
		Content []struct{ Text string }
		IsError bool
	}
	if err := json.Unmarshal(r.Result, &result); err != nil || len(result.Content) == 0 {
		t.Fatalf("result %s: %v", r.Result, err)
	}
	return result.Content[0].Text, result.IsError
}

func TestCallIdBelongsToOnePluginAndOneCall(t *testing.T) {
	t.Parallel()
	c := connect(t, catalog.Filter{}, "ok", "thief")
	c.send(`{"jsonrpc":"2.0","id":"live","method":"tools/call","params":{"name":"auth0_ok_write",` +
		`"arguments":{"do":"wait"},"_meta":{"progressToken":"p"}}}`)
	live := c.message("notifications/progress")
	text, _ := c.call("thief", fakeplugin.Write,
		fmt.Sprintf(`{"do":"request","method":"POST","path":"/api/v2/clients","call":%q}`, live))
	if !strings.Contains(text, "CODE_CALL_ENDED") {
		t.Errorf("a thief with the id of another plugin's live call: %s", text)
	}
	if text, _ := c.call("ok", fakeplugin.Write,
		fmt.Sprintf(`{"do":"request","path":"/api/v2/logs","call":%q}`, live)); !strings.Contains(text, "log_id") {
		t.Errorf("the id is not live, so the thief proves nothing: %s", text)
	}
	if n := len(c.tenant.Requests()); n != 1 {
		t.Errorf("%d requests reached the tenant, want the plugin's own", n)
	}
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"live"}}`)
	id, _ := c.call("ok", fakeplugin.Write, `{"do":"id"}`)
	for _, role := range []string{"ok", "thief"} {
		text, _ := c.call(role, fakeplugin.Write,
			fmt.Sprintf(`{"do":"request","method":"POST","path":"/api/v2/clients","call":%s}`, id))
		if !strings.Contains(text, "CODE_CALL_ENDED") {
			t.Errorf("%s with the id of an ended call: %s", role, text)
		}
	}
	c.call("ok", fakeplugin.Write, `{"do":"later","method":"POST","path":"/api/v2/clients"}`)
	told := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if told, _ = c.call("ok", fakeplugin.Read, `{"do":"told"}`); told != `null` {
			break
		}
	}
	if !strings.Contains(told, "CODE_CALL_ENDED") {
		t.Errorf("a request after its call: %s", told)
	}
	if reached := c.tenant.Requests()[1:]; len(reached) != 0 {
		t.Errorf("reached the tenant: %v", reached)
	}
}

func TestListingStartsNoProcess(t *testing.T) {
	t.Parallel()
	c := connect(t, catalog.Filter{Patterns: []string{"auth0_one_*"}}, "one", "two")
	c.request("initialize", `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}`)
	if r := c.request("tools/list", `{}`); strings.Contains(string(r.Result), "auth0_two") ||
		strings.Count(string(r.Result), `"name"`) != 4 {
		t.Errorf("tools: %s", r.Result)
	}
	if running := c.children(); len(running) != 0 {
		t.Errorf("processes after tools/list: %v", running)
	}
	if reached := c.tenant.Requests(); len(reached) != 0 {
		t.Errorf("reached the tenant: %v", reached)
	}
	if text, isError := c.call("two", fakeplugin.Read, `{}`); !isError || !strings.Contains(text, "--tools") {
		t.Errorf("a tool that is filtered out: %s", text)
	}
	c.call("one", fakeplugin.Read, `{}`)
	if running := c.children(); runtime.GOOS == "linux" && len(running) != 1 {
		t.Errorf("processes after one call: %v", running)
	}
}

func TestCancellationReachesTheRequest(t *testing.T) {
	t.Parallel()
	c := connect(t, catalog.Filter{}, "ok")
	c.call("ok", fakeplugin.Read, `{}`) // the process runs
	c.tenant.Fail(sandbox.FaultRule{Path: "*", Times: -1, Latency: time.Minute})
	c.send(`{"jsonrpc":"2.0","id":"slow","method":"tools/call","params":{"name":"auth0_ok_read",` +
		`"arguments":{"do":"request","path":"/api/v2/clients"}}}`)
	if path := <-c.sent; path != "/api/v2/clients" {
		t.Errorf("sent %s", path)
	}
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"slow","reason":"no more"}}`)
	begun := time.Now()
	if err := <-c.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the request ended with %v", err)
	}
	if text, isError := c.call("ok", fakeplugin.Read, `{}`); isError {
		t.Errorf("the next call: %s", text)
	}
	if slices.ContainsFunc(c.other, func(line string) bool { return strings.Contains(line, `"slow"`) }) ||
		time.Since(begun) > 30*time.Second {
		t.Errorf("after %v: %v", time.Since(begun), c.other)
	}
}

func TestProgressAndLogging(t *testing.T) {
	t.Parallel()
	c := connect(t, catalog.Filter{}, "ok")
	c.request("initialize", `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}`)
	c.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	c.call("ok", fakeplugin.Read, `{"do":"log"}`)
	if len(c.other) != 0 {
		t.Errorf("unasked: %v", c.other)
	}
	c.call("ok", fakeplugin.Read, `{"do":"progress","n":3}`)
	if len(c.other) != 3 || !strings.Contains(c.other[2], `"progressToken":"p"`) ||
		!strings.Contains(c.other[2], `"progress":3`) || !strings.Contains(c.other[2], `"total":3`) {
		t.Errorf("progress: %v", c.other)
	}
	c.other = nil
	if r := c.request("logging/setLevel", `{"level":"warning"}`); r.Error != nil {
		t.Fatalf("setLevel: %v", r.Error)
	}
	c.call("ok", fakeplugin.Read, `{"do":"log"}`)
	if len(c.other) != 1 || !strings.Contains(c.other[0], `"data":"careful"`) {
		t.Errorf("log: %v", c.other)
	}
}

func TestProtocolVersions(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"} {
		c := connect(t, catalog.Filter{}, "ok")
		r := c.request("initialize",
			fmt.Sprintf(`{"protocolVersion":%q,"capabilities":{},"clientInfo":{"name":"t","version":"1"}}`, version))
		if !strings.Contains(string(r.Result), fmt.Sprintf(`"protocolVersion":%q`, version)) {
			t.Errorf("%s: %s", version, r.Result)
		}
		if r := c.request("ping", `{}`); string(r.Result) != `{}` {
			t.Errorf("ping: %s", r.Result)
		}
	}
	c := connect(t, catalog.Filter{}, "ok")
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
	if r := c.request("server/discover", `{`+meta+`}`); !strings.Contains(string(r.Result), "2026-07-28") ||
		!strings.Contains(string(r.Result), "2024-11-05") {
		t.Errorf("discover: %s %v", r.Result, r.Error)
	}
	r := c.request("tools/call", `{`+meta+`,"name":"auth0_ok_read","arguments":{"do":"request","path":"/api/v2/logs"}}`)
	if text, isError := resultText(t, r); isError || !strings.Contains(text, "log_id") {
		t.Errorf("a call without handshake: %s", text)
	}
}

func TestInstructionsAreShort(t *testing.T) {
	t.Parallel()
	c := connect(t, catalog.Filter{}, "ok")
	r := c.request("initialize",
		`{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}`)
	var result struct{ Instructions string }
	if err := json.Unmarshal(r.Result, &result); err != nil || len(result.Instructions) > 2000 ||
		!strings.Contains(result.Instructions, "has_next") {
		t.Errorf("instructions: %d bytes, %v", len(result.Instructions), err)
	}
}

func within(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("not within a minute: %s", what)
}
