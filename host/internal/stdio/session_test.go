package stdio

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

// session is a client connected to Serve. Each line that Serve writes is checked to be one, on arrival.
type session struct {
	t      *testing.T
	in     *io.PipeWriter
	lines  chan string
	cancel context.CancelCauseFunc
	served chan error
}

func connect(t *testing.T, cfg Config) *session {
	t.Helper()
	r, w := io.Pipe()
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &session{t: t, in: w, lines: make(chan string, 4096), cancel: cancel, served: make(chan error, 1)}
	cfg.In = r
	if cfg.Out == nil {
		cfg.Out = s
	}
	if cfg.Handle == nil {
		cfg.Handle = echo
	}
	if cfg.Working == nil {
		cfg.Working = alternating(t)
	}
	go func() { s.served <- Serve(ctx, cfg) }()
	t.Cleanup(func() {
		cancel(nil)
		_ = r.Close()
	})
	return s
}

// alternating checks that work begins and ends in turns.
func alternating(t *testing.T) func(begins bool) {
	working := false
	return func(begins bool) {
		if begins == working {
			t.Errorf("work begins: %v, twice", begins)
		}
		working = begins
	}
}

// Write takes what Serve writes.
func (s *session) Write(p []byte) (int, error) {
	if err := checkLine(p); err != nil {
		s.t.Errorf("written: %v: %q", err, p)
	}
	s.lines <- strings.TrimSuffix(string(p), "\n")
	return len(p), nil
}

// checkLine tells whether p is exactly one line with one JSON-RPC message, or an array of some.
func checkLine(p []byte) error {
	if bytes.IndexByte(p, '\n') != len(p)-1 {
		return fmt.Errorf("not one line")
	}
	if p[0] != '[' {
		return checkMessage(p)
	}
	var messages []json.RawMessage
	if err := json.Unmarshal(p, &messages); err != nil || len(messages) == 0 {
		return fmt.Errorf("not messages: %w", err)
	}
	for _, m := range messages {
		if err := checkMessage(m); err != nil {
			return err
		}
	}
	return nil
}

func checkMessage(p []byte) error {
	var m struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  *string         `json:"method"`
		Result  json.RawMessage `json:"result"`
		Error   *struct {
			Code    *int    `json:"code"`
			Message *string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(p, &m); err != nil {
		return err
	}
	response := m.ID != nil && m.Method == nil && (m.Result == nil) != (m.Error == nil)
	request := m.Method != nil && m.Result == nil && m.Error == nil // or a notification
	switch {
	case m.Version != "2.0":
		return fmt.Errorf("not JSON-RPC 2.0")
	case !response && !request:
		return fmt.Errorf("neither a response nor a request or notification")
	case m.Error != nil && (m.Error.Code == nil || m.Error.Message == nil || *m.Error.Message == ""):
		return fmt.Errorf("not an error object")
	}
	return nil
}

func (s *session) send(lines ...string) {
	s.t.Helper()
	if _, err := io.WriteString(s.in, strings.Join(lines, "\n")+"\n"); err != nil {
		s.t.Errorf("the server stopped reading: %v", err)
	}
}

// next returns the next line from the server.
func (s *session) next() string {
	s.t.Helper()
	select {
	case line := <-s.lines:
		return line
	case <-time.After(time.Minute):
		s.t.Fatal("no line came")
		return ""
	}
}

func (s *session) wantNext(want string) {
	s.t.Helper()
	if got := s.next(); got != want {
		s.t.Fatalf("got line %s, want %s", got, want)
	}
}

// wantSilence checks, after a ping has gone the whole way, that nothing else was written before.
func (s *session) wantSilence() {
	s.t.Helper()
	s.send(`{"jsonrpc":"2.0","id":"silence","method":"ping"}`)
	s.wantNext(`{"jsonrpc":"2.0","id":"silence","result":{}}`)
}

// end ends the input and returns what Serve returned and the lines that were not looked at.
func (s *session) end() ([]string, error) {
	s.t.Helper()
	_ = s.in.Close()
	return s.result()
}

func (s *session) result() ([]string, error) {
	s.t.Helper()
	select {
	case err := <-s.served:
		var rest []string
		for len(s.lines) > 0 {
			rest = append(rest, <-s.lines)
		}
		return rest, err
	case <-time.After(time.Hour):
		s.t.Fatal("Serve did not return")
		return nil, nil
	}
}

func (s *session) wantEnd() {
	s.t.Helper()
	rest, err := s.end()
	if err != nil || len(rest) > 0 {
		s.t.Fatalf("Serve returned %v, lines left %q; want nil and none", err, rest)
	}
}

func result(r Request, value string) []byte {
	return []byte(`{"jsonrpc":"2.0","id":` + strconv.FormatInt(r.ID, 10) + `,"result":` + value + `}`)
}

// echo answers with the params.
func echo(_ context.Context, r Request) []byte {
	switch {
	case r.Notification:
		return nil
	case r.Params == nil:
		return result(r, "{}")
	}
	return result(r, string(r.Params))
}

// byMethod sends calls to the pools and all else inline.
func byMethod(r Request) (Class, any) {
	switch {
	case r.Method != "tools/call":
		return Inline, nil
	case bytes.Contains(r.Params, []byte(`"name":"w"`)):
		return Writes, nil
	}
	return Reads, nil
}

// gate is a handler whose calls report that they run, and end when released or when their context does.
type gate struct {
	started  chan Request
	released chan struct{}
	causes   chan error // of the contexts that ended
}

func newGate() *gate {
	return &gate{started: make(chan Request, 4096), released: make(chan struct{}), causes: make(chan error, 4096)}
}

func (g *gate) handle(ctx context.Context, r Request) []byte {
	if r.Method != "tools/call" {
		return echo(ctx, r)
	}
	g.started <- r
	select {
	case <-g.released:
		return result(r, `"released"`)
	case <-ctx.Done():
		g.causes <- context.Cause(ctx)
		return result(r, `"aborted"`)
	}
}

func callLine(id string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"t"}}`
}

func writeLine(id string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"w"}}`
}

func cancelLine(id, reason string) string {
	return `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `,"reason":"` + reason +
		`"}}`
}

func resultLine(id, value string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"result":` + value + `}`
}
