package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	if err == nil {
		err = r.Context().Err()
	}
	if err != nil {
		return nil, fmt.Errorf("sandbox: %s %s: %w", r.Method, r.URL.Path, err)
	}
	body := answer.body
	if r.Method == http.MethodHead {
		body = nil
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)),
		StatusCode:    answer.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        answer.header,
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       r,
	}, nil
}
