package fakeplugin

import (
	"context"
	"os"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc/stats"
)

// misbehave does what a plugin in trouble does. known is false for an instruction
// that is not its own.
func (f *fake) misbehave(in instruction) (out any, known bool, err error) {
	out = os.Getpid()
	switch in.Do {
	case "crash":
		panic("out of cheese")
	case "crash-once":
		if file, err := os.OpenFile(in.File, os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			_ = file.Close()
			syscall.Exit(2)
		}
	case "break":
		f.breaking.Store(true)
	case "say":
		_, _ = f.stderr.WriteString(in.File + "\n")
	case "hang":
		f.mark(in.File)
		hang()
	case "until":
		for {
			if _, err := os.Stat(in.File); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
	case "stop":
		f.mark(in.File)
		stop()
	case "flood":
		f.flood(in.N)
	case "answer":
		out = strings.Repeat("x", in.N<<20)
	case "leak":
		f.leak(in.N)
	case "stdin":
		out = readStdin()
	case "fork":
		out, err = f.fork(in.Path, in.File)
	default:
		return nil, false, nil
	}
	return out, true, err
}

// mark makes a file, so that a test knows how far the plugin has come.
func (f *fake) mark(file string) {
	if file != "" {
		_ = os.WriteFile(file, nil, 0o600)
	}
}

// leak takes so many MiB and keeps them.
func (f *fake) leak(megabytes int) {
	const step = 8
	for range megabytes / step {
		chunk := make([]byte, step<<20)
		for i := range chunk {
			if i%os.Getpagesize() == 0 {
				chunk[i] = 1
			}
		}
		f.mu.Lock()
		f.hoard = append(f.hoard, chunk)
		f.mu.Unlock()
	}
}

// flood writes so many MiB to each of the real stdout and stderr, in lines and in
// one without an end, and to those that go-plugin carries.
func (f *fake) flood(megabytes int) {
	line := []byte(strings.Repeat("a line that goes on and on ", 37) + "\n")
	level := []byte(`{"@level":"error","@message":"` + strings.Repeat("wrong ", 100) + "\"}\n")
	endless := make([]byte, 64<<10)
	for _, out := range []*os.File{f.stdout, f.stderr, os.Stdout, os.Stderr} { //nolint:forbidigo // what it must not do
		for _, chunk := range [][]byte{line, level, endless} {
			for range (megabytes << 20) / len(chunk) / 3 {
				_, _ = out.Write(chunk)
			}
		}
	}
}

// readStdin returns what it gets of stdin at once.
func readStdin() string {
	got := make(chan string, 1)
	go func() {
		buf := make([]byte, 100)
		n, _ := os.Stdin.Read(buf)
		got <- string(buf[:n])
	}()
	select {
	case s := <-got:
		return s
	case <-time.After(200 * time.Millisecond):
		return ""
	}
}

// breaker ends the process when the header of an answer is on its way.
type breaker struct{ f *fake }

func (b breaker) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, methodKey{}, info.FullMethodName)
}

type methodKey struct{}

func (b breaker) HandleRPC(ctx context.Context, s stats.RPCStats) {
	method, _ := ctx.Value(methodKey{}).(string)
	if _, ok := s.(*stats.OutHeader); ok && strings.HasSuffix(method, "/CallTool") && b.f.breaking.Load() {
		syscall.Exit(6)
	}
}

func (breaker) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (breaker) HandleConn(context.Context, stats.ConnStats) {}
