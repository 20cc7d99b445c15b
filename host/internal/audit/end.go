package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// lastFull is the last record of the newest full file.
func (c *chain) lastFull() (position, error) {
	names, err := fullFiles(c.root, c.id)
	if err != nil || len(names) == 0 {
		return position{}, err
	}
	f, err := c.root.Open(names[len(names)-1])
	if err != nil {
		return position{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return position{}, err
	}
	end, err := readEnd(f, info.Size())
	return end.last, err
}

// fileEnd is how a file ends.
type fileEnd struct {
	last   position
	record Record // the last one
	torn   int    // bytes of broken lines behind the last record, newlines not counted
	open   bool   // the last line has no newline
}

// endWindow is how much of a file's end is read first: several records.
const (
	endWindow = 32 << 10
	maxWindow = 64 << 20
)

// readEnd finds the last record of a file of the given size.
func readEnd(f io.ReaderAt, size int64) (fileEnd, error) {
	for window := int64(endWindow); ; window *= 8 {
		from := max(0, size-window)
		data := make([]byte, size-from)
		if _, err := f.ReadAt(data, from); err != nil && !errors.Is(err, io.EOF) {
			return fileEnd{}, err
		}
		if end, found := lastRecord(data); found || from == 0 {
			return end, nil
		}
		if window >= maxWindow {
			return fileEnd{}, fmt.Errorf("no record is in its last %d MiB: move it away", maxWindow>>20)
		}
	}
}

func lastRecord(data []byte) (fileEnd, bool) {
	end := fileEnd{open: len(data) > 0 && data[len(data)-1] != '\n'}
	for rest := data; len(rest) > 0; {
		rest = bytes.TrimSuffix(rest, []byte{'\n'})
		line := rest[bytes.LastIndexByte(rest, '\n')+1:]
		rest = rest[:len(rest)-len(line)]
		// A record that was changed is still the one to continue from: Verify reports
		// the change.
		if r, err := parse(line); err == nil || errors.Is(err, errHash) {
			end.last, end.record = position{r.Seq, r.Hash}, r
			return end, true
		}
		end.torn += len(line)
	}
	return end, false
}

// readFirst is the first line of a file as a record; zero if it is none.
func readFirst(f io.ReaderAt, size int64) (Record, error) {
	data := make([]byte, min(size, maxLine+1))
	n, err := f.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return Record{}, err
	}
	line, _, whole := bytes.Cut(data[:n], []byte{'\n'})
	if !whole {
		return Record{}, nil
	}
	r, err := parse(line)
	if errors.Is(err, errNotARecord) {
		return Record{}, nil
	}
	return r, nil // changed or not: only its time and its number are used
}
