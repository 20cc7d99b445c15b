package stdio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
)

var errTooLate = errors.New("too late")

// requester is a server whose calls ask the client and answer what came of it.
func requester(t *testing.T, cfg Config) *session {
	cfg.Class = byMethod
	cfg.Handle = func(ctx context.Context, r Request) []byte {
		if r.Method != "tools/call" {
			return echo(ctx, r)
		}
		got, err := FromContext(ctx).Request(ctx, "elicitation/create", map[string]string{"message": "<&>\u2028"})
		if err != nil {
			return result(r, fmt.Sprintf("%q", err.Error()))
		}
		return result(r, string(got))
	}
	return connect(t, cfg)
}

func requestToClient(n int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":"server-%d","method":"elicitation/create","params":{"message":"<&>\u2028"}}`,
		n)
}

func TestRequestToTheClient(t *testing.T) {
	long := strings.Repeat("x", maxAnswer)
	tests := []struct{ name, response, want string }{
		{"a result", `{"jsonrpc":"2.0","id":"server-1","result":{"action":"accept"}}`, `{"action":"accept"}`},
		{"an escaped id", `{"jsonrpc":"2.0","id":"\u0073erver-1","result":null}`, `null`},
		{"an error", `{"jsonrpc":"2.0","id":"server-1","error":{"code":-32601,"message":"no \"elicitation\""}}`,
			`"the client answered with error -32601: no \"elicitation\""`},
		{"a long error", `{"jsonrpc":"2.0","id":"server-1","error":{"code":1,"message":"` + long[:2000] + `"}}`,
			`"the client answered with error 1: ` + long[:1000] + `…"`},
		{"no error object", `{"jsonrpc":"2.0","id":"server-1","error":"no"}`,
			`"stdio: the client's error is not one of JSON-RPC: an object with code and message"`},
		{"result and error", `{"jsonrpc":"2.0","id":"server-1","result":1,"error":{"code":1,"message":"m"}}`,
			`"stdio: the client's response must have either a result or an error"`},
		{"two results", `{"jsonrpc":"2.0","id":"server-1","result":1,"result":2}`,
			`"stdio: the client's response must have either a result or an error"`},
		{"too long", `{"jsonrpc":"2.0","id":"server-1","result":"` + long + `"}`,
			`"stdio: the client's response is longer than 1048576 bytes"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := requester(t, Config{})
			s.send(callLine("1"))
			s.wantNext(requestToClient(1))
			s.send(tt.response)
			s.wantNext(resultLine("1", tt.want))
			s.send(callLine("1"))
			s.wantNext(requestToClient(2)) // ids are never used again
			s.send(`{"jsonrpc":"2.0","id":"server-2","result":true}`)
			s.wantNext(resultLine("1", `true`))
			s.wantEnd()
		})
	}
}

func TestRequestToTheClientErrorIsTyped(t *testing.T) {
	errs := make(chan error, 1)
	s := connect(t, Config{Handle: func(ctx context.Context, r Request) []byte {
		_, err := FromContext(ctx).Request(ctx, "m", nil)
		errs <- err
		return echo(ctx, r)
	}})
	s.send(callLine("1"))
	s.wantNext(`{"jsonrpc":"2.0","id":"server-1","method":"m"}`)
	s.send(`{"jsonrpc":"2.0","id":"server-1","error":{"code":-1,"message":"declined"}}`)
	var got *ResponseError
	if err := <-errs; !errors.As(err, &got) || *got != (ResponseError{-1, "declined"}) {
		t.Errorf("got %v", err)
	}
	s.next()
	s.wantEnd()
}

func TestResponsesThatAnswerNothing(t *testing.T) {
	var log bytes.Buffer
	s := requester(t, Config{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	s.send(callLine("1"))
	s.wantNext(requestToClient(1))
	for _, line := range []string{
		`{"jsonrpc":"2.0","id":1,"result":"secret"}`, `{"jsonrpc":"2.0","id":"server-2","result":"secret"}`,
		`{"jsonrpc":"2.0","id":"","result":"secret"}`,
		`{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"secret"}}`,
		`{"jsonrpc":"2.0","error":{"code":1,"message":"secret"}}`,
		`{"jsonrpc":"2.0","id":"server-1","id":"server-1","result":"secret"}`,
		`{"jsonrpc":"2.0","id":["server-1"],"result":"secret"}`,
	} {
		s.send(line)
	}
	s.wantSilence()
	s.send(`{"jsonrpc":"2.0","id":"server-1","result":"first"}`, `{"jsonrpc":"2.0","id":"server-1","result":"second"}`)
	s.wantNext(resultLine("1", `"first"`))
	s.wantSilence()
	s.wantEnd()
	if n := strings.Count(log.String(), "ignored a response"); n != 8 || strings.Contains(log.String(), "secret") {
		t.Errorf("%d responses are logged as ignored, want 8: %s", n, log.String())
	}
}

func TestRequestToTheClientEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := requester(t, Config{})
		s.send(callLine("1"))
		s.wantNext(requestToClient(1))
		s.send(cancelLine("1", ""))
		s.wantNext(`{"jsonrpc":"2.0","method":"notifications/cancelled",` +
			`"params":{"reason":"the server no longer waits for the answer","requestId":"server-1"}}`)
		s.send(`{"jsonrpc":"2.0","id":"server-1","result":"late"}`)
		s.wantSilence()
		s.wantEnd()
	})
}

func TestRequestToTheClientIsNotSentTooLate(t *testing.T) {
	errs := make(chan error, 1)
	s := connect(t, Config{Handle: func(ctx context.Context, r Request) []byte {
		ended, cancel := context.WithCancelCause(ctx)
		cancel(errTooLate)
		_, err := FromContext(ctx).Request(ended, "m", nil)
		errs <- err
		return echo(ctx, r)
	}})
	s.send(callLine("1"))
	s.wantNext(resultLine("1", `{"name":"t"}`))
	if err := <-errs; !errors.Is(err, errTooLate) {
		t.Errorf("got %v", err)
	}
	s.wantEnd()
}

func TestRequestToAClientThatIsGone(t *testing.T) {
	eachEnd(t, func(t *testing.T, end func(*session), want error) {
		s := requester(t, Config{})
		s.send(callLine("1"))
		s.wantNext(requestToClient(1))
		end(s)
		s.wantResult(want, resultLine("1", `"`+ErrInputEnded.Error()+`"`))
	})
	t.Run("broken output", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := requester(t, Config{Out: brokenPipe{}})
			s.send(callLine("1"))
			if _, err := s.result(); err == nil {
				t.Error("Serve gave no error")
			}
		})
	})
	t.Run("an answer and the end at once", func(t *testing.T) {
		s := requester(t, Config{})
		s.send(callLine("1"))
		s.wantNext(requestToClient(1))
		s.send(`{"jsonrpc":"2.0","id":"server-1","result":"last"}`)
		_ = s.in.Close()
		s.wantResult(nil, resultLine("1", `"last"`))
	})
}

func TestRequestsToTheClientAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := requester(t, Config{Reads: Bounds{Running: maxOutgoing + 1}})
		for i := range maxOutgoing {
			s.send(callLine(fmt.Sprint(i)))
			s.wantNext(requestToClient(i + 1))
		}
		s.send(callLine(`"more"`))
		s.wantNext(resultLine(`"more"`,
			`"busy: 64 requests wait for the client's answer; try again when some have been answered"`))
		s.send(`{"jsonrpc":"2.0","id":"server-5","result":5}`)
		s.wantNext(resultLine("4", "5"))
		s.send(callLine(`"more"`))
		s.wantNext(requestToClient(maxOutgoing + 1))
		_, _ = s.end()
	})
}

func TestRequestFromAnInlineHandler(t *testing.T) {
	s := connect(t, Config{Class: byMethod, Handle: func(ctx context.Context, r Request) []byte {
		if _, err := FromContext(ctx).Request(ctx, "m", nil); err == nil {
			t.Error("it would wait for itself")
		}
		return echo(ctx, r)
	}})
	s.wantSilence()
	s.wantEnd()
}
