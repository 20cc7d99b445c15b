package audit

import (
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// RepeatInterval is how often a call that is repeated is recorded, as long as it ends in the same way.
const RepeatInterval = time.Hour

// Repeats are calls of one reading tool that a program makes again and again, such as to follow the tenant's log. They
// must not fill the log: of each outcome the first call has a record, and then one each [RepeatInterval], which counts
// those before it. [Log.EndRepeats] records the last ones.
type Repeats struct {
	mu sync.Mutex
	of map[Outcome]*repeat
}

// repeat are the calls with one outcome.
type repeat struct {
	// recorded is when the last record was written, and counted how many calls there were since.
	recorded time.Time
	counted  int
	// last is the record of the last call that was counted.
	last Record
}

// take notes a call that has ended, and reports whether its record is to be written. That counts the calls before it.
func (s *Repeats) take(r *Record, now time.Time) bool {
	if s == nil || r.Effect != string(pluginv1.EffectRead) {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[Outcome]*repeat{}
	}
	one := s.of[r.Outcome]
	if one == nil {
		one = &repeat{}
		s.of[r.Outcome] = one
	}
	if now.Sub(one.recorded) < RepeatInterval {
		one.counted++
		one.last = *r
		return false
	}
	r.Counted = repeated(r.Counted, one.counted)
	one.recorded, one.counted = now, 0
	return true
}

// repeated adds to what a record counts the calls before it that have no records.
func repeated(counted []Counted, calls int) []Counted {
	if calls == 0 {
		return counted
	}
	return append(counted, Counted{Rule: RuleRepeated, Count: calls})
}

// EndRepeats records the last call of each outcome that has no record yet.
func (l *Log) EndRepeats(s *Repeats) {
	if l == nil || s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, outcome := range Outcomes() {
		one := s.of[outcome]
		if one == nil || one.counted == 0 {
			continue
		}
		one.last.Counted = repeated(one.last.Counted, one.counted-1)
		_ = l.Append(one.last, false) // the log has warned
		one.counted = 0
	}
}
