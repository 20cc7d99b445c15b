package audit

import "time"

// Bounds of the records that wait. One record more writes them all.
const (
	maxWaiting      = 256
	maxWaitingBytes = 1 << 20
)

// later lets a record of a read wait until Config.Delay is over, the log is flushed, a
// record of a change is written, or too many wait.
func (l *Log) later(r Record) {
	r.Time = l.reads.now().UTC().Format(TimeFormat)
	l.mu.Lock()
	l.waiting = append(l.waiting, r)
	l.waitingBytes += len(r.Arguments) + len(r.canonical)
	first := len(l.waiting) == 1
	full := len(l.waiting) > maxWaiting || l.waitingBytes > maxWaitingBytes
	l.mu.Unlock()
	if first {
		time.AfterFunc(l.cfg.Delay, l.Flush)
	}
	if full {
		l.flush(l.patience(false))
	}
}

// Flush writes the records that wait. The log has warned of those that are lost.
func (l *Log) Flush() {
	if l != nil {
		l.flush(patienceForWaiting)
	}
}

func (l *Log) flush(patience time.Duration) {
	l.mu.Lock()
	none := len(l.waiting) == 0
	l.mu.Unlock()
	if none {
		return
	}
	deadline := time.Now().Add(patience)
	if !l.take(deadline) {
		_ = l.wrote(&l.reads, false, 0, len(l.takeWaiting()), errLocked)
		return
	}
	defer func() { <-l.turn }()
	l.writeWaiting(time.Until(deadline))
}

// writeWaiting writes the records that wait; the turn is held.
func (l *Log) writeWaiting(patience time.Duration) {
	if records := l.takeWaiting(); len(records) > 0 {
		_, _ = l.append(&l.reads, records, patience, false) // it has warned
	}
}

func (l *Log) takeWaiting() []Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	records := l.waiting
	l.waiting, l.waitingBytes = nil, 0
	return records
}
