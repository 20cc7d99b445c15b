package wrap

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

const (
	// maxLineBytes bounds a message of the server.
	maxLineBytes = 8 << 20
	// maxListedTools bounds a listing: more than a plugin may have, so that --tools can choose.
	maxListedTools = 1000
	// protocolVersion is the newest one with a handshake. A server that knows only older ones answers with its own.
	protocolVersion = "2025-11-25"
	// endGrace is how long a server may take to end by itself.
	endGrace = 2 * time.Second
)

// session is one process of the server.
type session struct {
	client  *mcp.ClientSession
	process *process
	// broken is closed when nothing more can be read from the process.
	broken chan struct{}
	// stale means that the server has announced another list of its tools.
	stale atomic.Bool

	mu       sync.Mutex
	tools    []*mcp.Tool
	declared map[string]string // digests of what the server says of its tools, by its names
	calls    map[string]*sdk.Call
	tokens   int
}

// start starts the server and shakes hands.
func (l Launch) start(ctx context.Context, stderr *os.File) (*session, error) {
	s := &session{calls: map[string]*sdk.Call{}, broken: make(chan struct{})}
	client := mcp.NewClient(&mcp.Implementation{Name: "auth0-mcp", Version: "1"}, &mcp.ClientOptions{
		Capabilities: &mcp.ClientCapabilities{}, // it can't ask the user, the model or for folders
		Logger:       slog.New(slog.DiscardHandler),
	})
	var err error
	if s.process, err = l.run(stderr); err != nil {
		return nil, err
	}
	transport := &watchedTransport{mcp.IOTransport{Reader: s.process.stdout, Writer: s.process.stdin,
		MaxLineLength: maxLineBytes}, s}
	// The connection outlives the call that opened it.
	background := context.WithoutCancel(ctx)
	connected := make(chan error, 1)
	go func() {
		var err error
		s.client, err = client.Connect(background, transport, &mcp.ClientSessionOptions{ProtocolVersion: protocolVersion})
		connected <- err
	}()
	select {
	case err = <-connected:
	case <-ctx.Done():
		s.process.kill()
		return nil, ctx.Err()
	}
	if err != nil {
		reason := s.reason(err)
		s.process.kill()
		return nil, errors.New(reason)
	}
	go func() {
		_ = s.client.Wait()
		close(s.broken)
	}()
	return s, nil
}

// watchedTransport shows the session what the server notifies in the order in which it is read. The client's own
// handlers may run after an answer that was sent later.
type watchedTransport struct {
	mcp.IOTransport
	session *session
}

// Connect implements [mcp.Transport].
func (t *watchedTransport) Connect(ctx context.Context) (mcp.Connection, error) {
	conn, err := t.IOTransport.Connect(ctx)
	return watchedConnection{conn, t.session}, err
}

type watchedConnection struct {
	mcp.Connection
	session *session
}

// Read implements [mcp.Connection].
func (c watchedConnection) Read(ctx context.Context) (jsonrpc.Message, error) {
	message, err := c.Connection.Read(ctx)
	if request, ok := message.(*jsonrpc.Request); ok && err == nil {
		switch request.Method {
		case "notifications/tools/list_changed":
			c.session.stale.Store(true)
		case "notifications/progress":
			var params mcp.ProgressNotificationParams
			if json.Unmarshal(request.Params, &params) == nil {
				c.session.progress(params)
			}
		}
	}
	return message, err
}

// list asks the server for its tools.
func (s *session) list(ctx context.Context) error {
	var tools []*mcp.Tool
	declared := map[string]string{}
	for tool, err := range s.client.Tools(ctx, nil) {
		if err != nil {
			return errors.New(s.reason(err))
		}
		if len(tools) == maxListedTools {
			return fmt.Errorf("it lists more than %d tools", maxListedTools)
		}
		sum, err := declaration(tool)
		if err != nil {
			return err
		}
		if _, twice := declared[tool.Name]; twice {
			return fmt.Errorf("it lists two tools %q", tool.Name)
		}
		declared[tool.Name] = sum
		tools = append(tools, tool)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tools, s.declared = tools, declared
	return nil
}

// declaration is the digest of what a model and the host know of a tool.
func declaration(tool *mcp.Tool) (string, error) {
	data, err := json.Marshal(struct {
		Name, Title, Description string
		InputSchema              any
		Annotations              *mcp.ToolAnnotations
	}{tool.Name, tool.Title, tool.Description, tool.InputSchema, tool.Annotations})
	return fmt.Sprintf("%x", sha256.Sum256(data)), err
}

// follow makes the token by which the server tells how far a call has come.
func (s *session) follow(c *sdk.Call) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
	token := strconv.Itoa(s.tokens)
	s.calls[token] = c
	return token
}

func (s *session) unfollow(token any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, fmt.Sprint(token))
}

func (s *session) progress(p mcp.ProgressNotificationParams) {
	s.mu.Lock()
	c := s.calls[fmt.Sprint(p.ProgressToken)]
	s.mu.Unlock()
	if c != nil {
		c.Progress(p.Progress, p.Total, shorten(p.Message, maxNoteBytes))
	}
}

// ended reports whether the process is gone, or cannot be spoken to any more.
func (s *session) ended() bool {
	select {
	case <-s.process.done:
		return true
	case <-s.broken:
		return true
	default:
		return false
	}
}

// reason says why the server does not answer.
func (s *session) reason(err error) string {
	if s.process.stdout.over.Load() {
		return fmt.Sprintf("it wrote a line of more than %d bytes", maxLineBytes)
	}
	select {
	case <-s.process.done:
		return "it ended with " + s.process.state
	case <-time.After(100 * time.Millisecond): // its pipe ends before it does
		return err.Error()
	}
}

// close ends the process, by itself if it can.
func (s *session) close() {
	_ = s.process.stdin.Close()
	select {
	case <-s.process.done:
	case <-time.After(endGrace):
	}
	s.process.kill()
}

// process is the server as a child.
type process struct {
	stdin  io.WriteCloser
	stdout *messages
	cmd    *exec.Cmd
	done   chan struct{} // closed when it has ended
	state  string        // how it ended; set before done
}

// run starts the server. It is killed with this process where the system can do that.
func (l Launch) run(stderr *os.File) (*process, error) {
	//nolint:gosec,noctx // the user agreed to the command; it outlives the call that starts it
	cmd := exec.Command(l.Command, l.Args...)
	cmd.Env, cmd.Stderr = l.environment(), stderr
	dieWithParent(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, child, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = child
	p := &process{stdin: stdin, cmd: cmd, done: make(chan struct{})}
	p.stdout = &messages{ReadCloser: stdout, lines: bufio.NewReaderSize(stdout, 64<<10), noise: stderr}
	started := make(chan error, 1)
	go func() {
		// On Linux the child is killed when the thread that started it ends: it must last as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = child.Close()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait()
		p.state = cmd.ProcessState.String()
		close(p.done)
	}()
	if err := <-started; err != nil {
		_ = stdout.Close()
		return nil, err
	}
	return p, nil
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // of a process that has ended, an error and nothing else
	<-p.done
	_ = p.stdout.Close()
}

// messages is what the server writes to stdout, without what cannot be a message: some servers print there.
type messages struct {
	io.ReadCloser
	lines *bufio.Reader
	noise io.Writer
	rest  []byte
	over  atomic.Bool // a line was too long
}

func (m *messages) Read(p []byte) (int, error) {
	for len(m.rest) == 0 {
		line, err := m.line()
		if err != nil {
			return 0, err
		}
		text := bytes.TrimSpace(line)
		switch {
		case len(text) == 0:
		case text[0] == '{' && json.Valid(text):
			m.rest = slices.Concat(text, []byte{'\n'})
		default:
			fmt.Fprintf(m.noise, "not a message of MCP on stdout: %q\n", shorten(string(text), maxNoteBytes))
		}
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// line reads to the end of a line.
func (m *messages) line() (line []byte, err error) {
	for {
		part, err := m.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLineBytes:
			m.over.Store(true)
			return nil, bufio.ErrTooLong
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return line, err
		}
	}
}
