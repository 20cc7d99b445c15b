package supervisor

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func TestBackOff(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 4: 800 * time.Millisecond, 9: 25600 * time.Millisecond,
		10: 30 * time.Second, 1000: 30 * time.Second,
	} {
		if got := backOff(failures); got != want {
			t.Errorf("%d failures: %v, want %v", failures, got, want)
		}
	}
}

func TestTrouble(t *testing.T) {
	begun := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return begun.Add(time.Duration(seconds) * time.Second) }
	tests := map[string]struct {
		failures []int // seconds
		want     time.Time
	}{
		"the first":                    {[]int{0}, at(0).Add(firstDelay)},
		"five within a minute":         {[]int{0, 10, 20, 30, 40}, at(60)},
		"a sixth waits for the second": {[]int{0, 10, 20, 30, 40, 61}, at(70)},
		"five in a longer time":        {[]int{0, 20, 40, 61, 82}, at(82).Add(1600 * time.Millisecond)},
	}
	for name, tt := range tests {
		var failures failures
		for _, seconds := range tt.failures {
			failures.add(at(seconds), errors.New("crash"))
		}
		if !failures.notBefore.Equal(tt.want) {
			t.Errorf("%s: not before %v, want %v", name, failures.notBefore, tt.want)
		}
	}
}

func TestPluginThatKeepsCrashingIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	s, sp := start(t), spec(t, "ok")
	var broken *BrokenError
	for range crashLimit { // a reading call crashes twice
		if _, err := call(t.Context(), s, sp, read, `{"do":"crash"}`); errors.As(err, &broken) {
			break
		}
	}
	if broken == nil || broken.Failures != crashLimit || !strings.Contains(broken.Error(), "out of cheese") {
		t.Fatalf("error = %v", broken)
	}
	if _, err := call(t.Context(), s, sp, read, `{}`); !errors.As(err, &broken) {
		t.Errorf("a call that would do no harm: %v", err)
	}
	if _, err := call(t.Context(), s, spec(t, "other"), read, `{}`); err != nil {
		t.Errorf("another plugin: %v", err)
	}
}

func TestAnAnsweredCallEndsTheTrouble(t *testing.T) {
	t.Parallel()
	s, sp := start(t), spec(t, "ok")
	for range 3 {
		if _, err := call(t.Context(), s, sp, write, `{"do":"crash"}`); err == nil {
			t.Fatal("no crash")
		}
		if _, err := call(t.Context(), s, sp, read, `{}`); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.slots["ok"].failures.inARow; n != 0 {
		t.Errorf("%d failures in a row after an answer", n)
	}
}

func TestIdlePluginStops(t *testing.T) {
	t.Parallel()
	const idle = 200 * time.Millisecond
	s := New(Config{Domain: "tenant.auth0.example", Log: slog.New(slog.DiscardHandler), StartTimeout: time.Minute,
		IdleTimeout: idle, Host: func(plugin string) pluginv1.HostServer { return host{plugin: plugin} }})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	sp := spec(t, "ok")
	// A call that lasts longer than the timeout keeps its process.
	finish := filepath.Join(t.TempDir(), "finish")
	slow := make(chan error, 1)
	go func() {
		_, err := call(t.Context(), s, sp, read, fmt.Sprintf(`{"do":"until","file":%q}`, finish))
		slow <- err
	}()
	var proc *process
	eventually(t, "the call is in progress", func() bool {
		s.mu.Lock()
		sl := s.slots["ok"]
		s.mu.Unlock()
		if sl == nil {
			return false
		}
		sl.mu.Lock()
		defer sl.mu.Unlock()
		proc = sl.cur
		return proc != nil && proc.inUse == 1
	})
	first, err := call(t.Context(), s, sp, read, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * idle) // nothing but the time that has passed tells that the process stays
	if again, err := call(t.Context(), s, sp, read, `{}`); err != nil || again != first {
		t.Errorf("beside the call in progress: process %s, then %s (%v)", first, again, err)
	}
	if err := os.WriteFile(finish, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-slow; err != nil {
		t.Errorf("the call in progress: %v", err)
	}
	if !proc.gone(time.Minute) {
		t.Fatal("an idle process goes on")
	}
	second, err := call(t.Context(), s, sp, read, `{}`)
	if err != nil || first == second {
		t.Errorf("after the idle stop: process %s, then %s (%v)", first, second, err)
	}
}

func TestSweep(t *testing.T) {
	base := t.TempDir()
	folder := func(name string, withLock bool) string {
		path := filepath.Join(base, name)
		if err := os.MkdirAll(filepath.Join(path, "plugin-dir1"), 0o700); err != nil {
			t.Fatal(err)
		}
		if withLock {
			if err := os.WriteFile(filepath.Join(path, RunFolderLock), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	left, live, foreign := folder("a0-left", true), folder("a0-live", true), folder("a0-foreign", false)
	lock := flock.New(filepath.Join(live, RunFolderLock))
	if ok, err := lock.TryLock(); !ok || err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()
	exists := func(path string) bool { _, err := os.Stat(path); return err == nil }

	sweep(base, time.Now().Add(-time.Hour))
	if !exists(left) {
		t.Error("a folder that is new is removed: its host may be about to lock it")
	}
	sweep(base, time.Now().Add(time.Hour))
	if exists(left) {
		t.Error("the folder of a dead host is left")
	}
	if !exists(live) || !exists(foreign) {
		t.Error("another's folder is removed")
	}
}

// After a renewal calls get a process of the new build.
func TestRenew(t *testing.T) {
	s := start(t)
	sp := spec(t, "ok")
	ask := func(do string) string {
		t.Helper()
		answer, err := call(t.Context(), s, sp, read, do)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	before := ask(`{}`)
	renewed := sp
	renewed.Args = []string{"ok", "renewed"}
	s.Renew(renewed)
	if after := ask(`{}`); after == before {
		t.Errorf("process %s still answers", after)
	}
	if environment := ask(`{"do":"env"}`); !strings.Contains(environment, `"renewed"`) {
		t.Errorf("the old build was started: %s", environment)
	}
	s.Renew(spec(t, "never-started"))
}

// What is being started meanwhile is not used, and its failure is none of the new build's.
func TestRenewDuringAStart(t *testing.T) {
	sl := newSlot(Spec{}, 0)
	began, goOn := make(chan struct{}), make(chan struct{})
	var launched []string
	sl.launch = func(spec Spec) (*process, error) {
		launched = append(launched, spec.Path)
		if len(launched) == 1 {
			close(began)
			<-goOn
		}
		return nil, errors.New("no program")
	}
	sl.changed = func(time.Duration) {}
	ended := make(chan error, 1)
	go func() {
		_, err := sl.acquire(t.Context())
		ended <- err
	}()
	<-began
	sl.renew(Spec{Path: "new"})
	close(goOn)
	if err := <-ended; err == nil || len(launched) != 2 || launched[1] != "new" || len(sl.failures.times) != 1 {
		t.Errorf("%v, launched %q, failures %d", err, launched, len(sl.failures.times))
	}
}
