package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

const (
	// maxOutgoing bounds the requests to the client that it has not answered.
	maxOutgoing = 64
	// maxAnswer bounds the size of such an answer, in bytes. A line may be longer, since a call's arguments may.
	maxAnswer = 1 << 20
)

// ResponseError is the error with which the client answered a request of the server.
type ResponseError struct {
	Code    int
	Message string // the client's words, untrusted
}

func (e *ResponseError) Error() string {
	return fmt.Sprintf("the client answered with error %d: %s", e.Code, e.Message)
}

// outgoing holds the requests to the client that it has not answered. Their ids are strings and are never reused
// within a connection, so that a late answer cannot be mistaken for another's.
type outgoing struct {
	last    int64
	waiting map[string]chan<- answer // by idKey; each channel has room for its one answer
}

type answer struct {
	result json.RawMessage
	err    error
}

func newOutgoing() outgoing { return outgoing{waiting: map[string]chan<- answer{}} }

// end gives up all requests. The caller holds conn.mu.
func (o *outgoing) end() {
	for key := range o.waiting {
		o.settle(key, answer{err: ErrInputEnded})
	}
}

// settle hands over the answer to a request; false if the request is not waiting for one. The caller holds conn.mu.
func (o *outgoing) settle(key string, with answer) bool {
	ch, ok := o.waiting[key]
	if ok {
		delete(o.waiting, key)
		ch <- with
	}
	return ok
}

// Request sends the client a request and returns the result that it answers with. When ctx ends first, the client is
// told so by notifications/cancelled, an answer that comes later is dropped, and the error is ctx's cause. Other
// errors are a *[ResponseError] for the client's own, a *[BusyError] when too many requests wait for an answer,
// [ErrInputEnded] when none can come any more, and those of [Conn.Notify].
//
// It may be called from any goroutine but the reader's, which is where inline requests and notifications are handled:
// the answer would never be read. A handler that waits for the user calls it in [WaitForUser].
func (c *Conn) Request(ctx context.Context, method string, params any) (json.RawMessage, error) {
	if k, _ := ctx.Value(callKey{}).(*call); k != nil && k.pool == nil {
		const format = "stdio: the handler of an inline request cannot send the request %s: it would wait for itself"
		return nil, fmt.Errorf(format, method)
	}
	id, answered, err := c.addOutgoing()
	if err != nil {
		return nil, err
	}
	defer c.removeOutgoing(id)
	line, err := requestLine(id, method, params)
	if err != nil {
		return nil, err
	}
	sent := false
	if err := c.out.write(line, func() bool { sent = ctx.Err() == nil; return sent }); err != nil {
		return nil, err
	}
	select {
	case a := <-answered:
		return a.result, a.err
	case <-c.out.dead:
		return nil, c.out.failure()
	case <-ctx.Done():
	}
	if !c.removeOutgoing(id) { // the answer was first
		a := <-answered
		return a.result, a.err
	}
	if sent {
		reason := "the server no longer waits for the answer"
		_ = c.Notify("notifications/cancelled", map[string]string{"requestId": id, "reason": reason}) // best effort
	}
	return nil, context.Cause(ctx)
}

// addOutgoing makes an id, and the channel on which its answer will come.
func (c *Conn) addOutgoing() (id string, answered <-chan answer, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.stopping:
		return "", nil, ErrInputEnded
	case len(c.outgoing.waiting) >= maxOutgoing:
		what := fmt.Sprintf("%d requests wait for the client's answer", maxOutgoing)
		return "", nil, &BusyError{What: what, RetryAfter: busyRetryAfter}
	}
	c.outgoing.last++
	id = "server-" + strconv.FormatInt(c.outgoing.last, 10)
	ch := make(chan answer, 1)
	c.outgoing.waiting[outgoingKey(id)] = ch
	return id, ch, nil
}

// removeOutgoing removes a request; false when it was answered already.
func (c *Conn) removeOutgoing(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, waiting := c.outgoing.waiting[outgoingKey(id)]
	delete(c.outgoing.waiting, outgoingKey(id))
	return waiting
}

// outgoingKey is idKey of the id as a JSON string.
func outgoingKey(id string) string { return `"` + id }

// handleResponse passes a response to the request that it answers. A response to no request, or a second one, is
// ignored: it may have crossed with our cancellation.
func (c *Conn) handleResponse(e *envelope) {
	if !validID(e.id) || e.idInDoubt {
		c.cfg.Log.Debug("ignored a response without a valid id")
		return
	}
	a := e.answer()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.outgoing.settle(idKey(e.id), a) {
		c.cfg.Log.Debug("ignored a response to no request, or to one that is answered or cancelled",
			"id", clip(string(e.id)))
	}
}

// answer reads a response, into memory of its own.
func (e *envelope) answer() answer {
	switch {
	case e.duplicate != "" || (e.result == nil) == (e.fault == nil):
		return answer{err: errors.New("stdio: the client's response must have either a result or an error")}
	case e.ambiguous != nil:
		return answer{err: fmt.Errorf("stdio: the client's response is refused: %w", e.ambiguous)}
	case len(e.result) > maxAnswer || len(e.fault) > maxAnswer:
		return answer{err: fmt.Errorf("stdio: the client's response is longer than %d bytes", maxAnswer)}
	case e.result != nil:
		return answer{result: append(json.RawMessage(nil), e.result...)}
	}
	var fault struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(e.fault, &fault) != nil {
		return answer{err: errors.New("stdio: the client's error is not one of JSON-RPC: an object with code and message")}
	}
	const most = 1000
	if len(fault.Message) > most {
		fault.Message = fault.Message[:most] + "…"
	}
	return answer{err: &ResponseError{fault.Code, fault.Message}}
}
