package fakeplugin

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Verbose is the role of a plugin whose answer to Describe has some megabytes.
const Verbose = "verbose"

// CrowdOfFiles is the method with which a crowd sends files instead of requests.
const CrowdOfFiles = "files"

// HugeBytes is what each message of an abusive plugin has, just below the limit of gRPC.
const HugeBytes = 15 << 20

// abuse sends the host more than anyone needs. known is false for an instruction that is
// not its own.
func (f *fake) abuse(ctx context.Context, in instruction) (out any, known bool, err error) {
	var send func(i int) error
	switch in.Do {
	case "log-huge":
		text := strings.Repeat("x", HugeBytes)
		send = func(int) error { return f.say(ctx, in.Call, text) }
	case "log-huge-attributes":
		text := strings.Repeat("x", HugeBytes)
		send = func(int) error { return f.say(ctx, in.Call, "short", "key", text) }
	case "log-long":
		text := strings.Repeat("words without end, ", 2<<10)
		send = func(int) error { return f.say(ctx, in.Call, text, "key", text, "more", text) }
	case "log-many":
		send = func(i int) error { return f.say(ctx, in.Call, fmt.Sprint("line ", i)) }
	case "progress-huge":
		text := strings.Repeat("x", HugeBytes)
		send = func(i int) error { return f.report(ctx, in.Call, float64(i), text) }
	case "progress-many":
		text := strings.Repeat("words without end, ", 1<<10)
		send = func(i int) error { return f.report(ctx, in.Call, float64(i), text) }
	case "crowd":
		return f.crowd(ctx, in), true, nil
	default:
		return nil, false, nil
	}
	// Several at a time, as a plugin would that means it.
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for worker := range cap(errs) {
		wg.Go(func() {
			for i := worker; i < in.N; i += cap(errs) {
				if err := send(i); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		})
	}
	wg.Wait()
	for range cap(errs) {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return "sent", true, err
}

func (f *fake) say(ctx context.Context, call, text string, attributes ...string) error {
	_, err := f.host.Log(ctx, &pluginv1.LogRequest{CallId: call, Level: pluginv1.LogRequest_LEVEL_WARN, Message: text,
		Attributes: attributes})
	return err
}

func (f *fake) report(ctx context.Context, call string, done float64, note string) error {
	_, err := f.host.Progress(ctx, &pluginv1.ProgressRequest{CallId: call, Done: done, Note: note})
	return err
}

// crowd sends n requests at once, those that write with a huge body, and counts what
// came of them.
func (f *fake) crowd(ctx context.Context, in instruction) map[string]int {
	var body []byte
	if in.Method != http.MethodGet {
		body = bytes.Repeat([]byte("x"), HugeBytes)
	}
	count := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range in.N {
		wg.Go(func() {
			failure, err := f.oneOfCrowd(ctx, in, body)
			result := "answered"
			switch {
			case err != nil:
				result = "broken: " + err.Error()
			case failure != nil:
				result = failure.GetCode().String()
				if strings.Contains(failure.GetMessage(), "busy") {
					result = "busy"
				}
			}
			mu.Lock()
			defer mu.Unlock()
			count[result]++
		})
	}
	wg.Wait()
	return count
}

func (f *fake) oneOfCrowd(ctx context.Context, in instruction, body []byte) (*pluginv1.Failure, error) {
	if in.Method == CrowdOfFiles {
		answer, err := f.host.WriteFile(ctx,
			&pluginv1.WriteFileRequest{CallId: in.Call, Root: FilesRoot, Path: in.Path, Content: body})
		return answer.GetFailure(), err
	}
	answer, err := f.host.RoundTrip(ctx,
		&pluginv1.RoundTripRequest{CallId: in.Call, Method: in.Method, Path: in.Path, Body: body})
	return answer.GetFailure(), err
}
