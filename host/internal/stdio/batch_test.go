package stdio

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

func accept() error { return nil }

const pingOne = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

func TestBatches(t *testing.T) {
	const invalid = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a message must be a JSON object"}}`
	many := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(pingOne+",", n), ",") + "]" }
	tests := []struct{ name, line, want string }{
		{"a request", `[` + pingOne + `]`, `[` + resultLine("1", "{}") + `]`},
		{"white space", " [ " + pingOne + " , \t" + callLine("2") + "  ] ",
			`[` + resultLine("1", "{}") + `,` + resultLine("2", `{"name":"t"}`) + `]`},
		{"a request, a notification and a response",
			`[{"jsonrpc":"2.0","method":"n"},` + pingOne + `,{"jsonrpc":"2.0","id":9,"result":1}]`, `[` +
				resultLine("1", "{}") + `]`},
		{"notifications", `[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"b","params":[]}]`, ``},
		{"responses", `[{"jsonrpc":"2.0","id":9,"result":1},{"jsonrpc":"2.0","id":8,"error":{"code":1,"message":"m"}}]`, ``},
		{"empty", `[]`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,` +
			`"message":"a batch must have at least one message"}}`},
		{"empty with white space", `[ ]`,
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a batch must have at least one message"}}`},
		{"garbage", `[1]`, `[` + invalid + `]`},
		{"more garbage", `[1,"a",[` + pingOne + `]]`, `[` + invalid + `,` + invalid + `,` + invalid + `]`},
		{"garbage among requests", `[{"id":7},` + pingOne + `]`,
			`[{"jsonrpc":"2.0","id":7,"error":{"code":-32600,"message":"the member \"jsonrpc\" must be \"2.0\""}},` +
				resultLine("1", "{}") + `]`},
		{"initialize", `[{"jsonrpc":"2.0","id":1,"method":"initialize"}]`,
			`[{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"initialize can't be part of a batch"}}]`},
		{"the same id one after the other", `[` + pingOne + `,` + pingOne + `]`,
			`[` + resultLine("1", "{}") +
				`,{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"a request with this id is still in flight"}}]`},
		{"too many", many(maxBatch + 1),
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a batch may have at most 100 messages"}}`},
		{"cut off", `[` + pingOne + `,`, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := connect(t, Config{Batch: accept, Class: byMethod})
				s.send(tt.line)
				switch {
				case tt.name == "cut off":
					wantError(t, s.next(), "null", codeParse, "not valid JSON")
				case tt.want != "":
					s.wantNext(tt.want)
				}
				s.wantSilence()
				s.wantEnd()
			})
		})
	}
	t.Run("as many as may be", func(t *testing.T) {
		var all []string
		for i := range maxBatch {
			all = append(all, callLine(fmt.Sprint(i)))
		}
		s := connect(t, Config{Batch: accept})
		s.send("[" + strings.Join(all, ",") + "]")
		if got := s.next(); strings.Count(got, `"result"`) != maxBatch {
			t.Errorf("got %s", got)
		}
		s.wantEnd()
	})
}

func TestBatchesAreRefusedBySomeVersions(t *testing.T) {
	s := connect(t, Config{Batch: func() error { return errors.New("not in this version") }})
	s.send(`[` + pingOne + `]`)
	s.wantNext(`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"not in this version"}}`)
	s.wantSilence()
	s.wantEnd()
}

func TestCancelledInABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := connect(t, Config{Batch: accept, Handle: g.handle, Class: byMethod, Reads: Bounds{2, 10}})
		s.send(`[` + callLine("1") + `,` + callLine("2") + `,` + callLine("3") + `,` + pingOne[:len(pingOne)-1] +
			`,"id":1}` + `,` + cancelLine("3", "") + `]`)
		<-g.started
		<-g.started
		s.send(cancelLine("1", ""))
		if cause := <-g.causes; cause == nil {
			t.Error("the call was not cancelled")
		}
		s.wantSilence()
		g.released <- struct{}{}
		s.wantNext(`[` + resultLine("2", `"released"`) +
			`,{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"the member \"id\" occurs twice"}}]`)

		s.send(`[` + pingOne + `,` + callLine("2") + `]`)
		<-g.started // the ping has its reply, which is not written yet
		s.send(cancelLine("1", ""), cancelLine("2", ""))
		synctest.Wait()
		s.wantSilence() // nothing is left to answer

		s.send(callLine("1"))
		<-g.started
		s.send(`[` + callLine("2") + `]`)
		<-g.started
		close(g.released)
		s.next()
		s.next()
		s.wantEnd()
		if len(g.started) != 0 {
			t.Error("a call that was cancelled in the queue was started")
		}
	})
}

func TestBatchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := connect(t, Config{Batch: accept, Handle: g.handle, Class: byMethod, Reads: Bounds{1, maxBatches + 5}})
		for i := range maxBatches {
			s.send(`[` + callLine(fmt.Sprint(i)) + `]`)
		}
		s.send(`[` + callLine(`"more"`) + `,` + pingOne[:len(pingOne)-1] + `}]`)
		got := s.next()
		if strings.Count(got, "busy: 8 batches wait") != 1 || strings.Count(got, "still in flight") != 1 ||
			strings.Count(got, `"retryAfterMs":1000`) != 1 {
			t.Errorf("got %s", got)
		}
		s.wantSilence()
		close(g.released)
		for range maxBatches {
			s.next()
		}
		s.send(`[` + callLine(`"more"`) + `]`)
		s.wantNext(`[` + resultLine(`"more"`, `"released"`) + `]`)
		s.wantEnd()
	})
}

func TestFullPoolInABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := connect(t, Config{Batch: accept, Handle: g.handle, Class: byMethod, Reads: Bounds{1, 1}})
		s.send(`[` + callLine("1") + `,` + callLine("2") + `,` + callLine("3") + `]`)
		synctest.Wait()
		close(g.released)
		got := s.next()
		if strings.Count(got, `"released"`) != 2 || strings.Count(got, "busy: 1 reading calls") != 1 {
			t.Errorf("got %s", got)
		}
		s.wantEnd()
	})
}

// The end of input, the deadline and a broken output find each member of a batch.
func TestBatchesWhenItEnds(t *testing.T) {
	line := `[` + callLine("1") + `,` + writeLine("2") + `,` + writeLine("3") +
		`,{"jsonrpc":"2.0","id":4,"method":"ping"}]`
	t.Run("drained", func(t *testing.T) {
		eachEnd(t, func(t *testing.T, end func(*session), want error) {
			g := newGate()
			s := connect(t, Config{Batch: accept, Handle: g.handle, Class: byMethod, Writes: Bounds{1, 1}})
			s.send(line)
			synctest.Wait()
			end(s)
			synctest.Wait()
			close(g.released)
			s.wantResult(want, `[`+resultLine("1", `"released"`)+`,`+resultLine("2", `"released"`)+`,`+errorText("3",
				notStarted)+`,`+resultLine("4", "{}")+`]`)
		})
	})
	t.Run("deadline", func(t *testing.T) {
		eachEnd(t, func(t *testing.T, end func(*session), want error) {
			stuck := make(chan struct{})
			s := connect(t, Config{Batch: accept, Class: byMethod, Handle: func(ctx context.Context, r Request) []byte {
				if r.ID == 2 {
					<-stuck
				}
				return echo(ctx, r)
			}})
			s.send(`[` + callLine("1") + `,` + callLine("2") + `]`)
			synctest.Wait()
			end(s)
			s.wantResult(want, `[`+resultLine("1", `{"name":"t"}`)+`,`+errorText("2", notFinished)+`]`)
			close(stuck)
		})
	})
	t.Run("broken", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := connect(t, Config{Batch: accept, Class: byMethod, Out: brokenPipe{}})
			s.send(line)
			if _, err := s.result(); err == nil {
				t.Error("Serve gave no error")
			}
		})
	})
}
