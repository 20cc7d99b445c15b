// Package tenantlog follows the log of a tenant: it decides where to read on, when, and which events have been shown.
package tenantlog

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

const (
	// Interval is between two requests when no events are waiting: shorter than a user notices, and a fraction of what the
	// smallest tenant may send.
	Interval = 3 * time.Second
	// MaxInterval is between two requests when the tenant has not answered for long.
	MaxInterval = time.Minute
)

// Event is one event of the log.
type Event struct {
	ID string
	// JSON is the event as the tenant has it.
	JSON json.RawMessage
}

// Page are the events behind a checkpoint, oldest first.
type Page struct {
	Events []Event
	// Next is the checkpoint behind them, and behind those that the filters left out.
	Next string
	// More is whether there are further events already.
	More bool
}

// OutageError says that the tenant did not answer, or answered that it cannot now: the same request may work later.
type OutageError struct{ Err error }

func (e *OutageError) Error() string { return e.Err.Error() }
func (e *OutageError) Unwrap() error { return e.Err }

// Follower shows a log's events as they come. All its functions are called one at a time.
type Follower struct {
	// Newest is the newest event of the log, whatever the filters are; "" if the log is empty.
	Newest func(context.Context) (id string, err error)
	// Latest are the latest events that pass the filters, oldest first: at most as many as are asked for.
	Latest func(ctx context.Context, most int) ([]Event, error)
	// After reads on after an event.
	After func(ctx context.Context, id string) (Page, error)
	Show  func(Event) error
	// Outage is told when the tenant stops answering and why, and with nil when it answers again.
	Outage func(error)
}

// Run shows the latest events, and then each new one once and in the log's order, until the context ends, which is no
// error. An outage does not end it, unless it is there at the start. most is how many events Latest can have.
func (f Follower) Run(ctx context.Context, latest, most int) error {
	from, events, err := f.begin(ctx, latest)
	for err == nil && from == "" { // nothing has happened at this tenant yet: what comes is new, all of it
		err = f.persist(ctx, Interval, func() (err error) {
			from, events, err = f.begin(ctx, most)
			return err
		})
	}
	var shown recent
	if err == nil {
		err = f.show(events, &shown)
	}
	var wait time.Duration
	for err == nil {
		var page Page
		if err = f.persist(ctx, wait, func() (err error) {
			page, err = f.After(ctx, from)
			return err
		}); err == nil {
			err = f.show(page.Events, &shown)
		}
		from, wait = page.Next, Interval
		if page.More {
			wait = 0
		}
	}
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// begin finds where to read on, and the latest events. The checkpoint is the older of the two, so that no event between
// the two requests is lost.
func (f Follower) begin(ctx context.Context, latest int) (from string, events []Event, err error) {
	if from, err = f.Newest(ctx); err == nil && from != "" && latest > 0 {
		events, err = f.Latest(ctx, latest)
	}
	return from, events, err
}

func (f Follower) show(events []Event, shown *recent) error {
	for _, event := range events {
		if !shown.add(event.ID) {
			continue
		}
		if err := f.Show(event); err != nil {
			return err
		}
	}
	return nil
}

// maxRecent is how many ids are remembered: more than a beginning and the pages behind it have.
const maxRecent = 2000

// recent are the events that were shown last. The zero value is empty.
type recent struct {
	known map[string]bool
	order []string
}

// add reports whether an event is new.
func (r *recent) add(id string) bool {
	if r.known[id] {
		return false
	}
	if r.known == nil {
		r.known = map[string]bool{}
	}
	if len(r.order) == maxRecent {
		delete(r.known, r.order[0])
		r.order = r.order[1:]
	}
	r.known[id] = true
	r.order = append(r.order, id)
	return true
}

// persist waits, and does something until the tenant has answered to it, less often the longer it does not.
func (f Follower) persist(ctx context.Context, wait time.Duration, do func() error) error {
	failing := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		err := do()
		var outage *OutageError
		if ctx.Err() != nil || !errors.As(err, &outage) {
			if failing && err == nil {
				f.Outage(nil)
			}
			return err
		}
		if !failing {
			failing = true
			f.Outage(outage.Err)
		}
		wait = min(max(2*wait, Interval), MaxInterval)
	}
}
