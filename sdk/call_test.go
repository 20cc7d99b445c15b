package sdk

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// serverOf is a plugin's server with one tool, and a host that has the capabilities.
func serverOf(t *testing.T, fn func(context.Context, *Call, struct{}) (any, error), capabilities ...string) *server {
	t.Helper()
	s, err := newServer(Plugin{Name: "one", Version: "0.1.0", Tools: []Tool{NewTool("auth0_one", Write, "One.", fn,
		Files("project"))}})
	if err != nil {
		t.Fatal(err)
	}
	s.host.Store(&hostLink{capabilities: capabilities})
	return s
}

// A call is for its own tenant, whatever other calls of the process are for.
func TestEachCallHasItsTenant(t *testing.T) {
	var all sync.WaitGroup
	all.Add(5)
	s := serverOf(t, func(_ context.Context, c *Call, _ struct{}) (any, error) {
		all.Done()
		all.Wait() // until every call is in progress
		return c.Domain(), nil
	})
	var done sync.WaitGroup
	for i := range 5 {
		done.Go(func() {
			domain := fmt.Sprintf("t%d.auth0.example", i)
			r, err := s.CallTool(t.Context(), &pluginv1.CallToolRequest{CallId: domain, Domain: domain, Tool: "auth0_one",
				Arguments: []byte(`{}`)})
			if err != nil || string(r.GetResult()) != `"`+domain+`"` {
				t.Errorf("%s: %s, %v", domain, r.GetResult(), err)
			}
		})
	}
	done.Wait()
}

// A host of before says nothing of files: it is not asked.
func TestHostThatCannotWriteFiles(t *testing.T) {
	s := serverOf(t, func(ctx context.Context, c *Call, _ struct{}) (any, error) {
		return c.WriteFile(ctx, File{Root: "project", Path: "a"})
	}, "another-capability")
	r, err := s.CallTool(t.Context(), &pluginv1.CallToolRequest{CallId: "c", Domain: "d", Tool: "auth0_one",
		Arguments: []byte(`{}`)})
	const want = "a was not written: this host cannot write files: update auth0-mcp"
	if f := r.GetFailure(); err != nil || f.GetCode() != pluginv1.Failure_CODE_FAILED_PRECONDITION ||
		f.GetMessage() != want {
		t.Errorf("%v, %v", r, err)
	}
}
