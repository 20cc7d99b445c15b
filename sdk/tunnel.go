package sdk

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// HTTPClient sends requests to the tenant through the host, under this call's
// name, deadline and cancellation. The host adds the credentials and the headers
// User-Agent and Auth0-Client, follows no redirect and retries what may be
// retried: the author's client library should do none of it. When the call has
// returned, every request fails.
func (c *Call) HTTPClient() *http.Client {
	return &http.Client{
		Transport:     tunnel{c},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// tunnel is the http.RoundTripper whose network is the host.
type tunnel struct{ call *Call }

func (t tunnel) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	c := t.call
	if c.ctx.Err() != nil {
		return nil, newError(pluginv1.Failure_CODE_CALL_ENDED, "%s %s was not sent: the call ended", r.Method, r.URL.Path)
	}
	if r.URL.Host != c.domain {
		return nil, newError(pluginv1.Failure_CODE_REFUSED, "%s %s was not sent to %q: a plugin reaches %s only",
			r.Method, r.URL.Path, r.URL.Host, c.domain)
	}
	path, err := pluginv1.ParsePath(r.URL.EscapedPath())
	if err != nil {
		// The host would refuse it as an attempt to leave the API; here it is most likely
		// an id that the caller got wrong.
		return nil, newError(pluginv1.Failure_CODE_INVALID_ARGUMENT, "%s was not sent: %v: check the ids", r.Method, err)
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	// The request ends with its own context and with the call's, whichever is first.
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()

	answer, err := c.host.RoundTrip(ctx, &pluginv1.RoundTripRequest{
		CallId: c.id, Method: r.Method, Path: path.String(), Query: r.URL.RawQuery,
		Headers: toHeaders(r.Header), Body: body,
	}, grpc.MaxCallRecvMsgSize(pluginv1.MaxMessageBytes), grpc.MaxCallSendMsgSize(pluginv1.MaxMessageBytes))
	if err != nil {
		// gRPC may notice the end of the context before the context tells of it.
		switch status.Code(err) {
		case codes.DeadlineExceeded:
			return nil, context.DeadlineExceeded
		case codes.Canceled:
			return nil, context.Canceled
		}
		return nil, fmt.Errorf("the host did not answer: %w", err)
	}
	if f := answer.GetFailure(); f != nil {
		return nil, &Error{f}
	}
	resp := answer.GetResponse()
	c.lastStatus.Store(int64(resp.GetStatus()))
	return &http.Response{
		StatusCode: int(resp.GetStatus()),
		Status:     fmt.Sprintf("%d %s", resp.GetStatus(), http.StatusText(int(resp.GetStatus()))),
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: fromHeaders(resp.GetHeaders()), Body: newReceived(resp.GetBody()),
		ContentLength: int64(len(resp.GetBody())), Request: r,
	}, nil
}

// received is the body of an answer, all of which is here.
type received struct {
	*bytes.Reader
	whole []byte
}

func newReceived(body []byte) *received { return &received{bytes.NewReader(body), body} }

func (*received) Close() error { return nil }

// ReadBody reads the body of an answer that [Call.HTTPClient] got, for client libraries that leave it to their
// caller. It does not copy one of which nothing was read yet: do not change it.
func ReadBody(response *http.Response) ([]byte, error) {
	if body, ok := response.Body.(*received); ok && body.Len() == len(body.whole) {
		_, err := body.Seek(0, io.SeekEnd)
		return body.whole, err
	}
	return io.ReadAll(response.Body)
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, pluginv1.MaxBodyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the body of %s %s: %w", r.Method, r.URL.Path, err)
	}
	if len(body) > pluginv1.MaxBodyBytes {
		return nil, newError(pluginv1.Failure_CODE_TOO_LARGE, "%s %s was not sent: its body is over %d bytes",
			r.Method, r.URL.Path, pluginv1.MaxBodyBytes)
	}
	return body, nil
}

func toHeaders(h http.Header) []*pluginv1.Header {
	headers := make([]*pluginv1.Header, 0, len(h))
	for name, values := range h {
		headers = append(headers, &pluginv1.Header{Name: name, Values: values})
	}
	return headers
}

func fromHeaders(headers []*pluginv1.Header) http.Header {
	h := make(http.Header, len(headers))
	for _, header := range headers {
		for _, value := range header.GetValues() {
			h.Add(header.GetName(), value)
		}
	}
	return h
}
