package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func configures(ctx context.Context, e *exam) error {
	s := e.open(e.tenant)
	defer s.close()
	c, _ := e.any()
	_, err := s.call(ctx, c)
	if launch, ok := errors.AsType[*supervisor.LaunchError](err); ok {
		return fmt.Errorf("%w. It wrote: %s", launch.Err, launch.Stderr)
	}
	return nil // what the call did is the next row's
}

func answers(ctx context.Context, e *exam) error {
	s := e.open(e.tenant)
	defer s.close()
	var errs []error
	_ = e.each(func(c call) error {
		before := s.host.sent()
		if err := s.mustFit(ctx, c); err != nil {
			errs = append(errs, err)
		} else if s.host.sent() > before && e.asks == nil {
			e.asks = &c
		}
		return nil
	})
	return first(errs)
}

// first is the first of several errors, and how many there are.
func first(errs []error) error {
	if len(errs) < 2 {
		return errors.Join(errs...)
	}
	return fmt.Errorf("%w (and %d more)", errs[0], len(errs)-1)
}

// all makes every call. change may be nil.
func (s *session) all(ctx context.Context, change func(*pluginv1.CallToolRequest)) error {
	err := s.exam.each(func(c call) error {
		c.change = change
		return s.mustAnswer(ctx, c)
	})
	return errors.Join(err, s.mustStop())
}

func answersDryRun(ctx context.Context, e *exam) error {
	s := e.open(e.tenant)
	defer s.close()
	return s.all(ctx, func(r *pluginv1.CallToolRequest) { r.DryRun = true })
}

func refusesUnknownTool(ctx context.Context, e *exam) error {
	s := e.open(e.tenant)
	defer s.close()
	answer, err := s.call(ctx, raw(pluginv1.ToolManifest{Name: "auth0_no_such_tool"}, "no arguments", "{}"))
	switch {
	case err == nil && answer.GetFailure() == nil:
		return errors.New("it answered a call of a tool that it does not have")
	case errors.As(err, new(*supervisor.CrashError)):
		return checkAnswer(answer, err)
	}
	c, _ := e.any()
	return s.mustAnswer(ctx, c)
}

func survivesArguments(ctx context.Context, e *exam) error {
	s := e.open(e.tenant)
	defer s.close()
	for _, tool := range e.tools {
		for about, document := range map[string]string{
			"no members": "{}", "a member that it does not know": `{"no_such_member":[1,{"a":null}]}`,
			"an array": "[]", "null": "null", "nothing": "", "half of a document": `{"a":`,
			"deep nesting": string(bytes.Repeat([]byte(`{"a":`), 2000)) + "1" + string(bytes.Repeat([]byte("}"), 2000)),
		} {
			answer, err := s.call(ctx, raw(tool.ToolManifest, about, document))
			if errors.As(err, new(*supervisor.CrashError)) {
				return fmt.Errorf("%s with %s: %w", tool.Name, about, checkAnswer(answer, err))
			}
		}
	}
	c, _ := e.any()
	return s.mustAnswer(ctx, c)
}

func survivesUnknownFields(ctx context.Context, e *exam) error {
	answer := func(ctx context.Context, r *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error) {
		response, err := e.tenant(ctx, r)
		if http := response.GetResponse(); http != nil {
			withUnknown(http)
		}
		return withUnknown(response), err
	}
	s := e.open(answer)
	defer s.close()
	return s.all(ctx, func(r *pluginv1.CallToolRequest) { withUnknown(r) })
}

// fixed answers every request alike.
func fixed(answer *pluginv1.RoundTripResponse, err error) answerer {
	return func(context.Context, *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error) {
		return answer, err
	}
}

func survivesFailures(ctx context.Context, e *exam) error {
	s := e.open(e.tenant)
	defer s.close()
	for _, code := range []pluginv1.Failure_Code{pluginv1.Failure_CODE_REFUSED, pluginv1.Failure_CODE_TRANSPORT,
		pluginv1.Failure_CODE_TOO_LARGE, pluginv1.Failure_CODE_CALL_ENDED} {
		s.host.meet(fixed(failed(code, "said by the test"), nil), false)
		if err := s.all(ctx, nil); err != nil {
			return fmt.Errorf("requests that fail with %v: %w", code, err)
		}
	}
	for _, code := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
		http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests, http.StatusInternalServerError} {
		body := fmt.Appendf(nil, `{"statusCode":%d,"error":"E","message":"said by the test","errorCode":"test"}`, code)
		s.host.meet(fixed(response(code, "application/json", body), nil), false)
		if err := s.all(ctx, nil); err != nil {
			return fmt.Errorf("requests that are answered with %d: %w", code, err)
		}
	}
	return nil
}

// A large answer is a page of the most items that Auth0 gives, beyond gRPC's default limit of 4 MiB.
const (
	largeItems = 100
	largeBytes = 8 << 20
)

func survivesOddAnswers(ctx context.Context, e *exam) error {
	item := append([]byte(`{"id":"`), append(bytes.Repeat([]byte("x"), largeBytes/largeItems), `"},`...)...)
	large := append(bytes.TrimSuffix(append([]byte("["), bytes.Repeat(item, largeItems)...), []byte(",")), ']')
	s := e.open(e.tenant)
	defer s.close()
	for _, odd := range []struct {
		about       string
		status      int
		contentType string
		body        []byte
	}{
		{"nothing", http.StatusNoContent, "", nil},
		{"an empty body", http.StatusOK, "application/json", nil},
		{"a page of a proxy", http.StatusBadGateway, "text/html", []byte("<html>bad gateway</html>")},
		{"HTML and 200", http.StatusOK, "text/html", []byte("<html>hello</html>")},
		{"half of a document", http.StatusOK, "application/json", []byte(`[{"id":`)},
		{"null", http.StatusOK, "application/json", []byte("null")},
		{"an empty list", http.StatusOK, "application/json", []byte("[]")},
		{"a text", http.StatusOK, "application/json", []byte(`"text"`)},
		{"bytes that are no UTF-8", http.StatusOK, "application/json", []byte("{\"name\":\"\xff\xfe\"}")},
		{"8 MiB", http.StatusOK, "application/json", large},
	} {
		s.host.meet(fixed(response(odd.status, odd.contentType, odd.body), nil), false)
		if err := s.all(ctx, nil); err != nil {
			return fmt.Errorf("requests that are answered with %s: %w", odd.about, err)
		}
	}
	return nil
}

func survivesHost(ctx context.Context, e *exam) error {
	s := e.open(e.tenant)
	defer s.close()
	s.host.meet(e.tenant, true)
	if err := s.all(ctx, nil); err != nil {
		return err
	}
	s.host.meet(fixed(nil, status.Error(codes.Unavailable, "said by the test")), true)
	return s.all(ctx, nil)
}

// crowd is how many calls run at once.
const crowd = 8

func runsConcurrently(ctx context.Context, e *exam) error {
	c, asks := e.any()
	var mu sync.Mutex
	waiting, most := map[string]bool{}, 0 // calls with a request that waits, and how many there were at once
	together := make(chan struct{})
	s := e.open(func(ctx context.Context, r *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error) {
		mu.Lock()
		waiting[r.GetCallId()] = true
		if most = max(most, len(waiting)); most == crowd {
			select {
			case <-together:
			default:
				close(together)
			}
		}
		mu.Unlock()
		select {
		case <-together:
		case <-time.After(e.Crowding):
		}
		mu.Lock()
		delete(waiting, r.GetCallId())
		mu.Unlock()
		return e.tenant(ctx, r)
	})
	defer s.close()
	errs := make([]error, crowd)
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() { errs[i] = s.mustAnswer(ctx, c) })
	}
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	if asks && most < crowd {
		errs = append(errs, fmt.Errorf("%d calls of %s were begun at once, and %d of them sent a request within %v", crowd,
			c.tool.Name, most, e.Crowding))
	}
	return first(compact(errs))
}

func compact(errs []error) (left []error) {
	for _, err := range errs {
		if err != nil {
			left = append(left, err)
		}
	}
	return left
}

func takesTenants(ctx context.Context, e *exam) error {
	s := e.open(e.tenant)
	defer s.close()
	for _, domain := range []string{"one.auth0.example", "two.auth0.example:8443", "xn--bcher-kva.example", e.Domain} {
		c, _ := e.any()
		c.change = func(r *pluginv1.CallToolRequest) { r.Domain = domain }
		if err := s.mustAnswer(ctx, c); err != nil {
			return fmt.Errorf("a call for the tenant %s: %w", domain, err)
		}
	}
	return nil
}

// interrupted begins a call whose request is not answered, and ends it by its context.
func interrupted(ctx context.Context, e *exam, end func(context.Context, <-chan struct{}) (context.Context,
	context.CancelFunc)) error {
	asked := make(chan struct{}, 1000)
	s := e.open(func(ctx context.Context, _ *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error) {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	})
	defer s.close()
	// A short deadline is not for the start of a process.
	_, _ = s.call(ctx, raw(pluginv1.ToolManifest{Name: "auth0_no_such_tool"}, "no arguments", "{}"))
	return e.each(func(c call) error {
		for len(asked) > 0 {
			<-asked
		}
		callCtx, cancel := end(ctx, asked)
		_, err := s.call(callCtx, c)
		cancel()
		if errors.As(err, new(*supervisor.CrashError)) || errors.As(err, new(*supervisor.LaunchError)) {
			return fmt.Errorf("%s with %s: %w", c.tool.Name, c.arguments.about, err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return s.mustStop()
	})
}

func stopsWhenCancelled(ctx context.Context, e *exam) error {
	return interrupted(ctx, e, func(ctx context.Context, asked <-chan struct{}) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		go func() {
			select { // a tool without a request ends by itself
			case <-asked:
				cancel()
			case <-ctx.Done():
			}
		}()
		return ctx, cancel
	})
}

// shortDeadline is enough to begin a call, and nothing answers within it.
const shortDeadline = 300 * time.Millisecond

func stopsAtDeadline(ctx context.Context, e *exam) error {
	return interrupted(ctx, e, func(ctx context.Context, _ <-chan struct{}) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, shortDeadline)
	})
}

func sentDeclaredOnly(_ context.Context, e *exam) error { return e.undeclared.err() }

func keptStdoutClean(_ context.Context, e *exam) error {
	if n := e.stray.Load(); n > 0 {
		return fmt.Errorf("%d bytes in all calls and processes of this examination", n)
	}
	return nil
}
