package sdktest

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Step is one call of a [Script], and what comes of it.
type Step struct {
	Tool, Arguments string
	// Sent are the requests, such as "POST /roles {\"name\":\"Clerk\"}": the method, the escaped path below /api/v2, the
	// query without what asks for pages, and the body. nil: any.
	Sent []string
	// Answer are texts that the answer holds. Failure is one that the failure holds; empty: the call succeeds.
	Answer  []string
	Failure string
}

// Script runs calls one after the other against one tenant.
func Script(t testing.TB, p sdk.Plugin, auth0 http.Handler, steps []Step) {
	t.Helper()
	tenant := &scriptTenant{auth0: auth0}
	for _, s := range steps {
		tenant.sent = nil
		r := Call(t, p, tenant, s.Tool, s.Arguments)
		name := s.Tool + " " + s.Arguments
		switch {
		case s.Failure == "" && r.Failure != nil:
			t.Errorf("%s\nfailed: %v", name, r.Failure)
		case s.Failure != "" && !strings.Contains(r.Failure.GetMessage(), s.Failure):
			t.Errorf("%s\nanswered %s %v\nwant the failure %s", name, r.JSON, r.Failure, s.Failure)
		}
		for _, text := range s.Answer {
			if !strings.Contains(string(r.JSON), text) {
				t.Errorf("%s\nanswered %s\nwant %s", name, r.JSON, text)
			}
		}
		if s.Sent != nil && !slices.Equal(tenant.sent, s.Sent) {
			t.Errorf("%s\nsent %s\nwant %s", name, strings.Join(tenant.sent, "\n     "), strings.Join(s.Sent, "\n     "))
		}
	}
}

// scriptTenant is a tenant that notes what it is sent.
type scriptTenant struct {
	auth0 http.Handler
	mu    sync.Mutex
	sent  []string
}

func (r *scriptTenant) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q.Body = io.NopCloser(bytes.NewReader(body))
	line := q.Method + " " + strings.TrimPrefix(q.URL.EscapedPath(), "/api/v2")
	query := q.URL.Query()
	for _, name := range []string{"page", "per_page", "include_totals", "from", "take"} {
		query.Del(name)
	}
	if len(query) > 0 {
		line += "?" + query.Encode()
	}
	if len(body) > 0 {
		line += " " + string(body)
	}
	r.mu.Lock()
	r.sent = append(r.sent, line)
	r.mu.Unlock()
	r.auth0.ServeHTTP(w, q)
}
