package stdio

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
)

// In a protocol version with batches, a client may send several messages in one line, as a JSON array. The replies to
// its requests are sent together too, in one array, when the last of them is there.

const (
	// maxBatch is how many messages a batch may have, maxBatches how many batches may wait for their replies. Together
	// they bound the replies that are kept until their batch is complete.
	maxBatch   = 100
	maxBatches = 8
)

// methodInitialize can be neither cancelled nor part of a batch.
const methodInitialize = "initialize"

// batch is one line with several messages, until it is answered.
type batch struct {
	conn *Conn
	over bool // too many batches wait already: the requests of this one are refused

	// Guarded by conn.mu.
	replies []batchReply
	open    int // requests that are not answered, and one while the line is being handled
}

// batchReply is the reply to a call, kept there, or a line that belongs to none.
type batchReply struct {
	call *call
	line []byte
}

func (c *Conn) handleBatch(base context.Context, line []byte) {
	if c.cfg.Batch == nil {
		const message = "batches are not accepted: send each message on a line of its own"
		c.send(nil, errorLine(nil, codeInvalidRequest, message, ""))
		return
	}
	if err := c.cfg.Batch(); err != nil {
		c.send(nil, errorLine(nil, codeInvalidRequest, err.Error(), ""))
		return
	}
	messages := scanArray(line, maxBatch)
	switch {
	case messages == nil:
		c.send(nil, errorLine(nil, codeInvalidRequest, fmt.Sprintf("a batch may have at most %d messages", maxBatch), ""))
		return
	case len(messages) == 0:
		c.send(nil, errorLine(nil, codeInvalidRequest, "a batch must have at least one message", ""))
		return
	}
	b := c.beginBatch()
	for _, message := range messages {
		c.handleMessage(base, message, b)
	}
	if b.leaveReader() {
		b.write()
	}
}

func (c *Conn) beginBatch() *batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches++
	return &batch{conn: c, over: c.batches > maxBatches, open: 1}
}

// refuses returns the error line for a request that may not be a member; nil if it may. The caller holds conn.mu.
func (b *batch) refuses(k *call) []byte {
	switch {
	case k.Method == methodInitialize:
		return errorLine(k.clientID, codeInvalidRequest, "initialize can't be part of a batch", "")
	case b.over:
		message := fmt.Sprintf("busy: %d batches wait for their replies; try again when some have been answered", maxBatches)
		return errorLine(k.clientID, codeServer, message, busyData())
	}
	return nil
}

// add makes an accepted call a member. The caller holds conn.mu.
func (b *batch) add(k *call) {
	b.replies = append(b.replies, batchReply{call: k})
	b.open++
}

func (b *batch) addLine(line []byte) {
	b.conn.mu.Lock()
	defer b.conn.mu.Unlock()
	b.replies = append(b.replies, batchReply{line: line})
}

// answer keeps the reply to a member unless that is answered or cancelled already, and writes all if it is the last.
func (b *batch) answer(k *call, line []byte) {
	b.conn.mu.Lock()
	if k.done || k.reply != nil {
		b.conn.mu.Unlock()
		return
	}
	k.reply = line
	b.open--
	complete := b.open == 0
	b.conn.mu.Unlock()
	if complete {
		b.write()
	}
}

// leave removes a member that was cancelled; true if it was the last without a reply. The caller holds conn.mu.
func (b *batch) leave(k *call) (complete bool) {
	if k.reply != nil { // its reply is dropped
		return false
	}
	b.open--
	return b.open == 0
}

// leaveReader is called when all messages of the line have been handled.
func (b *batch) leaveReader() (complete bool) {
	b.conn.mu.Lock()
	defer b.conn.mu.Unlock()
	b.open--
	return b.open == 0
}

// write writes the replies in one line. It is called once.
func (b *batch) write() {
	if err := b.conn.out.compose(b.finish); err != nil {
		b.conn.cfg.Log.Debug("the replies to a batch were not written", "error", err)
	}
	b.conn.mu.Lock()
	defer b.conn.mu.Unlock()
	b.conn.batches--
}

// finish removes the members from the table and returns the line with their replies; nil if there are none, since all
// messages were notifications or were cancelled.
func (b *batch) finish() []byte {
	b.conn.mu.Lock()
	defer b.conn.mu.Unlock()
	var line []byte
	for _, r := range b.replies {
		reply := r.line
		if r.call != nil {
			if !r.call.finishLocked() {
				continue
			}
			reply = r.call.reply
		}
		line = append(append(line, ','), bytes.TrimSuffix(reply, []byte("\n"))...)
	}
	if line == nil {
		return nil
	}
	line[0] = '['
	return append(line, ']', '\n')
}

// busyData is the data of a busy error.
func busyData() string {
	return `{"retryAfterMs":` + strconv.FormatInt(busyRetryAfter.Milliseconds(), 10) + `}`
}
