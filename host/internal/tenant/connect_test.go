package tenant

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// TestConnect: the next request finds a connection, and the tenant sees no other request.
func TestConnect(t *testing.T) {
	var requests, connections atomic.Int32
	idle := make(chan struct{}, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	transport, err := NewTransport("")
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	transport.TLSClientConfig.RootCAs = roots
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		defer func() { idle <- struct{}{} }()
		return dial(ctx, network, address)
	}
	domain := strings.TrimPrefix(server.URL, "https://")
	Connect(t.Context(), transport, domain)
	<-idle
	// It waits for the connection under way, or makes one of its own beside it.
	get(t, transport, server.URL)
	if n := connections.Load(); n == 0 || n > 2 {
		t.Errorf("%d connections", n)
	}
	get(t, transport, server.URL)
	Connect(t.Context(), transport, domain) // there is one: nothing is sent on it
	get(t, transport, server.URL)
	if n := requests.Load(); n != 3 {
		t.Errorf("the tenant saw %d requests, want 3", n)
	}
}

func get(t *testing.T, transport http.RoundTripper, url string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
}
