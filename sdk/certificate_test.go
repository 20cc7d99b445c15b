package sdk

import (
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestHandshakeNamesTheCertificate(t *testing.T) {
	own, err := pluginv1.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	encoded := base64.RawStdEncoding.EncodeToString(own.Certificate[0])
	for line, want := range map[string]string{
		"1|1|unix|/run/a|grpc|\n":      "1|1|unix|/run/a|grpc|" + encoded + "\n",
		"1|1|unix|/run/a|grpc||true\n": "1|1|unix|/run/a|grpc|" + encoded + "|true\n",
		"something else\n":             "something else\n",
	} {
		if got := withCertificate(line, own); got != want {
			t.Errorf("%q became %q", line, got)
		}
	}
}

func TestNoCertificateOfTheHost(t *testing.T) {
	for _, offered := range []string{"", "not PEM"} {
		t.Setenv("PLUGIN_CLIENT_CERT", offered)
		stdout, _, err := certified(io.Discard)
		if err == nil || stdout != nil || !strings.Contains(err.Error(), "PLUGIN_CLIENT_CERT") {
			t.Errorf("%q: %v", offered, err)
		}
	}
}
