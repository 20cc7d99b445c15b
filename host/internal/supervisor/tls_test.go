//go:build unix

package supervisor

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Whoever reaches the socket of a plugin without the host's certificate gets no connection.
func TestSocketsAreTheHostsAlone(t *testing.T) {
	s := startWith(t, Config{})
	if _, err := call(t.Context(), s, spec(t, "ok"), read, `{}`); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	folder := s.folder.path
	s.mu.Unlock()
	var sockets []string
	if err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type() == fs.ModeSocket {
			sockets = append(sockets, path)
		}
		return err
	}); err != nil || len(sockets) == 0 {
		t.Fatalf("sockets %q, %v", sockets, err)
	}
	foreign, err := pluginv1.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sockets {
		for name, config := range map[string]*tls.Config{
			"a certificate of its own": {Certificates: []tls.Certificate{foreign}},
			"none":                     {},
		} {
			conn, err := new(net.Dialer).DialContext(t.Context(), "unix", path)
			if err != nil {
				t.Fatal(err)
			}
			config.InsecureSkipVerify = true // only the other end's check is of interest
			stranger := tls.Client(conn, config)
			if err := stranger.SetDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			// With TLS 1.3 the refusal arrives after the client's side of the handshake.
			_, err = stranger.Read(make([]byte, 1))
			if alert, refused := errors.AsType[*net.OpError](err); !refused || alert.Op != "remote error" {
				t.Errorf("%s with %s: %v", filepath.Base(path), name, err)
			}
			_ = conn.Close()
		}
	}
}
