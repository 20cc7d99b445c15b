//go:build unix

package mcpserver

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
)

// alone gives plugins a folder of the test's own for sockets, short enough for
// them, and fails the test if anything is in it when all is over.
func alone(t *testing.T) {
	t.Helper()
	base, err := os.MkdirTemp("/tmp", "a0t") //nolint:usetesting // t.TempDir's path is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", base)
	t.Cleanup(func() {
		if left, err := filepath.Glob(filepath.Join(base, "*")); err != nil || len(left) > 0 {
			t.Errorf("left in the folder for temporary files: %v, %v", left, err)
		}
		_ = os.RemoveAll(base)
	})
}

// What a plugin in trouble does to a client and to the tenant. That no process is left is checked at the end of each,
// that no socket and no folder, at
// the end of all.
func TestPluginFaults(t *testing.T) {
	const post = `"do":"request","method":"POST","path":"/api/v2/clients"`
	const get = `"do":"request","path":"/api/v2/clients"`
	tests := map[string]struct {
		role    string
		tool    int
		args    string
		want    []string
		reached int // requests that reached the tenant
		linux   bool
	}{
		"crashes at start": {fakeplugin.Dies, fakeplugin.Write, `{}`,
			[]string{"did not start", "exit status 3", "no database"}, 0, false},
		"crashes in Describe": {fakeplugin.DiesInDescribe, fakeplugin.Write, `{}`,
			[]string{"did not start", "ended in Describe"}, 0, false},
		"crashes in Configure": {fakeplugin.DiesInConfigure, fakeplugin.Write, `{}`,
			[]string{"did not start", "ended in Configure"}, 0, false},
		"hangs at start": {fakeplugin.Hangs, fakeplugin.Write, `{}`,
			[]string{"did not start", "--plugin-start-timeout"}, 0, false},
		"lies about its manifest": {fakeplugin.Liar, fakeplugin.Write, `{}`,
			[]string{"did not start", "otherwise than its manifest", "plugin install"}, 0, false},
		"another protocol": {fakeplugin.Foreign, fakeplugin.Write, `{}`,
			[]string{"did not start", "speaks protocol 9"}, 0, false},
		"crashes before a read": {"bad", fakeplugin.Read, `{"do":"crash"}`,
			[]string{"ended unexpectedly", "out of cheese"}, 0, false},
		"crashes after a read": {"bad", fakeplugin.Read, `{` + get + `,"then":"crash"}`,
			[]string{"ended unexpectedly"}, 2, false},
		"crashes before a write": {"bad", fakeplugin.Write, `{"do":"crash"}`,
			[]string{"ended unexpectedly", "Nothing was changed.", "out of cheese"}, 0, false},
		"crashes after a write": {"bad", fakeplugin.Write, `{` + post + `,"then":"crash"}`,
			[]string{"ended unexpectedly", "This call changed the tenant: POST /api/v2/clients."}, 1, false},
		"crashes while it answers": {"bad", fakeplugin.Write, `{` + post + `,"then":"break"}`,
			[]string{"ended unexpectedly", "This call changed the tenant: POST /api/v2/clients."}, 1, false},
		"hangs before a write": {"bad", fakeplugin.Write, `{"do":"hang"}`,
			[]string{"did not finish", "--call-timeout", "Nothing was changed."}, 0, false},
		"hangs after a write": {"bad", fakeplugin.Write, `{` + post + `,"then":"hang"}`,
			[]string{"did not finish", "--call-timeout", "This call changed the tenant: POST /api/v2/clients."}, 1, false},
		"is frozen": {"bad", fakeplugin.Read, `{"do":"stop"}`, []string{"did not finish"}, 0, false},
		"answers 32 MB": {"bad", fakeplugin.Write, `{"do":"answer","n":32}`,
			[]string{"no usable answer", "over 16 MiB", "Nothing was changed."}, 0, false},
		"leaks memory after a write": {"bad", fakeplugin.Write, `{` + post + `,"then":"leak","n":4096}`,
			[]string{"was stopped", "300 MiB", "--plugin-memory-limit", "This call changed the tenant: POST /api/v2/clients."},
			1,
			true},
		"leaks memory in a read, once": {"bad", fakeplugin.Read, `{` + get + `,"then":"leak","n":4096}`,
			[]string{"was stopped", "300 MiB"}, 1, true},
	}
	alone(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.linux && runtime.GOOS != "linux" {
				t.Skip("memory is watched on Linux only")
			}
			late := tt.want[0] == "did not finish"
			c := connectWith(t, catalog.Filter{}, func(cfg *Config) {
				cfg.Calls.Plugins = supervisor.Config{StartTimeout: time.Minute, CallTimeout: time.Minute,
					HangGrace: 100 * time.Millisecond}
				if tt.linux {
					cfg.Calls.Plugins.MemoryLimit = 300 << 20
				}
				if tt.role == fakeplugin.Hangs {
					cfg.Calls.Plugins.StartTimeout = 5 * time.Second
				}
				if late { // the other plugin must answer within this
					cfg.Calls.Plugins.CallTimeout = 5 * time.Second
				}
			}, tt.role, "good")
			if late { // the time of a start is not what is tested: a later call finds the process
				for _, role := range []string{tt.role, "good"} {
					within(t, "the plugin runs", func() bool { _, isError := c.call(role, fakeplugin.Read, `{}`); return !isError })
				}
			}
			text, isError := c.call(tt.role, tt.tool, tt.args)
			if !isError {
				t.Errorf("no error: %s", text)
			}
			for _, want := range append(tt.want, "plugin "+tt.role) {
				if !strings.Contains(text, want) {
					t.Errorf("the answer lacks %q: %s", want, text)
				}
			}
			if reached := c.tenant.Requests(); len(reached) != tt.reached {
				t.Errorf("%d requests reached the tenant, want %d: %v", len(reached), tt.reached, reached)
			}
			if text, isError := c.call("good", fakeplugin.Read, `{"do":"request","path":"/api/v2/logs"}`); isError ||
				!strings.Contains(text, "log_id") {
				t.Errorf("another plugin: %s", text)
			}
		})
	}
}

// The client's own cancellation of a call that does not listen: no reply, and the
// plugin is served by a new process.
func TestCancellationOfAHungCall(t *testing.T) {
	alone(t)
	c := connectWith(t, catalog.Filter{}, func(cfg *Config) { cfg.Calls.Plugins.HangGrace = 50 * time.Millisecond }, "ok")
	first, _ := c.call("ok", fakeplugin.Read, `{}`)
	mark := filepath.Join(t.TempDir(), "mark")
	c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":"hung","method":"tools/call","params":{"name":"auth0_ok_write",`+
		`"arguments":{"do":"hang","file":%q}}}`, mark))
	within(t, "the call hangs", func() bool { _, err := os.Stat(mark); return err == nil })
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"hung"}}`)
	within(t, "another process serves the plugin", func() bool {
		pid, isError := c.call("ok", fakeplugin.Read, `{}`)
		return !isError && pid != first
	})
	for _, line := range c.other {
		if strings.Contains(line, `"hung"`) {
			t.Errorf("a reply after the cancellation: %s", line)
		}
	}
}

// A plugin that pours out on every pipe it has, and reads its stdin, disturbs no one.
func TestFloodAndStdinDoNotReachTheClient(t *testing.T) {
	alone(t)
	c := connect(t, catalog.Filter{}, "ok")
	if text, isError := c.call("ok", fakeplugin.Read, `{"do":"flood","n":3}`); isError {
		t.Errorf("the flooding call: %s", text)
	}
	if text, isError := c.call("ok", fakeplugin.Read, `{"do":"stdin"}`); isError || text != `""` {
		t.Errorf("stdin holds %s", text)
	}
	if r := c.request("ping", `{}`); string(r.Result) != `{}` {
		t.Errorf("ping: %s", r.Result)
	}
	if len(c.other) > 0 {
		t.Errorf("unexpected lines: %v", c.other)
	}
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.String()
}

// What a plugin logs in a call carries the call's number, and never its id, by which
// requests are let through.
func TestPluginLogNamesTheCallByNumber(t *testing.T) {
	t.Parallel()
	log := &lockedBuffer{}
	c := connectWith(t, catalog.Filter{}, func(cfg *Config) {
		cfg.Calls.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}, "ok")
	for range 2 {
		c.call("ok", fakeplugin.Read, `{"do":"log"}`)
	}
	c.call("ok", fakeplugin.Read, `{"do":"log","call":"NOSUCHCALL"}`)
	text := log.text()
	for _, want := range []string{
		`msg=careful plugin=ok tool=auth0_ok_read call=1 attributes.step=1 attributes.id=(call)`,
		`msg=careful plugin=ok tool=auth0_ok_read call=2 attributes.step=1`,
		`msg=careful plugin=ok attributes.step=1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	id, _ := c.call("ok", fakeplugin.Read, `{"do":"id"}`)
	shape := regexp.MustCompile(`[A-Z2-7]{26}`)
	if !shape.MatchString(id) {
		t.Fatalf("an id looks like %s: the test proves nothing", id)
	}
	if found := shape.FindString(log.text()); found != "" {
		t.Errorf("the log holds the id of a call: %s", found)
	}
}
