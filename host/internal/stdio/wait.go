package stdio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrInputEnded ends the waits for the user and for the client's answers when nothing more is read from the client: at
// the end of input, or when the server shuts down. No answer can arrive then.
var ErrInputEnded = errors.New("the connection is ending, no answer can arrive any more")

// BusyError says that the bound on calls that wait for the user, or on requests to the client, is reached.
type BusyError struct {
	What       string        // what there is too much of, such as "16 calls wait for the user"
	RetryAfter time.Duration // how long to wait at least before trying again
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("busy: %s; try again when some have been answered", e.What)
}

// waits bounds the calls that wait for the user. Their bound is separate from the pools', so that a user who is away
// blocks no tool. Which calls wait is in the table of requests in flight.
type waits struct {
	most, maxHeld int
	count         int
	held          int // bytes of the calls that wait
}

// endWaits ends all waits for the user. The caller holds c.mu.
func (c *Conn) endWaits() {
	for _, k := range c.inFlight {
		if k.endsWait != nil {
			k.endsWait(ErrInputEnded)
		}
	}
}

// WaitForUser runs f, which waits for the user, in the handler of a pooled call that got ctx. Meanwhile the call
// gives its place in its pool to another call and counts among Config.Waits. When f returns, the call takes a place
// in its pool again, ahead of those that wait there, and WaitForUser returns f's error.
//
// It returns a *[BusyError] at once, without running f, if too many calls wait for the user already. The context that f
// gets ends with ctx, and with cause [ErrInputEnded] when the input ends, since no answer can arrive then. If f fails
// after its context has ended, or ctx ends before there is a place again, the error is that context's cause.
func WaitForUser(ctx context.Context, f func(ctx context.Context) error) error {
	k, _ := ctx.Value(callKey{}).(*call)
	if k == nil || k.pool == nil {
		return errors.New("stdio: only the handler of a pooled call can wait for the user")
	}
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := k.beginWait(cancel); err != nil {
		return err
	}
	back := &resumption{call: k, taken: make(chan struct{})}
	waits := true
	defer func() { // f may panic, or end its goroutine
		if waits {
			k.endWait(nil)
		}
	}()
	err := f(waiting)
	waits = false
	k.endWait(back)
	select {
	case <-back.taken:
	case <-ctx.Done():
		k.giveUp(back)
		err = cmp.Or(err, context.Cause(ctx))
	case <-k.ctx.Done(): // also when its handler has returned
		k.giveUp(back)
		err = cmp.Or(err, context.Cause(k.ctx))
	}
	if err != nil && waiting.Err() != nil {
		err = context.Cause(waiting)
	}
	return err
}

// beginWait gives the call's place to others.
func (k *call) beginWait(cancel context.CancelCauseFunc) error {
	c := k.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &c.waits
	switch {
	case !k.placed:
		return errors.New("stdio: the call has been answered, or waits for the user already")
	case c.stopping:
		return ErrInputEnded
	case w.count >= w.most || w.held > 0 && w.held+k.size() > w.maxHeld:
		return &BusyError{What: fmt.Sprintf("%d calls wait for the user", w.count), RetryAfter: busyRetryAfter}
	}
	w.count++
	k.endsWait = cancel
	k.chargeTo(&w.held)
	k.pool.leave(k)
	c.startWaiting(k.pool)
	return nil
}

// endWait queues the call for a place in its pool; with nil, when its handler ends, for none.
func (k *call) endWait(back *resumption) {
	c := k.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits.count--
	k.endsWait = nil
	if k.held == nil { // the handler has returned before the wait: the call is over
		back = nil
	}
	if back != nil {
		k.chargeTo(&k.pool.held)
		k.pool.returning = append(k.pool.returning, back)
		c.startWaiting(k.pool)
	}
}

func (k *call) giveUp(back *resumption) {
	k.conn.mu.Lock()
	defer k.conn.mu.Unlock()
	k.pool.giveUp(back)
}
