package sandbox

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
)

// Transport returns a round tripper that reaches the tenant in process, without
// a socket, whatever the request's host. It respects the request's context,
// closes its body, and fails with a reset connection where a fault rule drops it.
func (t *Tenant) Transport() http.RoundTripper { return transport{t} }

type transport struct{ tenant *Tenant }

func (tr transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := r.Context().Err(); err != nil {
		return nil, fmt.Errorf("sandbox: %s %s: %w", r.Method, r.URL.Path, err)
	}
	answer, err := tr.tenant.serve(r)
	if errors.Is(err, errDropped) {
		return nil, reset()
	}
	if err == nil {
		err = r.Context().Err()
	}
	if err != nil {
		return nil, fmt.Errorf("sandbox: %s %s: %w", r.Method, r.URL.Path, err)
	}
	if answer.way.drop == DropInHeader {
		return nil, reset()
	}
	if err := wait(r.Context(), answer.way.slowHeader); err != nil {
		return nil, fmt.Errorf("sandbox: %s %s: %w", r.Method, r.URL.Path, err)
	}
	body, length := answer.reader(r), answer.length()
	if r.Method == http.MethodHead {
		body, length = http.NoBody, 0
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)),
		StatusCode:    answer.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        answer.header,
		Body:          body,
		ContentLength: length,
		Request:       r,
	}, nil
}

// reset is what a caller sees of a connection that was cut.
func reset() error { return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET} }
