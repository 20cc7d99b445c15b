package sdk

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/proto/trim"
)

// Connection is a host's end of a plugin: what go-plugin dispenses.
type Connection struct {
	pluginv1.PluginClient
	Broker *goplugin.GRPCBroker
	// Done is closed when the plugin process is gone.
	Done <-chan struct{}
}

// GRPCPlugin is p in go-plugin's terms. Authors call [Serve]; this is for test
// kits and for hosts written in Go.
func GRPCPlugin(p Plugin) (goplugin.Plugin, error) {
	s, err := newServer(p)
	if err != nil {
		return nil, err
	}
	return &grpcPlugin{server: s}, nil
}

type grpcPlugin struct {
	goplugin.NetRPCUnsupportedPlugin
	server *server
}

func (p *grpcPlugin) GRPCServer(broker *goplugin.GRPCBroker, s *grpc.Server) error {
	p.server.broker = broker
	pluginv1.RegisterPluginServer(s, p.server)
	return nil
}

func (p *grpcPlugin) GRPCClient(ctx context.Context, broker *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &Connection{PluginClient: pluginv1.NewPluginClient(conn), Broker: broker, Done: ctx.Done()}, nil
}

// server answers the host.
type server struct {
	pluginv1.UnimplementedPluginServer
	manifest   []byte
	tools      map[string]Tool
	broker     *goplugin.GRPCBroker
	once       sync.Once
	configured chan struct{}
	lost       chan struct{}
	host       atomic.Pointer[hostLink]
	buffers    mem.BufferPool
	idle       *trim.Idle // nil in a test kit and under a debugger

	mu      sync.Mutex
	running map[string]chan struct{} // by the call's id; closed when its function has returned
}

// hostLink is the host as this process knows it.
type hostLink struct {
	pluginv1.HostClient
	capabilities []string
}

func newServer(p Plugin) (*server, error) {
	manifest, err := p.Manifest()
	if err != nil {
		return nil, err
	}
	encoded, err := manifest.Encode()
	if err != nil {
		return nil, err
	}
	s := &server{manifest: encoded, tools: map[string]Tool{}, running: map[string]chan struct{}{},
		configured: make(chan struct{}), lost: make(chan struct{}), buffers: pluginv1.NewBuffers()}
	for _, t := range p.Tools {
		s.tools[t.manifest.Name] = t
	}
	return s, nil
}

func (s *server) Describe(context.Context, *pluginv1.DescribeRequest) (*pluginv1.DescribeResponse, error) {
	return &pluginv1.DescribeResponse{Manifest: s.manifest}, nil
}

func (s *server) Configure(_ context.Context, r *pluginv1.ConfigureRequest) (*pluginv1.ConfigureResponse, error) {
	err := status.Error(codes.FailedPrecondition, "configured already")
	s.once.Do(func() { err = s.connect(r) })
	if err != nil {
		return nil, err
	}
	return &pluginv1.ConfigureResponse{Capabilities: []string{pluginv1.CapabilityAwaitEnd}}, nil
}

// connect dials the host while its offer stands, and once for the life of the
// process: a connection for each call leaks goroutines on the host's side.
func (s *server) connect(r *pluginv1.ConfigureRequest) error {
	conn, err := s.broker.DialWithOptions(r.GetHostBrokerId(), grpc.WithStaticStreamWindowSize(window),
		grpc.WithStaticConnWindowSize(2*window), grpc.WithReadBufferSize(readBuffer), experimental.WithBufferPool(s.buffers),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(pluginv1.NewCodec(s.buffers))))
	if err != nil {
		return status.Errorf(codes.Unavailable, "dialling the host: %v", err)
	}
	s.host.Store(&hostLink{pluginv1.NewHostClient(conn), r.GetCapabilities()})
	close(s.configured)
	go s.watch(conn)
	return nil
}

func (s *server) CallTool(ctx context.Context, r *pluginv1.CallToolRequest) (*pluginv1.CallToolResponse, error) {
	host := s.host.Load()
	if host == nil {
		return nil, status.Error(codes.FailedPrecondition, "not configured")
	}
	tool, ok := s.tools[r.GetTool()]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "no tool %q", r.GetTool())
	}
	ctx, cancel := context.WithCancelCause(ctx)
	// Requests of goroutines that outlive the tool's function must fail.
	defer cancel(errors.New("call ended"))
	defer s.begin(r.GetCallId())()
	call := &Call{ctx: ctx, id: r.GetCallId(), domain: r.GetDomain(), arguments: r.GetArguments(),
		budget: int(r.GetAnswerBudgetBytes()), dryRun: r.GetDryRun(), host: host}
	result, err := tool.run(ctx, call)
	if err == nil && len(result) > pluginv1.MaxBodyBytes {
		err = newError(pluginv1.Failure_CODE_TOO_LARGE, "the answer of %s is over %d bytes: ask for fewer items or fields",
			r.GetTool(), pluginv1.MaxBodyBytes)
	}
	if err != nil {
		failure := toFailure(err, int(call.lastStatus.Load()))
		return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Failure{Failure: failure}}, nil
	}
	return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Result{Result: result}}, nil
}

// begin notes a call's function, until the returned one is called.
func (s *server) begin(callID string) (returned func()) {
	over := make(chan struct{})
	s.idle.Work(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[callID] = over
	return func() {
		s.idle.Work(false)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, callID)
		close(over)
	}
}

func (s *server) AwaitEnd(ctx context.Context, r *pluginv1.AwaitEndRequest) (*pluginv1.AwaitEndResponse, error) {
	s.mu.Lock()
	over, running := s.running[r.GetCallId()]
	s.mu.Unlock()
	if running {
		select {
		case <-over:
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
	return &pluginv1.AwaitEndResponse{}, nil
}
