package wrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// server is the wrapped server: at most one process of it, started by the first call.
type server struct {
	definition Definition
	stderr     *os.File

	// starting holds one token: who has it may start the server.
	starting chan struct{}
	mu       sync.Mutex
	current  *session // nil before the first call
}

func newServer(d Definition, stderr *os.File) *server {
	s := &server{definition: d, stderr: stderr, starting: make(chan struct{}, 1)}
	s.starting <- struct{}{}
	return s
}

// function is the tool of the plugin that calls one of the server.
func (s *server) function(t Tool) func(context.Context, *sdk.Call, struct{}) (json.RawMessage, error) {
	return func(ctx context.Context, c *sdk.Call, _ struct{}) (json.RawMessage, error) {
		arguments, err := t.arguments(c)
		if err != nil {
			return nil, err
		}
		running, err := s.session(ctx)
		if err != nil {
			return nil, err
		}
		if err := running.unchanged(ctx, t); err != nil {
			return nil, err
		}
		return running.call(ctx, c, t, arguments)
	}
}

// arguments are what the server gets.
func (t Tool) arguments(c *sdk.Call) (json.RawMessage, error) {
	if t.Argument == "" {
		return c.Arguments(), nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(c.Arguments(), &all); err != nil {
		return nil, sdk.InvalidArgument("the arguments are not a JSON object: %v", err)
	}
	if own := all[t.Argument]; own != nil {
		return own, nil
	}
	return json.RawMessage("{}"), nil
}

// session returns the running server, started if need be. A server that has ended is started again by the next call;
// the call that it left unanswered is never repeated.
func (s *server) session(ctx context.Context) (*session, error) {
	select {
	case <-s.starting:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { s.starting <- struct{}{} }()
	if running := s.running(); running != nil {
		return running, nil
	}
	s.release()
	if err := s.definition.CheckPins(); err != nil {
		return nil, sdk.FailedPrecondition("the wrapped server was not started: %v", err)
	}
	started, err := s.definition.start(ctx, s.stderr)
	if err == nil {
		err = started.list(ctx)
	}
	if err != nil {
		if started != nil {
			started.close()
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, sdk.FailedPrecondition("the wrapped server did not start: %s", quote(err.Error()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = started
	return started, nil
}

// running is the server's process, or nil.
func (s *server) running() *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || s.current.ended() {
		return nil
	}
	return s.current
}

// release ends a process that cannot be spoken to any more.
func (s *server) release() {
	s.mu.Lock()
	last := s.current
	s.current = nil
	s.mu.Unlock()
	if last != nil {
		last.process.kill()
	}
}

// unchanged returns an error unless the server says the same of a tool as when the user agreed to it.
func (s *session) unchanged(ctx context.Context, t Tool) error {
	if s.stale.CompareAndSwap(true, false) {
		if err := s.list(ctx); err != nil {
			s.stale.Store(true)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return sdk.FailedPrecondition("the wrapped server does not list its tools: %s", quote(err.Error()))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if declared, offered := s.declared[t.Server]; !offered {
		return sdk.FailedPrecondition("the wrapped server changed: it has no tool %q any more. Nothing was called. To "+
			"use what it is now, %s", t.Server, again)
	} else if declared != t.Declared {
		return sdk.FailedPrecondition("the wrapped server changed: its tool %q has another description, schema or "+
			"annotation than was agreed to. Nothing was called. If you know why, %s", t.Server, again)
	}
	return nil
}

// call calls a tool of the server, once.
func (s *session) call(ctx context.Context, c *sdk.Call, t Tool, arguments json.RawMessage) (json.RawMessage, error) {
	params := &mcp.CallToolParams{Name: t.Server, Arguments: arguments}
	params.SetProgressToken(s.follow(c))
	defer s.unfollow(params.GetProgressToken())
	result, err := s.client.CallTool(ctx, params)
	var refused *jsonrpc.Error
	switch {
	case err == nil && result.IsError:
		return nil, sdk.FailedPrecondition("the wrapped server says that its tool failed: %s", quote(texts(result)))
	case err == nil:
		return answer(result)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &refused):
		return nil, sdk.FailedPrecondition("the wrapped server refused the call: %s", quote(refused.Message))
	}
	return nil, fmt.Errorf("the wrapped server gave no answer: %s. The next call starts it again", quote(s.reason(err)))
}
