// Package stdio is the line transport of an MCP server on stdin and stdout: JSON-RPC 2.0, one message per line. It owns
// framing, ids, the table of requests in flight, the bounded pools that run calls, the requests to the client,
// cancellation, and draining at the end. It does not know what a method means: a [Handler] answers.
//
// Four promises hold whatever the client or a handler does. Nothing but whole JSON-RPC lines is written. Every request
// that was accepted gets exactly one reply, except that one which the client cancelled gets none. A message that two
// readers could understand differently reaches no handler. Memory is bounded: by one line, and in each of three groups
// (calls that read, calls that write, calls that wait for the user) by a number of calls and MaxHeld bytes of them.
package stdio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// What a zero field of [Config] means.
const (
	DefaultReads        = 64
	DefaultReadsQueued  = 256
	DefaultWrites       = 16
	DefaultWritesQueued = 64
	DefaultWaits        = 16
	DefaultMaxLine      = 10 << 20
	DefaultMaxHeld      = 32 << 20
	DefaultDrainTimeout = 10 * time.Second
)

// shutdownGrace is how long a handler may still answer after the end of the drain has cancelled its context: enough to
// abort an HTTP request and report its outcome, short enough that a user who pressed Ctrl-C does not notice.
const shutdownGrace = 500 * time.Millisecond

// busyRetryAfter is the hint in a busy error. The transport can't know how long the running calls take. A second keeps
// clients from retrying in a tight loop, without a noticeable delay.
const busyRetryAfter = time.Second

var (
	// ErrShutdown is the cause of a call's context when draining took longer than Config.DrainTimeout.
	ErrShutdown = errors.New("the server is shutting down")
	// ErrClosed is what a notification gets that is sent after Serve has returned.
	ErrClosed = errors.New("the connection to the client has ended")
)

// CancelledError is the cause of a call's context when the client cancelled the call. It wraps context.Canceled.
type CancelledError struct {
	Reason string // the client's words, untrusted; empty when it gave none
}

func (e *CancelledError) Error() string {
	if e.Reason == "" {
		return "cancelled by the client"
	}
	return "cancelled by the client: " + e.Reason
}

// Unwrap makes errors.Is(err, context.Canceled) hold.
func (e *CancelledError) Unwrap() error { return context.Canceled }

// Request is one message from the client that names a method.
type Request struct {
	// ID is the transport's own id for the request: unique and increasing within a connection, 0 for a notification.
	// The client's id never reaches the handler, so ids that a float64 can't hold survive.
	ID     int64
	Method string
	// Message is the message for the handler: exactly jsonrpc, id (being ID), method and params, in that order. Other
	// members are left out.
	Message json.RawMessage
	// Params is an object as sent, or nil when params is absent or null. It shares memory with Message. It is strict JSON
	// (package jsondoc): no member is given twice at any level. Outside of params.arguments, whose names are the tool's,
	// no two members of an object differ only in case.
	Params json.RawMessage
	// Members are those of Params, by their exact names: a decoder into a struct would also take "NAME" for "name". They
	// share memory with Message.
	Members map[string]json.RawMessage
	// Parsed is what Config.Class made of the parameters; nil for a notification.
	Parsed       any
	Notification bool
}

// Handler answers a request with the complete JSON-RPC response, carrying the integer id it was given. It returns nil
// for a notification. For a request, nil or anything that isn't such a response becomes an internal error. What it
// returns after the client cancelled ctx is dropped; after the drain's deadline it has a short grace period.
//
// ctx keeps the values of Serve's context but not its end, so that calls can finish while the server drains. Its cause
// (context.Cause) is a *[CancelledError] or [ErrShutdown], or the write error when stdout broke.
type Handler func(ctx context.Context, r Request) []byte

// Class says where a request is handled.
type Class int

const (
	// Reads run concurrently in their bounded pool; beyond its bounds they are answered "busy". They may be started
	// while the server drains.
	Reads Class = iota
	// Writes have a pool of their own, so that neither kind blocks the other. None is started once the input has ended:
	// what was never started is safe to repeat.
	Writes
	// Inline requests are answered by the reader itself, in order with the lines around them and even when the pools are
	// full. They must be answered at once: nothing else is read meanwhile, not even a cancellation.
	Inline
)

// Bounds are those of a pool: how many calls run at once, and how many wait for their turn. Zeros stand for the
// defaults; a negative Queued means that none waits.
type Bounds struct{ Running, Queued int }

func (b Bounds) withDefaults(running, queued int) Bounds {
	if b.Running <= 0 {
		b.Running = running
	}
	if b.Queued == 0 {
		b.Queued = queued
	}
	b.Queued = max(b.Queued, 0)
	return b
}

// Config is what a connection needs. In, Out and Handle are required.
type Config struct {
	In     io.Reader
	Out    io.Writer // each line is one Write
	Handle Handler

	// Class sorts requests; nil means that all are Reads. What it makes of their parameters is kept for the Handler, so
	// that they are decoded once. Notifications are always handled inline.
	Class func(Request) (class Class, parsed any)
	// Batch is called when the client sends several messages in one line, as a JSON array: nil accepts that, an error
	// refuses it, and the client gets its text. A nil Batch refuses all. It runs on the reader.
	Batch func() error
	// Working, if set, is called when there is work again, and when everything is answered. It must not wait.
	Working func(begins bool)
	// Reads and Writes are the bounds of the two pools.
	Reads, Writes Bounds
	// Waits is how many calls may wait for the user at once; see [WaitForUser].
	Waits int
	// MaxLine is the longest accepted line in bytes, without its newline.
	MaxLine int
	// MaxHeld bounds the bytes of the calls that run or wait, in each pool and among those that wait for the user; beyond
	// it a call is answered "busy". A single call is always accepted, so that every line within MaxLine can be handled.
	MaxHeld int
	// DrainTimeout is how long calls may go on after the end of input or of Serve's context.
	DrainTimeout time.Duration
	// Log gets the transport's own events, without payload; nil discards them.
	Log *slog.Logger
}

func (cfg Config) withDefaults() (Config, error) {
	if cfg.In == nil || cfg.Out == nil || cfg.Handle == nil {
		return cfg, errors.New("stdio: In, Out and Handle of the Config must be set")
	}
	cfg.Reads = cfg.Reads.withDefaults(DefaultReads, DefaultReadsQueued)
	cfg.Writes = cfg.Writes.withDefaults(DefaultWrites, DefaultWritesQueued)
	if cfg.Waits <= 0 {
		cfg.Waits = DefaultWaits
	}
	if cfg.MaxLine <= 0 {
		cfg.MaxLine = DefaultMaxLine
	}
	if cfg.MaxHeld <= 0 {
		cfg.MaxHeld = DefaultMaxHeld
	}
	if cfg.DrainTimeout <= 0 {
		cfg.DrainTimeout = DefaultDrainTimeout
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg, nil
}

// Serve reads requests from cfg.In until it ends or ctx does, then drains: nothing new is accepted, waits for the
// user end at once, queued writes are refused, and running calls and queued reads may finish within DrainTimeout.
// After that their contexts are cancelled, and those without an answer get an error. Serve returns when all replies
// are written: nil at the end of input, ctx's cause when ctx ended, the error when In or Out broke. A broken Out
// cancels every call and ends Serve without draining.
//
// No goroutine of Serve's is left, with three exceptions that nothing can end: one blocked in In.Read when ctx has
// ended or Out broke, one blocked in Out.Write when the client has stopped reading, and handlers that ignore their
// context. In isn't closed.
//
// Where Out is the process's file descriptor 1, Go ends the process with SIGPIPE before a broken pipe is noticed here.
// Pass a duplicate, or let the program handle SIGPIPE.
func Serve(ctx context.Context, cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	c, base := newConn(ctx, cfg)
	defer c.cancelAll(ErrClosed)
	defer c.out.close()

	inputEnd := make(chan error, 1)
	go func() {
		err := errors.New("a handler ended the reader's goroutine") // replaced below unless one calls runtime.Goexit
		defer func() { inputEnd <- err }()
		err = c.read(base)
	}()

	select {
	case err = <-inputEnd:
		if err != nil {
			err = fmt.Errorf("stdio: reading requests: %w", err)
		}
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-c.out.dead:
		return c.abort()
	}
	if drainErr := c.drain(); drainErr != nil {
		return drainErr
	}
	return err
}
