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

// untilSignal is a context that the first SIGINT or SIGTERM ends; signal.NotifyContext's
// cause does not tell programs which one it was. The second ends the program at once,
// by exit, with its status: what the program waits for may never come.
func untilSignal(parent context.Context, exit func(status int)) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	received := make(chan os.Signal, 2)
	stopped := make(chan struct{})
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	go func() {
		for {
			select {
			case s := <-received:
				if ctx.Err() != nil {
					exit(signalStatus(s))
				}
				cancel(&signalError{s})
			case <-stopped:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(received)
		close(stopped)
		cancel(nil)
	}
}

// exitStatus is 0, 1 for a failure or, as in shells, that of the signal that kept a
// command from its end.
func exitStatus(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	var by *signalError
	if errors.As(context.Cause(ctx), &by) {
		return signalStatus(by.signal)
	}
	if errors.Is(err, account.ErrCancelled) { // Ctrl-C as a key, in a terminal that the picker reads raw
		return signalStatus(syscall.SIGINT)
	}
	return 1
}

// signalStatus is 128 and the signal's number: 130 for Ctrl-C, 143 for SIGTERM.
func signalStatus(s os.Signal) int {
	if number, ok := s.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return 1
}
