package stdio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrInputEnded is why a wait on a person or on the client's answer ends when nothing more is read from the client: at
// the end of input, or when the server shuts down. Nobody can answer any more.
var ErrInputEnded = errors.New("the connection is ending and nobody can answer any more")

// BusyError says that as many calls as may wait on a person, or on the client, do so already.
type BusyError struct {
	What       string        // what there is too much of, for people
	RetryAfter time.Duration // when trying again is worth it, at the earliest
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("busy: %s; try again when some have been answered", e.What)
}

// waits are the calls that wait on a person. They have a bound of their own, so that a person who is away stops no tool.
type waits struct {
	most, maxHeld int
	held          int // bytes of the calls that wait
	calls         map[*call]context.CancelCauseFunc
}

func newWaits(cfg Config) waits {
	return waits{most: cfg.Waits, maxHeld: cfg.MaxHeld, calls: map[*call]context.CancelCauseFunc{}}
}

// end ends all waits. The caller holds conn.mu.
func (w *waits) end() {
	for _, cancel := range w.calls {
		cancel(ErrInputEnded)
	}
}

// WaitForPerson runs f, which waits on a person, for the handler of a pooled call that got ctx. Meanwhile the call's
// place in its pool is another call's, and it counts among Config.Waits. When f returns, the call takes a place in its
// pool again, ahead of those that wait there, and WaitForPerson returns f's error.
//
// The error is a *[BusyError] at once, without running f, when too many calls wait on a person already. The context that
// f gets ends with ctx, and with cause [ErrInputEnded] when the input ends, since nobody can answer then. If f fails
// after its context has ended, or ctx ends before there is a place again, the error is that context's cause.
func WaitForPerson(ctx context.Context, f func(ctx context.Context) error) error {
	k, _ := ctx.Value(callKey{}).(*call)
	if k == nil || k.pool == nil {
		return errors.New("stdio: only the handler of a pooled call can wait for a person")
	}
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := k.beginWait(cancel); err != nil {
		return err
	}
	back := &comeback{call: k, taken: make(chan struct{})}
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
		return errors.New("stdio: the call has been answered, or waits for a person already")
	case c.stopping:
		return ErrInputEnded
	case len(w.calls) >= w.most || w.held > 0 && w.held+k.size() > w.maxHeld:
		return &BusyError{What: fmt.Sprintf("%d calls wait for a person", len(w.calls)), RetryAfter: busyRetryAfter}
	}
	w.calls[k] = cancel
	k.chargeTo(&w.held)
	k.pool.leave(k)
	c.startWaiting(k.pool)
	return nil
}

// endWait lines the call up for a place in its pool; nil for none, when its handler ends.
func (k *call) endWait(back *comeback) {
	c := k.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waits.calls, k)
	if k.held == nil { // the handler has returned before the wait: the call is over
		back = nil
	}
	if back != nil {
		k.chargeTo(&k.pool.held)
		k.pool.returning = append(k.pool.returning, back)
		c.startWaiting(k.pool)
	}
}

func (k *call) giveUp(back *comeback) {
	k.conn.mu.Lock()
	defer k.conn.mu.Unlock()
	k.pool.giveUp(back)
}
