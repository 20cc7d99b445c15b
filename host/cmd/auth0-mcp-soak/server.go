package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// patience is how long anything may take that a busy machine does slowly. The host's
// own bounds are shorter: 30 s for a write, 10 s for the end.
const patience = 2 * time.Minute

var (
	errEnding = errors.New("the host is about to end")
	errGone   = errors.New("the host has ended")
)

// server is one host, and the book of what it was asked and has answered.
type server struct {
	name    string
	cmd     *exec.Cmd
	in, out *os.File
	stderr  *tail
	// broken gets what breaks a promise.
	broken func(format string, args ...any)
	// secrets may not be in anything that it says.
	secrets []string

	sending sync.RWMutex // held for reading while a line is sent
	ending  bool         // nothing more is sent

	mu          sync.Mutex
	open        map[string]*request // by id, as sent
	answered    map[string]bool
	idless      int  // error replies without an id that are owed to malformed lines
	owesNothing bool // it was killed: no reply is owed

	ended  chan struct{} // closed when its stdout has ended
	exited chan struct{} // closed when the process has, with its state in exit
	exit   error
}

// request is one that was sent.
type request struct {
	id   string
	owed int // replies
	// deaf: it was cancelled, and a later ping was answered, so no reply may follow.
	cancelled, deaf bool
	replies         chan reply
}

type reply struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Params struct {
		ProgressToken json.RawMessage `json:"progressToken"`
	} `json:"params"`
}

// launch starts a host. It is not initialized.
func launch(name, binary string, env, secrets []string, broken func(string, ...any)) (*server, error) {
	s := &server{
		name: name, secrets: secrets, broken: broken, stderr: &tail{},
		open: map[string]*request{}, answered: map[string]bool{}, ended: make(chan struct{}), exited: make(chan struct{}),
	}
	// A context would kill it at the end of the run; how a host ends is part of the run.
	s.cmd = exec.Command(binary, hostArguments()...) //nolint:gosec,noctx // the binary to strain
	s.cmd.Env = env
	stdin, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	out, stdout, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	defer stdout.Close()
	// Files of ours, not the pipes of exec: those end with the process, whatever was
	// not read by then.
	s.cmd.Stdin, s.cmd.Stdout, s.in, s.out = stdin, stdout, in, out
	s.cmd.Stderr = scanner{s}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	go s.read()
	go func() {
		s.exit = s.cmd.Wait()
		close(s.exited)
	}()
	return s, nil
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// send sends a line as it is. errEnding: it was not sent.
func (s *server) send(line string) error {
	s.sending.RLock()
	defer s.sending.RUnlock()
	if s.ending {
		return errEnding
	}
	return s.write(line)
}

func (s *server) write(line string) error {
	// One Write of a pipe's end is not torn by another: os.File holds a lock over it.
	if _, err := s.in.WriteString(line + "\n"); err != nil {
		return errGone // the reader tells whether it may have
	}
	return nil
}

// ask enters a request in the book and sends it owed times.
func (s *server) ask(id, method, params string, owed int) (*request, error) {
	q := &request{id: id, owed: owed, replies: make(chan reply, owed)}
	s.mu.Lock()
	s.open[id] = q
	s.mu.Unlock()
	line := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, id, method, params)
	// All in one, so that none is sent without the others when the host is about to end.
	err := s.send(strings.Repeat(line+"\n", owed-1) + line)
	if errors.Is(err, errEnding) {
		s.forget(q)
	}
	return q, err
}

func (s *server) forget(q *request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, q.id)
}

// wait waits for the replies of a request, and returns the last; errGone if the
// host was killed.
func (s *server) wait(q *request) (reply, error) {
	var last reply
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for range cap(q.replies) {
		select {
		case last = <-q.replies:
			continue
		case <-s.ended:
		case <-timer.C:
			s.broken("%s: no reply to %s within %v", s.name, q.id, patience)
			return last, errGone
		}
		select {
		case last = <-q.replies: // it came before the end
		default:
			if s.owes(q) {
				s.broken("%s ended without a reply to %s", s.name, q.id)
			}
			return last, errGone
		}
	}
	return last, nil
}

func (s *server) owes(q *request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.owesNothing && !q.cancelled
}

// cancel cancels a request, and returns when the host has taken note of it: the ping
// behind it is answered in order. False if it can't be cancelled any more.
func (s *server) cancel(q *request, pingID string) bool {
	s.mu.Lock()
	q.cancelled = true
	s.mu.Unlock()
	if err := s.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + q.id +
		`,"reason":"soak"}}`); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		q.cancelled = false
		return false
	}
	ping, err := s.ask(pingID, "ping", "{}", 1)
	if err == nil {
		_, err = s.wait(ping)
	}
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		q.deaf = true
	}
	return true
}

// read keeps the book until the host's stdout ends.
func (s *server) read() {
	defer close(s.ended)
	lines := bufio.NewReaderSize(s.out, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if err == nil {
			s.line(line)
			continue
		}
		if line != "" && !s.kills() {
			s.broken("%s: stdout ended within a line: %.200q", s.name, line)
		}
		return
	}
}

func (s *server) kills() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owesNothing
}

// kill notes that no reply is owed from here on.
func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owesNothing = true
}

func (s *server) line(line string) {
	if what := leak(line, s.secrets); what != "" {
		s.broken("%s: a secret on stdout: %s", s.name, what)
	}
	var r reply
	if err := json.Unmarshal([]byte(line), &r); err != nil || !strings.HasPrefix(line, `{"jsonrpc":"2.0",`) {
		s.broken("%s: not JSON-RPC on stdout: %.300q", s.name, line)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Method != "" && r.ID == nil:
		s.notified(r)
	case r.Method != "":
		s.broken("%s: an unexpected request: %.300q", s.name, line)
	case (r.Result == nil) == (r.Error == nil):
		s.broken("%s: neither a result nor an error: %.300q", s.name, line)
	case string(r.ID) == "null":
		if s.idless--; s.idless < 0 {
			s.broken("%s: more errors than malformed lines: %.300q", s.name, line)
		}
	default:
		s.answer(r, line)
	}
}

// notified checks progress: there is none of a call that is over. The caller holds s.mu.
func (s *server) notified(r reply) {
	if r.Method != "notifications/progress" {
		return
	}
	if q := s.open[string(r.Params.ProgressToken)]; q == nil || q.deaf {
		s.broken("%s: progress of the call %s, which is over", s.name, r.Params.ProgressToken)
	}
}

// answer enters a reply. The caller holds s.mu.
func (s *server) answer(r reply, line string) {
	id := string(r.ID)
	q := s.open[id]
	switch {
	case q == nil && s.answered[id]:
		s.broken("%s: %s was answered twice: %.300q", s.name, id, line)
	case q == nil:
		s.broken("%s: a reply to %s, which was not asked: %.300q", s.name, id, line)
	case q.deaf:
		s.broken("%s: a reply to %s after its cancellation: %.300q", s.name, id, line)
	default:
		if q.owed--; q.owed == 0 {
			delete(s.open, id)
			s.answered[id] = true
		}
		q.replies <- r
	}
}

// malformed sends a line that is answered with an error without an id.
func (s *server) malformed(line string) error {
	s.mu.Lock()
	s.idless++
	s.mu.Unlock()
	err := s.send(line)
	if err != nil {
		s.mu.Lock()
		s.idless--
		s.mu.Unlock()
	}
	return err
}

// stopSending returns when no line is being sent, and none will be.
func (s *server) stopSending() {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.ending = true
}

// tail keeps the end of what a host said on stderr.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

// kept is room for the stacks of a host's goroutines.
const kept = 4 << 20

func (t *tail) add(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - kept; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}

// scanner looks for secrets in what a host says on stderr.
type scanner struct{ s *server }

func (sc scanner) Write(p []byte) (int, error) {
	sc.s.stderr.add(p)
	if what := leak(string(p), sc.s.secrets); what != "" {
		sc.s.broken("%s: a secret on stderr: %s", sc.s.name, what)
	}
	return len(p), nil
}

var _ io.Writer = scanner{}
