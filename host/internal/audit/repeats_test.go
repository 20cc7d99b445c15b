package audit

import (
	"testing"
	"testing/synctest"
	"time"
)

// A program that asks each few seconds leaves one record an hour for each way in which its calls end, and no call is
// left out of the count.
func TestRepeatedCallsDoNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := testLog(t)
		var repeats Repeats
		call := func(effect string, outcome Outcome) {
			c := l.Begin(Subject{Tool: "auth0_list_logs", Effect: effect}, nil)
			c.Repeats(&repeats)
			c.End(outcome, "")
		}
		for i := range 3000 { // 2.5 hours
			outcome := OK
			if i%10 == 9 {
				outcome = Error
			}
			call("read", outcome)
			time.Sleep(3 * time.Second)
		}
		l.EndRepeats(&repeats)
		l.EndRepeats(&repeats)
		count := map[Outcome]int{}
		all := records(t, l)
		for _, r := range all {
			count[r.Outcome]++
			for _, c := range r.Counted {
				if c.Rule != RuleRepeated {
					t.Errorf("%+v", c)
				}
				count[r.Outcome] += c.Count
			}
		}
		if len(all) != 8 || count[OK] != 2700 || count[Error] != 300 {
			t.Errorf("%d records of %v", len(all), count)
		}
		call("write", OK)
		call("write", OK)
		if all := records(t, l); len(all) != 10 {
			t.Errorf("%d records: writing calls are not recorded one by one", len(all))
		}
	})
}

func TestNoLogOfRepeats(*testing.T) {
	var l *Log
	c := l.Begin(Subject{}, nil)
	c.Repeats(new(Repeats))
	c.End(OK, "")
	l.EndRepeats(new(Repeats))
}
