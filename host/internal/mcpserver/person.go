package mcpserver

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
)

// answer is what came back from a person. Only accepted lets anything happen.
type answer int

const (
	dismissed answer = iota // closed without a choice, or anything that is not one
	declined
	accepted
)

// person is how somebody can be asked about a call.
type person struct {
	// ask shows a text and waits; nil: nobody can be asked while the call runs.
	ask func(ctx context.Context, text string) (answer, error)
	// atTerminal: ask is a terminal, which shows the text whole.
	atTerminal bool
	// later: the client asks between two calls, and brings the answer with the second.
	later bool
	// answer is what the call brought, for the plan that state names.
	answer *answer
	state  string
}

// busyError is stdio's, when too many calls wait on a person.
type busyError = *stdio.BusyError

// approvalKey names our one question among the input requests of a result.
const approvalKey = "approval"

// elicitation is the question in MCP's form. It asks for nothing but the decision: to
// accept is to approve.
// https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation
func elicitation(text string) mcp.ElicitationParams {
	return mcp.ElicitationParams{
		Message:         "Approve this change?\n\n" + text,
		RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}},
	}
}

// clientPerson finds out from the parameters of a call how the client can ask.
func (s *Server) clientPerson(params callParams, report *progress) person {
	if mcp.IsModernProtocol(params.Meta.ProtocolVersion) {
		p := person{later: canElicit(params.Meta.ClientCapabilities.Elicitation), state: params.RequestState}
		if params.RequestState != "" || params.InputResponses != nil {
			a := readAnswer(params.InputResponses[approvalKey])
			p.answer = &a
		}
		return p
	}
	if !canElicit(s.session.GetClientCapabilities().Elicitation) {
		return person{}
	}
	return person{ask: func(ctx context.Context, text string) (a answer, err error) {
		err = stdio.WaitForPerson(ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeoutCause(ctx, approval.Lifetime, errNobodyAnswered)
			defer cancel()
			defer report.beat(ctx, "waiting for a person to decide")()
			result, err := stdio.FromContext(ctx).Request(ctx, string(mcp.MethodElicitationCreate), elicitation(text))
			if err == nil {
				a = readAnswer(result)
			}
			return err
		})
		return a, err
	}}
}

var errNobodyAnswered = fmt.Errorf("nobody answered within %v", approval.Lifetime)

// canElicit reports whether a client shows forms; one that names no mode does.
func canElicit(c *mcp.ElicitationCapability) bool {
	return c != nil && (c.Form != nil || c.URL == nil)
}

// readAnswer takes nothing but the word accept for an approval.
func readAnswer(result json.RawMessage) answer {
	// By its exact name: a struct would take "Action" for it, too.
	var members map[string]json.RawMessage
	var action mcp.ElicitationResponseAction
	if json.Unmarshal(result, &members) != nil || json.Unmarshal(members["action"], &action) != nil {
		return dismissed
	}
	switch action {
	case mcp.ElicitationResponseActionAccept:
		return accepted
	case mcp.ElicitationResponseActionDecline:
		return declined
	}
	return dismissed
}

// beatInterval is how often a client hears that a call still waits: many give a call
// up after a minute of silence.
const beatInterval = 15 * time.Second

// beat reports progress until the returned function is called.
func (p *progress) beat(ctx context.Context, note string) (stop func()) {
	if p.send == nil {
		return func() {}
	}
	p.report(Progress{Note: note})
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(beatInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.report(Progress{Note: note})
			case <-ctx.Done():
				return
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}

// questions are the plans that clients of the handshake-less protocol are asking a
// person about: the answer comes with another call, which names its question.
type questions struct {
	mu    sync.Mutex
	asked map[string]question
}

type question struct {
	request approval.Request
	expires time.Time
}

// maxQuestions bounds them: a client may never come back.
const maxQuestions = 100

var errTooManyQuestions = errors.New("too many changes wait for a person's answer: try again when some have been decided about")

func (q *questions) add(request approval.Request) (state string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for state, one := range q.asked {
		if now.After(one.expires) {
			delete(q.asked, state)
		}
	}
	if len(q.asked) >= maxQuestions {
		return "", errTooManyQuestions
	}
	if q.asked == nil {
		q.asked = map[string]question{}
	}
	state = rand.Text()
	q.asked[state] = question{request, now.Add(approval.Lifetime)}
	return state, nil
}

// take ends a question: an answer counts once.
func (q *questions) take(state string) (approval.Request, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	one, ok := q.asked[state]
	delete(q.asked, state)
	return one.request, ok && time.Now().Before(one.expires)
}

// askLater answers with the question.
func (s *Server) askLater(ctx context.Context, r callRequest, request approval.Request) *mcp.CallToolResult {
	text, whole, err := request.Describe(s.cfg.Redact.JSON, true)
	switch {
	case err != nil:
		return failed(err.Error())
	case !whole:
		return s.propose(ctx, r, request, tooLargeToAsk)
	}
	state, err := s.questions.add(request)
	if err != nil {
		return failed(err.Error())
	}
	return &mcp.CallToolResult{
		Result: mcp.Result{ResultType: mcp.ResultTypeInputRequired},
		MultiRoundTripResult: mcp.MultiRoundTripResult{
			InputRequests: mcp.InputRequests{approvalKey: mcp.NewElicitationInputRequest(elicitation(text))},
			RequestState:  state,
		},
	}
}

// resume goes on with a call that brings the answer to a question.
func (s *Server) resume(ctx context.Context, r callRequest) *mcp.CallToolResult {
	request, ok := s.questions.take(r.person.state)
	if !ok {
		r.decided(audit.VerdictRefused, byElicitation, "")
		return failed("Nothing was changed: the question that this answers is not open, it was answered before or has expired. Call the tool again")
	}
	if same, err := request.SameCall(r.tool.Name, r.arguments); err != nil || !same {
		r.decided(audit.VerdictRefused, byElicitation, "")
		return failed("Nothing was changed: the answer is for another call. Call the tool again")
	}
	r.answered(*r.person.answer, byElicitation)
	if *r.person.answer != accepted {
		return declinedResult(*r.person.answer, false)
	}
	return s.apply(ctx, r, request.Plan)
}
