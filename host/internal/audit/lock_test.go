package audit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// slack is for the pauses between two tries of the lock.
const slack = 20 * time.Millisecond

// A lock that is not released costs a write its patience and others less, however
// many of them wait; after that none waits, and all that was lost is counted.
func TestWaitsForTheLockDoNotAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, warnings := testLog(t)
		write(t, l, 1)
		lock := flock.New(filepath.Join(l.cfg.Folder, lockName))
		if err := lock.Lock(); err != nil {
			t.Fatal(err)
		}
		lose := func(durable bool, most time.Duration) {
			begun := time.Now()
			if err := l.Append(Record{Kind: KindCall, Outcome: OK}, durable); !errors.Is(err, errLocked) {
				t.Errorf("durable %v: %v", durable, err)
			}
			if took := time.Since(begun); took > most+slack {
				t.Errorf("durable %v: it took %v, want at most %v", durable, took, most)
			}
		}
		const each = 10
		var all sync.WaitGroup
		for range each {
			all.Go(func() { lose(true, patienceForWrites) })
		}
		synctest.Wait()
		for range each {
			all.Go(func() { lose(false, patienceForReads) })
		}
		all.Wait()
		for range each {
			lose(true, patienceWhenStuck)
			lose(false, patienceWhenStuck)
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		if err := l.Append(Record{Kind: KindCall, Outcome: OK}, true); err != nil {
			t.Error(err)
		}
		if r := check(t, l); r.BreakCount != 0 || r.Records != 2 || r.Missed != 4*each {
			t.Errorf("%+v", r)
		}
		if n := strings.Count(warnings.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings for one cause:\n%s", n, warnings)
		}
	})
}

// What is not durable waits too shortly to tell that the lock is stuck: a write
// after it has its whole patience.
func TestAReadThatWaitedInVainCostsNoWriteItsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := testLog(t)
		write(t, l, 1)
		lock := flock.New(filepath.Join(l.cfg.Folder, lockName))
		if err := lock.Lock(); err != nil {
			t.Fatal(err)
		}
		if err := l.Append(Record{Kind: KindCall, Outcome: OK}, false); !errors.Is(err, errLocked) {
			t.Errorf("%v", err)
		}
		time.AfterFunc(patienceForWrites/2, func() { _ = lock.Unlock() })
		if err := l.Append(Record{Kind: KindCall, Outcome: OK}, true); err != nil {
			t.Error(err)
		}
	})
}

// What became of a change is not lost to a lock that comes free within a write's patience.
func TestTheEndOfAChangeWaitsAsLongAsItsBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := testLog(t)
		write(t, l, 1)
		lock := flock.New(filepath.Join(l.cfg.Folder, lockName))
		if err := lock.Lock(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(patienceForWrites/2, func() { _ = lock.Unlock() })
		end := Record{Kind: KindCall, Effect: string(pluginv1.EffectWrite), Outcome: OK}
		if err := l.Append(end, false); err != nil {
			t.Error(err)
		}
		if r := check(t, l); r.Missed != 0 || r.Records != 2 {
			t.Errorf("%+v", r)
		}
	})
}

// What is lost while a record is written that tells of others is told by the next.
func TestWhatIsLostMeanwhileIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := testLog(t)
		l.chain.put = func(*os.File, []byte) (int, error) { return 0, syscall.ENOSPC }
		if err := l.Append(Record{Kind: KindCall}, true); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%v", err)
		}
		l.chain.put = func(f *os.File, line []byte) (int, error) {
			time.Sleep(2 * patienceForReads)
			return f.Write(line)
		}
		var slow sync.WaitGroup
		slow.Go(func() {
			if err := l.Append(Record{Kind: KindCall, Outcome: OK}, true); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if err := l.Append(Record{Kind: KindCall, Outcome: OK}, false); !errors.Is(err, errLocked) {
			t.Errorf("%v", err)
		}
		slow.Wait()
		write(t, l, 1)
		if all := records(t, l); len(all) != 2 || all[0].Missed != 1 || all[1].Missed != 1 {
			t.Errorf("%+v", all)
		}
	})
}

// A sync that fails is told once, until one succeeds, also to who goes on.
func TestASyncThatFailsIsTold(t *testing.T) {
	l, warnings := testLog(t, func(c *Config) { c.Mode = BestEffort })
	send := func() {
		if err := l.Begin(Subject{Effect: "write"}, nil).Request("POST", "/api/v2/x", true).Sending("t.example"); err != nil {
			t.Error(err)
		}
	}
	for want := 1; want <= 2; want++ {
		l.chain.reset()
		l.chain.flush = func(*os.File) error { return syscall.EIO }
		send()
		send()
		if n := strings.Count(warnings.String(), "level=WARN"); n != want ||
			!strings.Contains(warnings.String(), syscall.EIO.Error()) {
			t.Errorf("%d warnings, want %d:\n%s", n, want, warnings)
		}
		l.chain.reset()
		l.chain.flush = (*os.File).Sync
		send()
	}
}
