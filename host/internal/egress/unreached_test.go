package egress

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// manner is how a fault before the tenant is met.
type manner int

const (
	really manner = iota
	// aWrite is over the network, too: one attempt of a write. A read, or a write with patience, would meet the fault
	// again and again until that ends, which a row in virtual time does.
	aWrite
	// virtually is in virtual time: the connections are the test's own.
	virtually
)

func (m manner) methods() (methods []string, patience time.Duration) {
	if m == aWrite {
		return []string{"POST"}, time.Nanosecond
	}
	return []string{"GET", "POST"}, time.Minute
}

// What happens before a connection stands: nothing reaches the tenant, and a
// write that failed so has changed nothing.
func TestFaultsOnTheWay(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	addr, good := served(t, tenant, sandbox.GoodCertificate)
	dialling := func(dial func() (net.Conn, error)) *http.Transport {
		transport := good.Clone()
		transport.Proxy = nil // the environment's would be asked
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return dial() }
		return transport
	}
	failing := func(err error) *http.Transport {
		return dialling(func() (net.Conn, error) { return nil, &net.OpError{Op: "dial", Err: err} })
	}
	refusing := os.NewSyscallError("connect", syscall.ECONNREFUSED)
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := free.Addr().String()
	_ = free.Close()
	plain := httptest.NewServer(tenant)
	defer plain.Close()
	expiredAt, expired := served(t, tenant, sandbox.ExpiredCertificate)
	wrongAt, wrong := served(t, tenant, sandbox.WrongHostCertificate)
	untrustedAt, untrusted := served(t, tenant, sandbox.UntrustedCertificate)
	oldTLS := httptest.NewUnstartedServer(tenant)
	oldTLS.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	oldTLS.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshakes that fail are what is tested
	oldTLS.StartTLS()
	defer oldTLS.Close()
	closing, _ := accepting(t, func(net.Conn) {})
	proxyAt, asked := accepting(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
		}
	})
	viaProxy := good.Clone()
	viaProxy.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxyAt, User: url.UserPassword("me", "proxy-secret")})
	deadProxy := good.Clone()
	deadProxy.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: closed, User: url.UserPassword("me", "proxy-secret")})
	noProxy := failing(refusing)
	noProxy.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example:3128"})
	hangingUp := dialling(func() (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			_, _ = there.Read(make([]byte, 64<<10))
			_ = there.Close()
		}()
		return here, nil
	})
	const domain = "tenant.auth0.example"
	tests := map[string]struct {
		addr      string
		transport *http.Transport
		in        manner
		words     string
	}{
		"closed before TLS": {closing, good, aWrite,
			"closed the connection before TLS was established: check the domain"},
		"closed before TLS, again": {domain, hangingUp, virtually,
			"closed the connection before TLS was established: check the domain"},
		"a proxy wants a password": {domain, viaProxy, really, "the proxy " + proxyAt + " did not accept the user"},
		"no proxy there":           {domain, deadProxy, aWrite, "could not be used (it refused the connection)"},
		"no proxy there, again":    {domain, noProxy, virtually, "could not be used (it refused the connection)"},
		"name not found": {domain, failing(&net.DNSError{Name: domain, IsNotFound: true}), virtually,
			"the name " + domain + " was not found"},
		"no name server": {domain, failing(&net.DNSError{Name: domain, Err: "server misbehaving", IsTemporary: true}),
			virtually, "check the network and its name server"},
		"connection refused":        {closed, good, aWrite, "refused the connection"},
		"connection refused, again": {domain, failing(refusing), virtually, "refused the connection"},
		"plain http":                {plain.Listener.Addr().String(), good, really, "does not speak https"},
		"certificate expired":       {expiredAt, expired, really, "has expired"},
		"certificate of another":    {wrongAt, wrong, really, "is for another host"},
		"certificate untrusted":     {untrustedAt, untrusted, really, "AUTH0_MCP_CA_FILE"},
		"TLS 1.1":                   {oldTLS.Listener.Addr().String(), good, really, "protocol version"},
		"nothing is wrong, really":  {addr, good, really, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			good.CloseIdleConnections()
			check := func(t *testing.T) {
				methods, patience := tt.in.methods()
				for _, method := range methods {
					tenant.ResetRequests()
					g := New(Config{Domain: tt.addr, Transport: tt.transport, ReadBudget: patience, WriteBudget: time.Minute,
						Tokens: tokensOf(tenant)})
					answer, out := ask(t.Context(), g, method, "/api/v2/clients", nil)
					text, reached := answer.GetFailure().GetMessage(), len(tenant.Requests())
					switch {
					case tt.words == "":
						if reached != 1 || text != "" {
							t.Errorf("%s: %v: the other rows prove nothing", method, answer)
						}
					case reached != 0 || answer.GetFailure().GetCode() != pluginv1.Failure_CODE_TRANSPORT ||
						!strings.Contains(text, tt.words):
						t.Errorf("%s: %d reached the tenant, %v", method, reached, answer)
					case out.Effect != NoEffect || method == "POST" && out.Unsent != 1:
						t.Errorf("a write that never left: %+v", out)
					case !strings.HasPrefix(text, method+" /api/v2/clients was not sent: ") || strings.Contains(text, "secret"):
						t.Errorf("words: %s", text)
					}
					nothingLeft(t, g)
				}
			}
			if tt.in == virtually {
				synctest.Test(t, check)
			} else {
				check(t)
			}
			tt.transport.CloseIdleConnections()
			noGoroutineLeft(t, good)
		})
	}
	if n := asked(); n != 2 {
		t.Errorf("the proxy was asked %d times for a read and a write: a refused password was tried again", n)
	}
}

// accepting listens until the test ends. Each connection is handled and then closed; count
// tells how many there were.
func accepting(t *testing.T, handle func(net.Conn)) (addr string, count func() int64) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var n atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			go func() {
				handle(conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().String(), n.Load
}

// A server that wants a client's certificate says so after the client has finished its part
// of the handshake and sent the request, which it does not read then.
func TestClientCertificateIsAsked(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{})
	trusting := httptest.NewUnstartedServer(auth0)
	trusting.StartTLS()
	defer trusting.Close()
	certificates := trusting.TLS.Certificates
	roots := x509.NewCertPool()
	roots.AddCert(trusting.Certificate())
	for _, protocol := range []string{"h2", "http/1.1"} {
		ended := make(chan struct{})
		addr, _ := accepting(t, func(conn net.Conn) {
			server := tls.Server(conn, &tls.Config{Certificates: certificates, ClientAuth: tls.RequireAnyClientCert,
				MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}})
			if err := server.HandshakeContext(t.Context()); err == nil {
				t.Error("the handshake succeeded without a certificate")
			}
			<-ended // closed at once, the connection could be reset before its alert is read
		})
		transport, err := tenant.NewTransport("")
		if err != nil {
			t.Fatal(err)
		}
		transport.TLSClientConfig.RootCAs = roots
		g := New(Config{Domain: addr, Transport: transport, Tokens: &tokens{[]string{"one"}}})
		answer, out := ask(t.Context(), g, "POST", "/api/v2/clients", nil)
		text := answer.GetFailure().GetMessage()
		// With HTTP/2 the connection can be found to be closed before the alert that says why is read.
		told := strings.Contains(text, "asks for a client certificate") ||
			protocol == "h2" && strings.Contains(text, "client conn could not be established")
		if out.Effect != NoEffect || out.Unsent != 1 || !strings.Contains(text, "was not sent: ") || !told {
			t.Errorf("%s: %v %s", protocol, out.Effect, text)
		}
		close(ended)
		transport.CloseIdleConnections()
	}
}
