package supervisor

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/status"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// DefaultStartTimeout bounds a launch, Configure included.
const DefaultStartTimeout = 10 * time.Second

// ErrSlow ends a launch or a describe that takes too long.
var ErrSlow = errors.New("the start took too long")

// launch starts one process: digest, handshake, Describe equal to the manifest, Configure.
func (s *Supervisor) launch(spec Spec) (*process, error) {
	if !slices.Contains(spec.Protocols, pluginv1.ProtocolVersion) {
		return nil, s.notLaunched(spec, nil, updateRemedy,
			fmt.Errorf("it speaks protocol %v, this host %d", spec.Protocols, pluginv1.ProtocolVersion))
	}
	dir, err := s.runFolder()
	if err != nil {
		return nil, s.notLaunched(spec, nil, "", err)
	}
	return s.launchIn(spec, dir)
}

// ownCertificate is what the host shows to a plugin: one that runs already accepts none but that which it made for it.
func (s *Supervisor) ownCertificate(spec Spec) (tls.Certificate, error) {
	if spec.Reattach == "" {
		return s.certificate()
	}
	at, err := readReattach(spec.Reattach)
	if err != nil {
		return tls.Certificate{}, err
	}
	_, own, err := at.Certificates()
	return own, err
}

func (s *Supervisor) notLaunched(spec Spec, stderr *tail, remedy string, err error) *LaunchError {
	e := &LaunchError{Plugin: spec.Name, Path: spec.Path, Remedy: remedy, Err: err}
	if stderr != nil {
		e.Stderr = s.words(stderr)
	}
	return e
}

// launchIn launches with a run folder, which may have vanished.
func (s *Supervisor) launchIn(spec Spec, dir string) (*process, error) {
	own, err := s.ownCertificate(spec)
	if err != nil {
		return nil, s.notLaunched(spec, nil, "", err)
	}
	// Close aborts a launch at once, but lets a running process end in order.
	ctx, stop := context.WithCancelCause(context.Background())
	detach := context.AfterFunc(s.ctx, func() { stop(ErrClosed) })
	defer detach()
	slow := time.AfterFunc(s.cfg.StartTimeout, func() { stop(ErrSlow) })
	defer slow.Stop()
	p := &process{stderr: &tail{}, stop: stop, begun: time.Now(), wake: make(chan struct{}, 1),
		lines: newLogLimit(s.cfg.Log, spec.Name)}
	p.end = p.endOnce()
	p.active.Add(1)
	defer p.active.Add(-1)
	p.client = goplugin.NewClient(s.clientConfig(ctx, p, spec, dir, own))
	stage, err := s.connect(ctx, p, spec)
	if err == nil && !slow.Stop() {
		err = ErrSlow // it is about to be killed
	}
	if err == nil {
		if s.cfg.Launched != nil {
			s.cfg.Launched()
		}
		return p, nil
	}
	// Whether the process ended by itself must be known before it is killed. There is
	// none if go-plugin could not make the folder of its sockets.
	by := p.runner != nil && (stage == inHandshake || status.Code(err) == codes.Unavailable) && p.gone(exitPatience)
	p.kill()
	if s.ctx.Err() != nil {
		return nil, ErrClosed
	}
	remedy, err := s.explain(p, spec, stage, by, context.Cause(ctx), err)
	return nil, s.notLaunched(spec, p.stderr, remedy, err)
}

// clientConfig tells go-plugin how to launch a plugin. ctx ends the process.
//
// TLS is go-plugin's AutoMTLS but for the host's certificate, which is made once and on a faster curve: the plugin
// finds it in PLUGIN_CLIENT_CERT, and go-plugin adds to TLSConfig the plugin's, which the handshake names.
func (s *Supervisor) clientConfig(ctx context.Context, p *process, spec Spec, dir string,
	own tls.Certificate) *goplugin.ClientConfig {
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]})
	return &goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{ProtocolVersion: pluginv1.ProtocolVersion,
			MagicCookieKey: pluginv1.MagicCookieKey, MagicCookieValue: pluginv1.MagicCookieValue},
		VersionedPlugins: map[int]goplugin.PluginSet{pluginv1.ProtocolVersion: {pluginv1.PluginSet: dispenser{}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		TLSConfig:        pluginv1.TLSConfig(own, nil),
		GRPCDialOptions: []grpc.DialOption{grpc.WithStaticStreamWindowSize(answerWindow),
			grpc.WithStaticConnWindowSize(2 * answerWindow), grpc.WithReadBufferSize(readBuffer),
			experimental.WithBufferPool(s.buffers),
			grpc.WithDefaultCallOptions(grpc.ForceCodecV2(pluginv1.NewCodec(s.buffers)))},
		SkipHostEnv: true,
		// Ours comes first, and covers more than the handshake.
		StartTimeout:     s.cfg.StartTimeout + time.Minute,
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: dir},
		// After the handshake go-plugin carries a plugin's prints over gRPC.
		SyncStdout: p.stderr,
		SyncStderr: p.stderr,
		Logger:     pluginLogger(p.lines, s.cfg.Redact),
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, tmpDir string) (runner.Runner, error) {
			p.folder = tmpDir
			p.runner = newRunner(ctx, spec, runnerConfig{programs: s.programs, dir: tmpDir,
				env:         append(cmd.Env, "PLUGIN_CLIENT_CERT="+string(encoded)),
				memoryLimit: s.cfg.MemoryLimit, stderr: p.stderr, stray: s.cfg.Watch.Stray,
				begun: func() { go p.watchMemory(s.cfg.MemoryLimit) }})
			return p.runner, nil
		},
	}
}

// exitPatience is how long to wait for the end of a process that may be the cause of a
// failed request: the broken connection is known before it, on a busy machine long before.
const exitPatience = 5 * time.Second

// refusalError is what the host itself found wrong with a running plugin.
type refusalError struct{ text, remedy string }

func (e *refusalError) Error() string { return e.text }

// Stages of a launch, for its errors.
const (
	inHandshake = "before its handshake"
	inDescribe  = "in Describe"
	inConfigure = "in Configure"
)

// connect checks that the plugin is what its manifest says, and gives it its host.
// An error comes with the stage that failed.
func (s *Supervisor) connect(ctx context.Context, p *process, spec Spec) (stage string, err error) {
	expected := make(chan []byte, 1)
	go func() { expected <- description(spec) }() // beside the start of the process, which takes longer
	protocol, err := p.client.Client()
	if err != nil {
		return inHandshake, err
	}
	dispensed, err := protocol.Dispense(pluginv1.PluginSet)
	if err != nil {
		return inHandshake, err
	}
	conn := dispensed.(*connection)
	p.plugin = conn.PluginClient
	described, err := conn.Describe(ctx, &pluginv1.DescribeRequest{}, grpc.MaxCallRecvMsgSize(maxManifestBytes))
	if status.Code(err) == codes.ResourceExhausted {
		return inDescribe, &refusalError{errManifestSize.Error(), authorRemedy}
	}
	if err != nil {
		return inDescribe, err
	}
	if err := checkDescription(spec, described.GetManifest(), <-expected); err != nil {
		return inDescribe, err
	}
	id := conn.broker.NextId()
	p.host = newHostService(s.cfg.Host(spec.Name), spec.Name, p.lines, s.buffers)
	go conn.broker.AcceptAndServe(id, p.host.server)
	configured, err := conn.Configure(ctx, &pluginv1.ConfigureRequest{HostBrokerId: id,
		Capabilities: append([]string{pluginv1.CapabilityWriteFile, pluginv1.CapabilityProjectFiles},
			s.cfg.Capabilities...)})
	p.awaits = slices.Contains(configured.GetCapabilities(), pluginv1.CapabilityAwaitEnd)
	return inConfigure, err
}

// description is what a plugin with the SDK answers to Describe; nil if that cannot be told.
func description(spec Spec) []byte {
	m := spec.Manifest
	m.Executable, m.Args = "auth0-mcp-plugin-"+m.Name, nil
	encoded, err := m.Encode()
	if err != nil {
		return nil
	}
	return encoded
}

// checkDescription compares what a plugin says of itself with its manifest. What is not to the byte as expected is
// parsed and compared by its meaning.
func checkDescription(spec Spec, described, expected []byte) error {
	if expected != nil && bytes.Equal(described, expected) {
		return nil
	}
	manifest, err := pluginv1.ParseManifest(described)
	if err != nil {
		return &refusalError{fmt.Sprintf("its own description is no manifest: %v", err), updateRemedy}
	}
	if !manifest.SameDeclaration(spec.Manifest) {
		return &refusalError{"it describes itself otherwise than its manifest does",
			"Check the difference, and install it again with auth0-mcp plugin install"}
	}
	return nil
}

// dispenser turns go-plugin's connection into ours.
type dispenser struct {
	goplugin.NetRPCUnsupportedPlugin
}

type connection struct {
	pluginv1.PluginClient
	broker *goplugin.GRPCBroker
}

func (dispenser) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the host serves no plugin")
}

func (dispenser) GRPCClient(_ context.Context, broker *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &connection{PluginClient: pluginv1.NewPluginClient(conn), broker: broker}, nil
}
