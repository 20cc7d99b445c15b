package fakeplugin

import (
	"context"
	"crypto/tls"
	"crypto/x509"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// ServeAttached serves a role to one host from this process, as under a debugger, until ctx ends or the host goes. The
// channel is closed at the end.
func ServeAttached(ctx context.Context, role string) (pluginv1.Reattach, <-chan struct{}, error) {
	own, err := pluginv1.NewCertificate()
	if err != nil {
		return pluginv1.Reattach{}, nil, err
	}
	host, err := pluginv1.NewCertificate()
	if err != nil {
		return pluginv1.Reattach{}, nil, err
	}
	leaf, err := x509.ParseCertificate(host.Certificate[0])
	if err != nil {
		return pluginv1.Reattach{}, nil, err
	}
	peers := x509.NewCertPool()
	peers.AddCert(leaf)
	listening, ended := make(chan *goplugin.ReattachConfig, 1), make(chan struct{})
	go goplugin.Serve(&goplugin.ServeConfig{
		VersionedPlugins: map[int]goplugin.PluginSet{pluginv1.ProtocolVersion: {
			pluginv1.PluginSet: &fake{role: role, running: map[string]chan struct{}{}}}},
		GRPCServer:  goplugin.DefaultGRPCServer,
		TLSProvider: func() (*tls.Config, error) { return pluginv1.TLSConfig(own, peers), nil },
		Logger:      hclog.NewNullLogger(),
		Test:        &goplugin.ServeTestConfig{Context: ctx, ReattachConfigCh: listening, CloseCh: ended},
	})
	at := <-listening
	r := pluginv1.Reattach{Network: at.Addr.Network(), Address: at.Addr.String()}
	if r.Certificate, err = pluginv1.EncodeCertificate(own, false); err == nil {
		r.Host, err = pluginv1.EncodeCertificate(host, true)
	}
	return r, ended, err
}
