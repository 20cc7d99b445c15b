package stdio

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"
)

const (
	notStarted  = "the server is shutting down; the call was not started"
	notFinished = "the server is shutting down; the call did not finish in time, its changes may or may not have been made"
)

var errNotRead = errors.New("stdio: the client has stopped reading, not all replies could be written")

// drain lets the accepted calls finish, as Serve promises, in three steps: until the deadline; then, with their
// contexts cancelled, for a grace period; what is left then is answered here. No step waits for a handler or a client
// forever.
func (c *Conn) drain() error {
	go c.refuse(c.stop(), notStarted)
	if over, err := c.await(c.idle, c.cfg.DrainTimeout); over {
		return err
	}
	c.cfg.Log.Warn("calls did not finish before the deadline and are cancelled", "deadline", c.cfg.DrainTimeout)
	queued := c.emptyQueues()
	c.cancelAll(ErrShutdown)
	go c.refuse(queued, notStarted)
	if over, err := c.await(c.idle, shutdownGrace); over {
		return err
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		for _, k := range c.unanswered() {
			c.answer(k, errorLine(k.clientID, codeServer, notFinished, ""))
		}
		c.out.settle()
	}()
	if over, err := c.await(written, shutdownGrace); over {
		return err
	}
	return errNotRead
}

// abort ends the connection when Out is broken. Handlers get the grace period to notice that their context has ended,
// so that what they hold is released before the process ends.
func (c *Conn) abort() error {
	cause := c.out.failure()
	queued := c.emptyQueues()
	c.cancelAll(cause)
	c.refuse(queued, notStarted) // writes nothing any more, but releases them
	timer := time.NewTimer(shutdownGrace)
	defer timer.Stop()
	select {
	case <-c.idle:
	case <-timer.C:
	}
	return cause
}

// await waits for done; over is false when the time was up first. A broken Out ends the connection meanwhile.
func (c *Conn) await(done <-chan struct{}, atMost time.Duration) (over bool, err error) {
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case <-done:
		return true, nil
	case <-c.out.dead:
		return true, c.abort()
	case <-timer.C:
		return false, nil
	}
}

// markStopping makes the reader accept nothing more. Since nothing more is read, answers to the server's requests
// cannot arrive either. The caller holds c.mu.
func (c *Conn) markStopping() {
	if !c.stopping {
		c.stopping = true
		c.outgoing.end()
		c.endWaits()
		c.checkIdle()
	}
}

// stop ends the accepting of calls and returns the queued calls that may not start: a write whose outcome cannot be
// told is better not started, and is safe to repeat.
func (c *Conn) stop() []*call {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.markStopping()
	return c.writes.empty()
}

// emptyQueues removes all calls from the queues.
func (c *Conn) emptyQueues() []*call {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.markStopping()
	return append(c.reads.empty(), c.writes.empty()...)
}

// refuse answers calls that were removed from a queue. One that is cancelled at that moment gets no reply, but is
// released here.
func (c *Conn) refuse(calls []*call, message string) {
	for _, k := range calls {
		c.answer(k, errorLine(k.clientID, codeServer, message, ""))
		k.cancel(ErrShutdown)
		c.mu.Lock()
		c.forget(k)
		c.mu.Unlock()
	}
}

// unanswered returns the calls that the client still waits for, oldest first.
func (c *Conn) unanswered() []*call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Values(c.inFlight), func(a, b *call) int { return cmp.Compare(a.ID, b.ID) })
}
