package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
)

// signalError is the cause of a context that a signal has ended.
type signalError struct{ signal os.Signal }

func (e *signalError) Error() string { return e.signal.String() + " received" }

// untilSignal is a context that ends when the person or the system ends the program.
// signal.NotifyContext's cause does not tell programs which signal it was.
func untilSignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	received := make(chan os.Signal, 1)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-received:
			cancel(&signalError{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(received)
		cancel(nil)
	}
}

// exitStatus is 0, 1 for a failure or, as shells have it, 128 and the number of the
// signal that kept a command from its end: 130 after Ctrl-C, 143 after SIGTERM.
func exitStatus(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	var by *signalError
	if errors.As(context.Cause(ctx), &by) {
		if number, ok := by.signal.(syscall.Signal); ok {
			return 128 + int(number)
		}
	}
	if errors.Is(err, account.ErrCancelled) { // Ctrl-C as a key, in a terminal that the picker reads raw
		return 128 + int(syscall.SIGINT)
	}
	return 1
}
