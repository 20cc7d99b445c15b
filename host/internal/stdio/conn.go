package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
)

type (
	connKey struct{}
	callKey struct{}
)

// keptGoroutines is how many goroutines wait for the next call. They keep the stack that a call needs: to grow one
// takes longer than anything else at the start of a call.
const keptGoroutines = 4

// Conn is the connection that Serve keeps with one client.
type Conn struct {
	cfg       Config
	out       *writer
	cancelAll context.CancelCauseFunc // ends every handler's context
	lastID    int64                   // the reader's alone
	next      chan *call              // to a goroutine that waits in nextCall
	resting   chan struct{}           // has a value for each of these

	mu            sync.Mutex       // never held while waiting for a turn to write
	inFlight      map[string]*call // by idKey: the one table of the requests that have no reply yet
	reads, writes pool
	waits         waits
	outgoing      outgoing
	batches       int // those that are not answered
	work          int // accepted calls whose handler or reply isn't through, and the line being handled
	stopping      bool
	idle          chan struct{} // closed when stopping and no work is left
}

// call is a request from its receipt until its handler has returned and its reply is written.
type call struct {
	Request
	clientID []byte
	key      string
	pool     *pool // nil when the reader answers it itself
	ctx      context.Context
	cancel   context.CancelCauseFunc
	conn     *Conn
	batch    *batch // that it is a member of; nil if it came on a line of its own

	// Guarded by conn.mu.
	done     bool                    // answered or cancelled: nothing more is sent for it
	reply    []byte                  // of a batch's member, until the whole batch is answered
	placed   bool                    // it takes a place among those that run in its pool
	endsWait context.CancelCauseFunc // while it waits for the user: ends the wait
	held     *int                    // what its bytes are counted in; nil before it is accepted and once it is settled
}

// newConn returns a connection and the context that those of its handlers derive from.
func newConn(ctx context.Context, cfg Config) (*Conn, context.Context) {
	c := &Conn{
		cfg:      cfg,
		out:      newWriter(cfg.Out),
		inFlight: make(map[string]*call),
		reads:    pool{what: "reading", bounds: cfg.Reads, maxHeld: cfg.MaxHeld},
		writes:   pool{what: "writing", bounds: cfg.Writes, maxHeld: cfg.MaxHeld},
		waits:    waits{most: cfg.Waits, maxHeld: cfg.MaxHeld},
		outgoing: newOutgoing(),
		idle:     make(chan struct{}),
		next:     make(chan *call),
		resting:  make(chan struct{}, keptGoroutines),
	}
	base := context.WithValue(context.WithoutCancel(ctx), connKey{}, c)
	base, c.cancelAll = context.WithCancelCause(base)
	return c, base
}

// FromContext returns the connection that the request with this context came in by, nil if ctx isn't a handler's.
func FromContext(ctx context.Context) *Conn {
	c, _ := ctx.Value(connKey{}).(*Conn)
	return c
}

// Notify sends the client a notification that belongs to no request, such as a log message. It may be called from any
// goroutine, and waits while the client doesn't read. params becomes a JSON object, or is left out when nil. The error
// is that of encoding params, ErrClosed after Serve has returned, or the one that broke Out.
func (c *Conn) Notify(method string, params any) error {
	line, err := notificationLine(method, params)
	if err != nil {
		return err
	}
	return c.out.write(line, always)
}

// Notify sends the client a notification that belongs to the request whose handler got ctx, such as its progress. Once
// the request is answered or cancelled it sends nothing and returns nil, as the client has stopped listening. Other
// errors are those of [Conn.Notify].
func Notify(ctx context.Context, method string, params any) error {
	k, _ := ctx.Value(callKey{}).(*call)
	if k == nil {
		return fmt.Errorf("stdio: the notification %s belongs to no request: Notify needs the context of a handler", method)
	}
	line, err := notificationLine(method, params)
	if err != nil {
		return err
	}
	return k.conn.out.write(line, k.wanted)
}

// read handles lines until the input ends, which is nil, or the connection stops.
func (c *Conn) read(base context.Context) error {
	lines := newLineReader(c.cfg.In, c.cfg.MaxLine)
	for {
		line, err := lines.next()
		if err != nil && !errors.Is(err, errLineTooLong) {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if !c.handleLine(base, line, err != nil) {
			return nil
		}
	}
}

// handleLine returns false, having done nothing, when the connection has stopped.
func (c *Conn) handleLine(base context.Context, line []byte, tooLong bool) bool {
	if !c.begin() {
		return false
	}
	defer c.end()
	if tooLong {
		c.cfg.Log.Warn("refused a line over the limit", "limit_bytes", c.cfg.MaxLine)
		c.send(nil, errorLine(nil, codeParse, fmt.Sprintf("the line is longer than %d bytes", c.cfg.MaxLine), ""))
		return true
	}
	if len(line) == 0 {
		return true
	}
	if line[0] != '[' {
		c.handleMessage(base, line, nil)
	} else if refused := checkJSON(line); refused != nil {
		c.refuseMessage(nil, &envelope{}, refused)
	} else {
		c.handleBatch(base, line)
	}
	return true
}

// handleMessage handles one message; b is the batch that it came in, if any.
func (c *Conn) handleMessage(base context.Context, value []byte, b *batch) {
	e, refused := parseMessage(value)
	switch {
	case refused != nil:
		c.refuseMessage(b, &e, refused)
	case e.isResponse():
		c.handleResponse(&e)
	case e.id == nil:
		c.handleNotification(base, &e)
	default:
		c.handleRequest(base, &e, b)
	}
}

func (c *Conn) refuseMessage(b *batch, e *envelope, refused *refusal) {
	if refused.code == codeInvalidParams && e.id == nil {
		c.cfg.Log.Debug("ignored a notification with invalid params")
		return
	}
	c.cfg.Log.Debug("refused a message", "code", refused.code, "cause", refused.message)
	c.send(b, errorLine(e.replyID(), refused.code, refused.message, ""))
}

func (c *Conn) handleNotification(base context.Context, e *envelope) {
	r := e.request(0)
	if r.Method == "notifications/cancelled" {
		c.cancelRequest(r.Members)
		return
	}
	defer c.recovered(r.Method, 0)
	c.cfg.Handle(base, r)
}

func (c *Conn) handleRequest(base context.Context, e *envelope, b *batch) {
	c.lastID++
	k := &call{
		Request:  e.request(c.lastID),
		clientID: append([]byte(nil), e.id...),
		key:      idKey(e.id),
		conn:     c,
		batch:    b,
	}
	class, ok := c.classify(k)
	if !ok {
		c.send(b, errorLine(k.clientID, codeInternal, "the server failed to handle the request", ""))
		return
	}
	k.pool = c.poolOf(class)
	ctx, cancel := context.WithCancelCause(base)
	k.ctx, k.cancel = context.WithValue(ctx, callKey{}, k), cancel
	if refused := c.accept(k); refused != nil {
		cancel(nil)
		c.send(b, refused)
		return
	}
	if k.pool == nil {
		c.run(k)
	}
}

func (c *Conn) poolOf(class Class) *pool {
	switch class {
	case Inline:
		return nil
	case Writes:
		return &c.writes
	}
	return &c.reads
}

func (c *Conn) classify(k *call) (class Class, ok bool) {
	if c.cfg.Class == nil {
		return Reads, true
	}
	defer c.recovered(k.Method, k.ID)
	class, k.Parsed = c.cfg.Class(k.Request)
	return class, true
}

// accept enters a call in the table and, if it is pooled, in its pool; or returns the error line to send instead.
func (c *Conn) accept(k *call) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping { // since this line was begun
		return errorLine(k.clientID, codeServer, notStarted, "")
	}
	if _, taken := c.inFlight[k.key]; taken {
		return errorLine(k.clientID, codeInvalidRequest, "a request with this id is still in flight", "")
	}
	if k.batch != nil {
		if refused := k.batch.refuses(k); refused != nil {
			return refused
		}
	}
	if k.pool != nil && k.pool.full(k.size()) {
		return busyLine(k)
	}
	c.inFlight[k.key] = k
	c.workBegins()
	if k.batch != nil {
		k.batch.add(k)
	}
	if k.pool != nil {
		k.pool.add(k)
		c.startWaiting(k.pool)
	}
	return nil
}

func busyLine(k *call) []byte {
	message := fmt.Sprintf("busy: %d %s calls are running and %d are waiting; try again when some have been answered",
		k.pool.running, k.pool.what, len(k.pool.queue))
	return errorLine(k.clientID, codeServer, message, busyData())
}

// startWaiting starts every queued call that may run. The caller holds c.mu.
func (c *Conn) startWaiting(p *pool) {
	for k := p.next(); k != nil; k = p.next() {
		select {
		case c.next <- k:
		default:
			go c.serveCalls(k)
		}
	}
}

// serveCalls runs a call, and then others as long as few goroutines do.
func (c *Conn) serveCalls(k *call) {
	for k != nil {
		c.run(k)
		k = c.nextCall()
	}
}

// nextCall waits for a call to run; nil if enough goroutines wait for one, or if none will come.
func (c *Conn) nextCall() *call {
	select {
	case c.resting <- struct{}{}:
	default:
		return nil
	}
	defer func() { <-c.resting }()
	select {
	case k := <-c.next:
		return k
	case <-c.idle:
	case <-c.out.dead:
	}
	return nil
}

// run answers one call. Everything after the handler is deferred, so that a handler that panics, or ends its goroutine,
// leaves neither its request without a reply nor its place in the pool taken.
func (c *Conn) run(k *call) {
	var line []byte
	defer func() {
		c.logPanic(recover(), k.Method, k.ID)
		if line == nil {
			line = errorLine(k.clientID, codeInternal, "the server failed to handle the request", "")
		}
		c.answer(k, line)
		c.settle(k)
	}()
	if !k.wanted() {
		return
	}
	response := c.cfg.Handle(k.ctx, k.Request)
	if !k.wanted() {
		return
	}
	var err error
	if line, err = responseLine(response, k.ID, k.clientID); err != nil {
		c.cfg.Log.Error("replaced an invalid response by an internal error",
			"method", clip(k.Method), "request", k.ID, "error", err)
	}
}

// answer writes line for the call unless it is answered or cancelled already.
func (c *Conn) answer(k *call, line []byte) {
	if k.batch != nil {
		k.batch.answer(k, line)
		return
	}
	err := c.out.write(line, k.finish)
	if err != nil {
		c.cfg.Log.Debug("a reply was not written", "request", k.ID, "error", err)
	}
}

// send writes a line that belongs to no accepted request, or adds it to what the batch is answered with. A broken Out
// ends Serve, which reports it.
func (c *Conn) send(b *batch, line []byte) {
	if b != nil {
		b.addLine(line)
		return
	}
	if err := c.out.write(line, always); err != nil {
		c.cfg.Log.Debug("an error reply was not written", "error", err)
	}
}

// settle ends a call whose handler has run and whose reply is written.
func (c *Conn) settle(k *call) {
	k.cancel(nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(k)
}

// forget releases what a call holds. The caller holds c.mu.
func (c *Conn) forget(k *call) {
	if k.pool != nil {
		k.chargeTo(nil)
		k.Message, k.Params, k.Members = nil, nil, nil // a batch keeps the call until the last of its members is answered
		k.pool.leave(k)
		c.startWaiting(k.pool)
	}
	c.workDone()
}

func (c *Conn) workBegins() {
	if c.work++; c.work == 1 && c.cfg.Working != nil {
		c.cfg.Working(true)
	}
}

func (c *Conn) workDone() {
	if c.work--; c.work == 0 && c.cfg.Working != nil {
		c.cfg.Working(false)
	}
	c.checkIdle()
}

func (c *Conn) checkIdle() {
	if c.stopping && c.work == 0 {
		close(c.idle)
	}
}

func (c *Conn) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return false
	}
	c.workBegins()
	return true
}

func (c *Conn) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.workDone()
}

// cancelRequest handles notifications/cancelled. An id that is unknown, or was answered meanwhile, is ignored: the
// notification and the reply may have crossed. MCP forbids to cancel initialize.
func (c *Conn) cancelRequest(params map[string]json.RawMessage) {
	id := params["requestId"]
	if !validID(id) {
		c.cfg.Log.Debug("ignored a cancellation without a valid requestId")
		return
	}
	c.mu.Lock()
	k := c.inFlight[idKey(id)]
	if k == nil || k.Method == methodInitialize {
		c.mu.Unlock()
		return
	}
	k.finishLocked()
	complete := k.batch != nil && k.batch.leave(k)
	if k.pool != nil && k.pool.remove(k) {
		c.forget(k)
	}
	c.mu.Unlock()
	var reason string // anything but a string is no cause to let the call go on
	_ = json.Unmarshal(params["reason"], &reason)
	k.cancel(&CancelledError{Reason: reason})
	if complete {
		k.batch.write()
	}
}

// wanted reports whether the client still waits for the reply.
func (k *call) wanted() bool {
	k.conn.mu.Lock()
	defer k.conn.mu.Unlock()
	return !k.done && k.reply == nil
}

// finish removes the call from the table, for its reply to be written; false if it has been answered or cancelled.
func (k *call) finish() bool {
	k.conn.mu.Lock()
	defer k.conn.mu.Unlock()
	return k.finishLocked()
}

func (k *call) finishLocked() bool {
	if k.done {
		return false
	}
	k.done = true
	delete(k.conn.inFlight, k.key)
	return true
}

// size is the memory that a call takes, in bytes, as far as the client determines it.
func (k *call) size() int { return len(k.Message) + 2*len(k.clientID) }

// chargeTo moves the call's bytes to another counter, or to none if held is nil. The caller holds conn.mu.
func (k *call) chargeTo(held *int) {
	if k.held != nil {
		*k.held -= k.size()
	}
	if k.held = held; held != nil {
		*held += k.size()
	}
}

// recovered is deferred: it keeps a panic of a callback from ending the server.
func (c *Conn) recovered(method string, id int64) { c.logPanic(recover(), method, id) }

// logPanic logs a panic with its stack. Its value may hold a payload and is logged only if it is an error of the
// runtime.
func (c *Conn) logPanic(value any, method string, id int64) {
	if value == nil {
		return
	}
	what := fmt.Sprintf("%T", value)
	if e, ok := value.(runtime.Error); ok {
		what = e.Error()
	}
	c.cfg.Log.Error("a handler panicked",
		"method", clip(method), "request", id, "panic", what, "stack", string(debug.Stack()))
}

// clip keeps a client's method name from filling the log.
func clip(method string) string {
	const most = 64
	if len(method) > most {
		return method[:most] + "…"
	}
	return method
}
