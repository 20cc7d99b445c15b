package stdio

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const (
	readBuffer = 64 << 10
	keptBuffer = 64 << 10 // a line buffer that grew beyond this is released: one long line must not cost memory forever
)

var errLineTooLong = errors.New("line too long")

// lineReader reads lines of at most max bytes.
type lineReader struct {
	in    *bufio.Reader
	max   int
	buf   []byte
	first bool
}

func newLineReader(in io.Reader, maxLine int) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, readBuffer), max: maxLine, first: true}
}

// next returns the next line, without surrounding white space and, on the first, without a byte order mark. The slice
// is valid until the next call. The last line needs no newline. A line over the limit is read to its end, not kept,
// and gives errLineTooLong; the next call continues after it.
func (l *lineReader) next() ([]byte, error) {
	if cap(l.buf) > keptBuffer {
		l.buf = nil
	}
	l.buf = l.buf[:0]
	tooLong := false
	for {
		chunk, err := l.in.ReadSlice('\n')
		content := bytes.TrimSuffix(chunk, []byte("\n"))
		if tooLong = tooLong || len(l.buf)+len(content) > l.max; tooLong {
			l.buf = nil
		} else {
			l.add(content)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case tooLong && (err == nil || errors.Is(err, io.EOF)):
			// When it was the last line, the next call meets the end of input again.
			l.first = false
			return nil, errLineTooLong
		case errors.Is(err, io.EOF) && len(l.buf) > 0:
		case err != nil:
			return nil, err
		}
		return l.clean(), nil
	}
}

// add grows the buffer by doubling like append does, but never beyond the limit, so that the longest line costs its own
// length and no more.
func (l *lineReader) add(content []byte) {
	if need := len(l.buf) + len(content); need > cap(l.buf) {
		grown := make([]byte, len(l.buf), min(max(2*cap(l.buf), need), max(l.max, need)))
		copy(grown, l.buf)
		l.buf = grown
	}
	l.buf = append(l.buf, content...)
}

func (l *lineReader) clean() []byte {
	line := l.buf
	if l.first {
		line = bytes.TrimPrefix(line, []byte("\uFEFF"))
		l.first = false
	}
	return bytes.Trim(line, " \t\r")
}
