package supervisor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// The supervisor launches the fake plugin with a role as its argument.
func TestMain(m *testing.M) { os.Exit(fakeplugin.Run(m)) }

func spec(t *testing.T, role string) Spec {
	t.Helper()
	return Spec{Manifest: fakeplugin.Manifest(role), Path: fakeplugin.Program(), Digest: programDigest()}
}

var programDigest = sync.OnceValue(func() [32]byte {
	data, err := os.ReadFile(fakeplugin.Program())
	if err != nil {
		return [32]byte{} // no launch will succeed
	}
	return sha256.Sum256(data)
})

// host echoes which plugin a request came from.
type host struct {
	pluginv1.UnimplementedHostServer
	plugin string
}

func (h host) RoundTrip(_ context.Context, r *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error) {
	body := []byte(h.plugin + " " + r.GetCallId() + " " + r.GetPath())
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Response{Response: &pluginv1.HTTPResponse{Body: body}}}, nil
}

func start(t *testing.T) *Supervisor {
	t.Helper()
	s := New(Config{Domain: "tenant.auth0.example", StartTimeout: time.Minute, Log: slog.New(slog.DiscardHandler),
		Host: func(plugin string) pluginv1.HostServer { return host{plugin: plugin} }})
	t.Cleanup(func() {
		folder := s.folder
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if folder != nil {
			if _, err := os.Stat(folder.path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the run folder is left: %v", err)
			}
		}
	})
	return s
}

func call(ctx context.Context, s *Supervisor, sp Spec, tool int, args string) (string, error) {
	tm := sp.Tools[tool]
	r, err := s.Call(ctx, sp, tm, &pluginv1.CallToolRequest{CallId: rand.Text(), Tool: tm.Name, Arguments: []byte(args)})
	return string(r.GetResult()), err
}

const (
	read  = fakeplugin.Read
	write = fakeplugin.Write
)

func TestConcurrentFirstCallsStartOneProcess(t *testing.T) {
	t.Parallel()
	s, sp := start(t), spec(t, "ok")
	var mu sync.Mutex
	pids := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			pid, err := call(t.Context(), s, sp, read, `{}`)
			mu.Lock()
			defer mu.Unlock()
			pids[pid] = true
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(pids) != 1 {
		t.Errorf("processes: %v", pids)
	}
}

// The tenant is a matter of each call: one process serves several.
func TestOneProcessServesSeveralTenants(t *testing.T) {
	t.Parallel()
	s, sp := start(t), spec(t, "ok")
	pid, err := call(t.Context(), s, sp, read, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	tm := sp.Tools[read]
	var wg sync.WaitGroup
	for _, domain := range []string{"a.eu.auth0.example", "b.us.auth0.example:8443", "c.auth0.example"} {
		wg.Go(func() {
			r, err := s.Call(t.Context(), sp, tm,
				&pluginv1.CallToolRequest{CallId: rand.Text(), Domain: domain, Tool: tm.Name, Arguments: []byte(`{"do":"domain"}`)})
			if want := `{"said":"` + domain + " " + pid + `"}`; err != nil || string(r.GetResult()) != want {
				t.Errorf("got %s, %v; want %s", r.GetResult(), err, want)
			}
		})
	}
	wg.Wait()
}

func TestHostKnowsWhichPluginAsks(t *testing.T) {
	t.Parallel()
	s := start(t)
	got, err := call(t.Context(), s, spec(t, "ok"), read, `{"do":"request","path":"/api/v2/x"}`)
	if err != nil || !strings.HasPrefix(got, `"ok `) || !strings.HasSuffix(got, ` /api/v2/x"`) {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestPluginSeesNothingOfTheHostsEnvironment(t *testing.T) {
	t.Setenv("AUTH0_TOKEN", "canary-token")
	s := start(t)
	got, err := call(t.Context(), s, spec(t, "ok"), read, `{"do":"env"}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{"canary-token", "HOME=", "PATH="} {
		if strings.Contains(got, leak) {
			t.Errorf("the plugin sees %s: %s", leak, got)
		}
	}
}

func TestCrashOfAReadingToolIsRetriedOnce(t *testing.T) {
	t.Parallel()
	s, sp := start(t), spec(t, "ok")
	if _, err := call(t.Context(), s, sp, read, `{"do":"crash-once","file":"`+t.TempDir()+`/mark"}`); err != nil {
		t.Errorf("the crash was noticed: %v", err)
	}
	_, err := call(t.Context(), s, sp, read, `{"do":"crash"}`)
	var crash *CrashError
	if !errors.As(err, &crash) || !strings.Contains(err.Error(), "out of cheese") {
		t.Errorf("error = %v", err)
	}
}

func TestCrashOfAWritingToolIsNeverRetried(t *testing.T) {
	t.Parallel()
	s, sp := start(t), spec(t, "ok")
	mark := t.TempDir() + "/mark"
	_, err := call(t.Context(), s, sp, write, `{"do":"crash-once","file":"`+mark+`"}`)
	if err == nil || !strings.Contains(err.Error(), "auth0_ok_write") {
		t.Errorf("error = %v", err)
	}
	if _, err := call(t.Context(), s, sp, read, `{}`); err != nil {
		t.Errorf("the next call found no new process: %v", err)
	}
}

// A socket's path is limited, and too long a one fails without a word.
func TestLongTempFolder(t *testing.T) {
	long := t.TempDir() + strings.Repeat("/a-folder-with-a-long-name", 4)
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	if _, err := call(t.Context(), start(t), spec(t, "ok"), read, `{}`); err != nil {
		t.Error(err)
	}
}

func TestLaunchFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spec func(*testing.T) Spec
		want string
	}{
		"dies at start": {func(t *testing.T) Spec { return spec(t, fakeplugin.Dies) }, "no database"},
		"liar":          {func(t *testing.T) Spec { return spec(t, fakeplugin.Liar) }, "otherwise than its manifest"},
		"digest": {func(t *testing.T) Spec { s := spec(t, "ok"); s.Digest[0]++; s.Remedy = "Look why"; return s },
			"Look why"},
		"protocol": {func(t *testing.T) Spec { s := spec(t, "ok"); s.Protocols = []int{9}; return s }, "protocol [9]"},
		"no file":  {func(t *testing.T) Spec { s := spec(t, "ok"); s.Path += "-gone"; return s }, "no such file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := call(t.Context(), start(t), tt.spec(t), read, `{}`)
			var launch *LaunchError
			if !errors.As(err, &launch) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one that mentions %q", err, tt.want)
			}
		})
	}
}

func TestCancelReachesThePlugin(t *testing.T) {
	t.Parallel()
	s, sp := start(t), spec(t, "ok")
	if _, err := call(t.Context(), s, sp, read, `{}`); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the user cancelled")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
	if _, err := call(ctx, s, sp, read, `{"do":"wait"}`); !errors.Is(err, cause) {
		t.Errorf("error = %v", err)
	}
}

func TestCloseAbortsAHungLaunchAndLeavesNoProcess(t *testing.T) {
	t.Parallel()
	s, hung := start(t), spec(t, fakeplugin.Hangs)
	pid, err := call(t.Context(), s, spec(t, "ok"), read, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := call(t.Context(), s, hung, read, `{}`)
		failed <- err
	}()
	time.Sleep(100 * time.Millisecond) // lets the launch begin; the outcome does not depend on it
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("the hung launch ended with %v", err)
	}
	if left := processes(t, pid); len(left) > 0 {
		t.Errorf("a process is left: %v", left)
	}
	if _, err := call(t.Context(), s, hung, read, `{}`); !errors.Is(err, ErrClosed) {
		t.Errorf("a call after Close: %v", err)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var tl tail
	_, _ = tl.Write(bytes.Repeat([]byte("x"), 3*tailBytes))
	_, _ = tl.Write([]byte("the end"))
	if got := tl.String(); len(got) != tailBytes || !strings.HasSuffix(got, "the end") {
		t.Errorf("%d bytes, ends %q", len(got), got[len(got)-10:])
	}
}
