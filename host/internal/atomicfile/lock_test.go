package atomicfile

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// held is the variable by which the test's own program is told to hold a lock.
const held = "ATOMICFILE_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(held); path != "" {
		unlock, err := TryLock(path)
		if err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString("locked\n") //nolint:forbidigo // of the other process, read by the test
		_, _ = io.Copy(io.Discard, os.Stdin)
		if err := unlock(); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// hold has another process hold the lock, until release is called.
func hold(t *testing.T, path string) (release func(kill bool)) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), held+"="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the other process: %q, %v", line, err)
	}
	return func(kill bool) {
		if kill {
			_ = cmd.Process.Kill()
		}
		_ = in.Close()
		_ = cmd.Wait()
	}
}

func TestLockExcludesOtherProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	for _, kill := range []bool{false, true} {
		release := hold(t, path)
		var locked *LockedError
		if _, err := TryLock(path); !errors.As(err, &locked) || locked.Path != path {
			t.Errorf("TryLock: %v", err)
		}
		if _, err := Lock(t.Context(), path, 50*time.Millisecond); !errors.As(err, &locked) ||
			locked.Waited != 50*time.Millisecond {
			t.Errorf("Lock: %v", err)
		}
		got := make(chan error, 1)
		go func() {
			unlock, err := Lock(t.Context(), path, time.Hour)
			if err == nil {
				unlock()
			}
			got <- err
		}()
		release(kill) // a process that was killed leaves no lock
		if err := <-got; err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the lock file: %v, %v", info.Mode(), err)
	}
}

func TestLockExcludesCallersInOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var inside atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			unlock, err := Lock(t.Context(), path, time.Hour)
			if err != nil {
				t.Error(err)
				return
			}
			if n := inside.Add(1); n != 1 {
				t.Errorf("%d callers hold the lock", n)
			}
			time.Sleep(time.Millisecond)
			inside.Add(-1)
			unlock()
		})
	}
	all.Wait()
}

func TestLockEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("the user pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(why) })
	var locked *LockedError
	if _, err := Lock(ctx, path, time.Hour); !errors.Is(err, why) || !errors.As(err, &locked) || locked.Path != path {
		t.Errorf("got %v, want the path and the context's cause", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	if _, err := Lock(ctx, path, time.Hour); !errors.Is(err, why) || errors.As(err, &locked) {
		t.Errorf("got %v for a free lock, want the context's cause", err)
	}
}

func TestLockInAFolderThatIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone", "lock")
	if _, err := Lock(t.Context(), path, time.Hour); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Lock: %v", err)
	}
	if _, err := TryLock(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("TryLock: %v", err)
	}
}
