package supervisor

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// A plugin that keeps failing is restarted after longer and longer delays, and after
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
	launch      func(Spec) (*process, error)
	ended       func(*process) error       // words the end of a process that was not wanted
	changed     func(within time.Duration) // told of starts, ends and calls, and how soon it matters; must not wait

	mu       sync.Mutex
	cur      *process
	procs    map[*process]bool // all that are not gone yet: cur, and those that are being left
	starting *startup
	closed   chan struct{} // closed by close: nothing starts any more
	failures failures
	calls    int64 // of processes that are gone
}

// startup is a launch in progress; the first caller makes it, the others wait.
type startup struct {
	done  chan struct{}
	err   error
	stale bool // it starts what has been renewed meanwhile; guarded by the slot's lock
}

// failures are the crashes and failed starts of a plugin within crashWindow.
type failures struct {
	times     []time.Time // of the failures within the window, oldest first
	inARow    int         // failures since the last call that was answered
	last      error
	notBefore time.Time
}

func (t *failures) add(now time.Time, err error) {
	t.times = append(t.recent(now), now)
	t.inARow++
	t.last = err
	t.notBefore = now.Add(backOff(t.inARow))
	if len(t.times) >= crashLimit {
		t.notBefore = t.times[len(t.times)-crashLimit].Add(crashWindow)
	}
}

func (t *failures) recent(now time.Time) []time.Time {
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

func newSlot(spec Spec, idleTimeout time.Duration) *slot {
	return &slot{spec: spec, idleTimeout: idleTimeout, procs: map[*process]bool{}, closed: make(chan struct{})}
}

// acquire is the plugin's live process, in use until release. It launches one if
// there is none; that belongs to the plugin, not to the caller that came first,
// whose cancellation must not fail the others.
func (sl *slot) acquire(ctx context.Context) (*process, error) {
	for {
		sl.mu.Lock()
		if sl.cur != nil && sl.cur.gone(0) {
			// Its watch has not told yet. A process that dies as soon as it is ready must
			// be counted before the next start, or it would be started without end.
			sl.leave(sl.cur, nil)
		}
		if sl.cur != nil {
			defer sl.mu.Unlock()
			sl.cur.inUse++
			sl.cur.used()
			sl.changed(countDelay)
			return sl.cur, nil
		}
		start := sl.starting
		if start == nil {
			wait := time.Until(sl.failures.notBefore)
			if wait > maxPatience {
				defer sl.mu.Unlock()
				return nil, &BrokenError{sl.spec.Name, len(sl.failures.recent(time.Now())), sl.failures.notBefore, sl.failures.last}
			}
			start = &startup{done: make(chan struct{})}
			sl.starting = start
			go sl.fill(start, wait)
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

func (sl *slot) fill(start *startup, wait time.Duration) {
	defer close(start.done)
	var proc *process
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-sl.closed:
		start.err = ErrClosed
	case <-timer.C:
		proc, start.err = sl.launch(sl.current())
	}
	sl.mu.Lock()
	sl.starting = nil
	select {
	case <-sl.closed:
		// close waits for this launch, and has seen no process.
		sl.mu.Unlock()
		start.err = ErrClosed
		if proc != nil {
			proc.kill()
		}
		return
	default:
	}
	defer sl.mu.Unlock()
	defer sl.changed(changeDelay)
	if start.err != nil && start.stale {
		start.err = nil
		return
	}
	if start.err != nil {
		sl.failures.add(time.Now(), start.err)
		return
	}
	if start.stale {
		proc.counted = true
		go proc.kill() // who waits for it starts another
		return
	}
	sl.cur = proc
	sl.procs[proc] = true
	go func() {
		<-proc.exited()
		sl.mu.Lock()
		sl.leave(proc, nil)
		sl.mu.Unlock()
		proc.kill() // closes what go-plugin holds for it
		sl.mu.Lock()
		defer sl.mu.Unlock()
		delete(sl.procs, proc)
	}()
}

// leave takes a process that has ended out of the slot, and counts its end unless it
// was wanted. err is the end in words, if the caller knows more of it than the slot.
// The caller holds sl.mu.
func (sl *slot) leave(proc *process, err error) {
	if sl.cur == proc {
		sl.cur = nil
	}
	if proc.idle != nil {
		proc.idle.Stop()
	}
	if !proc.counted {
		proc.counted = true
		if err == nil {
			err = sl.ended(proc)
		}
		sl.failures.add(time.Now(), err)
	}
	if sl.procs[proc] {
		sl.calls += proc.calls.Swap(0)
	}
	sl.changed(changeDelay)
}

// release ends the use of a process; the last one starts the clock of idleness.
func (sl *slot) release(proc *process) {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	proc.active.Add(-1)
	if proc.inUse--; proc.inUse > 0 {
		return
	}
	if proc.retired {
		go proc.kill()
		return
	}
	if sl.idleTimeout == 0 || sl.cur != proc {
		return
	}
	if proc.idle != nil {
		proc.idle.Stop()
	}
	proc.idle = time.AfterFunc(sl.idleTimeout, func() {
		sl.mu.Lock()
		unused := proc.inUse == 0
		sl.mu.Unlock()
		if unused {
			sl.retire(proc)
		}
	})
}

// retire takes a process out of service: it gets no more calls, and ends with the
// last that it has.
func (sl *slot) retire(proc *process) {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	if proc.retired {
		return
	}
	if sl.cur == proc {
		sl.cur = nil
	}
	proc.retired, proc.counted = true, true
	sl.changed(changeDelay)
	if proc.inUse == 0 {
		go proc.kill()
	}
}

func (sl *slot) current() Spec {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	return sl.spec
}

// renew makes another executable the plugin's: the process of the old one gets no more calls, and what it failed in is
// forgotten.
func (sl *slot) renew(spec Spec) {
	sl.mu.Lock()
	sl.spec, sl.failures = spec, failures{}
	if sl.starting != nil {
		sl.starting.stale = true
	}
	old := sl.cur
	sl.mu.Unlock()
	if old != nil {
		sl.retire(old)
	}
}

// answered ends a row of failures.
func (sl *slot) answered() {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	sl.failures.inARow = 0
}

// close ends the slot: nothing starts any more, a launch in progress is waited for,
// and all processes are killed.
func (sl *slot) close() {
	sl.mu.Lock()
	close(sl.closed)
	start := sl.starting
	sl.cur = nil
	procs := slices.Collect(maps.Keys(sl.procs))
	for _, proc := range procs {
		proc.counted = true
		if proc.idle != nil {
			proc.idle.Stop()
		}
	}
	sl.mu.Unlock()
	var wg sync.WaitGroup
	for _, proc := range procs {
		wg.Go(proc.kill)
	}
	if start != nil {
		<-start.done
	}
	wg.Wait()
}
