package tenantlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tenant is a log whose events have the ids 1, 2, 3 …; those with an even one pass the filters.
type tenant struct {
	mu     sync.Mutex
	events int
	// down is why it does not answer; nil: it does.
	down error
	// asked is when each request came.
	asked []time.Time
	// between is called between the two requests at the start.
	between func()
}

// set changes the newest event, and why the tenant does not answer.
func (l *tenant) set(events int, down error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events, l.down = events, down
}

func (l *tenant) follow() (f Follower, shown *[]string) {
	shown = new([]string)
	event := func(n int) Event { return Event{ID: fmt.Sprint(n)} }
	f.Newest = func(context.Context) (string, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.asked = append(l.asked, time.Now())
		if l.down != nil || l.events == 0 {
			return "", l.down
		}
		return fmt.Sprint(l.events), nil
	}
	f.Latest = func(_ context.Context, most int) (latest []Event, err error) {
		if l.between != nil {
			l.between()
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for n := l.events; n > 0 && len(latest) < most; n-- {
			if n%2 == 0 {
				latest = append(latest, event(n))
			}
		}
		slices.Reverse(latest)
		return latest, l.down
	}
	f.After = func(_ context.Context, id string) (page Page, err error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.asked = append(l.asked, time.Now())
		if l.down != nil {
			return page, l.down
		}
		var from int
		if _, err := fmt.Sscan(id, &from); err != nil {
			return page, err
		}
		const take = 10
		last := min(from+take, l.events)
		for n := from + 1; n <= last; n++ {
			if n%2 == 0 {
				page.Events = append(page.Events, event(n))
			}
		}
		page.Next, page.More = fmt.Sprint(last), last == from+take
		return page, nil
	}
	f.Show = func(e Event) error {
		*shown = append(*shown, e.ID)
		return nil
	}
	f.Outage = func(err error) { *shown = append(*shown, fmt.Sprint(err)) }
	return f, shown
}

// run follows in the background. end stops it and returns what was shown.
func run(t *testing.T, f Follower, shown *[]string, latest int) (end func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx, latest, 1000) }()
	return func() string {
		t.Helper()
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
		return strings.Join(*shown, " ")
	}
}

func TestFollow(t *testing.T) {
	tests := map[string]struct {
		begin, latest int
		do            func(*tenant)
		want          string
	}{
		"the latest, then what comes": {6, 2, func(l *tenant) {
			l.set(9, nil)
			time.Sleep(Interval)
			l.set(10, nil)
			time.Sleep(Interval)
		}, "4 6 8 10"},
		"none of the latest": {6, 0, func(l *tenant) {
			l.set(8, nil)
			time.Sleep(Interval)
		}, "8"},
		"many at once": {2, 1, func(l *tenant) {
			l.set(60, nil)
			time.Sleep(Interval)
		}, "2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32 34 36 38 40 42 44 46 48 50 52 54 56 58 60"},
		"a log without events": {0, 1, func(l *tenant) {
			time.Sleep(10 * Interval)
			l.set(6, nil)
			time.Sleep(Interval)
			l.set(8, nil)
			time.Sleep(Interval)
		}, "2 4 6 8"},
		"an outage": {2, 1, func(l *tenant) {
			l.set(2, &OutageError{errors.New("down")})
			time.Sleep(time.Hour)
			l.set(8, nil)
			time.Sleep(MaxInterval)
			l.set(10, nil)
			time.Sleep(Interval)
		}, "2 down <nil> 4 6 8 10"},
		"an outage before the first event": {0, 1, func(l *tenant) {
			l.set(0, &OutageError{errors.New("down")})
			time.Sleep(time.Hour)
			l.set(4, nil)
			time.Sleep(MaxInterval)
		}, "down <nil> 2 4"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &tenant{events: test.begin}
				f, shown := l.follow()
				end := run(t, f, shown, test.latest)
				synctest.Wait()
				test.do(l)
				if got := end(); got != test.want {
					t.Errorf("it showed %s\nwant %s", got, test.want)
				}
			})
		})
	}
}

// An event that comes between the two requests at the start is neither lost nor shown twice.
func TestNoGapAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &tenant{events: 4}
		l.between = func() { l.set(8, nil); l.between = nil }
		f, shown := l.follow()
		end := run(t, f, shown, 2)
		time.Sleep(2 * Interval)
		if got := end(); got != "6 8" {
			t.Errorf("it showed %s", got)
		}
	})
}

// The longer the tenant does not answer, the less often it is asked.
func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &tenant{events: 2}
		f, shown := l.follow()
		end := run(t, f, shown, 1)
		synctest.Wait()
		l.mu.Lock()
		l.down, l.asked = &OutageError{errors.New("down")}, nil
		l.mu.Unlock()
		time.Sleep(10 * time.Minute)
		end()
		if n := len(l.asked); n < 12 || n > 16 {
			t.Errorf("it asked %d times in ten minutes", n)
		}
		if last := l.asked[len(l.asked)-1].Sub(l.asked[len(l.asked)-2]); last != MaxInterval {
			t.Errorf("it asked again after %v", last)
		}
	})
}

// What is no outage ends it, and so does an outage that is there at the start.
func TestEnd(t *testing.T) {
	refused := errors.New("refused")
	for name, at := range map[string]struct {
		start, later, show error
		want               string
	}{
		"a refusal": {later: refused, want: "refused"}, "an outage at the start": {start: &OutageError{refused}, want: "refused"},
		"what reads the output has gone": {show: errors.New("closed"), want: "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			l := &tenant{events: 2, down: at.start}
			f, _ := l.follow()
			f.Show = func(Event) error {
				l.down = at.later
				return at.show
			}
			if err := f.Run(t.Context(), 1, 10); err == nil || err.Error() != at.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

// An event that the log has twice, in one page or in two, is shown once.
func TestEventsThatComeTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := [][]string{{"2", "2", "3"}, {"3", "1", "4"}, {}, {"4", "5"}}
		var shown []string
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		f := Follower{
			Newest: func(context.Context) (string, error) { return "1", nil },
			Latest: func(context.Context, int) ([]Event, error) { return []Event{{ID: "1"}}, nil },
			After: func(context.Context, string) (page Page, err error) {
				if len(pages) == 0 {
					cancel()
					return page, ctx.Err()
				}
				for _, id := range pages[0] {
					page.Events = append(page.Events, Event{ID: id})
				}
				page.Next, pages = "x", pages[1:]
				return page, nil
			},
			Show: func(e Event) error {
				shown = append(shown, e.ID)
				return nil
			},
		}
		if err := f.Run(ctx, 1, 10); err != nil || !slices.Equal(shown, []string{"1", "2", "3", "4", "5"}) {
			t.Errorf("%q, %v", shown, err)
		}
	})
}

func TestRecentIsBounded(t *testing.T) {
	var r recent
	for n := range 3 * maxRecent {
		if !r.add(fmt.Sprint(n)) || r.add(fmt.Sprint(n)) || len(r.known) > maxRecent || len(r.order) > maxRecent {
			t.Fatal(n, len(r.known), len(r.order))
		}
	}
}
