package sdk

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/experimental"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// window is how much of a message is under way at once, in both directions. It is fixed: gRPC would measure the
	// connection with pings to find how far it may grow.
	window = 1 << 20
	// streamWorkers is how many goroutines wait for calls, with their stacks grown; any more get one of their own.
	streamWorkers = 2
	// readBuffer is what each connection holds for as long as it stands. TLS reads from the socket by itself, so that a
	// larger one, as is gRPC's default, saves no system call.
	readBuffer = 4 << 10
)

// serveLaunched serves the host that has started this process, until it asks for the end. What the author's code prints
// to stdout and stderr goes to the host from here on.
func (s *server) serveLaunched(config *tls.Config, own tls.Certificate) error {
	var printed [2]*os.File
	for i, out := range []**os.File{&os.Stdout, &os.Stderr} { //nolint:forbidigo // both are replaced
		read, write, err := os.Pipe()
		if err != nil {
			return err
		}
		printed[i], *out = read, write
	}
	// Who interrupts the host in a terminal interrupts its plugins too, and the host ends them.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	return s.serve(context.Background(), config, printed[0], printed[1], func(at net.Addr) error {
		_, err := io.WriteString(handshakeOut, handshake(at, own))
		return err
	})
}

// handshake is the line by which go-plugin's client finds a plugin: the versions of go-plugin's protocol and of the
// contract, the address, the kind of server, its certificate.
func handshake(at net.Addr, own tls.Certificate) string {
	return fmt.Sprintf("%d|%d|%s|%s|%s|%s\n", goplugin.CoreProtocolVersion, pluginv1.ProtocolVersion, at.Network(), at,
		goplugin.ProtocolGRPC, base64.RawStdEncoding.EncodeToString(own.Certificate[0]))
}

// serve runs go-plugin's gRPC server until the host asks for the end or ctx ends, and calls listening before it serves.
// go-plugin's Serve would do the same and link net/rpc, which looks for methods by reflection: then the linker keeps
// every method of every type, a fifth of the program.
func (s *server) serve(ctx context.Context, config *tls.Config, stdout, stderr io.Reader,
	listening func(net.Addr) error) error {
	listener, err := listen(ctx)
	if err != nil {
		return fmt.Errorf("listening for the host: %w", err)
	}
	defer listener.Close()
	var calls *grpc.Server
	plugin := &goplugin.GRPCServer{
		Plugins: map[string]goplugin.Plugin{pluginv1.PluginSet: &grpcPlugin{server: s}},
		Server: func(opts []grpc.ServerOption) *grpc.Server {
			calls = grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(pluginv1.MaxMessageBytes),
				grpc.MaxSendMsgSize(pluginv1.MaxMessageBytes), grpc.StaticStreamWindowSize(window),
				grpc.StaticConnWindowSize(2*window), grpc.NumStreamWorkers(streamWorkers), grpc.ReadBufferSize(readBuffer),
				experimental.BufferPool(s.buffers), grpc.ForceServerCodecV2(pluginv1.NewCodec(s.buffers)))...)
			return calls
		},
		TLS: config, Stdout: endless{stdout}, Stderr: endless{stderr},
	}
	if err := plugin.Init(); err != nil {
		return err
	}
	if err := listening(listener.Addr()); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, plugin.Stop)()
	if err := calls.Serve(listener); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// endless is a reader whose end is not reported: go-plugin would report it to a logger, which only its own Serve has.
type endless struct{ io.Reader }

func (e endless) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if n == 0 && err != nil {
		select {}
	}
	return n, nil
}

// listen opens a socket in the folder that the host names. On Windows it is a port of the loopback interface, in the
// range that the host names.
func listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	if runtime.GOOS != "windows" {
		// Of a name that is not in use: the broker's sockets are in the same folder.
		file, err := os.CreateTemp(os.Getenv(goplugin.EnvUnixSocketDir), "plugin")
		if err != nil {
			return nil, err
		}
		if err := errors.Join(file.Close(), os.Remove(file.Name())); err != nil {
			return nil, err
		}
		return config.Listen(ctx, "unix", file.Name())
	}
	first, err := strconv.ParseUint(os.Getenv("PLUGIN_MIN_PORT"), 10, 16)
	if err != nil {
		return nil, fmt.Errorf("PLUGIN_MIN_PORT: %w", err)
	}
	last, err := strconv.ParseUint(os.Getenv("PLUGIN_MAX_PORT"), 10, 16)
	if err != nil {
		return nil, fmt.Errorf("PLUGIN_MAX_PORT: %w", err)
	}
	for port := first; port <= last; port++ {
		if listener, err := config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return listener, nil
		}
	}
	return nil, fmt.Errorf("no port from %d to %d is free", first, last)
}
