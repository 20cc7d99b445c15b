package audit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// The files of the folder.
const (
	currentName = "audit.jsonl"
	// A full file is renamed after its last record, so that names sort as records do.
	fullName    = "audit-%012d.jsonl"
	fullPattern = "audit-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9].jsonl"
	lockName    = "lock"
	keyName     = "key"
	keyBytes    = 32
)

// errExchanged means that the path leads to another file than the one opened.
var errExchanged = errors.New("it was exchanged while it was opened")

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
	folder   string
	maxBytes int64
	keep     int

	root *os.Root
	file *logFile
	info fs.FileInfo // of file, when it was opened
	size int64       // of file, after the last record that is known
	last position    // at that size
	torn int         // bytes of broken lines behind it
	open bool        // the last of these lines has no end
	// mine is the last record that this process wrote: the log cannot end before it
	// unless somebody cut it.
	mine position
	key  []byte

	// put and flush are the file's Write and Sync, but in tests.
	put   func(*os.File, []byte) (int, error)
	flush func(*os.File) error
}

func newChain(folder string, maxBytes int64, keep int) chain {
	return chain{folder: folder, maxBytes: maxBytes, keep: keep, put: (*os.File).Write, flush: (*os.File).Sync}
}

func (c *chain) path() string { return filepath.Join(c.folder, currentName) }

// logFile is a file that may be synced by several goroutines while another process
// or this one turns to the next.
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

// append writes a record behind the last one of the log, whoever wrote that, and
// waits for the lock no longer than patience. If the record is to be durable, the
// caller must sync the file that it returns.
func (c *chain) append(r Record, patience time.Duration, durable bool) (*logFile, error) {
	err := c.try(r, patience)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errExchanged) {
		// Somebody removed or moved the folder or a file since: once more from the start.
		c.reset()
		err = c.try(r, patience)
	}
	if err != nil {
		c.reset()
		return nil, err
	}
	if durable {
		c.file.users.Add(1)
	}
	return c.file, nil
}

func (c *chain) try(r Record, patience time.Duration) error {
	if err := c.enter(); err != nil {
		return err
	}
	unlock, err := c.lock(patience)
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.catchUp(); err != nil {
		return err
	}
	if c.mine.seq > c.last.seq {
		// What this process wrote is gone. Going on from there keeps the gap visible.
		c.last = c.mine
	}
	r.Seq, r.Prev, r.Torn = c.last.seq+1, c.last.hash, c.torn
	r.Time = time.Now().UTC().Format(TimeFormat)
	if r.canonical != nil {
		r.ArgumentsHMAC = c.hmac(r.canonical)
	}
	line, err := r.encode()
	if err != nil {
		return err
	}
	if c.size > 0 && c.size+int64(len(line)) >= c.maxBytes && c.torn == 0 {
		if err := c.rotate(); err != nil {
			return err
		}
	}
	return c.write(line, position{r.Seq, r.Hash})
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
	info, err := os.Lstat(c.path()) // dearer through the root, and it is done for every record
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
		// Between the look and the opening it must not have been exchanged.
		if !os.SameFile(c.info, info) {
			return errExchanged
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
		// No record in it yet: it goes on from the newest full file.
		if end.last, err = c.lastFull(); err != nil {
			return err
		}
	}
	c.size, c.last, c.torn, c.open = info.Size(), end.last, end.torn, end.open
	return nil
}

// begin makes the file in use, which goes on from the newest full one.
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
	f, err := c.root.OpenFile(currentName, flags, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	c.closeFile()
	c.file, c.info = &logFile{File: f, flush: c.flush}, info
	return nil
}

// reset forgets what is open, so that the next record looks at everything anew.
func (c *chain) reset() {
	c.closeFile()
	if c.root != nil {
		_ = c.root.Close()
	}
	c.root, c.key = nil, nil
	c.size, c.last, c.torn, c.open = 0, position{}, 0, false
}

// closeFile closes the file when nobody syncs it any more.
func (c *chain) closeFile() {
	if c.file == nil {
		return
	}
	c.file.users.Wait()
	_ = c.file.Close()
	c.file, c.info = nil, nil
}
