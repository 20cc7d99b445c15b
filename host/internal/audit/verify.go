package audit

import (
	"errors"
	"fmt"
)

// Break is a place where the log is not what was written.
type Break struct {
	File string
	Line int
	// What says what is wrong there, and what that means.
	What string
}

func (b Break) String() string { return fmt.Sprintf("%s, line %d: %s", b.File, b.Line, b.What) }

// Report is what a check of the whole log found: its chain of changes, and that of
// reads.
type Report struct {
	ChainReport
	Reads ChainReport
	// Unfinished are the requests that were begun and have no end.
	Unfinished []Record
}

// ChainReport is what a check of one chain found.
type ChainReport struct {
	Files, Records int
	// First and Last are the first and the last record; zero if there is none.
	First, Last Record
	// Beginning says why First is the first one.
	Beginning Beginning
	// Breaks are the places where the chain is broken; at most maxBreaks of them, of
	// BreakCount.
	Breaks     []Break
	BreakCount int
	// Torn are broken lines that the next record vouches for, or the last line of
	// the log: the rest of a crash, no break.
	Torn []Break
	// Missed is how many records were lost because they could not be written.
	Missed int
}

// Intact reports whether nothing is broken.
func (r *Report) Intact() bool { return r.BreakCount == 0 && r.Reads.BreakCount == 0 }

const maxBreaks = 20

// Verify checks every line of the log against its hash and its place in its chain,
// and the beginning of each chain against the removals that it records. An error is
// one of reading.
func (s *Snapshot) Verify() (*Report, error) {
	changes, err := verifyChain(ChainChanges, s.changes)
	if err != nil {
		return nil, err
	}
	reads, err := verifyChain(ChainReads, s.reads)
	if err != nil {
		return nil, err
	}
	return &Report{ChainReport: changes.ChainReport, Reads: reads.ChainReport, Unfinished: changes.unfinished()}, nil
}

func verifyChain(id ChainID, files []part) (*verifier, error) {
	v := &verifier{id: id, ChainReport: ChainReport{Files: len(files)}, begun: map[Key]Record{}}
	for line, err := range lines(files) {
		if err != nil {
			return nil, err
		}
		v.line(line)
	}
	v.end()
	return v, nil
}

type verifier struct {
	ChainReport
	id ChainID
	// broken are the lines since the last record that are none, and tornBytes their
	// bytes: no break if the next record says that it found them.
	broken    []Break
	tornBytes int
	open      bool // the last of them is the end of its file, without a newline
	begun     map[Key]Record
	order     []Key
	// first is where First stands, and removals are the removals that are recorded.
	first    Line
	removals []Record
}

func (v *verifier) broke(line Line, format string, args ...any) {
	v.BreakCount++
	if len(v.Breaks) < maxBreaks {
		v.Breaks = append(v.Breaks, Break{line.File, line.Number, fmt.Sprintf(format, args...)})
	}
}

func (v *verifier) line(line Line) {
	if errors.Is(line.Err, errNotARecord) {
		v.broken = append(
			v.broken,
			Break{line.File, line.Number, fmt.Sprintf("%d bytes that are not a record", line.length)},
		)
		v.tornBytes += line.length
		v.open = line.open
		return
	}
	r := line.Record
	v.settle(line)
	switch {
	case line.Err != nil:
		v.broke(line, "record %d was changed: %v", r.Seq, line.Err)
	case r.Chain != v.id:
		v.broke(line, "record %d belongs to another chain: it was moved here", r.Seq)
	case v.Records == 0:
		// The beginning is checked at the end, when all removals are known.
	case r.Seq == v.Last.Seq && r.Hash == v.Last.Hash:
		v.broke(line, "record %d is there twice: it was copied", r.Seq)
	case r.Seq <= v.Last.Seq:
		v.broke(line, "record %d stands behind record %d: records were moved or added", r.Seq, v.Last.Seq)
	case r.Seq > v.Last.Seq+1:
		v.broke(
			line,
			"%s missing before record %d: removed, or lost with the end of a file",
			missing(v.Last.Seq+1, r.Seq-1),
			r.Seq,
		)
	case r.Prev != v.Last.Hash:
		v.broke(
			line,
			"record %d does not follow from the record before it: one of them was changed, with a new hash, or replaced",
			r.Seq,
		)
	}
	v.follow(line)
}

// missing is a range of records in words.
func missing(from, to uint64) string {
	if from == to {
		return fmt.Sprintf("record %d is", from)
	}
	return fmt.Sprintf("records %d to %d are", from, to)
}

// settle classifies the broken lines before a record, which vouches for them if they
// are the rest of a crash.
func (v *verifier) settle(next Line) {
	claimed := next.Record.Torn
	switch {
	case claimed > 0 && claimed == v.tornBytes:
		v.Torn = append(v.Torn, v.broken...)
	case len(v.broken) > 0:
		for _, b := range v.broken {
			v.BreakCount++
			if len(v.Breaks) < maxBreaks {
				b.What += ", and the next record does not know them: a record was destroyed, or something was added"
				v.Breaks = append(v.Breaks, b)
			}
		}
	case claimed > 0:
		v.broke(next, "record %d stood behind %d bytes of a broken line, which are gone", next.Record.Seq, claimed)
	}
	v.broken, v.tornBytes, v.open = nil, 0, false
}

func (v *verifier) follow(line Line) {
	r := line.Record
	if v.Records == 0 {
		v.First, v.first = r, line
	}
	v.Records++
	v.Last = r
	v.Missed += r.Missed
	switch {
	case r.Kind == KindRemoval && r.Removal != nil && line.Err == nil:
		v.removals = append(v.removals, r)
	case r.Kind == KindRequest && r.Phase == Sending:
		v.begun[r.Key()] = r
		v.order = append(v.order, r.Key())
	case r.Kind == KindRequest:
		delete(v.begun, r.Key())
	}
}

func (v *verifier) end() {
	if len(v.broken) > 0 && v.open && len(v.broken) == 1 {
		// A crash in the middle of a write leaves one open line at the end.
		v.broken[0].What += ", at the end of the log: a process ended in the middle of a write; the next record closes it"
		v.Torn = append(v.Torn, v.broken...)
		v.broken = nil
	}
	v.settle(Line{})
	if v.Records > 0 {
		v.begins()
	}
}

// unfinished are the requests without an end, in their order.
func (v *verifier) unfinished() []Record {
	var all []Record
	for _, key := range v.order {
		if r, ok := v.begun[key]; ok {
			all = append(all, r)
			delete(v.begun, key)
		}
	}
	return all
}
