package stdio

import (
	"fmt"
	"io"
	"sync"
)

// writer writes whole lines, one at a time. Its lock is a channel, so that goroutines which wait behind a client that
// has stopped reading are released when the connection ends.
type writer struct {
	out  io.Writer
	turn chan struct{} // holds a value while a line is being written
	dead chan struct{} // closed when nothing more will be written

	mu  sync.Mutex
	err error // why dead is closed
}

func newWriter(out io.Writer) *writer {
	return &writer{out: out, turn: make(chan struct{}, 1), dead: make(chan struct{})}
}

// write writes line, which ends with its newline, in a single Write. It calls want when it is the line's turn; false
// drops the line. Deciding then, not before, keeps a notification from following the reply to its request. The error
// is the first one that Out gave, or ErrClosed.
func (w *writer) write(line []byte, want func() bool) error {
	return w.compose(func() []byte {
		if want() {
			return line
		}
		return nil
	})
}

// compose is like write for a line that is made when it is its turn; nil drops it.
func (w *writer) compose(made func() []byte) error {
	select {
	case w.turn <- struct{}{}:
	case <-w.dead:
		return w.failure()
	}
	defer func() { <-w.turn }()
	if err := w.failure(); err != nil {
		return err
	}
	line := made()
	if line == nil {
		return nil
	}
	n, err := w.out.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if err != nil {
		err = fmt.Errorf("stdio: writing to the client: %w", err)
		w.fail(err)
	}
	return err
}

// settle waits until no line is being written.
func (w *writer) settle() {
	select {
	case w.turn <- struct{}{}:
		<-w.turn
	case <-w.dead:
	}
}

func (w *writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
		close(w.dead)
	}
}

func (w *writer) close() { w.fail(ErrClosed) }

func always() bool { return true }
