package stdio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// Whatever comes in, only whole JSON-RPC messages go out, every call whose line is sound is answered exactly once or
// was cancelled, and no handler gets a message that two readers may understand differently.
func FuzzLines(f *testing.F) {
	for _, s := range []string{
		callLine("1"), `{"jsonrpc":"2.0","id":"a","method":"ping"}`, `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`,
		`{"id":null}`, "\xff", "{", "\ufeff{}",
		callLine("7") + "\n" + cancelLine("7", "why"), `{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}`, strings.Repeat("x",
			2000),
		`[` + callLine("1") + `,` + cancelLine("1", "") + `,` + callLine("2") +
			`,3,[],{"jsonrpc":"2.0","id":"server-1","result":1}]`, `[]`, `[[`,
		`{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1,"A":2}}`,
		`{"jsonrpc":"2.0","method":"m","params":{"arguments":{"a":[{"b":1,"\u0062":2}]}}}`,
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
		err := Serve(t.Context(), Config{In: input, Out: &out, Class: byMethod, Batch: accept, MaxLine: 1000,
			DrainTimeout: 10 * time.Second,
			Handle: func(_ context.Context, r Request) []byte {
				dec := json.NewDecoder(bytes.NewReader(r.Message))
				if err := namesOnce(dec, ""); err != nil {
					t.Errorf("%v in a message that was handled: %s", err, r.Message)
				}
				return result(r, "1")
			}})
		if err != nil {
			t.Fatal(err)
		}
		answered := 0
		for line := range bytes.Lines(out.Bytes()) {
			if err := checkLine(line); err != nil {
				t.Fatalf("%v: %q", err, line)
			}
			var m struct{ ID json.RawMessage }
			if line[0] == '{' && json.Unmarshal(line, &m) == nil && string(m.ID) == probe {
				answered++
			}
		}
		if answered != 1 {
			t.Fatalf("the call behind the input was answered %d times:\n%s", answered, out.Bytes())
		}
	})
}

// namesOnce reads a value by encoding/json's tokens and finds names that stand twice in an object, in any case unless
// the object is in params.arguments.
func namesOnce(dec *json.Decoder, at string) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	delim, _ := token.(json.Delim)
	var names []string
	for delim != 0 && dec.More() {
		below := at
		if delim == '{' {
			name, err := dec.Token()
			if err != nil {
				return err
			}
			is := func(other string) bool {
				return other == name || strings.EqualFold(other, name.(string)) && !strings.HasPrefix(at+"/", "/params/arguments/")
			}
			if slices.ContainsFunc(names, is) {
				return fmt.Errorf("%q twice at %q", name, at)
			}
			names = append(names, name.(string))
			below += "/" + strings.ReplaceAll(name.(string), "/", "~")
		}
		if err := namesOnce(dec, below); err != nil {
			return err
		}
	}
	if delim != 0 {
		_, err = dec.Token()
	}
	return err
}

// A line becomes a reply with few allocations, those of the pipes included.
func TestALineAllocatesLittle(t *testing.T) {
	const most = 50
	if n := testing.AllocsPerRun(200, roundTrip(t)); n > most {
		t.Errorf("%v allocations, want at most %d", n, most)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	call := roundTrip(b)
	b.ReportAllocs()
	for b.Loop() {
		call()
	}
}

// roundTrip makes one call of a server that answers at once.
func roundTrip(tb testing.TB) (call func()) {
	tb.Helper()
	toServer, fromClient := io.Pipe()
	fromServer, toClient := io.Pipe()
	served := make(chan error, 1)
	go func() {
		served <- Serve(tb.Context(), Config{In: toServer, Out: toClient, Handle: func(_ context.Context,
			r Request) []byte {
			return result(r, "1")
		}})
	}()
	line, answer := []byte(callLine("1")+"\n"), make([]byte, 4096)
	tb.Cleanup(func() {
		_ = fromClient.Close()
		if err := <-served; err != nil && !errors.Is(err, context.Canceled) {
			tb.Error(err)
		}
	})
	return func() {
		if _, err := fromClient.Write(line); err != nil {
			tb.Fatal(err)
		}
		if _, err := fromServer.Read(answer); err != nil {
			tb.Fatal(err)
		}
	}
}
