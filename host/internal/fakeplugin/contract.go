package fakeplugin

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Contract is the role of a plugin that keeps the contract, with one tool that sends a request. The others break it
// in one way each, which their names say.
const (
	Contract            = "contract"
	ContractNoisy       = "contract-noisy"        // describe prints more than the manifest
	ContractMoody       = "contract-moody"        // describe differs each time
	ContractPattern     = "contract-pattern"      // its arguments cannot be guessed
	ContractByHand      = "contract-by-hand"      // does not exit when a user starts it
	ContractNeedsHome   = "contract-needs-home"   // does not start without HOME
	ContractAnyClient   = "contract-any-client"   // accepts every certificate
	ContractUnhealthy   = "contract-unhealthy"    // its health service fails
	ContractOnce        = "contract-once"         // runs once at a time
	ContractGarbage     = "contract-garbage"      // answers what is no JSON
	ContractShape       = "contract-shape"        // answers otherwise than its output schema says
	ContractNothing     = "contract-nothing"      // answers with no outcome
	ContractHuge        = "contract-huge"         // answers with more than it may
	ContractVague       = "contract-vague"        // fails without a code
	ContractDry         = "contract-dry"          // ends in a dry run
	ContractUnknownTool = "contract-unknown-tool" // ends at a tool that it does not have
	ContractArguments   = "contract-arguments"    // ends at arguments that it cannot read
	ContractStrict      = "contract-strict"       // fails at fields that it does not know
	ContractFailure     = "contract-failure"      // ends when a request fails
	ContractHTML        = "contract-html"         // ends at an answer that is no JSON
	ContractStatus      = "contract-status"       // ends when its host does not answer
	ContractSerial      = "contract-serial"       // runs one call after the other
	ContractOneTenant   = "contract-one-tenant"   // keeps the first call's tenant
	ContractGoesOn      = "contract-goes-on"      // does not stop when it is told to
	ContractStrays      = "contract-strays"       // sends what it does not declare
	ContractPrints      = "contract-prints"       // writes to stdout behind the handshake
)

func isContract(role string) bool { return role == Contract || strings.HasPrefix(role, Contract+"-") }

func contractManifest(role string) pluginv1.Manifest {
	pattern := ""
	if role == ContractPattern {
		pattern = `,"pattern":"^[0-9]{7}$"`
	}
	version := "0.1.0"
	if role == ContractMoody {
		version = fmt.Sprintf("0.1.%d", os.Getpid())
	}
	var answers json.RawMessage
	if role == ContractShape {
		answers = json.RawMessage(`{"type":"object"}`)
	}
	return pluginv1.Manifest{ManifestVersion: pluginv1.ManifestVersion, Name: role, Version: version,
		Protocols: []int{pluginv1.ProtocolVersion}, Args: []string{role}, Tools: []pluginv1.ToolManifest{{
			Name: "auth0_search_things", Effect: pluginv1.EffectRead, Paths: []string{"GET /api/v2/logs"},
			Scopes: []string{"read:logs"}, Display: pluginv1.Display{Description: "Things.", OutputSchema: answers},
			InputSchema: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["q"],` +
				`"properties":{"q":{"type":"string"` + pattern + `}}}`)}}}
}

// beginContract plays a role from the start of its process.
func beginContract(role string) {
	switch {
	case role == ContractByHand && !launched():
		hang()
	case role == ContractNeedsHome && launched() && os.Getenv("HOME") == "":
		fmt.Fprintln(os.Stderr, "HOME is not set")
		syscall.Exit(1)
	case role == ContractOnce && launched() && !alone():
		fmt.Fprintln(os.Stderr, "it runs already")
		syscall.Exit(1)
	}
}

// serverOptions are those of a role.
func serverOptions(role string) []grpc.ServerOption {
	if role != ContractUnhealthy {
		return nil
	}
	return []grpc.ServerOption{grpc.UnaryInterceptor(
		func(ctx context.Context, r any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if strings.HasPrefix(info.FullMethod, "/grpc.health.") {
				return nil, status.Error(codes.Unimplemented, "no health")
			}
			return next(ctx, r)
		})}
}

// anyClient is go-plugin's TLSProvider of a plugin that accepts every client. The handshake names its certificate as
// go-plugin's own would be.
func anyClient() (*tls.Config, error) {
	own, err := pluginv1.NewCertificate()
	if err != nil {
		return nil, err
	}
	//nolint:forbidigo // its handshake
	out := os.Stdout
	lines, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	os.Stdout = in //nolint:forbidigo // go-plugin writes the handshake to it
	go func() {
		line, err := bufio.NewReader(lines).ReadString('\n')
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if err == nil && len(fields) > 5 {
			fields[5] = base64.RawStdEncoding.EncodeToString(own.Certificate[0])
			_, _ = io.WriteString(out, strings.Join(fields, "|")+"\n")
		}
	}()
	config := pluginv1.TLSConfig(own, nil)
	config.ClientAuth = tls.RequireAnyClientCert
	return config, nil
}

// keep is a call of the plugin's tool.
func (f *fake) keep(ctx context.Context, r *pluginv1.CallToolRequest) (*pluginv1.CallToolResponse, error) {
	over := make(chan struct{})
	defer close(over)
	f.mu.Lock()
	f.running[r.GetCallId()] = over
	if f.domain == "" {
		f.domain = r.GetDomain()
	}
	another := f.domain != r.GetDomain()
	f.mu.Unlock()
	if f.role == ContractSerial {
		f.serial.Lock()
		defer f.serial.Unlock()
	}
	known := r.GetTool() == "auth0_search_things"
	var in struct{ Q *string }
	unreadable := json.Unmarshal(r.GetArguments(), &in)
	switch {
	case f.role == ContractUnknownTool && !known, f.role == ContractArguments && unreadable != nil,
		f.role == ContractDry && r.GetDryRun(), f.role == ContractOneTenant && another:
		syscall.Exit(2)
	case f.role == ContractStrict && len(r.ProtoReflect().GetUnknown()) > 0:
		return nil, status.Error(codes.InvalidArgument, "an unknown field")
	case f.role == ContractPrints:
		_, _ = f.stdout.WriteString("working\n")
	}
	switch {
	case !known:
		return nil, status.Error(codes.NotFound, "no such tool")
	case unreadable != nil || in.Q == nil:
		return failure(pluginv1.Failure_CODE_INVALID_ARGUMENT, "want q")
	}
	return f.keepRequest(ctx, r.GetCallId())
}

// keepRequest sends the call's request and answers with what came of it.
func (f *fake) keepRequest(ctx context.Context, callID string) (*pluginv1.CallToolResponse, error) {
	if f.role == ContractStrays {
		_, _ = f.host.RoundTrip(ctx, &pluginv1.RoundTripRequest{CallId: callID, Method: "GET", Path: "/api/v2/clients"})
	}
	_, _ = f.host.Progress(ctx, &pluginv1.ProgressRequest{CallId: callID, Done: 1}) // as the contract has it
	answer, err := f.host.RoundTrip(ctx, &pluginv1.RoundTripRequest{CallId: callID, Method: "GET", Path: "/api/v2/logs"})
	if ctx.Err() != nil || answer.GetFailure().GetCode() == pluginv1.Failure_CODE_CALL_ENDED {
		if f.role == ContractGoesOn {
			hang()
		}
		return failure(pluginv1.Failure_CODE_CALL_ENDED, "the call has ended")
	}
	body := answer.GetResponse().GetBody()
	switch {
	case f.role == ContractStatus && err != nil, f.role == ContractFailure && answer.GetFailure() != nil,
		f.role == ContractHTML && answer.GetResponse() != nil && !json.Valid(body):
		syscall.Exit(3)
	case f.role == ContractGarbage:
		return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Result{Result: []byte("hello")}}, nil
	case f.role == ContractNothing:
		return &pluginv1.CallToolResponse{}, nil
	case f.role == ContractVague:
		return failure(pluginv1.Failure_CODE_UNSPECIFIED, "no luck")
	case f.role == ContractHuge:
		body = []byte(`"` + strings.Repeat("x", pluginv1.MaxBodyBytes) + `"`)
	}
	switch {
	case err != nil:
		return failure(pluginv1.Failure_CODE_TRANSPORT, err.Error())
	case answer.GetFailure() != nil:
		return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Failure{Failure: answer.GetFailure()}}, nil
	case answer.GetResponse().GetStatus() >= 300 || !json.Valid(body):
		return failure(pluginv1.Failure_CODE_API, "Auth0 answered with something else")
	}
	return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Result{Result: body}}, nil
}

func failure(code pluginv1.Failure_Code, message string) (*pluginv1.CallToolResponse, error) {
	return &pluginv1.CallToolResponse{Outcome: &pluginv1.CallToolResponse_Failure{
		Failure: &pluginv1.Failure{Code: code, Message: message}}}, nil
}
