package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// fileSession is a session in a file, with a lock that holds between processes.
type fileSession struct{ path string }

func (f fileSession) load(context.Context) (Session, error) {
	var s Session
	data, err := os.ReadFile(f.path)
	if err == nil {
		err = json.Unmarshal(data, (*storedSession)(&s))
	}
	return s, err
}

func (f fileSession) save(_ context.Context, s Session) error {
	data, err := json.Marshal(storedSession(s))
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(f.path+".new", f.path)
}

func (f fileSession) lock(ctx context.Context) (func(), error) {
	lock := flock.New(f.path + ".lock")
	if _, err := lock.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		return nil, err
	}
	return func() { _ = lock.Unlock() }, nil
}

func (f fileSession) stamp() string {
	info, err := os.Stat(f.path)
	if err != nil {
		return ""
	}
	return info.ModTime().String()
}

func (f fileSession) source(ctx context.Context, caFile string) (*Source, error) {
	transport, err := tenant.NewTransport(caFile)
	if err != nil {
		return nil, err
	}
	transport.Proxy = nil
	return NewSource(ctx, SourceConfig{OAuth: OAuth{Transport: transport}, Load: f.load, Save: f.save, Lock: f.lock,
		Stamp: f.stamp})
}

// rotatingServer is a token endpoint whose refresh tokens are good for one exchange.
type rotatingServer struct {
	tokens []string // the access tokens to come
	host   string
	caFile string

	mu       sync.Mutex
	refresh  string
	requests int
}

func newRotatingServer(t *testing.T, first string) *rotatingServer {
	t.Helper()
	s := &rotatingServer{refresh: first, caFile: filepath.Join(t.TempDir(), "ca.pem")}
	for n := range 3 {
		s.tokens = append(s.tokens, tenantJWT(t, strconv.Itoa(n+1)))
	}
	server := httptest.NewTLSServer(s)
	t.Cleanup(server.Close)
	s.host = server.Listener.Addr().String()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(s.caFile, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *rotatingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if r.PostFormValue("refresh_token") != s.refresh {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
		return
	}
	time.Sleep(100 * time.Millisecond) // long enough for the others to queue up
	s.refresh = fmt.Sprintf("%s-refresh-%d", canary, s.requests)
	_, _ = fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"expires_in":3600}`, s.tokens[s.requests-1], s.refresh)
}

// session is one whose token ends in left, and is due.
func (s *rotatingServer) session(t *testing.T, left time.Duration) fileSession {
	t.Helper()
	file := fileSession{filepath.Join(t.TempDir(), "session.json")}
	now := time.Now().UTC()
	err := file.save(t.Context(), Session{Profile: "dev", Domain: testTenant, Method: Device,
		AccessToken: tenantJWT(t, "0"),
		IssuedAt:    now.Add(-time.Hour), ExpiresAt: now.Add(left), RefreshToken: s.refresh, AuthDomain: s.host,
		ClientID: "client"})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// The environment that makes this test binary a process that renews.
const (
	roleVariable = "AUTH0_MCP_TEST_ROLE" // "renew", or "crash" between request and store
	fileVariable = "AUTH0_MCP_TEST_SESSION"
	caVariable   = "AUTH0_MCP_TEST_CA"
)

// process makes the command of one such process, which runs the test named test.
func (s *rotatingServer) process(t *testing.T, test, role string, file fileSession) (cmd *exec.Cmd,
	stdin io.WriteCloser, output *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output = &bytes.Buffer{}
	cmd = exec.CommandContext(t.Context(), self, "-test.run=^"+test+"$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), roleVariable+"="+role, fileVariable+"="+file.path, caVariable+"="+s.caFile)
	cmd.Stdout, cmd.Stderr = output, output
	if stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, stdin, output
}

// renewAsProcess is what such a process does; it begins when its stdin ends.
func renewAsProcess(t *testing.T, role string) {
	file := fileSession{os.Getenv(fileVariable)}
	s, err := file.source(t.Context(), os.Getenv(caVariable))
	if err != nil {
		t.Fatal(err)
	}
	if role == "crash" {
		s.cfg.Save = func(context.Context, Session) error {
			self, err := os.FindProcess(os.Getpid())
			if err != nil {
				return err
			}
			return errors.Join(self.Kill(), context.Cause(t.Context()))
		}
	}
	if _, err := io.ReadAll(os.Stdin); err != nil {
		t.Fatal(err)
	}
	token, err := s.Token()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "<%s>\n", tokenID(t, token))
}

func TestTenProcessesRenewOnce(t *testing.T) {
	if role := os.Getenv(roleVariable); role != "" {
		renewAsProcess(t, role)
		return
	}
	server := newRotatingServer(t, canary+"-refresh-0")
	file := server.session(t, -time.Minute)
	type process struct {
		cmd    *exec.Cmd
		stdin  io.Closer
		output *bytes.Buffer
	}
	var all []process
	for range 10 {
		cmd, stdin, output := server.process(t, t.Name(), "renew", file)
		all = append(all, process{cmd, stdin, output})
	}
	for _, p := range all {
		if err := p.stdin.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, p := range all {
		if err := p.cmd.Wait(); err != nil || !strings.Contains(p.output.String(), "<1>") {
			t.Errorf("%v: %s", err, p.output)
		}
		noCanary(t, p.output.String())
	}
	if server.requests != 1 {
		t.Errorf("%d requests, want 1", server.requests)
	}
	if s, err := file.load(t.Context()); err != nil || s.RefreshToken != canary+"-refresh-1" || !s.ValidAt(time.Now()) {
		t.Errorf("stored %v, %v", s, err)
	}
}

// A process dies when the server has rotated the refresh token and before it is
// stored. Nothing can bring it back; but nothing hangs, and the user is told.
func TestCrashBetweenRenewalAndStore(t *testing.T) {
	if role := os.Getenv(roleVariable); role != "" {
		renewAsProcess(t, role)
		return
	}
	for name, left := range map[string]time.Duration{"token that has ended": -time.Minute, "live token": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			server := newRotatingServer(t, canary+"-refresh-0")
			file := server.session(t, left)
			cmd, stdin, output := server.process(t, "TestCrashBetweenRenewalAndStore", "crash", file)
			if err := stdin.Close(); err != nil {
				t.Error(err)
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || server.requests != 1 {
				t.Fatalf("the process did not die between request and store: %v, %d requests: %s", err, server.requests, output)
			}
			s, err := file.source(t.Context(), server.caFile)
			if err != nil {
				t.Fatal(err)
			}
			if left > 0 {
				wantToken(t, s, "0")
			} else {
				wantSignIn(t, s, "answered invalid_grant", "`auth0-mcp init --profile dev`")
			}
			if server.requests != 2 {
				t.Errorf("%d requests, want 2", server.requests)
			}
			if stored, err := file.load(t.Context()); err != nil || stored.AccessToken == "" {
				t.Errorf("the session was cleared: %v, %v", stored, err)
			}
		})
	}
}
