package sdk

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/proto/trim"
)

// AwaitEnd tells when the function of a call has returned, however long after the
// call's end.
func TestAwaitEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s, err := newServer(Plugin{Name: "slow", Version: "0.1.0", Tools: []Tool{
			NewTool("auth0_list_slow", Read, "Wait.",
				func(context.Context, *Call, struct{}) (any, error) { <-release; return "done", nil }, Paths("GET /api/v2/slow")),
		}})
		if err != nil {
			t.Fatal(err)
		}
		s.host.Store(&hostLink{})
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan struct{})
		go func() {
			defer close(returned)
			_, _ = s.CallTool(ctx, &pluginv1.CallToolRequest{CallId: "c", Tool: "auth0_list_slow", Arguments: []byte(`{}`)})
		}()
		synctest.Wait()
		cancel()
		if _, err := s.AwaitEnd(t.Context(), &pluginv1.AwaitEndRequest{CallId: "another"}); err != nil {
			t.Errorf("a call that it does not know: %v", err)
		}
		short, stop := context.WithCancel(t.Context())
		stop()
		if _, err := s.AwaitEnd(short, &pluginv1.AwaitEndRequest{CallId: "c"}); status.Code(err) != codes.Canceled {
			t.Errorf("while the function runs: %v", err)
		}
		answered := make(chan error, 1)
		go func() {
			_, err := s.AwaitEnd(t.Context(), &pluginv1.AwaitEndRequest{CallId: "c"})
			answered <- err
		}()
		synctest.Wait()
		if len(answered) != 0 {
			t.Error("answered before the function returned")
		}
		close(release)
		if err := <-answered; err != nil {
			t.Errorf("after it returned: %v", err)
		}
		<-returned
		if n := len(s.running); n != 0 {
			t.Errorf("%d calls are remembered", n)
		}
	})
}

// A plugin is not idle while a call's function runs, however long that takes, and is afterwards.
func TestACallIsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idle atomic.Int64
		s, err := newServer(Plugin{Name: "slow", Version: "0.1.0", Tools: []Tool{
			NewTool("auth0_list_slow", Read, "Wait.", func(context.Context, *Call, struct{}) (any, error) {
				idle.Store(0)
				time.Sleep(time.Hour)
				return idle.Load(), nil
			}, Paths("GET /api/v2/slow")),
		}})
		if err != nil {
			t.Fatal(err)
		}
		s.host.Store(&hostLink{})
		s.idle = trim.WhenIdle(func() { idle.Add(1) })
		for range 2 {
			answer, err := s.CallTool(t.Context(),
				&pluginv1.CallToolRequest{CallId: "c", Tool: "auth0_list_slow", Arguments: []byte(`{}`)})
			if string(answer.GetResult()) != "0" || err != nil {
				t.Fatalf("idle %s times during the call, %v", answer.GetResult(), err)
			}
			time.Sleep(time.Hour)
			if n := idle.Load(); n != 1 {
				t.Fatalf("idle %d times after the call, want once", n)
			}
		}
	})
}
