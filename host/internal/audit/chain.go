package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// ChainID is one of the two chains of a log; Record.Chain says which.
type ChainID string

const (
	// ChainChanges has the calls of tools that may change a tenant, their requests,
	// refusals and approvals. Version 1 recorded everything in it.
	ChainChanges ChainID = ""
	// ChainReads has the calls of reading tools that were let through. They are the
	// bulk of a log and worth the least, so they may be removed for their size alone.
	ChainReads ChainID = "reads"
)

// base is how the names of a chain's files begin.
func (id ChainID) base() string {
	if id == ChainReads {
		return "reads"
	}
	return "audit"
}

func (id ChainID) currentName() string { return id.base() + ".jsonl" }

// fullName is the name of a full file: that of its last record, so that names sort
// as records do.
func (id ChainID) fullName(last uint64) string { return fmt.Sprintf("%s-%012d.jsonl", id.base(), last) }

func (id ChainID) fullPattern() string {
	return id.base() + "-" + strings.Repeat("[0-9]", 12) + ".jsonl"
}

// The other files of the folder.
const (
	lockName = "lock"
	keyName  = "key"
	keyBytes = 32
)

// errReplaced means that the path leads to another file than the one opened.
var errReplaced = errors.New("the file was replaced while being opened")

// errLocked means that another process held the lock for too long.
var errLocked = errors.New("another auth0-mcp holds its lock: end that process")

// position is the last record of a log.
type position struct {
	seq  uint64
	hash string
}

// chain appends lines to the files of a folder that several processes append to.
// Its owner calls it from one goroutine at a time.
type chain struct {
	id     ChainID
	folder string
	limits limits

	root *os.Root
	file *logFile
	info fs.FileInfo // of file, when it was opened
	size int64       // of file, after the last record that is known
	last position    // at that size
	torn int         // bytes of broken lines behind it
	open bool        // the last of these lines has no end
	// since is the time of the first record of file; zero if that is not known.
	since time.Time
	// mine is the last record that this process wrote: the log cannot end before it
	// unless it was cut.
	mine position
	key  []byte

	// put, flush and remove are the file's Write and Sync and the folder's Remove, and
	// now is time.Now; tests replace them.
	put    func(*os.File, []byte) (int, error)
	flush  func(*os.File) error
	remove func(*os.Root, string) error
	now    func() time.Time
}

// limits bound the files of a chain.
type limits struct {
	// fileBytes is how large a file grows.
	fileBytes int64
	// keep is the age below which no record is removed for its age.
	keep time.Duration
	// totalBytes is the size of all files above which the oldest are removed whatever
	// their age; zero is no bound.
	totalBytes int64
}

func newChain(id ChainID, folder string, l limits) chain {
	return chain{
		id: id, folder: folder, limits: l,
		put: (*os.File).Write, flush: (*os.File).Sync, remove: (*os.Root).Remove, now: time.Now,
	}
}

func (c *chain) path() string { return filepath.Join(c.folder, c.id.currentName()) }

// logFile is a file that may be synced by several goroutines while another process
// or this one continues with the next.
type logFile struct {
	*os.File
	flush func(*os.File) error
	users sync.WaitGroup
}

// sync ends a use that append began.
func (f *logFile) sync() error {
	defer f.users.Done()
	return f.flush(f.File)
}

// append writes records behind the last one of the log, whichever process wrote that, and
// waits for the lock no longer than patience. It returns how many it wrote. If they are to
// be durable, the caller must sync the file that it returns.
func (c *chain) append(records []Record, patience time.Duration, durable bool) (*logFile, int, error) {
	n, err := c.try(records, patience)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errReplaced) {
		// The folder or a file was removed or moved since: once more from the start.
		c.reset()
		var more int
		more, err = c.try(records[n:], patience)
		n += more
	}
	if err != nil {
		c.reset()
		return nil, n, err
	}
	if durable {
		c.file.users.Add(1)
	}
	return c.file, n, nil
}

// try returns how many of the records it wrote.
func (c *chain) try(records []Record, patience time.Duration) (int, error) {
	if err := c.enter(); err != nil {
		return 0, err
	}
	unlock, err := c.lock(patience)
	if err != nil {
		return 0, err
	}
	defer unlock()
	if err := c.catchUp(); err != nil {
		return 0, err
	}
	if c.mine.seq > c.last.seq {
		// What this process wrote is gone. Going on from there keeps the gap visible.
		c.last = c.mine
	}
	for i := range records {
		if err := c.add(&records[i]); err != nil {
			return i, err
		}
	}
	return len(records), nil
}

// add writes a record in its place; the lock is held.
func (c *chain) add(r *Record) error {
	line, err := c.stamp(r)
	if err != nil {
		return err
	}
	if c.isFull(len(line)) {
		if err := c.rotate(); err != nil {
			return err
		}
		// The new file may begin with the record of a removal.
		if line, err = c.stamp(r); err != nil {
			return err
		}
	}
	return c.write(line, position{r.Seq, r.Hash})
}

// stamp gives a record its place behind the last one, and makes its line.
func (c *chain) stamp(r *Record) ([]byte, error) {
	r.Version, r.Chain = recordVersion, c.id
	r.Seq, r.Prev, r.Torn = c.last.seq+1, c.last.hash, c.torn
	if r.Time == "" { // a record that waited has that of its call's end
		r.Time = c.now().UTC().Format(TimeFormat)
	}
	if r.canonical != nil {
		r.ArgumentsHMAC = c.hmac(r.canonical)
	}
	return r.encode()
}

func (c *chain) write(line []byte, at position) error {
	if c.open {
		line = append([]byte{'\n'}, line...)
	}
	line = append(line, '\n')
	n, err := c.put(c.file.File, line)
	if err != nil {
		if n > 0 {
			// The disk is full, most likely: what fits is no record. If this fails too,
			// the next record closes the broken line.
			_ = c.file.Truncate(c.size)
		}
		return err
	}
	if c.size == 0 {
		c.since = c.now()
	}
	c.size += int64(len(line))
	c.last, c.mine, c.torn, c.open = at, at, 0, false
	return nil
}

// lock takes the folder's lock from other processes.
func (c *chain) lock(patience time.Duration) (unlock func(), err error) {
	unlock, err = atomicfile.LockWithin(filepath.Join(c.folder, lockName), patience)
	var locked *atomicfile.LockedError
	if errors.As(err, &locked) {
		return nil, errLocked
	}
	return unlock, err
}

// catchUp opens the file in use if it is another than before, and reads what
// others have written since. The lock is held.
func (c *chain) catchUp() error {
	info, err := os.Lstat(c.path()) // slower through the root, and every record needs it
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c.begin()
	case err != nil:
		return err
	}
	if err := checkFile(info); err != nil {
		return err
	}
	if c.file == nil || !os.SameFile(c.info, info) {
		if err := c.use(os.O_RDWR | os.O_APPEND); err != nil {
			return err
		}
		// It must not have been replaced between Lstat and the opening.
		if !os.SameFile(c.info, info) {
			return errReplaced
		}
		if info.Mode().Perm()&0o077 != 0 && tightens {
			if err := c.file.Chmod(0o600); err != nil {
				return err
			}
		}
	} else if info.Size() == c.size {
		return nil
	}
	end, err := readEnd(c.file, info.Size())
	if err != nil {
		return err
	}
	if end.last.seq == 0 {
		// No record in it yet: it continues the newest full file.
		if end.last, err = c.lastFull(); err != nil {
			return err
		}
	}
	if c.since.IsZero() {
		first, err := readFirst(c.file, info.Size())
		if err != nil {
			return err
		}
		c.since = first.At()
	}
	c.size, c.last, c.torn, c.open = info.Size(), end.last, end.torn, end.open
	return nil
}

// begin makes the file in use, which continues the newest full one.
func (c *chain) begin() error {
	last, err := c.lastFull()
	if err != nil {
		return err
	}
	if err := c.use(os.O_RDWR | os.O_APPEND | os.O_CREATE | os.O_EXCL); err != nil {
		return err
	}
	c.syncFolder()
	c.size, c.last, c.torn, c.open = 0, last, 0, false
	return nil
}

// use opens the file in use in the place of the one before.
func (c *chain) use(flags int) error {
	f, err := c.root.OpenFile(c.id.currentName(), flags, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	c.closeFile()
	c.file, c.info, c.since = &logFile{File: f, flush: c.flush}, info, time.Time{}
	return nil
}

// reset forgets what is open, so that the next record reads everything anew.
func (c *chain) reset() {
	c.closeFile()
	if c.root != nil {
		_ = c.root.Close()
	}
	c.root, c.key = nil, nil
	c.size, c.last, c.torn, c.open, c.since = 0, position{}, 0, false, time.Time{}
}

// closeFile closes the file once its syncs have ended.
func (c *chain) closeFile() {
	if c.file == nil {
		return
	}
	c.file.users.Wait()
	_ = c.file.Close()
	c.file, c.info = nil, nil
}
