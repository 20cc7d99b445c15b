package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// call is one call of a tool.
type call struct {
	tool      pluginv1.ToolManifest
	arguments arguments
	// change the request before it is sent; may be nil.
	change func(*pluginv1.CallToolRequest)
}

// session is one process of the plugin, launched as the server launches it.
type session struct {
	exam *exam
	host *host
	sup  *supervisor.Supervisor

	mu      sync.Mutex
	overran []string // tools whose function went on
}

// open makes a session. Its process starts with the first call, and ends with close.
func (e *exam) open(answer answerer) *session {
	s := &session{exam: e, host: &host{answer: answer, undeclared: &e.undeclared, calls: map[string]*liveCall{}}}
	s.sup = e.supervisor(s.host, func(tool string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.overran = append(s.overran, tool)
	})
	return s
}

func (s *session) close() { _ = s.sup.Close() } // nothing is lost by what it leaves

// call runs a tool.
func (s *session) call(ctx context.Context, c call) (*pluginv1.CallToolResponse, error) {
	id := rand.Text()
	// Not its effect: the supervisor would repeat a crashed read.
	tool := c.tool
	tool.Effect = pluginv1.EffectWrite
	defer s.host.begin(id, c.tool)()
	request := &pluginv1.CallToolRequest{CallId: id, Tool: c.tool.Name, Arguments: c.arguments.json,
		Domain: s.exam.Domain}
	if c.change != nil {
		c.change(request)
	}
	return s.sup.Call(ctx, s.exam.spec(), tool, request)
}

// mustAnswer is a call that has to end in a result or a typed failure.
func (s *session) mustAnswer(ctx context.Context, c call) error {
	_, err := s.answer(ctx, c)
	return err
}

// mustFit is mustAnswer for a tenant that answers as it should: a result has the shape that its tool declares.
func (s *session) mustFit(ctx context.Context, c call) error {
	answer, err := s.answer(ctx, c)
	result := answer.GetResult()
	if err != nil || result == nil {
		return err
	}
	if err := catalog.CheckOutput(c.tool.OutputSchema, result); err != nil {
		return fmt.Errorf("%s with %s: not as display.outputSchema says: %w", c.tool.Name, c.arguments.about, err)
	}
	return nil
}

func (s *session) answer(ctx context.Context, c call) (*pluginv1.CallToolResponse, error) {
	answer, err := s.call(ctx, c)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if late, ok := errors.AsType[*supervisor.TimeoutError](err); ok {
		err = fmt.Errorf("no answer within %v", late.After)
	} else {
		err = checkAnswer(answer, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s with %s: %w", c.tool.Name, c.arguments.about, err)
	}
	return answer, nil
}

// mustStop waits for what was cancelled, and says which function has not returned.
func (s *session) mustStop() error {
	s.sup.Settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.overran) > 0 {
		return fmt.Errorf("%s went on for %v after its call had ended", s.overran[0], s.exam.Grace)
	}
	return nil
}

// each calls every tool with all its arguments.
func (e *exam) each(visit func(call) error) error {
	for _, tool := range e.tools {
		for _, a := range e.arguments[tool.Name] {
			if err := visit(call{tool: tool.ToolManifest, arguments: a}); err != nil {
				return err
			}
		}
	}
	return nil
}

// any is a call for rows that need one: of a tool that sends a request, if one is known.
func (e *exam) any() (c call, asks bool) {
	if e.asks != nil {
		return *e.asks, true
	}
	for _, tool := range e.tools {
		for _, a := range e.arguments[tool.Name] {
			return call{tool: tool.ToolManifest, arguments: a}, false
		}
	}
	return call{tool: e.tools[0].ToolManifest, arguments: arguments{"no arguments", []byte("{}")}}, false
}
