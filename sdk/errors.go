package sdk

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Error is a failure that the caller of a tool can understand and act on.
type Error struct {
	failure *pluginv1.Failure
}

func (e *Error) Error() string { return e.failure.GetMessage() }

// IsInvalidArgument reports whether err says that an argument is wrong, such as an id
// that no path can hold.
func IsInvalidArgument(err error) bool { return hasCode(err, pluginv1.Failure_CODE_INVALID_ARGUMENT) }

// IsNotFound reports whether err says that what the arguments name does not exist.
func IsNotFound(err error) bool { return hasCode(err, pluginv1.Failure_CODE_NOT_FOUND) }

func hasCode(err error, code pluginv1.Failure_Code) bool {
	known, ok := errors.AsType[*Error](err)
	return ok && known.failure.GetCode() == code
}

// InvalidArgument says that the arguments make no sense together; name the
// argument and what would be right.
func InvalidArgument(format string, args ...any) error {
	return newError(pluginv1.Failure_CODE_INVALID_ARGUMENT, format, args...)
}

// NotFound says that what the arguments name does not exist.
func NotFound(format string, args ...any) error {
	return newError(pluginv1.Failure_CODE_NOT_FOUND, format, args...)
}

// Ambiguous says that more than one thing fits what the arguments name; list them.
func Ambiguous(format string, args ...any) error {
	return newError(pluginv1.Failure_CODE_AMBIGUOUS, format, args...)
}

// FailedPrecondition says that the arguments are right, but that what they name is
// not in a state for it; say what it waits for, or how to fix it.
func FailedPrecondition(format string, args ...any) error {
	return newError(pluginv1.Failure_CODE_FAILED_PRECONDITION, format, args...)
}

// Partly is err with what the tool had changed before it, what not, and how to go on,
// in whole sentences: for a tool that makes several changes. The host adds them to
// whatever it says about err itself.
func Partly(done string, err error) error { return &partlyError{done, err} }

type partlyError struct {
	done string
	err  error
}

func (e *partlyError) Error() string { return e.err.Error() + ". " + e.done }
func (e *partlyError) Unwrap() error { return e.err }

func newError(code pluginv1.Failure_Code, format string, args ...any) *Error {
	return &Error{&pluginv1.Failure{Code: code, Message: fmt.Sprintf(format, args...)}}
}

// toFailure decides what the host learns of a tool's error. An error of the
// Management API is recognised by a Status method (go-auth0 v1's) or, for every
// other client library, by the call's last answer: the host saw the answer
// itself and words it.
func toFailure(err error, lastStatus int) *pluginv1.Failure {
	var partly *partlyError
	if errors.As(err, &partly) {
		f := toFailure(partly.err, lastStatus) // which may belong to its error: it is not changed
		return &pluginv1.Failure{Code: f.GetCode(), Message: f.GetMessage(), HttpStatus: f.GetHttpStatus(), Done: partly.done}
	}
	var known *Error
	if errors.As(err, &known) {
		return known.failure
	}
	var status interface{ Status() int }
	switch {
	case errors.As(err, &status) && status.Status() >= http.StatusBadRequest:
		return apiFailure(err, status.Status())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return newError(pluginv1.Failure_CODE_CALL_ENDED, "the call ended before the tool was done: %v", err).failure
	case lastStatus >= http.StatusBadRequest:
		return apiFailure(err, lastStatus)
	}
	return newError(pluginv1.Failure_CODE_INTERNAL, "%v", err).failure
}

func apiFailure(err error, status int) *pluginv1.Failure {
	//nolint:gosec // an HTTP status fits
	return &pluginv1.Failure{Code: pluginv1.Failure_CODE_API, Message: err.Error(), HttpStatus: int32(status)}
}
