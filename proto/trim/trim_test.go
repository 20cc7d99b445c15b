package trim

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// watched is an Idle and how often it has found the process idle.
func watched() (*Idle, *atomic.Int64) {
	n := new(atomic.Int64)
	return WhenIdle(func() { n.Add(1) }), n
}

// pass lets time pass, and what is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestOnceInEachIdlePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idle, n := watched()
		pass(time.Hour)
		if n.Load() != 1 {
			t.Fatalf("%d times after the start, want once", n.Load())
		}
		for want := int64(2); want < 5; want++ {
			idle.Work(true)
			idle.Work(true)
			pass(time.Hour) // a long call
			idle.Work(false)
			pass(time.Hour)
			if n.Load() != want-1 {
				t.Fatal("it was found idle while it worked")
			}
			idle.Work(false)
			if pass(delay - 1); n.Load() != want-1 {
				t.Fatal("it was found idle too soon")
			}
			if pass(time.Hour); n.Load() != want {
				t.Fatalf("%d times, want %d", n.Load(), want)
			}
		}
	})
}

// Calls that follow each other soon are one period of work, and the delay is counted from the last.
func TestNotBetweenCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idle, n := watched()
		for range 100 {
			idle.Work(true)
			pass(delay / 7)
			idle.Work(false)
			pass(delay - 1)
		}
		if n.Load() != 0 {
			t.Fatalf("%d times between calls", n.Load())
		}
		if pass(1); n.Load() != 1 {
			t.Fatalf("%d times after the last call, want once", n.Load())
		}
	})
}

// What a start has taken is returned soon after the first call, and never during one.
func TestSoonAfterTheFirstCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idle, n := watched()
		idle.Started()
		idle.Work(true)
		pass(10 * delay) // a slow machine
		idle.Started()   // of another plugin
		idle.Work(false)
		pass(afterFirst - 1)
		idle.Work(true)
		if pass(10 * delay); n.Load() != 0 {
			t.Fatal("during a call")
		}
		idle.Work(false)
		if pass(afterFirst - 1); n.Load() != 0 {
			t.Fatal("too soon")
		}
		if pass(1); n.Load() != 1 {
			t.Fatalf("%d times after the first call, want once", n.Load())
		}
		idle.Work(true)
		idle.Work(false)
		if pass(delay - 1); n.Load() != 1 {
			t.Fatal("after a second call, which started nothing")
		}
	})
}

func TestNilDoesNothing(*testing.T) {
	var idle *Idle
	idle.Work(true)
	idle.Work(false)
	idle.Started()
}

// Every call says that it begins and that it ends.
func TestWorkAllocatesNothing(t *testing.T) {
	idle := WhenIdle(func() {})
	if n := testing.AllocsPerRun(100, func() { idle.Work(true); idle.Work(false) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkWork(b *testing.B) {
	idle := WhenIdle(func() {})
	for b.Loop() {
		idle.Work(true)
		idle.Work(false)
	}
}
