package stdio

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPipelinedCallsThenEndOfInput(t *testing.T) {
	for name, newline := range map[string]string{"newline": "\n", "CRLF": "\r\n"} {
		t.Run(name, func(t *testing.T) {
			var input strings.Builder
			input.WriteString("\uFEFF")
			for i := range 20 {
				if i > 0 {
					input.WriteString(newline) // the last line ends with the input
				}
				input.WriteString(callLine(fmt.Sprint(i)))
			}
			out := &session{t: t, lines: make(chan string, 100)}
			err := Serve(t.Context(), Config{In: strings.NewReader(input.String()), Out: out, Handle: echo})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for len(out.lines) > 0 {
				got[<-out.lines] = true
			}
			for i := range 20 {
				if want := resultLine(fmt.Sprint(i), `{"name":"t"}`); !got[want] {
					t.Errorf("no reply %s", want)
				}
			}
			if len(got) != 20 {
				t.Errorf("%d replies", len(got))
			}
		})
	}
}

func TestCancelledInTheQueueNeverRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := connect(t, Config{Handle: g.handle, Class: byMethod, Reads: Bounds{1, 2}})
		s.send(callLine("1"))
		<-g.started
		s.send(callLine("2"), callLine("3"), cancelLine("2", "changed my mind"), callLine("4")) // 4 takes the place of 2
		// the reader has taken the bytes; now it has handled them too
		synctest.Wait()
		close(g.released)
		for _, id := range []string{"1", "3", "4"} {
			s.wantNext(resultLine(id, `"released"`))
		}
		s.wantEnd()
		if r := []int64{(<-g.started).ID, (<-g.started).ID}; len(g.started) != 0 || r[0] != 3 || r[1] != 4 {
			t.Errorf("calls %v and %d more ran, want 3 and 4", r, len(g.started))
		}
	})
}

func TestCancelledWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finish := make(chan struct{})
		causes := make(chan error, 1)
		s := connect(t, Config{Class: byMethod, Handle: func(ctx context.Context, r Request) []byte {
			if r.Method != "tools/call" || r.ID > 1 {
				return echo(ctx, r)
			}
			if err := Notify(ctx, "notifications/progress", nil); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			causes <- context.Cause(ctx)
			<-finish
			if err := Notify(ctx, "notifications/progress", nil); err != nil {
				t.Error(err)
			}
			return echo(ctx, r)
		}})
		s.send(callLine(`"c"`))
		s.wantNext(`{"jsonrpc":"2.0","method":"notifications/progress"}`)
		s.send(cancelLine(`"\u0063"`, "too slow"))
		cause := <-causes
		var cancelled *CancelledError
		if !errors.As(cause, &cancelled) || cancelled.Reason != "too slow" || !errors.Is(cause, context.Canceled) {
			t.Errorf("the cause is %v", cause)
		}
		s.send(callLine(`"c"`)) // the id is free again while the old handler still runs
		s.wantNext(resultLine(`"c"`, `{"name":"t"}`))
		close(finish)
		synctest.Wait()
		s.wantSilence()
		s.wantEnd()
	})
}

func TestCancelRightBehindItsCall(t *testing.T) {
	var waited atomic.Int64
	s := connect(t, Config{Class: byMethod, Handle: func(ctx context.Context, r Request) []byte {
		if r.Method == "tools/call" {
			<-ctx.Done() // a lost cancellation would hang here
			waited.Add(1)
		}
		return echo(ctx, r)
	}})
	for i := range 1000 {
		id := fmt.Sprint(i)
		s.send(callLine(id), cancelLine(id, ""))
	}
	s.wantSilence()
	s.wantEnd()
	t.Logf("%d of 1000 calls had begun to run", waited.Load())
}

func TestCancellationsThatAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		handled := make(chan string, 10)
		s := connect(t, Config{Handle: func(ctx context.Context, r Request) []byte {
			switch r.Method {
			case "initialize":
				return g.handle(ctx, Request{ID: r.ID, Method: "tools/call"})
			case "notifications/cancelled":
				handled <- string(r.Message)
			}
			return g.handle(ctx, r)
		}, Class: func(r Request) (Class, any) {
			if r.Method == "ping" {
				return Inline, nil
			}
			return Reads, nil
		}})
		s.send(`{"jsonrpc":"2.0","id":1,"method":"initialize"}`, callLine(`"1"`))
		<-g.started
		<-g.started
		for _, params := range []string{
			`{"requestId":1,"reason":"initialize can't be cancelled"}`, `{"requestId":2}`, `{"requestId":"2"}`,
			`{"requestId":1.0}`,
			`{"requestId":null}`, `{"requestId":[1]}`, `{}`, `null`, `[1]`, `"1"`,
		} {
			s.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":` + params + `}`)
		}
		s.send(`{"jsonrpc":"2.0","method":"notifications/cancelled"}`)
		s.wantSilence()
		if len(g.causes) != 0 || len(handled) != 0 {
			t.Errorf("%d calls were cancelled, %d cancellations handed on", len(g.causes), len(handled))
		}
		s.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"1","reason":{"not":"a string"}}}`)
		if cause := <-g.causes; cause.Error() != "cancelled by the client" {
			t.Errorf("the cause is %v", cause)
		}
		close(g.released)
		s.wantNext(resultLine("1", `"released"`))
		s.wantEnd()
	})
}

func TestFullPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := connect(t, Config{Handle: g.handle, Class: byMethod, Reads: Bounds{2, 1}})
		s.send(callLine("1"), callLine("2"), callLine("3"), callLine(`"4"`))
		s.wantNext(`{"jsonrpc":"2.0","id":"4","error":{"code":-32000,` +
			`"message":"busy: 2 reading calls are running and 1 are waiting; try again when some have been answered",` +
			`"data":{"retryAfterMs":1000}}}`)
		s.wantSilence() // ping is answered
		synctest.Wait() // call 1 runs: one that has not begun never does
		s.send(cancelLine("1", ""))
		if cause := <-g.causes; cause == nil {
			t.Error("the call was not cancelled")
		}
		synctest.Wait()
		s.send(callLine(`"4"`)) // 3 runs now
		s.wantSilence()
		close(g.released)
		for range 3 {
			s.next()
		}
		s.wantEnd()
	})
}

func TestNoQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := connect(t, Config{Handle: g.handle, Class: byMethod, Reads: Bounds{1, -1}})
		s.send(callLine("1"), callLine("2"))
		wantError(t, s.next(), "2", -32000, "busy")
		close(g.released)
		s.wantNext(resultLine("1", `"released"`))
		synctest.Wait()
		s.send(callLine("2"))
		s.wantNext(resultLine("2", `"released"`))
		s.wantEnd()
	})
}

func TestHeldBytesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := connect(t, Config{Handle: g.handle, Class: byMethod, Reads: Bounds{Running: 2}, MaxHeld: 2500})
		big := func(id string, size int) string {
			return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"a":"` + strings.Repeat("x", size) + `"}}`
		}
		s.send(big("1", 5000)) // alone, so let in
		<-g.started
		s.send(big("2", 10), cancelLine("1", ""))
		wantError(t, s.next(), "2", -32000, "busy")
		if cause := <-g.causes; cause == nil {
			t.Error("the call was not cancelled")
		}
		synctest.Wait()
		s.send(big("3", 700), big("4", 700), big("5", 700), big("6", 700))
		wantError(t, s.next(), "6", -32000, "busy")
		s.send(cancelLine("5", "")) // waits; gives its bytes back at once
		s.send(big("7", 700))
		s.wantSilence()
		close(g.released)
		for range 3 {
			s.next()
		}
		s.wantEnd()
	})
}

func TestEveryCallIsBounded(t *testing.T) {
	const concurrency = 3
	var running, most atomic.Int64
	s := connect(t, Config{Class: byMethod, Reads: Bounds{concurrency, 1000},
		Handle: func(ctx context.Context, r Request) []byte {
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer running.Add(-1)
			return echo(ctx, r)
		}})
	for i := range 500 {
		s.send(callLine(fmt.Sprint(i)))
	}
	for range 500 {
		s.next()
	}
	s.wantEnd()
	if most.Load() > concurrency {
		t.Errorf("%d calls ran at once", most.Load())
	}
}

func TestCallsKeepTheValuesOfTheContextNotItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		r, w := newPipe(t)
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "v"), time.Second)
		defer cancel()
		out := &session{t: t, lines: make(chan string, 10)}
		served := make(chan error, 1)
		go func() {
			served <- Serve(ctx, Config{In: r, Out: out, Handle: func(ctx context.Context, r Request) []byte {
				time.Sleep(5 * time.Second)
				if ctx.Err() != nil {
					t.Errorf("the call's context ended: %v", context.Cause(ctx))
				}
				return result(r, fmt.Sprintf("%q", ctx.Value(key{})))
			}})
		}()
		write(t, w, callLine("1")+"\n")
		if err := <-served; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Serve returned %v", err)
		}
		if got := <-out.lines; got != resultLine("1", `"v"`) {
			t.Errorf("got %s", got)
		}
	})
}

// There is work from the first line until the last reply, and none while the client asks for nothing.
func TestWorking(t *testing.T) {
	working := make(chan bool, 100)
	begun, release := make(chan bool), make(chan bool)
	s := connect(t, Config{Working: func(begins bool) { working <- begins },
		Handle: func(ctx context.Context, r Request) []byte {
			begun <- true
			<-release
			return echo(ctx, r)
		}})
	want := func(want bool) {
		t.Helper()
		select {
		case got := <-working:
			if got != want {
				t.Fatalf("work begins: %v, want %v", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatal("not told of work")
		}
	}
	for range 2 {
		s.send(callLine("1"))
		want(true)
		<-begun
		s.send(callLine("2"), `not JSON`) // beside the first
		<-begun
		s.next()
		release <- true
		s.next()
		if len(working) > 0 {
			t.Fatal("told of an end while a call runs")
		}
		release <- true
		s.next()
		want(false)
	}
	s.send("")
	want(true)
	want(false)
}
