// Package audit keeps the audit log: one line of JSON for each tool call and each
// HTTP request of a writing call. The lines form chains of hashes that continue
// across processes and files, so that [Snapshot.Verify] finds a line that was
// changed, removed, added or moved.
//
// There are two chains. The calls of reading tools, the bulk of a log, have one of
// their own, whose oldest files can be removed for their size; everything else is
// removed for its age only. The number of records of one call is bounded.
//
// A record of a request that may change a tenant is on disk before the request's
// first byte is sent. What is in no file of the log was not sent; what was begun
// and has no end in it may have happened. Records of reading calls may be written
// behind their answers, several at a time: see Config.Delay.
package audit

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Mode says what happens when a record cannot be written.
type Mode string

const (
	// On refuses a write whose record is not on disk. Reads continue.
	On Mode = "on"
	// BestEffort warns, and lets writes continue too.
	BestEffort Mode = "best-effort"
	// Off records nothing.
	Off Mode = "off"
)

// ParseMode reads the value of --audit. A misspelled one is an error: it must not
// switch the log off.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case On, BestEffort, Off:
		return m, nil
	}
	return "", fmt.Errorf("%q: want %s, %s or %s", s, On, BestEffort, Off)
}

const (
	// DefaultMaxBytes is how large a file grows before the next one is begun: some
	// twenty thousand records.
	DefaultMaxBytes = 10 << 20
	// DefaultKeep is the age below which no record is removed for its age.
	DefaultKeep = 30 * 24 * time.Hour
	// DefaultMaxReadBytes is the size of all records of reading calls above which the
	// oldest are removed, whatever their age.
	DefaultMaxReadBytes = 100 << 20
	// DefaultDelay is that of a server.
	DefaultDelay = 500 * time.Millisecond
)

// Config is what a Log needs.
type Config struct {
	// Folder is where the files are. It is made by the first record; New touches
	// nothing.
	Folder string
	Mode   Mode
	// Arguments says what of a call's arguments is recorded; empty: ArgumentIDs.
	Arguments ArgumentsView
	// Profile and Tenant are those of the host. Profile is empty for a token of the
	// environment and for the sandbox.
	Profile, Tenant string
	// Redact and RedactJSON hide the secrets of a text and of a document. They are
	// applied to every text that this package did not word itself; nil is for tests.
	Redact     func(string) string
	RedactJSON func([]byte) ([]byte, error)
	// MaxBytes bounds a file, Keep is how long records are kept, and MaxReadBytes
	// bounds the records of reading calls; DefaultMaxBytes, DefaultKeep and
	// DefaultMaxReadBytes if zero.
	MaxBytes     int64
	Keep         time.Duration
	MaxReadBytes int64
	// Delay is how long the record of a reading call may wait to be written together
	// with others; at once if zero. A process that is killed loses those that wait.
	Delay time.Duration
	// Log is warned when a record is lost; nil discards.
	Log *slog.Logger
}

// Log appends records. A nil one records nothing and refuses nothing.
type Log struct {
	cfg Config
	// host tells the calls of this process from others'.
	host  string
	calls atomic.Uint64

	// turn is held by the goroutine that uses the chains. It is no mutex, because the
	// wait for it is bounded, together with that of its holder for the folder's lock.
	turn         chan struct{}
	chain, reads chain

	mu sync.Mutex
	// missed is how many records were lost since the last that was written.
	missed int
	// stuck is until when the lock is only tried, after a record of a change waited in
	// vain. Others wait too shortly to tell: that may be one slow disk.
	stuck time.Time
	// unsynced is whether the last sync failed.
	unsynced bool
	// waiting are the records that Config.Delay holds back, oldest first, and
	// waitingBytes the size of what they hold of their calls' arguments.
	waiting      []Record
	waitingBytes int
}

// New makes a Log, or nil if the mode is Off. It touches no file: what is wrong
// with the folder is told by the first record that cannot be written.
func New(cfg Config) *Log {
	if cfg.Mode == Off {
		return nil
	}
	if cfg.Arguments == "" {
		cfg.Arguments = ArgumentIDs
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if cfg.Keep <= 0 {
		cfg.Keep = DefaultKeep
	}
	if cfg.MaxReadBytes <= 0 {
		cfg.MaxReadBytes = DefaultMaxReadBytes
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Redact == nil {
		cfg.Redact = func(s string) string { return s }
	}
	if cfg.RedactJSON == nil {
		cfg.RedactJSON = func(doc []byte) ([]byte, error) { return doc, nil }
	}
	const hostLength = 10 // of base32: 50 bits, enough to tell processes apart
	return &Log{
		cfg: cfg, host: strings.ToLower(rand.Text()[:hostLength]),
		turn:  make(chan struct{}, 1),
		chain: newChain(ChainChanges, cfg.Folder, limits{cfg.MaxBytes, cfg.Keep, 0}),
		reads: newChain(ChainReads, cfg.Folder, limits{cfg.MaxBytes, cfg.Keep, cfg.MaxReadBytes}),
	}
}

// NotRecordedError means that the record of a write is not on disk, so that the
// write was not sent.
type NotRecordedError struct {
	// Path is the file, or the folder if it could not even be entered.
	Path string
	Err  error
}

func (e *NotRecordedError) Error() string {
	return fmt.Sprintf("its record could not be written to the audit log %s (%v). Free disk space or fix the "+
		"permissions, or start the server with --audit=best-effort, which continues without a record", e.Path, e.Err)
}

func (e *NotRecordedError) Unwrap() error { return e.Err }

// Append writes one record; Seq, Prev, Chain, Version, Time, Hash and Missed are
// filled in. If durable is true it has reached the disk when Append returns. An error
// is a [*NotRecordedError]; the log has warned of it, and callers whose mode is
// BestEffort, or who only read, continue. A record of a read may wait, see Config.Delay.
func (l *Log) Append(r Record, durable bool) error {
	if l == nil {
		return nil
	}
	c := &l.chain
	if r.ofReads() {
		if l.cfg.Delay > 0 && !durable {
			l.later(r)
			return nil
		}
		c = &l.reads
	}
	file, err := l.write(c, r, durable)
	if err == nil && durable {
		// Outside all locks: others append meanwhile, and a sync that is under way
		// takes their records along.
		err = file.sync()
		l.synced(err)
	}
	if err == nil {
		return nil
	}
	var where *NotRecordedError
	if !errors.As(err, &where) {
		err = &NotRecordedError{Path: c.path(), Err: err}
	}
	return err
}

func (l *Log) write(c *chain, r Record, durable bool) (*logFile, error) {
	// What became of a change is worth as long a wait as the change itself.
	change := durable || r.Changes()
	deadline := time.Now().Add(l.patience(change))
	if !l.take(deadline) {
		return nil, l.wrote(c, change, 0, 1, errLocked)
	}
	defer func() { <-l.turn }()
	// The reads before it, so that a change never stands in a log that lacks them.
	l.writeWaiting(min(patienceForReads, time.Until(deadline)))
	return l.append(c, []Record{r}, time.Until(deadline), durable)
}

// append writes records to a chain; the turn is held.
func (l *Log) append(c *chain, records []Record, patience time.Duration, durable bool) (*logFile, error) {
	l.mu.Lock()
	missed := l.missed
	l.mu.Unlock()
	records[0].Missed = missed
	file, written, err := c.append(records, patience, durable)
	if written == 0 {
		missed = 0 // nothing tells of them yet
	}
	return file, l.wrote(c, durable || records[0].Changes(), missed, len(records)-written, err)
}

// patience is how long a record may wait for the others of this process and for
// the lock, together: change says that it is about one.
func (l *Log) patience(change bool) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case time.Now().Before(l.stuck), !change && l.missed > 0:
		// Calls must not each wait for a lock that is not released.
		return patienceWhenStuck
	case change:
		return patienceForWrites
	}
	return patienceForReads
}

// take waits for the turn until the deadline.
func (l *Log) take(deadline time.Time) bool {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case l.turn <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

// wrote counts and reports what became of records: the first carried the given number
// of lost ones, and so many were lost now. It returns the error.
func (l *Log) wrote(c *chain, change bool, carried, lost int, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if carried > 0 {
		l.cfg.Log.Info("the audit log is written again", "file", c.path(), "lost", carried)
		l.missed -= carried // others may have been lost while these were written
	}
	if err == nil {
		l.stuck = time.Time{}
		return nil
	}
	if errors.Is(err, errLocked) && change && !time.Now().Before(l.stuck) {
		l.stuck = time.Now().Add(stuckFor)
	}
	if l.missed == 0 {
		l.cfg.Log.Warn(
			"the audit log could not be written: records are lost until this is fixed",
			"file",
			c.path(),
			"error",
			err,
		)
	}
	l.missed += lost
	return err
}

// synced warns of the first of several syncs that fail.
func (l *Log) synced(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && !l.unsynced {
		l.cfg.Log.Warn("the audit log could not be synced to disk: its last records may be lost if the system stops",
			"file", l.chain.path(), "error", err)
	}
	l.unsynced = err != nil
}

// Path is the file that records of changes are appended to.
func (l *Log) Path() string {
	if l == nil {
		return ""
	}
	return l.chain.path()
}

const (
	// A lock is held for the time of one small write, so these are bounds for a
	// process that was stopped in the middle of it. A record of a read must not delay
	// its call noticeably, and must not be lost to a disk that is slow in syncing a
	// full file.
	patienceForWrites = 5 * time.Second
	patienceForReads  = 250 * time.Millisecond
	// Nothing waits for records that are written behind the answers.
	patienceForWaiting = time.Second
	// For stuckFor after a wait in vain the lock is only tried, so that waits do not
	// add up.
	patienceWhenStuck = 10 * time.Millisecond
	stuckFor          = 30 * time.Second
)
