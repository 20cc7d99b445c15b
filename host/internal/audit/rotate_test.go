package audit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const day = 24 * time.Hour

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// timed is a log whose chains have a clock of the test's.
func timed(t *testing.T, change ...func(*Config)) (*Log, *clock) {
	t.Helper()
	l, _ := testLog(t, change...)
	c := &clock{at: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	l.chain.now, l.reads.now = c.now, c.now
	return l, c
}

func read(t *testing.T, l *Log, n int) {
	t.Helper()
	for range n {
		l.Begin(Subject{Tool: "auth0_list_x", Effect: "read"}, nil).End(OK, "")
	}
}

func logFiles(t *testing.T, l *Log, id ChainID) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(l.cfg.Folder, id.fullPattern()))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// No record is removed before its time, however many come, and none outlives it by
// more than the time of a file. What is removed is recorded.
func TestRotationKeepsAStatedTime(t *testing.T) {
	l, c := timed(t, func(cfg *Config) { cfg.MaxBytes, cfg.Keep = 4000, 30*day })
	for range 120 {
		write(t, l, 12)
		c.advance(day / 2)
		r := check(t, l)
		if !r.Intact() {
			t.Fatalf("%v", r.Breaks)
		}
		oldest := c.now().Sub(r.First.At())
		if r.First.Kind != KindRemoval && r.First.Seq != 1 && oldest < 29*day {
			t.Fatalf("a record was removed at %v", oldest)
		}
		if oldest > 34*day {
			t.Fatalf("a record is there after %v", oldest)
		}
		if latest := r.Beginning.Removal; latest != nil {
			until := Record{Time: latest.Removal.Until}
			if latest.At().Sub(until.At()) < 30*day {
				t.Fatalf("records until %s were removed at %s", until.Time, latest.Time)
			}
		}
		if r.First.Seq == 1 && r.Beginning.Kind != BeginsComplete {
			t.Fatalf("%+v", r.Beginning)
		}
	}
	r := check(t, l)
	if r.First.Seq < 500 || r.Beginning.Kind != BeginsAfterRemoval {
		t.Fatalf("begins at %d: %+v", r.First.Seq, r.Beginning)
	}
	removal := r.Beginning.Removal.Removal
	if removal.To != r.First.Seq-1 || removal.LastHash != r.First.Prev || removal.Why != RemovedForAge ||
		removal.Limit != "30 days" ||
		removal.From > removal.To {
		t.Errorf("%+v", removal)
	}
	if got := c.now().Sub(r.Beginning.Removal.At()); got > 5*day {
		t.Errorf("the latest removal was %v ago", got)
	}
}

// A log that grows slowly is removed in time too: files end by age.
func TestAFileEndsByItsAge(t *testing.T) {
	l, c := timed(t, func(cfg *Config) { cfg.Keep = 30 * day })
	for range 100 {
		write(t, l, 1)
		c.advance(day)
	}
	if r := check(t, l); !r.Intact() || c.now().Sub(r.First.At()) > 35*day || r.Records > 50 {
		t.Errorf("%d records from %s: %v", r.Records, r.First.Time, r.Breaks)
	}
}

// A log that was not used for long loses all that is past its time, and its numbers
// continue.
func TestAllRecordsArePastTheirTime(t *testing.T) {
	l, c := timed(t)
	write(t, l, 5)
	c.advance(90 * day)
	write(t, l, 1)
	r := check(t, l)
	if !r.Intact() || r.Records != 2 || r.First.Kind != KindRemoval || r.First.Seq != 6 || r.Last.Seq != 7 ||
		r.Beginning.Kind != BeginsAfterRemoval {
		t.Errorf("%+v", r)
	}
	again, _ := testLog(t, func(cfg *Config) { cfg.Folder = l.cfg.Folder })
	again.chain.now = c.now
	write(t, again, 1)
	if r := check(t, l); !r.Intact() || r.Last.Seq != 8 {
		t.Errorf("%+v", r)
	}
}

// Above its size the chain of reads loses its oldest files; changes stay whatever
// their size.
func TestOnlyReadsAreRemovedForTheirSize(t *testing.T) {
	l, _ := timed(t, func(cfg *Config) { cfg.MaxBytes, cfg.MaxReadBytes = 4000, 20_000 })
	for range 200 {
		write(t, l, 3)
		read(t, l, 10)
	}
	r := check(t, l)
	if !r.Intact() || r.First.Seq != 1 || r.Records != 600 {
		t.Errorf("changes: %d records from %d: %v", r.Records, r.First.Seq, r.Breaks)
	}
	if r.Reads.First.Seq == 1 || r.Reads.Records < 20 || r.Reads.Beginning.Kind != BeginsAfterRemoval {
		t.Errorf("reads: %+v", r.Reads)
	}
	if removal := r.Reads.Beginning.Removal.Removal; removal.Why != RemovedForSize ||
		removal.To != r.Reads.First.Seq-1 {
		t.Errorf("%+v", removal)
	}
	var total int64
	for _, f := range append(logFiles(t, l, ChainReads), filepath.Join(l.cfg.Folder, ChainReads.currentName())) {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 20_000 {
		t.Errorf("reads have %d bytes", total)
	}
}

// What is not a read of its tool's, or was refused, is not among the reads.
func TestWhatIsInTheChainOfReads(t *testing.T) {
	l, _ := testLog(t)
	l.Begin(Subject{Effect: "read"}, nil).End(OK, "")
	l.Begin(Subject{Effect: "read"}, nil).End(Error, "")
	l.Begin(Subject{Effect: "read"}, nil).Refuse(RuleArguments, "")
	refused := l.Begin(Subject{Effect: "read"}, nil)
	refused.RefuseRequest("POST", "/", RulePolicy, "")
	refused.End(Error, "")
	l.Begin(Subject{}, nil).Refuse(RuleUnknown, "")
	l.Begin(Subject{Effect: "write"}, nil).End(OK, "")
	l.Approval(Subject{}, Decision{Verdict: VerdictApproved})
	r := check(t, l)
	if !r.Intact() || r.Reads.Records != 2 || r.Records != 5 {
		t.Errorf("%d reads, %d others", r.Reads.Records, r.Records)
	}
	var order []string
	for _, r := range records(t, l) {
		order = append(order, fmt.Sprint(r.Chain, r.Seq))
	}
	if want := []string{"reads1", "reads2", "1", "2", "3", "4", "5"}; !slices.Equal(order, want) {
		t.Errorf("%v, want %v: the two chains merged by time", order, want)
	}
}

// A process that is killed after it recorded a removal, and before or while it
// removed the files, leaves a log that is intact; the next rotation removes them.
func TestAnInterruptedRemoval(t *testing.T) {
	for removed := range 3 {
		t.Run(fmt.Sprint(removed), func(t *testing.T) {
			l, c := timed(t, func(cfg *Config) { cfg.MaxBytes = 2000 })
			write(t, l, 30)
			old := logFiles(t, l, ChainChanges)
			killed := errors.New("killed")
			done := 0
			l.chain.remove = func(root *os.Root, name string) error {
				if done == removed {
					return killed
				}
				done++
				return root.Remove(name)
			}
			c.advance(40 * day)
			write(t, l, 1)
			if got := logFiles(t, l, ChainChanges); len(got) != len(old)+1-removed {
				t.Fatalf("%d files, were %d", len(got), len(old))
			}
			r := check(t, l)
			if !r.Intact() || r.Last.Seq != 32 {
				t.Fatalf("%v", r.Breaks)
			}
			want := BeginsAfterRemoval
			if removed == 0 {
				want = BeginsComplete
			}
			if r.Beginning.Kind != want {
				t.Errorf("%+v, want %s", r.Beginning, want)
			}
			next, _ := testLog(t, func(cfg *Config) { cfg.Folder, cfg.MaxBytes = l.cfg.Folder, 2000 })
			next.chain.now = c.now
			write(t, next, 20)
			if r := check(t, l); !r.Intact() || r.First.Seq != 31 {
				t.Errorf("begins at %d: %v", r.First.Seq, r.Breaks)
			}
		})
	}
}

// Nothing is removed whose removal cannot be recorded on the disk.
func TestNoRemovalWithoutItsRecord(t *testing.T) {
	for name, broken := range map[string]func(*Log){
		"the disk is full": func(l *Log) {
			put := l.chain.put
			l.chain.put = func(f *os.File, line []byte) (int, error) {
				if strings.Contains(string(line), string(KindRemoval)) {
					return 0, errors.New("full")
				}
				return put(f, line)
			}
		},
		"the sync fails": func(l *Log) {
			l.chain.flush = func(f *os.File) error {
				if data, _ := os.ReadFile(f.Name()); strings.Contains(string(data), string(KindRemoval)) {
					return errors.New("failed")
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, c := timed(t, func(cfg *Config) { cfg.MaxBytes = 2000 })
			write(t, l, 20)
			before := logFiles(t, l, ChainChanges)
			broken(l)
			l.chain.reset()
			c.advance(60 * day)
			write(t, l, 1)
			if after := logFiles(t, l, ChainChanges); len(after) != len(before)+1 {
				t.Errorf("%d files, were %d", len(after), len(before))
			}
			if r := check(t, l); !r.Intact() || r.First.Seq != 1 {
				t.Errorf("%v", r.Breaks)
			}
		})
	}
}

// A file that was deleted by hand is told from one that rotation removed, at the
// beginning too, with or without an earlier rotation.
func TestDeletedByHand(t *testing.T) {
	for _, rotated := range []bool{false, true} {
		t.Run(fmt.Sprint(rotated), func(t *testing.T) {
			l, c := timed(t, func(cfg *Config) { cfg.MaxBytes = 2000 })
			write(t, l, 20)
			if rotated {
				c.advance(20 * day)
				write(t, l, 20)
				c.advance(20 * day)
				write(t, l, 20)
			}
			r := check(t, l)
			if want := map[bool]BeginningKind{true: BeginsAfterRemoval, false: BeginsComplete}[rotated]; !r.Intact() ||
				r.Beginning.Kind != want {
				t.Fatalf("%+v %v", r.Beginning, r.Breaks)
			}
			if err := os.Remove(logFiles(t, l, ChainChanges)[0]); err != nil {
				t.Fatal(err)
			}
			r = check(t, l)
			if r.Intact() || r.Beginning.Kind != BeginsMissing || !strings.Contains(r.Breaks[0].What, "deleted") {
				t.Errorf("%+v %v", r.Beginning, r.Breaks)
			}
		})
	}
}

// A deletion by hand is not hidden by the rotation that later removes what is behind
// the gap; it is reported as long as the record of that rotation is there.
func TestRotationDoesNotHideADeletion(t *testing.T) {
	l, c := timed(t, func(cfg *Config) { cfg.MaxBytes = 2000 })
	for range 3 {
		write(t, l, 20)
		c.advance(20 * day)
	}
	r := check(t, l)
	if !r.Intact() || r.Beginning.Kind != BeginsAfterRemoval {
		t.Fatalf("%+v %v", r.Beginning, r.Breaks)
	}
	kept := r.First.Seq
	if err := os.Remove(logFiles(t, l, ChainChanges)[0]); err != nil {
		t.Fatal(err)
	}
	next := check(t, l).First.Seq
	c.advance(25 * day)
	write(t, l, 20)
	r = check(t, l)
	want := missing(kept, next-1)
	if r.Intact() || r.Beginning.Kind != BeginsAfterRemoval || !strings.Contains(r.Breaks[0].What, want) {
		t.Errorf("%+v %v, want %q", r.Beginning, r.Breaks, want)
	}
	for range 3 {
		c.advance(25 * day)
		write(t, l, 20)
	}
	if r := check(t, l); !r.Intact() {
		t.Errorf("it is reported for ever: %v", r.Breaks)
	}
}

// A record of a removal that was taken from elsewhere does not fit.
func TestTheBeginningIsBoundToTheRemoval(t *testing.T) {
	l, c := timed(t)
	write(t, l, 5)
	c.advance(90 * day)
	write(t, l, 2)
	data, err := os.ReadFile(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	line, rest, _ := strings.Cut(string(data), "\n")
	r, err := parse([]byte(line))
	if err != nil || r.Removal == nil {
		t.Fatalf("%s: %v", line, err)
	}
	r.Removal.LastHash = strings.Repeat("0", hashDigits)
	forged, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.Path(), append(append(forged, '\n'), rest...), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := check(t, l); r.Intact() {
		t.Error("the removal does not fit the beginning, and that is not seen")
	}
}

// A log of version 1 is read, verified, continued and rotated. Where its oldest files
// are gone, that is not known to be a deletion: version 1 recorded no removals.
func TestALogOfVersion1(t *testing.T) {
	for _, rotated := range []bool{false, true} {
		t.Run(fmt.Sprint(rotated), func(t *testing.T) {
			l, c := timed(t, func(cfg *Config) { cfg.MaxBytes = 3000 })
			if err := os.MkdirAll(l.cfg.Folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(l.cfg.Folder, os.DirFS(filepath.Join("testdata", "v1"))); err != nil {
				t.Fatal(err)
			}
			for _, f := range append(logFiles(t, l, ChainChanges), l.Path()) {
				if err := os.Chmod(f, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want := BeginsComplete
			if rotated {
				want = BeginsUnknown
				if err := os.Remove(logFiles(t, l, ChainChanges)[0]); err != nil {
					t.Fatal(err)
				}
			}
			c.at = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
			r := check(t, l)
			last := r.Last.Seq
			if !r.Intact() || r.Beginning.Kind != want || len(r.Unfinished) != 1 || last != 24 {
				t.Fatalf("%+v %v, the last %d, %d unfinished", r.Beginning, r.Breaks, last, len(r.Unfinished))
			}
			write(t, l, 10)
			read(t, l, 1)
			r = check(t, l)
			if !r.Intact() || r.Beginning.Kind != want || r.Last.Seq != last+10 || r.Reads.Last.Seq != 1 ||
				r.Last.Version != recordVersion {
				t.Errorf("continued: %+v %v", r.Beginning, r.Breaks)
			}
			c.advance(31 * day)
			write(t, l, 20)
			if r = check(t, l); !r.Intact() || r.Beginning.Kind != BeginsAfterRemoval ||
				r.First.Version != recordVersion {
				t.Errorf("rotated: %+v %v", r.Beginning, r.Breaks)
			}
		})
	}
}

// Several processes append, rotate and remove in one folder, and are killed at any
// moment: what remains is intact, and says where it begins.
func TestKilledDuringRotation(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, _ := testLog(t)
	const rounds, processes = 8, 2
	for range rounds {
		var running []*exec.Cmd
		var said []io.Reader
		for range processes {
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), "AUDIT_TEST_ROTATE="+l.cfg.Folder, "GORACE=atexit_sleep_ms=0")
			out, err := cmd.StderrPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			running = append(running, cmd)
			said = append(said, out)
		}
		for i, cmd := range running {
			if _, err := said[i].Read(make([]byte, 1)); err != nil {
				t.Errorf("it ended by itself: %v", err)
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		r := check(t, l)
		if !r.Intact() || r.Reads.Beginning.Kind != BeginsAfterRemoval || r.Beginning.Kind != BeginsAfterRemoval {
			t.Fatalf("%+v %v; reads %+v %v", r.Beginning, r.Breaks, r.Reads.Beginning, r.Reads.Breaks)
		}
	}
}

// rotateForever is a host of TestKilledDuringRotation. Its records are kept for a
// moment only. It says so whenever it is about to remove a file whose removal it has
// recorded.
func rotateForever(folder string) {
	l := New(Config{Folder: folder, Mode: On, MaxBytes: 3000, MaxReadBytes: 9000, Keep: 20 * time.Millisecond})
	removals := map[ChainID]int{}
	for _, c := range []*chain{&l.chain, &l.reads} {
		c.remove = func(root *os.Root, name string) error {
			if removals[c.id]++; removals[ChainChanges] > 1 && removals[ChainReads] > 1 {
				fmt.Fprintln(os.Stderr, "about to remove", name)
			}
			return root.Remove(name)
		}
	}
	for i := 0; ; i++ {
		l.Begin(Subject{Effect: []string{"read", "write"}[i%2]}, nil).End(OK, "")
	}
}
