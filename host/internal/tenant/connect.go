package tenant

import (
	"context"
	"net/http"
	"net/http/httptrace"
)

// Connect begins a connection to a tenant that the transport keeps for the next request. It sends nothing on it, and
// does not wait for it: if the connection fails, so does the next request, which says why.
func Connect(ctx context.Context, transport http.RoundTripper, domain string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The transport goes on with a connection for which its request no longer waits. If there is a connection already,
	// it is closed before the request could be written to it.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectStart: func(string, string) { cancel() },
		GotConn: func(got httptrace.GotConnInfo) {
			cancel()
			_ = got.Conn.Close()
		},
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+domain+"/", nil)
	if err != nil {
		return
	}
	if response, err := transport.RoundTrip(r); err == nil {
		_ = response.Body.Close()
	}
}
