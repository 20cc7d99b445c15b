package audit

import (
	"errors"
	"os"
	"path/filepath"
)

// Follower reads the records that hosts add to a log.
type Follower struct {
	folder string
	chains []*followed
}

// followed is one chain of a log that is followed.
type followed struct {
	id ChainID
	// file is the one in use when it was last read, read up to offset.
	file   os.FileInfo
	offset int64
	number int
	last   uint64 // the last record that was given
}

// Follow begins behind the records with these numbers, one of each chain.
func Follow(folder string, changes, reads uint64) *Follower {
	return &Follower{folder, []*followed{{id: ChainChanges, last: changes}, {id: ChainReads, last: reads}}}
}

// Read gives the complete lines that have come since, also across a new file: those
// of one chain in their order, and before those of the other. The line is valid
// during the call only.
func (f *Follower) Read(give func(Line) error) error {
	changed := false
	for _, c := range f.chains {
		info, err := os.Lstat(filepath.Join(f.folder, c.id.currentName()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		changed = changed || err != nil || c.file == nil || !os.SameFile(info, c.file) || info.Size() != c.offset
	}
	if !changed {
		return nil
	}
	s, err := OpenSnapshot(f.folder)
	if err != nil {
		return err
	}
	for _, c := range f.chains {
		err = errors.Join(err, c.read(*s.chain(c.id), give))
	}
	return errors.Join(err, s.Close())
}

func (f *followed) read(files []part, give func(Line) error) error {
	found := -1
	for i, p := range files {
		if f.file != nil && os.SameFile(p.info, f.file) && p.size >= f.offset {
			found = i
		}
	}
	if found < 0 {
		// The file is gone, or was made shorter: the numbers of records say what is new.
		f.offset, f.number = 0, 0
	}
	for i, p := range files {
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
