package sdk

import (
	"encoding/base64"
	"net"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestHandshakeNamesTheCertificate(t *testing.T) {
	own, err := pluginv1.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	want := "1|1|unix|/run/a|grpc|" + base64.RawStdEncoding.EncodeToString(own.Certificate[0]) + "\n"
	if got := handshake(&net.UnixAddr{Name: "/run/a", Net: "unix"}, own); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoCertificateOfTheHost(t *testing.T) {
	for _, offered := range []string{"", "not PEM"} {
		t.Setenv("PLUGIN_CLIENT_CERT", offered)
		config, _, err := certified()
		if err == nil || config != nil || !strings.Contains(err.Error(), "PLUGIN_CLIENT_CERT") {
			t.Errorf("%q: %v", offered, err)
		}
	}
}
