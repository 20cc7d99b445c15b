package sdk

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// certified makes the TLS configuration of a plugin that a host starts, and the stdout to give to go-plugin for it:
// its handshake line names the plugin's certificate only if go-plugin made it, so it is put in on the way to out. An
// error is that the host offers no certificate of its own.
func certified(out io.Writer) (stdout *os.File, config *tls.Config, err error) {
	peers := x509.NewCertPool()
	if !peers.AppendCertsFromPEM([]byte(os.Getenv("PLUGIN_CLIENT_CERT"))) {
		return nil, nil, errors.New("the host sent no certificate in PLUGIN_CLIENT_CERT")
	}
	own, err := pluginv1.NewCertificate()
	if err != nil {
		return nil, nil, err
	}
	lines, stdout, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	go func() {
		line, err := bufio.NewReader(lines).ReadString('\n')
		if err != nil {
			return // go-plugin ended before its handshake, and said why on stderr
		}
		_, _ = io.WriteString(out, withCertificate(line, own)) // without a reader the host is gone: see exitAfter
	}()
	return stdout, pluginv1.TLSConfig(own, peers), nil
}

// withCertificate puts a certificate into go-plugin's handshake line: core protocol, protocol, network, address, kind,
// certificate, and what follows, between "|".
func withCertificate(line string, own tls.Certificate) string {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
	if len(fields) < 6 {
		return line
	}
	fields[5] = base64.RawStdEncoding.EncodeToString(own.Certificate[0])
	return strings.Join(fields, "|") + "\n"
}
