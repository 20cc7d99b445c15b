package tenant

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Each fault is told by its kind: what happened, what to do, and whether the request can
// have been sent.
func TestFaultOf(t *testing.T) {
	verification := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	syscallError := func(op string, errno syscall.Errno) error {
		return &net.OpError{Op: op, Err: os.NewSyscallError(op, errno)}
	}
	leaf := &x509.Certificate{Issuer: pkix.Name{Organization: []string{"Example Corp"}}, DNSNames: []string{"a.example"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)}
	tests := map[string]struct {
		err             error
		connected       bool
		want            string
		unsent, lasting bool
	}{
		"a name": {&net.OpError{Op: "dial", Err: &net.DNSError{Name: "typo.example", IsNotFound: true}}, false,
			"the name typo.example was not found: check the domain", true, true},
		"no name server": {&net.OpError{Op: "dial",
			Err: &net.DNSError{Name: "t.example", Err: "i/o timeout", IsTimeout: true}},
			false, "looking up the name t.example failed", true, false},
		"refused": {syscallError("dial", syscall.ECONNREFUSED), false, "HOST refused the connection", true, false},
		"a dial that takes too long": {&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, false,
			"HOST did not answer in time", true, false},
		"no answer":      {context.DeadlineExceeded, true, "HOST did not answer in time", false, false},
		"closed before":  {io.EOF, false, "before TLS was established", false, false},
		"reset after":    {syscallError("read", syscall.ECONNRESET), true, "before it had answered", false, false},
		"something else": {errors.New("odd"), true, "no answer from HOST (odd)", false, false},
		"no https":       {tls.RecordHeaderError{}, false, "does not speak https", true, true},
		"an authority": {verification(x509.UnknownAuthorityError{Cert: leaf}), false,
			"issued by Example Corp: set AUTH0_MCP_CA_FILE", true, true},
		"no authority": {verification(x509.UnknownAuthorityError{}), false, "AUTH0_MCP_CA_FILE", true, true},
		"another host": {verification(x509.HostnameError{Certificate: leaf, Host: "t"}), false,
			"for another host (a.example)", true, true},
		"expired": {verification(x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired}), false,
			"check this computer's clock", true, true},
		"invalid": {verification(x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}), false,
			"cannot be verified", true, true},
		"a proxy's no":  {&ProxyError{"proxy:80", 403}, false, "the proxy proxy:80 answered 403 Forbidden", true, true},
		"a proxy's way": {&ProxyError{"proxy:80", 502}, false, "name HOST in NO_PROXY", true, false},
		"a password":    {&ProxyError{"proxy:80", 407}, false, "http://USER:PASSWORD@proxy:80", true, true},
		"a proxy away": {&net.OpError{Op: "proxyconnect", Err: syscallError("dial", syscall.ECONNREFUSED)}, false,
			"it refused the connection", true, false},
		"a proxy unknown": {&net.OpError{Op: "proxyconnect", Err: &net.DNSError{IsNotFound: true}}, false,
			"its name was not found", true, true},
		"a SOCKS password": {&net.OpError{Op: "socks connect", Err: errors.New("authentication failed")}, false,
			"(authentication failed)", true, true},
		"a SOCKS that is slow": {&net.OpError{Op: "socks connect", Err: os.ErrDeadlineExceeded}, false,
			"it did not answer in time", true, false},
	}
	for name, tt := range tests {
		fault := FaultOf("HOST", tt.err, tt.connected)
		if !strings.Contains(fault.String(), tt.want) || fault.Unsent != tt.unsent || fault.Lasting != tt.lasting ||
			fault.Handshake || fault.Fix == "" || strings.Contains(fault.String(), "%!") {
			t.Errorf("%s: %+v, want %q", name, fault, tt.want)
		}
	}
}
