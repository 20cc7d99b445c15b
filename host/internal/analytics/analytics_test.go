package analytics

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestEvents(t *testing.T) {
	got := make(chan string, 3)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r.Method + " " + string(body)
	}))
	defer server.Close()
	c, err := New(t.Context(), Config{Endpoint: server.URL, Version: "1.2.3", Transport: http.DefaultTransport,
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	c.Init("cursor")
	c.Run()
	c.Tool("auth0_list_logs", false)
	c.Flush()
	if len(got) != 3 {
		t.Errorf("%d events were sent before Flush returned, want 3", len(got))
	}
	identities := map[string]bool{}
	for _, want := range []struct{ event, property string }{
		{"auth0-mcp-server-init", `"clientType":"cursor"`}, {"auth0-mcp-server-run",
			`"app_name":"auth0-mcp"`}, {"auth0-mcp-server-tool-auth0_list_logs", `"success":false`},
	} {
		text := <-got
		var e event
		if err := json.Unmarshal([]byte(strings.TrimPrefix(text, "POST ")), &e); err != nil || e.Event != want.event ||
			!strings.Contains(text, want.property) || e.Properties["version"] != "1.2.3" {
			t.Errorf("got %s (%v), want %v", text, err, want)
		}
		identities[e.Identity] = true
	}
	if len(identities) != 1 {
		t.Errorf("identities: %v", identities)
	}
}

// An endpoint that never answers costs nothing but the events.
func TestNeverWaits(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	c, err := New(t.Context(), Config{Endpoint: server.URL, Transport: http.DefaultTransport,
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 * queued {
		c.Run() // blocks for ever if it waits
	}
}

func TestWithoutEndpoint(t *testing.T) {
	c, err := New(t.Context(), Config{})
	if c != nil || err != nil {
		t.Errorf("client %v, error %v", c, err)
	}
	c.Tool("auth0_list_logs", true)
	c.Flush()
}

func TestEndpoints(t *testing.T) {
	for endpoint, ok := range map[string]bool{
		"https://events.example/track": true, "http://127.0.0.1:9/x": true, "http://localhost/x": true,
		"http://events.example/track": false, "events.example": false, "ftp://events.example": false, "://": false,
	} {
		_, err := New(t.Context(), Config{Endpoint: endpoint, Transport: http.DefaultTransport,
			Log: slog.New(slog.DiscardHandler)})
		if (err == nil) != ok {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}
