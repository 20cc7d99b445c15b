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

// Report is what a check of the whole log found.
type Report struct {
	Files, Records int
	// First and Last are the first and the last record; zero if there is none.
	First, Last Record
	// Breaks are the places where the chain does not hold; at most maxBreaks of them,
	// of BreakCount.
	Breaks     []Break
	BreakCount int
	// Torn are broken lines that the next record vouches for, or the last line of
	// the log: the rest of a crash, no break.
	Torn []Break
	// Unfinished are the requests that were begun and have no end.
	Unfinished []Record
	// Missed is how many records were lost because they could not be written.
	Missed int
}

const maxBreaks = 20

// Verify checks every line of the log against its hash and its place in the chain.
// An error is one of reading.
func (s *Snapshot) Verify() (*Report, error) {
	v := &verifier{Report: &Report{Files: len(s.files)}, begun: map[Key]Record{}}
	for line, err := range s.Lines() {
		if err != nil {
			return nil, err
		}
		v.line(line)
	}
	v.end()
	return v.Report, nil
}

type verifier struct {
	*Report
	// broken are the lines since the last record that are none, and tornBytes their
	// bytes: no break if the next record says that it found them.
	broken    []Break
	tornBytes int
	open      bool // the last of them is the end of its file, without a newline
	begun     map[Key]Record
	order     []Key
}

func (v *verifier) broke(line Line, format string, args ...any) {
	v.BreakCount++
	if len(v.Breaks) < maxBreaks {
		v.Breaks = append(v.Breaks, Break{line.File, line.Number, fmt.Sprintf(format, args...)})
	}
}

func (v *verifier) line(line Line) {
	if errors.Is(line.Err, errNotARecord) {
		v.broken = append(v.broken, Break{line.File, line.Number, fmt.Sprintf("%d bytes that are not a record", line.length)})
		v.tornBytes += line.length
		v.open = line.open
		return
	}
	r := line.Record
	v.settle(line)
	switch {
	case line.Err != nil:
		v.broke(line, "record %d was changed: %v", r.Seq, line.Err)
	case v.Records == 0 && r.Seq == 1 && r.Prev != "":
		v.broke(line, "record 1 refers to one before it, which is not there: it was the first, or the log was made up")
	case v.Records == 0:
		// The beginning of the log: what was before was rotated away, or removed.
	case r.Seq == v.Last.Seq && r.Hash == v.Last.Hash:
		v.broke(line, "record %d is there twice: it was copied", r.Seq)
	case r.Seq <= v.Last.Seq:
		v.broke(line, "record %d stands behind record %d: records were moved or added", r.Seq, v.Last.Seq)
	case r.Seq > v.Last.Seq+1:
		v.broke(line, "%s missing before record %d: removed, or lost with the end of a file", missing(v.Last.Seq+1, r.Seq-1), r.Seq)
	case r.Prev != v.Last.Hash:
		v.broke(line, "record %d does not follow from the record before it: one of them was changed, with a new hash, or put in its place", r.Seq)
	}
	v.follow(r)
}

// missing is a range of records in words.
func missing(from, to uint64) string {
	if from == to {
		return fmt.Sprintf("record %d is", from)
	}
	return fmt.Sprintf("records %d to %d are", from, to)
}

// settle decides about the broken lines before a record, which vouches for them if
// they are the rest of a crash.
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

func (v *verifier) follow(r Record) {
	if v.Records == 0 {
		v.First = r
	}
	v.Records++
	v.Last = r
	v.Missed += r.Missed
	if r.Kind != KindRequest {
		return
	}
	key := r.Key()
	if r.Phase != Sending {
		delete(v.begun, key)
		return
	}
	v.begun[key] = r
	v.order = append(v.order, key)
}

func (v *verifier) end() {
	if len(v.broken) > 0 && v.open && len(v.broken) == 1 {
		// A crash in the middle of a write leaves one open line at the end.
		v.broken[0].What += ", at the end of the log: a process ended in the middle of a write; the next record closes it"
		v.Torn = append(v.Torn, v.broken...)
		v.broken = nil
	}
	v.settle(Line{})
	for _, key := range v.order {
		if r, ok := v.begun[key]; ok {
			v.Unfinished = append(v.Unfinished, r)
			delete(v.begun, key)
		}
	}
}
