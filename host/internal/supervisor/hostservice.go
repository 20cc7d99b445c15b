package supervisor

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/mem"
	protobuf "google.golang.org/protobuf/proto"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Bounds of what one plugin process may send to the host, and have it hold.
const (
	// requestBytes is how much of requests is in memory at once, from the receipt of the
	// first byte to the end of the request.
	requestBytes = 3 * pluginv1.MaxMessageBytes
	// requestPatience is how long a request waits for room before it fails.
	requestPatience = 10 * time.Second
	// answerBytes is how much of large answers waits at once to be taken by the plugin.
	answerBytes = 4 * pluginv1.MaxMessageBytes
	// smallAnswer does not count towards answerBytes.
	smallAnswer = 256 << 10
	// openStreams is how many requests are open at once, with 64 KiB buffered each. More
	// than the gate lets wait for the tenant: it can say that it is busy, gRPC cannot.
	openStreams  = 256
	streamWindow = 64 << 10
	// answerWindow is how much of a plugin's answer is under way at once. It is fixed: gRPC would measure the connection
	// with pings to find how far it may grow.
	answerWindow = 1 << 20
	// streamWorkers is how many goroutines wait for requests, with their stacks grown; any more get one of their own.
	streamWorkers = 2
	// readBuffer is what each connection holds for as long as it stands. TLS reads from the socket by itself, so that a
	// larger one, as is gRPC's default, saves no system call.
	readBuffer = 4 << 10
	// noteBytes is the largest Log or Progress message; larger ones are dropped.
	noteBytes = 256 << 10
	// attributeBytes is how much of a Log message's attributes is kept.
	attributeBytes = 4 << 10
	// progressBytes is how much of a Progress message's note is kept.
	progressBytes = 500
	// A call may report progress progressNotes times in each progressPeriod, which is
	// more than anyone can read. All calls of a process together are not even listened to
	// beyond receivedNotes.
	progressNotes  = 20
	receivedNotes  = 10 * progressNotes
	progressPeriod = 2 * time.Second
)

// hostService serves the host to one plugin process. A plugin can send what it likes,
// as often and as large as it likes: here that is bounded, before it costs memory or
// reaches the log or the client.
type hostService struct {
	host     pluginv1.HostServer
	plugin   string
	patience time.Duration
	requests *semaphore.Weighted
	answers  *semaphore.Weighted
	lines    *logLimit
	buffers  mem.BufferPool
	received *rateLimit   // Progress messages
	refused  atomic.Int64 // requests that failed as busy

	mu    sync.Mutex
	calls map[string]*rateLimit // progress of the calls in progress
}

func newHostService(host pluginv1.HostServer, plugin string, lines *logLimit, buffers mem.BufferPool) *hostService {
	return &hostService{host: host, plugin: plugin, patience: requestPatience,
		requests: semaphore.NewWeighted(requestBytes), answers: semaphore.NewWeighted(answerBytes),
		lines: lines, buffers: buffers, received: &rateLimit{most: receivedNotes, period: progressPeriod},
		calls: map[string]*rateLimit{}}
}

// begin lets a call report progress until the returned function is called.
func (h *hostService) begin(callID string) (end func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[callID] = &rateLimit{most: progressNotes, period: progressPeriod}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.calls, callID)
	}
}

// server makes the gRPC server. Its methods are streams of one message each way, which
// is the same on the wire: gRPC would read the message of a unary method before it asks
// whether there is room for it.
func (h *hostService) server(opts []grpc.ServerOption) *grpc.Server {
	server := grpc.NewServer(append(opts,
		grpc.MaxRecvMsgSize(pluginv1.MaxMessageBytes), grpc.MaxSendMsgSize(pluginv1.MaxMessageBytes),
		grpc.MaxConcurrentStreams(openStreams),
		// Fixed: gRPC would let them grow to 16 MiB for each request.
		grpc.StaticStreamWindowSize(streamWindow), grpc.StaticConnWindowSize(16*streamWindow),
		grpc.NumStreamWorkers(streamWorkers), grpc.ReadBufferSize(readBuffer), experimental.BufferPool(h.buffers),
		grpc.ForceServerCodecV2(boundedCodec{pluginv1.NewCodec(h.buffers)}))...)
	method := func(name string, serve func(grpc.ServerStream) error) grpc.StreamDesc {
		return grpc.StreamDesc{StreamName: name, ServerStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error { return serve(stream) }}
	}
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: pluginv1.Host_ServiceDesc.ServiceName,
		HandlerType: pluginv1.Host_ServiceDesc.HandlerType,
		Streams: []grpc.StreamDesc{
			method("RoundTrip", h.roundTrip), method("WriteFile", h.writeFile), method("ReadFiles", h.readFiles),
			method("Progress", h.progress), method("Log", h.log),
		},
	}, h.host)
	return server
}

// received is a message to be received. One over limit bytes is not decoded.
type received struct {
	message  protobuf.Message
	limit    int
	tooLarge bool
}

// sent is a message to be sent, and what to do once the plugin has taken it, or gRPC has
// given it up: SendMsg returns before either.
type sent struct {
	message protobuf.Message
	done    func()
}

// boundedCodec encodes what is sent and decodes what is received.
type boundedCodec struct{ pluginv1.Codec }

func (c boundedCodec) Marshal(v any) (mem.BufferSlice, error) {
	s, ok := v.(*sent)
	if !ok {
		return c.Codec.Marshal(v)
	}
	data, err := protobuf.Marshal(s.message)
	if err != nil {
		s.done()
		return nil, err
	}
	done := sync.OnceFunc(s.done)
	// gRPC forgets a message whose stream has ended meanwhile, without a word.
	runtime.AddCleanup(&data, func(done func()) { done() }, done)
	return mem.BufferSlice{mem.NewBuffer(&data, donePool(done))}, nil
}

// donePool is a pool of one buffer, called when that is given back.
type donePool func()

func (donePool) Get(length int) *[]byte { data := make([]byte, length); return &data }

func (done donePool) Put(*[]byte) { done() }

func (c boundedCodec) Unmarshal(data mem.BufferSlice, v any) error {
	r, ok := v.(*received)
	if !ok {
		return c.Codec.Unmarshal(data, v)
	}
	if r.tooLarge = data.Len() > r.limit; r.tooLarge {
		return nil
	}
	return c.Codec.Unmarshal(data, r.message)
}

// receive reads the message of a request, once there is room for the largest one. The
// room that it does not need is free again when receive returns; the caller frees the
// rest. room is false if there was none in time.
func (h *hostService) receive(stream grpc.ServerStream, r *received) (free func(), room bool, err error) {
	ctx, cancel := context.WithTimeout(stream.Context(), h.patience)
	defer cancel()
	if h.requests.Acquire(ctx, pluginv1.MaxMessageBytes) != nil {
		return func() {}, false, stream.Context().Err()
	}
	err = stream.RecvMsg(r)
	size := int64(min(protobuf.Size(r.message), pluginv1.MaxMessageBytes))
	h.requests.Release(pluginv1.MaxMessageBytes - size)
	return func() { h.requests.Release(size) }, true, err
}

func (h *hostService) roundTrip(stream grpc.ServerStream) error {
	r := &pluginv1.RoundTripRequest{}
	free, room, err := h.receive(stream, &received{message: r, limit: pluginv1.MaxMessageBytes})
	defer free()
	switch {
	case err != nil:
		return err
	case !room:
		return stream.SendMsg(h.busy("the request was not sent: plugin %s is busy, with %d MiB of requests under way."+
			" Try again when they are done, or send less at a time", h.plugin, requestBytes>>20))
	}
	answer, err := h.host.RoundTrip(stream.Context(), r)
	if err != nil {
		return err
	}
	if size := int64(protobuf.Size(answer)); size > smallAnswer {
		switch {
		case h.answers.TryAcquire(size):
			return stream.SendMsg(&sent{answer, func() { h.answers.Release(size) }})
		case r.GetMethod() == http.MethodGet || r.GetMethod() == http.MethodHead:
			answer = h.busy("the answer to %s %s was dropped: plugin %s is busy, with %d MiB of answers that it has not taken."+
				" Try again, or ask for less at a time", r.GetMethod(), shortened(plain(r.GetPath())), h.plugin, answerBytes>>20)
		}
	}
	return stream.SendMsg(answer)
}

func (h *hostService) writeFile(stream grpc.ServerStream) error {
	r := &pluginv1.WriteFileRequest{}
	free, room, err := h.receive(stream, &received{message: r, limit: pluginv1.MaxMessageBytes})
	defer free()
	switch {
	case err != nil:
		return err
	case !room:
		busy := h.busy("the file was not written: plugin %s is busy, with %d MiB of requests under way. Try again when "+
			"they are done",
			h.plugin, requestBytes>>20)
		failure := &pluginv1.WriteFileResponse_Failure{Failure: busy.GetFailure()}
		return stream.SendMsg(&pluginv1.WriteFileResponse{Outcome: failure})
	}
	answer, err := h.host.WriteFile(stream.Context(), r)
	if err != nil {
		return err
	}
	return stream.SendMsg(answer)
}

// readFiles answers with what the tool may read of a project, which has room like an answer of the tenant.
func (h *hostService) readFiles(stream grpc.ServerStream) error {
	r := &pluginv1.ReadFilesRequest{}
	free, room, err := h.receive(stream, &received{message: r, limit: pluginv1.MaxMessageBytes})
	defer free()
	if err != nil {
		return err
	}
	var answer *pluginv1.ReadFilesResponse
	if room {
		if answer, err = h.host.ReadFiles(stream.Context(), r); err != nil {
			return err
		}
		size := int64(protobuf.Size(answer))
		if size <= smallAnswer {
			return stream.SendMsg(answer)
		}
		if h.answers.TryAcquire(size) {
			return stream.SendMsg(&sent{answer, func() { h.answers.Release(size) }})
		}
	}
	busy := h.busy("no files were read: plugin %s is busy with other requests. Try again when they are done", h.plugin)
	return stream.SendMsg(&pluginv1.ReadFilesResponse{
		Outcome: &pluginv1.ReadFilesResponse_Failure{Failure: busy.GetFailure()}})
}

// busy is the answer to a request for which there is no room.
func (h *hostService) busy(format string, args ...any) *pluginv1.RoundTripResponse {
	h.refused.Add(1)
	if h.lines.admits() {
		h.lines.log.Warn("the plugin has too much under way: a request failed as busy")
	}
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Failure{
		Failure: &pluginv1.Failure{Code: pluginv1.Failure_CODE_TRANSPORT, Message: fmt.Sprintf(format, args...)}}}
}

// A Log or Progress message that is one too many is not even received, and is answered
// like the others: a plugin need not fail because it talks too much.

func (h *hostService) log(stream grpc.ServerStream) error {
	r := &pluginv1.LogRequest{}
	if h.lines.admits() {
		in := &received{message: r, limit: noteBytes}
		free, room, err := h.receive(stream, in)
		defer free()
		switch {
		case err != nil:
			return err
		case !room || in.tooLarge:
			h.lines.drop()
		default:
			r.Message, r.Attributes = cut(r.GetMessage(), logBytes), cutAttributes(r.GetAttributes())
			if _, err := h.host.Log(stream.Context(), r); err != nil {
				return err
			}
		}
	}
	return stream.SendMsg(&pluginv1.LogResponse{})
}

func (h *hostService) progress(stream grpc.ServerStream) error {
	r := &pluginv1.ProgressRequest{}
	if h.received.admits(time.Now()) {
		in := &received{message: r, limit: noteBytes}
		free, room, err := h.receive(stream, in)
		defer free()
		switch {
		case err != nil:
			return err
		case room && !in.tooLarge && h.mayReport(r):
			r.Note = cut(r.GetNote(), progressBytes)
			if _, err := h.host.Progress(stream.Context(), r); err != nil {
				return err
			}
		}
	}
	return stream.SendMsg(&pluginv1.ProgressResponse{})
}

// mayReport reports whether a message is of a call in progress that has not reported
// too much, and has numbers that JSON knows.
func (h *hostService) mayReport(r *pluginv1.ProgressRequest) bool {
	for _, n := range []float64{r.GetDone(), r.GetTotal()} {
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return false
		}
	}
	h.mu.Lock()
	limit := h.calls[r.GetCallId()]
	h.mu.Unlock()
	return limit != nil && limit.admits(time.Now())
}

// cutAttributes keeps pairs of a key and a value up to attributeBytes.
func cutAttributes(attributes []string) []string {
	room := attributeBytes
	var kept []string
	for i := 0; i+1 < len(attributes) && room > 0; i += 2 {
		key, value := cut(attributes[i], room), cut(attributes[i+1], room)
		room -= len(key) + len(value) + 1 // of empty ones there is an end, too
		kept = append(kept, key, value)
	}
	return kept
}

// cut is at most limit bytes of a text. A word at the cut is dropped, because half a
// secret would not be recognized as one.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	text = strings.ToValidUTF8(text[:limit], "")
	if i := strings.LastIndexAny(text, " \t\n"); i > 0 {
		text = text[:i]
	}
	return text + " …"
}

// rateLimit admits a number of events in each period. It is safe for concurrent use.
type rateLimit struct {
	most   int
	period time.Duration

	mu    sync.Mutex
	begun time.Time // of the current period
	count int       // of events in it
}

func (l *rateLimit) admits(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.begun) >= l.period {
		l.begun, l.count = now, 0
	}
	l.count++
	return l.count <= l.most
}
