package supervisor

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// A plugin that keeps failing is started again later and later, and after
	// crashLimit failures within crashWindow not before the window has passed: a
	// broken plugin must not take the machine's time, nor the caller's.
	firstDelay  = 100 * time.Millisecond
	maxDelay    = 30 * time.Second
	crashLimit  = 5
	crashWindow = time.Minute
	// maxPatience is how long a call waits for a delayed start; beyond it the
	// caller is told at once.
	maxPatience = 2 * time.Second
)

// slot is one plugin's place. Its lock is never held across a launch or a kill.
type slot struct {
	spec        Spec
	idleTimeout time.Duration // 0: never

	mu       sync.Mutex
	cur      *process
	starting *startup
	busy     int // calls that use cur
	idle     *time.Timer
	trouble  trouble
}

// startup is a launch in progress; the first caller makes it, the others wait.
type startup struct {
	done chan struct{}
	proc *process
	err  error
}

// trouble is what a plugin has failed at lately.
type trouble struct {
	times     []time.Time // of the failures within the window, oldest first
	inARow    int         // failures since the last call that was answered
	last      error
	notBefore time.Time
}

func (t *trouble) add(now time.Time, err error) {
	t.times = append(t.recent(now), now)
	t.inARow++
	t.last = err
	t.notBefore = now.Add(backOff(t.inARow))
	if len(t.times) >= crashLimit {
		t.notBefore = t.times[len(t.times)-crashLimit].Add(crashWindow)
	}
}

func (t *trouble) recent(now time.Time) []time.Time {
	for i, at := range t.times {
		if now.Sub(at) < crashWindow {
			return t.times[i:]
		}
	}
	return nil
}

func backOff(failures int) time.Duration {
	delay := firstDelay
	for range failures - 1 {
		if delay *= 2; delay >= maxDelay {
			return maxDelay
		}
	}
	return delay
}

// BrokenError says that a plugin has failed so often that it is not started now.
type BrokenError struct {
	Plugin   string
	Failures int
	Until    time.Time
	// Last is the newest failure, a LaunchError or a CrashError.
	Last error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("plugin %s failed %d times in a row and is not started again before %s. The last failure: %v",
		e.Plugin, e.Failures, e.Until.UTC().Format("15:04:05 UTC"), e.Last)
}

func (e *BrokenError) Unwrap() error { return e.Last }

// acquire is the plugin's live process, in use until release. launch makes one if
// there is none; it belongs to the plugin, not to the caller that came first,
// whose cancellation must not fail the others.
func (sl *slot) acquire(ctx context.Context, launch func() (*process, error)) (*process, error) {
	for {
		sl.mu.Lock()
		if sl.cur != nil && !sl.cur.gone(0) {
			sl.busy++
			defer sl.mu.Unlock()
			return sl.cur, nil
		}
		start := sl.starting
		if start == nil {
			wait := time.Until(sl.trouble.notBefore)
			if wait > maxPatience {
				defer sl.mu.Unlock()
				return nil, &BrokenError{sl.spec.Name, sl.trouble.inARow, sl.trouble.notBefore, sl.trouble.last}
			}
			start = &startup{done: make(chan struct{})}
			sl.starting = start
			time.AfterFunc(wait, func() { sl.fill(start, launch) })
		}
		sl.mu.Unlock()
		select {
		case <-start.done:
			if start.err != nil {
				return nil, start.err
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (sl *slot) fill(start *startup, launch func() (*process, error)) {
	proc, err := launch()
	sl.mu.Lock()
	stale := sl.cur
	sl.cur, sl.starting, sl.busy = proc, nil, 0
	start.proc, start.err = proc, err
	if err != nil {
		sl.trouble.add(time.Now(), err)
	}
	sl.mu.Unlock()
	if stale != nil {
		stale.kill()
	}
	close(start.done)
}

// release ends the use of a process; the last one starts the clock of idleness.
func (sl *slot) release(proc *process) {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	if sl.cur != proc {
		return // another generation, which was not in use by this call
	}
	if sl.busy--; sl.busy > 0 || sl.idleTimeout == 0 {
		return
	}
	if sl.idle != nil {
		sl.idle.Stop()
	}
	sl.idle = time.AfterFunc(sl.idleTimeout, func() { sl.retire(proc) })
}

// retire stops a process that nobody uses.
func (sl *slot) retire(proc *process) {
	sl.mu.Lock()
	unused := sl.cur == proc && sl.busy == 0
	if unused {
		sl.cur = nil
	}
	sl.mu.Unlock()
	if unused {
		proc.kill()
	}
}

// answered ends the trouble.
func (sl *slot) answered() {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	sl.trouble.inARow = 0
}

// crashed forgets a dead process, unless another generation is there already.
// Several calls may tell of one crash: it counts once.
func (sl *slot) crashed(proc *process, err error) {
	sl.mu.Lock()
	current := sl.cur == proc
	if current {
		sl.cur = nil
		sl.trouble.add(time.Now(), err)
	}
	sl.mu.Unlock()
	if current {
		proc.kill()
	}
}

// close ends the slot: it waits for a launch in progress and kills.
func (sl *slot) close() {
	sl.mu.Lock()
	start := sl.starting
	sl.mu.Unlock()
	if start != nil {
		<-start.done
	}
	sl.mu.Lock()
	proc := sl.cur
	sl.cur = nil
	if sl.idle != nil {
		sl.idle.Stop()
	}
	sl.mu.Unlock()
	if proc != nil {
		proc.kill()
	}
}
