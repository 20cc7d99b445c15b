package stdio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

var errSignal = errors.New("a signal came")

func newPipe(t *testing.T) (*io.PipeReader, *io.PipeWriter) {
	r, w := io.Pipe()
	t.Cleanup(func() { _ = r.Close() })
	return r, w
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Error(err)
	}
}

// Both ways to end drain alike; they differ in what Serve returns.
func eachEnd(t *testing.T, test func(t *testing.T, end func(*session), want error)) {
	t.Run("input", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, func(s *session) { _ = s.in.Close() }, nil) })
	})
	t.Run("context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, func(s *session) { s.cancel(errSignal) }, errSignal) })
	})
}

func (s *session) wantResult(want error, wantLines ...string) {
	s.t.Helper()
	lines, err := s.result()
	if !errors.Is(err, want) {
		s.t.Errorf("Serve returned %v, want %v", err, want)
	}
	if fmt.Sprint(lines) != fmt.Sprint(wantLines) {
		s.t.Errorf("got lines %q, want %q", lines, wantLines)
	}
}

func TestDrainLetsCallsFinish(t *testing.T) {
	eachEnd(t, func(t *testing.T, end func(*session), want error) {
		s := connect(t, Config{
			Class: byMethod, Reads: Bounds{Running: 1}, Writes: Bounds{Running: 1}, DrainTimeout: 10 * time.Second,
			Handle: func(ctx context.Context, r Request) []byte {
				time.Sleep(time.Duration(r.ID) * time.Second)
				return echo(ctx, r)
			},
		})
		s.send(callLine("1"), writeLine("2"), callLine("3"), writeLine("4"))
		synctest.Wait()
		begin := time.Now()
		end(s)
		s.wantResult(want,
			errorText("4", notStarted), // the write that had not begun
			resultLine("1", `{"name":"t"}`),
			resultLine("2", `{"name":"w"}`),
			resultLine("3", `{"name":"t"}`))
		if took := time.Since(begin); took != 4*time.Second {
			t.Errorf("drained in %v", took)
		}
	})
}

func errorText(id, message string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"error":{"code":-32000,"message":"` + message + `"}}`
}

func TestDrainDeadline(t *testing.T) {
	eachEnd(t, func(t *testing.T, end func(*session), want error) {
		release := make(chan struct{})
		causes := make(chan error, 10)
		s := connect(t, Config{
			Class: byMethod, Reads: Bounds{Running: 3}, DrainTimeout: 7 * time.Second,
			Handle: func(ctx context.Context, r Request) []byte {
				<-ctx.Done()
				causes <- context.Cause(ctx)
				if r.ID > 1 {
					<-release // doesn't care for its context
				}
				return result(r, `"what became of it"`)
			},
		})
		s.send(callLine("1"), callLine("2"), callLine("3"), callLine("4"))
		synctest.Wait()
		begin := time.Now()
		end(s)
		lines, err := s.result()
		if took := time.Since(begin); took != 7*time.Second+shutdownGrace {
			t.Errorf("drained in %v", took)
		}
		if !errors.Is(err, want) {
			t.Errorf("Serve returned %v, want %v", err, want)
		}
		got := map[string]bool{}
		for _, line := range lines {
			got[line] = true
		}
		for _, line := range []string{
			resultLine("1", `"what became of it"`), errorText("2", notFinished), errorText("3", notFinished), errorText("4",
				notStarted),
		} {
			if !got[line] {
				t.Errorf("no reply %s", line)
			}
		}
		if len(lines) != 4 {
			t.Errorf("got lines %q", lines)
		}
		for range 3 {
			if cause := <-causes; !errors.Is(cause, ErrShutdown) {
				t.Errorf("the cause is %v", cause)
			}
		}
		close(release) // what the handlers answer now must not be written
		synctest.Wait()
		if len(s.lines) != 0 || len(causes) != 0 {
			t.Errorf("%d lines after the end, %d more calls had run", len(s.lines), len(causes))
		}
	})
}

func TestNothingIsAcceptedWhileDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := connect(t, Config{Handle: g.handle, Class: byMethod})
		s.send(callLine("1"))
		<-g.started
		s.cancel(errSignal)
		synctest.Wait()
		s.send(callLine("2"))
		synctest.Wait()
		if len(g.started) != 0 {
			t.Error("a call was accepted")
		}
		close(g.released)
		s.wantResult(errSignal, resultLine("1", `"released"`))
	})
}

// A line that is being handled when the context ends may not become a call that no client waits for.
func TestLineBegunBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sorting := make(chan struct{})
		s := connect(t, Config{Class: func(Request) (Class, any) {
			<-sorting
			return Reads, nil
		}})
		s.send(callLine("1"))
		synctest.Wait()
		s.cancel(errSignal)
		synctest.Wait()
		close(sorting)
		s.wantResult(errSignal, errorText("1", notStarted))
	})
}

func TestInlineHandlerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := connect(t, Config{Class: byMethod, Handle: func(ctx context.Context, r Request) []byte {
			<-ctx.Done()
			return result(r, `"aborted"`)
		}})
		s.send(`{"jsonrpc":"2.0","id":1,"method":"slow"}`)
		synctest.Wait()
		s.cancel(errSignal)
		s.wantResult(errSignal, resultLine("1", `"aborted"`))
	})
}

func TestReadError(t *testing.T) {
	broken := errors.New("the disk is gone")
	out := &session{t: t, lines: make(chan string, 10)}
	err := Serve(t.Context(), Config{
		In:  io.MultiReader(strings.NewReader(callLine("1")+"\n"), iotest.ErrReader(broken)),
		Out: out, Handle: echo,
	})
	if !errors.Is(err, broken) {
		t.Errorf("Serve returned %v", err)
	}
	if got := <-out.lines; got != resultLine("1", `{"name":"t"}`) {
		t.Errorf("got %s", got)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []Config{
		{Out: io.Discard, Handle: echo}, {In: strings.NewReader(""), Handle: echo}, {In: strings.NewReader(""),
			Out: io.Discard},
	} {
		if Serve(t.Context(), cfg) == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

// brokenPipe fails like a pipe whose reader has gone.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestBrokenOutput(t *testing.T) {
	tests := []struct {
		name string
		out  io.Writer
		want error
	}{{"EPIPE", brokenPipe{}, syscall.EPIPE}, {"short write", shortWriter{}, io.ErrShortWrite}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				s := connect(t, Config{Out: tt.out, Handle: g.handle, Class: byMethod, Reads: Bounds{Running: 2}})
				s.send(callLine("1"), callLine("2"), callLine("3"))
				<-g.started
				<-g.started
				begin := time.Now()
				s.send(`{"jsonrpc":"2.0","id":4,"method":"ping"}`)
				s.wantResult(tt.want)
				if took := time.Since(begin); took != 0 {
					t.Errorf("returned after %v", took)
				}
				for range 2 {
					if cause := <-g.causes; !errors.Is(cause, tt.want) {
						t.Errorf("the cause is %v", cause)
					}
				}
				if len(g.started) != 0 {
					t.Error("a queued call was started")
				}
			})
		})
	}
}

func TestOutputBreaksWhileDraining(t *testing.T) {
	eachEnd(t, func(t *testing.T, end func(*session), _ error) {
		hang := make(chan struct{})
		s := connect(t, Config{Out: brokenPipe{}, Class: byMethod, Reads: Bounds{Running: 2},
			Handle: func(_ context.Context, r Request) []byte {
				if r.ID == 1 {
					<-hang
				}
				time.Sleep(time.Second)
				return result(r, "1")
			}})
		s.send(callLine("1"), callLine("2"), callLine("3"))
		synctest.Wait()
		begin := time.Now()
		end(s)
		s.wantResult(syscall.EPIPE)
		if took := time.Since(begin); took > time.Second+shutdownGrace {
			t.Errorf("returned after %v", took)
		}
		close(hang)
		time.Sleep(2 * time.Second) // the handlers, which ignore their contexts, end before the bubble does
	})
}

// stalledPipe is a client that does not read.
type stalledPipe struct {
	until chan struct{}
	mu    sync.Mutex
	text  bytes.Buffer
}

func (w *stalledPipe) Write(p []byte) (int, error) {
	<-w.until
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func TestClientThatStopsReading(t *testing.T) {
	eachEnd(t, func(t *testing.T, end func(*session), _ error) {
		out := &stalledPipe{until: make(chan struct{})}
		s := connect(t, Config{Out: out, Class: byMethod, DrainTimeout: 4 * time.Second})
		s.send(callLine("1"), callLine("2"), callLine("3"))
		synctest.Wait()
		begin := time.Now()
		end(s)
		s.wantResult(errNotRead)
		if took := time.Since(begin); took != 4*time.Second+2*shutdownGrace {
			t.Errorf("returned after %v", took)
		}
		close(out.until)
		synctest.Wait()
		if n := strings.Count(out.text.String(), "\n"); n != 1 {
			t.Errorf("%d lines were written, want only the one that was begun: %q", n, out.text.String())
		}
	})
}

// A single reply that was begun and can't be finished counts too, though its request is no longer in the table.
func TestClientThatStopsReadingTheLastReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stalledPipe{until: make(chan struct{})}
		s := connect(t, Config{Out: out, Class: byMethod})
		s.send(callLine("1"))
		_ = s.in.Close()
		s.wantResult(errNotRead)
		close(out.until)
	})
}

func TestClientThatReadsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stalledPipe{until: make(chan struct{})}
		s := connect(t, Config{Out: out, Class: byMethod})
		s.send(callLine("1"), callLine("2"), callLine("3"), cancelLine("3", ""))
		_ = s.in.Close()
		time.Sleep(5 * time.Second)
		close(out.until)
		s.wantResult(nil)
		if n := strings.Count(out.text.String(), "\n"); n != 2 && n != 3 { // 3 may have been the one that was begun
			t.Errorf("%d lines were written: %q", n, out.text.String())
		}
	})
}
