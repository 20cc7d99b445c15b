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

// A lock is held for about a millisecond as a rule, so the first tries follow each other quickly. Polling is what all
// platforms have: a blocking call could not be abandoned.
const (
	firstPause   = 100 * time.Microsecond
	longestPause = 5 * time.Millisecond
)

// Lock takes the lock at path, making the file if there is none, and waits at most patience for it. It excludes other
// processes and other callers in this one alike. The folder must exist.
//
// The error is a *[LockedError] if patience is over or ctx has ended first, else why the file cannot be locked. unlock
// must be called once; nothing can be done about a failure of it. The file stays: if it were removed, two processes could
// hold locks on two files.
func Lock(ctx context.Context, path string, patience time.Duration) (unlock func(), err error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("locking %s: %w", path, context.Cause(ctx))
	}
	unlock, err = lock(ctx.Done(), path, patience)
	var locked *LockedError
	if errors.As(err, &locked) && ctx.Err() != nil {
		locked.Err = context.Cause(ctx)
	}
	return unlock, err
}

// LockWithin is [Lock] for what must not be cancelled, such as the record of a change that was made.
func LockWithin(path string, patience time.Duration) (unlock func(), err error) {
	return lock(nil, path, patience)
}

func lock(done <-chan struct{}, path string, patience time.Duration) (unlock func(), err error) {
	begun, expired := time.Now(), time.After(patience)
	file := flock.New(path)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if taken, err := file.TryLock(); err != nil {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), file.Close())
		} else if taken {
			return func() { _ = file.Unlock() }, nil
		}
		select {
		case <-time.After(pause):
		case <-done:
			return nil, errors.Join(&LockedError{Path: path, Waited: time.Since(begun)}, file.Close())
		case <-expired:
			return nil, errors.Join(&LockedError{Path: path, Waited: patience}, file.Close())
		}
	}
}

// TryLock is [Lock] without waiting: a lock that is held is a *[LockedError] at once. The error of unlock says that the
// file could not be closed.
func TryLock(path string) (unlock func() error, err error) {
	file := flock.New(path)
	taken, err := file.TryLock()
	switch {
	case err != nil:
		err = fmt.Errorf("locking %s: %w", path, err)
	case !taken:
		err = &LockedError{Path: path}
	default:
		return file.Unlock, nil
	}
	return nil, errors.Join(err, file.Close())
}
