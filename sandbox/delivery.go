package sandbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// pieces is in how many parts a slow header or body comes.
const pieces = 20

// delivery is how an answer gets to its caller, where a fault rule tampers with
// it. The zero value is the plain way.
type delivery struct {
	drop                 Drop // DropInHeader, DropInBody or DropNever
	slowHeader, slowBody time.Duration
	extra                int
	huge                 int64
	gzip                 bool
}

// tamper applies a rule to an answer that is about to leave. now is the tenant's.
func (rule FaultRule) tamper(answer *response, now time.Time) {
	if rule.Reset != 0 {
		answer.header.Set(headerRemaining, "0")
		answer.header.Set(headerReset, strconv.FormatInt(now.Add(rule.Skew+rule.Reset).Unix(), 10))
	}
	for name, values := range rule.Header {
		answer.header[http.CanonicalHeaderKey(name)] = values
	}
	if rule.Malformed {
		answer.body = answer.body[:len(answer.body)/2]
	}
	answer.way = delivery{slowHeader: rule.SlowHeader, slowBody: rule.SlowBody, extra: rule.ExtraLength, huge: rule.Huge,
		gzip: rule.Gzip}
	if rule.Drop == DropInHeader || rule.Drop == DropInBody {
		answer.way.drop = rule.Drop
	}
}

// length is the Content-Length that the answer states; -1 for none.
func (r response) length() int64 {
	if r.way.huge > 0 {
		return -1
	}
	return int64(max(0, len(r.body)+r.way.extra))
}

// reader is the body as a caller in process sees it, after any decompression.
func (r response) reader(request *http.Request) io.ReadCloser {
	body, end := r.body, io.EOF
	switch {
	case r.way.huge > 0:
		return io.NopCloser(hugeText(r.way.huge))
	case r.way.drop == DropInBody:
		body, end = body[:len(body)/2], reset()
	case r.way.extra > 0:
		end = io.ErrUnexpectedEOF
	default:
		body = body[:min(len(body), int(r.length()))]
	}
	return io.NopCloser(&slowReader{ctx: request.Context(), rest: body, piece: piece(body), pause: r.way.slowBody / pieces,
		end: end})
}

func piece(body []byte) int { return len(body)/pieces + 1 }

// slowReader gives its bytes piece by piece, with a pause before each.
type slowReader struct {
	ctx   context.Context //nolint:containedctx // a body ends with the request it answers
	rest  []byte
	piece int
	pause time.Duration
	end   error
}

func (s *slowReader) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, s.end
	}
	if s.pause > 0 {
		if err := wait(s.ctx, s.pause); err != nil {
			return 0, err
		}
	} else {
		s.piece = len(s.rest)
	}
	n := copy(p, s.rest[:min(len(s.rest), s.piece)])
	s.rest = s.rest[n:]
	return n, nil
}

// hugeText is a JSON string of n bytes.
func hugeText(n int64) io.Reader {
	return io.MultiReader(bytes.NewReader([]byte{'"'}), io.LimitReader(letters{}, n-2), bytes.NewReader([]byte{'"'}))
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for n := copy(p, "a"); n > 0 && n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
	return len(p), nil
}

// write sends the answer over HTTP. Where the way says so it breaks the connection
// off, by the panic that net/http asks for.
func (r response) write(w http.ResponseWriter, request *http.Request) {
	if (r.way.drop == DropInHeader || r.way.slowHeader > 0) && r.writeRaw(w, request) {
		return
	}
	if r.way.drop == DropInHeader || wait(request.Context(), r.way.slowHeader) != nil {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), r.header)
	if r.way.gzip {
		w.Header().Set("Content-Encoding", "gzip")
	}
	if r.way != (delivery{}) && r.length() >= 0 && request.Method != http.MethodHead {
		w.Header().Set("Content-Length", strconv.FormatInt(r.length(), 10))
	}
	w.WriteHeader(r.status)
	if request.Method == http.MethodHead {
		return
	}
	// A failed write means that the client has gone; there is no one to tell.
	switch {
	case r.way.huge > 0 && r.way.gzip:
		compressed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // fails for other levels only
		_, _ = io.Copy(compressed, hugeText(r.way.huge))
		_ = compressed.Close()
	case r.way.huge > 0:
		_, _ = io.Copy(w, hugeText(r.way.huge))
	case r.way.drop == DropInBody:
		_, _ = w.Write(r.body[:len(r.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case r.way.slowBody > 0:
		r.writeSlowly(w, request)
	default:
		_, _ = w.Write(r.body[:min(len(r.body), int(r.length()))])
	}
}

func (r response) writeSlowly(w http.ResponseWriter, request *http.Request) {
	for rest := r.body; len(rest) > 0; {
		if wait(request.Context(), r.way.slowBody/pieces) != nil {
			return
		}
		n := min(len(rest), piece(r.body))
		_, _ = w.Write(rest[:n])
		_ = http.NewResponseController(w).Flush()
		rest = rest[n:]
	}
}

// writeRaw writes an answer without net/http's help, which sends a header only in
// one piece. HTTP/2 cannot do without: it reports false.
func (r response) writeRaw(w http.ResponseWriter, request *http.Request) bool {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false
	}
	defer connection.Close()
	// net/http does not look any more whether the caller is still there.
	ctx, gone := context.WithCancel(request.Context())
	go func() {
		_, _ = io.Copy(io.Discard, connection)
		gone()
	}()
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\nConnection: close\r\n", r.status,
		http.StatusText(r.status), r.length())
	_ = r.header.Write(&head) // a buffer takes everything
	head.WriteString("\r\n")
	if r.way.drop == DropInHeader {
		_, _ = connection.Write(head.Bytes()[:head.Len()/2])
		return true
	}
	for rest := head.Bytes(); len(rest) > 0; {
		if wait(ctx, r.way.slowHeader/pieces) != nil {
			return true
		}
		n := min(len(rest), piece(head.Bytes()))
		if _, err := connection.Write(rest[:n]); err != nil {
			return true // the caller has gone, and its context has ended
		}
		rest = rest[n:]
	}
	_, _ = connection.Write(r.body)
	return true
}
