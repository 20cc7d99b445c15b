package supervisor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// The test binary is the fake plugins: the supervisor launches it with the
// plugin's role as its argument.
func TestMain(m *testing.M) {
	if os.Getenv(pluginv1.MagicCookieKey) != "" {
		serveFake(os.Args[1])
		return
	}
	os.Exit(m.Run())
}

type fake struct {
	goplugin.NetRPCUnsupportedPlugin
	pluginv1.UnimplementedPluginServer
	role   string
	broker *goplugin.GRPCBroker
	host   pluginv1.HostClient
}

func serveFake(role string) {
	switch role {
	case "dies":
		fmt.Fprintln(os.Stderr, "no database")
		os.Exit(3)
	case "hangs":
		select {}
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{MagicCookieKey: pluginv1.MagicCookieKey, MagicCookieValue: pluginv1.MagicCookieValue},
		VersionedPlugins: map[int]goplugin.PluginSet{pluginv1.ProtocolVersion: {pluginv1.PluginSet: &fake{role: role}}},
		GRPCServer:       goplugin.DefaultGRPCServer,
		Logger:           hclog.NewNullLogger(),
	})
}

func (f *fake) GRPCServer(broker *goplugin.GRPCBroker, s *grpc.Server) error {
	f.broker = broker
	pluginv1.RegisterPluginServer(s, f)
	return nil
}

func (f *fake) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("not a host")
}

func (f *fake) Describe(context.Context, *pluginv1.DescribeRequest) (*pluginv1.DescribeResponse, error) {
	m := manifest(f.role)
	if f.role == "liar" {
		m.Tools[0].Effect = pluginv1.EffectDestroy
	}
	data, err := m.Encode()
	return &pluginv1.DescribeResponse{Manifest: data}, err
}

func (f *fake) Configure(_ context.Context, r *pluginv1.ConfigureRequest) (*pluginv1.ConfigureResponse, error) {
	conn, err := f.broker.Dial(r.GetHostBrokerId())
	if err != nil {
		return nil, err
	}
	f.host = pluginv1.NewHostClient(conn)
	return &pluginv1.ConfigureResponse{}, nil
}

// CallTool does what its "do" argument says.
func (f *fake) CallTool(ctx context.Context, r *pluginv1.CallToolRequest) (*pluginv1.CallToolResponse, error) {
	var in struct{ Do, File string }
	if err := json.Unmarshal(r.GetArguments(), &in); err != nil {
		return nil, err
	}
	var out any = os.Getpid()
	switch in.Do {
	case "env":
		out = append(os.Environ(), os.Args...)
	case "crash":
		panic("out of cheese")
	case "crash-once":
		if file, err := os.OpenFile(in.File, os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			_ = file.Close()
			os.Exit(2)
		}
	case "host":
		answer, err := f.host.RoundTrip(ctx, &pluginv1.RoundTripRequest{CallId: r.GetCallId(), Path: "/api/v2/x"})
		if err != nil {
			return nil, err
		}
		out = string(answer.GetResponse().GetBody())
	case "wait":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	data, err := json.Marshal(out)
	return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Result{Result: data}}, err
}

func manifest(role string) pluginv1.Manifest {
	return pluginv1.Manifest{Name: role, Version: "0.1.0", Protocols: []int{pluginv1.ProtocolVersion}, Args: []string{role}, Tools: []pluginv1.ToolManifest{
		{Name: "auth0_read", Description: "Reads.", Effect: pluginv1.EffectRead, InputSchema: json.RawMessage(`{}`)},
		{Name: "auth0_write", Description: "Writes.", Effect: pluginv1.EffectWrite, InputSchema: json.RawMessage(`{}`)},
	}}
}

func spec(t *testing.T, role string) Spec {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Spec{Manifest: manifest(role), Path: path, Digest: sha256.Sum256(data)}
}

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
	s := New(Config{Domain: "tenant.auth0.example", Log: slog.New(slog.DiscardHandler),
		Host: func(plugin string) pluginv1.HostServer { return host{plugin: plugin} }})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if s.runDir != "" {
			if _, err := os.Stat(s.runDir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the run folder is left: %v", err)
			}
		}
	})
	return s
}

func call(ctx context.Context, s *Supervisor, sp Spec, tool int, args string) (string, error) {
	tm := sp.Tools[tool]
	r, err := s.Call(ctx, sp, tm, &pluginv1.CallToolRequest{CallId: "c1", Tool: tm.Name, Arguments: []byte(args)})
	return string(r.GetResult()), err
}

const (
	read  = 0
	write = 1
)

func TestConcurrentFirstCallsStartOneProcess(t *testing.T) {
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

func TestHostKnowsWhichPluginAsks(t *testing.T) {
	s := start(t)
	got, err := call(t.Context(), s, spec(t, "ok"), read, `{"do":"host"}`)
	if err != nil || got != `"ok c1 /api/v2/x"` {
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
	s, sp := start(t), spec(t, "ok")
	mark := t.TempDir() + "/mark"
	_, err := call(t.Context(), s, sp, write, `{"do":"crash-once","file":"`+mark+`"}`)
	if err == nil || !strings.Contains(err.Error(), "may or may not have happened") || !strings.Contains(err.Error(), "auth0_write") {
		t.Errorf("error = %v", err)
	}
	if _, err := call(t.Context(), s, sp, read, `{}`); err != nil {
		t.Errorf("the next call found no new process: %v", err)
	}
}

func TestLaunchFailures(t *testing.T) {
	tests := map[string]struct {
		spec func(*testing.T) Spec
		want string
	}{
		"dies at start": {func(t *testing.T) Spec { return spec(t, "dies") }, "no database"},
		"liar":          {func(t *testing.T) Spec { return spec(t, "liar") }, "otherwise than its manifest"},
		"digest":        {func(t *testing.T) Spec { s := spec(t, "ok"); s.Digest[0]++; return s }, "plugin install"},
		"protocol":      {func(t *testing.T) Spec { s := spec(t, "ok"); s.Protocols = []int{9}; return s }, "protocol [9]"},
		"no file":       {func(t *testing.T) Spec { s := spec(t, "ok"); s.Path += "-gone"; return s }, "no such file"},
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
	s, sp := start(t), spec(t, "ok")
	if _, err := call(t.Context(), s, sp, read, `{}`); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the person changed their mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
	if _, err := call(ctx, s, sp, read, `{"do":"wait"}`); !errors.Is(err, cause) {
		t.Errorf("error = %v", err)
	}
}

func TestCloseAbortsAHungLaunchAndLeavesNoProcess(t *testing.T) {
	s, hung := start(t), spec(t, "hangs")
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
	var n int
	_, _ = fmt.Sscan(pid, &n)
	if err := syscall.Kill(n, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is left: %v", n, err)
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
