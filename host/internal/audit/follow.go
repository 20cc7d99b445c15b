package audit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Follower reads on in a log that hosts write to.
type Follower struct {
	folder string
	// file is the one in use when it was last looked at, read up to offset.
	file   fs.FileInfo
	offset int64
	number int
	last   uint64 // the last record that was given
}

// Follow begins behind the record with this number.
func Follow(folder string, after uint64) *Follower { return &Follower{folder: folder, last: after} }

// Read gives the complete lines that have come since, also across a new file. The
// line is valid during the call only.
func (f *Follower) Read(give func(Line) error) error {
	info, err := os.Lstat(filepath.Join(f.folder, currentName))
	if errors.Is(err, fs.ErrNotExist) || (err == nil && f.file != nil && os.SameFile(info, f.file) && info.Size() == f.offset) {
		return nil
	}
	s, err := OpenSnapshot(f.folder)
	if err != nil {
		return err
	}
	err = f.read(s, give)
	return errors.Join(err, s.Close())
}

func (f *Follower) read(s *Snapshot, give func(Line) error) error {
	found := -1
	for i, p := range s.files {
		if f.file != nil && os.SameFile(p.info, f.file) && p.size >= f.offset {
			found = i
		}
	}
	if found < 0 {
		// The file is gone, or was made shorter: what is new is told by its numbers.
		f.offset, f.number = 0, 0
	}
	for i, p := range s.files {
		if i < found {
			continue
		}
		if i != found {
			f.offset, f.number = 0, 0
		}
		f.file = p.info
		for line, err := range p.lines(f.offset, f.number) {
			if err != nil {
				return err
			}
			if line.open { // it is still being written
				break
			}
			f.offset += int64(line.length) + 1
			f.number = line.Number
			if !errors.Is(line.Err, errNotARecord) {
				if line.Record.Seq <= f.last {
					continue
				}
				f.last = line.Record.Seq
			}
			if err := give(line); err != nil {
				return err
			}
		}
	}
	return nil
}
