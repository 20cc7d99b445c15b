package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

const maxRedirects = 5

// web makes all requests of a query. It follows redirects to https alone, adds no credentials, and ends what is slow.
type web struct {
	client    *http.Client
	transport *http.Transport
	limits    limits
	requests  atomic.Int32
}

func newWeb(transport *http.Transport, l limits) *web {
	// A digest is that of what is sent; and a small answer must not become a large one.
	transport.DisableCompression = true
	transport.ResponseHeaderTimeout = l.window
	w := &web{transport: transport, limits: l}
	w.client = &http.Client{Transport: w, CheckRedirect: checkRedirect}
	return w
}

// RoundTrip sends one request. It is the only way to a server, also for the registry client.
func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	if int(w.requests.Add(1)) > w.limits.requests {
		return nil, fault(source.Refused, "it takes more than %d requests: try it from a mirror", w.limits.requests)
	}
	if r.URL.Scheme != "https" && !isLoopback(r.URL) {
		return nil, fault(source.Refused, "%s is not https", r.URL.Redacted())
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	answer, err := w.transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	answer.Body = newSteady(answer.Body, cancel, w.limits)
	return answer, nil
}

// steady is the body of an answer, whose request it ends if too little of it comes.
type steady struct {
	body   io.ReadCloser
	end    context.CancelCauseFunc
	timer  *time.Timer
	limits limits
	// due is how many bytes more keep the request alive.
	due  int64
	slow atomic.Bool
}

func newSteady(body io.ReadCloser, end context.CancelCauseFunc, l limits) *steady {
	s := &steady{body: body, end: end, limits: l, due: l.least}
	s.timer = time.AfterFunc(l.window, func() {
		s.slow.Store(true)
		end(nil)
	})
	return s
}

func (s *steady) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if s.due -= int64(n); s.due <= 0 && !s.slow.Load() {
		s.due = s.limits.least
		s.timer.Reset(s.limits.window)
	}
	if err != nil && s.slow.Load() {
		err = fault(source.Unreachable, "the server is too slow: it sent less than %d bytes in %v. Try again later, or "+
			"install from a mirror", s.limits.least, s.limits.window)
	}
	return n, err
}

func (s *steady) Close() error {
	s.timer.Stop()
	err := s.body.Close()
	s.end(nil)
	return err
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	switch first := via[0].URL; {
	case len(via) > maxRedirects:
		return fault(source.Refused, "%s redirects more than %d times", first.Redacted(), maxRedirects)
	case r.URL.User != nil:
		return fault(source.Refused, "%s redirects to a URL with a user", first.Redacted())
	case isLoopback(r.URL) && !isLoopback(first):
		return fault(source.Refused, "%s redirects to this machine, %s", first.Redacted(), r.URL.Redacted())
	case r.URL.Scheme != "https" && !isLoopback(r.URL):
		return fault(source.Refused, "%s redirects to %s, which is not https", first.Redacted(), r.URL.Redacted())
	}
	return nil
}

func isLoopback(u *url.URL) bool { return source.IsLoopback(u.Hostname()) }

func (w *web) open(ctx context.Context, at string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	answer, err := w.client.Do(r)
	if err != nil {
		return nil, w.unreachable(r.URL, err)
	}
	if err := checkStatus(answer, at); err != nil {
		return nil, errors.Join(err, answer.Body.Close())
	}
	return answer.Body, nil
}

func checkStatus(answer *http.Response, at string) error {
	switch status := answer.StatusCode; status {
	case http.StatusOK:
		return nil
	case http.StatusNotFound, http.StatusGone:
		return fault(source.NotFound, "%s is not there (%d): check the source", at, status)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault(source.NotFound, "%s may not be read without signing in (%d): copy what is private to a folder, and "+
			"install from there", at, status)
	default:
		return fault(source.Unreachable, "%s: the server answered %d %s: try again later", at, status,
			http.StatusText(status))
	}
}

// unreachable says why a request has no answer.
func (w *web) unreachable(u *url.URL, err error) error {
	if known, ok := errors.AsType[*source.Error](err); ok {
		return known
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // the URL is in the message
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return fault(source.Unreachable, "%s did not answer within %v: try again later, or install from a mirror", u.Host,
			w.limits.window)
	}
	return fault(source.Unreachable, "%s cannot be reached: %v. Check the network, HTTPS_PROXY and the address", u.Host,
		err)
}

// open opens a file on disk or on a web server.
func (f fetcher) open(ctx context.Context, at string) (io.ReadCloser, error) {
	if isURL(at) {
		return f.web.open(ctx, at)
	}
	return openFile(at)
}

// openFile opens a regular file: reading anything else might never end.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fault(source.Refused, "%s is not a file", path)
	}
	return os.Open(path)
}

func isURL(at string) bool {
	u, err := url.Parse(at)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http")
}

// resolve finds what a reference in the file at base means. It stays below the folder of a file on disk, and on the web
// server of a URL or one of origins.
func resolve(base, reference string, origins []string) (string, error) {
	u, err := url.Parse(reference)
	if err != nil {
		return "", fault(source.Refused, "%q is not a URL", reference)
	}
	if !isURL(base) {
		path := filepath.FromSlash(u.Path)
		if u.Scheme != "" || u.Host != "" || u.RawQuery != "" || !filepath.IsLocal(path) {
			return "", fault(source.Refused, "%q leads out of the folder of the index", reference)
		}
		return filepath.Join(filepath.Dir(base), path), nil
	}
	from, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	to := from.ResolveReference(u)
	origin := release.Origin(to)
	allowed := origin == release.Origin(from)
	for _, o := range origins {
		allowed = allowed || origin == o
	}
	switch {
	case !allowed:
		return "", fault(source.Refused, "%s is on another server than the index, which does not list %s in its origins",
			to.Redacted(), origin)
	case to.User != nil:
		return "", fault(source.Refused, "%s has a user and password", to.Redacted())
	case isLoopback(to) && !isLoopback(from):
		return "", fault(source.Refused, "%s is on this machine, and the index is not", to.Redacted())
	case to.Scheme != "https" && !isLoopback(to):
		return "", fault(source.Refused, "%s is not https", to.Redacted())
	}
	return to.String(), nil
}

// read reads a small file, whole.
func (f fetcher) read(ctx context.Context, at string, limit int64) ([]byte, error) {
	from, err := f.open(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Base(at), err)
	}
	return readAll(from, at, limit)
}
