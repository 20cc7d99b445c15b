// Package trim returns memory to the system that a process does not need while it waits. The host and its plugins wait
// nearly all of the time, and several hosts run on one machine.
package trim

import (
	"runtime/debug"
	"sync"
	"time"
)

const (
	// delay is how long a process has waited when it returns memory. Calls that an assistant makes at once, or a script
	// one after the other, follow each other sooner; a model that thinks in between takes longer.
	delay = 500 * time.Millisecond
	// afterFirst is how long after the first call. A plugin is started for a call, and what was allocated until that has
	// ended is mostly not used again. The answer of the call is on its way meanwhile.
	afterFirst = 25 * time.Millisecond
)

// Memory returns the heap's free pages and the mapping of the program's own file. The next call takes longer, by
// two milliseconds.
func Memory() {
	mapped := program()
	debug.FreeOSMemory()
	release(mapped) // last, because to collect garbage maps a part of it
}

// Program returns the mapping of the program's own file. Linux maps most of the file while the packages initialise.
// What is used again comes back from the page cache, 64 kB at a time. Other systems map what is used.
func Program() { release(program()) }

// Idle notices that a process waits. A nil Idle does nothing.
type Idle struct {
	do func()

	mu      sync.Mutex
	working int
	since   time.Time // when working became 0
	armed   bool
	wait    *time.Timer
	started bool        // and no work has ended since
	first   *time.Timer // nil until it is needed
}

// WhenIdle calls do once in each period in which the process waits. It waits until Work.
func WhenIdle(do func()) *Idle {
	i := &Idle{do: do, since: time.Now(), armed: true}
	i.wait = time.AfterFunc(delay, i.waited)
	return i
}

// Work says that a piece of work begins, or that one ends. It costs as much as a lock: the timer is not set with each
// piece of work, which would wake a thread, but runs to its end and is set for what is left.
func (i *Idle) Work(begins bool) {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if begins {
		i.working++
		return
	}
	if i.working--; i.working > 0 {
		return
	}
	i.since = time.Now()
	if i.started {
		i.started = false
		if i.first == nil {
			i.first = time.AfterFunc(afterFirst, i.firstEnded)
		} else {
			i.first.Reset(afterFirst)
		}
	}
	if !i.armed {
		i.armed = true
		i.wait.Reset(delay)
	}
}

// waited is called when the timer ends.
func (i *Idle) waited() {
	i.mu.Lock()
	left := delay - time.Since(i.since)
	switch {
	case i.working > 0: // the end of that work sets the timer
		i.armed = false
	case left > 0:
		i.wait.Reset(left)
	default:
		i.armed = false
		defer i.do()
	}
	i.mu.Unlock()
}

// Started says that this process or one of its plugins has started, which takes memory that is not used again.
func (i *Idle) Started() {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.started = true
}

// firstEnded is called some time after the first work has ended.
func (i *Idle) firstEnded() {
	i.mu.Lock()
	again := i.working > 0
	i.started = i.started || again // the end of that work sets the timer
	i.mu.Unlock()
	if !again {
		i.do()
	}
}
