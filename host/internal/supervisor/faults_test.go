//go:build unix

package supervisor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// startWith is a supervisor whose test looks for what it leaves by itself.
func startWith(t *testing.T, cfg Config) *Supervisor {
	t.Helper()
	cfg.Domain = "tenant.auth0.example"
	if cfg.StartTimeout == 0 {
		cfg.StartTimeout = time.Minute // for a busy machine
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Host = func(plugin string) pluginv1.HostServer { return host{plugin: plugin} }
	s := New(cfg)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// A plugin that does not come up: who, what, and how to fix it; nothing is left.
func TestStartFaults(t *testing.T) {
	before := runtime.NumGoroutine()
	tests := map[string]struct {
		role string
		want []string
	}{
		"crashes at start": {fakeplugin.Dies,
			[]string{"ended before its handshake", "exit status 3", "no database"}},
		"crashes in Describe":  {fakeplugin.DiesInDescribe, []string{"ended in Describe", "exit status 4"}},
		"crashes in Configure": {fakeplugin.DiesInConfigure, []string{"ended in Configure", "exit status 5"}},
		"hangs at start": {fakeplugin.Hangs,
			[]string{"not ready within 10s", "before its handshake", "--plugin-start-timeout"}},
		"hangs in Describe": {fakeplugin.HangsInDescribe,
			[]string{"not ready within 10s", "in Describe", "--plugin-start-timeout"}},
		"hangs in Configure": {fakeplugin.HangsInConfigure,
			[]string{"not ready within 10s", "in Configure", "--plugin-start-timeout"}},
		"lies about its manifest":     {fakeplugin.Liar, []string{"otherwise than its manifest", "plugin install"}},
		"speaks another protocol":     {fakeplugin.Foreign, []string{"speaks protocol 9, this host 1", "made for this host"}},
		"prints before its handshake": {fakeplugin.Chatty, []string{`"Welcome!"`, "handshake belongs", "author"}},
		"floods stdout at its start":  {fakeplugin.Floods, []string{"handshake belongs", "author"}},
	}
	t.Run("all", func(t *testing.T) {
		type begun struct {
			s     *Supervisor
			ended chan error
		}
		starts := map[string]begun{}
		for name, tt := range tests { // all begin here: those that hang wait together, on however few processors
			if strings.HasPrefix(name, "hangs") {
				b := begun{startWith(t, Config{StartTimeout: 10 * time.Second}), make(chan error, 1)}
				starts[name] = b
				go func() {
					_, err := call(t.Context(), b.s, spec(t, tt.role), write, `{}`)
					b.ended <- err
				}()
			}
		}
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				b, ok := starts[name]
				if !ok {
					t.Parallel()
					b = begun{startWith(t, Config{}), make(chan error, 1)}
					_, err := call(t.Context(), b.s, spec(t, tt.role), write, `{}`)
					b.ended <- err
				}
				s, err := b.s, <-b.ended
				var launch *LaunchError
				if !errors.As(err, &launch) || launch.Plugin != tt.role {
					t.Fatalf("error = %v", err)
				}
				for _, want := range append(tt.want, "plugin "+tt.role, launch.Path) {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the error lacks %q: %v", want, err)
					}
				}
				if len(err.Error()) > 8<<10 {
					t.Errorf("the error has %d bytes", len(err.Error()))
				}
				nothingLeft(t, s, 1<<20)
			})
		}
	})
	eventually(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= before })
}

// elfHeader is a program for a machine, as far as the kernel looks before it refuses.
func elfHeader(machine elf.Machine) []byte {
	var buf bytes.Buffer
	h := elf.Header64{Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB),
		byte(elf.EV_CURRENT)},
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64, Phentsize: 56}
	_ = binary.Write(&buf, binary.LittleEndian, h)
	return buf.Bytes()
}

// A file that cannot be executed, also where root may do what others may not.
func TestExecutableFaults(t *testing.T) {
	other := elf.EM_AARCH64
	if runtime.GOARCH == "arm64" {
		other = elf.EM_X86_64
	}
	machineWords := "another processor"
	if runtime.GOOS != "linux" {
		machineWords = "program for Linux"
	}
	tests := map[string]struct {
		content []byte
		mode    os.FileMode
		want    []string
	}{
		"not executable":        {[]byte("#!/bin/sh\n"), 0o600, []string{"may not be executed", "chmod +x"}},
		"empty":                 {nil, 0o700, []string{"empty", "Install"}},
		"for another processor": {elfHeader(other), 0o700, []string{machineWords, runtime.GOARCH}},
		"a script, no interpreter": {[]byte("#!/usr/bin/no-such-interpreter -x\n"), 0o700,
			[]string{"script for /usr/bin/no-such-interpreter", "Install that interpreter"}},
		"a script that names nothing": {[]byte("#!\n"), 0o700, []string{"names no interpreter"}},
		"for Windows":                 {[]byte("MZ\x90\x00 and so on"), 0o700, []string{"program for Windows", runtime.GOOS}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "plugin")
			if err := os.WriteFile(path, tt.content, tt.mode); err != nil {
				t.Fatal(err)
			}
			checkUnfit(t, path, sha256.Sum256(tt.content), tt.want)
		})
	}
	t.Run("a folder", func(t *testing.T) {
		checkUnfit(t, t.TempDir(), [32]byte{},
			[]string{"not a regular file", "Install"})
	})
	t.Run("missing", func(t *testing.T) {
		checkUnfit(t, filepath.Join(t.TempDir(), "gone"), [32]byte{}, []string{"no such file", "Install"})
	})
}

func checkUnfit(t *testing.T, path string, digest [32]byte, want []string) {
	t.Helper()
	s, before := startWith(t, Config{}), runtime.NumGoroutine()
	sp := spec(t, "ok")
	sp.Path, sp.Digest = path, digest
	_, err := call(t.Context(), s, sp, write, `{}`)
	var launch *LaunchError
	if !errors.As(err, &launch) || launch.Path != path {
		t.Fatalf("error = %v", err)
	}
	for _, word := range append(want, "plugin ok", path) {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error lacks %q: %v", word, err)
		}
	}
	if strings.Contains(err.Error(), "/proc/self") {
		t.Errorf("the error speaks of a path that no user knows: %v", err)
	}
	nothingLeft(t, s, before)
}

// A plugin that ends in the middle of a call. What reached the tenant is counted
// beside the client, in mcpserver.
func TestCrashFaults(t *testing.T) {
	tests := map[string]struct {
		tool int
		args string
		want []string
	}{
		"a read":                  {read, `{"do":"crash"}`, []string{"exit status 2", "out of cheese"}},
		"a write":                 {write, `{"do":"crash"}`, []string{"exit status 2", "out of cheese"}},
		"a read, while answering": {read, `{"do":"break"}`, []string{"exit status 6"}},
		"a write, while it answers": {write, `{"do":"break"}`,
			[]string{"exit status 6"}},
		"after its words": {write,
			`{"do":"say","file":"\u001b[31mred\u001b[0m \u202eesrever, secret hunter2","then":"crash"}`,
			[]string{"red", "secret ***"}},
	}
	allBack(t, func(t *testing.T) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := startWith(t, Config{Redact: func(text string) string { return strings.ReplaceAll(text, "hunter2", "***") }})
				sp := spec(t, "ok")
				first, err := call(t.Context(), s, sp, read, `{}`)
				if err != nil {
					t.Fatal(err)
				}
				_, err = call(t.Context(), s, sp, tt.tool, tt.args)
				var crash *CrashError
				if !errors.As(err, &crash) || crash.Tool != sp.Tools[tt.tool].Name {
					t.Fatalf("error = %v", err)
				}
				for _, want := range append(tt.want, "plugin ok", crash.Tool) {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the error lacks %q: %v", want, err)
					}
				}
				if strings.ContainsAny(err.Error(), "\x1b\u202e") || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error steers a terminal, or tells a secret: %q", err)
				}
				second, err := call(t.Context(), s, sp, read, `{}`)
				if err != nil || second == first {
					t.Errorf("the next call: process %s after %s, %v", second, first, err)
				}
				nothingLeft(t, s, 1<<20, first, second)
			})
		}
	})
}

// A call that hangs ends for its caller; its process is replaced, and the calls
// that it still has are finished.
func TestHungCallIsReplaced(t *testing.T) {
	before := runtime.NumGoroutine()
	s, sp := startWith(t, Config{HangGrace: 100 * time.Millisecond}), spec(t, "ok")
	first, err := call(t.Context(), s, sp, read, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	beside := make(chan string, 1)
	go func() {
		pid, err := call(t.Context(), s, sp, read, fmt.Sprintf(`{"do":"until","file":%q}`, dir+"/finish"))
		beside <- fmt.Sprint(pid, err)
	}()
	cause := errors.New("no more")
	ctx, cancel := context.WithCancelCause(t.Context())
	hung := make(chan error, 1)
	go func() {
		_, err := call(ctx, s, sp, write, fmt.Sprintf(`{"do":"hang","file":%q}`, dir+"/hangs"))
		hung <- err
	}()
	eventually(t, "it hangs", func() bool { _, err := os.Stat(dir + "/hangs"); return err == nil })
	cancel(cause)
	if err := <-hung; !errors.Is(err, cause) {
		t.Errorf("the hung call ended with %v", err)
	}
	second := first
	eventually(t, "a new process takes the calls", func() bool {
		second, err = call(t.Context(), s, sp, read, `{}`)
		return err == nil && second != first
	})
	if len(processes(t, first)) != 1 {
		t.Error("the old process ended before its last call")
	}
	if err := os.WriteFile(dir+"/finish", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-beside; got != first+"<nil>" {
		t.Errorf("the call beside it: %s", got)
	}
	eventually(t, "the old process ends", func() bool { return len(processes(t, first)) == 0 })
	nothingLeft(t, s, before, first, second)
}

// Whether a cancelled call costs the process depends on what the plugin can tell.
func TestCancelledCallAndItsProcess(t *testing.T) {
	for role, grace := range map[string]time.Duration{"ok": time.Minute, fakeplugin.Plain: 100 * time.Millisecond} {
		t.Run(role, func(t *testing.T) {
			stays := role == "ok"
			s, sp := startWith(t, Config{HangGrace: grace}), spec(t, role)
			first, err := call(t.Context(), s, sp, read, `{}`)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				_, err := call(ctx, s, sp, read, `{"do":"wait"}`)
				ended <- err
			}()
			proc := func() *process { sl := s.slots[role]; sl.mu.Lock(); defer sl.mu.Unlock(); return sl.cur }
			eventually(t, "the call is there", func() bool { return proc().calls.Load() == 2 })
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the cancelled call: %v", err)
			}
			s.settling.Wait()
			second, err := call(t.Context(), s, sp, read, `{}`)
			if err != nil || (first == second) != stays {
				t.Errorf("process %s, then %s (%v)", first, second, err)
			}
		})
	}
}

// The bound of a call holds although the plugin reports progress or does not listen.
func TestCallTimeout(t *testing.T) {
	before := runtime.NumGoroutine()
	s, sp := startWith(t, Config{HangGrace: 100 * time.Millisecond}), spec(t, "ok")
	pid, err := call(t.Context(), s, sp, read, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	s.cfg.CallTimeout = 2 * time.Second // for the next call: a start may take longer
	_, err = call(t.Context(), s, sp, write, `{"do":"hang"}`)
	var timeout *TimeoutError
	if !errors.As(err, &timeout) {
		t.Fatalf("error = %v", err)
	}
	for _, want := range []string{"plugin ok", "auth0_ok_write", "within 2s", "--call-timeout"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	eventually(t, "the process that hangs is replaced", func() bool { return len(processes(t, pid)) == 0 })
	nothingLeft(t, s, before, pid)
}

// lineCount counts what goes into a log.
type lineCount struct{ lines, bytes atomic.Int64 }

func (c *lineCount) Write(p []byte) (int, error) {
	c.lines.Add(int64(bytes.Count(p, []byte("\n"))))
	c.bytes.Add(int64(len(p)))
	return len(p), nil
}

// heapPeak runs f and returns how much more heap there was meanwhile.
func heapPeak(f func()) uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	base, peak := m.HeapAlloc, m.HeapAlloc
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
	}()
	f()
	close(stop)
	<-done
	return peak - base
}

// What a plugin pours out costs the host neither memory nor its log.
func TestFloods(t *testing.T) {
	before := runtime.NumGoroutine()
	log := &lineCount{}
	s, sp := startWith(t, Config{Log: slog.New(slog.NewTextHandler(log, nil))}), spec(t, "ok")
	pid, err := call(t.Context(), s, sp, read, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	peak := heapPeak(func() {
		// 16 MiB to each of four: 64 MiB.
		if got, err := call(t.Context(), s, sp, read, `{"do":"flood","n":16}`); err != nil || got != pid {
			t.Errorf("the flooding call: %s, %v", got, err)
		}
	})
	if peak > 15<<20 {
		t.Errorf("the heap grew by %d MiB", peak>>20)
	}
	if lines := log.lines.Load(); lines == 0 || log.bytes.Load() > 4<<20 {
		t.Errorf("the log got %d lines, %d bytes", lines, log.bytes.Load())
	}
	peak = heapPeak(func() {
		_, err := call(t.Context(), s, sp, write, `{"do":"answer","n":100}`)
		var answer *AnswerError
		if !errors.As(err, &answer) || !strings.Contains(err.Error(), "over 16 MiB") {
			t.Errorf("an answer of 100 MB: %v", err)
		}
	})
	if peak > 30<<20 {
		t.Errorf("for an answer of 100 MB the heap grew by %d MiB", peak>>20)
	}
	if got, err := call(t.Context(), s, sp, read, `{"do":"stdin"}`); err != nil || got != `""` {
		t.Errorf("stdin holds %s, %v", got, err)
	}
	if got, err := call(t.Context(), s, sp, read, `{}`); err != nil || got != pid {
		t.Errorf("afterwards: %s, %v", got, err)
	}
	nothingLeft(t, s, before, pid)
}

// What runs goes on; what is started must be what was trusted.
func TestReplacedOnDisk(t *testing.T) {
	before := runtime.NumGoroutine()
	s, sp := startWith(t, Config{}), spec(t, "ok")
	data, err := os.ReadFile(sp.Path)
	if err != nil {
		t.Fatal(err)
	}
	sp.Path, sp.Remedy = filepath.Join(t.TempDir(), "plugin"), "install it again"
	replace := func(data []byte) {
		if err := os.WriteFile(sp.Path+".new", data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(sp.Path+".new", sp.Path); err != nil {
			t.Fatal(err)
		}
	}
	replace(data)
	first, err := call(t.Context(), s, sp, read, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	replace([]byte("#!/bin/sh\nexit 1\n"))
	if got, err := call(t.Context(), s, sp, read, `{}`); err != nil || got != first {
		t.Errorf("the running process: %s, %v", got, err)
	}
	_, err = call(t.Context(), s, sp, read, `{"do":"crash"}`)
	if err == nil || !strings.Contains(err.Error(), "SHA-256") || !strings.Contains(err.Error(), "install it again") ||
		!strings.Contains(err.Error(), sp.Path) {
		t.Errorf("the next start: %v", err)
	}
	nothingLeft(t, s, before, first)
}
