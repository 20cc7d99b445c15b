package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// agesPerKeep is how many files cover the time that records are kept: a file is full
// after that part of it, so that records outlive their time by no more.
const agesPerKeep = 10

// fullFiles are the names of a chain's full files, oldest first.
func fullFiles(root *os.Root, id ChainID) ([]string, error) {
	names, err := fs.Glob(root.FS(), id.fullPattern())
	slices.Sort(names)
	return names, err
}

// isFull reports whether the file in use ends before a line of n bytes.
func (c *chain) isFull(n int) bool {
	if c.size == 0 || c.torn > 0 { // the next record must stand behind the broken line
		return false
	}
	return c.size+int64(n) >= c.limits.fileBytes ||
		(!c.since.IsZero() && c.now().Sub(c.since) >= c.limits.keep/agesPerKeep)
}

// rotate renames the file in use and begins the next. If that is not possible it
// continues with the current file: a log that grows is better than none.
func (c *chain) rotate() error {
	full := c.id.fullName(c.last.seq)
	if _, err := c.root.Lstat(full); err == nil {
		return nil // a copy under this name: it must not be overwritten
	}
	// Its last records may not have been synced, and the new file's first refers to
	// them.
	if err := c.file.flush(c.file.File); err != nil {
		return err
	}
	if failed := c.root.Rename(c.id.currentName(), full); failed != nil {
		return nil //nolint:nilerr // see above: the log continues
	}
	last := c.last
	if err := c.begin(); err != nil {
		return err
	}
	c.last = last
	c.prune()
	return nil
}

// prune removes full files that are past their time, or over the size of the chain.
// The removal is recorded in the chain, on disk, before the first file is removed:
// whatever is missing without such a record was not removed by rotation. A process
// that is killed in between leaves files that the next rotation removes.
func (c *chain) prune() {
	names, removal := c.obsolete()
	if len(names) == 0 {
		return
	}
	r := Record{Kind: KindRemoval, Removal: &removal, Outcome: OK}
	line, err := c.stamp(&r)
	if err == nil {
		err = c.write(line, position{r.Seq, r.Hash})
	}
	if err == nil {
		err = c.file.flush(c.file.File)
	}
	if err != nil {
		return // nothing is removed without its record; the next rotation tries again
	}
	for _, name := range names {
		if err := c.remove(c.root, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return // the oldest first, so that what remains has no gap
		}
	}
}

// obsolete are the oldest full files that may be removed.
func (c *chain) obsolete() (names []string, removal Removal) {
	all, err := fullFiles(c.root, c.id)
	if err != nil {
		return nil, Removal{}
	}
	var total int64
	if c.limits.totalBytes > 0 {
		for _, name := range all {
			if info, err := c.root.Lstat(name); err == nil {
				total += info.Size()
			}
		}
	}
	for _, name := range all {
		// A file whose records cannot be read stays, and all behind it: it is evidence.
		first, last, size, err := c.ends(name)
		if err != nil || last.Seq == 0 {
			break
		}
		old := !last.At().IsZero() && c.now().Sub(last.At()) > c.limits.keep
		large := c.limits.totalBytes > 0 && total+c.limits.fileBytes > c.limits.totalBytes
		if !old && !large {
			break
		}
		if len(names) == 0 {
			removal.From = first.Seq
			removal.MissingFrom, removal.MissingTo = c.unexplained(all, first)
		}
		names = append(names, name)
		total -= size
		removal.To, removal.LastHash, removal.Until, removal.Why = last.Seq, last.Hash, last.Time, RemovedForSize
		if old {
			removal.Why = RemovedForAge
		}
	}
	switch removal.Why {
	case RemovedForAge:
		removal.Limit = days(c.limits.keep)
	case RemovedForSize:
		removal.Limit = mebibytes(c.limits.totalBytes)
	}
	return names, removal
}

// unexplained are the records before the first one of the full files that no rotation
// removed: without this, the removal of the files behind them would hide that. The
// record of a removal is the first one of its file.
func (c *chain) unexplained(full []string, first Record) (from, to uint64) {
	var removed uint64
	for _, name := range full {
		if r, _, _, err := c.ends(name); err == nil && r.Removal != nil {
			removed = max(removed, r.Removal.To)
		}
	}
	if first.Seq <= removed+1 || (removed == 0 && first.Version < recordVersion) {
		return 0, 0
	}
	return removed + 1, first.Seq - 1
}

// days is a time as it is shown: "30 days", or as Go writes it.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d >= day && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

func mebibytes(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// ends are the first and the last record of a full file.
func (c *chain) ends(name string) (first, last Record, size int64, err error) {
	f, err := c.root.Open(name)
	if err != nil {
		return first, last, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return first, last, 0, err
	}
	end, err := readEnd(f, info.Size())
	if err != nil {
		return first, last, 0, err
	}
	first, err = readFirst(f, info.Size())
	return first, end.record, info.Size(), err
}
