package supervisor

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"unicode"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// tailBytes is how much of a plugin's stderr an error quotes at most.
const tailBytes = 4 << 10

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
	cut bool // something before buf was dropped
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	if over := len(p) - tailBytes; over > 0 {
		p, t.cut = p[over:], true
	}
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailBytes; over > 0 {
		t.buf, t.cut = append(t.buf[:0], t.buf[over:]...), true
	}
	return n, nil
}

// String is the end in whole lines as far as there are lines: half a secret would
// not be recognised as one.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := t.buf
	if _, rest, found := bytes.Cut(text, []byte("\n")); t.cut && found && len(rest) > 0 {
		text = rest
	}
	return plain(string(text))
}

// plain makes a plugin's words fit to be shown on a terminal. Format characters are
// removed rather than escaped: one inside a secret must not hide it from redaction.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	return strings.TrimSpace(redact.Text(text))
}

// handshakeBytes bounds the first line on a plugin's stdout. A real one has some
// 700 bytes, most of them a certificate.
const handshakeBytes = 16 << 10

// handshakeReader hands on the first line of a plugin's stdout and swallows the
// rest: go-plugin stops reading at a long line, and the plugin would then hang in
// a write.
type handshakeReader struct {
	io.ReadCloser
	stray func(bytes int) // see Watch

	mu   sync.Mutex
	line []byte
	over bool
}

func (h *handshakeReader) Read(p []byte) (int, error) {
	for {
		n, err := h.ReadCloser.Read(p)
		n = h.take(p[:n])
		if n > 0 || err != nil {
			return n, endOfPipe(err)
		}
	}
}

// take keeps what belongs to the first line and returns its length.
func (h *handshakeReader) take(p []byte) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	given := len(p)
	if h.over {
		h.tell(given)
		return 0
	}
	n := bytes.IndexByte(p, '\n') + 1
	if h.over = n > 0; !h.over {
		n = len(p)
	}
	h.tell(given - n)
	if room := handshakeBytes - len(h.line); n >= room {
		n, h.over = room, true
		p[n-1] = '\n' // whoever waits for the line gets to see that it is none
	}
	h.line = append(h.line, p[:n]...)
	return n
}

func (h *handshakeReader) tell(bytes int) {
	if h.stray != nil && bytes > 0 {
		h.stray(bytes)
	}
}

// first is the first line as far as it has come.
func (h *handshakeReader) first() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(bytes.TrimSpace(h.line))
}
