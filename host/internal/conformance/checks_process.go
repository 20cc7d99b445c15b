package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func (e *exam) describe(ctx context.Context) (pluginv1.Manifest, error) {
	return supervisor.Describe(ctx, e.Path, e.Args, e.StartTimeout)
}

func describes(ctx context.Context, e *exam) error {
	m, err := e.describe(ctx)
	if err != nil {
		return err
	}
	return e.adopt(m)
}

func describesAlike(ctx context.Context, e *exam) error {
	first, err := e.describe(ctx)
	if err != nil {
		return err
	}
	for range 3 { // an order that is left to chance is rarely the same four times
		again, err := e.describe(ctx)
		if err != nil {
			return err
		}
		a, errA := first.Encode()
		b, errB := again.Encode()
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		if !bytes.Equal(a, b) {
			return errors.New("two runs gave two manifests")
		}
	}
	return nil
}

func describesItsManifest(ctx context.Context, e *exam) error {
	m, err := e.describe(ctx)
	if err != nil {
		return err
	}
	if !m.SameDeclaration(e.manifest) {
		return errors.New("the executable declares another plugin, or other tools, than its manifest file")
	}
	return nil
}

func hasArguments(_ context.Context, e *exam) error {
	for _, tool := range e.tools {
		e.arguments[tool.Name] = examples(tool)
	}
	for _, tool := range e.tools {
		if len(e.arguments[tool.Name]) == 0 {
			return fmt.Errorf("%s: no arguments that fit its schema could be made", tool.Name)
		}
	}
	return nil
}

func refusesToRunByHand(ctx context.Context, e *exam) error {
	p, err := e.begin(ctx)
	if err != nil {
		return err
	}
	defer p.kill()
	if err := p.awaitExit(ctx, e.StartTimeout); err != nil {
		return err
	}
	if exit, ok := errors.AsType[*exec.ExitError](p.err); !ok || !exit.Exited() {
		return errors.New("it exited as if all were well: the exit status should not be 0")
	}
	if p.stderr.String() == (&lastWords{}).String() {
		return errors.New("it wrote nothing to stderr")
	}
	return nil
}

func shakesHands(ctx context.Context, e *exam) error {
	p, err := e.start(ctx)
	if err != nil {
		return err
	}
	p.kill()
	return nil
}

// connected runs a check on the connection to a new process.
func connected(ctx context.Context, e *exam, check func(context.Context, *process, *grpc.ClientConn) error) error {
	p, err := e.start(ctx)
	if err != nil {
		return err
	}
	defer p.kill()
	conn, err := p.dial(nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	bounded, cancel := context.WithTimeout(ctx, e.StartTimeout)
	defer cancel()
	return check(bounded, p, conn)
}

func servesTLS(ctx context.Context, e *exam) error {
	return connected(ctx, e, func(ctx context.Context, p *process, conn *grpc.ClientConn) error {
		now := time.Now()
		switch {
		case p.peer.VerifyHostname("localhost") != nil:
			return fmt.Errorf("its certificate is for %v, not for localhost", p.peer.DNSNames)
		case now.Before(p.peer.NotBefore) || now.After(p.peer.NotAfter):
			return fmt.Errorf("its certificate is valid from %v to %v", p.peer.NotBefore, p.peer.NotAfter)
		}
		_, err := pluginv1.NewPluginClient(conn).Describe(ctx, &pluginv1.DescribeRequest{}, grpc.WaitForReady(true))
		return err
	})
}

func refusesOtherCertificates(ctx context.Context, e *exam) error {
	p, err := e.start(ctx)
	if err != nil {
		return err
	}
	defer p.kill()
	other, err := pluginv1.NewCertificate()
	if err != nil {
		return err
	}
	conn, err := p.dial(&other)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, e.StartTimeout)
	defer cancel()
	if _, err := pluginv1.NewPluginClient(conn).Describe(ctx, &pluginv1.DescribeRequest{}); err == nil {
		return errors.New("a client with another certificate was answered")
	}
	return nil
}

func isHealthy(ctx context.Context, e *exam) error {
	return connected(ctx, e, func(ctx context.Context, _ *process, conn *grpc.ClientConn) error {
		answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx,
			&grpc_health_v1.HealthCheckRequest{Service: pluginv1.PluginSet})
		if err != nil {
			return err
		}
		if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			return fmt.Errorf("its health is %v", answer.GetStatus())
		}
		return nil
	})
}

// withUnknown adds a field that no version of the contract has.
func withUnknown[M protoreflect.ProtoMessage](m M) M {
	field := protowire.AppendTag(nil, 1000, protowire.BytesType)
	m.ProtoReflect().SetUnknown(protowire.AppendString(field, "of a later version"))
	return m
}

func describesOverGRPC(ctx context.Context, e *exam) error {
	return connected(ctx, e, func(ctx context.Context, _ *process, conn *grpc.ClientConn) error {
		answer, err := pluginv1.NewPluginClient(conn).Describe(ctx, withUnknown(&pluginv1.DescribeRequest{}))
		if err != nil {
			return err
		}
		m, err := pluginv1.ParseManifest(answer.GetManifest())
		if err == nil && !m.SameDeclaration(e.manifest) {
			err = errors.New("the call Describe answers with another manifest than `describe`")
		}
		return err
	})
}

func endsWhenAsked(ctx context.Context, e *exam) error {
	return connected(ctx, e, func(ctx context.Context, p *process, conn *grpc.ClientConn) error {
		// It may end before it answers.
		err := conn.Invoke(ctx, "/plugin.GRPCController/Shutdown", &emptypb.Empty{}, &emptypb.Empty{})
		if exit := p.awaitExit(ctx, e.Grace); exit != nil {
			return errors.Join(exit, err)
		}
		return nil
	})
}

func endsWithStdin(ctx context.Context, e *exam) error {
	return connected(ctx, e, func(ctx context.Context, p *process, _ *grpc.ClientConn) error {
		if err := p.stdin.Close(); err != nil {
			return err
		}
		return p.awaitExit(ctx, e.Grace)
	})
}

func runsTwice(ctx context.Context, e *exam) error {
	return connected(ctx, e, func(ctx context.Context, _ *process, first *grpc.ClientConn) error {
		return connected(ctx, e, func(ctx context.Context, _ *process, second *grpc.ClientConn) error {
			for _, conn := range []*grpc.ClientConn{first, second} {
				if _, err := pluginv1.NewPluginClient(conn).Describe(ctx, &pluginv1.DescribeRequest{}); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
