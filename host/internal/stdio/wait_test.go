package stdio

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// user answers the calls whose params say that they wait for it.
type user struct {
	*gate
	asked   chan Request
	answers chan error
	hang    chan struct{} // if set, what the handler does behind the wait
	results chan error    // of WaitForUser
}

func newUser() *user {
	return &user{gate: newGate(), asked: make(chan Request, 4096), answers: make(chan error, 4096),
		results: make(chan error, 4096)}
}

func (p *user) handle(ctx context.Context, r Request) []byte {
	if !strings.Contains(string(r.Params), `"ask":true`) {
		return p.gate.handle(ctx, r)
	}
	err := WaitForUser(ctx, func(ctx context.Context) error {
		p.asked <- r
		select {
		case err := <-p.answers:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	p.results <- err
	if err != nil {
		return result(r, fmt.Sprintf("%q", err.Error()))
	}
	if p.hang != nil {
		<-p.hang
	}
	return result(r, `"done"`)
}

func waitLine(id string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"w","ask":true}}`
}

func TestWaitsStopNoTool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newUser()
		s := connect(t, Config{Handle: p.handle, Class: byMethod, Writes: Bounds{1, 1}, Waits: 3})
		for _, id := range []string{"1", "2", "3"} {
			s.send(waitLine(id))
			<-p.asked
		}
		s.send(waitLine("4"))
		s.wantNext(resultLine("4", `"busy: 3 calls wait for the user; try again when some have been answered"`))
		var busy *BusyError
		if err := <-p.results; !errors.As(err, &busy) || busy.RetryAfter != time.Second {
			t.Errorf("got %v", err)
		}
		s.send(writeLine("5"))
		<-p.started // the pool's only place is free
		s.send(writeLine("6"), writeLine("7"))
		wantError(t, s.next(), "7", -32000, "busy: 1 writing calls are running and 1 are waiting")
		s.wantSilence()
		// Who comes back is first, and waits for its turn: one call writes at a time.
		p.answers <- nil
		synctest.Wait()
		if len(p.results) != 0 {
			t.Error("the call went on without a place")
		}
		p.released <- struct{}{}
		s.wantNext(resultLine("5", `"released"`))
		if got := s.next(); !strings.Contains(got, `"done"`) {
			t.Errorf("got %s, want the answer of a call that waited", got)
		}
		<-p.started
		close(p.released)
		s.wantNext(resultLine("6", `"released"`))
		p.answers <- nil
		p.answers <- nil
		s.next()
		s.next()
		s.wantEnd()
	})
}

func TestWaitEndsWithTheInput(t *testing.T) {
	eachEnd(t, func(t *testing.T, end func(*session), want error) {
		p := newUser()
		s := connect(t, Config{Handle: p.handle, Class: byMethod})
		s.send(waitLine("1"))
		<-p.asked
		begin := time.Now()
		end(s)
		s.wantResult(want, resultLine("1", `"`+ErrInputEnded.Error()+`"`))
		if took := time.Since(begin); took != 0 {
			t.Errorf("took %v", took)
		}
		if err := <-p.results; !errors.Is(err, ErrInputEnded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestWaitWhileTheInputEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newUser()
		begin := make(chan struct{})
		s := connect(t, Config{Class: byMethod, Handle: func(ctx context.Context, r Request) []byte {
			<-begin
			return p.handle(ctx, r)
		}})
		s.send(waitLine("1"))
		_ = s.in.Close()
		synctest.Wait()
		close(begin)
		s.wantResult(nil, resultLine("1", `"`+ErrInputEnded.Error()+`"`))
		if len(p.asked) != 0 {
			t.Error("the user was asked")
		}
	})
}

// The user agreed before the input ended: the call goes on, within the deadline.
func TestAnsweredBeforeTheInputEnds(t *testing.T) {
	eachEnd(t, func(t *testing.T, end func(*session), want error) {
		p := newUser()
		p.hang = make(chan struct{})
		s := connect(t, Config{Handle: p.handle, Class: byMethod})
		s.send(waitLine("1"))
		<-p.asked
		p.answers <- nil
		if err := <-p.results; err != nil {
			t.Error(err)
		}
		end(s)
		close(p.hang)
		s.wantResult(want, resultLine("1", `"done"`))
	})
}

func TestCancelledWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newUser()
		s := connect(t, Config{Handle: p.handle, Class: byMethod, Writes: Bounds{1, 1}})
		s.send(waitLine("1"))
		<-p.asked
		s.send(cancelLine("1", "no"))
		var cancelled *CancelledError
		if err := <-p.results; !errors.As(err, &cancelled) {
			t.Errorf("got %v", err)
		}
		s.send(waitLine("2"))
		<-p.asked
		s.send(writeLine("3"))
		<-p.started
		p.answers <- nil
		synctest.Wait() // it lines up for its place
		s.send(cancelLine("2", "no"))
		if err := <-p.results; !errors.As(err, &cancelled) {
			t.Errorf("while it comes back: %v", err)
		}
		close(p.released)
		s.wantNext(resultLine("3", `"released"`))
		synctest.Wait()
		s.send(writeLine("4"))
		s.wantNext(resultLine("4", `"released"`))
		s.wantEnd()
	})
}

func TestWaitComesBackAfterTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newUser()
		stuck := make(chan struct{})
		s := connect(t, Config{Class: byMethod, Writes: Bounds{1, 1}, Handle: func(ctx context.Context, r Request) []byte {
			if r.ID == 2 {
				<-stuck // doesn't care for its context
			}
			return p.handle(ctx, r)
		}})
		s.send(waitLine("1"))
		<-p.asked
		s.send(writeLine("2"))
		synctest.Wait()
		p.answers <- nil
		synctest.Wait()
		_ = s.in.Close()
		s.wantResult(nil, resultLine("1", `"`+ErrShutdown.Error()+`"`), errorText("2", notFinished))
		if err := <-p.results; !errors.Is(err, ErrShutdown) {
			t.Errorf("got %v", err)
		}
		close(stuck)
	})
}

func TestHeldBytesOfWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newUser()
		s := connect(t, Config{Handle: p.handle, Class: byMethod, MaxHeld: 1000})
		big := func(id, ask string) string {
			return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"w",` + ask + `"a":"` +
				strings.Repeat("x", 700) + `"}}`
		}
		s.send(big("1", `"ask":true,`))
		<-p.asked
		s.send(big("2", `"ask":true,`)) // fits the pool again, but not the waits
		if got := s.next(); !strings.Contains(got, "busy: 1 calls wait for the user") {
			t.Errorf("got %s", got)
		}
		synctest.Wait() // 2 has given back what it held
		s.send(big("3", ""))
		<-p.started
		s.send(big("4", ""))
		wantError(t, s.next(), "4", -32000, "busy")
		p.answers <- nil // 1 comes back, whatever the pool holds
		s.wantNext(resultLine("1", `"done"`))
		close(p.released)
		s.wantNext(resultLine("3", `"released"`))
		synctest.Wait()
		s.send(big("5", "")) // all was given back
		s.wantNext(resultLine("5", `"released"`))
		s.wantEnd()
	})
}

func TestWaitMisused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := func(context.Context) error { t.Error("f was run"); return errTooLate }
		if WaitForUser(t.Context(), never) == nil {
			t.Error("a context that is no handler's was taken for one")
		}
		var late, running atomic.Int64
		release := make(chan struct{})
		s := connect(t, Config{Class: byMethod, Writes: Bounds{1, -1}, Handle: func(ctx context.Context, r Request) []byte {
			if r.Method == "ping" && WaitForUser(ctx, never) == nil {
				t.Error("an inline call can't wait")
			}
			switch r.ID {
			case 1:
				_ = WaitForUser(ctx, func(context.Context) error { panic("f") })
			case 2:
				_ = WaitForUser(ctx, func(context.Context) error { runtime.Goexit(); return nil })
			case 3:
				if err := WaitForUser(ctx, func(ctx context.Context) error { return WaitForUser(ctx, never) }); err == nil ||
					errors.Is(err, errTooLate) {
					t.Error("a wait within a wait gave no error")
				}
			case 4: // the handler doesn't wait for its wait
				go func() {
					_ = WaitForUser(ctx, func(context.Context) error { running.Add(1); <-release; return nil })
					late.Add(1)
				}()
				synctest.Wait()
			}
			return echo(ctx, r)
		}})
		for _, id := range []string{"1", "2"} {
			s.send(writeLine(id))
			wantError(t, s.next(), id, -32603, "failed to handle")
			synctest.Wait()
		}
		for _, id := range []string{"3", "4"} {
			s.send(writeLine(id))
			s.wantNext(resultLine(id, `{"name":"w"}`))
			synctest.Wait()
		}
		close(release)
		synctest.Wait()
		if running.Load() != 1 || late.Load() != 1 {
			t.Errorf("%d of %d late waits ended", late.Load(), running.Load())
		}
		s.send(writeLine("5")) // the one place is still there
		s.wantNext(resultLine("5", `{"name":"w"}`))
		s.wantSilence()
		s.wantEnd()
	})
}

// However calls, waits and cancellations fall together, each call is answered once and every place comes back.
func TestWaitsUnderLoad(t *testing.T) {
	s := connect(t, Config{Class: byMethod, Reads: Bounds{4, 1000}, Writes: Bounds{2, 1000}, Waits: 3,
		Handle: func(ctx context.Context, r Request) []byte {
			if r.Method == "tools/call" && r.ID%3 != 0 {
				err := WaitForUser(ctx, func(ctx context.Context) error {
					runtime.Gosched()
					return ctx.Err()
				})
				var busy *BusyError
				if err != nil && !errors.As(err, &busy) && !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			}
			return echo(ctx, r)
		}})
	want := 0
	for i := range 1000 {
		id := fmt.Sprint(i)
		s.send([]string{callLine(id), writeLine(id)}[i%2])
		if i%5 == 0 {
			s.send(cancelLine(id, ""))
		} else {
			want++
		}
	}
	answered := map[string]int{}
	for want > 0 {
		line := s.next()
		id, _, _ := strings.Cut(strings.TrimPrefix(line, `{"jsonrpc":"2.0","id":`), ",")
		var n int
		if _, err := fmt.Sscan(id, &n); err != nil {
			t.Fatalf("got %s", line)
		}
		if answered[id]++; answered[id] > 1 {
			t.Errorf("%s was answered twice", id)
		}
		if n%5 != 0 { // those may have been answered before the cancellation came
			want--
		}
	}
	s.send(callLine(`"r"`))
	for got := ""; got != resultLine(`"r"`, `{"name":"t"}`); {
		got = s.next()
	}
	s.send(writeLine(`"w"`))
	s.wantNext(resultLine(`"w"`, `{"name":"w"}`))
	if _, err := s.end(); err != nil {
		t.Error(err)
	}
}
