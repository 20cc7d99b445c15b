// Package analytics tells an endpoint that the user configured which commands
// and tools are used. Without an endpoint it does nothing at all, and it never
// delays or fails what it tells of: docs/guide/analytics.md lists all that is sent.
package analytics

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"time"
)

const (
	// queued is how many events wait to be sent; beyond it they are dropped.
	queued = 64
	// timeout bounds the sending of one event.
	timeout = 5 * time.Second
	// version is that of the events' form.
	version = "2.0.0"
)

// Config says where events go. The zero value sends none.
type Config struct {
	// Endpoint takes a POST of one JSON document for each event; empty: none is sent.
	Endpoint string
	// Version is the host's.
	Version   string
	Transport http.RoundTripper
	Log       *slog.Logger
}

// Client sends events. A nil Client sends none.
type Client struct {
	cfg      Config
	identity string
	events   chan event
	pending  sync.WaitGroup // events that are queued or being sent
}

type event struct {
	Identity   string         `json:"identity"`
	Event      string         `json:"event"`
	Timestamp  int64          `json:"timestamp"` // milliseconds
	Properties map[string]any `json:"properties"`
}

// New makes a Client, whose sending ends with ctx. Without an endpoint it is nil.
// The endpoint is https, or http on this machine.
func New(ctx context.Context, cfg Config) (*Client, error) {
	if cfg.Endpoint == "" {
		return nil, nil //nolint:nilnil // a nil Client is one that sends nothing
	}
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()))) {
		return nil, fmt.Errorf("AUTH0_MCP_ANALYTICS_ENDPOINT %q: want an https URL, or set AUTH0_MCP_ANALYTICS=false",
			cfg.Endpoint)
	}
	c := &Client{cfg: cfg, identity: rand.Text(), events: make(chan event, queued)}
	go c.run(ctx)
	return c, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Init tells that a client is being set up.
func (c *Client) Init(client string) {
	c.track("auth0-mcp-server-init", map[string]any{"clientType": client})
}

// Run tells that the server started.
func (c *Client) Run() { c.track("auth0-mcp-server-run", nil) }

// Tool tells that a tool was called and whether it did what was asked: nothing of
// its arguments, its answer or the tenant.
func (c *Client) Tool(name string, success bool) {
	c.track("auth0-mcp-server-tool-"+name, map[string]any{"success": success})
}

// flushPatience is how long the end of a short command waits for its events.
const flushPatience = 500 * time.Millisecond

// Flush gives the events of a command that is about to end a moment to be sent.
func (c *Client) Flush() {
	if c == nil {
		return
	}
	sent := make(chan struct{})
	go func() { c.pending.Wait(); close(sent) }()
	select {
	case <-sent:
	case <-time.After(flushPatience):
	}
}

// track queues an event. It never waits.
func (c *Client) track(name string, properties map[string]any) {
	if c == nil {
		return
	}
	all := map[string]any{
		"app_name": "auth0-mcp", "version": c.cfg.Version, "analytics_version": version,
		"os": runtime.GOOS, "arch": runtime.GOARCH, "go_version": runtime.Version(),
	}
	for key, value := range properties {
		all[key] = value
	}
	c.pending.Add(1)
	select {
	case c.events <- event{Identity: c.identity, Event: name, Timestamp: time.Now().UnixMilli(), Properties: all}:
	default: // the endpoint is slow or gone: the event is lost, nothing else
		c.pending.Done()
	}
}

func (c *Client) run(ctx context.Context) {
	for {
		select {
		case e := <-c.events:
			if err := c.send(ctx, e); err != nil {
				c.cfg.Log.Debug("an analytics event was not sent", "error", err)
			}
			c.pending.Done()
		case <-ctx.Done():
			return
		}
	}
}

func (c *Client) send(ctx context.Context, e event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.Endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "auth0-mcp/"+c.cfg.Version)
	response, err := c.cfg.Transport.RoundTrip(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
