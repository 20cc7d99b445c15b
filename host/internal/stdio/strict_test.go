package stdio

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

// ambiguousMembers are the members of an object that two readers may understand differently.
var ambiguousMembers = map[string]string{
	"twice":             `"name":"a","name":"b"`,
	"twice, the same":   `"name":"a","name":"a"`,
	"one escaped":       `"name":"a","\u006eame":"b"`,
	"in another case":   `"name":"a","Name":"b"`,
	"escaped case":      `"name":"a","\u004eAME":"b"`,
	"folded beyond a-z": `"task":"a","ta\u017fk":"b"`,
	"half a pair":       `"name":"\ud83d"`,
}

// A request that two readers may understand differently reaches no handler, wherever it is ambiguous, and is answered
// with the client's id.
func TestAmbiguousRequestsAreRefused(t *testing.T) {
	const invalid, inParams = -32600, -32602
	tests := []struct {
		name, line string
		id         string // of the reply
		code       int
	}{
		{"in params", `{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{%s}}`, `"x"`, inParams},
		{"in params, the id behind them", `{"jsonrpc":"2.0","method":"tools/call","params":{%s},"id":7}`, `7`, inParams},
		{"in _meta", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":{%s},"name":"t"}}`, `7`, inParams},
		{"below params", `{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"capabilities":{"x":[0,{"y":{%s}}]}}}`,
			`7`, inParams},
		{"in the answer to a question",
			`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"inputResponses":{"approval":{%s}}}}`, `7`, inParams},
		{"in an inline request", `{"jsonrpc":"2.0","id":7,"method":"ping","params":{%s}}`, `7`, inParams},
		{"at the top", `{"jsonrpc":"2.0","id":7,"method":"ping","x":1,%s}`, `7`, invalid},
		{"in an unknown member", `{"jsonrpc":"2.0","id":7,"method":"ping","x":[{%s}]}`, `7`, invalid},
		{"with another fault", `{"jsonrpc":"1.0","id":7,"method":"ping","params":[{%s}]}`, `7`, invalid},
	}
	var handled atomic.Int32
	s := connect(t, Config{Batch: accept, Class: byMethod, Handle: func(ctx context.Context, r Request) []byte {
		if strings.Contains(string(r.Message), "silence") || r.Params != nil {
			handled.Add(1)
		}
		return echo(ctx, r)
	}})
	for _, tt := range tests {
		for _, kind := range slices.Sorted(maps.Keys(ambiguousMembers)) {
			t.Run(tt.name+"/"+kind, func(t *testing.T) {
				s.t = t
				line := fmt.Sprintf(tt.line, ambiguousMembers[kind])
				s.send(line)
				wantError(t, s.next(), tt.id, tt.code, "")
				s.send(`[` + line + `,{"jsonrpc":"2.0","id":"sound","method":"ping"}]`)
				reply := s.next()
				refused, sound, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(reply, "["), "]"), `}},`)
				if !ok || sound != resultLine(`"sound"`, "{}") {
					t.Fatalf("the sound message of a batch is not answered: %s", reply)
				}
				wantError(t, refused+"}}", tt.id, tt.code, "")
			})
		}
	}
	s.t = t
	s.wantEnd()
	if n := handled.Load(); n > 0 {
		t.Errorf("%d ambiguous messages reached the handler", n)
	}
}

// The members that JSON-RPC and MCP know, each in another case beside itself.
func TestKnownMembersInAnotherCase(t *testing.T) {
	s := connect(t, Config{Class: byMethod, Handle: func(_ context.Context, r Request) []byte {
		if r.Method != "ping" || r.Params != nil {
			t.Errorf("%s reached the handler", r.Message)
		}
		return result(r, "{}")
	}})
	for _, member := range []string{"jsonrpc", "id", "method", "params"} {
		id := `1`
		if member == "id" {
			id = `null` // which of the two is the id is not known
		}
		s.send(`{"jsonrpc":"2.0","id":1,"method":"ping","params":null,"` + strings.ToUpper(member) + `":"x"}`)
		wantError(t, s.next(), id, -32600, "in different case")
	}
	for _, member := range []string{"name", "arguments", "_meta", "cursor", "requestId", "protocolVersion",
		"inputResponses"} {
		s.send(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"` + strings.ToUpper(member) + `":1,"` + member + `":1}}`)
		wantError(t, s.next(), `1`, -32602, "in different case")
	}
	s.wantSilence()
	s.wantEnd()
}

// Names in arguments are data: metadata may well have "Plan" and "plan".
func TestArgumentsMayDifferInCase(t *testing.T) {
	s := connect(t, Config{Class: byMethod})
	params := `{"name":"t","arguments":{"metadata":{"Plan":1,"plan":2}}}`
	s.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + params + `}`)
	s.wantNext(resultLine("1", params))
	s.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"metadata":{"plan":1,"plan":2}}}}`)
	wantError(t, s.next(), "1", -32602, "params.arguments.metadata.plan: the key is given twice")
	s.wantEnd()
}

// Notifications are never answered because of their params; an ambiguous one does nothing.
func TestAmbiguousNotificationsDoNothing(t *testing.T) {
	g := newGate()
	s := connect(t, Config{Handle: func(ctx context.Context, r Request) []byte {
		if r.Notification {
			t.Errorf("%s reached the handler", r.Message)
		}
		return g.handle(ctx, r)
	}, Class: byMethod})
	s.send(callLine("1"))
	<-g.started
	for _, params := range []string{`"requestId":1,"requestId":2`, `"requestId":2,"requestId":1`,
		`"requestId":1,"RequestID":2`, `"RequestID":1`} {
		s.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{` + params + `}}`)
	}
	for _, kind := range slices.Sorted(maps.Keys(ambiguousMembers)) {
		s.send(`{"jsonrpc":"2.0","method":"notifications/initialized","params":{` + ambiguousMembers[kind] + `}}`)
	}
	s.wantSilence()
	if len(g.causes) != 0 {
		t.Error("an ambiguous cancellation cancelled a call")
	}
	close(g.released)
	s.wantNext(resultLine("1", `"released"`))
	s.wantEnd()
}

// An answer of the client that two readers may understand differently is none: whoever asked gets an error, which is no
// approval.
func TestAmbiguousAnswersAreNone(t *testing.T) {
	for name, response := range map[string]string{
		"decline and accept":     `"result":{"action":"decline","action":"accept"}`,
		"accept twice":           `"result":{"action":"accept","action":"accept"}`,
		"one escaped":            `"result":{"action":"decline","\u0061ction":"accept"}`,
		"in another case":        `"result":{"action":"decline","ACTION":"accept"}`,
		"another case first":     `"result":{"Action":"decline","action":"accept"}`,
		"in the content":         `"result":{"action":"accept","content":{"a":{"x":1,"x":2}}}`,
		"two results":            `"result":{"action":"decline"},"result":{"action":"accept"}`,
		"result in another case": `"Result":{"action":"decline"},"result":{"action":"accept"}`,
		"unknown members, twice": `"result":{"action":"accept"},"x":1,"x":2`,
		"half a surrogate":       `"result":{"action":"accept","x":"\udc00"}`,
		"a number out of bounds": `"result":{"action":"accept","x":1e999999}`,
		"nested out of bounds": `"result":{"action":"accept","x":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) +
			`}`,
		"an error, given in part": `"error":{"code":1,"code":2,"message":"m"}`,
	} {
		for _, batch := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, batch %v", name, batch), func(t *testing.T) {
				errs := make(chan error, 1)
				s := connect(t, Config{Batch: accept, Handle: func(ctx context.Context, r Request) []byte {
					_, err := FromContext(ctx).Request(ctx, "elicitation/create", nil)
					errs <- err
					return echo(ctx, r)
				}})
				s.send(callLine("1"))
				s.wantNext(`{"jsonrpc":"2.0","id":"server-1","method":"elicitation/create"}`)
				line := `{"jsonrpc":"2.0","id":"server-1",` + response + `}`
				if batch {
					line = `[` + line + `]`
				}
				s.send(line)
				err := <-errs
				var declined *ResponseError
				if err == nil || errors.As(err, &declined) {
					t.Errorf("got %v, want an error of this package", err)
				}
				s.next()
				s.wantEnd()
			})
		}
	}
}

func TestMessagesAreBounded(t *testing.T) {
	s := connect(t, Config{Class: byMethod})
	wrap := func(params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + params + `}`
	}
	for params, says := range map[string]string{
		`{"arguments":` + strings.Repeat(`[`, 140) + strings.Repeat(`]`, 140) + `}`: "nested deeper than 128 levels",
		`{"arguments":[` + strings.Repeat("0,", maxValues) + `0]}`:                  "more than 100000 values",
		`{` + manyMembers(maxMembers+1) + `}`:                                       "more than 100 members",
	} {
		s.send(wrap(params))
		line := s.next()
		if !strings.HasPrefix(line, `{"jsonrpc":"2.0","id":1,"error":`) || !strings.Contains(line, says) {
			t.Errorf("got %s, want %q", line, says)
		}
	}
	// The bounds of arguments are tighter, and told by whoever checks them.
	for _, params := range []string{
		`{"arguments":` + strings.Repeat(`[`, jsondoc.DefaultDepth+10) + strings.Repeat(`]`, jsondoc.DefaultDepth+10) + `}`,
		`{"arguments":[` + strings.Repeat("0,", jsondoc.DefaultValues+10) + `0]}`,
		`{` + manyMembers(maxMembers) + `}`,
	} {
		s.send(wrap(params))
		s.wantNext(resultLine("1", params))
	}
	s.wantEnd()
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"m%d":%d`, i, i)
	}
	return b.String()[1:]
}

// A long line costs its length a few times over, whatever it holds: checking it builds nothing. (The longest is 10 MiB;
// under the race detector 4 take a second.)
func TestLongLinesTakeLittleMemory(t *testing.T) {
	const most = 4 << 20
	for name, params := range map[string]string{
		"a text":          `{"a":"` + strings.Repeat(`x`, most-200) + `"}`,
		"escapes":         `{"a":"` + strings.Repeat(`\n`, most/2-100) + `"}`,
		"values":          `{"a":[` + strings.Repeat("0,", most/2-100) + `0]}`,
		"empty objects":   `{"a":[` + strings.Repeat("{},", most/3-100) + `0]}`,
		"members":         `{` + manyMembers(250_000) + `}`,
		"long names":      `{"a":{"` + strings.Repeat("n", most/2) + `":1,"` + strings.Repeat("m", most/2-200) + `":1}}`,
		"levels":          `{"a":` + strings.Repeat("[", most/2-100) + strings.Repeat("]", most/2-100) + `}`,
		"levels, no end":  `{"a":` + strings.Repeat("[", most-200),
		"objects, no end": `{"a":` + strings.Repeat(`{"a":`, most/5-100),
	} {
		t.Run(name, func(t *testing.T) {
			line := `{"jsonrpc":"2.0","id":1,"method":"ping","params":` + params + `}` + "\n"
			if len(line) > most+1 {
				t.Fatalf("the line is %d bytes too long", len(line)-most-1)
			}
			in := strings.NewReader(line)
			var out countingWriter
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			err := Serve(t.Context(), Config{In: in, Out: &out, Class: func(Request) (Class, any) { return Inline, nil },
				Handle: func(_ context.Context, r Request) []byte { return result(r, "1") }})
			runtime.ReadMemStats(&after)
			if err != nil || out.lines != 1 {
				t.Fatalf("got %d lines, %v", out.lines, err)
			}
			// All that was allocated, freed or not: reading the line takes up to twice its length, the handler's copy once, and
			// comparing names, of which there are maxValues at most, has a bound of its own.
			const names = maxValues * 250
			if took := after.TotalAlloc - before.TotalAlloc; took > 6*most+names {
				t.Errorf("%d bytes took %d MiB", len(line), took>>20)
			}
		})
	}
}

type countingWriter struct{ lines int }

func (w *countingWriter) Write(p []byte) (int, error) {
	w.lines += strings.Count(string(p), "\n")
	return len(p), nil
}
