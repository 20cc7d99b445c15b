package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// TestMCPGoClient drives the real program by mcp-go's client, which is strict: it
// takes no call before the handshake, and decodes what it gets into its own types.
// The TypeScript SDK's does so in e2e.
func TestMCPGoClient(t *testing.T) {
	dev := t.TempDir()
	if err := copyPlugin(dev, "ok"); err != nil {
		t.Fatal(err)
	}
	for _, version := range mcp.ValidProtocolVersions {
		t.Run(version, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			home := t.TempDir()
			c, err := client.NewStdioMCPClient("auth0-mcp",
				[]string{"HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_DATA_HOME=" + home, "GORACE=atexit_sleep_ms=0"},
				"run", "--sandbox", "--log-level", "error", "--dev-plugin", dev)
			if err != nil {
				t.Fatal(err)
			}
			notified := make(chan string, 100)
			c.OnNotification(func(n mcp.JSONRPCNotification) { notified <- n.Method })
			if err := c.Start(ctx); err != nil { // the process runs already: this connects the handler
				t.Fatal(err)
			}
			useClient(ctx, t, c, version)
			if err := c.Close(); err != nil {
				t.Errorf("the server ended: %v", err)
			}
			if version != mcp.LATEST_PROTOCOL_VERSION && (len(notified) == 0 || <-notified != "notifications/message") {
				t.Error("no log message came")
			}
		})
	}
}

func useClient(ctx context.Context, t *testing.T, c *client.Client, version string) {
	t.Helper()
	var start mcp.InitializeRequest
	start.Params.ProtocolVersion = version
	start.Params.ClientInfo = mcp.Implementation{Name: "strict", Version: "1"}
	hello, err := c.Initialize(ctx, start)
	if err != nil {
		t.Fatal(err)
	}
	if hello.ProtocolVersion != version || c.ProtocolVersion() != version || hello.ServerInfo.Name != "auth0-mcp" ||
		hello.Instructions == "" {
		t.Errorf("initialized with %+v", hello)
	}
	if err := c.Ping(ctx); err != nil { //nolint:staticcheck // the older versions have it
		t.Errorf("ping: %v", err)
	}
	tools, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil || len(tools.Tools) != 4 {
		t.Fatalf("%d tools, %v", len(tools.Tools), err)
	}
	if version != mcp.LATEST_PROTOCOL_VERSION {
		if err := c.SetLevel(ctx, mcp.SetLevelRequest{Params: mcp.SetLevelParams{Level: mcp.LoggingLevelInfo}}); err != nil { //nolint:staticcheck // the older versions have it
			t.Errorf("setLevel: %v", err)
		}
	}
	call := func(ctx context.Context, name string, arguments map[string]any) (*mcp.CallToolResult, error) {
		return c.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: name, Arguments: arguments}})
	}
	if r, err := call(ctx, "auth0_ok_read", map[string]any{"do": "request", "path": "/api/v2/logs"}); err != nil ||
		r.IsError || len(r.Content) != 1 {
		t.Errorf("a call: %+v, %v", r, err)
	}
	if r, err := call(ctx, "auth0_ok_read", map[string]any{"do": "log"}); err != nil || r.IsError {
		t.Errorf("a call that logs: %+v, %v", r, err)
	}
	if r, err := call(ctx, "auth0_ok_read", map[string]any{"nothing": 1}); err != nil || !r.IsError {
		t.Errorf("an undeclared argument: %+v, %v", r, err)
	}
	if _, err := call(ctx, "auth0_ok_nothing", nil); err == nil || !strings.Contains(err.Error(), "there is no tool") {
		t.Errorf("a tool that there is not: %v", err)
	}
	// A call that ends by itself soon: the client may lose its own cancellation when it
	// is closed right after, and the server waits for what it has not heard to be over.
	soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := call(soon, "auth0_ok_read", map[string]any{"do": "sleep", "n": 1000}); !errors.Is(err,
		context.DeadlineExceeded) {
		t.Errorf("a call that is cancelled: %v", err)
	}
	if r, err := call(ctx, "auth0_ok_write", map[string]any{}); err != nil || r.IsError {
		t.Errorf("a call after that: %+v, %v", r, err)
	}
}
