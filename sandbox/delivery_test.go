package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ways are the three ways to a tenant: in process, and over HTTPS in both versions
// of HTTP.
func ways(t *testing.T, tenant *Tenant) map[string]http.RoundTripper {
	t.Helper()
	server, err := Listen("127.0.0.1:0", tenant)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.CAPEM())
	to := func(protocols ...string) http.RoundTripper {
		// The requests name the tenant; the server is where it is reached.
		transport := &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, NextProtos: protocols,
				ServerName: "localhost"},
			ForceAttemptHTTP2: protocols[0] == "h2", DisableKeepAlives: protocols[0] != "h2",
		}
		t.Cleanup(transport.CloseIdleConnections)
		return redirected{transport, server.Addr}
	}
	return map[string]http.RoundTripper{"in process": tenant.Transport(), "HTTP/1.1": to("http/1.1"), "HTTP/2": to("h2")}
}

type redirected struct {
	to   *http.Transport
	addr string
}

func (r redirected) RoundTrip(request *http.Request) (*http.Response, error) {
	request.URL.Host = r.addr
	return r.to.RoundTrip(request)
}

// fetched is what became of a request: its answer's status and body, or the error
// of either.
func fetched(t *testing.T, way http.RoundTripper, tenant *Tenant, method string) (status int, body string,
	header http.Header, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "https://"+tenant.Domain()+"/api/v2/clients",
		strings.NewReader(`{"name":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+tenant.Token())
	response, err := way.RoundTrip(request)
	if err != nil {
		return 0, "", nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, string(data), response.Header, err
}

func TestFaultsOnEveryWay(t *testing.T) {
	tenant := New(Options{})
	for name, way := range ways(t, tenant) {
		t.Run(name, func(t *testing.T) {
			_, whole, _, err := fetched(t, way, tenant, http.MethodGet)
			if err != nil {
				t.Fatal(err)
			}
			tests := map[string]struct {
				rule      FaultRule
				processed bool
				ok        func(status int, body string, err error) bool
			}{
				"before": {FaultRule{Drop: DropBefore}, false,
					func(status int, _ string, err error) bool { return err != nil && status == 0 }},
				"after": {FaultRule{Drop: DropAfter}, true,
					func(status int, _ string, err error) bool { return err != nil && status == 0 }},
				"in header": {FaultRule{Drop: DropInHeader}, true,
					func(status int, _ string, err error) bool { return err != nil && status == 0 }},
				"in body": {FaultRule{Drop: DropInBody}, true,
					func(status int, _ string, err error) bool { return err != nil && status == 200 }},
				"malformed": {FaultRule{Malformed: true}, true,
					func(_ int, body string, err error) bool { return err == nil && body == whole[:len(whole)/2] }},
				"slow header": {FaultRule{SlowHeader: 20 * time.Millisecond}, true,
					func(_ int, body string, err error) bool { return err == nil && body == whole }},
				"slow body": {FaultRule{SlowBody: 20 * time.Millisecond}, true,
					func(_ int, body string, err error) bool { return err == nil && body == whole }},
				"longer": {FaultRule{ExtraLength: 7}, true, func(_ int, _ string, err error) bool { return err != nil }},
				"shorter": {FaultRule{ExtraLength: -7}, true,
					func(_ int, body string, err error) bool { return err == nil && body == whole[:len(whole)-7] }},
				"huge": {FaultRule{Huge: 3 << 20}, true,
					func(_ int, body string, err error) bool { return err == nil && len(body) == 3<<20 }},
				"gzip bomb": {FaultRule{Huge: 3 << 20, Gzip: true}, true,
					func(_ int, body string, err error) bool { return err == nil && len(body) == 3<<20 && body[1] == 'a' }},
				"no content": {FaultRule{Status: 204}, false,
					func(status int, body string, err error) bool { return err == nil && status == 204 && body == "" }},
				"status, body": {FaultRule{Status: 200, Body: "null"}, false,
					func(_ int, body string, err error) bool { return err == nil && body == "null" }},
			}
			for name, tt := range tests {
				tenant.ClearFaults()
				tenant.ResetRequests()
				tt.rule.Times = -1
				tenant.Fail(tt.rule)
				status, body, _, err := fetched(t, way, tenant, http.MethodGet)
				if !tt.ok(status, body, err) {
					t.Errorf("%s: status %d, %d bytes, %v", name, status, len(body), err)
				}
				if all := tenant.Requests(); len(all) == 0 || (all[0].Processed != 0) != tt.processed {
					t.Errorf("%s: recorded %+v", name, all)
				}
			}
			tenant.ClearFaults()
		})
	}
}

func TestResetAndSkew(t *testing.T) {
	clock := newClock()
	tenant := New(Options{Empty: true, Now: clock.now})
	tenant.Fail(FaultRule{Status: http.StatusTooManyRequests, Reset: 5 * time.Second, Skew: time.Hour})
	_, _, header, err := fetched(t, tenant.Transport(), tenant, http.MethodGet)
	ahead := clock.now().Add(time.Hour)
	if err != nil || header.Get("Date") != ahead.UTC().Format(http.TimeFormat) ||
		header.Get(headerReset) != strconv.FormatInt(ahead.Add(5*time.Second).Unix(), 10) ||
		header.Get(headerRemaining) != "0" {
		t.Errorf("headers %v, %v", header, err)
	}
}

func TestSlowBodyEndsWithItsRequest(t *testing.T) {
	tenant := New(Options{Empty: true})
	tenant.Fail(FaultRule{SlowBody: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	response, err := send(ctx, t, tenant, http.MethodGet, "/api/v2/clients", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	cancel()
	if _, err := io.ReadAll(response.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("the body ends with %v", err)
	}
}
