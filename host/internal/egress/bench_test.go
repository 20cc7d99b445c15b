package egress

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// maxReadAllocations leaves room for the race detector and other versions of Go.
const maxReadAllocations = 250

// fixedTenant answers every request with one body.
type fixedTenant string

func (body fixedTenant) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(string(body))), ContentLength: int64(len(body)), Request: r}, nil
}

// readingCall makes a call with one request, without HTTP.
func readingCall(tb testing.TB) (call func()) {
	tb.Helper()
	const domain = "example.eu.auth0.com"
	tool := pluginv1.ToolManifest{Name: "auth0_get_application", Effect: pluginv1.EffectRead,
		Paths: []string{"GET /api/v2/clients/{id}"}}
	body := `{"client_id":"c1","name":"Web","client_secret":"KbH0s2xwVv3Cq4mYx9Ft8","description":"` +
		strings.Repeat("an application ", 100) + `"}`
	gate := New(Config{Domain: domain, Transport: fixedTenant(body),
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "a-token-of-the-benchmark"})})
	return func() {
		call, err := gate.Open(tb.Context(), Grant{Plugin: "applications", Tool: tool,
			Arguments: []byte(`{"client_id":"c1"}`)})
		if err != nil {
			tb.Fatal(err)
		}
		answer := gate.RoundTrip(tb.Context(), "applications",
			&pluginv1.RoundTripRequest{CallId: call.ID(), Method: http.MethodGet, Path: "/api/v2/clients/c1"})
		if answer.GetResponse().GetStatus() != http.StatusOK {
			tb.Fatal(answer.GetFailure())
		}
		call.Close()
	}
}

// The gate is passed by every request: what it allocates is bounded.
func TestAReadAllocatesLittle(t *testing.T) {
	if n := testing.AllocsPerRun(100, readingCall(t)); n > maxReadAllocations {
		t.Errorf("%v allocations, want at most %d", n, maxReadAllocations)
	}
}

// BenchmarkGate is what the gate costs a call with one request: from Open to Close, without HTTP.
func BenchmarkGate(b *testing.B) {
	call := readingCall(b)
	b.ReportAllocs()
	for b.Loop() {
		call()
	}
}
