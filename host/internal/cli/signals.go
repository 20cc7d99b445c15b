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

func (e *signalError) Error() string {
	if e.signal == os.Interrupt {
		return "cancelled"
	}
	return "ended by a signal (" + e.signal.String() + ")"
}

// undoneError says that the user or a signal ended a command, and what did not happen.
type undoneError struct{ undone string }

func (e *undoneError) Error() string { return "cancelled: " + e.undone }
func (e *undoneError) Unwrap() error { return account.ErrCancelled }

// unlessCancelled is err, or what did not happen if err is that the user or a signal ended the command.
func unlessCancelled(err error, undone string) error {
	var by *signalError
	if errors.Is(err, account.ErrCancelled) || errors.Is(err, context.Canceled) || errors.As(err, &by) {
		return &undoneError{undone}
	}
	return err
}

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
