package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gofrs/flock"
)

// LockedError means that another process, or another caller in this one, held a lock for as long as a caller waited.
type LockedError struct {
	Path   string
	Waited time.Duration // 0 for TryLock
	Err    error         // the cause of the caller's context if that ended the wait, else nil
}

func (e *LockedError) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("another auth0-mcp holds %s, and the wait for it ended: %v", e.Path, e.Err)
	case e.Waited == 0:
		return fmt.Sprintf("another auth0-mcp holds %s", e.Path)
	}
	return fmt.Sprintf("another auth0-mcp holds %s for more than %v: wait for it, or end it, and try again", e.Path, e.Waited)
}

func (e *LockedError) Unwrap() error { return e.Err }

// A lock is held for about a millisecond as a rule, so the first tries follow each other quickly. Nothing tells when a
// lock becomes free, on any platform that a blocking call could be abandoned on.
const (
	firstPause   = 100 * time.Microsecond
	longestPause = 20 * time.Millisecond
)

// Lock takes the lock at path, making the file if there is none, and waits at most patience for it. It excludes other
// processes and other callers in this one alike. The folder must exist.
//
// The error is a *[LockedError] if patience is over or ctx has ended first, else why the file cannot be locked.
// unlock never fails in a way that anything could be done about, and must be called once. The file stays: if it were
// removed, two processes could hold locks on two files.
func Lock(ctx context.Context, path string, patience time.Duration) (unlock func(), err error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("locking %s: %w", path, context.Cause(ctx))
	}
	waited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lock, begun := flock.New(path), time.Now()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if taken, err := lock.TryLock(); err != nil {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), lock.Close())
		} else if taken {
			return func() { _ = lock.Unlock() }, nil
		}
		select {
		case <-time.After(pause):
			continue
		case <-waited.Done():
		}
		held := &LockedError{Path: path, Waited: time.Since(begun)}
		if ctx.Err() != nil {
			held.Err = context.Cause(ctx)
		} else {
			held.Waited = patience
		}
		return nil, errors.Join(held, lock.Close())
	}
}

// TryLock is [Lock] without waiting: a lock that is held is a *[LockedError] at once. The error of unlock says that the
// file could not be closed.
func TryLock(path string) (unlock func() error, err error) {
	lock := flock.New(path)
	taken, err := lock.TryLock()
	switch {
	case err != nil:
		err = fmt.Errorf("locking %s: %w", path, err)
	case !taken:
		err = &LockedError{Path: path}
	default:
		return lock.Unlock, nil
	}
	return nil, errors.Join(err, lock.Close())
}
