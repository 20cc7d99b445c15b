package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// Snapshot is the log as it was at one moment, while hosts go on writing.
type Snapshot struct {
	changes, reads []part
	close          []io.Closer
	key            []byte
}

// chain is the files of a chain.
func (s *Snapshot) chain(id ChainID) *[]part {
	if id == ChainReads {
		return &s.reads
	}
	return &s.changes
}

// part is a file up to the size that it had.
type part struct {
	name string // the path
	data io.ReaderAt
	size int64
	info fs.FileInfo
}

// snapshotPatience bounds the wait for a writer. Without the lock the last line may
// be half of one.
const snapshotPatience = 2 * time.Second

// OpenSnapshot opens what is in a folder. One that does not exist is an empty log.
// The lock is held for as long as it takes to open a few files.
func OpenSnapshot(folder string) (*Snapshot, error) {
	s := &Snapshot{}
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	defer func() { _ = root.Close() }()
	if _, err := root.Lstat(lockName); err == nil { // reading makes no file
		unlock, err := atomicfile.LockWithin(filepath.Join(folder, lockName), snapshotPatience)
		if err == nil { // a folder that can only be read has no writer to wait for
			defer unlock()
		}
	}
	for _, id := range []ChainID{ChainChanges, ChainReads} {
		names, err := fullFiles(root, id)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("audit log: %w", err), s.Close())
		}
		for _, name := range append(names, id.currentName()) {
			if err := s.add(root, folder, name, s.chain(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, errors.Join(fmt.Errorf("audit log: %s: %w", filepath.Join(folder, name), err), s.Close())
			}
		}
	}
	s.key = readKey(root)
	return s, nil
}

func (s *Snapshot) add(root *os.Root, folder, name string, files *[]part) error {
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // opening a named pipe would hang
		return errors.New("not a regular file")
	}
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	s.close = append(s.close, f)
	if info, err = f.Stat(); err != nil {
		return err
	}
	*files = append(*files, part{filepath.Join(folder, name), f, info.Size(), info})
	return nil
}

// Close closes the files.
func (s *Snapshot) Close() error {
	var err error
	for _, c := range s.close {
		err = errors.Join(err, c.Close())
	}
	s.close = nil
	return err
}

// HMAC is what ArgumentsHMAC is for arguments in this log; "" without its key.
func (s *Snapshot) HMAC(arguments []byte) string {
	canonical := Canonical(arguments)
	if canonical == nil {
		return ""
	}
	return keyedHash(s.key, canonical)
}

// Line is one line of a file, and untrusted.
type Line struct {
	File   string
	Number int
	// Raw is the line without its newline, cut at a bound that no record reaches. It
	// is valid until the next line is asked for.
	Raw    []byte
	Record Record
	// Err says that the line is no record, or is not what was written.
	Err error
	// length is that of the whole line, and open that it has no newline.
	length int
	open   bool
}

// Lines are all lines of both chains: those of a chain in their order, and the two
// merged by the time of the records. An error is one of reading.
func (s *Snapshot) Lines() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		var next [2]func() (Line, error, bool)
		var line [2]Line
		var err [2]error
		var more [2]bool
		for i, files := range [][]part{s.changes, s.reads} {
			pull, stop := iter.Pull2(lines(files))
			defer stop()
			next[i] = pull
			line[i], err[i], more[i] = pull()
		}
		for more[0] || more[1] {
			i := 0
			if !more[0] || (more[1] && err[0] == nil && line[1].before(line[0])) {
				i = 1
			}
			if !yield(line[i], err[i]) || err[i] != nil {
				return
			}
			line[i], err[i], more[i] = next[i]()
		}
	}
}

// before reports whether a line comes before that of the other chain. What is no
// record has no time, and stays with the record before it.
func (l Line) before(other Line) bool {
	if l.Record.Seq == 0 || other.Record.Seq == 0 {
		return l.Record.Seq == 0
	}
	return l.Record.At().Before(other.Record.At())
}

// lines are those of a chain, oldest first.
func lines(files []part) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for _, f := range files {
			for line, err := range f.lines(0, 0) {
				if !yield(line, err) || err != nil {
					return
				}
			}
		}
	}
}

// lines are those behind an offset, before which there are some already.
func (f part) lines(offset int64, before int) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		r := bufio.NewReaderSize(io.NewSectionReader(f.data, offset, f.size-offset), 64<<10)
		var raw []byte
		for number := before + 1; ; number++ {
			line := Line{File: f.name, Number: number}
			raw = raw[:0]
			for {
				piece, err := r.ReadSlice('\n')
				line.length += len(piece)
				raw = append(raw, piece[:min(len(piece), maxLine+1-len(raw))]...)
				if errors.Is(err, bufio.ErrBufferFull) {
					continue
				}
				line.open = err != nil
				if err != nil && !errors.Is(err, io.EOF) {
					yield(line, fmt.Errorf("audit log: %s: %w", f.name, err))
					return
				}
				break
			}
			if line.length == 0 {
				return
			}
			if !line.open {
				line.length--
			}
			line.Raw = bytes.TrimSuffix(raw, []byte{'\n'})
			line.Record, line.Err = Record{}, errNotARecord
			if line.length <= maxLine {
				line.Record, line.Err = parse(line.Raw)
			}
			if !yield(line, nil) || line.open {
				return
			}
		}
	}
}

// Unfinished finds the requests that were begun and have no end: each may have
// happened, or is under way. Calls that wrote and have no end are among them as request 0.
func (s *Snapshot) Unfinished() (map[Key]bool, error) {
	begun := map[Key]bool{}
	for line, err := range lines(s.changes) {
		if err != nil {
			return nil, err
		}
		if errors.Is(line.Err, errNotARecord) {
			continue
		}
		switch key := line.Record.Key(); {
		case line.Record.Kind == KindCall:
			delete(begun, Key{Call: key.Call})
		case line.Record.Kind != KindRequest:
		case line.Record.Phase == Sending:
			begun[key], begun[Key{Call: key.Call}] = true, true
		default:
			delete(begun, key)
		}
	}
	return begun, nil
}

// Find is the record with a hash that was noted elsewhere; ok is false if it is not
// in the log.
func (s *Snapshot) Find(hash string) (r Record, ok bool, err error) {
	for line, err := range s.Lines() {
		if err != nil {
			return Record{}, false, err
		}
		if line.Err == nil && line.Record.Hash == hash {
			return line.Record, true, nil
		}
	}
	return Record{}, false, nil
}

// Key names a request.
type Key struct {
	Call    string
	Request int
}

// Key is the request of a record.
func (r *Record) Key() Key { return Key{r.Call, r.Request} }
