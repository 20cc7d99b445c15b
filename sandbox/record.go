package sandbox

import (
	"net/http"
	"net/url"
	"slices"
)

// Bounds of the recording, so that a sandbox that runs for weeks keeps its size.
const (
	maxRecordedRequests = 1000
	maxRecordedBytes    = 8 << 20
)

// Request is one request that reached the tenant.
type Request struct {
	// Method is the HTTP method.
	Method string
	// Host is the host the request was meant for.
	Host string
	// Path is the path as it was sent, percent-encoding and all.
	Path string
	// RawQuery is the query as it was sent, without the question mark; Query is
	// the same, parsed.
	RawQuery string
	Query    url.Values
	// Header holds all headers, except that Authorization is kept only where it can
	// be a client's own secret: on the paths of the Authentication API.
	Header http.Header
	// Authorized tells whether the request carried a token that the tenant
	// accepts; whether its scopes sufficed shows in Status.
	Authorized bool
	// Body is the request's body, up to the size the API accepts. Nothing is left
	// out of it: client secrets, device codes, refresh tokens and assertions are
	// there for tests, so a record must not be printed.
	Body []byte
	// Status is the answer's status; zero if the connection was dropped, or the
	// caller gave up, before there was one.
	Status int
	// Processed is the status that the endpoint gave, also where the connection was
	// dropped afterwards; zero if a fault, or a caller that gave up, kept the request
	// from it.
	Processed int
}

// recorder keeps the latest requests within its bounds.
type recorder struct {
	requests []Request
	bytes    int
}

func (rec *recorder) add(r Request) {
	rec.requests = append(rec.requests, r)
	rec.bytes += len(r.Body)
	drop := 0
	for len(rec.requests)-drop > maxRecordedRequests || (rec.bytes > maxRecordedBytes && len(rec.requests)-drop > 1) {
		rec.bytes -= len(rec.requests[drop].Body)
		drop++
	}
	if drop > 0 {
		rec.requests = slices.Delete(rec.requests, 0, drop)
	}
}

// Requests returns what reached the tenant, oldest first: the latest 1,000
// requests, or fewer when their bodies are large.
func (t *Tenant) Requests() []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.recorder.requests)
}

// ResetRequests forgets the recorded requests, and what TokenRequests counted.
func (t *Tenant) ResetRequests() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recorder = recorder{}
	clear(t.oauth.counts)
}
