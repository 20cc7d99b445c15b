package stdio

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
)

// Whatever comes in, only whole JSON-RPC messages go out, and every call whose
// line is sound is answered exactly once, or was cancelled.
func FuzzLines(f *testing.F) {
	for _, s := range []string{
		callLine("1"), `{"jsonrpc":"2.0","id":"a","method":"ping"}`, `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, `{"id":null}`, "\xff", "{", "\ufeff{}",
		callLine("7") + "\n" + cancelLine("7", "why"), `{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}`, strings.Repeat("x", 2000),
	} {
		f.Add([]byte(s))
	}
	const probe = `"probe-of-the-fuzz-test"`
	f.Fuzz(func(t *testing.T, in []byte) {
		if bytes.Contains(in, []byte("probe-of-the-fuzz-test")) {
			return
		}
		var out bytes.Buffer
		input := io.MultiReader(bytes.NewReader(in), strings.NewReader("\n"+callLine(probe)+"\n"))
		err := Serve(t.Context(), Config{In: input, Out: &out, Class: byMethod, MaxLine: 1000, DrainTimeout: 10 * time.Second,
			Handle: func(_ context.Context, r Request) []byte { return result(r, "1") }})
		if err != nil {
			t.Fatal(err)
		}
		answered := 0
		for line := range bytes.Lines(out.Bytes()) {
			var m struct {
				JSONRPC string          `json:"jsonrpc"`
				ID      json.RawMessage `json:"id"`
				Result  json.RawMessage `json:"result"`
				Error   json.RawMessage `json:"error"`
			}
			if err := json.Unmarshal(line, &m); err != nil || m.JSONRPC != "2.0" || (m.Result == nil) == (m.Error == nil) {
				t.Fatalf("not a response: %q", line)
			}
			if string(m.ID) == probe {
				answered++
			}
		}
		if answered != 1 {
			t.Fatalf("the call behind the input was answered %d times:\n%s", answered, out.Bytes())
		}
	})
}

func BenchmarkRoundTrip(b *testing.B) {
	toServer, fromClient := io.Pipe()
	fromServer, toClient := io.Pipe()
	served := make(chan error, 1)
	go func() {
		served <- Serve(b.Context(), Config{In: toServer, Out: toClient, Handle: func(_ context.Context, r Request) []byte { return result(r, "1") }})
	}()
	line, answer := []byte(callLine("1")+"\n"), make([]byte, 4096)
	for b.Loop() {
		if _, err := fromClient.Write(line); err != nil {
			b.Fatal(err)
		}
		if _, err := fromServer.Read(answer); err != nil {
			b.Fatal(err)
		}
	}
	_ = fromClient.Close()
	if err := <-served; err != nil {
		b.Fatal(err)
	}
}
