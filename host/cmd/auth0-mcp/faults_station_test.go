//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// heldTenant is a sandbox that keeps each request until it is released, or until its
// caller gives up: such a request is never processed.
type heldTenant struct {
	*sandbox.Tenant
	addr, caFile string
	arrived      chan string // methods
	gaveUp       chan string
	release      chan struct{}
	let          func() // releases all requests, also those to come
}

func newHeldTenant(t *testing.T) *heldTenant {
	t.Helper()
	h := &heldTenant{arrived: make(chan string, 1000), gaveUp: make(chan string, 1000), release: make(chan struct{})}
	h.let = sync.OnceFunc(func() { close(h.release) })
	server := httptest.NewUnstartedServer(h)
	h.addr = server.Listener.Addr().String()
	h.Tenant = sandbox.New(sandbox.Options{Domain: h.addr})
	server.EnableHTTP2 = true // one connection: a busy machine takes seconds for a hundred
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(h.let)
	h.caFile = filepath.Join(t.TempDir(), "ca.pem")
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(h.caFile, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *heldTenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Read to its end: only then does the server notice that the caller has gone.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	h.arrived <- r.Method
	select {
	case <-h.release:
		h.Tenant.ServeHTTP(w, r)
	case <-r.Context().Done():
		h.gaveUp <- r.Method
	}
}

// written counts the POSTs that the tenant carried out.
func (h *heldTenant) written() int {
	n := 0
	for _, r := range h.Requests() {
		if r.Method == http.MethodPost && r.Processed == http.StatusCreated {
			n++
		}
	}
	return n
}

// station is where hosts run: folders and an environment of their own.
type station struct {
	t    *testing.T
	temp string
	env  []string
	args []string
}

func newStation(t *testing.T, tenant *heldTenant) *station {
	t.Helper()
	temp, err := os.MkdirTemp("", "f") //nolint:usetesting // short: sockets are made below it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temp) })
	home := t.TempDir()
	s := &station{t: t, temp: temp,
		args: []string{"run", "--log-level", "error", "--approve", "none", "--dev-plugin", pluginFolder(t)}, env: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + temp, "GORACE=atexit_sleep_ms=0",
			"AUTH0_DOMAIN=" + tenant.addr, "AUTH0_TOKEN=" + tenant.Token(), "AUTH0_MCP_CA_FILE=" + tenant.caFile,
		}}
	return s
}

func pluginFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := copyPlugin(dir, "ok")
	m := fakeplugin.Manifest("ok")
	m.Executable = "auth0-mcp-plugin-ok"
	data, encodeErr := m.Encode()
	if err = errors.Join(err, encodeErr); err == nil {
		err = os.WriteFile(filepath.Join(dir, "manifest.json"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// running is one host.
type running struct {
	t       *testing.T
	cmd     *exec.Cmd
	in, out *os.File
	lines   *bufio.Reader
	stderr  *bytes.Buffer // to be read when it has ended
	ended   chan error
	pings   int               // that were answered among the rest
	early   map[string]string // replies that came while something else was waited for
}

// start starts a host. through is a command that starts it, if any.
func (s *station) start(through ...string) *running {
	s.t.Helper()
	path, err := exec.LookPath("auth0-mcp")
	if err != nil {
		s.t.Fatal(err)
	}
	if slices.Contains(through, os.TempDir()) { // it is seen elsewhere, see startOnDisk
		path = strings.Replace(path, os.TempDir(), "/mnt", 1)
	}
	words := slices.Concat(through, []string{path}, s.args)
	h := &running{t: s.t, cmd: exec.CommandContext(s.t.Context(), words[0], words[1:]...), stderr: &bytes.Buffer{},
		ended: make(chan error, 1), early: map[string]string{}}
	h.cmd.Env, h.cmd.Stderr = s.env, h.stderr
	stdin, in, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	h.in, h.out, h.cmd.Stdin, h.cmd.Stdout, h.lines = in, out, stdin, stdout, bufio.NewReader(out)
	if err := h.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	_, _ = stdin.Close(), stdout.Close()
	go func() { h.ended <- h.cmd.Wait() }()
	s.t.Cleanup(func() {
		_ = h.cmd.Process.Kill() // one that has ended is not found
		_, _ = in.Close(), out.Close()
	})
	// The handshake, whose answer next passes over. A host that ends at its start does not read it.
	_, _ = in.WriteString(`{"jsonrpc":"2.0","id":"handshake","method":"initialize",` +
		`"params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}` + "\n")
	return h
}

func (h *running) send(lines ...string) {
	h.t.Helper()
	if _, err := h.in.WriteString(strings.Join(lines, "\n") + "\n"); err != nil {
		h.t.Fatal(err)
	}
}

func toolCall(id, tool, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"method":"tools/call","params":{"name":"auth0_ok_%s","arguments":%s}}`,
		id, tool, arguments)
}

const pingLine = `{"jsonrpc":"2.0","id":"ping","method":"ping"}`

// readCall is answered with what isRead recognizes: little, as an overloaded machine
// has to get many of them through within the time of a drain.
func readCall(id string) string {
	return toolCall(id, "read", `{"do":"request","path":"/api/v2/client-grants/none"}`)
}

func isRead(text string) bool { return strings.Contains(text, `"statusCode":404`) }

// longCall is answered with some 30 kB.
func longCall(id string) string {
	return toolCall(id, "read", `{"do":"request","path":"/api/v2/clients"}`)
}

func writeCall(id string) string {
	return toolCall(id, "write", `{"do":"request","method":"POST","path":"/api/v2/clients"}`)
}

// next is the id and the text of the next reply, or false at the end of stdout.
func (h *running) next() (id, text string, more bool) {
	h.t.Helper()
	line, err := h.lines.ReadString('\n')
	if err != nil {
		if line != "" {
			h.t.Errorf("stdout ended within a line: %q", line)
		}
		return "", "", false
	}
	var r struct {
		ID     string
		Result *struct{ Content []struct{ Text string } }
		Error  *struct{ Message string }
	}
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		h.t.Fatalf("not JSON-RPC: %q", line)
	}
	switch {
	case r.ID == "handshake":
		return h.next()
	case r.Error != nil:
		text = r.Error.Message
	case r.Result != nil && len(r.Result.Content) > 0:
		text = r.Result.Content[0].Text
	}
	return r.ID, text, true
}

func (h *running) want(id string) string {
	h.t.Helper()
	got, text, more := h.next()
	if !more || got != id {
		h.t.Fatalf("got a reply to %q (%v), want one to %q", got, more, id)
	}
	return text
}

// until reads replies up to one, and keeps the others for rest.
func (h *running) until(id string) {
	h.t.Helper()
	for {
		got, text, more := h.next()
		if got == id {
			return
		}
		if !more {
			h.t.Fatalf("stdout ended before the reply to %s", id)
		}
		h.early[got] = text
	}
}

// plugin calls the plugin, and returns its process.
func (h *running) plugin() int {
	h.t.Helper()
	h.send(toolCall("plugin", "read", "{}"))
	text := h.want("plugin")
	pid, err := strconv.Atoi(text)
	if err != nil {
		h.t.Fatalf("the plugin answered %q", text)
	}
	return pid
}

// rest are the replies until stdout ends.
func (h *running) rest() map[string]string {
	h.t.Helper()
	all := maps.Clone(h.early)
	delete(all, "ping")
	for id, text, more := h.next(); more; id, text, more = h.next() {
		if id == "ping" {
			h.pings++
			continue
		}
		if _, again := all[id]; again {
			h.t.Errorf("%s is answered twice", id)
		}
		all[id] = text
	}
	return all
}

// end waits for the process, and returns its exit status: -1 for a signal.
func (h *running) end() int {
	h.t.Helper()
	select {
	case err := <-h.ended:
		var status *exec.ExitError
		if errors.As(err, &status) {
			return status.ExitCode()
		}
		if err != nil {
			h.t.Error(err)
		}
		return 0
	case <-time.After(patience):
		h.t.Fatal("the host does not end")
		return 0
	}
}

// runs tells of a process; a zombie that no parent reaps has ended.
func runs(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil && runtime.GOOS != "linux" || err == nil && !bytes.Contains(stat, []byte(") Z "))
}

func wantGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); runs(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the plugin %d is left", pid)
		}
	}
}

// left are the names in the hosts' temporary folder.
func (s *station) left() []string {
	s.t.Helper()
	entries, err := os.ReadDir(s.temp)
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func wantMethods(t *testing.T, from <-chan string, want ...string) {
	t.Helper()
	var got []string
	for range want {
		select {
		case method := <-from:
			got = append(got, method)
		case <-time.After(patience):
			t.Fatalf("requests %v, want %v", got, want)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("requests %v, want %v", got, want)
	}
}

// busy is a host with a read and a write on their way to the tenant.
func busyHost(t *testing.T) (*heldTenant, *station, *running, int) {
	t.Helper()
	tenant := newHeldTenant(t)
	s := newStation(t, tenant)
	h := s.start()
	pid := h.plugin()
	h.send(readCall("r"), writeCall("w"))
	wantMethods(t, tenant.arrived, "GET", "POST")
	return tenant, s, h, pid
}
