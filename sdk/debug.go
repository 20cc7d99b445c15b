package sdk

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// debugFile is the name of the file that tells a host how to attach.
const debugFile = "reattach.json"

// serveDebug serves a plugin that its author started, one host after the other, until Ctrl-C. Where it listens and the
// certificates of both sides are in a file that only this user can read.
func serveDebug(p Plugin) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	folder, err := os.MkdirTemp("", "a0d-") // short: the path of a socket has 100 bytes or so
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for name, value := range map[string]string{"PLUGIN_UNIX_SOCKET_DIR": folder, "PLUGIN_MIN_PORT": "10000",
		"PLUGIN_MAX_PORT": "25000", "PLUGIN_CLIENT_CERT": ""} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	path := filepath.Join(folder, debugFile)
	fmt.Fprintf(os.Stderr, "%s waits for a host. Attach one with: auth0-mcp run --sandbox --reattach %s\n", p.Name, path)
	for ctx.Err() == nil {
		if err := debugOnce(ctx, p, path); err != nil {
			return err
		}
	}
	return nil
}

// debugOnce serves one host, until its connection is lost or it asks for the end.
func debugOnce(ctx context.Context, p Plugin, path string) error {
	s, err := newServer(p)
	if err != nil {
		return err
	}
	own, err := pluginv1.NewCertificate()
	if err != nil {
		return err
	}
	host, err := pluginv1.NewCertificate()
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(host.Certificate[0])
	if err != nil {
		return err
	}
	peers := x509.NewCertPool()
	peers.AddCert(leaf)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.lost:
			cancel()
		case <-ctx.Done():
		}
	}()
	// What the author's code prints stays in the author's terminal.
	nothing := strings.NewReader("")
	return s.serve(ctx, pluginv1.TLSConfig(own, peers), nothing, nothing, func(at net.Addr) error {
		return tellHost(path, at, own, host)
	})
}

// tellHost writes where the plugin listens, all at once.
func tellHost(path string, at net.Addr, own, host tls.Certificate) error {
	certificate, err := pluginv1.EncodeCertificate(own, false)
	if err != nil {
		return err
	}
	key, err := pluginv1.EncodeCertificate(host, true)
	if err != nil {
		return err
	}
	data, err := json.Marshal(pluginv1.Reattach{Network: at.Network(), Address: at.String(),
		Certificate: certificate, Host: key, PID: os.Getpid()})
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
