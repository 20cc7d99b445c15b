package mcpserver

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// TestInitializedIsToldOnce: however often a client says it, and before its next request is answered.
func TestInitializedIsToldOnce(t *testing.T) {
	told := 0
	c := connectWith(t, catalog.Filter{}, func(cfg *Config) { cfg.Initialized = func() { told++ } }, "ok")
	if told != 0 {
		t.Error("it was told before the client had said so")
	}
	for range 2 {
		c.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
		c.request("ping", `{}`)
		if told != 1 {
			t.Errorf("it was told %d times, want 1", told)
		}
	}
}
