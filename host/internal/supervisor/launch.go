package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// startTimeout bounds a launch up to the handshake.
const startTimeout = 10 * time.Second

// process is one generation of a plugin's process. A dead one never restarts:
// go-plugin's client then answers with the old address and no error.
type process struct {
	client *goplugin.Client
	plugin pluginv1.PluginClient
	done   <-chan struct{} // closed when the process is gone
	stderr *tail
	stop   context.CancelFunc // ends the process even while the client hangs
}

// gone reports whether the process has ended, waiting up to patience for the
// news: a broken call is known some milliseconds before its cause.
func (p *process) gone(patience time.Duration) bool {
	select {
	case <-p.done:
		return true
	default:
	}
	if patience == 0 {
		return false
	}
	select {
	case <-p.done:
		return true
	case <-time.After(patience):
		return false
	}
}

func (p *process) kill() {
	// Kill asks politely first, for at most 2 s; stop makes sure.
	p.client.Kill()
	p.stop()
}

// launch starts one process: digest, handshake, Describe equal to the manifest, Configure.
func (s *Supervisor) launch(spec Spec) (*process, error) {
	fail := func(stderr *tail, remedy string, err error) (*process, error) {
		return nil, &LaunchError{Plugin: spec.Name, Path: spec.Path, Remedy: remedy, Stderr: stderr.String(), Err: err}
	}
	stderr := &tail{}
	if !slices.Contains(spec.Protocols, pluginv1.ProtocolVersion) {
		return fail(stderr, "Install a version of the plugin made for this host.",
			fmt.Errorf("it speaks protocol %v, this host %d", spec.Protocols, pluginv1.ProtocolVersion))
	}
	dir, err := s.runFolder()
	if err != nil {
		return fail(stderr, "", err)
	}
	// Close aborts a launch at once, but lets a running process end in order.
	ctx, stop := context.WithCancel(context.Background())
	detach := context.AfterFunc(s.ctx, stop)
	defer detach()
	var refused *digestError
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion: pluginv1.ProtocolVersion, MagicCookieKey: pluginv1.MagicCookieKey, MagicCookieValue: pluginv1.MagicCookieValue,
		},
		VersionedPlugins: map[int]goplugin.PluginSet{pluginv1.ProtocolVersion: {pluginv1.PluginSet: dispenser{}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     startTimeout,
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: dir},
		// After the handshake go-plugin carries a plugin's prints over gRPC.
		SyncStdout: stderr,
		SyncStderr: stderr,
		Logger:     pluginLogger(s.cfg.Log, spec.Name, s.cfg.Redact),
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, tmpDir string) (runner.Runner, error) {
			return newRunner(ctx, spec, cmd.Env, tmpDir, stderr), nil
		},
	})
	p := &process{client: client, stderr: stderr, stop: stop}
	protocol, err := client.Client()
	if errors.As(err, &refused) {
		p.kill()
		return fail(stderr, refused.remedy, err)
	}
	if err == nil {
		err = s.connect(ctx, p, protocol, spec)
	}
	if err != nil {
		p.kill()
		if s.ctx.Err() != nil {
			return nil, ErrClosed
		}
		return fail(stderr, "", err)
	}
	return p, nil
}

// connect checks that the plugin is what its manifest says, and gives it its host.
func (s *Supervisor) connect(ctx context.Context, p *process, protocol goplugin.ClientProtocol, spec Spec) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	dispensed, err := protocol.Dispense(pluginv1.PluginSet)
	if err != nil {
		return err
	}
	conn := dispensed.(*connection)
	p.plugin, p.done = conn.PluginClient, conn.done
	described, err := conn.Describe(ctx, &pluginv1.DescribeRequest{})
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	manifest, err := pluginv1.ParseManifest(described.GetManifest())
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	if !manifest.SameDeclaration(spec.Manifest) {
		return errors.New("it describes itself otherwise than its manifest does: install it again with «auth0-mcp plugin install» after looking at the difference")
	}
	id := conn.broker.NextId()
	go conn.broker.AcceptAndServe(id, func(opts []grpc.ServerOption) *grpc.Server {
		server := grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(pluginv1.MaxMessageBytes), grpc.MaxSendMsgSize(pluginv1.MaxMessageBytes))...)
		pluginv1.RegisterHostServer(server, s.cfg.Host(spec.Name))
		return server
	})
	if _, err := conn.Configure(ctx, &pluginv1.ConfigureRequest{Domain: s.cfg.Domain, HostBrokerId: id}); err != nil {
		return fmt.Errorf("configure: %w", err)
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
	done   <-chan struct{}
}

func (dispenser) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("the host serves no plugin")
}

func (dispenser) GRPCClient(ctx context.Context, broker *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &connection{PluginClient: pluginv1.NewPluginClient(conn), broker: broker, done: ctx.Done()}, nil
}
