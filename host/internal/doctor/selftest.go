package doctor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/procgroup"
)

const (
	// selfTestPatience is longer than a check's: a keychain may take five seconds of it.
	selfTestPatience = 15 * time.Second
	// serverPatience is for the conversation: within the check's time there must be
	// some left to end a server that hangs, which would outlive doctor otherwise.
	serverPatience = 10 * time.Second
	// serverGrace is how long the server may take to end after its stdin did.
	serverGrace = 3 * time.Second
	// maxServerLine bounds a line of the server: a tool list is far below it.
	maxServerLine = 8 << 20
	// maxServerStderr is how much of the end of its stderr is kept.
	maxServerStderr = 16 << 10
)

// clientVariables are what clients hand to a server besides the entry's own: those
// of the TypeScript SDK, which most desktop clients are built with, and those by
// which a desktop session is found.
// Source: https://github.com/modelcontextprotocol/typescript-sdk/blob/main/src/client/stdio.ts
func clientVariables() []string {
	return []string{
		"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "TMPDIR", "LANG",
		"APPDATA", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PROCESSOR_ARCHITECTURE", "SYSTEMDRIVE", "SYSTEMROOT",
		"TEMP", "TMP", "USERNAME", "USERPROFILE",
	}
}

// clientEnvironment is the share of the environment that a server gets from a desktop
// client. ours adds the variables that an entry would have to set.
func clientEnvironment(environ []string, ours bool) []string {
	var given []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		upper := strings.ToUpper(name) // Windows keeps any case
		if ours && (strings.HasPrefix(upper, "AUTH0_") || strings.HasPrefix(upper, "XDG_")) ||
			slices.Contains(clientVariables(), upper) {
			given = append(given, pair)
		}
	}
	return given
}

// serverEnvironment is that of the self-test's server, and whose it is: what a client gives
// to the entry of the examined profile, or what an entry that is still to be written could.
func (d *Doctor) serverEnvironment() (environ []string, whose string) {
	installed, _ := clients.List(d.at.places, d.at.folder) // the clients' own check tells of the errors
	for _, one := range installed {
		if one.Env == nil || !sameFile(one.Entry.Command, d.at.executable) || !d.examines(one.Entry) {
			continue
		}
		environ = append(clientEnvironment(d.at.environ, false), one.Environ(d.given)...)
		return environ, "as " + one.Client.Title + " starts it"
	}
	return clientEnvironment(d.at.environ, true), "with the variables of this shell"
}

// given is a variable before the secrets left the environment.
func (d *Doctor) given(name string) string {
	for _, pair := range d.at.environ {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

// examines reports whether an entry's profile is the one that is examined.
func (d *Doctor) examines(entry clients.Entry) bool {
	if d.cfg.Sandbox || entry.Sandbox {
		return d.cfg.Sandbox && entry.Sandbox
	}
	profile := entry.Profile
	if d.account == nil {
		return profile == d.cfg.Profile
	}
	return profile == d.account.Name || profile == "" && d.account.Name == d.config.DefaultProfile
}

// checkSelfTest starts the server as a client would and speaks with it.
func (d *Doctor) checkSelfTest(ctx context.Context) []Finding {
	args := d.cfg.ServerArgs
	said := &tail{limit: maxServerStderr}
	environ, whose := d.serverEnvironment()
	seen, err := d.serve(ctx, args, environ, said)
	stderr := said.String()
	d.mu.Lock()
	d.stderr = stderr
	d.mu.Unlock()
	if err != nil {
		if stderr != "" {
			stderr = "; it said: " + lastLines(stderr, 5)
		}
		return []Finding{fails("self-test", clients.ShellWords(append([]string{"auth0-mcp"},
			args...))+", with the same variables in a shell, shows the same", "%s: %v%s", whose, err, stderr)}
	}
	if seen.tools == 0 {
		return []Finding{fails("self-test", "auth0-mcp tools", "%s: the server answers in %v and offers no tool", whose,
			seen.ready)}
	}
	return []Finding{passes("self-test", "%s, %d bytes; initialize after %v, tools/list %v, ping %v; ended cleanly "+
		"with its stdin; %s",
		english.Plural(seen.tools, "tool", ""), seen.bytes, seen.ready, seen.list, seen.ping, whose)}
}

// lastLines is what a user reads of a log: its end.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}

// conversation is what a client sees of a server.
type conversation struct {
	tools, bytes      int
	ready, list, ping time.Duration
}

func (d *Doctor) serve(ctx context.Context, args, environ []string, stderr io.Writer) (conversation, error) {
	// Leaving the conversation early must end the server as well.
	ctx, cancel := context.WithTimeout(ctx, serverPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, d.at.executable, args...) //nolint:gosec // this very binary
	cmd.Env = environ
	// A desktop client's is the root: a relative path in a setting fails here too.
	cmd.Dir = filepath.VolumeName(d.at.executable) + string(filepath.Separator)
	cmd.Stderr = stderr
	cmd.WaitDelay = serverGrace
	procgroup.Own(cmd)
	if runtime.GOOS != "windows" { // where only killing is possible
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return conversation{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return conversation{}, err
	}
	if err := cmd.Start(); err != nil {
		return conversation{}, fmt.Errorf("the server could not be started: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = out.Close() })() // a read does not know the context
	seen, err := d.converse(in, bufio.NewReaderSize(out, 64<<10))
	if err != nil {
		cancel()
		return seen, ended(err, cmd.Wait())
	}
	grace := time.AfterFunc(serverGrace, cancel)
	defer grace.Stop()
	if err := cmd.Wait(); err != nil {
		return seen, fmt.Errorf("the server did not end cleanly with its stdin: %w", err)
	}
	return seen, nil
}

// ended tells how a server ended that failed in the middle: an exit status of its
// own says more than that the pipe was closed.
func ended(err, end error) error {
	if exit, ok := errors.AsType[*exec.ExitError](end); ok && exit.Exited() {
		return fmt.Errorf("%w and ended with exit status %d", err, exit.ExitCode())
	}
	return err
}

// converse does not use an MCP library: it has to notice what
// a library forgives, such as a stray line on stdout.
func (d *Doctor) converse(in io.WriteCloser, out *bufio.Reader) (conversation, error) {
	var seen conversation
	started := d.at.now()
	lap := func(since time.Time) time.Duration { return d.at.now().Sub(since).Round(time.Millisecond) }
	if _, err := askServer(in, out, 1, "initialize",
		`{"protocolVersion":"2025-06-18","capabilities":{},`+
			`"clientInfo":{"name":"auth0-mcp-doctor","version":"1"}}`); err != nil {
		return seen, err
	}
	seen.ready = lap(started)
	if _, err := io.WriteString(in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n"); err != nil {
		return seen, fmt.Errorf("initialized: %w", err)
	}
	listed := d.at.now()
	answer, err := askServer(in, out, 2, "tools/list", `{}`)
	if err != nil {
		return seen, err
	}
	seen.list, seen.bytes = lap(listed), len(answer)
	var list struct {
		Tools []struct {
			Name string `json:"name"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return seen, fmt.Errorf("tools/list: the answer is not a list of tools: %w", err)
	}
	seen.tools = len(list.Tools)
	pinged := d.at.now()
	if _, err := askServer(in, out, 3, "ping", `{}`); err != nil {
		return seen, err
	}
	seen.ping = lap(pinged)
	return seen, in.Close()
}

// askServer sends one request and reads lines up to its answer. Notifications pass;
// anything else on stdout would confuse a client, and is an error.
func askServer(in io.Writer, out *bufio.Reader, id int, method, params string) (json.RawMessage, error) {
	if _, err := fmt.Fprintf(in, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`+"\n", id, method,
		params); err != nil {
		return nil, fmt.Errorf("%s could not be sent: %w", method, err)
	}
	for {
		line, err := readLine(out)
		if err != nil {
			return nil, fmt.Errorf("%s was not answered: %w", method, err)
		}
		// Not into a struct, whose fields would match in any case: clients are exact.
		var message map[string]json.RawMessage
		if json.Unmarshal(line, &message) != nil || string(message["jsonrpc"]) != `"2.0"` {
			return nil, fmt.Errorf("%s: stdout holds something other than JSON-RPC (%d bytes)", method, len(line))
		}
		if message["method"] != nil {
			continue
		}
		if string(message["id"]) != strconv.Itoa(id) {
			return nil, fmt.Errorf("%s: an answer to a request that was not sent", method)
		}
		if refusal := message["error"]; refusal != nil {
			var e struct {
				Code    int    `json:"code"`
				Message string `json:"message"`
			}
			_ = json.Unmarshal(refusal, &e) // what can't be read is refused all the same
			return nil, fmt.Errorf("%s was refused: %s (%d)", method, e.Message, e.Code)
		}
		if message["result"] == nil {
			return nil, fmt.Errorf("%s: an answer without a result", method)
		}
		return message["result"], nil
	}
}

var (
	errLongLine = errors.New("a line of stdout is too long for a client")
	errNoMore   = errors.New("the server closed its stdout")
	errSilent   = errors.New("the server was silent for too long")
)

func readLine(out *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := out.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxServerLine:
			return nil, errLongLine
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil, errNoMore
		case errors.Is(err, os.ErrClosed): // by us
			return nil, errSilent
		case err != nil:
			return nil, err
		}
		return bytes.TrimSpace(line), nil
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	limit int
	mu    sync.Mutex
	data  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	t.data = t.data[max(0, len(t.data)-t.limit):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.data)
}
